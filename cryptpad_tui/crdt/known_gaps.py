"""Places where somebody is typing, by the clocks beside them, so that the next key there needs no walk.

The engine finds a byte of a text by walking its items from the start, and walks them again to say where an
update went: milliseconds in a rich text of many runs. Who types goes on behind what they typed, so a few
gaps are remembered: the bytes before one, the items left and right of it, and the live text just before it.
Pure: it writes and reads updates, and never asks the engine. It must never be right by luck: whatever is not
plain typing at a remembered gap is left to the engine, and drops the gaps that it may have touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from cryptpad_tui.crdt.delta import Delta
from cryptpad_tui.crdt.errors import InvalidUpdate
from cryptpad_tui.crdt.grammar import FORMAT, OWN_LIMITS, STRING, Struct, read_delete_set, read_struct
from cryptpad_tui.crdt.item_chain import Gap as ItemGap
from cryptpad_tui.crdt.item_chain import first_units
from cryptpad_tui.crdt.kinds import TEXT_ROOT, PadKind
from cryptpad_tui.crdt.line_index import utf8_size, utf16_size
from cryptpad_tui.crdt.mark_index import Frozen
from cryptpad_tui.crdt.reader import MAX_CLIENT, MAX_CLOCK, Id, Reader
from cryptpad_tui.crdt.wire import encode_block, encode_delete_set, encode_place, encode_string

_MAX_GAPS: Final = 32
_MAX_PIECES: Final = 64
_MAX_UPDATE_BYTES: Final = 4_096
"""Of an update that is looked into; a longer one is not somebody's key."""
_KEYS: Final = PadKind.RICHTEXT.format_keys


class _Piece(NamedTuple):
    """Live text of one client's consecutive clocks."""

    client: int
    clock: int
    text: str


@dataclass(slots=True)
class Gap:
    """A place directly behind the item `left`. No format stands between it and the text before it."""

    at: int
    """The bytes of the text before the gap."""
    left: Id
    right: Id | None
    marks: Frozen
    before: list[_Piece]
    """What is visible just before the gap, never empty."""
    is_exact: bool
    """Whether `right` is the neighbour here, not only where the text was typed."""
    start: int
    """The bytes of the text before what is in `before`; kept, since every edit asks it of every gap."""


class KnownUpdate(NamedTuple):
    """An update that was looked into."""

    structs: tuple[tuple[Id, Struct], ...]
    deleted: tuple[tuple[int, int, int], ...]


