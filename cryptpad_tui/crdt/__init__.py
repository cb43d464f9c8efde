"""Documents: the CRDT, its validator, the text that the editor shows. Pure; foreign bytes stop here."""
