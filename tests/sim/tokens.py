"""What was typed: every edit types characters that nobody else ever types, so that each can be counted.

A character whose fate somebody's deletion or undo touched is free: it may be there or not, once a place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

FIRST: Final = 0x4E00
LAST: Final = 0x9FFF


class Tokens:
    """All characters typed in a run, and what is known of each."""

    def __init__(self) -> None:
        self._next = FIRST
        self.copies: dict[str, int] = {}
        """How often a character was typed, all in one edit."""
        self.durable: set[str] = set()
        """Promised: the journal had its time."""
        self.free: set[str] = set()
        self.doubtful: set[str] = set()
        """On a disk that went back to a backup: may be lost, must not be doubled."""
        self.repeatable: set[str] = set()
        """Waiting to be sent in a backup that came back: may be there again, must not be lost."""

    def make(self, copies: int) -> str:
        """A text to type."""
        token = chr(self._next)
        self._next = self._next + 1 if self._next < LAST else FIRST
        self.copies[token] = copies
        return token * copies

    def touched(self, text: Iterable[str]) -> None:
        """Somebody deleted these, or brought them back."""
        self.free.update(character for character in text if character in self.copies)

    def changed(self, before: str, after: str) -> None:
        """An undo or redo made one text of the other."""
        old, new = Counter(before), Counter(after)
        self.touched(character for character in old | new if old[character] != new[character])

    def faults(self, text: str) -> list[str]:
        """What is lost or doubled in the text that everybody came to."""
        found, faults = Counter(text), []
        for token, copies in self.copies.items():
            if token in self.free:
                continue
            count = found[token]
            if count > copies and token not in self.repeatable:
                faults.append(f"typed once, there {count / copies:g} times: U+{ord(token):X}")
            elif count < copies and token in self.durable and token not in self.doubtful:
                faults.append(f"lost {copies - count} of {copies}: U+{ord(token):X}")
        return faults
