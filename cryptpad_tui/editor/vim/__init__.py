"""The vim map: keys in, steps of the pure editor out. It must never reach a screen, a file or a clock."""
