"""A relay for encrypted pads that holds only ciphertext, and the half of the protocol that needs no key."""
