"""The drive: folders, recent pads, templates and the trash; type to filter, press Enter to open.

It shows tables and opens no document. A long drive is read in a thread, and only when something changed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, Final

from textual.app import ComposeResult

from cryptpad_tui.ui.drive.actions import DriveActions
from cryptpad_tui.ui.drive.empty import emptiness
from cryptpad_tui.ui.drive.header import SectionsLine
from cryptpad_tui.ui.drive.painting import painted
from cryptpad_tui.ui.drive.peek import PeekPane
from cryptpad_tui.ui.drive.rows import FolderRow, Key, PadRow, Row, Section, around
from cryptpad_tui.ui.drive.shelf import Shelf
from cryptpad_tui.ui.drive.state_line import state_line
from cryptpad_tui.ui.screens.base import Action, CommandScreen, ListKeys
from cryptpad_tui.ui.screens.fields import FilterField
from cryptpad_tui.ui.widgets.row_list import Painting, RowList
from cryptpad_tui.ui.widgets.text_line import KeyBar, StatusLine

if TYPE_CHECKING:
    from textual import events
    from textual.timer import Timer

_LOOK_S: Final = 1.0
_MANY: Final = 500
_MANY_LOOK_S: Final = 5.0
_PEEK_S: Final = 0.1
_LIST_KEYS: Final = (
    ("Spc", "Mark"), ("p", "Look"), ("m", "Move"), ("t", "Tags"), ("e", "Name"), ("d", "Remove"),
    ("s", "Sort"), ("1-4", "View"), ("/", "Filter"),
)  # fmt: skip


class DriveList(RowList[Row]):
    """The rows. While it has the keyboard, letters are commands; the mouse alone does not give it that."""

    can_focus = True
    FOCUS_ON_CLICK = False


class DriveScreen(CommandScreen[None], ListKeys):
    """Everything one person keeps."""

    contexts: ClassVar[tuple[str, ...]] = ("drive", "list", "app", "everywhere")

    def __init__(self) -> None:
        super().__init__()
        self.shelf = Shelf()
        self.rows = DriveList(self._paint, empty=emptiness(Section.RECENT, ""), id="pads")
        self.peek = PeekPane()
        self._deeds = DriveActions(self)
        self._now_ms = 0
        self._wanted: Key | None = None
        """The row to go to once it is there."""
        self._reading = self._is_lent = False
        self._timer: Timer | None = None
        self._peek_timer: Timer | None = None

    def body(self) -> ComposeResult:
        yield SectionsLine(id="header")
        yield FilterField(id="filter", placeholder="Type to filter, #tag too")
        yield self.rows
        yield self.peek
        yield StatusLine(id="status")
        yield self.key_bar()

    def on_mount(self) -> None:
        self.query_one(FilterField).focus()
        if self.door.engine is not None:
            self.shelf.begin(self.door.engine)
        self.look()

    def on_screen_resume(self) -> None:
        if self.is_mounted:
            self.look()

    # -- reading the drive

    def look(self) -> None:
        """Show the drive as it is, and look again from time to time."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        engine = self.door.engine
        if engine is None or not self.is_current:
            return
        if len(self.shelf.contents.lines) < _MANY:
            self.shelf.read(engine)
        elif self.shelf.is_stale(engine) and not self._reading:
            self._reading = True
            self.door.start(self._read())
        self.show()
        is_long = len(self.shelf.contents.lines) >= _MANY
        self._timer = self.set_timer(_MANY_LOOK_S if is_long else _LOOK_S, self.look)

    async def _read(self) -> None:
        engine = self.door.engine
        try:
            if engine is not None:
                await asyncio.to_thread(self.shelf.read, engine)
        finally:
            self._reading = False
        if self.door.engine is engine and self.is_current:
            self.show()

    # -- what is shown

    def show(self) -> None:
        """Show the shelf as it is."""
        self._now_ms = int(time.time() * 1000)
        rows, kept = self.shelf.rows(), self._wanted
        if kept is None and self.rows.chosen is not None:
            kept = self.rows.chosen.key
        index = next((at for at, row in enumerate(rows) if row.key == kept), None)
        if index is not None:
            self._wanted = None
        self.rows.show_empty(emptiness(self.shelf.view.section, self.shelf.needle))
        self.rows.show(rows, index=index)
        shown = sum(isinstance(row, PadRow) for row in rows)
        self.query_one(SectionsLine).tell(self.shelf, shown, mail=self.door.mail_bell.count)
        assert self.door.engine is not None
        text, role = state_line(self.door.engine, self.shelf.contents.lines)
        self.query_one(StatusLine).show([(f" {text}", role)])
        self._peek_soon()

    def go_to(self, change: Callable[[], None]) -> None:
        """Another section, from its first row."""
        change()
        self.rows.choose(0)
        self._wanted = None
        self.show()

    def choose(self, pad_id: bytes) -> None:
        """Put the mark on a pad."""
        self.choose_key(pad_id.hex())

    def choose_key(self, key: Key, *, unfold: bool = False) -> None:
        """Go to a row, once it is there; `unfold`: and open the folders around it."""
        self._wanted = key
        self.look()
        tree = self.shelf.contents.tree
        if unfold and key in tree.folders:
            for folder in around(tree, tree.folders[key].parent):
                self.shelf.open_folder(folder)
            self.show()

    # -- the filter and the list

    @property
    def is_filtering(self) -> bool:
        """Whether something is in the filter."""
        return bool(self.query_one(FilterField).value)

    @property
    def is_at_start_of_filter(self) -> bool:
        """Whether a key that removes a letter has none to remove, and must not remove anything else."""
        field = self.query_one(FilterField)
        return self.focused is field and bool(field.value) and field.cursor_position == 0

    def on_input_changed(self) -> None:
        self._filter()

    def _filter(self) -> None:
        needle = self.query_one(FilterField).value
        if needle != self.shelf.needle:
            self.shelf.needle = needle
            self.rows.choose(0)
            self.show()

    def _swap_focus(self) -> None:
        """Between the filter and the list; the footer says what the letters do."""
        self._is_lent = False
        field = self.query_one(FilterField)
        (self.rows if self.focused is field else field).focus()

    def say_letters_to_rows(self, *, on: bool) -> None:
        """While rows are marked, where the filter had the keyboard: a letter in it would hide them."""
        field = self.query_one(FilterField)
        if on and self.focused is field:
            self._is_lent = True
            self.rows.focus()
        elif not on and self._is_lent:
            self._is_lent = False
            field.focus()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        keys = _LIST_KEYS if event.widget is self.rows else self.key_bar().keys
        self.query_one(KeyBar).show_keys(keys)

    def _clear(self) -> None:
        """Take back the last of: the look, the marks, the filter, the list's keys."""
        field = self.query_one(FilterField)
        if self.peek.display:
            self._toggle_peek()
        elif field.value and self.focused is field:
            field.value = ""
        elif self.shelf.marks:
            self.shelf.marks.clear()
            self.say_letters_to_rows(on=False)
            self.show()
        elif field.value:
            field.value = ""
        elif self.focused is not field:
            field.focus()

    # -- commands

    def actions(self) -> Mapping[str, Action]:
        return {
            **self.list_actions(self.rows),
            **self._deeds.all(),
            "drive.open": self.open_chosen,
            "drive.look": self._toggle_peek,
            "drive.focus": self._swap_focus,
            "drive.alarms": self._show_alarms,
            "drive.help": lambda: self.perform("app.help"),
            "drive.clear": self._clear,
        }

    def perform(self, name: str) -> bool:
        done = super().perform(name)
        if name.startswith("list."):
            self._peek_soon()
        return done

    def open_chosen(self) -> object:
        """Enter, which may come before the news of the last letter."""
        self._filter()
        row = self.rows.chosen
        if row is None:
            return None
        if self.shelf.view.section is Section.TRASH:
            return self._deeds.restore()
        if isinstance(row, FolderRow):
            self._open_folder(row)
            return None
        return self.door.open_pad(row.pad.pad_id)

    def _open_folder(self, row: FolderRow) -> None:
        if row.is_open:
            self.shelf.close_folder(row.folder.id)
        else:
            self.shelf.open_folder(row.folder.id)
        if self.is_filtering:
            self._wanted = row.key
            self.query_one(FilterField).value = ""
        self.show()

    def on_row_list_chosen(self) -> None:
        self.perform("drive.open")

    def on_sections_line_wanted(self, message: SectionsLine.Wanted) -> None:
        self.go_to(lambda: self.shelf.go_to(message.section))

    def _show_alarms(self) -> object:
        titles = {pad.pad_id: pad.title for pad in self.shelf.contents.lines}
        return self.door.errands.standing.show_all(titles)

    # -- a look into the pad

    def _toggle_peek(self) -> None:
        self.peek.display = not self.peek.display
        self._peek()

    def _peek_soon(self) -> None:
        """When the choice rests: a key that is held down opens no text."""
        if self.peek.display:
            if self._peek_timer is not None:
                self._peek_timer.stop()
            self._peek_timer = self.set_timer(_PEEK_S, self._peek)

    def _peek(self) -> None:
        if self.peek.display and self.door.engine is not None and self.is_current:
            self.peek.show(self.door.engine, self.rows.chosen)

    def _paint(self, row: Row, width: int) -> Painting:
        marked = row.key in self.shelf.marks
        return painted(row, width, marked=marked, now_ms=self._now_ms, sort=self.shelf.view.sort)
