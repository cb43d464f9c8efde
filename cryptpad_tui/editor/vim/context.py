"""What the parts of the vim map share: the editor they work on, the mode, registers, marks, last things.

Steps go to the editor; what the screen must do is collected as effects. It must never reach the screen.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final, Protocol

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor.editor import Editor
from cryptpad_tui.editor.effects import CopyToTerminal, Effect, Notice, ReadOnly
from cryptpad_tui.editor.find import Query
from cryptpad_tui.editor.graphemes import previous_edge
from cryptpad_tui.editor.layout import Lines
from cryptpad_tui.editor.selection import Selection, caret
from cryptpad_tui.editor.state import EditorState, Step
from cryptpad_tui.editor.viewport import Viewport
from cryptpad_tui.editor.vim.motions import Target
from cryptpad_tui.editor.vim.places import END_OF_LINE, Range, line_end, on_char, past, whole_lines
from cryptpad_tui.editor.vim.registers import TERMINAL, Register, Registers

Keys = Generator[None, str, None]
"""A part that reads keys: it is sent one key after the other."""
MAX_COUNT: Final = 99_999


class Mode(Enum):
    NORMAL = ""
    INSERT = "INSERT"
    VISUAL = "VISUAL"
    LINES = "VISUAL LINE"

    @property
    def selects(self) -> bool:
        return self in (Mode.VISUAL, Mode.LINES)


class Cancelled(Exception):
    """The person took the command back."""


class Failed(Exception):
    """A command could not be done, as a motion at the end of the text; a macro ends there."""


@dataclass(frozen=True, slots=True)
class Sized:
    """How much a visual operator took, for doing it again."""

    mode: Mode
    lines: int
    cols: int


class Player(Protocol):
    """What repeats keys."""

    def repeat(self, count: int | None) -> None: ...
    def play(self, name: str, times: int) -> None: ...
    def switch_recording(self, name: str) -> None: ...


class Prefix:
    """What stands before a command: a count and a register."""

    def __init__(self) -> None:
        self.count: int | None = None
        self.register = ""

    @property
    def times(self) -> int:
        return self.count or 1


class Vim:
    """The state of the map on one editor."""

    player: Player

    def __init__(
        self, editor: Editor, registers: Registers, default_key: Callable[[str], str | None]
    ) -> None:
        self.editor = editor
        self.registers = registers
        self.default_key = default_key
        self.mode = Mode.NORMAL
        self.effects: list[Effect] = []
        self.pending = ""
        self.prompt: str | None = None
        """The line behind `:`, `/` or `?` with its sign, while it is being written."""
        self.anchor = Position(0, 0)
        self.visual_range: tuple[Mode, Position, Position] | None = None
        self.find: tuple[str, str] | None = None
        self.query: Query | None = None
        self.search_forward = True
        self.last_pattern = ""
        self.marks: dict[str, Position] = {}
        self.record: list[str] = []
        """The keys of the command of this moment without its counts and register, for `.`."""
        self.inserted: list[str] = []
        self.insert_times = 1
        self.insert_again: Callable[[], None] | None = None
        self.fresh_indent = False
        self.left_at: Position | None = None
        """Where insert mode was left last."""
        self.changed = False
        """The command of this moment can be repeated by `.`."""
        self.count: int | None = None
        """The count that `.` puts in the place of the recorded one."""
        self.repeat_count: int | None = None
        self.repeat_register = ""
        self.last_key = ""
        self.macro: str | None = None
        """The name of the macro that is being recorded."""
        self.sized: Sized | None = None
        self.prompt_history: dict[str, list[str]] = {}

    # -- the editor

    @property
    def state(self) -> EditorState:
        return self.editor.state

    @property
    def lines(self) -> Lines:
        return self.editor.state.lines

    def take(self, step: Step) -> None:
        self.effects += self.editor.take(step)

    def say(self, text: str) -> None:
        self.effects.append(Notice(text))

    def fail(self, text: str = "") -> Failed:
        if text:
            self.say(text)
        return Failed()

    def require_writable(self) -> None:
        if self.editor.read_only:
            self.effects.append(ReadOnly())
            raise Failed

    # -- places

    @property
    def cursor(self) -> Position:
        """The character that the caret is on."""
        return self.state.drawn_caret

    def cursor_state(self) -> EditorState:
        """The state as motions see it: the caret alone."""
        selection = replace(self.state.selection, items=(caret(self.cursor),))
        return replace(self.state, selection=selection)

    def go(self, target: Target, view: Viewport | None = None) -> None:
        """Move the caret, or the end of what is selected."""
        if target.jump:
            self.marks["'"] = self.cursor
        if self.mode.selects:
            self.select(self.anchor, target.place, target.goal, view)
            return
        place = on_char(self.lines, target.place)
        self.take(Step(selection=caret(place), goal=target.goal, viewport=view))

    def place(self, place: Position) -> None:
        self.take(Step(selection=caret(on_char(self.lines, place))))

    # -- visual mode

    def select(
        self, anchor: Position, cursor: Position, goal: int | None = None, view: Viewport | None = None
    ) -> None:
        """Show what is selected: the characters at both ends belong to it."""
        lines = self.lines
        anchor, cursor = lines.clamp(anchor), lines.clamp(cursor)
        self.anchor = anchor
        if self.mode is Mode.LINES:
            first, last = min(anchor.line, cursor.line), max(anchor.line, cursor.line)
            ends = Position(first, 0), line_end(lines, last)
            chosen = Selection(*ends) if anchor <= cursor else Selection(ends[1], ends[0])
        elif cursor >= anchor:
            chosen = Selection(anchor, self._behind(cursor, goal))
        else:
            chosen = Selection(past(lines, anchor), cursor)
        self.take(Step(selection=chosen, cursor=cursor, goal=goal, viewport=view))

    def follow_selection(self) -> None:
        """Take up what others, the mouse or a default command did to the selection."""
        state = self.state
        chosen = state.selection.primary
        if self.mode.selects:
            if state.cursor is None:
                self.mode = Mode.NORMAL
            elif self.mode is Mode.VISUAL:
                self.anchor = chosen.anchor if chosen.head >= chosen.anchor else self._before(chosen.anchor)
            else:
                line = chosen.anchor.line
                self.anchor = self.lines.clamp(Position(line, self.anchor.col))
        if self.mode is Mode.NORMAL and not chosen.empty:
            self.mode = Mode.VISUAL
            forward = chosen.head > chosen.anchor
            anchor = chosen.anchor if forward else self._before(chosen.anchor)
            self.select(anchor, self._before(chosen.head) if forward else chosen.head)

    def _before(self, place: Position) -> Position:
        if place.col:
            return Position(place.line, previous_edge(self.lines[place.line], place.col))
        return line_end(self.lines, place.line - 1) if place.line else place

    def selected(self) -> Range:
        first, last = sorted((self.anchor, self.cursor))
        if self.mode is Mode.LINES:
            return whole_lines(first.line, last.line)
        return Range(first, self._behind(last, self.state.goal if last == self.cursor else None))

    def _behind(self, cursor: Position, goal: int | None) -> Position:
        """Behind the last character that is selected; `$` selects the line's end too."""
        line = cursor.line
        if goal == END_OF_LINE and line + 1 < len(self.lines):
            return Position(line + 1, 0)
        return past(self.lines, cursor)

    def leave_visual(self, place: Position | None = None) -> None:
        """Back to normal mode, with the caret where it is or at a place."""
        self.visual_range = (self.mode, self.anchor, self.cursor)
        target = self.cursor if place is None else place
        self.mode = Mode.NORMAL
        self.place(target)

    # -- registers

    def register(self, name: str) -> Register:
        if name and name in TERMINAL:
            return Register(self.state.clipboard, self.state.clipboard_lines)
        held = self.registers.get(name)
        if held is None or not held.text:
            raise self.fail("There is nothing in this register." if name else "Nothing was yanked yet.")
        return held

    def keep(self, name: str, held: Register, *, deleted: bool) -> None:
        """Put a text into its register, and for "+ into the clipboard of the terminal."""
        if name and name in TERMINAL:
            step = Step(clipboard=held.text, clipboard_lines=held.linewise, reveal=False)
            state = self.state
            self.take(replace(step, cursor=state.cursor, goal=state.goal))
            self.effects.append(CopyToTerminal(held.text))
        elif deleted:
            self.registers.delete(name, held)
        else:
            self.registers.yank(name, held)
