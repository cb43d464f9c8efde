"""A screen of fields from top to bottom: Enter goes on, and in the last one sends what was typed, once.

What is typed in a form is in no log and in no message.
"""

from __future__ import annotations

from textual.widget import Widget
from textual.widgets import Static
from textual.widgets._input import Input

from cryptpad_tui.ui.screens.base import CommandScreen


class FormScreen(CommandScreen[None]):
    """Whoever inherits yields its fields, a Static `answer`, and says what is missing and what is done."""

    def __init__(self) -> None:
        super().__init__()
        self.busy = False
        """Whether what was typed is being worked on."""

    def last_field(self) -> Widget:
        """The one in which Enter sends."""
        raise NotImplementedError

    def problem(self) -> tuple[str, str]:
        """The first field that is not right, and a sentence about it; empty where all are."""
        raise NotImplementedError

    async def send(self) -> None:
        """Do what the form is for."""
        raise NotImplementedError

    def next_field(self) -> object:
        """Enter: the next field; in the last one, done."""
        if self.focused is self.last_field():
            return None if self.busy else self._send_if_whole()
        self.focus_next()
        return None

    async def _send_if_whole(self) -> None:
        field, problem = self.problem()
        if problem:
            self.answer(problem)
            self.query_one(f"#{field}").focus()
            return
        self.busy = True
        try:
            await self.send()
        finally:
            self.busy = False

    def answer(self, text: str) -> None:
        """Say what is missing, or how it went."""
        line = self.query_one("#answer", Static)
        line.update(text)
        self.call_after_refresh(line.scroll_visible, animate=False)

    def value(self, name: str) -> str:
        """What stands in a field."""
        return self.query_one(f"#{name}", Input).value
