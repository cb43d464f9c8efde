"""The vim map as one machine: keys in, what the screen must do out.

The editor is changed by steps; a key that the map does not know is the default map's. It must never reach a
screen, and a key press costs what its command costs, whatever the size of the pad.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from cryptpad_tui.editor.commands import COMMANDS
from cryptpad_tui.editor.editor import Editor
from cryptpad_tui.editor.effects import Effect, Effects
from cryptpad_tui.editor.keymap import Keymap
from cryptpad_tui.editor.selection import caret
from cryptpad_tui.editor.state import Step
from cryptpad_tui.editor.vim import insert, normal, single, visual
from cryptpad_tui.editor.vim.context import Cancelled, Failed, Keys, Mode, Sized, Vim
from cryptpad_tui.editor.vim.motions import MOTIONS
from cryptpad_tui.editor.vim.places import on_char
from cryptpad_tui.editor.vim.registers import Registers

_CHORDS: Final = ("ctrl+", "alt+", "super+", "hyper+", "meta+")
_NAMED: Final = frozenset(
    {key for key in (*MOTIONS, *single.SIMPLE) if len(key) > 2} | {"escape", "ctrl+c", "delete", "tab", "up"}
)
"""Keys with a name that normal mode knows."""
_PROMPT_KEYS: Final = frozenset(
    {
        *("enter", "ctrl+j", "backspace", "escape", "ctrl+c", "up", "down", "ctrl+u", "ctrl+w", "ctrl+v"),
        *("tab", "left", "right", "home", "end", "delete"),
    }
)
MAX_PLAYED: Final = 20_000
_MAX_DEPTH: Final = 20


@dataclass(frozen=True, slots=True)
class Repeatable:
    """A change that `.` makes again."""

    keys: tuple[str, ...]
    count: int | None
    register: str
    sized: Sized | None


def default_keymap_key() -> Callable[[str], str | None]:
    """The default map's command of a key, for insert mode."""
    return Keymap(COMMANDS.values()).command


