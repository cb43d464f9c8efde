"""Shared folders at work: who holds what is in them, how drive and folder agree, changes of keys."""
