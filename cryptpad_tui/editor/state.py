"""What a command sees (`EditorState`) and what it answers (`Step`): values both.

A command never edits the document itself: it says which edits it wants and where the caret goes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from cryptpad_tui.crdt.mark_index import Frozen, MarkIndex
from cryptpad_tui.crdt.values import Formatted, Position, TextEdit
from cryptpad_tui.editor.effects import Effects
from cryptpad_tui.editor.find import Query
from cryptpad_tui.editor.layout import Layout, Lines
from cryptpad_tui.editor.selection import Selection, Selections
from cryptpad_tui.editor.viewport import Viewport


@dataclass(frozen=True, slots=True)
class Settings:
    """How a person likes to edit."""

    tab_width: int = 4
    indent: str = "    "
    scroll_margin: int = 2


@dataclass(frozen=True, slots=True)
class Find:
    """What is searched for; `origin` is where the search began, for going back there."""

    query: Query = field(repr=False)
    origin: Selection
    origin_view: Viewport
    open: bool = True
    marked: bool = False
    """The matches are shown though nobody writes what to find: vim's searches."""


@dataclass(frozen=True, slots=True)
class EditorState:
    """One view of a document. `goal` is the cell that up and down keep to; `marking` makes motions select."""

    lines: Lines = field(repr=False)
    layout: Layout = field(repr=False)
    viewport: Viewport
    selection: Selections = field(default_factory=Selections)
    clipboard: str = field(default="", repr=False)
    clipboard_lines: bool = False
    goal: int | None = None
    marking: bool = False
    find: Find | None = None
    settings: Settings = field(default_factory=Settings)
    markdown: bool = True
    read_only: bool = False
    marks: MarkIndex | None = field(default=None, repr=False)
    """The formats of a rich text; None for every other kind."""
    typing: Frozen | None = None
    """The marks that the next typed character gets, where a person chose them; else those around it."""
    cursor: Position | None = None
    """Where the caret is drawn when that is not the selection's head: vim's visual modes."""

    @property
    def drawn_caret(self) -> Position:
        return self.head if self.cursor is None else self.cursor

    @property
    def head(self) -> Position:
        return self.selection.primary.head

    def selected_text(self) -> str:
        chosen = self.selection.primary
        return self.lines.text(chosen.start, chosen.end)


@dataclass(frozen=True, slots=True)
class Step:
    """What a command answers. Edits are ascending, in the coordinates before the first of them.

    `selection` is where the caret goes, in the coordinates after the edits; None leaves it, mapped
    through them.
    """

    edits: tuple[TextEdit, ...] = ()
    selection: Selection | None = None
    goal: int | None = None
    marking: bool = False
    clipboard: str | None = field(default=None, repr=False)
    clipboard_lines: bool = False
    viewport: Viewport | None = None
    history: Literal["", "undo", "redo"] = ""
    own_group: bool = True
    """An undo step of its own; typing joins the step before it."""
    reveal: bool = True
    effects: Effects = ()
    formats: tuple[Formatted, ...] = ()
    """For rich text, in the coordinates after the edits."""
    typing: Frozen | None = None
    cursor: Position | None = None


def chosen_lines(state: EditorState) -> tuple[int, int]:
    """The lines a selection touches; a selection that ends at the start of a line does not touch it."""
    chosen = state.selection.primary
    last = chosen.end.line
    if chosen.end.col == 0 and chosen.start.line < last:
        last -= 1
    return chosen.start.line, last
