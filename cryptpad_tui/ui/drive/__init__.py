"""The parts of the drive's screen: what it shows, how a row looks, and what can be done with rows."""
