"""A one-time code on the screen, while somebody is to enter it elsewhere; closed, it is good for nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from cryptpad_tui.ui.failures import code_failures
from cryptpad_tui.ui.screens.base import Action, Dialog
from cryptpad_tui.ui.words import sentence_of

Give = Callable[[Callable[[str], None]], Awaitable[object]]
"""Shows a code by what it is given, and returns when somebody has used it."""


class CodeDialog(Dialog[bool]):
    """Waits with the code in view. The answer is whether it was used; None where a person closed it."""

    def __init__(self, title: str, sentences: Sequence[str], give: Give) -> None:
        super().__init__()
        self._title = title
        self._sentences = sentences
        self._give = give
        self._waiting: asyncio.Task[None] | None = None

    def body(self) -> ComposeResult:
        with VerticalScroll(id="box", can_focus=False):
            yield Static(self._title, classes="title", markup=False)
            yield Static("Asking the relay for a code…", id="code", markup=False)
            for sentence in self._sentences:
                yield Static(sentence, classes="sentence", markup=False)
            yield Static("", id="answer", markup=False)
        yield self.key_bar()

    def on_mount(self) -> None:
        self._waiting = asyncio.create_task(self._wait())

    def on_unmount(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()

    def actions(self) -> Mapping[str, Action]:
        return {**super().actions(), **self.page_actions()}

    async def _wait(self) -> None:
        try:
            await self._give(self._show)
        except code_failures() as error:
            self._show("")
            self.say(sentence_of(error))
            return
        self.dismiss(True)

    def _show(self, code: str) -> None:
        if self.is_attached:
            self.query_one("#code", Static).update(code)
