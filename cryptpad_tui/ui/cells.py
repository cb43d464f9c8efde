"""A row of the screen as cells, the unit in which frames are compared.

Every cell holds what the terminal shows there: one grapheme cluster (or "" for the right half of a wide one)
and its look. Characters that take no cell and control characters never become a cell, so they never leave.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.segment import Segment

from cryptpad_tui.ui.pen import PLAIN, Look, blank_look, look_of

if TYPE_CHECKING:
    import regex

Cell = tuple[str, Look]
Row = list[Cell | None]
"""None is a cell of which nobody knows what the terminal shows there."""

BLANK: Final[Cell] = (" ", PLAIN)

PLAIN_RANGES: Final = (
    (0x20, 0x7E),
    (0xA1, 0xAC),
    (0xAE, 0x24F),
    (0x2010, 0x2015),
    (0x2018, 0x201F),
    (0x2020, 0x2026),
    (0x2500, 0x259F),
    (0x25CB, 0x25CF),
)
"""Characters that are one cell and one cluster each beside each other: what a screen mostly shows."""
_PLAIN: Final = frozenset(chr(code) for first, last in PLAIN_RANGES for code in range(first, last + 1))


class _Patterns(NamedTuple):
    clusters: regex.Pattern[str]
    marks: regex.Pattern[str]
    disputed_alone: regex.Pattern[str]


@cache
def _patterns() -> _Patterns:
    """The package `regex` takes as long to import as half a first frame; most screens never need it."""
    import regex

    return _Patterns(
        regex.compile(r"\X"),
        regex.compile(r"[\p{Mn}\p{Me}--\N{VARIATION SELECTOR-15}\N{VARIATION SELECTOR-16}]+", regex.V1),
        regex.compile(r"[\p{Regional_Indicator}\p{Emoji_Modifier}\p{Mc}\p{Cn}\p{Co}]"),
    )


@lru_cache(4096)
def is_disputed(cluster: str) -> bool:
    """Whether terminals disagree about how many cells a cluster takes.

    Agreed are single characters and letters with plain combining marks; flags, skin tones, joined emoji,
    variation selectors, Hangul in parts and Indic syllables are not.
    """
    if not cluster or cluster in _PLAIN:
        return False
    alone = bool(_patterns().disputed_alone.match(cluster))
    return alone if len(cluster) == 1 else alone or not _patterns().marks.fullmatch(cluster, 1)


@lru_cache(2048)
def _clusters(text: str) -> tuple[tuple[str, int], ...]:
    """The clusters of a text that take cells, with their widths (as Rich lays them out)."""
    found = [(cluster, cell_len(cluster)) for cluster in _patterns().clusters.findall(text)]
    return tuple((cluster, width) for cluster, width in found if width)


def cells_of(segments: Iterable[Segment], colors: ColorSystem) -> list[Cell]:
    """The cells that segments paint."""
    cells: list[Cell] = []
    for text, style, control in segments:
        if control:
            continue
        look = look_of(style, colors)
        if _PLAIN.issuperset(text):
            cells.extend(_plain_cells(text, look))
        else:
            cells.extend(_wide_cells(text, look))
    return cells


def _plain_cells(text: str, look: Look) -> Iterable[Cell]:
    blank = (" ", blank_look(look))
    if text.isspace():
        return [blank] * len(text)
    return [blank if char == " " else (char, look) for char in text]


def _wide_cells(text: str, look: Look) -> Iterator[Cell]:
    for cluster, width in _clusters(text):
        yield (cluster, blank_look(look)) if cluster == " " else (cluster, look)
        for _ in range(width - 1):
            yield ("", look)


def first_disputed(row: Row) -> int:
    """The column of the first cluster that terminals disagree about, or the row's length."""
    for column, cell in enumerate(row):
        if cell is not None and not cell[0].isascii() and is_disputed(cell[0]):
            return column
    return len(row)
