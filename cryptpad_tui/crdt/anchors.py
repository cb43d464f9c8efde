"""Anchors: places that keep their meaning while others edit (protocol §12).

The engine's own sticky index adds UTF-8 bytes to a clock that counts UTF-16 units: right in an ASCII
text, and past the first other character the name of a wrong character, or of one that does not exist.
So the engine is asked only where the two counts are equal, and our own item list everywhere else; but of a
long rich text that list takes seconds to make. There a place that need not be exact, such as a cursor that is
told to others, is the engine's: its own inverse finds it again while that count is inside the item.

Remote anchors are three integers. They must never reach the engine's decoder: the index is built
from checked integers, and a clock that this document does not hold is answered with None.
"""

from __future__ import annotations

from collections.abc import Mapping

from pycrdt import Assoc, StickyIndex, Transaction

from cryptpad_tui.crdt.engine_doc import EngineDocument
from cryptpad_tui.crdt.errors import DocumentError, engine_call
from cryptpad_tui.crdt.item_chain import first_units
from cryptpad_tui.crdt.items import ItemList
from cryptpad_tui.crdt.line_index import LineIndex, NotABoundary, utf8_size
from cryptpad_tui.crdt.reader import MAX_CLIENT, MAX_CLOCK
from cryptpad_tui.crdt.values import Anchor, ByteOffset, Position


def make_anchor(engine: EngineDocument, lines: LineIndex, p: Position, assoc: int, *, exact: bool) -> Anchor:
    """Name the character beside `p`; the ends of the text, which have none, are (0, 0)."""
    side = 0 if assoc >= 0 else -1
    if p == (lines.end if side == 0 else Position(0, 0)):
        return Anchor(0, 0, side)
    target = lines.byte_of(p)
    units_on = 0
    if side < 0:
        # The last unit of the character before.
        before = lines.position_at(lines.offset_of(p) - 1)
        units_on = _utf16_units(lines.text(before, p)) - 1
        target = lines.byte_of(before)
    items = _items(engine, lines, exact=exact)
    if items is None:
        with engine_call(), engine.doc.transaction():
            item = StickyIndex.new(engine.text, target, Assoc.AFTER).to_json()["item"]
        return Anchor(item["client"], item["clock"] + units_on, side)
    found, inside_bytes = items.at_byte(target)
    inside = _utf16_units(found.text.encode()[:inside_bytes].decode())
    return Anchor(found.client, found.clock + inside + units_on, side)


def locate_anchor(
    engine: EngineDocument, lines: LineIndex, clocks: Mapping[int, int], anchor: Anchor, *, exact: bool
) -> Position | None:
    """Where the anchored character is; None where it is unknown or hostile."""
    client, clock, assoc = anchor.client, anchor.clock, anchor.assoc
    if any(type(n) is not int for n in (client, clock, assoc)):
        return None
    if client == 0 and clock == 0:
        return lines.end if assoc >= 0 else Position(0, 0)
    if not (0 <= client <= MAX_CLIENT and 0 <= clock <= MAX_CLOCK and clock < clocks.get(client, 0)):
        return None
    items = _items(engine, lines, exact=exact)
    try:
        if items is not None:
            return _locate_in_items(items, lines, anchor)
        with engine_call(), engine.doc.transaction() as txn:
            here = _engine_offset(txn, client, clock, 0)
            is_live = _engine_offset(txn, client, clock, -1) != here
        return lines.position_of(ByteOffset(here + (is_live and assoc < 0)))
    except (DocumentError, NotABoundary, IndexError):
        return None


def _locate_in_items(items: ItemList, lines: LineIndex, anchor: Anchor) -> Position | None:
    found = items.find(anchor.client, anchor.clock)
    if found is None:
        return None
    item, units = found
    start = items.byte_of(item)
    if item.is_deleted or not item.text:
        return lines.position_of(ByteOffset(start))
    try:
        inside = first_units(item.text, units + (anchor.assoc < 0))
    except UnicodeDecodeError:
        return None
    return lines.position_of(ByteOffset(start + utf8_size(inside)))


def _items(engine: EngineDocument, lines: LineIndex, *, exact: bool) -> ItemList | None:
    if _is_ascii(lines):
        return None
    return engine.items(lines.byte_count, cheaply=engine.has_marks and not exact)


def _is_ascii(lines: LineIndex) -> bool:
    return lines.byte_count == lines.char_count


def _engine_offset(txn: Transaction, client: int, clock: int, assoc: int) -> int:
    index = StickyIndex.from_json({"item": {"client": client, "clock": clock}, "assoc": assoc})
    return index.get_index(txn)


def _utf16_units(text: str) -> int:
    return len(text) if text.isascii() else len(text) + sum(ch > "\uffff" for ch in text)
