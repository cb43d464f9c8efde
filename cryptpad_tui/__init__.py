"""A terminal app for encrypted, collaborative pads."""
