"""The document that the editor shows: canonical plus this process's own unacknowledged edits.

Every edit goes through here and is converted once from characters to the engine's bytes. A key press
costs one lookup and one call of the engine, whatever the length of the text. Only validated updates
may come in through `apply`; it must never see foreign bytes that no validator passed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cryptpad_tui.crdt.anchors import locate_anchor, make_anchor
from cryptpad_tui.crdt.authorship import Written, map_writers, written_between
from cryptpad_tui.crdt.carried_undo import move_to, stand_on
from cryptpad_tui.crdt.clean import require_any, require_clean, require_formats, require_key
from cryptpad_tui.crdt.delta import apply_delta, delta_of
from cryptpad_tui.crdt.diff import smallest_edits
from cryptpad_tui.crdt.engine_doc import EngineDocument
from cryptpad_tui.crdt.errors import EngineFailure, UnfitValue
from cryptpad_tui.crdt.explicit_marks import explicit, explicit_in_place, inherits
from cryptpad_tui.crdt.kinds import META_ROOT, PadKind
from cryptpad_tui.crdt.mark_index import Run
from cryptpad_tui.crdt.picture import Picture
from cryptpad_tui.crdt.pictured import MapReader, PicturedDocument
from cryptpad_tui.crdt.rebase import write_text_edits
from cryptpad_tui.crdt.values import (
    Anchor,
    Attributes,
    Change,
    Formatted,
    Origin,
    Position,
    TextEdit,
)


@dataclass(frozen=True, slots=True, repr=False)
class Ahead:
    """A document that is not shown yet, and what those who follow the view have read of its maps."""

    engine: EngineDocument
    found: Mapping[MapReader, object]


class ViewDocument(PicturedDocument):
    """One pad as its editor sees it. Belongs to the thread that made it."""

    def __init__(
        self,
        *,
        client_id: int,
        kind: PadKind,
        state: bytes = b"",
        updates: Iterable[bytes] = (),
        now: Callable[[], float] = time.monotonic,
        picture: Picture | None = None,
    ) -> None:
        """`updates` are validated ones on top of `state`; one that the engine cannot take is left out.

        `picture`: of these very bytes, to be shown before they are loaded.
        """
        made_of = tuple(updates)
        super().__init__(
            kind, lambda: EngineDocument(kind, client_id, state, now, *made_of), client_id, picture
        )
        self.read_only = False
        self._now = now

    # -- own edits of the text

    def replace(
        self, start: Position, end: Position, text: str, attributes: Attributes | None = None
    ) -> None:
        """Put `text` in the place of a range. Attributes None takes over those of the place."""
        self._require_writable()
        self.load()
        require_clean(text)
        require_formats(self.kind, attributes)
        first, last = self.lines.byte_of(start), self.lines.byte_of(end)
        if first > last:
            raise IndexError("a range ends before it starts")
        if first == last and not text:
            return
        edits = explicit(self.marks, TextEdit(start, end, text, attributes))
        self._engine.replace(first, last, [(edit.text, edit.attributes) for edit in edits])
        self.lines.replace(start, end, text)
        self._tell(Change(tuple(edits), Origin.LOCAL))

    def replace_all(self, edits: Sequence[TextEdit]) -> None:
        """Make many edits at once: ascending, not overlapping, in the coordinates before the first."""
        self._require_writable()
        self.load()
        self._require_ascending(edits)
        if not edits:
            return
        self.end_undo_group()
        steps = [step for edit in edits for step in explicit_in_place(self.marks, edit)]
        spans = write_text_edits(self._engine, self.lines, steps, inherits=inherits(self.marks, steps))
        self.end_undo_group()
        self._tell(apply_delta(self.lines, delta_of(steps, spans), Origin.LOCAL))

    def set_text(self, text: str) -> None:
        """Make the text equal to `text` by the smallest edits, so that concurrent typing survives."""
        require_clean(text)
        self.load()
        self.replace_all(smallest_edits(self.text(), text))

    def format(self, start: Position, end: Position, attributes: Attributes) -> None:
        """Set marks on a range; a value of None takes the mark away."""
        self._require_writable()
        self.load()
        require_formats(self.kind, attributes)
        first, last = self.lines.byte_of(start), self.lines.byte_of(end)
        if first >= last or not attributes:
            return
        self._engine.format(first, last, attributes)
        self._tell(Change((), Origin.LOCAL, (Formatted(start, end, dict(attributes)),)))

    def _require_writable(self) -> None:
        if self.read_only:
            raise UnfitValue("this pad is read-only")

    def _require_ascending(self, edits: Sequence[TextEdit]) -> None:
        before = Position(0, 0)
        for edit in edits:
            if not before <= edit.start <= edit.end:
                raise IndexError("edits must ascend and not overlap")
            before = edit.end
            require_clean(edit.text)
            require_formats(self.kind, edit.attributes)

    # -- undo

    def undo(self) -> bool:
        """Take back the last group of own edits; True if there was one."""
        return self._step(self._engine.undo)

    def redo(self) -> bool:
        """Make again what `undo` took back; True if there was something."""
        return self._step(self._engine.redo)

    def _step(self, step: Callable[[], bool]) -> bool:
        self._require_writable()
        done = step()
        self.end_undo_group()
        self._follow(Origin.UNDO)
        return done

    # -- maps

    def meta(self, key: str) -> Any:
        """A shared setting, such as the title; None if it is not set."""
        return self.map_value(META_ROOT, key)

    def set_meta(self, key: str, value: object) -> None:
        """Set a shared setting."""
        self.set_map(META_ROOT, key, value)

    def map_keys(self, root: str) -> list[str]:
        """Where a map holds anything; much cheaper than what it holds."""
        return self._engine.map_keys(root)

    def set_map(self, root: str, key: str, value: object) -> None:
        """Set one key of a map."""
        self.set_maps(root, {key: value})

    def set_maps(self, root: str, values: Mapping[str, object]) -> None:
        """Set keys of a map, as one update."""
        self._require_writable()
        for key, value in values.items():
            require_key(key)
            require_any(value)
        shared = self._engine.map(root)
        with self._engine.own_transaction():
            for key, value in values.items():
                shared[key] = value
        self._tell(Change((), Origin.LOCAL))

    def delete_map(self, root: str, key: str) -> None:
        """Take one key out of a map; nothing happens if it is not there."""
        self._require_writable()
        shared = self._engine.map(root)
        if key in shared:
            with self._engine.own_transaction():
                del shared[key]
            self._tell(Change((), Origin.LOCAL))

    # -- what comes in, what goes out

    def apply(self, update: bytes) -> None:
        """Fold in a validated update of somebody else."""
        self.is_own_work = False
        self._take_in(update)

    def show_behind_picture(self, updates: Sequence[bytes]) -> None:
        """Edits that it is made of and its picture lacks; one that the engine cannot take is left out."""
        for update in updates:
            with suppress(EngineFailure):
                self._take_in(update)

    def _take_in(self, update: bytes) -> None:
        if self._engine.apply(update):
            self._follow(Origin.REMOTE)
        else:
            self._engine.take_delta()
            self.lines.reset(self._engine.whole_text())
            self._tell(Change((), Origin.RELOAD))

    def _follow(self, origin: Origin) -> None:
        """Bring `lines` up to date after the engine changed the text by itself."""
        delta = self._engine.take_delta()
        self._tell(Change((), origin) if delta is None else apply_delta(self.lines, delta, origin))

    def runs(self) -> list[Run]:
        """The whole text as runs of equal attributes; costs its length."""
        return self._engine.runs()

    def rebase(self, state: bytes, client_id: int, clocks: Mapping[int, int] | None = None) -> None:
        """Stand on canonical bytes as another client, with everything that this view shows.

        `state` must be of a log position up to which this view followed the log: what it holds and
        the view does not is taken back. The difference is made again and comes out of `take_updates`.
        `clocks`: those of `state`, where they are known.
        """
        self._engine = move_to(self._engine, state, client_id, self.lines, self._now, clocks)
        self._engine.take_changed_keys()
        self._tell(Change((), Origin.RELOAD), is_same=True)

    def reset(self, state: bytes, client_id: int, *, is_other: bool = False) -> None:
        """Show `state` and nothing else, as another client: for when nothing here is pending.

        `is_other`: it is of another log, and whatever is in it under the same ids is something else.
        """
        if is_other:
            self._engine = EngineDocument(self.kind, client_id, state, self._now)
            self.lines.reset(self._engine.whole_text())
        else:
            self._engine = stand_on(self._engine, state, client_id, self.lines, self._now)
        self._tell(Change((), Origin.RELOAD))

    def load_ahead(self, parts: Sequence[bytes], client_id: int) -> Ahead:
        """In a thread: what `show_ahead` then shows at once, as this client; for kinds without a text."""
        engine = EngineDocument(self.kind, client_id, b"", self._now, beneath=parts)
        found: dict[MapReader, object] = {}
        for root in self.kind.map_roots if self._readers else ():
            values = engine.map_items(root)
            found |= {reader: what for reader in self._readers if (what := reader(root, values)) is not None}
        return Ahead(engine, found)

    def show_ahead(self, ahead: Ahead) -> None:
        """As `reset` of another log's state; the document is this view's from here on."""
        self._engine, self._found = ahead.engine, ahead.found
        self.lines.reset("")
        try:
            self._tell(Change((), Origin.RELOAD))
        finally:
            self._found = {}

    def encode(self) -> bytes:
        """The whole state as one update; costs its length."""
        return self._engine.encode()

    # -- who wrote what

    def written_between(self, start: Position, end: Position) -> list[Written] | None:
        """Which client wrote each character of a range; None where the text is too fragmented to say."""
        items = self._engine.items(self.lines.byte_count)
        return None if items is None else written_between(items, self.lines, start, end)

    def map_writers(self, root: str) -> dict[str, int]:
        """Which client wrote the value of each key; costs the length of the document."""
        return map_writers(self.encode(), root)

    # -- anchors

    def anchor(self, p: Position, assoc: int = 0, *, exact: bool = False) -> Anchor:
        """Name a place by the character beside it; in a long rich text nearly, unless it must be `exact`."""
        return make_anchor(self._engine, self.lines, p, assoc, exact=exact)

    def prepare_places(self) -> bool:
        """Do a little of what finding an exact anchor would cost at once, in a document that is loaded; True
        where nothing is left to do."""
        if not self.is_loaded:
            return False
        is_ascii = self.lines.byte_count == self.lines.char_count
        return is_ascii or self._engine.build_items(self.lines.byte_count)

    def locate(self, a: Anchor, *, exact: bool = False) -> Position | None:
        """Where an anchor is; None if it is unknown here or hostile."""
        return locate_anchor(self._engine, self.lines, self.state_vector(), a, exact=exact)
