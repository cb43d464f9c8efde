"""A view's document, which shows its picture until somebody needs the engine; and who is told of changes.

The engine takes a second to load 10 MB of rich text. Lines, marks, clocks and maps are in the picture, so
that a pad is on the screen before; the first edit, or a quiet moment, loads it. It must never show a picture
that is not of the bytes that the engine will load: where the texts differ all the same, the engine is right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any, Final

from cryptpad_tui.crdt.deletions import deletions_of
from cryptpad_tui.crdt.engine_doc import EngineDocument
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.line_index import LineIndex
from cryptpad_tui.crdt.mark_index import MarkIndex
from cryptpad_tui.crdt.packed_marks import pack_lines
from cryptpad_tui.crdt.picture import Picture, encode_picture
from cryptpad_tui.crdt.picture_steps import joined
from cryptpad_tui.crdt.split import Range
from cryptpad_tui.crdt.values import Change, Origin, Position

_MANY_CHANGES: Final = 2_000
"""Of one transaction: reading all marks anew is quicker than following them."""

ChangeCallback = Callable[[Change], None]
MapCallback = Callable[[str, frozenset[str]], None]
MapReader = Callable[[str, Mapping[str, Any]], object]
"""Given a root and all that it holds, in any thread; changes nothing."""


class PicturedDocument:
    """What `ViewDocument` stands on. Belongs to the thread that made it."""

    def __init__(
        self, kind: PadKind, load: Callable[[], EngineDocument], client_id: int, picture: Picture | None
    ) -> None:
        """`load` gives the engine's document of the bytes that `picture` is of."""
        self.kind = kind
        self._callbacks: list[ChangeCallback] = []
        self._map_callbacks: list[MapCallback] = []
        self._readers: list[MapReader] = []
        self._found: Mapping[MapReader, object] = {}
        self._load: Callable[[], EngineDocument] | None = load if picture is not None else None
        self._picture = picture
        self._client_id = client_id
        self._loaded: EngineDocument | None = None
        self.is_own_work = True
        """Whether it holds what it was made of and own edits since, and nothing else."""
        self.marks: MarkIndex | None = None
        """The marks of the lines, for kinds that have any."""
        if picture is not None:
            self._show(picture)
            return
        self._loaded = load()
        self.lines = LineIndex(self._loaded.whole_text())
        if kind.format_keys:
            self.marks = MarkIndex(self.lines, self._loaded.pieces())

    def _show(self, picture: Picture) -> None:
        self.lines = LineIndex(picture.text)
        self.marks = MarkIndex(self.lines, (), kept=picture.chunks)
        for change in joined([change for step in picture.steps for change in step.changes]):
            for edit in change.edits:
                self.lines.replace(edit.start, edit.end, edit.text)
            self.marks.follow(change)
        if picture.steps:
            clocks, maps = picture.clocks_with_steps(), picture.maps_with_steps()
            self._picture = Picture(picture.text, picture.chunks, clocks, maps)

    # -- the engine

    @property
    def is_loaded(self) -> bool:
        """Whether the next edit costs no loading."""
        return self._loaded is not None

    def load(self) -> None:
        """Load the document, if that is still to do; costs its length."""
        if self._loaded is None and self._load is not None:
            engine = self._loaded = self._load()
            # What it was made of is as long as the document.
            self._load = self._picture = None
            if engine.whole_text() != self.text():
                self.lines.reset(engine.whole_text())
                self._tell(Change((), Origin.RELOAD))

    @property
    def _engine(self) -> EngineDocument:
        if self._loaded is None:
            self.load()
        assert self._loaded is not None
        return self._loaded

    @_engine.setter
    def _engine(self, engine: EngineDocument) -> None:
        self._loaded, self._load, self._picture, self.is_own_work = engine, None, None, False

    # -- observing

    def observe(self, callback: ChangeCallback) -> Callable[[], None]:
        """Call back after every change of the text, once `lines` is up to date; returns the unsubscriber."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def observe_maps(self, callback: MapCallback) -> Callable[[], None]:
        """Call back with a root and its changed keys after every change of a map."""
        self._map_callbacks.append(callback)
        return lambda: self._map_callbacks.remove(callback)

    def read_ahead(self, reader: MapReader) -> None:
        """Let this read the maps before a document that comes whole is shown, in the thread that loads it."""
        self._readers.append(reader)

    def found_ahead(self, reader: MapReader) -> object | None:
        """While a change is told: what it has read of the document that is shown; None where it did not."""
        return self._found.get(reader)

    def _tell(self, change: Change, *, is_same: bool = False) -> None:
        """`is_same`: another document says what was shown, marks and all."""
        if self.marks is not None and not is_same:
            if change.origin is Origin.RELOAD or len(change.edits) + len(change.formatted) > _MANY_CHANGES:
                self.marks.reset(self._engine.pieces())
            else:
                self.marks.follow(change)
        if change.edits or change.formatted or change.origin is Origin.RELOAD:
            for callback in tuple(self._callbacks):
                callback(change)
        for root, keys in self._engine.take_changed_keys().items():
            for map_callback in tuple(self._map_callbacks):
                map_callback(root, frozenset(keys))

    # -- what a picture answers

    def text(self) -> str:
        """The whole text; costs its length, so never for a key press."""
        return self.lines.text(Position(0, 0), self.lines.end)

    def state_vector(self) -> dict[int, int]:
        """How far each client's clock has come."""
        return dict(self._picture.clocks) if self._picture is not None else self._engine.state_vector()

    def take_updates(self) -> list[bytes]:
        """The engine's update of every own change since the last call, in order."""
        return self._loaded.take_updates() if self._loaded is not None else []

    def end_undo_group(self) -> None:
        """Let the next edit start a group of its own."""
        if self._loaded is not None:
            self._loaded.history.end_group()

    @property
    def client_id(self) -> int:
        """The client that this view's own edits are by."""
        return self._loaded.client_id if self._loaded is not None else self._client_id

    def map_items(self, root: str) -> dict[str, Any]:
        """Everything a map holds."""
        kept = self._kept_map(root)
        return self._engine.map_items(root) if kept is None else deepcopy(dict(kept))

    def map_value(self, root: str, key: str) -> Any:
        """What a map holds at a key; None if nothing."""
        kept = self._kept_map(root)
        return self._engine.value(root, key) if kept is None else deepcopy(kept.get(key))

    def _kept_map(self, root: str) -> Mapping[str, Any] | None:
        return self._picture.maps.get(root) if self._picture is not None else None

    # -- for the next opening

    def begin_picture(self) -> None:
        """Let `prepare_picture` begin anew."""
        if self.marks is not None:
            self.marks.begin_packing()

    def prepare_picture(self, lines: int) -> bool:
        """Do about so many lines of the work of `picture`; True if some are left."""
        return self.marks is not None and self.marks.pack(lines, pack_lines)

    def picture(self) -> bytes:
        """What it shows, for `read_picture`; costs its length. For a kind that has marks."""
        assert self.marks is not None
        maps: dict[str, Mapping[str, Any]] = {root: self.map_items(root) for root in self.kind.map_roots}
        return encode_picture(self.text(), self.marks.chunks(), self.state_vector(), maps)

    def deletions(self) -> Sequence[Range]:
        """Client, first clock and length of all that is deleted."""
        return deletions_of(self._engine.doc)
