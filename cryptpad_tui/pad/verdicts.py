"""What people said about snapshots (ENDORSE, ALERT), and from which one a fold began.

Facts for people and for the decision to derive a start again. They must never change what a fold leads to:
who joined behind a snapshot cannot judge a verdict about one before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cryptpad_relay.protocol.entry import Entry, Kind
from cryptpad_tui.pad.payloads import Verdict

MAX_SNAPSHOTS: Final = 8
MAX_VERDICTS: Final = 16
"""Of one kind on one snapshot: a crowd that endorses a lie, and costs nothing, must not drown a warning."""


@dataclass(frozen=True, slots=True)
class StartMark:
    """The snapshot that a fold began at, made by somebody who may lie."""

    snapshot_id: bytes
    snap_n: int
    position: int
    writer_pk: bytes
    state_digest: bytes
    checked: bool = False
    """Whether this client derived the same state from the log's beginning."""
    doubted: bool = False
    """Whether a later snapshot said that this start, or that snapshot, is wrong."""


@dataclass(frozen=True, slots=True)
class VerdictMark:
    """One ENDORSE or ALERT in the log."""

    kind: int
    snapshot_id: bytes
    n: int
    writer_pk: bytes
    ident_pk: bytes
    state_digest: bytes

    @classmethod
    def read(cls, plaintext: bytes, entry: Entry, ident_pk: bytes, n: int) -> VerdictMark:
        """Of an entry's opened content; raises Malformed."""
        verdict = Verdict.decode(plaintext)
        return cls(int(entry.kind), verdict.snapshot_id, n, entry.writer_pk, ident_pk, verdict.state_digest)

    @property
    def is_alert(self) -> bool:
        return self.kind == Kind.ALERT


class VerdictBook:
    """The verdicts on the newest snapshots, and on one that is kept for good: where the fold began."""

    def __init__(self) -> None:
        self._marks: dict[bytes, list[VerdictMark]] = {}

    def add(self, mark: VerdictMark, *, keep: bytes = b"") -> None:
        marks = self._marks.setdefault(mark.snapshot_id, [])
        same = [other.ident_pk for other in marks if other.kind == mark.kind]
        if len(same) < MAX_VERDICTS and mark.ident_pk not in same:
            marks.append(mark)
        while len(self._marks) > MAX_SNAPSHOTS:
            del self._marks[next(each for each in self._marks if each != keep)]

    def on(self, snapshot_id: bytes) -> tuple[VerdictMark, ...]:
        """In log order, one of a kind and identity."""
        return tuple(self._marks.get(snapshot_id, ()))

    def alerts(self, snapshot_id: bytes) -> tuple[VerdictMark, ...]:
        return tuple([mark for mark in self.on(snapshot_id) if mark.is_alert])

    def endorsements(self, snapshot_id: bytes) -> tuple[VerdictMark, ...]:
        return tuple([mark for mark in self.on(snapshot_id) if not mark.is_alert])

    def all(self) -> tuple[VerdictMark, ...]:
        return tuple([mark for marks in self._marks.values() for mark in marks])
