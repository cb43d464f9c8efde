"""The chat on the screen: what was said, wrapped, and the line that something is said in.

Everything that others wrote becomes safe for a terminal here. It decides nothing and sends nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Protocol

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets._input import Input

from cryptpad_relay.protocol.term_safe import term_safe
from cryptpad_tui.editor.wrap import wrap
from cryptpad_tui.engine.people import colour_of
from cryptpad_tui.ui import words
from cryptpad_tui.ui.commands import app_keymap
from cryptpad_tui.ui.widgets.mention_field import MentionField, Names
from cryptpad_tui.ui.widgets.parts import Part
from cryptpad_tui.ui.widgets.row_list import RowList

if TYPE_CHECKING:
    from cryptpad_tui.engine.chatting import ChatLine

Row = tuple[Part, ...]
_TAB_WIDTH: Final = 4
_TOGETHER_MS: Final = 300_000
"""What one person says within so long stands below one name."""
_NONE: Final = ([("Nobody has said", "muted")], [("anything here yet.", "muted")])
_DAY: Final = 86_400


class Owner(Protocol):
    """Who shows and hides the pane."""

    def said(self, text: str) -> bool: ...
    def toggle(self) -> None: ...
    def leave(self) -> None: ...
    def names(self) -> list[str]: ...


class ChatLog(RowList[Row], can_focus=True):
    """What was said. It takes the keyboard only where nothing can be said."""

    def __init__(self, key: Callable[[str], bool]) -> None:
        super().__init__(lambda row, width: (row, ()), empty=_NONE, id="chat-log")
        self._key = key

    def scroll_rows(self, rows: int) -> None:
        """From the edge of what is in sight, so that each step is seen."""
        edge = self._top if rows < 0 else self._top + self.size.height - 1
        self.choose(edge + rows)

    def on_key(self, event: events.Key) -> None:
        if self._key(event.key):
            event.stop()
            event.prevent_default()


class ChatField(MentionField):
    """One message. Lines that are pasted become one."""

    def __init__(self, key: Callable[[str], bool], names: Names) -> None:
        super().__init__(names, id="chat-field", placeholder="Say something")
        self._key = key

    async def _on_key(self, event: events.Key) -> None:
        if self._key(event.key):
            event.stop()
            event.prevent_default()
            return
        await super()._on_key(event)

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.replace(" ".join(term_safe(event.text).split()), *self.selection)


class ChatPane(Vertical):
    """Both, one below the other."""

    def __init__(self, owner: Owner, *, can_say: bool) -> None:
        super().__init__(id="chat")
        self.display = False
        self._owner = owner
        self._lines: Sequence[ChatLine] = ()
        self._width = 0
        self.log_rows = ChatLog(self._key)
        self.field = ChatField(self._key, owner.names)
        self.can_say = can_say

    def compose(self) -> ComposeResult:
        yield self.log_rows
        yield self.field

    @property
    def has_keyboard(self) -> bool:
        return self.field.has_focus or self.log_rows.has_focus

    def take_keyboard(self) -> None:
        self.field.display = self.can_say
        (self.field if self.can_say else self.log_rows).focus()

    def show(self, lines: Sequence[ChatLine]) -> None:
        """Show these, the newest in sight unless the person went back to older ones."""
        self._lines = lines
        self.call_after_refresh(self._paint)

    def _paint(self) -> None:
        log, lines = self.log_rows, self._lines
        at_end = log.index >= len(log.rows) - 1
        self._width = log.size.width
        rows = list(painted(lines, max(8, self._width - 2), time.time()))
        log.show(rows, index=len(rows) - 1 if at_end else None)

    def on_resize(self) -> None:
        if self.log_rows.size.width != self._width:
            self.call_after_refresh(self._paint)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip() and self._owner.said(event.value):
            self.field.value = ""
            self.call_after_refresh(self.log_rows.move, len(self.log_rows.rows) + 1)

    def _key(self, key: str) -> bool:
        """Whether the key is the pane's."""
        log, listed = self.log_rows, app_keymap().command(key, "list")
        rows = {"list.page_up": -log.page, "list.page_down": log.page, "list.up": -1, "list.down": 1}
        if listed in rows:
            log.scroll_rows(rows[listed])
        elif app_keymap().command(key, "pad") == "pad.chat":
            self._owner.toggle()
        elif key == "escape":
            self._owner.leave()
        else:
            return False
        return True


def painted(lines: Sequence[ChatLine], width: int, now_s: float) -> Iterator[Row]:
    """The rows of all messages: who and when, then the words."""
    before: ChatLine | None = None
    for line in lines:
        if before is None or not _belongs(line, before):
            yield _head(line, now_s)
        role = "strong" if line.unread else ""
        for text in line.message.text.split("\n"):
            shown = term_safe(text).replace("\t", " " * _TAB_WIDTH)
            starts = (*wrap(shown, width, _TAB_WIDTH), len(shown))
            for at, stop in pairwise(starts):
                yield ((shown[at:stop], role),)
        before = line


def _belongs(line: ChatLine, before: ChatLine) -> bool:
    same = line.message.ident_pk == before.message.ident_pk and line.name == before.name
    return same and 0 <= line.message.at_ms - before.message.at_ms < _TOGETHER_MS


def _head(line: ChatLine, now_s: float) -> Row:
    colour = words.hex_colour(colour_of(line.message.ident_pk))
    sign: tuple[Part, ...] = ((" ✓", "good"),) if line.verified else ()
    name = "You" if line.me else words.safe_title(line.name)
    return (
        ("● ", colour),
        (name, "strong"),
        *sign,
        (f"  {_when(line.message.at_ms / 1000, now_s)}", "muted"),
    )


def _when(then_s: float, now_s: float) -> str:
    """A time of the day for what is of a day; it never changes while one looks."""
    there = time.localtime(min(then_s, now_s + _DAY))
    return time.strftime("%H:%M" if abs(now_s - then_s) < _DAY / 2 else "%m-%d %H:%M", there)
