"""Alt with a letter, known to Textual's parser as a whole.

Textual waits for a timeout to tell what such a key was, and types `^B` where another sequence follows at
once, as from somebody quick. It must leave alone what begins longer sequences.
"""

from __future__ import annotations

import string
from typing import Any, NamedTuple

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS


class _Key(NamedTuple):
    """Shaped as the members of Textual's `Keys`."""

    value: str


_KEYS: Any = ANSI_SEQUENCES_KEYS
_BEGIN_OTHERS = frozenset("OP")


def know_alt_keys() -> None:
    """Tell the parser; safe to repeat."""
    for character in string.ascii_letters:
        if character in _BEGIN_OTHERS:
            continue
        name = f"alt+shift+{character.lower()}" if character.isupper() else f"alt+{character}"
        _KEYS.setdefault(f"\x1b{character}", (_Key(name),))
