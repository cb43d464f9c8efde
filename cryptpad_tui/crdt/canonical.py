"""The canonical document: the log's entries folded strictly in its order. Foreign bytes stop here.

The validator's state and the engine's document move together. Nothing reaches the engine that did not
pass `check`, and what the engine raises on validated bytes ends this document: it may be half applied,
so it must never be read again, only made anew from the log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from threading import RLock
from types import MappingProxyType
from typing import Any

from pycrdt import Doc, Map, Text

from cryptpad_tui.crdt.collector import collector_paused
from cryptpad_tui.crdt.deletions import deletions_of
from cryptpad_tui.crdt.digest import digest_of_parts, encode_pairs
from cryptpad_tui.crdt.errors import EngineFailure, InvalidUpdate, engine_call
from cryptpad_tui.crdt.kept_as import EMPTY, KeptAs
from cryptpad_tui.crdt.kept_pairs import KeptPairs
from cryptpad_tui.crdt.kinds import TEXT_ROOT, PadKind
from cryptpad_tui.crdt.made_of import MadeOf
from cryptpad_tui.crdt.order import DocumentOrder
from cryptpad_tui.crdt.own_state import OwnRanges, OwnState, ranges_of
from cryptpad_tui.crdt.pieces import in_pieces, pieces_of
from cryptpad_tui.crdt.snapshot_check import check_snapshot
from cryptpad_tui.crdt.split import Range, void_update
from cryptpad_tui.crdt.validator import Checked, FoldState
from cryptpad_tui.crdt.wire import decode_state_vector, encode_state_vector

__all__ = ["CanonicalDocument", "Checked", "EngineFailure", "InvalidUpdate"]

_NO_CLIENT = 0
"""The canonical document writes nothing, so it needs no client id of its own."""
_MANY_PAIRS = 1_000
"""In a map of more the digest keeps what it read."""
_LONG_BYTES = 262_144
"""What was kept is read beside all else where it is longer."""
_CLOCKS_A_BYTE = 16


class CanonicalDocument:
    """One pad's canonical state: validator and engine."""

    def __init__(self, kind: PadKind) -> None:
        self.kind = kind
        self._state = FoldState(kind, DocumentOrder(self._encode_beyond))
        self._broken = False
        self._own: OwnState | None = None
        self._reading = RLock()
        """Held by the thread that reads what was kept; who needs it meanwhile waits."""
        self._made_of = MadeOf()
        self._kept_pairs: dict[str, KeptPairs] = {}
        self.may_wait = False
        """Whether `check` may raise NeedsTime, to be called again when `prepare` has nothing left to do."""
        self.kept_as = KeptAs(EMPTY if kind.format_keys else None)
        with engine_call():
            self._doc: Doc[Any] = Doc(client_id=_NO_CLIENT)
            self._text = self._doc.get(TEXT_ROOT, type=Text) if kind.has_text else None
            self._maps: dict[str, Map[Any]] = {root: self._doc.get(root, type=Map) for root in kind.map_roots}

    @classmethod
    def from_snapshot(cls, kind: PadKind, update: bytes, clocks: Mapping[int, int]) -> CanonicalDocument:
        """Check a snapshot's update against the table's clocks and load it.

        Raises InvalidUpdate, or EngineFailure where the engine raises on what passed.
        """
        document = cls(kind)
        document.kept_as = KeptAs(None)
        document._check_and_load(update, clocks)
        return document

    @classmethod
    def from_own_state(
        cls, kind: PadKind, update: bytes, clocks: Mapping[int, int], ranges: OwnRanges | None = None
    ) -> CanonicalDocument:
        """Take what `encode` of a document gave that was kept where nobody else writes; for nothing else.

        `ranges` is what its `ranges` gave. It is read when somebody first asks for more than its bytes.
        """
        document = cls(kind)
        document._own = OwnState(update, {client: clock for client, clock in clocks.items() if clock}, ranges)
        document.kept_as = KeptAs(update if kind.format_keys else None)
        return document

    def _check_and_load(self, update: bytes, clocks: Mapping[int, int]) -> None:
        self._state = check_snapshot(self.kind, update, clocks, self._encode_beyond)
        pieces = self._load(update)
        self._made_of = MadeOf(update, () if self.kind.has_text else pieces)

    def _load(self, update: bytes) -> list[bytes]:
        """What the validator's state is of; the pieces in which it went."""
        pieces = pieces_of(update, self.kind)
        for piece in pieces:
            self._call_engine(piece)
        self._require_complete()
        if len(pieces) > 1:
            for root in self._maps:
                self._encoded(root)
        return pieces

    def _require_complete(self) -> None:
        if self._engine_clocks() != self._state.clocks:
            # The engine holds back what refers to itself in a circle.
            raise InvalidUpdate("structs that never become visible")

    def _read_own(self) -> None:
        """Let validator and engine read what was kept, once."""
        if self._own is None:
            return
        with self._reading:
            own = self._own
            if own is None:
                return
            self._require_sound()
            try:
                self._state = own.read(self.kind, self._encode_beyond)
                self._load(own.update)
                self._made_of = MadeOf(own.update)
                for client_id, updates in own.later:
                    self._fold(self._state.check(client_id, updates, checked_before=True))
            except BaseException:
                self._broken = True
                raise
            self._own = None

    def load_beside(self) -> None:
        """In a thread: read what was kept, if that is still to do, while others of the process go on. Whoever
        asks for it later is told of trouble with it."""
        with suppress(EngineFailure, InvalidUpdate), in_pieces():
            self._read_own()

    @property
    def is_long_unread(self) -> bool:
        """Whether `load_beside` is worth a thread."""
        own = self._own
        return own is not None and len(own.update) >= _LONG_BYTES and not self._broken

    @property
    def cost_bytes(self) -> int:
        """What judging and showing an edit of one letter costs in bytes of a long one: where it stands the
        engine tells by writing out a part of the text."""
        return sum(self.clocks.values()) // _CLOCKS_A_BYTE if self.kind.has_text else 0

    @property
    def has_begun(self) -> bool:
        """Whether an edit of somebody else began what the next may need whole, so that `go_on` ends it."""
        return self._own is None and not self._broken and self._state.order.is_begun

    def go_on(self) -> None:
        """Do a little of it. Trouble with it is for the edit that needs it."""
        if self.has_begun:
            self.prepare()

    def prepare(self) -> bool:
        """Do a little of what an edit needs that needs it whole; whether something is left."""
        self._read_own()
        return self._state.order.prepare()

    @property
    def clocks(self) -> Mapping[int, int]:
        """How far each client's clock has come."""
        own = self._own
        return MappingProxyType(own.reached() if own is not None else self._state.clocks)

    @property
    def is_as_kept(self) -> bool:
        """Whether it is what was kept, unread."""
        return self._own is not None

    def deletions(self) -> Sequence[Range]:
        """Client, first clock and length of all that is deleted."""
        self._read_own()
        self._require_sound()
        return deletions_of(self._doc)

    def ranges(self) -> OwnRanges | None:
        """What the validator knows of the clocks, for `from_own_state`."""
        own = self._own_alone()
        return own.ranges if own is not None else ranges_of(self._state)

    def _own_alone(self) -> OwnState | None:
        """What was kept, where that is all and nobody read it yet."""
        own = self._own
        if own is None or not own.later:
            return own
        self._read_own()
        return None

    def check(self, client_id: int, updates: Sequence[bytes]) -> Checked:
        """Judge one entry's updates in order, changing nothing.

        Raises InvalidUpdate, the verdict; EngineFailure or CannotLoadHere where this process cannot tell.
        """
        self._read_own()
        self._state.order.may_wait = self.may_wait
        return self._state.check(client_id, updates)

    def check_void(self, client_id: int, updates: Sequence[bytes]) -> Checked:
        """Judge a voided entry and keep of it only that its clocks are taken (protocol §5, VOID)."""
        self._read_own()
        self._state.check(client_id, updates)
        return self._state.check(client_id, [void_update(update) for update in updates])

    def apply(self, checked: Checked) -> None:
        """Fold what passed `check` in this very state."""
        self._read_own()
        self._fold(checked)
        self.kept_as.folded(checked.updates)

    def apply_again(self, client_id: int, updates: Sequence[bytes]) -> Sequence[bytes]:
        """Fold what this vault checked and folded here before, as its log says; read when that is needed."""
        with self._reading:
            if self._own is None:
                self.apply(self._state.check(client_id, updates, checked_before=True))
                return updates
            self._own.add(client_id, updates)
        self.kept_as.folded(updates)
        return updates

    def _fold(self, checked: Checked) -> None:
        if self._state.clocks.get(checked.client_id, 0) != checked.first_clock:
            raise ValueError("checked against another state")
        self._call_engine(*checked.updates)
        self._state.join(checked)
        self._made_of.add(checked.updates)
        for kept in self._kept_pairs.values():
            kept.follow()

    def _call_engine(self, *updates: bytes) -> None:
        self._require_sound()
        try:
            with engine_call(), self._doc.transaction():
                for update in updates:
                    self._doc.apply_update(update)
        except BaseException:
            self._broken = True
            raise

    def _require_sound(self) -> None:
        if self._broken:
            raise EngineFailure("the document was discarded")

    def _engine_clocks(self) -> dict[int, int]:
        with engine_call():
            return decode_state_vector(self._doc.get_state())

    def encode(self) -> bytes:
        """The whole state as one update."""
        own = self._own_alone()
        if own is not None:
            self._require_sound()
            return own.update
        whole = self._made_of.whole
        self._require_sound()
        return self._encode_beyond({}) if whole is None else whole

    def state_and_later(self) -> tuple[bytes, Sequence[bytes]]:
        """The same without reading what was kept: bytes, and the updates that come behind them."""
        own = self._own
        if own is None:
            return self.encode(), ()
        return own.update, [update for _, updates in own.later for update in updates]

    def parts(self) -> Sequence[bytes]:
        """The state as updates for one document after the other; empty where only `encode` has it."""
        return () if self._own is not None or self._broken else self._made_of.parts

    def forget_parts(self) -> None:
        """Nobody asks for them any more."""
        self._made_of = MadeOf()

    def _encode_beyond(self, clocks: Mapping[int, int]) -> bytes:
        """What is written from these clocks on, and all that is deleted."""
        self._require_sound()
        with engine_call():
            return self._doc.get_update(encode_state_vector(clocks))

    def text(self) -> str:
        """The whole text."""
        self._read_own()
        self._require_sound()
        with engine_call():
            return str(self._text) if self._text is not None else ""

    def text_bytes(self) -> int:
        """The size of the text in UTF-8; costs nothing."""
        self._read_own()
        self._require_sound()
        with engine_call():
            return len(self._text) if self._text is not None else 0

    def runs(self) -> list[tuple[str, dict[str, Any] | None]]:
        """The text as runs of equal attributes."""
        self._read_own()
        self._require_sound()
        if self._text is None:
            return []
        if not self.kind.format_keys:
            return [(self.text(), None)]
        with collector_paused(), engine_call(), self._doc.transaction() as txn:
            # Past the wrapper, which looks at each piece for an embedded object: no pad has one.
            found: list[tuple[str, dict[str, Any] | None]] = self._text.integrated.diff(txn._txn)
        return found

    def maps(self) -> dict[str, dict[str, Any]]:
        """Everything the maps hold; a key whose read raises is absent."""
        self._read_own()
        self._require_sound()
        return {root: self._items_of(shared) for root, shared in self._maps.items()}

    def _items_of(self, shared: Map[Any]) -> dict[str, Any]:
        with suppress(EngineFailure), engine_call(), self._doc.transaction() as txn:
            # Past the wrapper, which opens three transactions a key: a long drive has 130,000.
            integrated, inner = shared.integrated, txn._txn
            return {key: integrated.get(inner, key) for key in integrated.keys(inner)}
        values: dict[str, Any] = {}
        with engine_call():
            keys = list(shared.keys())
        for key in keys:
            with suppress(EngineFailure), engine_call():
                values[key] = shared.get(key)
        return values

    def content_digest(self) -> bytes:
        """32 bytes that say what the document means (protocol §11); costs its length."""
        self._read_own()
        self._require_sound()
        return digest_of_parts(self.text(), self.runs(), {root: self._encoded(root) for root in self._maps})

    def _encoded(self, root: str) -> bytes:
        if kept := self._kept_pairs.get(root):
            return kept.encoded()
        values = self._items_of(self._maps[root])
        if len(values) < _MANY_PAIRS:
            return encode_pairs(values)
        kept = self._kept_pairs[root] = KeptPairs(self._maps[root], values)
        return kept.encoded()
