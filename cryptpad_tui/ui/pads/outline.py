"""The outline of a pad: its headings beside the text, the one around the caret marked, each a jump away.

Headings are looked for in slices when the pane is opened and when nothing was typed for a while; a key press
costs nothing here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from textual import events
from textual.timer import Timer
from textual.widgets import Static

from cryptpad_tui.crdt.values import Change, Position
from cryptpad_tui.editor.outline import Heading, Outline
from cryptpad_tui.ui import words
from cryptpad_tui.ui.commands import app_keymap
from cryptpad_tui.ui.pads.side_pane import SidePaneFeature
from cryptpad_tui.ui.screens.base import Action
from cryptpad_tui.ui.widgets.row_list import Painting, RowList

if TYPE_CHECKING:
    from cryptpad_tui.ui.screens.pad import PadScreen

_IDLE_S: Final = 0.5
"""So long after the last change the headings are looked for again."""
_SHARE: Final = 10
"""What looking takes is at most one part in so many of the time."""
_NEXT_S: Final = 0.005
_FOLLOW_S: Final = 0.1
_NO_HEADINGS: Final = "Only markdown and rich text have headings; the title says what a text holds."
_NONE: Final = ([("No headings yet.", "muted")],)


class OutlinePane(RowList[Heading], can_focus=True):
    """The list of headings, with keys of its own while it has them."""

    def __init__(self, jump: Callable[[], None], leave: Callable[[], None]) -> None:
        super().__init__(self._paint_heading, empty=_NONE, id="outline")
        self._jump, self._leave = jump, leave

    def _paint_heading(self, heading: Heading, width: int) -> Painting:
        role = "strong" if heading.level == 1 else ""
        return [("  " * (heading.level - 1), ""), (words.safe_line(heading.title) or "(empty)", role)], []

    def on_row_list_chosen(self) -> None:
        self._jump()

    def on_key(self, event: events.Key) -> None:
        steps = {"list.up": -1, "list.down": 1, "list.page_up": -self.page, "list.page_down": self.page}
        rows = steps.get(app_keymap().command(event.key, "list") or "")
        if rows is not None:
            self.move(rows)
        elif event.key in ("enter", "ctrl+j"):
            self._jump()
        elif event.key == "escape":
            self._leave()
        else:
            return
        event.stop()
        event.prevent_default()


class OutlineFeature(SidePaneFeature[OutlinePane]):
    """Shows the pane, keeps it up to date and goes where it points."""

    def __init__(self, screen: PadScreen) -> None:
        super().__init__(screen)
        self.outline = Outline()
        self.edge = Static("", classes="edge")
        self.pane = OutlinePane(self._jump, self.leave)
        self._timer: Timer | None = None
        self._follow_timer: Timer | None = None
        self._began = self._took = 0.0
        self._marked = -1
        self._stop_observing = self.session.view.observe(self._changed)
        self.view.watchers.append(self._moved)

    def actions(self) -> Mapping[str, Action]:
        return {"pad.outline": self._toggle}

    def close(self) -> None:
        self._stop_observing()

    # ---- shown and hidden

    def _toggle(self) -> None:
        if self.pane.display and not self.pane.has_focus:
            self.pane.focus()
        elif self.pane.display:
            self.hide()
        elif not self.view.editor.has_headings:
            self.screen.say(_NO_HEADINGS)
        else:
            self.show(shown=True)
            self._look_again()
            self.pane.focus()

    def keys(self) -> Sequence[tuple[str, str]]:
        return (("Enter", "Go there"), *super().keys())

    def _jump(self) -> None:
        heading = self.pane.chosen
        if heading is not None:
            self.leave()
            self.view.reveal(Position(heading.line, 0))
            self.view.command("view.centre")

    # ---- finding

    def _look_again(self) -> None:
        self._began = time.monotonic()
        self._took = 0.0
        self.outline.begin()
        self._look_on()

    def _look_on(self) -> None:
        self._timer = None
        if not self.pane.display:
            return
        document = self.session.view
        before = time.process_time()
        more = self.outline.look_on(document.lines, document.marks)
        self._took += time.process_time() - before
        if more:
            self._timer = self.screen.set_timer(_NEXT_S, self._look_on)
        else:
            self._mark(refresh=True)

    def _changed(self, change: Change) -> None:
        if self.pane.display:
            self.outline.follow(change)
            if self._timer is None:
                wait = max(_IDLE_S, self._took * _SHARE)
                self._timer = self.screen.set_timer(wait, self._look_again)
            else:
                self._timer.reset()

    # ---- following the caret

    def _moved(self) -> None:
        if self.pane.display and self._follow_timer is None:
            self._follow_timer = self.screen.set_timer(_FOLLOW_S, self._follow)

    def _follow(self) -> None:
        self._follow_timer = None
        self._mark(refresh=False)

    def _mark(self, *, refresh: bool) -> None:
        """Choose the heading around the caret, unless the person is choosing one."""
        around = max(0, self.outline.around(self.view.position.line))
        chosen = self.pane.index if self.pane.has_focus and not refresh else around
        if refresh or self.outline.headings != self.pane.rows:
            self.pane.show(self.outline.headings, index=chosen)
        elif chosen != self.pane.index:
            self.pane.choose(chosen)
