"""Where the relay keeps pads: an interface, a store in memory for simulation, and SQLite."""
