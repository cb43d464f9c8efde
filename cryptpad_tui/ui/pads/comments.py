"""Comments beside the text: marked where they are, listed, written and answered.

Marks follow every edit at the cost of their number, never of the text's length; places that only the words
still tell are looked for when nobody types. Who wrote a comment is a signature's word: a name that nobody
signed is shown as what somebody says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from textual.timer import Timer

from cryptpad_tui.comments.book import Place
from cryptpad_tui.comments.model import CommentTooLong, Thread
from cryptpad_tui.crdt.authorship import map_writers
from cryptpad_tui.crdt.kinds import COMMENTS_ROOT
from cryptpad_tui.crdt.values import Change, Origin, Position, map_position
from cryptpad_tui.editor.clean import cleaned
from cryptpad_tui.editor.effects import ReadOnly
from cryptpad_tui.editor.frame import Decoration
from cryptpad_tui.editor.words import word_around
from cryptpad_tui.host.clock import wall_ms
from cryptpad_tui.ui import words
from cryptpad_tui.ui.pads import comment_words, mention_words
from cryptpad_tui.ui.pads.comment_words import Told
from cryptpad_tui.ui.pads.feature import PadFeature
from cryptpad_tui.ui.screens.base import Action
from cryptpad_tui.ui.screens.dialogs import AskDialog, ReportDialog
from cryptpad_tui.ui.screens.options import Option
from cryptpad_tui.ui.screens.threads import ThreadsScreen
from cryptpad_tui.ui.widgets.mention_field import MentionField
from cryptpad_tui.ui.widgets.parts import Part

if TYPE_CHECKING:
    from cryptpad_tui.ui.screens.pad import PadScreen

_SOON_S: Final = 0.1
_IDLE_S: Final = 1.0
_NEXT_S: Final = 0.02
_AT_ONCE: Final = 8
_MANY_STEPS: Final = 20_000
_NOTHING: Final = "Nobody has commented here yet. Alt+R comments on what is selected."
_NO_WORDS: Final = "There are no words here. Select what you want to comment on."


class Comments(PadFeature):
    """The threads of one pad on the screen."""

    def __init__(self, screen: PadScreen) -> None:
        super().__init__(screen)
        self._book = self.session.comments
        self._threads: list[Thread] = []
        self._places: dict[str, Place] = {}
        self._unfound: list[Thread] = []
        """Those that nobody looked for yet: each costs about a millisecond."""
        self._stale = True
        self._timer: Timer | None = None
        self._stops = (
            self.session.view.observe(self._text_changed),
            self.session.view.observe_maps(self._map_changed),
        )
        self.view.markers.append(self._marks)

    def actions(self) -> Mapping[str, Action]:
        return {
            "pad.comment": self._comment,
            "pad.comments": self._list,
            "pad.comment_next": self._next,
        }

    def look(self) -> None:
        if self._stale:
            self._read()

    def close(self) -> None:
        for stop in self._stops:
            stop()

    def status(self) -> list[Part]:
        count = sum(not thread.done for thread in self._threads)
        return [(f"{count} comment{'s' if count > 1 else ''}  ", "strong")] if count else []

    # ---- what changes

    def _map_changed(self, root: str, keys: frozenset[str]) -> None:
        if root == COMMENTS_ROOT:
            self._read_in(_SOON_S)

    def _text_changed(self, change: Change) -> None:
        if change.origin is Origin.RELOAD or len(change.edits) * len(self._places) > _MANY_STEPS:
            self._places = {}
            self._read_in(_SOON_S)
            return
        any_gone = len(self._places) + len(self._unfound) < len(self._threads)
        for name, place in self._places.items():
            moved = place
            for edit in change.edits:
                if edit.start <= moved.end:
                    start = map_position(moved.start, edit, push=not moved.gone)
                    end = map_position(moved.end, edit)
                    moved = Place(min(start, end), end)
            if moved != place:
                self._places[name] = moved
            any_gone = any_gone or moved.gone
        if any_gone and change.edits:
            self._read_in(_IDLE_S)

    def _read_in(self, delay_s: float) -> None:
        self._stale = True
        self._stop_timer()
        self._timer = self.screen.set_timer(delay_s, self._read) if self.screen.is_running else None

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _read(self) -> None:
        """Take the threads from the pad, and find them in the text."""
        self._stop_timer()
        self._stale = False
        before = (self._threads, self._places)
        self._threads = self._book.threads()
        # A place that was followed through every edit is where it would be found, at no cost.
        self._places = {name: place for name, place in self._places.items() if not place.gone}
        self._unfound = [thread for thread in self._threads if thread.name not in self._places]
        self._find_some()
        if (self._threads, self._places) != before:
            self._show_all()

    def _find_some(self, count: int = _AT_ONCE) -> None:
        """Find the next few in the text; keys come between these and the rest."""
        if self._unfound and self.screen.is_running and not self.session.view.prepare_places():
            self._timer = self.screen.set_timer(_NEXT_S, self._find_more)
            return
        some, self._unfound = self._unfound[:count], self._unfound[count:]
        self._places = self._places | self._book.places(some)
        if self._unfound and self.screen.is_running:
            self._timer = self.screen.set_timer(_NEXT_S, self._find_more)

    def _find_more(self) -> None:
        self._timer = None
        before = self._places
        self._find_some()
        if self._places is not before:
            self._show_all()

    def _show_all(self) -> None:
        if self.screen.is_running:
            self.view.update_view()
            self.screen.on_editor_view_moved()

    def _marks(self, first: int, last: int) -> Iterable[Decoration]:
        for thread in self._threads:
            place = self._places.get(thread.name)
            if place is None or place.gone or thread.done:
                continue
            if place.start.line <= last and place.end.line >= first:
                yield Decoration(place.start, place.end, "remark")

    # ---- going through them

    def _next(self) -> None:
        """The next one that is not done; behind the last comes the first."""
        self._fresh()
        here = self.view.position
        placed = sorted(
            (place.start, thread.name, thread)
            for thread in self._threads
            if not thread.done and (place := self._places.get(thread.name))
        )
        if not placed:
            self.screen.say(_NOTHING)
            return
        start, _, thread = next((one for one in placed if one[0] > here), placed[0])
        self.view.reveal(start)
        self.screen.say(words.safe_line(f"{thread.root.says}: {thread.root.text}"))

    async def _list(self) -> None:
        while True:
            told = await self._told()
            if not told:
                self.screen.say(_NOTHING)
                return
            name = await self.screen.door.push_screen_wait(ThreadsScreen(told))
            one = next((one for one in told if one.thread.name == name), None)
            if one is None or await self._show(one):
                return

    async def _told(self) -> list[Told]:
        """What there is to tell of each thread, in the order of the text; those that are done last."""
        self._fresh()
        # All that was ever written is read for the signatures, so not where keys wait for it.
        state = self.session.view.encode() if self._threads else b""
        writers = await asyncio.to_thread(map_writers, state, COMMENTS_ROOT) if state else {}
        authors = self.session.authors.by_client()
        now_ms = wall_ms()
        told = [
            comment_words.told_of(thread, self._places.get(thread.name), writers, authors, now_ms)
            for thread in self._threads
        ]
        return sorted(told, key=lambda one: (one.thread.done, one.line < 0, one.line))

    def _fresh(self) -> None:
        if self._stale:
            self._read()
        if self._unfound:
            self._stop_timer()
            self._find_some(len(self._unfound))

    # ---- one of them

    async def _show(self, told: Told) -> bool:
        """One thread and what can be done about it; True if the person went to the text."""
        options = [Option("go", "Go to the text")] if told.line >= 0 else []
        if not self.session.view.read_only:
            done = "Open it again" if told.thread.done else "Mark it as done (it is kept)"
            options += [Option("answer", "Answer"), Option("done", done)]
        dialog = ReportDialog(told.heading, told.paragraphs, [*options, Option("close", "Back")])
        answer = await self.screen.door.push_screen_wait(dialog)
        if answer == "go" and (place := self._places.get(told.thread.name)):
            self.view.reveal(place.start)
            return True
        if answer == "answer":
            await self._write("Your answer", lambda text: self._answer(told.thread, text))
        elif answer == "done":
            self._book.set_done(told.thread, not told.thread.done)
        return False

    def _answer(self, thread: Thread, text: str) -> None:
        self._book.answer(thread, text)
        mention_words.tell(self.screen, text, thread.name, thread)

    def go_to(self, thread: str) -> bool:
        self._fresh()
        place = self._places.get(thread)
        if place is not None:
            self.view.reveal(place.start)
        return place is not None

    async def _comment(self) -> None:
        """Comment on the selection; without one, show the comment here, or comment on the word."""
        chosen = self.view.editor.state.selection.primary
        start, end = chosen.start, chosen.end
        if chosen.empty:
            here = next((one for one in await self._told() if self._covers(one.thread, start)), None)
            if here is not None:
                await self._show(here)
                return
            start, end = self._word_at(start)
        if self.session.view.read_only:
            self.screen.say(ReadOnly.__doc__ or "")
        elif start == end:
            self.screen.say(_NO_WORDS)
        else:
            await self._begin(start, end)

    async def _begin(self, start: Position, end: Position) -> None:
        """The text may change while the person writes, so its ends are held by anchors."""
        view = self.session.view
        ends = view.anchor(start, 0), view.anchor(end, -1)
        title = f"Comment on “{comment_words.short(view.lines.text(start, end), 40)}”"

        def make(text: str) -> None:
            first, last = (view.locate(anchor) for anchor in ends)
            name = self._book.comment(first or start, max(first or start, last or end), text)
            mention_words.tell(self.screen, text, name)
            # The same key again shows the comment, and does not begin another on the same words.
            self.view.command("select.clear")

        await self._write(title, make)

    async def _write(self, title: str, make: comment_words.Make) -> None:
        problem, value = "", ""
        while True:
            said = (problem or "Everybody in the pad can read it.",)
            dialog = AskDialog(title, said, value=value)
            dialog.field = MentionField(lambda: mention_words.names(self.screen), value=value)
            asked = await self.screen.door.push_screen_wait(dialog)
            if asked is None or not asked.strip():
                return
            text, _ = cleaned(asked.strip())
            try:
                make(text)
            except CommentTooLong as error:
                problem, value = words.sentence_of(error), asked
                continue
            self._read()
            return

    def _covers(self, thread: Thread, position: Position) -> bool:
        place = self._places.get(thread.name)
        return place is not None and not thread.done and place.start <= position <= place.end

    def _word_at(self, position: Position) -> tuple[Position, Position]:
        text = self.session.view.lines[position.line]
        start, end = word_around(text, position.col)
        if not text[start:end].strip():
            start, end = 0, len(text) if text.strip() else 0
        return Position(position.line, start), Position(position.line, end)
