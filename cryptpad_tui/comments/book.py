"""A pad's comments: reading them, writing one, and where in the text each is.

A comment follows its text by anchors at both ends. Where the text is gone, the place it had is told with the
words that it was about. It must never edit the text, and never write what peers would refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from cryptpad_tui.comments import model
from cryptpad_tui.comments.model import CommentTooLong, Thread
from cryptpad_tui.crdt.kinds import COMMENTS_ROOT
from cryptpad_tui.crdt.values import Anchor, Position, end_of

__all__ = ["Book", "CommentTooLong", "Place"]

MAX_SEARCHES: Final = 100
"""So many threads are looked for by their words; each reads the text once."""
_KNOWN_BY_CHARS: Final = 12


class Lines(Protocol):
    """What is needed of a text."""

    def text(self, start: Position, end: Position) -> str: ...
    def clamp(self, p: Position) -> Position: ...


class Document(Protocol):
    """What is needed of a view document."""

    @property
    def lines(self) -> Lines: ...
    @property
    def client_id(self) -> int: ...
    def text(self) -> str: ...
    def map_items(self, root: str) -> dict[str, Any]: ...
    def set_map(self, root: str, key: str, value: object) -> None: ...
    def anchor(self, p: Position, assoc: int = 0, *, exact: bool = False) -> Anchor: ...
    def locate(self, a: Anchor, *, exact: bool = False) -> Position | None: ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where a thread's text is; equal ends where it is gone, and None where even its place is."""

    start: Position
    end: Position

    @property
    def gone(self) -> bool:
        return self.start == self.end


class Book:
    """The comments of one open pad."""

    def __init__(
        self,
        document: Document,
        *,
        name: Callable[[], str],
        wall_ms: Callable[[], int],
        rng: Callable[[int], bytes],
    ) -> None:
        self._document = document
        self._name = name
        self._wall_ms = wall_ms
        self._rng = rng

    def threads(self) -> list[Thread]:
        """Every thread, the oldest first."""
        return model.threads_of(self._document.map_items(COMMENTS_ROOT))

    def thread(self, name: str) -> Thread | None:
        """One thread as it is by now."""
        return next((thread for thread in self.threads() if thread.name == name), None)

    # -- writing

    def comment(self, start: Position, end: Position, text: str) -> str:
        """Begin a thread about a range of the text; its name. Raises CommentTooLong."""
        name = self._rng(8).hex()
        document = self._document
        remark = model.remark_value(text, self._name(), self._wall_ms())
        ends = document.anchor(start, 0, exact=True), document.anchor(end, -1, exact=True)
        value = model.root_value(remark, document.lines.text(start, end), self._around(start, end), *ends)
        document.set_map(COMMENTS_ROOT, model.root_key(name), value)
        return name

    def _around(self, start: Position, end: Position) -> tuple[str, str]:
        """A little of the same lines, since more would be another text soon."""
        lines = self._document.lines
        before = lines.text(Position(start.line, max(0, start.col - model.AROUND_CHARS)), start)
        stop = lines.clamp(Position(end.line, end.col + model.AROUND_CHARS))
        return before, lines.text(end, stop)

    def answer(self, thread: Thread, text: str) -> None:
        """Raises CommentTooLong."""
        latest = self.thread(thread.name) or thread
        key = model.answer_key(thread.name, model.next_number(latest), self._document.client_id)
        value = model.remark_value(text, self._name(), self._wall_ms())
        self._document.set_map(COMMENTS_ROOT, key, value)

    def set_done(self, thread: Thread, done: bool) -> None:
        """Resolve, or open again; the thread stays either way."""
        value = {"done": done, "name": self._name()[: model.MAX_NAME_CHARS], "at": self._wall_ms()}
        self._document.set_map(COMMENTS_ROOT, model.state_key(thread.name), value)

    # -- places

    def places(self, threads: list[Thread]) -> dict[str, Place]:
        """Where each is, by name; not those whose place is unknown."""
        found, missed = {}, []
        for thread in threads:
            start = self._document.locate(thread.start, exact=True)
            end = self._document.locate(thread.end, exact=True)
            if start is not None and end is not None:
                found[thread.name] = Place(start, max(start, end))
            if start is None or end is None or end <= start:
                missed.append(thread)
        if missed:
            found.update(self._by_their_words(missed[:MAX_SEARCHES], found))
        return found

    def _by_their_words(self, threads: list[Thread], known: Mapping[str, Place]) -> dict[str, Place]:
        """Words that come back by an undo, or were moved, or were typed by a writer that was replaced before
        it could send, are other characters to the engine. They are known by what stands around them.
        """
        text = self._document.text()
        found = {}
        for thread in threads:
            before, after = thread.around
            if len(thread.quote) >= model.MAX_QUOTE_CHARS:
                after = ""
            at = _only_place(text, before + thread.quote + after, at_least=_KNOWN_BY_CHARS)
            if at >= 0:
                at += len(before)
            elif thread.name not in known:
                at = _only_place(text, thread.quote, at_least=1)
            if at >= 0:
                start = end_of(Position(0, 0), text[:at])
                found[thread.name] = Place(start, end_of(start, thread.quote))
        return found


def _only_place(text: str, wanted: str, *, at_least: int) -> int:
    """Where it is, if it is there once; -1 where that would be a guess."""
    at = text.find(wanted) if len(wanted) >= at_least else -1
    return at if at >= 0 and text.find(wanted, at + 1) < 0 else -1
