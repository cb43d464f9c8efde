"""Words, characters and the time that reading takes, counted line by line so that it can be done in slices.

A word is a run of letters and digits; of scripts that have no spaces each character is one. It must never be
done for a key press.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import regex

_WORDS: Final = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}]"
    r"|(?:(?![\p{Han}\p{Hiragana}\p{Katakana}])[\p{L}\p{N}\p{M}])"
    r"(?:(?![\p{Han}\p{Hiragana}\p{Katakana}])[\p{L}\p{N}\p{M}]|['’_-](?=[\p{L}\p{N}]))*"
)
WORDS_A_MINUTE: Final = 220


@dataclass(frozen=True, slots=True)
class Count:
    """What was counted so far; characters include line ends."""

    words: int = 0
    chars: int = 0

    @property
    def minutes(self) -> int:
        """Reading time, rounded up."""
        return -(-self.words // WORDS_A_MINUTE)

    def with_lines(self, lines: Iterable[str]) -> Count:
        """With more lines, each of which ends."""
        words, chars = self.words, self.chars
        for line in lines:
            words += sum(1 for _ in _WORDS.finditer(line))
            chars += len(line) + 1
        return Count(words, chars)


def count_text(text: str) -> Count:
    """A whole text at once; for a selection."""
    counted = Count().with_lines(text.split("\n"))
    return Count(counted.words, counted.chars - 1)
