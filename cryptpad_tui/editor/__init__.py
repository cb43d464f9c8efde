"""The editor without a screen: layout, highlighting, selections, commands. No Textual, no I/O."""
