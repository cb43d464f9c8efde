"""Short runs of text with a role, and how a row of them fits a width.

It makes nothing safe: foreign text must be safe before it comes here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

Part = tuple[str, str]
"""A text and its role: "" plain, a role such as "muted", or a colour "#rrggbb"."""

ROLES = ("muted", "strong", "key", "good", "warning", "alarm")


def cells(parts: Iterable[Part]) -> int:
    """The width of parts."""
    return sum(cell_len(text) for text, _ in parts)


def fitted(left: Sequence[Part], right: Sequence[Part], width: int) -> list[Part]:
    """Both sides in one row of `width`: the right side goes first when there is no room for both."""
    room = width - cells(right) - 1 if right else width
    if right and room < min(cells(left), max(12, width // 3)):
        room, right = width, ()
    kept = _cut(left, room)
    gap = width - cells(kept) - cells(right)
    return [*kept, (" " * gap, ""), *right]


def _cut(parts: Sequence[Part], room: int) -> list[Part]:
    if cells(parts) <= room:
        return list(parts)
    kept: list[Part] = []
    room = max(0, room - 1)
    for text, role in parts:
        size = cell_len(text)
        if size > room:
            kept.append((set_cell_size(text, room), role))
            break
        kept.append((text, role))
        room -= size
    return [*kept, ("…", "")] if room >= 0 else kept


def segments(parts: Iterable[Part], base: Style, style_of: Callable[[str], Style]) -> list[Segment]:
    """What a strip is made of."""
    found = []
    for text, role in parts:
        if not text:
            continue
        if role.startswith("#"):
            style = base + Style(color=role, bold=True)
        else:
            style = base + style_of(role) if role else base
        found.append(Segment(text, style))
    return found
