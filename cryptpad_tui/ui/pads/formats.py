"""Formatting in a rich text pad: what is on at the caret, and choosing a format from a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from textual.widget import Widget

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import AttributeValue
from cryptpad_tui.editor.rich_blocks import block_at
from cryptpad_tui.editor.rich_look import level_of
from cryptpad_tui.editor.rich_marks import marks_for_typing
from cryptpad_tui.ui.commands import footer_of, key_label, of_contexts
from cryptpad_tui.ui.pads.feature import PadFeature
from cryptpad_tui.ui.screens.base import Action
from cryptpad_tui.ui.screens.dialogs import ChooseDialog
from cryptpad_tui.ui.screens.options import Option
from cryptpad_tui.ui.widgets.parts import Part

_LETTERS: Final = {"bold": "B", "italic": "I", "underline": "U", "strike": "S", "code": "C", "link": "link"}
_OWN_KEY_AT: Final = 3
_LISTS: Final = {"bullet": "bullets", "ordered": "numbers", "checked": "done", "unchecked": "task"}


class Formats(PadFeature):
    """The format bar, as words of the status line, and the list of formats."""

    def actions(self) -> Mapping[str, Action]:
        return {"pad.formats": self._choose}

    def status(self) -> list[Part]:
        if self.session.kind is not PadKind.RICHTEXT:
            return []
        state = self.view.editor.state
        words = " ".join(
            [*_block_words(block_at(state, state.head.line)), *_marks_words(marks_for_typing(state))]
        )
        return [(f"{words}  ", "strong")] if words else []

    def footer(self, widget: Widget) -> Sequence[tuple[str, str]]:
        """The keys of every pad, and the one for what only this kind has."""
        if widget is not self.view or self.session.kind is not PadKind.RICHTEXT:
            return ()
        named = [one for one in of_contexts(("pad",)) if one.name == "pad.formats"]
        own = [(key_label(key), "Format") for one in named for key in one.keys[:1]]
        keys = footer_of(self.screen.contexts)
        return [*keys[:_OWN_KEY_AT], *own, *keys[_OWN_KEY_AT:]]

    async def _choose(self) -> None:
        commands = [one for one in of_contexts(("editor",)) if one.name.startswith("format.")]
        options = [
            Option(
                command.name,
                f"{command.title}  {key_label(command.keys[0])}" if command.keys else command.title,
            )
            for command in commands
        ]
        chosen = await self.screen.door.push_screen_wait(ChooseDialog("Format", (), options))
        if chosen is not None:
            self.view.command(chosen)


def _block_words(block: Mapping[str, AttributeValue]) -> list[str]:
    words = []
    if level := level_of(block):
        words.append(f"H{level}")
    if block.get("list"):
        words.append(_LISTS.get(str(block["list"]), "list"))
    for key, word in (("blockquote", "quote"), ("code-block", "code"), ("table", "cell")):
        if block.get(key):
            words.append(word)
    if block.get("align") in ("center", "right", "justify"):
        words.append(str(block["align"]))
    return words


def _marks_words(marks: Mapping[str, AttributeValue]) -> list[str]:
    words = [letter for key, letter in _LETTERS.items() if marks.get(key)]
    if marks.get("script") in ("sup", "sub"):
        words.append(str(marks["script"]))
    return words
