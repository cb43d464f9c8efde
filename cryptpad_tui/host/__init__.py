"""What the program asks of the machine: private files, process limits, places, clocks, a relay of its own."""
