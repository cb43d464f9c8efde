"""The half of PAD1 that needs no key: bytes in, values out. Shared by the relay and every client.

Nothing here reads a clock, a socket or a file, and nothing here can decrypt.
"""
