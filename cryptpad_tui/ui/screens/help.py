"""The keys that work where the person is, from the command table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.app import ComposeResult

from cryptpad_tui.editor.keymap import is_legacy
from cryptpad_tui.editor.vim.table import VIM_KEYS
from cryptpad_tui.ui.commands import CONTEXT_TITLES, is_letter, key_label, of_contexts
from cryptpad_tui.ui.screens.base import Action, Dialog, ListKeys
from cryptpad_tui.ui.widgets.parts import Part
from cryptpad_tui.ui.widgets.row_list import Painting, RowList
from cryptpad_tui.ui.widgets.text_line import TextLine

_KEY_CELLS = 18
_ROOMY = 60
_Line = tuple[str, str]
"""A key and what it does; a heading has no key."""


class HelpScreen(Dialog[None], ListKeys):
    """One row a command, scrolled like every list."""

    contexts = ("dialog", "list", "everywhere")

    def __init__(self, contexts: Sequence[str]) -> None:
        super().__init__()
        self._contexts = contexts
        self.lines: RowList[_Line] = RowList(_paint, id="lines")

    def body(self) -> ComposeResult:
        yield TextLine([(" The keys that work here", "strong")], id="header")
        yield self.lines
        yield self.key_bar()

    def on_mount(self) -> None:
        lines: list[_Line] = []
        for context in self._contexts:
            commands = [command for command in of_contexts((context,)) if command.keys]
            if commands:
                lines.append(("", CONTEXT_TITLES[context]))
                lines += [(_keys(command.keys), command.title) for command in commands]
        if "editor" in self._contexts:
            lines.append(("", 'Vim keys, when they are on: "Vim keys on or off" in the commands'))
            lines += [(key.keys, key.title) for key in VIM_KEYS]
        self.lines.show(lines)

    def actions(self) -> Mapping[str, Action]:
        return {
            **super().actions(),
            **self.list_actions(self.lines),
            "dialog.choose": lambda: self.dismiss(None),
            "app.help": lambda: self.dismiss(None),
        }


def _keys(keys: Sequence[str]) -> str:
    sent = [key_label(key) for key in keys if is_legacy(key) or is_letter(key)]
    return " ".join((sent or [key_label(key) for key in keys])[:3])


def _paint(line: _Line, width: int) -> Painting:
    key, title = line
    if not key:
        return [(title, "strong")], []
    cells = _KEY_CELLS if width >= _ROOMY else _KEY_CELLS // 2
    left: list[Part] = [(f"  {key:<{cells}}", "key"), (title, "")]
    return left, []
