"""How a row of the drive looks. What comes from pads becomes safe for a terminal here."""

from __future__ import annotations

from typing import Final

from cryptpad_tui.ui import words
from cryptpad_tui.ui.drive.rows import FolderRow, PadRow, Row, Sort
from cryptpad_tui.ui.widgets.parts import Part
from cryptpad_tui.ui.widgets.row_list import Painting

_COLUMNS_FROM: Final = 60
_INDENT: Final = "  "
_DEEPEST: Final = 12
"""Folders below look as deep as this one: the titles must stay on the screen."""
_KIB: Final = 1024


def painted(row: Row, width: int, *, marked: bool, now_ms: int, sort: Sort) -> Painting:
    """The left and the right side of a row."""
    left: list[Part] = [(_INDENT * min(row.depth, _DEEPEST), "")]
    if isinstance(row, FolderRow):
        left.append(("✓ " if marked else "▾ " if row.is_open else "▸ ", "strong"))
        left.append((words.safe_title(row.folder.name), "strong"))
        left += [(" (shared)", "muted")] if row.folder.shared else []
        left += _where(row.where)
        return left, _folder_columns(row, width, now_ms)
    left.append(("✓ " if marked else "  ", "strong"))
    left.append((words.safe_title(row.pad.title), ""))
    left += [(" ● news", "warning")] if row.pad.has_news else []
    left += [(f" #{words.safe_title(tag)}", "good") for tag in row.pad.tags]
    left += _where(row.where)
    return left, _pad_columns(row, width, now_ms, sort)


def _where(path: str) -> list[Part]:
    return [(f"  in {words.safe_title(path)}", "muted")] if path else []


def _folder_columns(row: FolderRow, width: int, now_ms: int) -> list[Part]:
    if row.folder.trashed_ms:
        return [(f"{words.age(row.folder.trashed_ms, now_ms):<11}{'':<11}", "muted")]
    count = "1 pad" if row.pads == 1 else f"{row.pads} pads"
    pad = f"{count:<12}{'':<22}" if width >= _COLUMNS_FROM else count
    return [(pad, "muted")]


def _pad_columns(row: PadRow, width: int, now_ms: int, sort: Sort) -> list[Part]:
    pad = row.pad
    sync = words.sync_word(pad)
    role = "alarm" if sync == "ALARM" else "warning" if str(pad.sync) == "waiting" else "muted"
    if width < _COLUMNS_FROM:
        return [(f" {sync}", role)]
    what = size_word(pad.size_bytes) if sort is Sort.SIZE else _kind(row)
    when = words.age(pad.trashed_ms or pad.changed_ms, now_ms)
    return [(f"{what:<12}", "muted"), (f"{when:<11}", "muted"), (f"{sync:<11}", role)]


def _kind(row: PadRow) -> str:
    return "template" if row.pad.template else words.kind_word(row.pad)


def size_word(size_bytes: int) -> str:
    """A size in few characters."""
    size = float(size_bytes)
    for unit in ("B", "KiB", "MiB"):
        if size < _KIB:
            return f"{size:.0f} {unit}"
        size /= _KIB
    return f"{size:.1f} GiB"
