"""Full text of all pads: results with the words around the match, as one types. The answer is a match.

Questions are asked in a thread, once the keys rest for a moment: a key press waits for none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import regex
from textual.app import ComposeResult
from textual.timer import Timer

from cryptpad_relay.protocol.term_safe import term_safe
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor.find import BadPattern, Query, find_next
from cryptpad_tui.engine import searching
from cryptpad_tui.ui import words
from cryptpad_tui.ui.screens.base import Action, Dialog, ListKeys
from cryptpad_tui.ui.screens.fields import Field
from cryptpad_tui.ui.widgets.parts import Part
from cryptpad_tui.ui.widgets.row_list import Painting, RowList
from cryptpad_tui.ui.widgets.text_line import StatusLine, TextLine
from cryptpad_tui.vault.search import CLOSE, OPEN, Match

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine
    from cryptpad_tui.ui.screens.pad import PadScreen

_REST_S: Final = 0.12
_LIMIT: Final = 50
_MANY_LEFT: Final = 20
"""So many pads that are not read yet are worth a word."""
_TITLE_CELLS: Final = 24
_ROOMY: Final = 60
_SHOWN_BEFORE: Final = 18
"""So much of what stands before a match is shown, so that the match itself is."""
_MOST_WORDS: Final = 8
_LINE_ENDS: Final = regex.compile(r"[ \t]*\n\s*")
_MARKED: Final = regex.compile(f"{OPEN}([^{CLOSE}]*){CLOSE}")
_HINT: Final = (
    (),
    ((" Words that are in the text, the title or a tag of a pad.", ""),),
    (),
    ((' "two words"', "key"), ("   one behind the other", "")),
    ((" begin*", "key"), ("        every word that begins so", "")),
    ((" title:plan", "key"), ("    only in titles;  ", ""), ("tag:red", "key"), ("  only in tags", "")),
)
_NOTHING: Final = ((), ((" No pad has all of that in it. A word may end in *.", "muted"),))


class SearchScreen(Dialog[Match], ListKeys):
    """The answer is what was chosen."""

    contexts = ("dialog", "list", "everywhere")

    def __init__(self, engine: Engine, folders: Mapping[bytes, str], query: str = "") -> None:
        """`folders`: where each pad lies."""
        super().__init__()
        self._engine, self._folders = engine, folders
        self.field = Field(
            id="filter", value=query, placeholder="Search the text of all pads", select_on_focus=True
        )
        self.found: RowList[Match] = RowList(self._paint, empty=_HINT, id="found")
        self.asked = ""
        """What the results are of."""
        self._timer: Timer | None = None

    def body(self) -> ComposeResult:
        yield TextLine([(" Search", "strong")], id="header")
        yield self.field
        yield self.found
        yield StatusLine(id="status")
        yield self.key_bar()

    def on_mount(self) -> None:
        self.field.focus()
        self.door.start(self._catch_up())
        if self.field.value:
            self._ask_soon()

    async def _catch_up(self) -> None:
        """What changed since the last search is read first, and found as it is read."""
        read = 0
        async for left in searching.catch_up_by_and_by(self._engine):
            if not self.is_attached or self.door.engine is not self._engine:
                return
            read += 1
            if left > _MANY_LEFT:
                told = f" Reading what changed: {left} pads left"
                self.query_one(StatusLine).show([(told, "muted")])
            if read % 16 == 0:
                self._ask_soon()
        if read and self.is_attached:
            self.query_one(StatusLine).show([])
            self._ask_soon()

    def on_input_changed(self) -> None:
        self._ask_soon()

    def _ask_soon(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_REST_S, lambda: self.door.start(self._ask()))

    async def _ask(self) -> None:
        query = self.field.value
        matches = await asyncio.to_thread(searching.search, self._engine, query, limit=_LIMIT)
        if self.is_attached and query == self.field.value:
            self._show(query, matches)

    def _show(self, query: str, matches: Sequence[Match]) -> None:
        index = 0 if query != self.asked else None
        self.asked = query
        self.found.show_empty(_NOTHING if query.strip() else _HINT)
        self.found.show(list(matches), index=index)
        count = f"the {_LIMIT} best" if len(matches) == _LIMIT else f"{len(matches)} found"
        self.query_one("#header", TextLine).show(
            [(" Search", "strong")], [(f"{count} " if query.strip() else "", "muted")]
        )

    def on_row_list_chosen(self) -> None:
        self.door.start(self._choose())

    def actions(self) -> Mapping[str, Action]:
        return {**super().actions(), **self.list_actions(self.found), "dialog.choose": self._choose}

    async def _choose(self) -> None:
        if self.field.value != self.asked:  # Enter may come before the answer
            await self._ask()
        if self.found.chosen is not None:
            self.dismiss(self.found.chosen)

    def _paint(self, match: Match, width: int) -> Painting:
        title = words.safe_title(match.title)
        if width < _ROOMY:
            return [(title, "strong")], []
        left: list[Part] = [(_column(title, _TITLE_CELLS), "strong"), (" ", ""), *_snippet(match.snippet)]
        return left, [(f" {_place(match, self._folders.get(match.pad_id, ''))}", "muted")]


def _place(match: Match, folder: str) -> str:
    if match.line:
        return f"line {match.line}"
    return f"in {words.safe_title(folder)}" if folder else "title or tag"


def _column(text: str, cells: int) -> str:
    from rich.cells import set_cell_size

    return text if not text else set_cell_size(text, cells)


def _snippet(snippet: str) -> list[Part]:
    """The words around the match, the match itself marked, and never too far to the right."""
    parts: list[Part] = []
    for at, piece in enumerate(regex.split(f"[{OPEN}{CLOSE}]", snippet)):
        text = term_safe(_LINE_ENDS.sub(" ⏎ ", piece))
        if at == 0 and len(text) > _SHOWN_BEFORE:
            text = f"…{text[-_SHOWN_BEFORE:]}"
        parts.append((text, "key" if at % 2 else ""))
    return parts


def marked_words(snippet: str) -> list[str]:
    """What matched, as it stands in the text."""
    found: dict[str, None] = {}
    for text in _MARKED.findall(snippet):
        for line in text.split("\n"):
            if line.strip():
                found[line] = None
    return list(found)[:_MOST_WORDS]


def show_match(screen: PadScreen, match: Match) -> None:
    """Put the caret at the match, and mark what was searched for."""
    wanted = marked_words(match.snippet)
    if match.line is None or not wanted:
        return
    query = Query("|".join(regex.escape(each) for each in wanted), is_regex=True)
    editor = screen.view.editor
    try:
        place = find_next(editor.state.lines, query, editor.state.lines.clamp(Position(match.line - 1, 0)))
    except BadPattern:
        return
    if place is not None:
        screen.view.reveal(place.start)
        editor.highlight(query)
        screen.view.update_view()
