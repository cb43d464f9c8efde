"""A relay that came back from a backup is given what it lost; one that only says so is caught (docs/wire.md).

Decided by the relay's own signature: the newest one that this client confirmed, and the one that it is shown.
Never unfolds anything, and never sends what the relay did not have: the outbox goes its usual way after.
"""

from __future__ import annotations

from typing import Final

from cryptpad_relay.protocol import chain
from cryptpad_relay.protocol.chain import SignedHead, Step
from cryptpad_relay.protocol.entry import Kind
from cryptpad_relay.protocol.errors import Code, Malformed, Refused
from cryptpad_relay.protocol.frames import MAX_APPEND_ENTRIES, Greeting, Op, PadHead
from cryptpad_relay.protocol.reader import Reader
from cryptpad_relay.protocol.records import RecordKind, record_kind
from cryptpad_relay.protocol.restore import Restore
from cryptpad_tui.crypto.sealing import RandomBytes
from cryptpad_tui.pad import flows
from cryptpad_tui.pad.alarms import RESTORED, Alarm, AlarmCode, Notice
from cryptpad_tui.pad.evidence import Piece, head_piece, shown_piece
from cryptpad_tui.pad.flows import Connected, Flow, Request
from cryptpad_tui.pad.owner_records import EPOCH_AT
from cryptpad_tui.pad.ports import LogRow
from cryptpad_tui.pad.replica import Replica

RESTORE_BYTES: Final = 800_000
"""Entries of one frame: the proof beside them takes at most 200 kB."""
ROWS_AT_ONCE: Final = 64
WAITS: Final = "the relay came back from a backup and waits for what it lost; everything is kept here"
AGAIN: Final = frozenset({Code.RETRY, Code.STORAGE, Code.BEHIND, Code.NOT_SUBSCRIBED})
"""Answers of an honest relay that has no time, no room, waits for somebody who holds more, or took other keys
of the owner's between two questions.
"""


def give_back(
    replica: Replica, connected: Connected, greeting: Greeting, *, rng: RandomBytes
) -> Flow[tuple[Connected, int]]:
    """What SUB says once the relay has all that is verified here, and how many entries it was given.

    Raises Alarm; Refused where it is to be tried again.
    """
    fold, lost = replica.require_stored(), 0
    if connected.signed.n < fold.n:
        lost = fold.n - connected.signed.n
        if _is_the_move_alone(replica, connected.signed.n):
            # Nothing was lost: whoever follows first brings the owner's record along.
            lost = 0
        yield from _restore(replica, connected.signed, greeting, rng=rng)
        connected = yield from flows.subscribe(replica, greeting, rng=rng)
        if connected.signed.n < fold.n:
            raise _rolled_back(replica, connected.signed, "it took what it had lost, and still shows less")
    kept = replica.witness.confirmed
    if kept is not None and connected.signed.n < kept.n:
        # It signed that it has more than is here yet: so a pad begins at the relay that it was moved to.
        detail = f"it shows {connected.signed.n} entries of {kept.n} that it signed"
        raise Alarm(AlarmCode.ROLLBACK, detail, evidence=_evidence(replica, connected.signed))
    return connected, lost


def _is_the_move_alone(replica: Replica, shown_n: int) -> bool:
    home = replica.fold.owner.home
    return home is not None and shown_n == home.close_n == replica.fold.n - 1


def notice_of(lost: int) -> Notice:
    """RESTORED, for a person."""
    what = "an entry; it is" if lost == 1 else f"{lost} entries; they are"
    return Notice(f"the relay had lost {what} back from this machine", code=RESTORED)


def is_whole_here(replica: Replica) -> bool:
    """Whether a relay that does not know this pad any more can be given all of it, by its own word."""
    confirmed = replica.witness.confirmed
    first = next(iter(replica.store.log_after(0, 1)), None)
    return confirmed is not None and confirmed.n > 0 and first is not None and first.n == 1


def show(earlier: SignedHead) -> Flow[None]:
    """Remind a relay that waits of what it signed before. Whether that helps is its business."""
    try:
        yield Request(Op.RESTORE, Restore(earlier, earlier.n).encode())
    except Refused:
        return


