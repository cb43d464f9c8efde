"""Every command by its name, with its key: type a part of it, press Enter. It runs nothing itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.app import ComposeResult

from cryptpad_tui.editor.keymap import KeyedCommand
from cryptpad_tui.ui.command_words import ALSO, NOTHING
from cryptpad_tui.ui.commands import CONTEXT_TITLES, all_commands, key_label
from cryptpad_tui.ui.screens.base import Action, Dialog, ListKeys
from cryptpad_tui.ui.screens.fields import Field
from cryptpad_tui.ui.widgets.row_list import Painting, RowList
from cryptpad_tui.ui.widgets.text_line import TextLine

_HIDDEN = frozenset({"list", "dialog", "form", "unlock", "share", "prompt"})
"""Contexts whose commands mean nothing by name: they move in a list, or answer a question."""


def matches(needle: str, command: KeyedCommand) -> bool:
    """Whether every word typed is in the command's title or name, or in what else it is called."""
    hay = f"{command.title} {command.name} {ALSO.get(command.name, '')}".casefold()
    return all(word in hay for word in needle.casefold().split())


def distance(needle: str, command: KeyedCommand) -> int:
    """How far from what was typed: called so from its first word on, called so, or known as that."""
    title, typed = command.title.casefold(), needle.strip().casefold()
    if typed and title.startswith(typed) and title[len(typed) : len(typed) + 1] in ("", " ", ","):
        return 0
    return 1 if all(word in title for word in typed.split()) else 2


class PaletteScreen(Dialog[str], ListKeys):
    """The answer is the name of a command."""

    contexts = ("dialog", "list", "everywhere")

    def __init__(self, contexts: Sequence[str]) -> None:
        super().__init__()
        self._contexts = contexts
        commands = [command for command in all_commands() if command.context not in _HIDDEN]
        last = len(contexts)
        order = {context: at for at, context in enumerate(contexts)}
        self._commands = sorted(commands, key=lambda command: order.get(command.context, last))
        self.found: RowList[KeyedCommand] = RowList(self._paint, empty=NOTHING, id="found")

    def body(self) -> ComposeResult:
        yield TextLine([(" Commands", "strong")], id="header")
        yield Field(id="filter", placeholder="Type a part of a command's name")
        yield self.found
        yield self.key_bar()

    def on_mount(self) -> None:
        self.query_one(Field).focus()
        self.found.show(self._commands)

    def on_input_changed(self) -> None:
        self._filter()

    def _filter(self) -> None:
        needle = self.query_one(Field).value
        found = [command for command in self._commands if matches(needle, command)]
        found.sort(key=lambda command: distance(needle, command))
        if found != self.found.rows:
            self.found.show(found, index=0)

    def on_row_list_chosen(self) -> None:
        self._choose()

    def actions(self) -> Mapping[str, Action]:
        return {
            **super().actions(),
            **self.list_actions(self.found),
            "dialog.choose": self._choose,
        }

    def _choose(self) -> None:
        self._filter()  # Enter may come before the news of the last letter
        command = self.found.chosen
        if command is None:
            return
        if command.context in self._contexts:
            self.dismiss(command.name)
        else:
            place = CONTEXT_TITLES[command.context].lower()
            self.query_one("#header", TextLine).show([(f" That one works elsewhere: {place}.", "warning")])

    def _paint(self, command: KeyedCommand, width: int) -> Painting:
        key = key_label(command.keys[0]) if command.keys else ""
        if command.context in self._contexts:
            return [(command.title, "")], [(key, "key")]
        place = CONTEXT_TITLES[command.context].lower()
        return [(f"{command.title} ({place})", "muted")], [(key, "muted")]
