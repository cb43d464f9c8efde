"""Phrases that this program draws: words of a list of 7,772, each drawn evenly, 12.9 bits a word.

The list in phrase_words.txt is the Electronic Frontier Foundation's long word list (Joseph Bonneau, 2016,
Creative Commons BY 3.0 US), without the four words that have a hyphen. A phrase is a secret: it is shown
once, and no error repeats it. Its order in the file is part of nothing.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Final

from cryptpad_tui.crypto.sealing import RandomBytes
from cryptpad_tui.people.login_errors import WeakPhrase

MIN_WORDS: Final = 6
"""77 bits: more than anybody guesses at half a gigabyte and a second each."""
MAX_WORDS: Final = 16
_MAX_TEXT: Final = 512
_GAP: Final = re.compile(r"[\s,.\-_]+")


@cache
def words() -> tuple[str, ...]:
    return tuple(files(__package__).joinpath("phrase_words.txt").read_text("ascii").split())


def draw_phrase(rng: RandomBytes, count: int = MIN_WORDS) -> str:
    """So many words, with spaces between them."""
    if not MIN_WORDS <= count <= MAX_WORDS:
        raise WeakPhrase
    return " ".join([words()[_below(len(words()), rng)] for _ in range(count)])


def read_phrase(text: str) -> str:
    """A drawn phrase as it was drawn, however it was typed; raises WeakPhrase for anything weaker."""
    parts = [part for part in _GAP.split(text[: _MAX_TEXT + 1].lower()) if part]
    known = set(words())
    if len(text) > _MAX_TEXT or not MIN_WORDS <= len(parts) <= MAX_WORDS or not known.issuperset(parts):
        raise WeakPhrase
    return " ".join(parts)


def _below(limit: int, rng: RandomBytes) -> int:
    """Evenly: what would favour the first words is drawn again."""
    most = 2**32 - 2**32 % limit
    while (number := int.from_bytes(rng(4))) >= most:
        pass
    return number % limit
