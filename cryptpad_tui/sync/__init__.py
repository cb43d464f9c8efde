"""Thin shells around sockets: a connection to a relay, when to try again, and one pad's life on a connection.

What a reply means is decided in `pad.flows`; nothing here checks or decrypts.
"""