def _restore(replica: Replica, shown: SignedHead, greeting: Greeting, *, rng: RandomBytes) -> Flow[None]:
    fold, kept = replica.fold, replica.witness.confirmed
    # Where the head there is known here, the signed one was compared with it when it came.
    if kept is None or _head_of(replica, shown.n) is None:
        raise _rolled_back(replica, shown, "what it had before is not here")
    at = shown.n
    while at < fold.n:
        rows = _rows_of_frame(replica, at, kept.n if at < kept.n else fold.n)
        steps = _proof(replica, kept, rows[-1].n) if rows else None
        if steps is None:
            raise _rolled_back(replica, shown, f"position {at + 1} is not here to give back")
        frame = Restore(kept, at, steps, tuple([row.entry for row in rows]))
        end = yield from _ask(replica, shown, frame)
        if end.n < rows[-1].n:
            raise _rolled_back(replica, shown, f"it has no more than {end.n} entries after it was given them")
        at = end.n
        if record_kind(rows[-1].entry) is RecordKind.EPOCH and at < fold.n:
            # Subscriptions end there: what follows is for who has the keys of that epoch.
            epoch = int.from_bytes(rows[-1].entry[EPOCH_AT], "big")
            yield from flows.subscribe(replica, greeting, rng=rng, epoch=epoch)


def _ask(replica: Replica, shown: SignedHead, frame: Restore) -> Flow[PadHead]:
    try:
        body = yield Request(Op.RESTORE, frame.encode())
    except Refused as refused:
        if refused.code in AGAIN:
            raise
        detail = f"it does not take back what it had ({refused.code.name})"
        raise _rolled_back(replica, shown, detail) from None
    try:
        reader = Reader(body)
        end = PadHead(reader.u64(), reader.take(32))
        reader.end()
    except Malformed:
        said = shown_piece(Op.RESTORE | 0x80, body)
        raise _rolled_back(replica, shown, "its answer to RESTORE is none", said) from None
    return end


def _rows_of_frame(replica: Replica, after_n: int, up_to_n: int) -> list[LogRow]:
    """The rows that the next frame carries: without a gap, within limits, each that a relay judges by what is
    durable at the beginning of one.
    """
    taken: list[LogRow] = []
    size = 0
    while True:
        rows = replica.store.log_after(after_n + len(taken), ROWS_AT_ONCE)
        for row in rows:
            size += 4 + len(row.entry)
            full = size > RESTORE_BYTES or len(taken) == MAX_APPEND_ENTRIES or _begins_frame(row.entry)
            if row.n != after_n + len(taken) + 1 or row.n > up_to_n or (taken and full):
                return taken
            taken.append(row)
            if record_kind(row.entry) is RecordKind.EPOCH:
                return taken
        if not rows:
            return taken


def _begins_frame(entry: bytes) -> bool:
    return record_kind(entry) is not None or entry[4] == Kind.SNAPSHOT


def _proof(replica: Replica, kept: SignedHead, n: int) -> tuple[Step, ...] | None:
    """That the signed head extends position n, from what is here; None where something of it is missing."""
    steps = []
    for i in chain.proof_path(kept.n, n):
        previous, skip = _head_of(replica, i - 1), _head_of(replica, i - chain.low_bit(i))
        row = next(iter(replica.store.log_after(i - 1, 1)), None)
        if previous is None or skip is None or row is None or row.n != i:
            return None
        steps.append(Step(previous, skip, row.entry_id))
    return tuple(steps)


def _head_of(replica: Replica, n: int) -> bytes | None:
    return chain.chain_start(replica.pad_id) if n == 0 else replica.fold.head_of(n)


def _rolled_back(replica: Replica, shown: SignedHead, why: str, *said: Piece) -> Alarm:
    detail = f"it shows {shown.n} entries of {replica.fold.n}; {why}"
    return Alarm(AlarmCode.ROLLBACK, detail, evidence=(*_evidence(replica, shown), *said))


def _evidence(replica: Replica, shown: SignedHead) -> tuple[Piece, ...]:
    """The relay's two words: the one that is kept here, and the one that it showed."""
    kept = replica.witness.confirmed
    return (*([head_piece(kept)] if kept else []), head_piece(shown))
