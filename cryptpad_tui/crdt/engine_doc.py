"""One document of the engine, with the roots of a pad kind and records of what each transaction did.

The rest of this room edits through it. It must never call back into our code while the engine holds a
transaction: what the engine reports is recorded, and taken after the transaction has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from pycrdt import Doc, Map, Text

from cryptpad_tui.crdt.batch import ByteEdit
from cryptpad_tui.crdt.collector import collector_paused, weakly
from cryptpad_tui.crdt.delta import Delta
from cryptpad_tui.crdt.errors import EngineFailure, UnfitValue, engine_call
from cryptpad_tui.crdt.items import ItemList
from cryptpad_tui.crdt.kept_items import KeptItems
from cryptpad_tui.crdt.kinds import ENTRIES_ROOT, META_ROOT, TEXT_ROOT, PadKind
from cryptpad_tui.crdt.known_gaps import KnownGaps, bytes_added, look_into
from cryptpad_tui.crdt.line_index import utf8_size, utf16_size
from cryptpad_tui.crdt.map_values import with_bytes
from cryptpad_tui.crdt.mark_index import Piece, Run, frozen, merged
from cryptpad_tui.crdt.pieces import pieces_of
from cryptpad_tui.crdt.undo_history import UndoHistory
from cryptpad_tui.crdt.values import Attributes
from cryptpad_tui.crdt.wire import decode_state_vector

_OWN = "own"
_REMADE = "remade"


class EngineDocument:
    """The engine's document of one pad, editable at UTF-8 byte offsets that the caller checked."""

    def __init__(
        self,
        kind: PadKind,
        client_id: int,
        state: bytes,
        now: Callable[[], float],
        *updates: bytes,
        beneath: Iterable[bytes] = (),
    ) -> None:
        """`beneath`: items of `state` with the content that it has deleted."""
        self.kind = kind
        self._updates: list[bytes] = []
        self._items = KeptItems(self.encode, self.whole_text)
        self._gaps = KnownGaps()
        self._own_clock: int | None = None
        self._delta: Delta | None = None
        self._is_foreseen = False
        self._has_touched_text = False
        self._changed_keys: dict[str, set[str]] = {}
        self._is_local = False
        self._is_remote = False
        self.client_id = client_id
        self.has_marks = bool(kind.format_keys)
        with engine_call():
            # Deleted content stays, or an undo would have nothing to bring back.
            self.doc: Doc[Any] = Doc(client_id=client_id, skip_gc=True)
            self._text: Text | None = self.doc.get(TEXT_ROOT, type=Text) if kind.has_text else None
            self._maps: dict[str, Map[Any]] = {root: self.doc.get(root, type=Map) for root in kind.map_roots}
            for update in (*beneath, *pieces_of(state, kind)):
                if update:
                    self.doc.apply_update(update)
            for update in updates:
                with suppress(EngineFailure), engine_call():
                    self.doc.apply_update(update)
            self.doc.observe(weakly(self._keep_update))
            if self._text is not None:
                # Past the wrapper, which works out the delta of every event whether it is read or not.
                self._subscription = self._text.integrated.observe(weakly(self._keep_delta))
            for root, shared in self._maps.items():
                self._watch(root, shared)
            scope = (
                self._text if self._text is not None else self._maps.get(ENTRIES_ROOT, self._maps[META_ROOT])
            )
            self.history = UndoHistory(self.doc, scope, _OWN, now)

    def _watch(self, root: str, shared: Map[Any]) -> None:
        shared.observe(partial(weakly(self._keep_keys), root))

    def _keep_keys(self, root: str, event: Any) -> None:
        self._changed_keys.setdefault(root, set()).update(event.keys)

    def _keep_update(self, event: Any) -> None:
        update = event.update
        if not self._is_remote:
            self._updates.append(update)
        self._items.note(update)

    def _keep_delta(self, event: Any) -> None:
        self._has_touched_text = True
        # Of some edits everything is known; working their delta out would cost a walk over the items.
        if not (self._is_local or self._is_foreseen):
            self._delta = list(event.delta)

    # -- changes; each returns nothing, the records say what happened

    @contextmanager
    def own_transaction(self, *, undoable: bool = True) -> Iterator[None]:
        """Everything inside is one update, and one step of the undo history if it is undoable."""
        self._is_local = True
        self._own_clock = None
        try:
            with engine_call(), self.doc.transaction(origin=_OWN if undoable else _REMADE):
                yield
        finally:
            self._is_local = False

    def replace_bytes(self, first: int, last: int, text: str, attributes: Attributes | None) -> None:
        """Inside an own transaction: replace a byte range of the text."""
        shared = self.text
        if last > first:
            del shared[first:last]
        if text:
            shared.insert(first, text, None if attributes is None else dict(attributes))

    def replace(self, first: int, last: int, pieces: Sequence[tuple[str, Attributes | None]]) -> None:
        """In an own transaction: replace a byte range by texts with their marks, one behind the other."""
        if len(pieces) == 1 and self._write_at_gap((first, last, pieces[0][0]), pieces[0][1]):
            return
        with self.own_transaction():
            at, end = first, last
            for text, attributes in pieces:
                self.replace_bytes(at, end, text, attributes)
                at = end = at + utf8_size(text)
        if len(pieces) == 1 and self._updates:
            self._gaps.learn_own(self._updates[-1], (first, last, pieces[0][0]), frozen(pieces[0][1] or {}))
        else:
            self._gaps.forget()

    def _write_at_gap(self, edit: ByteEdit, attributes: Attributes | None) -> bool:
        """Make an edit where somebody typed last without the engine's walk; False where that is not known."""
        clock = self._own_clock
        if clock is None:
            clock = self.state_vector().get(self.client_id, 0)
        update = self._gaps.written(self.client_id, clock, edit, frozen(attributes or {}))
        if update is None:
            return False
        first, last, text = edit
        expected = len(self.text) + utf8_size(text) - (last - first)
        with self.own_transaction():
            self.doc.apply_update(update)
        if len(self.text) != expected:
            raise EngineFailure("the text has another length than the edit makes")
        self._own_clock = clock + utf16_size(text)
        return True

    def format(self, first: int, last: int, attributes: Attributes) -> None:
        """In an own transaction: set marks on a byte range."""
        self._gaps.forget()
        with self.own_transaction():
            self.text.format(first, last, dict(attributes))

    def apply(self, update: bytes) -> bool:
        """Apply a validated update of somebody else. False where the text must be read anew after it."""
        looked = look_into(update) if self._text is not None else None
        foreseen = self._gaps.foreseen(looked) if looked is not None else None
        size = len(self.text) if foreseen is not None else 0
        self._is_remote, self._is_foreseen = True, foreseen is not None
        self._own_clock, self._has_touched_text = None, False
        try:
            with engine_call():
                self.doc.apply_update(update)
        except BaseException:
            self._gaps.forget()
            raise
        finally:
            self._is_remote = self._is_foreseen = False
        if foreseen is None:
            self._gaps.learn(looked, self._delta)
            return True
        if len(self.text) == size + bytes_added(foreseen):
            self._delta = foreseen
            return True
        self._gaps.forget()
        return not self._has_touched_text

    # -- records

    def take_updates(self) -> list[bytes]:
        """The observer's update of every own transaction since the last call."""
        taken, self._updates = self._updates, []
        return taken

    def forget_gaps(self) -> None:
        """Something is written past `replace`, `format` and `apply`."""
        self._gaps.forget()

    def last_update(self) -> bytes:
        """Of the last own transaction; it stays to be taken."""
        return self._updates[-1]

    def take_delta(self) -> Delta | None:
        """What the last transaction that was not local did to the text."""
        delta, self._delta = self._delta, None
        return delta

    def take_changed_keys(self) -> dict[str, set[str]]:
        """The map keys changed since the last call, by root."""
        changed, self._changed_keys = self._changed_keys, {}
        return changed

    # -- undo

    def undo(self) -> bool:
        """Take back the last group of own changes."""
        return self._step(self.history.undo)

    def redo(self) -> bool:
        """Make again what `undo` took back."""
        return self._step(self.history.redo)

    def _step(self, step: Callable[[], bool]) -> bool:
        self._gaps.forget()
        self._own_clock = None
        return step()

    def step_unseen(self, step: Callable[[], bool]) -> None:
        """A step of undo of which nobody will ask what it did to the text."""
        self._is_local = True
        try:
            with engine_call():
                step()
        finally:
            self._is_local = False

    # -- reading

    @property
    def text(self) -> Text:
        """The engine's text."""
        if self._text is None:
            raise UnfitValue("this kind of pad has no text")
        return self._text

    def whole_text(self) -> str:
        """The text, or nothing where the kind has none; costs its length."""
        with engine_call():
            return str(self._text) if self._text is not None else ""

    def pieces(self) -> Sequence[Piece]:
        """The text with its attributes, cut anywhere; costs its length."""
        with collector_paused(), engine_call(), self.doc.transaction() as txn:
            # Past the wrapper, which looks at each piece for an embedded object: no pad has one.
            found: list[Piece] = self.text.integrated.diff(txn._txn)
        return found

    def runs(self) -> list[Run]:
        """The text as maximal runs of equal attributes; costs its length."""
        return merged(self.pieces())

    def map(self, root: str) -> Map[Any]:
        """One of the kind's maps."""
        if root not in self._maps:
            raise UnfitValue("this kind of pad has no such map")
        return self._maps[root]

    def map_items(self, root: str) -> dict[str, Any]:
        """Everything a map holds."""
        with engine_call(), self.doc.transaction() as txn:
            # Past the wrapper, which opens three transactions a key: a long drive has 130,000.
            shared, inner = self.map(root).integrated, txn._txn
            return {key: with_bytes(shared.get(inner, key)) for key in shared.keys(inner)}

    def map_keys(self, root: str) -> list[str]:
        """Where a map holds anything."""
        with engine_call(), self.doc.transaction() as txn:
            return list(self.map(root).integrated.keys(txn._txn))

    def value(self, root: str, key: str) -> Any:
        """What a map holds at a key, or None."""
        with engine_call():
            return with_bytes(self.map(root).get(key))

    def items(self, text_bytes: int, *, cheaply: bool = False) -> ItemList | None:
        """The text's items in order; None where the text is too fragmented or the list differs from it."""
        return self._items.get(text_bytes, cheaply=cheaply)

    def build_items(self, text_bytes: int) -> bool:
        """Do a slice of making that list; True where nothing is left to do."""
        return self._items.build_on(text_bytes)

    def state_vector(self) -> dict[int, int]:
        """How far each client's clock has come."""
        with engine_call():
            return decode_state_vector(self.doc.get_state())

    def encode(self) -> bytes:
        """The whole state as one update; costs its length."""
        with engine_call():
            return self.doc.get_update()
