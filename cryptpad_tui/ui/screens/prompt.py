"""The line below the text that asks what to find, or which line to go to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Static
from textual.widgets._input import Input

from cryptpad_tui.editor.editor import Editor
from cryptpad_tui.editor.effects import PromptKind
from cryptpad_tui.ui.screens.fields import Field

_LABELS: Final[dict[PromptKind, str]] = {
    "find": " Find: ",
    "goto": " Line: ",
    "link": " Link to (none takes it away): ",
    "colour": " Colour (red, #ff8800, none): ",
    "background": " Colour behind (yellow, #ffee88, none): ",
    "table": " Rows x columns (3x2): ",
}
_COMMANDS: Final[dict[PromptKind, str]] = {
    "goto": "goto.line",
    "link": "format.link",
    "colour": "format.colour",
    "background": "format.background",
    "table": "format.table",
}


class PromptLine(Horizontal):
    """Hidden until the editor wants an answer; finding shows the first match with every letter."""

    class Done(Message):
        """The answer was given or taken back."""

    def __init__(
        self, editor: Editor, update_view: Callable[[], None], run: Callable[[str, str], None]
    ) -> None:
        """`run` runs a command with what was answered."""
        super().__init__(id="prompt")
        self._editor = editor
        self._run = run
        self._update_view = update_view
        self._kind: PromptKind = "find"
        self.display = False

    @property
    def is_open(self) -> bool:
        return self.display

    def compose(self) -> ComposeResult:
        yield Static("", id="prompt-label", markup=False)
        yield Field(id="prompt-field")
        yield Static("Enter: here  Esc: back ", id="prompt-keys", markup=False)

    def open(self, kind: PromptKind) -> None:
        """Ask."""
        self._kind = kind
        field = self.query_one(Field)
        with field.prevent(Input.Changed):
            field.value = ""
        self._label(_LABELS[kind])
        self.display = True
        field.focus()
        if kind == "find":
            self._editor.find_start()

    def cancel(self) -> None:
        """As if nothing was asked."""
        if self._kind == "find":
            self._editor.find_cancel()
        self._close()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.is_open and self._kind == "find":
            found = self._editor.find_update(event.value)
            self._label(_LABELS["find"] if found or not event.value else " Not found: ")
            self._update_view()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._kind == "find":
            self._editor.find_accept()
        self._close()
        if self._kind != "find" and event.value.strip():
            self._run(_COMMANDS[self._kind], event.value)
        self.post_message(self.Done())

    def _label(self, text: str) -> None:
        self.query_one("#prompt-label", Static).update(text)

    def _close(self) -> None:
        self.display = False
        self._update_view()
