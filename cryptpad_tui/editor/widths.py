"""How many terminal cells a character takes: 0, 1 or 2, as Textual counts them.

The compositor measures rows with its own table, so ours must be equal to it: a test compares them.
It must never be asked about control characters: those reach no row as they are.
"""

from __future__ import annotations

from bisect import bisect_right

from cryptpad_tui.editor.width_table import EMOJI, WIDE, ZERO


def _unpack(packed: str) -> tuple[list[int], list[int]]:
    """The first and the last code point of each range."""
    firsts: list[int] = []
    lasts: list[int] = []
    at = 0
    for word in packed.split():
        gap, _, extra = word.partition("+")
        at += int(gap, 16)
        firsts.append(at)
        at += int(extra or "0", 16)
        lasts.append(at)
    return firsts, lasts


_ZERO = _unpack(ZERO)
_WIDE = _unpack(WIDE)
EMOJI_ON_SELECTOR = frozenset(map(chr, _unpack(EMOJI)[0]))
"""One-cell characters that take two cells before U+FE0F."""


def _within(ranges: tuple[list[int], list[int]], point: int) -> bool:
    i = bisect_right(ranges[0], point) - 1
    return i >= 0 and point <= ranges[1][i]


def char_cells(char: str) -> int:
    """The cells of one character that stands alone."""
    point = ord(char)
    if point < 0x300:
        return 1
    if _within(_ZERO, point):
        return 0
    return 2 if _within(_WIDE, point) else 1
