"""One person's vault: key slots, an encrypted database, and the storage of pads. Knows tables, not drives.

Never writes plaintext or a key to disk, and never holds a key that signs entries: a copy of it cannot sign.
"""
