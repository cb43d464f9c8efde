"""What goes into an alarm's proof: all that is at hand here, so that others can judge it without asking.

Where the relay's own signature can be tied to what it showed, by steps of the hash chain, it is. Reads fold
and store and changes neither. An alarm's file is made while the pad stands where it was caught.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cryptpad_relay.protocol import chain
from cryptpad_relay.protocol.chain import SignedHead
from cryptpad_relay.protocol.entry import Entry, parse_entry
from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.frames import decode_signed_head
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.evidence import (
    Piece,
    PieceKind,
    entry_piece,
    head_piece,
    log_id_of,
    verified_piece,
    walk_down,
)
from cryptpad_tui.pad.fold import Fold
from cryptpad_tui.pad.ports import LogRow, PadStore
from cryptpad_tui.pad.proofs import MAX_PIECES, check_proof, make_proof
from cryptpad_tui.pad.proofs_judge import Against, NotAProof
from cryptpad_tui.pad.witness import Witness

TWIN_SEARCH_ROWS: Final = 8_192
"""How far back a writer's other entry for one place is looked for; older ones are still refused."""
_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Caught:
    """An alarm with its proof file. `lasting`: only a person ends it; the relay's signatures convict it."""

    code: AlarmCode
    detail: str
    proof: bytes
    lasting: bool


