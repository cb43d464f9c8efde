"""Keys, sealing, padding and links. Pure: bytes in, bytes out; randomness is a parameter.

Nothing here prints, logs or stores a key, and no key has a readable `repr`.
"""
