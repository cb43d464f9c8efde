"""What changed in a rich text behind its picture, as bytes for the vault: read back without the engine.

A step says which changes the view told, and what it holds with them beyond certain bytes. It must never be
read from anything but one's own vault: nothing in it is judged.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cryptpad_tui.crdt.holding import Holding
from cryptpad_tui.crdt.values import Attributes, Change, Formatted, Origin, Position, TextEdit

_MAX_JOINED: Final = 16
_MAX_JOINED_CHARS: Final = 1_000
"""Of a row that is written again with each save."""


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
    clocks: Mapping[int, int] = field(default_factory=dict)
    """How far the view's clocks have come, where its holding does not say."""

    def encode(self) -> bytes:
        """What `read_step` reads."""
        said: dict[str, Any] = {
            "ends": {str(client): end for client, end in self.holding.ends.items()},
            "deleted": self.holding.deleted,
        }
        if self.holding.long:
            said["long"] = [digest.hex() for digest in self.holding.long]
            said["clocks"] = {str(client): clock for client, clock in self.clocks.items()}
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
        return Step(tuple(changes), {}, {}, holding, self.base, other.clocks or self.clocks)


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
        Holding(
            ends,
            [(client, first, length) for client, first, length in said["deleted"]],
            {bytes.fromhex(digest) for digest in said.get("long", ())},
        ),
        base,
        {int(client): clock for client, clock in said.get("clocks", {}).items()},
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
