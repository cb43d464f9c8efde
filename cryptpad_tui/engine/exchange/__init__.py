"""Files of a machine as pads and pads as files, for the command line and the screen alike."""
