"""The state of one view of one document: commands change it, and so do the edits of others.

The commands are pure; this shell alone changes the document and keeps the state. It must never draw,
never touch a terminal or a clock, and never do work that grows with the document on a key press.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from cryptpad_tui.crdt.values import Change, Origin, Position
from cryptpad_tui.editor import edits, finding, rich_copies, viewport
from cryptpad_tui.editor.code_colours import CodeColours, colours_of_code, colours_of_rich
from cryptpad_tui.editor.code_languages import MARKDOWN
from cryptpad_tui.editor.commands import COMMANDS
from cryptpad_tui.editor.document import Document
from cryptpad_tui.editor.effects import Effects, Notice, ReadOnly
from cryptpad_tui.editor.highlight import Highlighter, lexer_of
from cryptpad_tui.editor.keymap import UnknownCommand
from cryptpad_tui.editor.layout import Layout, Lines, Margins, NoMargins
from cryptpad_tui.editor.painter import Painter
from cryptpad_tui.editor.rich_look import RichLook
from cryptpad_tui.editor.rich_signs import typed_sign
from cryptpad_tui.editor.selection import Selection, Selections, caret, changed_place, mapped, on_edge
from cryptpad_tui.editor.state import EditorState, Settings, Step

_FEW_EDITS: Final = 200
_LINES_KEPT: Final = frozenset({"line.move_up", "line.move_down", "line.duplicate"})
"""Commands that make lines again elsewhere."""


class EditorCore:
    """A view: its state is replaced as a whole after each command and each change of the document."""

    def __init__(
        self,
        document: Document,
        *,
        width: int = 80,
        height: int = 24,
        language: str = MARKDOWN,
        settings: Settings = Settings(),  # noqa: B008 - frozen
    ) -> None:
        """A document with marks is shown as rich text, whatever `language` says."""
        self._document = document
        self._language = language
        lines = document.lines
        margins = self._style(lines)
        self.state = EditorState(
            lines,
            Layout(lines, width, settings.tab_width, margins),
            viewport.from_start(height),
            settings=settings,
            markdown=document.marks is None and language == MARKDOWN,
            read_only=document.read_only,
            marks=document.marks,
        )
        self._copied = rich_copies.Copied()
        self._undoing = False  # the change that is being observed is this view's undo
        self._undone: Position | None = None
        self._undone_at: Position | None = None
        self._click = self.state.selection.primary  # what a drag extends
        self._unsubscribe = document.observe(self._follow)

    caption: Callable[[object], str] = staticmethod(lambda value: "")
    """What is said of an object in rich text; set it before the next `restyle`."""

    def show_captions(self, caption: Callable[[object], str]) -> None:
        """Say this of objects from the next frame on."""
        self.caption = caption
        if isinstance(self._highlighter, RichLook):
            self._highlighter.caption = caption

    def _style(self, lines: Lines) -> Margins:
        """Begin to colour the lines anew; what stands left of them comes with it."""
        marks = self._document.marks
        if marks is not None:
            look = RichLook(lines, marks)
            look.caption = self.caption
            self._highlighter: Highlighter | RichLook = look
            self.code: CodeColours | None = colours_of_rich(lines, marks)
            self._painter = Painter(look, self.code)
            return look
        self._highlighter = Highlighter(lines, lexer_of(self._language))
        self.code = colours_of_code(lines, self._highlighter, self._language)
        self._painter = Painter(self._highlighter, self.code)
        return NoMargins()

    @property
    def has_headings(self) -> bool:
        """Whether the text can have any: code has none, whatever its comments look like."""
        return self.state.markdown or self.state.marks is not None

    def speak(self, language: str) -> bool:
        """Read the text as this language; False if nothing changes. Rich text stays what it is."""
        if language == self._language or self._document.marks is not None:
            return False
        self._language = language
        self._style(self._document.lines)
        self.state = replace(self.state, markdown=language == MARKDOWN)
        return True

    def close(self) -> None:
        """Stop following the document."""
        self._unsubscribe()

    # -- commands

    def run(self, name: str, argument: str = "") -> Effects:
        """Run a command by its name."""
        command = COMMANDS.get(name)
        if command is None:
            raise UnknownCommand(name)
        if command.edits and self._document.read_only:
            return (ReadOnly(),)
        return self._take(self._with_marks(name, command.run(self._current(), argument)))

    def type(self, text: str) -> Effects:
        """One printable key."""
        if self._document.read_only:
            return (ReadOnly(),)
        effects = self._take(edits.insert_text(self._current(), text))
        if self.state.marks is not None and (sign := typed_sign(self.state)) is not None:
            effects += self._take(sign)
        return effects

    def paste(self, text: str) -> Effects:
        """What the terminal pasted."""
        if self._document.read_only:
            return (ReadOnly(),)
        return self._take(self._with_marks("clipboard.paste", edits.insert_pasted(self._current(), text)))

    def _with_marks(self, name: str, step: Step) -> Step:
        """A step on rich text that copies, pastes or moves text: with the marks of that text."""
        if name.startswith("line."):
            return rich_copies.line_step(self.state, name, step) if name in _LINES_KEPT else step
        if step.clipboard is not None:
            self._copied = rich_copies.copied(self.state, step) or rich_copies.Copied()
        return rich_copies.pasted(self.state, step, self._copied) if name == "clipboard.paste" else step

    def take(self, step: Step) -> Effects:
        """Do what a command outside of the table answered."""
        if (step.edits or step.formats or step.history) and self._document.read_only:
            return (ReadOnly(),)
        return self._take(step)

    @property
    def read_only(self) -> bool:
        return self._document.read_only

    def end_undo_group(self) -> None:
        """Let the next edit start an undo step of its own."""
        self._document.end_undo_group()

    @property
    def undone_at(self) -> Position | None:
        """Where the last undo or redo changed the text first."""
        return self._undone_at

    def selected_text(self) -> str:
        return self.state.selected_text()

    def _current(self) -> EditorState:
        if self.state.read_only != self._document.read_only:
            self.state = replace(self.state, read_only=self._document.read_only)
        return self.state

    def _take(self, step: Step) -> Effects:
        """Do what a command answered."""
        effects = step.effects
        if step.history:
            effects += self._undo_or_redo(step.history)
        elif step.edits or step.formats:
            self._edit(step)
        elif step.selection is not None and step.selection != self.state.selection.primary:
            self._document.end_undo_group()
        state = self.state
        if step.selection is not None:
            state = replace(state, selection=Selections((self._sound(step.selection),)))
        if step.clipboard is not None:
            state = replace(state, clipboard=step.clipboard, clipboard_lines=step.clipboard_lines)
        state = replace(
            state,
            goal=step.goal,
            marking=step.marking,
            viewport=step.viewport or state.viewport,
            typing=step.typing,
            cursor=None if step.cursor is None else on_edge(step.cursor, self._document.lines),
        )
        self.state = self._revealed(state) if step.reveal else state
        return effects

    def _sound(self, selection: Selection) -> Selection:
        """Inside the text and at cluster edges, whatever the edit joined."""
        lines = self._document.lines
        head = on_edge(selection.head, lines)
        return caret(head) if selection.empty else Selection(on_edge(selection.anchor, lines), head)

    def _revealed(self, state: EditorState) -> EditorState:
        margin = state.settings.scroll_margin
        view = viewport.revealing(state.viewport, state.layout, state.drawn_caret, margin)
        return state if view == state.viewport else replace(state, viewport=view)

    def _edit(self, step: Step) -> None:
        if step.own_group:
            self._document.end_undo_group()
        if len(step.edits) == 1:
            one = step.edits[0]
            self._document.replace(one.start, one.end, one.text, one.attributes)
        elif self.state.marks is not None and step.formats and len(step.edits) <= _FEW_EDITS:
            # One after the other, the last first: with the formats after them they are one undo step.
            for one in reversed(step.edits):
                self._document.replace(one.start, one.end, one.text, one.attributes)
        elif step.edits:
            self._document.replace_all(step.edits)
        for start, end, attributes in step.formats:
            self._document.format(start, end, attributes)
        if step.own_group:
            self._document.end_undo_group()

    def _undo_or_redo(self, which: str) -> Effects:
        self._undone = self._undone_at = None
        self._undoing = True
        try:
            done = self._document.undo() if which == "undo" else self._document.redo()
        finally:
            self._undoing = False
        if not done:
            return (Notice(f"There is nothing of yours to {which}."),)
        if self._undone is not None:
            place = on_edge(self._undone, self._document.lines)
            self.state = replace(self.state, selection=Selections((caret(place),)))
        return ()

    # -- what others change

    def _follow(self, change: Change) -> None:
        """The document has changed: keep the caret at its text and the reader's rows still."""
        state = self.state
        lines = self._document.lines
        if change.origin is Origin.RELOAD:
            self.state = self._reloaded(state, self._style(lines))
            return
        self._highlighter.follow(change)
        if not change.edits:
            if change.formatted:
                self.state = replace(state, viewport=viewport.mapped(state.viewport, state.layout, change))
            return
        view = viewport.mapped(state.viewport, state.layout, change)
        if change.origin is Origin.UNDO and self._undoing:
            self._undone, self._undone_at = changed_place(change.edits), change.edits[0].start
        chosen = tuple(mapped(one, change.edits, lines) for one in state.selection.items)
        self._click = mapped(self._click, change.edits, lines)
        cursor = state.cursor and mapped(caret(state.cursor), change.edits, lines).head
        self.state = replace(
            state,
            viewport=view,
            selection=Selections(chosen),
            find=finding.followed(state, change),
            cursor=cursor,
        )

    def _reloaded(self, state: EditorState, margins: Margins) -> EditorState:
        """Every line may differ: stay at the same line numbers."""
        lines = self._document.lines
        layout = Layout(lines, state.layout.width, state.layout.tab_width, margins)
        view = viewport.at_top(state.viewport, layout, state.viewport.top)
        chosen = tuple(caret(on_edge(one.head, lines)) for one in state.selection.items)
        return replace(
            state,
            lines=lines,
            layout=layout,
            viewport=view,
            selection=Selections(chosen),
            find=None,
            marks=self._document.marks,
            cursor=None,
        )
