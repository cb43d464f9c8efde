"""A link to a pad: made on request, shown with what it gives, copied or drawn on request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from cryptpad_tui.host.loopback import ONLY_HERE, is_only_here
from cryptpad_tui.ui.failures import engine_failures
from cryptpad_tui.ui.screens.base import Action, Dialog, ListKeys
from cryptpad_tui.ui.screens.dialogs import paint_option
from cryptpad_tui.ui.screens.options import Option
from cryptpad_tui.ui.widgets.row_list import RowList
from cryptpad_tui.ui.words import safe_title, sentence_of

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine

EDIT: Final = Option("edit", "A link to edit")
VIEW: Final = Option("view", "A link to read")
NAMED: Final = Option("named", "A link with a name, which can be ended alone…")
LOCKED: Final = Option("locked", "A link that a passphrase opens…")
CODE: Final = Option("code", "A one-time code to read aloud…")
CONTACT: Final = Option("contact", "Invite one of your contacts…")
_DRAW: Final = Option("draw", "Draw this link as a QR code")
_AROUND_ROWS: Final = 8
"""Of a window: the frame, the title, the keys and what stands between."""
GIVES: Final = {
    "edit": "Whoever has this link can read and change the pad, for good, and pass it on. Send it privately.",
    "view": "Whoever has this link can read the pad, for good, and pass it on, but change nothing.",
}


class ShareScreen(Dialog[str], ListKeys):
    """Asks which link, makes it, shows it. The answer is the name of an option that needs more questions."""

    contexts = ("dialog", "list", "share", "everywhere")

    def __init__(
        self,
        pad_id: bytes,
        title: str,
        *,
        can_edit: bool,
        is_owner: bool = False,
        made: str = "",
        gives: str = "",
    ) -> None:
        """`made`: a link that was made already, with what it gives; then it is shown and nothing asked."""
        super().__init__()
        self._pad_id = pad_id
        self._title = safe_title(title)
        rights = (VIEW, EDIT) if can_edit else (VIEW,)
        self._options = (*rights, *((NAMED,) if is_owner else ()), LOCKED, CODE) if not made else ()
        self._made, self._gives = made, gives
        self.options: RowList[Option] = RowList(paint_option, id="options")
        self._busy = False
        self._link = ""
        self._drawn = False

    def body(self) -> ComposeResult:
        with VerticalScroll(id="box", can_focus=False):
            yield Static(f"Share “{self._title}”", classes="title", markup=False)
            yield self.options
            yield Static("", id="answer", markup=False)
            yield Static("", id="link", markup=False)
            yield Static("", id="copied", markup=False)
        yield self.key_bar()

    def on_mount(self) -> None:
        if self._made:
            self._link = self._made
            self._answer(self._gives)
        else:
            self._show_options()

    def _show_options(self) -> None:
        more = (_DRAW,) if self._link else (CONTACT,) if self._options else ()
        options = (*self._options, *more)
        at = next((i for i, option in enumerate(options) if option == self.options.chosen), 0)
        self.options.styles.height = len(options)
        self.options.show(options)
        self.options.choose(at)

    def actions(self) -> Mapping[str, Action]:
        return {
            **super().actions(),
            **self.list_actions(self.options),
            **self.page_actions(),
            "dialog.choose": lambda: None if self._busy else self._choose(),
            "share.copy": self._copy,
        }

    def on_row_list_chosen(self) -> None:
        self.perform("dialog.choose")

    async def _choose(self) -> None:
        option = self.options.chosen
        if option in (NAMED, LOCKED, CODE, CONTACT):
            self.dismiss(option.name if option else None)
        elif option == _DRAW:
            self._drawn = True
            self._answer(self._fitting_code())
        else:
            await self._make(option)

    def _fitting_code(self) -> str:
        """The QR code, or a sentence about the window that it needs."""
        from cryptpad_tui.host.qr import qr_lines

        lines = qr_lines(self._link)
        width, height = len(lines[0]) + _AROUND_ROWS, len(lines) + _AROUND_ROWS
        if self.size.width < width or self.size.height < height:
            return f"Its QR code needs a window of {width} by {height}; a one-time code needs none."
        return "\n".join(lines)

    async def _make(self, option: Option | None) -> None:
        engine = self.door.engine
        if option is None or engine is None:
            return
        self._drawn = False
        self._busy = True
        self._link = ""
        self._answer("Asking the relay…")
        try:
            link = await engine.make_link(self._pad_id, view=option is VIEW)
        except engine_failures() as error:
            self._answer(f"No link was made. {sentence_of(error)}")
            return
        finally:
            self._busy = False
        self._link = link
        self._answer(GIVES[option.name] + self._only_here(engine))

    def _only_here(self, engine: Engine) -> str:
        return f" {ONLY_HERE}" if is_only_here(engine.listing_of(self._pad_id).relay) else ""

    def _answer(self, text: str) -> None:
        if self.is_attached:
            self.query_one("#answer", Static).update(text)
            self.query_one("#link", Static).update("" if self._drawn else self._link)
            self._show_options()
            self.query_one("#copied", Static).update("Ctrl+C copies it." if self._link else "")

    def _copy(self) -> None:
        if self._link:
            self.say("Offered to the clipboard.")
            self.app.copy_to_clipboard(self._link)

    def say(self, text: str, role: str = "strong") -> None:
        self.query_one("#copied", Static).update(text)