class KnownGaps:
    """The gaps of one document, the one used last at the end."""

    def __init__(self) -> None:
        self._gaps: list[Gap] = []

    def forget(self) -> None:
        """Something happened that may have touched any of them."""
        self._gaps.clear()

    # -- own edits

    def written(self, client: int, clock: int, edit: tuple[int, int, str], marks: Frozen) -> bytes | None:
        """The update of an edit (first byte, last byte, text) at a gap, which follows it; None elsewhere."""
        first, last, text = edit
        gap = next((gap for gap in self._gaps if gap.is_exact and gap.at == last), None)
        if gap is None or (text and gap.marks != marks):
            return None
        ranges = _taken(gap, last - first)
        if ranges is None or not (text or len(ranges)):
            return None
        structs: list[bytes] = []
        if text:
            info, place = encode_place(gap.left, gap.right, TEXT_ROOT)
            structs.append(bytes([info | STRING]) + place + encode_string(text))
        update = encode_block(client, clock, structs) + encode_delete_set(sorted(ranges))
        self._follow(gap, first, last, text, (client, clock))
        return update

    def learn_own(self, update: bytes, edit: tuple[int, int, str], marks: Frozen) -> None:
        """Take note of an own edit that the engine made, by the update that it gave."""
        first, last, text = edit
        self._shift(first, last, utf8_size(text), None)
        looked = look_into(update)
        if looked is None or not text:
            return
        found = [(place, struct) for place, struct in looked.structs if struct.kind == STRING]
        if len(found) == 1 and found[0][1].text == text:
            (client, clock), struct = found[0]
            left = client, clock + struct.length - 1
            closing = [place for place, other in looked.structs if other.origin == left]
            right = closing[0] if closing else struct.right
            at = first + utf8_size(text)
            self._add(Gap(at, left, right, marks, [_Piece(client, clock, text)], is_exact=True, start=first))

    def exact_at(self, at: int) -> tuple[ItemGap, Frozen] | None:
        """The items beside a gap that own text was put in, and its marks."""
        gap = next((gap for gap in self._gaps if gap.is_exact and gap.at == at), None)
        return None if gap is None else ((gap.left, gap.right), gap.marks)

    # -- edits of others

    def foreseen(self, looked: KnownUpdate) -> Delta | None:
        """What an update that goes on at a gap will do; the gap follows. None where the engine must say."""
        if len(looked.structs) == 1 and not looked.deleted:
            place, struct = looked.structs[0]
            gap = next((gap for gap in self._gaps if gap.left == struct.origin), None)
            if gap is None or struct.kind != STRING or struct.right != gap.right:
                return None
            at = gap.at
            self._follow(gap, at, at, struct.text, place)
            return _delta(at, at, struct.text, gap.marks)
        if len(looked.deleted) == 1 and not looked.structs:
            gap = next((gap for gap in self._gaps if _ends_with(gap, looked.deleted[0])), None)
            if gap is None:
                return None
            piece, last = gap.before[-1], gap.at
            kept = first_units(piece.text, looked.deleted[0][1] - piece.clock)
            first = last - utf8_size(piece.text[len(kept) :])
            _taken(gap, last - first)
            self._follow(gap, first, last, "", gap.left)
            return _delta(first, last, "", ())
        return None

    def learn(self, looked: KnownUpdate | None, delta: Delta | None) -> None:
        """Take note of an update of somebody else of which the engine said what it did."""
        if looked is None or any(struct.kind == FORMAT for _, struct in looked.structs):
            self.forget()
            return
        at = 0
        for op in delta or ():
            if (kept := op.get("retain")) is not None:
                if op.get("attributes"):
                    self._shift(at, at + kept, kept, None)
                at += kept
            elif (gone := op.get("delete")) is not None:
                self._shift(at, at + gone, 0, None)
            else:
                size = utf8_size(op["insert"])
                self._shift(at, at, size, None)
                at += size
        if delta is not None:
            self._learn_typed(looked, delta)

    def _learn_typed(self, looked: KnownUpdate, delta: Delta) -> None:
        # An update that shows nothing, as one that waits for another, teaches nothing.
        if len(looked.structs) != 1 or looked.deleted or not delta:
            return
        (client, clock), struct = looked.structs[0]
        kept, insert = (0, delta[0]) if len(delta) == 1 else (delta[0].get("retain", 0), delta[-1])
        if len(delta) > 2 or struct.kind != STRING or insert.get("insert") != struct.text:
            return
        attributes = insert.get("attributes") or {}
        marks = tuple(sorted((key, value) for key, value in attributes.items() if value is not None))
        at = kept + utf8_size(struct.text)
        left = client, clock + struct.length - 1
        before = [_Piece(client, clock, struct.text)]
        self._add(Gap(at, left, struct.right, marks, before, is_exact=False, start=kept))

    # -- the gaps

    def _add(self, gap: Gap) -> None:
        self._gaps.append(gap)
        del self._gaps[:-_MAX_GAPS]

    def _follow(self, gap: Gap, first: int, last: int, text: str, place: Id) -> None:
        """`gap` has lost the bytes from `first` up to `last` already; the text at `place` comes instead."""
        size = utf8_size(text)
        self._shift(first, last, size, gap)
        gap.at = first + size
        if text:
            if gap.before and _next_clock(gap.before[-1]) == place[1] and gap.before[-1].client == place[0]:
                gap.before[-1] = gap.before[-1]._replace(text=gap.before[-1].text + text)
            else:
                gap.before.append(_Piece(*place, text))
                del gap.before[:-_MAX_PIECES]
            gap.left = place[0], place[1] + utf16_size(text) - 1
        gap.start = gap.at - sum(utf8_size(piece.text) for piece in gap.before)
        if not gap.before:
            self._gaps.remove(gap)
        else:
            self._gaps.remove(gap)
            self._gaps.append(gap)

    def _shift(self, first: int, last: int, size: int, but: Gap | None) -> None:
        """Bytes `first` to `last` became `size` bytes: drop what that touches, move what stands behind."""
        kept = []
        for gap in self._gaps:
            if gap is not but and first <= gap.at:
                if gap.start <= last:
                    continue
                gap.at += size - (last - first)
                gap.start += size - (last - first)
            kept.append(gap)
        self._gaps = kept


def look_into(update: bytes) -> KnownUpdate | None:
    """The structs and deletions of a short update; None where it is long or more than one client's."""
    if len(update) > _MAX_UPDATE_BYTES:
        return None
    reader = Reader(update)
    structs: list[tuple[Id, Struct]] = []
    try:
        if reader.varint(1):
            count, client = reader.varint(reader.size), reader.varint(MAX_CLIENT)
            clock = reader.varint(MAX_CLOCK)
            for _ in range(count):
                struct = read_struct(reader, OWN_LIMITS, _KEYS)
                structs.append(((client, clock), struct))
                clock += struct.length
        return KnownUpdate(tuple(structs), tuple(read_delete_set(reader, OWN_LIMITS)))
    except InvalidUpdate:
        return None


def _taken(gap: Gap, size: int) -> list[tuple[int, int, int]] | None:
    """Take so many bytes off the text before a gap; None where they are not all known."""
    pieces, ranges = list(gap.before), []
    while size:
        if not pieces:
            return None
        piece = pieces.pop()
        raw = piece.text.encode()
        kept = raw[: max(0, len(raw) - size)].decode()
        if kept:
            pieces.append(piece._replace(text=kept))
        units = utf16_size(kept)
        ranges.append((piece.client, piece.clock + units, utf16_size(piece.text) - units))
        size -= min(size, len(raw))
    gap.before = pieces
    return ranges


def _ends_with(gap: Gap, deleted: tuple[int, int, int]) -> bool:
    client, first, length = deleted
    piece = gap.before[-1]
    return piece.client == client and first >= piece.clock and first + length == _next_clock(piece)


def _next_clock(piece: _Piece) -> int:
    return piece.clock + utf16_size(piece.text)


def _delta(first: int, last: int, text: str, marks: Frozen) -> Delta:
    delta: list[dict[str, Any]] = [{"retain": first}]
    if text:
        delta.append({"insert": text, "attributes": dict(marks)})
    if last > first:
        delta.append({"delete": last - first})
    return delta


def bytes_added(delta: Delta) -> int:
    """By how much a delta makes the text longer."""
    return sum(utf8_size(op.get("insert", "")) - int(op.get("delete", 0)) for op in delta)
