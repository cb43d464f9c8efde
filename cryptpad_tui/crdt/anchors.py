"""Anchors: places that keep their meaning while others edit (protocol §12).

The engine's own sticky index adds UTF-8 bytes to a clock that counts UTF-16 units, so past the first
non-ASCII character of an item it names the wrong character, or one that does not exist. Here the
engine is asked only for the item; the units inside the item are counted from our text.

Remote anchors are three integers. They must never reach the engine's decoder: the index is built
from checked integers, and a clock that this document does not hold is answered with None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pycrdt import Assoc, Doc, StickyIndex, Text, Transaction

from cryptpad_tui.crdt.errors import DocumentError, engine_call
from cryptpad_tui.crdt.line_index import LineIndex, NotABoundary
from cryptpad_tui.crdt.values import Anchor, ByteOffset, Position

MAX_CLIENT = (1 << 53) - 1
MAX_CLOCK = (1 << 31) - 1


def make_anchor(doc: Doc[Any], text: Text, lines: LineIndex, p: Position, assoc: int) -> Anchor:
    """Name the character beside `p`; the ends of the text, which have none, are (0, 0)."""
    side = 0 if assoc >= 0 else -1
    if p == (lines.end if side == 0 else Position(0, 0)):
        return Anchor(0, 0, side)
    target, units_on = lines.byte_of(p), 0
    if side < 0:
        # The last unit of the character before.
        before = lines.position_at(lines.offset_of(p) - 1)
        units_on = _utf16_units(lines.text(before, p)) - 1
        target = lines.byte_of(before)
    with engine_call(), doc.transaction():
        client, raw = _engine_id(text, target)
        back = 0
        if lines.byte_count != lines.char_count:

            def in_the_same_item(n: int) -> bool:
                return _engine_id(text, target - n) == (client, raw - n)

            back = _gallop(in_the_same_item, target)
    inside = lines.text(_place_at(lines, target - back), lines.position_of(target))
    return Anchor(client, raw - back + _utf16_units(inside) + units_on, side)


def locate_anchor(
    doc: Doc[Any], lines: LineIndex, clocks: Mapping[int, int], anchor: Anchor
) -> Position | None:
    """Where the anchored character is; None where it is unknown or hostile."""
    client, clock, assoc = anchor.client, anchor.clock, anchor.assoc
    if any(type(n) is not int for n in (client, clock, assoc)):
        return None
    if client == 0 and clock == 0:
        return lines.end if assoc >= 0 else Position(0, 0)
    if not (0 <= client <= MAX_CLIENT and 0 <= clock <= MAX_CLOCK and clock < clocks.get(client, 0)):
        return None
    try:
        with engine_call(), doc.transaction() as txn:
            here = _engine_offset(txn, client, clock, 0)
            if _engine_offset(txn, client, clock, -1) == here:
                # Deleted: only the place is left.
                return lines.position_of(ByteOffset(here))
            back = 0
            if lines.byte_count != lines.char_count:

                def in_the_same_item(n: int) -> bool:
                    return _engine_offset(txn, client, clock - n, 0) == here - n

                back = _gallop(in_the_same_item, min(clock, here))
        return _after_units(lines, lines.position_of(ByteOffset(here - back)), back + (assoc < 0))
    except (DocumentError, NotABoundary, IndexError):
        return None


def _engine_id(text: Text, target: int) -> tuple[int, int]:
    item = StickyIndex.new(text, target, Assoc.AFTER).to_json()["item"]
    return item["client"], item["clock"]


def _engine_offset(txn: Transaction, client: int, clock: int, assoc: int) -> int:
    index = StickyIndex.from_json({"item": {"client": client, "clock": clock}, "assoc": assoc})
    return index.get_index(txn)


def _gallop(holds: Callable[[int], bool], limit: int) -> int:
    """The largest n up to `limit` for which `holds` from 0 on, in a logarithmic number of questions."""
    good, step = 0, 1
    while good + step <= limit and holds(good + step):
        good, step = good + step, step * 2
    bad = min(limit + 1, good + step)
    while bad - good > 1:
        middle = (good + bad) // 2
        if holds(middle):
            good = middle
        else:
            bad = middle
    return good


def _utf16_units(text: str) -> int:
    return len(text) if text.isascii() else len(text) + sum(ch > "\uffff" for ch in text)


def _place_at(lines: LineIndex, target: int) -> Position:
    """The position at a byte offset, or before the character that it cuts."""
    for back in range(4):
        try:
            return lines.position_of(ByteOffset(target - back))
        except NotABoundary:
            continue
    raise NotABoundary("the byte offset is inside a character")


def _after_units(lines: LineIndex, place: Position, units: int) -> Position:
    """The position `units` UTF-16 units after `place`; half a character counts as none."""
    line, col = place
    while True:
        text = lines[line]
        for ch in text[col:]:
            units -= 2 if ch > "\uffff" else 1
            if units < 0:
                return Position(line, col)
            col += 1
        if units == 0:
            return Position(line, col)
        units -= 1
        line, col = line + 1, 0
