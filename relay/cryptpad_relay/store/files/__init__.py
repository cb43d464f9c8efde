"""Files beside a pad's log: which chunks belong to one, what is whole, what is to be erased."""
