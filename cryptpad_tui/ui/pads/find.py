"""The line that finds and replaces: what to find, how, which match of how many, and what to put there.

The first match shows with every letter. Counting waits until nobody types, and goes in slices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static
from textual.widgets._input import Input

from cryptpad_tui.crdt.values import Change
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.editor.find import BadPattern, Query
from cryptpad_tui.editor.find_count import MatchCount
from cryptpad_tui.ui.commands import app_keymap, key_label
from cryptpad_tui.ui.screens.fields import Field, LineField
from cryptpad_tui.ui.screens.replace import ReplaceDialog
from cryptpad_tui.ui.widgets.editor_view import EditorView

if TYPE_CHECKING:
    from cryptpad_tui.ui.app import CryptpadApp

_COUNT_AFTER_S: Final = 0.15
_COUNT_NEXT_S: Final = 0.005
_MANY: Final = 1_000_000
_NOTHING: Final = "There is nothing to replace."


class FindLine(Horizontal):
    """Hidden until the editor wants it."""

    contexts = ("prompt",)
    KEYS = (("↓", "Next match"), ("↑", "The one before"), ("Esc", "Back"))
    """What its keys do, for the foot."""

    class Done(Message):
        """The search was ended or taken back."""

    def __init__(self, view: EditorView, document: ViewDocument) -> None:
        super().__init__(id="finder", classes="prompt")
        self._view = view
        self._editor = view.editor
        self._document = document
        self._on = {"case": False, "word": False, "regex": False}
        self._wanted = ""  # what is searched for
        self._replacing = False
        self._asks_with = False  # what to put there, and not what to find
        self._problem = ""
        self._count: MatchCount | None = None
        self._timer: Timer | None = None
        self._stop_observing = document.observe(self._changed)
        self.display = False

    @property
    def is_open(self) -> bool:
        return self.display

    def compose(self) -> ComposeResult:
        yield Static("", id="find-label", classes="prompt-label", markup=False)
        yield LineField(id="find-field")
        yield Static("", id="find-count", classes="prompt-label", markup=False)
        yield Static("", id="find-keys", classes="prompt-keys", markup=False)

    def on_unmount(self) -> None:
        self._stop_observing()

    def open(self, *, replacing: bool) -> None:
        """Ask what to find."""
        self._replacing, self._asks_with = replacing, False
        self._wanted, self._problem, self._count = "", "", None
        self._set_field("")
        self.display = True
        self.query_one(Field).focus()
        self._editor.find_start()
        self._show()

    # ---- what is typed

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.is_open and not self._asks_with:
            self._wanted = event.value
            self._search()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._asks_with:
            self._replace_one(event.value)
        elif self._problem:
            return
        elif self._replacing and self._wanted:
            self._asks_with = True
            self._set_field("")
            self._show()
        else:
            self._end()

    def on_key(self, event: events.Key) -> None:
        name = app_keymap().command(event.key, "prompt") or ""
        act = {
            "prompt.case": lambda: self._toggle("case"),
            "prompt.word": lambda: self._toggle("word"),
            "prompt.regex": lambda: self._toggle("regex"),
            "prompt.next": lambda: self._go("find.next"),
            "prompt.previous": lambda: self._go("find.previous"),
            "prompt.all": self._ask_for_all,
            "prompt.close": self.cancel,
        }.get(name)
        if act is not None:
            event.stop()
            event.prevent_default()
            act()

    def _set_field(self, text: str) -> None:
        field = self.query_one(Field)
        with field.prevent(Input.Changed):
            field.value = text

    # ---- finding

    @property
    def _query(self) -> Query:
        case = True if self._on["case"] else None
        return Query(self._wanted, self._on["regex"], case, self._on["word"])

    def _search(self) -> None:
        self._problem = ""
        try:
            found = self._editor.find_update(self._query)
            if not found and self._wanted:
                self._problem = "Not found"
        except BadPattern as error:
            self._problem = str(error)
        self._view.update_view()
        self._count_again()

    def _toggle(self, what: str) -> None:
        self._on[what] = not self._on[what]
        self._search()

    def _go(self, command: str) -> None:
        if self._wanted:
            self._view.command(command)
            self._show()

    def cancel(self) -> None:
        """Back to where the search began; what was replaced stays replaced."""
        if self._asks_with:
            self._end()
            return
        self._editor.find_cancel()
        self._close()

    def _end(self) -> None:
        self._editor.find_accept()
        self._close()

    def _close(self) -> None:
        self.display = False
        self._count = None
        self._view.settle()
        self.post_message(self.Done())

    # ---- replacing

    def _replace_one(self, template: str) -> None:
        self._problem = ""
        try:
            self._view.act(lambda: self._editor.replace_one(template))
        except BadPattern as error:
            self._problem = str(error)
        self._show()

    def _ask_for_all(self) -> None:
        if self._asks_with:
            door = cast("CryptpadApp", self.app)
            door.start(self._replace_all(self.query_one(Field).value))

    async def _replace_all(self, template: str) -> None:
        try:
            made = self._editor.replace_preview(template)
            if not made:
                self._problem = _NOTHING
            elif await self.app.push_screen_wait(ReplaceDialog(made)):
                self._view.act(lambda: self._editor.replace_all(template))
                self._end()
                return
        except BadPattern as error:
            self._problem = str(error)
        self._show()

    # ---- counting

    def _changed(self, change: Change) -> None:
        if self.is_open:
            self._count_again()

    def _count_again(self) -> None:
        """Count when nothing was typed for a moment; what was counted holds no more."""
        self._count = None
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_COUNT_AFTER_S, self._count_on)
        self._show()

    def _count_on(self) -> None:
        self._timer = None
        if not self.is_open or not self._wanted:
            return
        if self._count is None:
            self._count = MatchCount(self._query)
        try:
            more = self._count.count_on(self._document.lines) and self._count.total < _MANY
        except BadPattern as error:
            more, self._problem, self._count = False, str(error), None
        if more:
            self._timer = self.set_timer(_COUNT_NEXT_S, self._count_on)
        self._show()

    def _counted(self) -> str:
        count = self._count
        if count is None or not self._wanted:
            return ""
        number = 0
        try:
            number = count.ordinal(self._document.lines, self._editor.state.selection.primary)
        except BadPattern:
            self._count = None
        total = f"{count.total:,}{'' if count.is_done else '…'}"
        return f" {number:,} of {total} " if number else f" {total} found "

    # ---- what it says

    def _show(self) -> None:
        label = " With: " if self._asks_with else " Replace: " if self._replacing else " Find: "
        if self._problem:
            label = f" {self._problem.rstrip('.')}: "
        self.query_one("#find-label", Static).update(label)
        self.query_one("#find-count", Static).update("" if self._problem else self._counted())
        self.query_one("#find-keys", Static).update(self._keys())

    def _keys(self) -> str:
        keymap = app_keymap()
        if self._asks_with:
            keys = keymap.keys("prompt.all")
            return f"Enter: this one  {key_label(keys[0])}: all  ↓: skip  Esc: end " if keys else ""
        shown = []
        for what, on in self._on.items():
            keys = keymap.keys(f"prompt.{what}")
            if keys:
                shown.append(f"{key_label(keys[0])} {'✓' if on else ''}{what}")
        return "  ".join(shown) + " "
