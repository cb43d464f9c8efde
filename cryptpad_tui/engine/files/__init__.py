"""Files beside pads: kept here sealed, sent in pieces when a relay is there, read back in pieces."""
