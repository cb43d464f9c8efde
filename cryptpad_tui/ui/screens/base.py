"""What all screens share: keys become commands by the table, and a window too small says so.

A screen names its contexts, the innermost first, and answers their commands. It must never do work that can
wait for disk, network or Argon2 in a key's handler.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar, cast

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from cryptpad_tui.ui.commands import app_keymap, footer_of, key_of_label
from cryptpad_tui.ui.failures import engine_failures
from cryptpad_tui.ui.widgets.long_answer import LongAnswer
from cryptpad_tui.ui.widgets.row_list import RowList
from cryptpad_tui.ui.widgets.text_line import KeyBar, StatusLine

if TYPE_CHECKING:
    from cryptpad_tui.ui.app import CryptpadApp

Action = Callable[[], object]
Result = TypeVar("Result")
_CRAMPED: Final = {"-cramped-x", "-cramped-y"}
TOO_SMALL: Final = "This window is too small. Make it larger: nothing is lost."


class CommandScreen(Screen[Result]):
    """A screen that answers commands."""

    ALLOW_SELECT = False
    contexts: ClassVar[tuple[str, ...]] = ("app", "everywhere")
    HORIZONTAL_BREAKPOINTS = [(0, "-cramped-x"), (24, "-narrow"), (80, "-wide")]  # noqa: RUF012 - Textual's
    VERTICAL_BREAKPOINTS = [(0, "-cramped-y"), (6, "-low"), (12, "-short"), (16, "-tall")]  # noqa: RUF012

    _seen = False
    """Whether this screen was shown before."""

    @property
    def door(self) -> CryptpadApp:
        """The app, as what it is."""
        return cast("CryptpadApp", self.app)

    def actions(self) -> Mapping[str, Action]:
        """What this screen does for the commands of its contexts."""
        return {}

    def take_settings(self) -> None:
        """The settings of the app are other ones."""

    def body(self) -> ComposeResult:
        """The screen's widgets."""
        yield from ()

    def compose(self) -> ComposeResult:
        self._take_breakpoints()
        yield from self.body()
        yield LongAnswer(id="long-answer", markup=False)
        yield Static(TOO_SMALL, id="too-small", markup=False)

    def _take_breakpoints(self) -> None:
        """Know the size before there are widgets: at the first resize each would be styled again."""
        width, height = self.app.size
        of_width = self._get_breakpoint_classes(width, self.HORIZONTAL_BREAKPOINTS)
        of_height = self._get_breakpoint_classes(height, self.VERTICAL_BREAKPOINTS)
        if not (of_width | of_height) & _CRAMPED:
            # What is hidden must lose the focus, and that it does at the resize.
            self.update_classes(dict.fromkeys(of_width | of_height, True), animate=False)

    def _on_screen_resume(self, event: events.ScreenResume) -> None:
        if not self._seen:
            self._seen = True
            # Its widgets were styled when they were made, and nothing has changed since.
            event.refresh_styles = False

    def key_bar(self) -> KeyBar:
        """The footer of these contexts."""
        return KeyBar(footer_of(self.contexts), id="keys")

    def perform(self, name: str) -> bool:
        """Do a command; False if it means nothing here."""
        action = self.actions().get(name) or self.door.actions().get(name)
        if action is None:
            return False
        try:
            outcome = action()
        except engine_failures() as error:
            self.door.tell_failure(error)
            return True
        if inspect.isawaitable(outcome):
            self.door.start(cast(Awaitable[object], outcome))
        return True

    async def on_key(self, event: events.Key) -> None:
        for context in self.contexts:
            name = app_keymap().command(event.key, context)
            if name is not None and self.perform(name):
                event.stop()
                event.prevent_default()
                return

    def on_key_bar_clicked(self, message: KeyBar.Clicked) -> None:
        """A key of the foot, by the mouse."""
        key = key_of_label(message.label)
        if key is not None:
            self.app.simulate_key(key)

    def on_resize(self) -> None:
        self.call_after_refresh(self._focus_something)

    def _focus_something(self) -> None:
        """A window that was too small took the focus from what it hid."""
        if self.focused is None and self.is_current:
            self.focus_next()

    def say(self, text: str, role: str = "strong") -> None:
        """A sentence for the person, where this screen has room for it."""
        for line in self.query(StatusLine):
            if cell_len(text) < line.size.width:
                line.say(text, role)
            else:
                self.query_one(LongAnswer).say(text, role)
            return
        for answer in self.query("#answer").results(Static):
            answer.update(text)
            return
        self.door.toast(text)

    def unsay(self) -> None:
        """What was said stands no more: something else is asked."""
        for line in self.query(StatusLine):
            line.hurry(alone=True)
        for answer in self.query(LongAnswer):
            answer.display = False


class ListKeys:
    """The keys of the list context for a screen with one list."""

    def list_actions(self, rows: RowList[Any]) -> dict[str, Action]:
        """What the arrows do."""
        return {
            "list.up": lambda: rows.move(-1),
            "list.down": lambda: rows.move(1),
            "list.page_up": lambda: rows.move(-rows.page),
            "list.page_down": lambda: rows.move(rows.page),
        }


class Dialog(ModalScreen[Result], CommandScreen[Result]):
    """A question over the screen before."""

    contexts: ClassVar[tuple[str, ...]] = ("dialog", "everywhere")

    def actions(self) -> Mapping[str, Action]:
        return {"dialog.close": lambda: self.dismiss(None)}

    def page_actions(self) -> dict[str, Action]:
        """The page keys for what there is to read, where the arrows belong to a few answers."""
        box = self.query(VerticalScroll).first()
        return {
            "list.page_up": lambda: box.scroll_page_up(animate=False),
            "list.page_down": lambda: box.scroll_page_down(animate=False),
        }
