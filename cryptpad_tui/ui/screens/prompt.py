"""The line below the text that asks for a line to go to, or for what a format needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Static
from textual.widgets._input import Input

from cryptpad_tui.editor.effects import PromptKind
from cryptpad_tui.ui.screens.fields import Field, LineField

_LABELS: Final[dict[PromptKind, str]] = {
    "goto": " Line: ",
    "link": " Link to (none takes it away): ",
    "colour": " Colour (red, #ff8800, none): ",
    "background": " Colour behind (yellow, #ffee88, none): ",
    "table": " Rows x columns (else 3x2): ",
}
_UNLESS_TOLD: Final[dict[PromptKind, str]] = {"table": "3x2"}
_COMMANDS: Final[dict[PromptKind, str]] = {
    "goto": "goto.line",
    "link": "format.link",
    "colour": "format.colour",
    "background": "format.background",
    "table": "format.table",
}


class PromptLine(Horizontal):
    """Hidden until the editor wants an answer."""

    KEYS = (("Enter", "Do it"), ("Esc", "Back"))
    """What its keys do, for the foot."""

    class Done(Message):
        """The answer was given or taken back."""

    def __init__(self, update_view: Callable[[], None], run: Callable[[str, str], None]) -> None:
        """`run` runs a command with what was answered."""
        super().__init__(id="prompt")
        self._run = run
        self._update_view = update_view
        self._kind: PromptKind = "goto"
        self.display = False

    @property
    def is_open(self) -> bool:
        return self.display

    def compose(self) -> ComposeResult:
        yield Static("", id="prompt-label", markup=False)
        yield LineField(id="prompt-field")
        yield Static("Enter: here  Esc: back ", id="prompt-keys", markup=False)

    def open(self, kind: PromptKind, answer: str = "") -> None:
        """Ask; `answer` stands there to be changed."""
        self._kind = kind
        field = self.query_one(Field)
        with field.prevent(Input.Changed):
            field.value = answer
            field.cursor_position = len(answer)
        self._label(_LABELS[kind])
        self.display = True
        field.focus()

    def cancel(self) -> None:
        """As if nothing was asked."""
        self._close()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._close()
        if answer := event.value if event.value.strip() else _UNLESS_TOLD.get(self._kind, ""):
            self._run(_COMMANDS[self._kind], answer)
        self.post_message(self.Done())

    def _label(self, text: str) -> None:
        self.query_one("#prompt-label", Static).update(text)

    def _close(self) -> None:
        self.display = False
        self._update_view()
