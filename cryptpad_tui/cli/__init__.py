"""The door for scripts: verbs that read standard input, print data, and end with a code that means something.

Nothing here knows a screen, and nothing is imported before a verb needs it.
"""
