"""Open pads and the batch: what is to be made durable together, and what may be said once it is.

Plain state without a decision in it; hub.py decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from cryptpad_relay.padlog import PadLog
from cryptpad_relay.peers import Peer, Subscriber
from cryptpad_relay.protocol.frames import MAX_BODY, Commit, Op, join_frame
from cryptpad_relay.store.base import EntryRow, Loss, Rows

COMMIT_OVERHEAD: Final = 32 + 8 + 32 + 2
MAX_COMMIT_ENTRIES: Final = 65_535


@dataclass(eq=False, slots=True)
class OpenPad:
    """A pad with at least one subscriber, or with rows on their way to the disk."""

    log: PadLog
    subscribers: dict[Subscriber, Peer] = field(default_factory=dict)
    waiting_rows: int = 0
    signed_n: int = 0
    signed_at: float = 0.0
    loss: Loss | None = None
    """What clients proved that this log lost, since it was restored or before."""
    frozen_until: float = 0.0
    """Until then only the owner's records are appended."""


@dataclass(slots=True)
class Batch:
    """Rows for one transaction, and what may be said once it is durable."""

    rows: Rows = field(default_factory=Rows)
    entries: dict[OpenPad, list[tuple[EntryRow, Subscriber]]] = field(default_factory=dict)
    chunks: list[tuple[OpenPad, bytes]] = field(default_factory=list)
    answers: list[tuple[Subscriber, int, Op, bytes]] = field(default_factory=list)
    """(whom, req, op, body) in the order of the requests."""
    settled: list[Callable[[], None]] = field(default_factory=list)
    """To be called when it is durable, or lost."""

    def __bool__(self) -> bool:
        return bool(self.answers or self.rows.filing or self.rows.mail or self.rows.ended or self.rows.ageing)


def split_commit(
    pairs: list[tuple[EntryRow, Subscriber]],
) -> Iterator[list[tuple[EntryRow, Subscriber]]]:
    """The pairs in runs that each fit one frame."""
    part: list[tuple[EntryRow, Subscriber]] = []
    size = COMMIT_OVERHEAD
    for pair in pairs:
        cost = 4 + len(pair[0].raw)
        if part and (size + cost > MAX_BODY or len(part) == MAX_COMMIT_ENTRIES):
            yield part
            part, size = [], COMMIT_OVERHEAD
        part.append(pair)
        size += cost
    if part:
        yield part


def commit_frame(pad: OpenPad, rows: list[EntryRow], entries: list[bytes]) -> bytes:
    body = Commit(pad.log.pad_id, rows[0].n, rows[-1].head, tuple(entries)).encode()
    return join_frame(Op.COMMIT, 0, body)


def announce(
    pad: OpenPad,
    pairs: list[tuple[EntryRow, Subscriber]],
    out: dict[Subscriber, list[bytes]],
    signed: Iterable[bytes],
) -> tuple[list[Peer], list[bytes]]:
    """COMMIT frames: the same for all who only listen, others for those who know some entries already.

    `signed`: a signed head that is due, which costs no write of its own.
    """
    appenders = dict.fromkeys([session for _, session in pairs])
    present = [session for session in appenders if session in pad.subscribers]
    listeners = [peer for session, peer in pad.subscribers.items() if session not in appenders]
    frames = []
    for part in split_commit(pairs):
        rows = [row for row, _ in part]
        if listeners:
            frames.append(commit_frame(pad, rows, [row.raw for row in rows]))
        for appender in present:
            entries = [row.entry_id if session is appender else row.raw for row, session in part]
            out.setdefault(appender, []).append(commit_frame(pad, rows, entries))
    for frame in signed:
        frames.append(frame)
        for appender in present:
            out[appender].append(frame)
    return listeners, frames
