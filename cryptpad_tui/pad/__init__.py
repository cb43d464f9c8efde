"""The client's side of one pad, sans-IO: fold the log, check everything, seal one's own entries.

Nothing here opens a socket or a file. Storage is `ports.PadStore`; clock and randomness are parameters.
"""
