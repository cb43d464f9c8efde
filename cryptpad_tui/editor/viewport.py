"""What part of the document is on the screen, anchored at the text of its top row.

The anchor is a position, so edits by others move it with the text and the reader's rows stay still.
Every operation walks at most a screenful of rows.

It must never move because someone else typed, and never walk the rows between two distant places.
"""

from __future__ import annotations

from typing import NamedTuple

from cryptpad_tui.crdt.values import Change, Origin, Position, map_position
from cryptpad_tui.editor.layout import Layout, Row
from cryptpad_tui.editor.screen_rows import ends_line, moved, row_showing, screenful


class Viewport(NamedTuple):
    """`top` is where the first visible row starts; `height` is in rows."""

    top: Position
    height: int


def from_start(height: int) -> Viewport:
    """The view of the start of a text, with the rule of a table that begins there."""
    return Viewport(Position(0, -1), max(1, height))


def top_row(view: Viewport, layout: Layout) -> Row:
    return row_showing(layout, _clamped(layout, view.top))


def _clamped(layout: Layout, top: Position) -> Position:
    """A place of the text, or the rule above a line."""
    place = layout.lines.clamp(top)
    return place if top.col >= 0 else Position(place.line, top.col)


def _at(view: Viewport, row: Row) -> Viewport:
    return Viewport(Position(row.line, row.start), view.height)


def at_top(view: Viewport, layout: Layout, position: Position) -> Viewport:
    """The view with the row of a position on top."""
    return _at(view, row_showing(layout, _clamped(layout, position)))


def visible_rows(view: Viewport, layout: Layout) -> list[Row]:
    """The rows on the screen; fewer than the height at the end of the document."""
    return [row for row, _ in screenful(layout, top_row(view, layout), view.height)]


def filled(view: Viewport, layout: Layout) -> Viewport:
    """The view further up, if the text ends before the screen does."""
    rows = visible_rows(view, layout)
    return _at(view, moved(layout, rows[0], len(rows) - view.height)[0])


def scrolled(view: Viewport, layout: Layout, rows: int) -> Viewport:
    """The view moved down by `rows`; the last row of the document can reach the middle, not the top."""
    row, _ = moved(layout, top_row(view, layout), rows)
    if rows > 0:
        row = _not_past_end(view, layout, row)
        if (row.line, row.start) < view.top:
            return view
    return _at(view, row)


def _not_past_end(view: Viewport, layout: Layout, top: Row) -> Row:
    half = view.height // 2
    return moved(layout, top, moved(layout, top, half)[1] - half)[0]


def revealing(view: Viewport, layout: Layout, position: Position, margin: int) -> Viewport:
    """The view moved as little as it must so that `position` shows, with `margin` rows around it.

    A place more than a screen away comes to the middle.
    """
    margin = min(margin, (view.height - 1) // 2)
    target = row_showing(layout, position)
    rows = visible_rows(view, layout)
    if target in rows:
        y = rows.index(target)
        if y < margin:
            return _at(view, moved(layout, rows[0], y - margin)[0])
        over = y - (view.height - 1 - margin)
        if over <= 0:
            return _at(view, rows[0])
        behind = moved(layout, target, margin)[1]
        return _at(view, moved(layout, rows[0], max(0, over - (margin - behind)))[0])
    if _is_near(view, layout, target, rows):
        if target < rows[0]:
            return _at(view, moved(layout, target, -margin)[0])
        behind = moved(layout, target, margin)[1]
        return _at(view, moved(layout, target, behind + 1 - view.height)[0])
    return filled(centred(view, layout, position), layout)


def _is_near(view: Viewport, layout: Layout, target: Row, rows: list[Row]) -> bool:
    step = -1 if target < rows[0] else 1
    row = rows[0] if step < 0 else rows[-1]
    for _ in range(view.height):
        row, went = moved(layout, row, step)
        if row == target or not went:
            return row == target
    return False


def centred(view: Viewport, layout: Layout, position: Position) -> Viewport:
    return _at(view, moved(layout, row_showing(layout, position), -(view.height // 2))[0])


def mapped(view: Viewport, layout: Layout, change: Change) -> Viewport:
    """The same text on top after a change.

    What others insert exactly before the top row stays above it, but the start of the document shows
    what comes there.
    """
    top = view.top
    push = change.origin is Origin.REMOTE and top > (0, 0)
    for edit in change.edits:
        top = map_position(top, edit, push=push)
    return at_top(view, layout, top)


def extent(view: Viewport, layout: Layout, last: Row) -> tuple[float, float]:
    """Where the view stands and how much it shows, from 0 to 1: an estimate that counts lines, not rows."""
    total = len(layout.lines)
    first_at = _place(layout, view.top)
    behind = ends_line(layout, last)
    last_at = _place(layout, Position(last.line, last.end)) if behind is None else behind
    return first_at / total, max(0.0, last_at - first_at) / total


def _place(layout: Layout, position: Position) -> float:
    length = len(layout.lines[position.line])
    col = max(0, position.col)
    return position.line + (col / length if length else 1.0 if col else 0.0)


def at_fraction(view: Viewport, layout: Layout, fraction: float) -> Viewport:
    """The view whose top is that far into the document."""
    lines = layout.lines
    place = max(0.0, min(fraction, 1.0)) * len(lines)
    line = min(int(place), len(lines) - 1)
    col = int((place - line) * len(lines[line]))
    return _at(view, _not_past_end(view, layout, row_showing(layout, Position(line, col))))
