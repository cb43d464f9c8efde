"""The drive: a pad of its own that lists a person's pads, with the keys to open them."""
