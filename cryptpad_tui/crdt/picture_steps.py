"""What changed in a rich text behind its picture, as bytes for the vault: read back without the engine.

A step says which changes the view told and which items and deletions it holds with them, beyond certain
bytes. By these ids, and not by how they were packed, it is known whether a step is of what the vault holds:
edits are signed in other groups than they were typed in. It must never be read from anything but one's own
vault: nothing in it is judged.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cryptpad_tui.crdt.errors import InvalidUpdate
from cryptpad_tui.crdt.grammar import OWN_LIMITS, read_delete_set, read_struct
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.reader import MAX_CLIENT, MAX_CLOCK, Reader
from cryptpad_tui.crdt.split import Range, union
from cryptpad_tui.crdt.values import Attributes, Change, Formatted, Origin, Position, TextEdit

MAX_UPDATE_BYTES: Final = 65_536
"""A longer one is not looked into: the picture is made anew instead."""
_MAX_JOINED: Final = 16
_MAX_JOINED_CHARS: Final = 1_000
"""Of a row that is written again with each save."""
_KEYS: Final = PadKind.RICHTEXT.format_keys


@dataclass(slots=True)
class Holding:
    """The items and deletions of some updates: how far each client's clock has come, and what is deleted."""

    ends: dict[int, int] = field(default_factory=dict)
    deleted: list[Range] = field(default_factory=list)

    @classmethod
    def of(cls, updates: Iterable[bytes]) -> Holding:
        """That of updates behind which nothing is missing. Raises InvalidUpdate for a long one."""
        made = cls()
        for update in updates:
            made.add(_read(update))
        return made

    def add(self, other: Holding) -> None:
        """That too."""
        for client, end in other.ends.items():
            self.ends[client] = max(end, self.ends.get(client, 0))
        self.deleted += other.deleted

    def tidied(self) -> Holding:
        """The same, which compares: its ranges sorted and joined."""
        return Holding(dict(self.ends), list(union(self.deleted)))


def _read(update: bytes) -> Holding:
    if len(update) > MAX_UPDATE_BYTES:
        raise InvalidUpdate("an update that is not looked into")
    reader, ends = Reader(update), dict[int, int]()
    if reader.varint(1):
        count, client, clock = reader.varint(reader.size), reader.varint(MAX_CLIENT), reader.varint(MAX_CLOCK)
        for _ in range(count):
            clock += read_struct(reader, OWN_LIMITS, _KEYS).length
        ends[client] = clock
    return Holding(ends, read_delete_set(reader, OWN_LIMITS))


def parted(updates: Sequence[bytes], held: Holding) -> tuple[list[bytes], list[bytes]] | None:
    """Those of the updates that are held whole, and the others; None where more is held than they have.

    Raises InvalidUpdate for a long one.
    """
    within, beyond, whole, deleted = list[bytes](), list[bytes](), Holding(), _Ranges(held.deleted)
    for update in updates:
        one = _read(update)
        whole.add(one)
        has_all = all(end <= held.ends.get(client, 0) for client, end in one.ends.items())
        (within if has_all and all(map(deleted.holds, one.deleted)) else beyond).append(update)
    known = _Ranges(whole.deleted)
    if any(end > whole.ends.get(client, 0) for client, end in held.ends.items()):
        return None
    return (within, beyond) if all(map(known.holds, deleted.joined)) else None


class _Ranges:
    """Deleted ranges that can be asked."""

    def __init__(self, ranges: Sequence[Range]) -> None:
        self.joined = union(ranges)

    def holds(self, one: Range) -> bool:
        client, first, length = one
        at = bisect_right(self.joined, (client, first, MAX_CLOCK)) - 1
        if at < 0:
            return False
        of, start, size = self.joined[at]
        return of == client and first + length <= start + size


@dataclass(frozen=True, slots=True, repr=False)
class Step:
    """Some changes one behind the other, and what the view holds with them. Secret."""

    changes: tuple[Change, ...]
    maps: Mapping[str, Mapping[str, Any] | None]
    """Of each root the values of the keys that changed; None where one of them has no form here."""
    gone: Mapping[str, Sequence[str]]
    holding: Holding
    """What came to it; where `base` says of which bytes, all that is held beyond them."""
    base: bytes | None = None

    def encode(self) -> bytes:
        """What `read_step` reads."""
        said: dict[str, Any] = {
            "ends": {str(client): end for client, end in self.holding.ends.items()},
            "deleted": self.holding.deleted,
        }
        if self.changes:
            said["changes"] = [_plain_change(change) for change in self.changes]
        if self.maps or self.gone:
            said |= {"maps": self.maps, "gone": self.gone}
        if self.base is not None:
            said["base"] = self.base.hex()
        return json.dumps(said, separators=(",", ":")).encode()

    def followed_by(self, other: Step) -> Step | None:
        """Both as one; None where that would be a long one, or more than typing."""
        if other.base is not None or self.maps or self.gone or other.maps or other.gone:
            return None
        changes = joined([*self.changes, *other.changes])
        if (
            len(changes) > _MAX_JOINED
            or sum(len(e.text) for c in changes for e in c.edits) > _MAX_JOINED_CHARS
        ):
            return None
        holding = self.holding.tidied()
        holding.add(other.holding)
        return Step(tuple(changes), {}, {}, holding, self.base)


def _plain_change(change: Change) -> list[Any]:
    edits = [[*edit.start, *edit.end, edit.text, dict(edit.attributes or {})] for edit in change.edits]
    return [edits, [[*start, *end, dict(marks)] for start, end, marks in change.formatted]]


def read_step(raw: bytes) -> Step:
    """One of one's own vault."""
    said = json.loads(raw)
    ends = {int(client): end for client, end in said["ends"].items()}
    base = bytes.fromhex(said["base"]) if "base" in said else None
    return Step(
        tuple([_change(plain) for plain in said.get("changes", ())]),
        said.get("maps", {}),
        said.get("gone", {}),
        Holding(ends, [(client, first, length) for client, first, length in said["deleted"]]),
        base,
    )


def _change(plain: Sequence[Any]) -> Change:
    edits, formatted = plain
    return Change(
        tuple([TextEdit(Position(a, b), Position(c, d), text, marks) for a, b, c, d, text, marks in edits]),
        Origin.REMOTE,
        tuple([Formatted(Position(a, b), Position(c, d), marks) for a, b, c, d, marks in formatted]),
    )


def joined(changes: Sequence[Change]) -> list[Change]:
    """The same, with what was typed on made one: most of what comes behind a picture is."""
    made: list[Change] = []
    for change in changes:
        if made and len(change.edits) == len(made[-1].edits) == 1:
            if change.formatted or made[-1].formatted:
                made.append(change)
                continue
            both = _typed_on(made[-1].edits[0], change.edits[0])
            if both is not None:
                made[-1] = Change((both,), change.origin)
                continue
        made.append(change)
    return made


def _typed_on(one: TextEdit, other: TextEdit) -> TextEdit | None:
    """Both as one edit, where the other takes nothing away and stands just behind the one, in its line."""
    if "\n" in one.text or other.start != other.end or _marks(one) != _marks(other):
        return None
    if other.start != Position(one.start.line, one.start.col + len(one.text)) or not one.text:
        return None
    return TextEdit(one.start, one.end, one.text + other.text, one.attributes)


def _marks(edit: TextEdit) -> Attributes:
    return edit.attributes or {}
