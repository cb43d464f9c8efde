"""The pad editor on the screen: keys, pastes and the mouse in, messages for the screen around it out.

It turns input into commands of the pure editor and shows what they did. It decides nothing about text, takes
no text for markup, and offers text to a clipboard on an explicit copy only.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from textual import events
from textual.message import Message
from textual.timer import Timer

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.editor.commands import COMMANDS
from cryptpad_tui.editor.effects import (
    AskScreen,
    CopyToTerminal,
    Effect,
    Notice,
    OpenPrompt,
    PromptKind,
    ReadOnly,
)
from cryptpad_tui.editor.keymap import Keymap
from cryptpad_tui.editor.state import Settings
from cryptpad_tui.editor.vim.keys import VimKeys
from cryptpad_tui.ui.widgets.editor_canvas import SCROLLBAR_FROM_WIDTH, EditorCanvas
from cryptpad_tui.ui.widgets.mouse import Pointer

STATUS_PERIOD_S: Final = 1.0
"""`Moved` is posted at most this often, so that a status line costs little."""
_NOTICE_PERIOD_S: Final = 5.0
_WHEEL_ROWS: Final = 3
_AUTO_SCROLL_S: Final = 0.06


class EditorView(EditorCanvas, can_focus=True):
    """One view of one pad, with hands."""

    @dataclass
    class Moved(Message):
        """The caret is somewhere else, or the text changed; at most once a second."""

        view: EditorView
        position: Position

    @dataclass
    class Said(Message):
        """A sentence for the person."""

        view: EditorView
        text: str

    @dataclass
    class CommandWanted(Message):
        """The editor asks for a command of the screen, such as `:q` for leaving."""

        view: EditorView
        command: str

    @dataclass
    class ModeChanged(Message):
        """The mode, or the keys that wait for more, are other ones."""

        view: EditorView

    @dataclass
    class PromptWanted(Message):
        """The person wants to go to a line, or to find something."""

        view: EditorView
        kind: PromptKind

    def __init__(
        self,
        document: ViewDocument,
        *,
        language: str = "markdown",
        line_numbers: bool = False,
        scrollbar: bool = True,
        keymap: Keymap | None = None,
        now: Callable[[], float] = time.monotonic,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(
            document, language=language, line_numbers=line_numbers, scrollbar=scrollbar, now=now, id=id
        )
        self._keymap = keymap or Keymap(COMMANDS.values())
        self._pointer = Pointer(now)
        self._auto_scroll: Timer | None = None
        self._moved_timer: Timer | None = None
        self._noticed_at = float("-inf")
        self.vim: VimKeys | None = None
        """The vim map, while it is on."""
        self._mode_shown: tuple[str, str | None] = ("", None)

    # ---- what others may ask

    def command(self, name: str, argument: str = "") -> None:
        """Run a command of the editor by its name."""
        self.act(lambda: (*self.editor.run(name, argument), *self._settled()))
        if name.startswith("format."):
            # The status line says what is on at the caret.
            self.caret_moved()

    def reveal(self, position: Position, *, select_to: Position | None = None) -> None:
        """Go to a place: the caret goes there."""
        self.act(lambda: self.editor.reveal(position, select_to=select_to))

    def show_position(self, position: Position) -> None:
        """Bring a place into view; the caret stays."""
        self.act(lambda: self.editor.show(position))

    def act(self, action: Callable[[], tuple[Effect, ...] | None]) -> None:
        """Do something to the editor, then show it and what it asks for."""
        self._acting = True
        try:
            effects = action()
        finally:
            self._acting = False
        self.update_view()
        for effect in effects or ():
            self._perform(effect)
        self._tell_mode()

    def _settled(self) -> tuple[Effect, ...]:
        return () if self.vim is None else self.vim.settle()

    def settle(self) -> None:
        """Show the caret where the key map wants it, and the mode."""
        self.act(self._settled)

    def default_key(self, key: str) -> str | None:
        """The default map's command of a key."""
        return self._keymap.command(key, "editor")

    def configure(self, settings: Settings, *, line_numbers: bool) -> None:
        """Edit as these settings say."""
        self.line_numbers = line_numbers
        self.editor.configure(settings)
        self.update_view()

    def _tell_mode(self) -> None:
        mode = ("", None) if self.vim is None else (self.vim.status, self.vim.prompt)
        if mode != self._mode_shown:
            self._mode_shown = mode
            self.post_message(self.ModeChanged(self))

    def _perform(self, effect: Effect) -> None:
        if isinstance(effect, CopyToTerminal):
            self.app.copy_to_clipboard(effect.text)
        elif isinstance(effect, OpenPrompt):
            self.post_message(self.PromptWanted(self, effect.kind))
        elif isinstance(effect, AskScreen):
            self.post_message(self.CommandWanted(self, effect.command))
        elif isinstance(effect, Notice):
            self.post_message(self.Said(self, effect.text))
        elif isinstance(effect, ReadOnly):
            self.app.bell()
            if self._now() - self._noticed_at >= _NOTICE_PERIOD_S:
                self._noticed_at = self._now()
                self.post_message(self.Said(self, ReadOnly.__doc__ or ""))

    # ---- keys and pastes

    def on_key(self, event: events.Key) -> None:
        if self.vim is not None and self._press(self.vim, event):
            event.stop()
            event.prevent_default()
            return
        name = self._command_for(event.key)
        if name is not None:
            self.command(name)
        elif event.is_printable and event.character is not None:
            text = event.character
            self.act(lambda: self.editor.type(text))
        else:
            return
        event.stop()
        event.prevent_default()

    def _press(self, vim: VimKeys, event: events.Key) -> bool:
        """Give a key to the vim map; False if it is not one of its keys."""
        effects = None

        def press() -> tuple[Effect, ...] | None:
            nonlocal effects
            effects = vim.press(event.key, event.character)
            return effects

        self.act(press)
        return effects is not None

    def _command_for(self, key: str) -> str | None:
        if key == "escape":
            state = self.editor.state
            return "select.clear" if state.marking or not state.selection.primary.empty else None
        return self._keymap.command(key, "editor")

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        vim, text = self.vim, event.text
        self.act(lambda: self.editor.paste(text) if vim is None else vim.paste(text))

    # ---- the mouse

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if event.button != 1:
            return
        event.stop()
        self.focus()
        self.capture_mouse()
        has_bar = self._scrollbar and self.size.width > SCROLLBAR_FROM_WIDTH
        self._pointer.pressed(event.x, event.y, on_bar=has_bar and event.x == self.size.width - 1)
        if self._pointer.on_bar:
            self._scroll_to_row(event.y)
        else:
            x, y, count = self._text_x(event.x), event.y, self._pointer.count
            self.act(lambda: self.editor.click(x, y, count=count, extend=event.shift))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if not self._pointer.held:
            return
        event.stop()
        if not self._pointer.moved(event.x, event.y):
            return
        if self._pointer.on_bar:
            self._scroll_to_row(event.y)
        else:
            self._drag()
            self._scroll_while_outside()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        if self._pointer.held:
            event.stop()
            self._pointer.released()
            self.release_mouse()

    def _drag(self) -> None:
        x, y = self._pointer.cell
        self.act(lambda: self.editor.drag(self._text_x(x), y))

    def _scroll_while_outside(self) -> None:
        """A pointer held above or below the text scrolls, also while it rests."""
        outside = self._pointer.held and not 0 <= self._pointer.cell[1] < self.size.height
        if outside and self._auto_scroll is None:
            self._auto_scroll = self.set_interval(_AUTO_SCROLL_S, self._scroll_or_stop)

    def _scroll_or_stop(self) -> None:
        if self._pointer.held and not 0 <= self._pointer.cell[1] < self.size.height:
            self._drag()
        elif self._auto_scroll is not None:
            self._auto_scroll.stop()
            self._auto_scroll = None

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, _WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, -_WHEEL_ROWS)

    def _wheel(self, event: events.MouseEvent, rows: int) -> None:
        event.stop()
        event.prevent_default()
        self.act(lambda: self.editor.scroll(rows))

    def _scroll_to_row(self, y: int) -> None:
        fraction = max(0.0, min(1.0, y / max(1, self.size.height - 1)))
        self.act(lambda: self.editor.scroll_to(fraction))

    def _text_x(self, x: int) -> int:
        return max(0, x - (self._painter.gutter if self._painter is not None else 0))

    # ---- what the status line learns

    def caret_moved(self) -> None:
        if self._moved_timer is None and self.is_running:
            self._moved_timer = self.set_timer(STATUS_PERIOD_S, self._post_moved)

    def _post_moved(self) -> None:
        self._moved_timer = None
        self.post_message(self.Moved(self, self.position))
