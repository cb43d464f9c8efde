"""A link to a pad: made on request, shown with one sentence about what it gives, copied on request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from cryptpad_tui.ui.failures import engine_failures
from cryptpad_tui.ui.screens.base import Action, Dialog, ListKeys
from cryptpad_tui.ui.screens.dialogs import paint_option
from cryptpad_tui.ui.screens.options import Option
from cryptpad_tui.ui.widgets.row_list import RowList
from cryptpad_tui.ui.words import safe_title, sentence_of

_EDIT: Final = Option("edit", "A link to edit")
_VIEW: Final = Option("view", "A link to read")
_GIVES: Final = {
    "edit": "Whoever has this link can read and change the pad, for good, and pass it on. Send it privately.",
    "view": "Whoever has this link can read the pad, for good, and pass it on, but change nothing.",
}


class ShareScreen(Dialog[None], ListKeys):
    """Asks which link, makes it, shows it."""

    contexts = ("dialog", "list", "share", "everywhere")

    def __init__(self, pad_id: bytes, title: str, *, can_edit: bool) -> None:
        super().__init__()
        self._pad_id = pad_id
        self._title = safe_title(title)
        self._options = (_VIEW, _EDIT) if can_edit else (_VIEW,)
        self.options: RowList[Option] = RowList(paint_option, id="options")
        self._busy = False
        self._link = ""

    def body(self) -> ComposeResult:
        with VerticalScroll(id="box", can_focus=False):
            yield Static(f"Share “{self._title}”", classes="title", markup=False)
            yield self.options
            yield Static("", id="answer", markup=False)
            yield Static("", id="link", markup=False)
            yield Static("", id="copied", markup=False)
        yield self.key_bar()

    def on_mount(self) -> None:
        self.options.styles.height = len(self._options)
        self.options.show(self._options)

    def actions(self) -> Mapping[str, Action]:
        return {
            **super().actions(),
            **self.list_actions(self.options),
            **self.page_actions(),
            "dialog.choose": lambda: None if self._busy else self._make(),
            "share.copy": self._copy,
        }

    def on_row_list_chosen(self) -> None:
        self.perform("dialog.choose")

    async def _make(self) -> None:
        option, engine = self.options.chosen, self.door.engine
        if option is None or engine is None:
            return
        self._busy = True
        self._link = ""
        self._answer("Asking the relay…")
        try:
            link = await engine.make_link(self._pad_id, view=option is _VIEW)
        except engine_failures() as error:
            self._answer(f"No link was made. {sentence_of(error)}")
            return
        finally:
            self._busy = False
        self._link = link
        self._answer(_GIVES[option.name])

    def _answer(self, text: str) -> None:
        if self.is_attached:
            self.query_one("#answer", Static).update(text)
            self.query_one("#link", Static).update(self._link)
            self.query_one("#copied", Static).update("Ctrl+C copies it." if self._link else "")

    def _copy(self) -> None:
        if self._link:
            self.say("Offered to the clipboard.")
            self.app.copy_to_clipboard(self._link)

    def say(self, text: str, role: str = "strong") -> None:
        self.query_one("#copied", Static).update(text)