def caught(
    alarm: Alarm, fold: Fold, store: PadStore, witness: Witness, *, relay_pk: bytes, at_ms: int
) -> Caught:
    """The alarm's proof file, made from what this client holds."""
    pieces = [
        piece
        for piece in dict.fromkeys([*alarm.pieces, *witness.pieces()])
        if piece.kind is not PieceKind.SIGNED_HEAD or _signed_by(piece, relay_pk)
    ]
    pieces += _twins(alarm, fold, store)
    view = _LogView(fold, store, alarm.shown)
    pieces += view.waiting_heads(witness)
    pieces = pieces[: MAX_PIECES // 2]
    pieces += _walks(pieces, view)
    pieces.append(verified_piece(fold.n, fold.head))
    proof = make_proof(
        alarm.code,
        pad_id=fold.pad_id,
        relay_pk=relay_pk,
        pieces=pieces,
        at_ms=at_ms,
        genesis=fold.genesis.raw,
        detail=alarm.detail,
    )
    return Caught(alarm.code, alarm.detail, proof, is_lasting(alarm.code, proof))


def is_lasting(code: AlarmCode, proof: bytes) -> bool:
    """Whether no later good behaviour makes up for it: two signatures that contradict do not go away."""
    if code not in (AlarmCode.FORK, AlarmCode.EQUIVOCATION_RELAY):
        return False
    try:
        return check_proof(proof).against is Against.RELAY
    except NotAProof:
        return False


def sharpened(alarm: Alarm, shown: Sequence[bytes], fold: Fold, store: PadStore) -> Alarm:
    """The alarm with what it is about: `shown` begins with the entry that was refused.

    A writer's older number that comes again with another entry is that writer's doing, not only the relay's.
    """
    alarm.shown = tuple(shown)
    entry = _parsed(shown[0]) if shown else None
    if alarm.code is not AlarmCode.CHAIN_GAP or entry is None or not entry.signature_ok():
        return alarm
    twin = _twin_of(entry, fold, store)
    if twin is None or twin.entry_id == entry.entry_id:
        return alarm
    sharper = Alarm(AlarmCode.EQUIVOCATION_WRITER, f"seq {entry.seq}", evidence=(entry.raw,))
    sharper.shown = alarm.shown
    return sharper


def _signed_by(piece: Piece, relay_pk: bytes) -> bool:
    signed = _head_of(piece)
    return signed is not None and signed.verify(relay_pk)


def _head_of(piece: Piece) -> SignedHead | None:
    if piece.kind is not PieceKind.SIGNED_HEAD:
        return None
    try:
        return decode_signed_head(piece.content)
    except Malformed:
        return None


def _parsed(raw: bytes) -> Entry | None:
    try:
        return parse_entry(raw)
    except Malformed:
        return None


def _twins(alarm: Alarm, fold: Fold, store: PadStore) -> Iterator[Piece]:
    """The stored entries that the refused one repeats or contradicts, and its writer's introduction."""
    entry = _parsed(alarm.shown[0]) if alarm.shown else None
    if entry is None:
        return
    yield entry_piece(entry.raw)
    twin = _twin_of(entry, fold, store)
    if twin:
        yield entry_piece(twin.entry)
        for row in _rows_back(fold.n, store):
            if row.entry_id == fold.writers[entry.writer_pk].hello_id:
                yield entry_piece(row.entry)
                break


def _twin_of(entry: Entry, fold: Fold, store: PadStore) -> LogRow | None:
    """The folded entry with this one's writer and number."""
    writer = fold.writers.get(entry.writer_pk)
    if writer is None or entry.pad_id != fold.pad_id or entry.seq > writer.last_seq:
        return None
    for row in _rows_back(fold.n, store):
        other = _parsed(row.entry)
        if other and other.writer_pk == entry.writer_pk and other.seq == entry.seq:
            return row
    return None


def _rows_back(n: int, store: PadStore) -> Iterator[LogRow]:
    """Stored rows from position n back, a page at a time."""
    upper, last = n, max(n - TWIN_SEARCH_ROWS, 0)
    while upper > last:
        lower = max(upper - _PAGE, last)
        yield from reversed(store.log_after(lower, upper - lower))
        upper = lower


class _LogView:
    """Heads and entry ids of the log that is verified here, and of what the relay showed to follow it."""

    def __init__(self, fold: Fold, store: PadStore, shown: Sequence[bytes]) -> None:
        self._fold = fold
        self._store = store
        self._heads: dict[int, bytes] = {}
        self._ids: dict[int, bytes] = {}
        self.n = fold.n
        self.refused = shown[0] if shown else b""
        for raw in shown:
            n = fold.n + len(self._ids) + 1
            previous, skip = self.head(n - 1), self.head(n & (n - 1))
            if previous is None or skip is None:
                break
            self._ids[n] = log_id_of(raw)
            self._heads[n] = chain.next_head(previous, skip, n, self._ids[n])

    def head(self, n: int) -> bytes | None:
        if n > self._fold.n:
            return self._heads.get(n)
        return self._fold.skips.get(n) or self._fold.head_of(n)

    def entry_id(self, n: int) -> bytes | None:
        if n > self._fold.n:
            return self._ids.get(n)
        rows = self._store.log_after(n - 1, 1)
        return rows[0].entry_id if rows and rows[0].n == n else None

    def waiting_heads(self, witness: Witness) -> list[Piece]:
        """A signed head that covers what was shown: its signature then covers the refused entry too."""
        covering = [s for s in witness.waiting.values() if self._heads.get(s.n) == s.head]
        return [head_piece(signed) for signed in covering[:1]]

    def position_of_twin(self, entry: Entry) -> int | None:
        twin = _twin_of(entry, self._fold, self._store)
        return twin.n if twin else None


def _walks(pieces: Sequence[Piece], view: _LogView) -> list[Piece]:
    heads = [signed for piece in pieces if (signed := _head_of(piece))]
    walks = []
    for upper in heads:
        if view.head(upper.n) != upper.head:
            continue
        for waypoints in _ways(upper, heads, view):
            walk = walk_down(upper.n, waypoints, view.head, view.entry_id)
            if walk:
                walks.append(Piece(PieceKind.WALK, walk.encode()))
    return walks


def _ways(upper: SignedHead, heads: Sequence[SignedHead], view: _LogView) -> Iterator[list[int]]:
    """Which ways down from a signed head of this log say something: to what contradicts it."""
    for other in heads:
        mine = view.head(other.n)
        if 0 < other.n < upper.n and mine is not None and mine != other.head:
            yield [other.n]
    place = view.n + 1
    if upper.n < place:
        return
    entry = _parsed(view.refused)
    twin = view.position_of_twin(entry) if entry else None
    if twin:
        yield [place, twin, twin - 1]
    elif entry and entry.base_n < place and view.head(entry.base_n) is not None:
        yield [place, entry.base_n]
    else:
        yield [place, place - 1]
