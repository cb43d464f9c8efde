"""One view of one document: what a screen asks of it beside commands - frames, scrolling, the mouse, search.

It must never change the document but by the steps that `core` takes, never touch a terminal or a clock, and
never do work that grows with the document on a key press.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor import finding, pointer, viewport
from cryptpad_tui.editor.commands import COMMANDS
from cryptpad_tui.editor.core import EditorCore
from cryptpad_tui.editor.effects import Effects, ReadOnly
from cryptpad_tui.editor.find import Query, Replacement, replacements
from cryptpad_tui.editor.frame import Decoration, Frame
from cryptpad_tui.editor.highlight import Highlighter
from cryptpad_tui.editor.layout import Layout
from cryptpad_tui.editor.markdown_blocks import BlockState
from cryptpad_tui.editor.screen_rows import lines_of, row_showing
from cryptpad_tui.editor.selection import Selection, caret
from cryptpad_tui.editor.state import Find, Settings, Step
from cryptpad_tui.editor.viewport import Viewport


class Editor(EditorCore):
    """A view: its state is replaced as a whole after each command and each change of the document."""

    # -- the view

    def resize(self, width: int, height: int) -> None:
        """The text area has another size; the text on top stays on top."""
        state = self.state
        layout = state.layout.resized(width)
        rows = viewport.visible_rows(state.viewport, state.layout)
        had_caret = row_showing(state.layout, state.head) in rows
        view = viewport.at_top(Viewport(state.viewport.top, max(1, height)), layout, state.viewport.top)
        if len(rows) == state.viewport.height:
            # A larger window shows more of the text above rather than nothing below it.
            view = viewport.filled(view, layout)
        state = replace(state, layout=layout, viewport=view, goal=None)
        self.state = self._revealed(state) if had_caret else state

    def configure(self, settings: Settings) -> None:
        """Edit as these settings say from now on."""
        state = self.state
        layout = Layout(state.lines, state.layout.width, settings.tab_width, state.layout.margins)
        self.state = replace(state, settings=settings, layout=layout, goal=None)

    def scroll(self, rows: int) -> None:
        """Move the view, never the caret."""
        self.look(viewport.scrolled(self.state.viewport, self.state.layout, rows))

    def scroll_to(self, fraction: float) -> None:
        self.look(viewport.at_fraction(self.state.viewport, self.state.layout, fraction))

    def show(self, position: Position) -> None:
        """Scroll so that a place is visible; the caret stays."""
        place = self._document.lines.clamp(position)
        margin = self.state.settings.scroll_margin
        self.look(viewport.revealing(self.state.viewport, self.state.layout, place, margin))

    def look(self, view: Viewport) -> None:
        """Look from there; the caret stays."""
        self.state = replace(self.state, viewport=view)

    def reveal(self, position: Position, *, select_to: Position | None = None) -> None:
        """Go to a place, and select from it if asked."""
        selection = caret(position) if select_to is None else Selection(position, select_to)
        self._take(Step(selection=selection))

    def lines_shown(self) -> tuple[int, int]:
        """The lines that the view shows anything of, from the first to the last; it may name more."""
        state = self.state
        if state.marks is None:
            return state.viewport.top.line, state.viewport.top.line + state.viewport.height
        start, stop = lines_of(state.layout, viewport.visible_rows(state.viewport, state.layout))
        return start, stop - 1

    def frame(self, decorations: Sequence[Decoration] = ()) -> Frame:
        """What is visible."""
        return self._painter.frame(self.state, decorations)

    def refine(self, lines: int = 500) -> bool:
        """Lex a slice of what is not known yet; True if some is left."""
        return self._highlighter.refine(lines)

    def block_states(self, first: int, stop: int) -> list[BlockState]:
        """What the lines above carry into each of these lines of markdown; nothing in other kinds."""
        known = self._highlighter
        return known.states(first, stop) if isinstance(known, Highlighter) else []

    # -- the mouse, in cells of the text area

    def position_at(self, x: int, y: int) -> Position:
        return pointer.position_at(self.state, x, y)

    def click(self, x: int, y: int, *, count: int = 1, extend: bool = False) -> None:
        """Once for the caret, twice for the word, three times for the line."""
        self._take(pointer.clicked(self.state, x, y, count=count, extend=extend))
        chosen = self.state.selection.primary
        self._click = caret(chosen.anchor) if extend else chosen

    def drag(self, x: int, y: int) -> None:
        """Select from what was clicked; outside the text area the view scrolls a row."""
        self._take(pointer.dragged(self.state, x, y, self._click))

    # -- incremental search

    def highlight(self, query: Query | None) -> None:
        """Mark the matches of a query, or none."""
        state = self.state
        find = (
            None
            if query is None
            else Find(query, state.selection.primary, state.viewport, open=False, marked=True)
        )
        self.state = replace(state, find=find)

    def find_start(self) -> None:
        """Search from the caret."""
        self.state = finding.started(self.state)

    def find_update(self, query: Query | str) -> bool:
        """Show the first match; False if there is none. Raises BadPattern."""
        wanted = Query(query) if isinstance(query, str) else query
        self.state, found = finding.updated(self.state, wanted)
        return found

    def replace_one(self, template: str) -> Effects:
        """Replace the match that is shown, and go to the next. Raises BadPattern."""
        if self._document.read_only:
            return (ReadOnly(),)
        effects = self._take(finding.replace_one(self._current(), template))
        if not effects and self.state.selection.primary.empty:
            effects = self._take(COMMANDS["find.next"].run(self._current(), ""))
        return effects

    def replace_preview(self, template: str) -> list[Replacement]:
        """What `replace_all` would do. Raises BadPattern."""
        find = self.state.find
        return replacements(self.state.lines, find.query, template) if find and find.query.text else []

    def replace_all(self, template: str) -> Effects:
        """Replace every match as one undo step. Raises BadPattern."""
        if self._document.read_only:
            return (ReadOnly(),)
        return self._take(finding.replace_all(self._current(), template))

    def find_accept(self) -> None:
        """Stay at the match."""
        self.state = finding.accepted(self.state)

    def find_cancel(self) -> None:
        """Go back to where the search began."""
        self.state = finding.cancelled(self.state)
