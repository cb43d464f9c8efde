"""Columns that line up in terminal cells. Every cell that came from a pad passes term_safe here."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Sequence

from cryptpad_relay.protocol.term_safe import term_safe_name
from cryptpad_tui.cli import output

_GAP = "  "


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, flexible: int) -> list[str]:
    """The lines; on a terminal the `flexible` column gives way so that a row stays one row."""
    if not rows:
        return []
    cells = [[term_safe_name(cell) for cell in row] for row in (header, *rows)]
    widths = [max(cell_width(row[column]) for row in cells) for column in range(len(header))]
    if output.is_terminal():
        spare = shutil.get_terminal_size().columns - sum(widths) - len(_GAP) * (len(widths) - 1)
        widths[flexible] = max(8, widths[flexible] + min(0, spare))
    return [
        _GAP.join(_fit(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def cell_width(text: str) -> int:
    """How many cells a terminal gives to `text`; near enough for columns."""
    return sum(_char_cells(char) for char in text)


def _char_cells(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _fit(text: str, width: int) -> str:
    kept, used = "", 0
    if cell_width(text) <= width:
        return text + " " * (width - cell_width(text))
    for char in text:
        if used + _char_cells(char) > width - 1:
            break
        kept, used = kept + char, used + _char_cells(char)
    return kept + "…" + " " * (width - 1 - used)