class VimKeys:
    """The map on one editor."""

    def __init__(
        self,
        editor: Editor,
        *,
        registers: Registers | None = None,
        default_key: Callable[[str], str | None] | None = None,
    ) -> None:
        self._vim = Vim(
            editor,
            Registers() if registers is None else registers,
            default_keymap_key() if default_key is None else default_key,
        )
        self._vim.player = self
        self._last: Repeatable | None = None
        self._recorded: list[str] = []
        self._macros: dict[str, tuple[str, ...]] = {}
        self._last_macro = ""
        self._depth = self._played = 0
        self._failed = self._repeating = False
        self._count: int | None = None
        self._parser_mode = Mode.NORMAL
        self._parser = self._primed()

    # -- what the screen asks

    @property
    def mode(self) -> Mode:
        self._vim.follow_selection()
        return self._vim.mode

    @property
    def prompt(self) -> str | None:
        """The line that is being written behind `:`, `/` or `?`."""
        return self._vim.prompt

    @property
    def status(self) -> str:
        """What the status line says: the mode, the macro that is recorded, the keys that wait."""
        vim = self._vim
        parts = [f"-- {vim.mode.value} --"] if vim.mode.value else []
        if vim.macro is not None:
            parts.append(f"recording @{vim.macro}")
        if vim.pending:
            parts.append(vim.pending[-12:])
        return "  ".join(parts)

    def press(self, key: str, character: str | None = None) -> Effects | None:
        """A key by Textual's name and the character that it stands for; None if it is not the map's."""
        token = token_of(key, character)
        if not self._takes(token):
            return None
        return self._sent(token)

    def paste(self, text: str) -> Effects:
        """What the terminal pasted: in normal mode it is put before the caret."""
        if self._vim.prompt is None and self.mode is not Mode.INSERT:
            return self._vim.editor.paste(text) + self.settle()
        return self._sent(insert.PASTED + text)

    def settle(self) -> Effects:
        """After a command of the default map: the caret on a character, what is selected in visual mode."""
        vim = self._vim
        vim.follow_selection()
        state = vim.state
        if vim.mode is Mode.NORMAL and state.selection.primary.empty:
            place = on_char(vim.lines, state.head)
            if place != state.head:
                return vim.editor.take(Step(selection=caret(place), reveal=False))
        return ()

    # -- keys

    def _takes(self, token: str) -> bool:
        if self._vim.prompt is not None:
            return len(token) == 1 or token in _PROMPT_KEYS
        if self.mode is Mode.INSERT:
            return token in insert.LEAVE or token == "ctrl+r" or len(token) == 1 or self._is_default(token)
        return len(token) == 1 or token in _NAMED

    def _is_default(self, token: str) -> bool:
        return token != "escape" and self._vim.default_key(token) is not None

    def _sent(self, token: str) -> Effects:
        vim = self._vim
        vim.effects = []
        self._played = 0
        if vim.macro is not None:
            self._recorded.append(token)
        self._failed = False
        self.settle()
        if vim.prompt is None and self.mode is not self._parser_mode:
            self._parser = self._primed()
        self._parser.send(token)
        effects: list[Effect] = vim.effects
        vim.effects = []
        return (*effects, *self.settle())

    def _primed(self) -> Keys:
        parser = self._commands()
        next(parser)
        return parser

    def _commands(self) -> Keys:
        """Reads command after command, in the mode of each."""
        vim = self._vim
        while True:
            vim.pending = ""
            self._parser_mode = vim.mode
            try:
                if vim.mode is Mode.INSERT:
                    yield from self._insertion()
                elif vim.mode.selects:
                    yield from self._noted(visual.visual_mode(vim))
                else:
                    yield from self._noted(normal.normal_mode(vim))
            except (Cancelled, Failed):
                self._failed = True

    def _noted(self, command: Keys) -> Keys:
        """A command, with its keys kept for `.`."""
        vim = self._vim
        vim.changed, vim.sized = False, None
        vim.repeat_count, vim.repeat_register = None, ""
        vim.count = self._count
        self._count = None
        yield from command
        if vim.changed and vim.mode is not Mode.INSERT:
            self._remember()

    def _insertion(self) -> Keys:
        vim = self._vim
        yield from insert.insert_mode(vim)
        if vim.mode is not Mode.INSERT:
            self._remember()

    def _remember(self) -> None:
        vim = self._vim
        if not self._repeating:
            self._last = Repeatable(tuple(vim.record), vim.repeat_count, vim.repeat_register, vim.sized)

    # -- doing again

    def repeat(self, count: int | None) -> None:
        """.: the last change once more, with its own count or another."""
        last, vim = self._last, self._vim
        if last is None:
            raise Failed
        if count is not None:
            self._last = last = replace(last, count=count)
        if last.sized is not None:
            visual.select_size(vim, last.sized)
        self._count, self._repeating = last.count, True
        try:
            self._run((*(['"', last.register] if last.register else []), *last.keys))
        finally:
            self._repeating = False

    def play(self, name: str, times: int) -> None:
        """@: the keys of a macro; it ends where one of them fails."""
        name = self._last_macro if name == "@" else name
        keys = self._macros.get(name)
        if keys is None:
            raise self._vim.fail("There is no such macro.")
        self._last_macro = name
        for _ in range(min(times, MAX_PLAYED)):
            self._run(keys)

    def _run(self, keys: tuple[str, ...]) -> None:
        vim = self._vim
        if self._depth >= _MAX_DEPTH:
            raise vim.fail("A macro that plays itself was stopped.")
        self._depth += 1
        parser = self._primed()
        try:
            for key in keys:
                self._played += 1
                if self._played > MAX_PLAYED:
                    raise vim.fail("That was too much to repeat; it was stopped.")
                self._failed = False
                parser.send(key)
                if self._failed:
                    raise Failed
        finally:
            self._depth -= 1
            self._count = None
            parser.close()
            vim.changed = False

    def switch_recording(self, name: str) -> None:
        """q: begin or end a macro."""
        vim = self._vim
        if vim.macro is not None:
            self._macros[vim.macro] = tuple(self._recorded[:-1])
            vim.macro = None
            return
        if len(name) != 1 or not name.isascii() or not name.isalnum():
            raise Failed
        self._recorded = []
        vim.macro = name.lower()


def token_of(key: str, character: str | None) -> str:
    """How the map calls a key: its character where it has one that is seen, else its name."""
    is_seen = character is not None and len(character) == 1 and character.isprintable()
    if character is not None and is_seen and not key.startswith(_CHORDS):
        return character
    return "escape" if key in ("ctrl+left_square_bracket", "ctrl+[") else key
