"""The list of pads: type to filter, press Enter to open. It shows tables; it opens no document."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from textual.app import ComposeResult

from cryptpad_tui.ui import words
from cryptpad_tui.ui.screens.base import Action, CommandScreen, ListKeys
from cryptpad_tui.ui.screens.fields import FilterField
from cryptpad_tui.ui.widgets.parts import Part
from cryptpad_tui.ui.widgets.row_list import Painting, RowList
from cryptpad_tui.ui.widgets.text_line import StatusLine, TextLine

if TYPE_CHECKING:
    from textual.timer import Timer

    from cryptpad_tui.engine import PadListing

_EMPTY: Final[Sequence[Sequence[Part]]] = (
    (),
    ((" There is no pad here yet.", "strong"),),
    (),
    ((" ^N", "key"), ("  makes one and opens it", "")),
    ((" ^O", "key"), ("  joins one that somebody shared with you by a link", "")),
    ((" ^P", "key"), ("  lists every command", "")),
    ((" F1", "key"), ("  shows the keys that work where you are", "")),
)
_NO_MATCH: Final[Sequence[Sequence[Part]]] = (
    (),
    ((" No title has that in it. Esc shows all pads.", "muted"),),
)
_LOOK_S: Final = 1.0
_MANY: Final = 500
_MANY_LOOK_S: Final = 5.0
_COLUMNS_FROM: Final = 60


class DriveScreen(CommandScreen[None], ListKeys):
    """All pads of this vault."""

    contexts = ("drive", "list", "app", "everywhere")

    def __init__(self) -> None:
        super().__init__()
        self.pads: RowList[PadListing] = RowList(self._paint, empty=_EMPTY, id="pads")
        self._listing: list[PadListing] = []
        self._needle = ""
        self._now_ms = 0
        self._timer: Timer | None = None

    def body(self) -> ComposeResult:
        yield TextLine(id="header")
        yield FilterField(id="filter", placeholder="Type to filter")
        yield self.pads
        yield StatusLine(id="status")
        yield self.key_bar()

    def on_mount(self) -> None:
        self.query_one(FilterField).focus()
        self.look()

    def on_screen_resume(self) -> None:
        if self.is_mounted:
            self.look()

    def actions(self) -> Mapping[str, Action]:
        errands = self.door.errands
        return {
            **self.list_actions(self.pads),
            "drive.open": self.open_chosen,
            "drive.new": errands.new_pad,
            "drive.new_rich": errands.new_rich_pad,
            "drive.join": errands.join_pad,
            "drive.upload": errands.files.upload,
            "drive.share": lambda: self._with_chosen(errands.share),
            "drive.members": lambda: self._with_chosen(errands.members),
            "drive.rename": lambda: self._with_chosen(errands.rename),
            "drive.remove": self._remove,
            "drive.alarms": self._show_alarms,
            "drive.help": lambda: self.perform("app.help"),
            "drive.clear": self._clear,
        }

    def look(self) -> None:
        """Show the drive as it is, and look again from time to time."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        engine = self.door.engine
        if engine is None or not self.is_current:
            return
        self._now_ms = int(time.time() * 1000)
        self._listing = sorted(engine.listing(), key=lambda pad: (-pad.changed_ms, pad.pad_id))
        self._show()
        self._timer = self.set_timer(_LOOK_S if len(self._listing) < _MANY else _MANY_LOOK_S, self.look)

    def choose(self, pad_id: bytes) -> None:
        """Put the mark on a pad."""
        self.look()
        for at, pad in enumerate(self.pads.rows):
            if pad.pad_id == pad_id:
                self.pads.choose(at)

    def open_chosen(self) -> object:
        """Enter, which may come before the news of the last letter."""
        self._filter()
        pad = self.pads.chosen
        return None if pad is None else self.door.open_pad(pad.pad_id)

    def on_input_changed(self) -> None:
        self._filter()

    def _filter(self) -> None:
        needle = self.query_one(FilterField).value
        if needle != self._needle:
            self._needle = needle
            self.pads.choose(0)
            self._show()

    def on_row_list_chosen(self) -> None:
        self.perform("drive.open")

    def _with_chosen(self, action: object) -> object:
        pad = self.pads.chosen
        assert callable(action)
        return None if pad is None else action(pad.pad_id, pad.title)

    def _remove(self) -> object:
        if self.query_one(FilterField).value and self.query_one(FilterField).cursor_position == 0:
            return None
        return self._with_chosen(self.door.errands.remove)

    def _show_alarms(self) -> object:
        return self.door.errands.standing.show_all({pad.pad_id: pad.title for pad in self._listing})

    def _clear(self) -> None:
        self.query_one(FilterField).value = ""

    def _show(self) -> None:
        needle = self._needle.strip().casefold()
        kept = self.pads.chosen
        rows = [pad for pad in self._listing if needle in pad.title.casefold()] if needle else self._listing
        index = next((at for at, pad in enumerate(rows) if kept and pad.pad_id == kept.pad_id), None)
        self.pads.show_empty(_NO_MATCH if needle else _EMPTY)
        self.pads.show(rows, index=index)
        self._show_lines(len(rows))

    def _show_lines(self, shown: int) -> None:
        count = "1 pad" if shown == 1 else f"{shown} pads"
        self.query_one("#header", TextLine).show([(" Your pads", "strong")], [(f"{count} ", "muted")])
        text, role = self._state()
        self.query_one(StatusLine).show([(f" {text}", role)])

    def _state(self) -> tuple[str, str]:
        engine = self.door.engine
        assert engine is not None
        caught = sum(bool(pad.alarms) for pad in self._listing)
        if caught:
            where = "1 pad" if caught == 1 else f"{caught} pads"
            return f"ALARM in {where}: your text is safe here. F8 says what was caught.", "alarm"
        waiting = words.unsent(self._listing)
        unsent = f", {words.changes(waiting)} waiting to be sent" if waiting else ""
        relay = engine.relay_url()
        if relay is None:
            return "No relay: everything is saved on this machine. ^R chooses one.", "muted"
        states = engine.relay_states()
        if states and not any(state.connected for state in states):
            return f"Saved here{unsent}. Relay: {words.safe_line(states[0].sentence)}", "warning"
        return f"Saved here{unsent}", "muted"

    def _paint(self, pad: PadListing, width: int) -> Painting:
        title = words.safe_title(pad.title)
        sync = words.sync_word(pad)
        role = "alarm" if sync == "ALARM" else "warning" if str(pad.sync) == "waiting" else "muted"
        if width < _COLUMNS_FROM:
            return [(title, "")], [(f" {sync}", role)]
        when = words.age(pad.changed_ms, self._now_ms)
        right: list[Part] = [
            (f"{words.kind_word(pad):<12}", "muted"),
            (f"{when:<11}", "muted"),
            (f"{sync:<11}", role),
        ]
        return [(title, "")], right
