"""Aligning the columns of a GitHub table in markdown: blanks and dashes change, the words never do.

Wide characters count two cells. What others write in a cell meanwhile stays, since only the blanks around the
words are edited. It must never read more than a bounded number of lines around the caret.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import regex

from cryptpad_tui.crdt.values import Position, TextEdit
from cryptpad_tui.editor.effects import Notice
from cryptpad_tui.editor.layout import Lines, text_cells
from cryptpad_tui.editor.markdown_blocks import is_delimiter_row
from cryptpad_tui.editor.state import EditorState, Step

_MAX_ROWS: Final = 2_000
_MAX_LINE: Final = 10_000
_LEAD: Final = regex.compile(r"(?:[ \t]*>[ \t]?)*[ \t]*")
_BAR: Final = regex.compile(r"(?<!\\)(?:\\\\)*\K\|")
_LEAST: Final = 3
"""Dashes under a column."""


class _Cell(NamedTuple):
    """The columns of a cell between its bars, and of the words inside."""

    start: int
    end: int
    words_start: int
    words_end: int


def align_table(state: EditorState, argument: str) -> Step:
    """Make the columns of the table around the caret as wide as their widest cell."""
    found = None if state.marks is not None else _around(state.lines, state.head.line)
    if found is None:
        return Step(reveal=False, effects=(Notice("There is no table here."),))
    first, texts = found
    tab = state.layout.tab_width
    rows = [_cells(text) for text in texts]
    columns = max(map(len, rows))
    widths = [_LEAST] * columns
    for at, (text, cells) in enumerate(zip(texts, rows, strict=True)):
        for column, cell in enumerate(cells):
            if at != 1:
                words = text[cell.words_start : cell.words_end]
                widths[column] = max(widths[column], text_cells(words, tab))
    signs = [_sign(texts[1], cell) for cell in rows[1]] + [""] * (columns - len(rows[1]))
    edits: list[TextEdit] = []
    for at, (text, cells) in enumerate(zip(texts, rows, strict=True)):
        for column, cell in enumerate(cells):
            width, sign = widths[column], signs[column]
            edits += (
                _dashed(first + at, text, cell, width, sign)
                if at == 1
                else _padded(first + at, text, cell, width - text_cells(_words(text, cell), tab), sign)
            )
    if not edits:
        return Step(reveal=False, effects=(Notice("The columns are aligned already."),))
    return Step(tuple(edits))


def _words(text: str, cell: _Cell) -> str:
    return text[cell.words_start : cell.words_end]


def _around(lines: Lines, line: int) -> tuple[int, list[str]] | None:
    """The first line of the table around a line, and its texts."""
    first = line
    while first > 0 and line - first < _MAX_ROWS and _is_row(lines[first - 1]):
        first -= 1
    texts: list[str] = []
    for text in lines.lines(first, first + 2 * _MAX_ROWS):
        if not _is_row(text):
            break
        texts.append(text)
    if line >= first + len(texts):
        return None
    # Lines with bars above the header are none of the table's.
    for at in range(min(len(texts) - 1, line - first + 1), 0, -1):
        if is_delimiter_row(texts[at]):
            return first + at - 1, texts[at - 1 :]
    return None


def _is_row(text: str) -> bool:
    return "|" in text and len(text) <= _MAX_LINE


def _cells(text: str) -> list[_Cell]:
    """The cells of a row, whether or not bars stand at its ends."""
    lead = _LEAD.match(text)
    start = int(lead.end()) if lead else 0
    bars = [int(match.start()) for match in _BAR.finditer(text, start)]
    if bars and bars[0] == start:
        bars = bars[1:]
        start += 1
    if not bars or text[bars[-1] + 1 :].strip():
        bars = [*bars, len(text)]
    cells: list[_Cell] = []
    for bar in bars:
        inside = text[start:bar]
        words = inside.strip()
        at = start + (len(inside) - len(inside.lstrip()) if words else min(1, len(inside)))
        cells.append(_Cell(start, bar, at, at + len(words)))
        start = bar + 1
    return cells


def _sign(text: str, cell: _Cell) -> str:
    """How a column is aligned: `:` at the left, at the right, at both ends or at none."""
    words = _words(text, cell)
    return (":" if words[:1] == ":" else "") + ("-" if words.endswith(":") and len(words) > 1 else "")


def _dashed(line: int, text: str, cell: _Cell, width: int, sign: str) -> Sequence[TextEdit]:
    left, right = sign.startswith(":"), sign.endswith("-")
    made = (":" if left else "") + "-" * (width - left - right) + (":" if right else "")
    return _replaced(line, text, cell.start, cell.end, _space(text, cell, made))


def _space(text: str, cell: _Cell, words: str) -> str:
    """A blank on each side; none before a row's first words where no bar stands there."""
    before = " " if cell.start and text[cell.start - 1] == "|" else ""
    after = " " if cell.end < len(text) else ""
    return f"{before}{words}{after}"


def _padded(line: int, text: str, cell: _Cell, free: int, sign: str) -> Sequence[TextEdit]:
    left = free if sign == "-" else free // 2 if sign == ":-" else 0
    around = _space(text, cell, "\0").split("\0")
    before, after = around[0] + " " * left, " " * (free - left) + around[1]
    if cell.end == len(text):
        after = ""
    return [
        *_replaced(line, text, cell.start, cell.words_start, before),
        *_replaced(line, text, cell.words_end, cell.end, after),
    ]


def _replaced(line: int, text: str, start: int, end: int, made: str) -> Sequence[TextEdit]:
    if text[start:end] == made:
        return []
    return [TextEdit(Position(line, start), Position(line, end), made)]
