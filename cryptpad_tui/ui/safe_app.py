"""The base of our app: a Textual app that paints little and tells nothing when it fails.

It writes frames through `FrameDiff`, keeps control characters of foreign text off the terminal, shows the
real cursor where the person types, and ends a failure with one line that holds no text of any pad. A
traceback, with its local variables, never reaches the terminal.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Final

from rich.color import ColorSystem
from rich.console import RenderableType
from rich.control import Control
from textual import events
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.dom import DOMNode
from textual.filter import NoColor
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget
from textual.worker import WorkerFailed

from cryptpad_tui.ui import clipboard
from cryptpad_tui.ui.driver import SafeDriver
from cryptpad_tui.ui.frame_diff import FrameDiff
from cryptpad_tui.ui.quiet_collector import EVERY_S, QuietCollector
from cryptpad_tui.ui.terminal import ControlFilter, erases_with_background, is_remote

_SYNC_START: Final = "\x1b[?2026h"
_SYNC_END: Final = "\x1b[?2026l"
_SHOW_CURSOR: Final = "\x1b[?25h"
_HIDE_CURSOR: Final = "\x1b[?25l"
_TEARING_BYTES: Final = 400
"""A shorter frame arrives in one piece anyway: brackets around it would only cost bytes."""
_SOON_S: Final = 0.008
"""Rows painted sooner than this after others wait for the next frame: a burst is one repaint, not many."""


class SafeApp(App[int]):
    """What every screen of ours runs in.

    `diff=False` writes frames as Textual does, for a terminal that the frame diff does not suit.
    """

    ALLOW_SELECT = False
    ENABLE_COMMAND_PALETTE = False
    PROGRAM: ClassVar[str] = "cryptpad-tui"
    WHAT_IS_SAFE: ClassVar[str] = "What you wrote is saved on this machine; start the program again to go on."

    def __init__(
        self, *, diff: bool = True, environ: Mapping[str, str] | None = None, **options: Any
    ) -> None:
        self._environ: Mapping[str, str] = os.environ if environ is None else environ
        super().__init__(driver_class=SafeDriver, **options)
        colors = self.console._color_system or ColorSystem.STANDARD
        erases = erases_with_background(self._environ.get("TERM", ""))
        self._frames = FrameDiff(colors, erases_with_background=erases) if diff else None
        self._cursor_shown = False
        self._now = time.monotonic
        self._painted_at = float("-inf")
        self._collector = QuietCollector(self._now)
        self.cursor_everywhere = False
        """Show the terminal's cursor in every field, for screen readers and braille displays."""
        self._failure: str | None = None
        self._set_colours(colors)
        self._filters.append(ControlFilter())
        if is_remote(self._environ):
            self.animation_level = "none"

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment that the app was started in."""
        return self._environ

    def _set_colours(self, colors: ColorSystem) -> None:
        if self.no_color or colors is ColorSystem.STANDARD:
            # The other themes are made of true colours, which would come out grey or as a poor guess.
            self.theme = "ansi-dark"
        if self.no_color:
            self._filters = [*self._filters[:1], NoColor()]

    # ---- frames

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        frames = self._frames
        if not isinstance(renderable, (LayoutUpdate, ChopsUpdate)) or not self._may_write():
            super()._display(screen, renderable)
            return
        if frames is None:
            super()._display(screen, renderable)
            self._show_cursor(self._wants_cursor())
            return
        try:
            cursor = self.screen.outer_size.clamp_offset(self.cursor_position)
            try:
                frame = frames.render(renderable, self.size, cursor)
            except Exception as error:
                self._handle_exception(error)
            else:
                self._write_frame(frame)
        finally:
            self.post_display_hook()

    def paint_rows(self, widget: Widget, rows: Sequence[tuple[int, Strip]]) -> bool:
        """Show rows of a widget at once, past the compositor; False where only a refresh can.

        A key press then costs one way through the event loop, not three. Only a widget that nothing lies
        over may do it, and its own `render_lines` must give the same strips.
        """
        screen = self.screen
        if self._frames is None or not self._may_write() or widget.screen is not screen:
            return False
        if screen._layout_required or self._now() - self._painted_at < _SOON_S:
            return False
        region = _unobstructed(widget, screen)
        if region is None:
            return False
        cursor = screen.outer_size.clamp_offset(self.cursor_position)
        strips = [(region.y + y, region.x, strip) for y, strip in rows]
        frame = self._frames.render_rows(strips, cursor)
        if frame is None:
            return False
        self._painted_at = self._now()
        self._write_frame(frame)
        return True

    def _may_write(self) -> bool:
        driver = self._driver
        if self._batch_count or not self._running or self._closed or self.is_headless or driver is None:
            return False
        return not driver.is_inline

    def _write_frame(self, frame: str) -> None:
        show = self._wants_cursor()
        if show != self._cursor_shown:
            frame += _SHOW_CURSOR if show else _HIDE_CURSOR
        if len(frame) > _TEARING_BYTES:
            if self._sync_available:
                frame = _SYNC_START + frame + _SYNC_END
            elif show and self._cursor_shown:
                frame = _HIDE_CURSOR + frame + _SHOW_CURSOR
        self._cursor_shown = show
        if frame:
            self._collector.painted()
            self._write(frame)

    def _write(self, text: str) -> None:
        assert self._driver is not None
        self._driver.write(text)
        self._driver.flush()

    def forget_screen(self) -> None:
        """Something else may have written to the terminal: trust nothing of what it shows."""
        if getattr(self, "_frames", None) is not None:
            assert self._frames is not None
            self._frames.forget()
        self._cursor_shown = False

    def action_redraw(self) -> None:
        """Paint the whole screen anew (Ctrl+L)."""
        self.forget_screen()
        self.screen.refresh()

    async def _on_resize(self, event: events.Resize) -> None:
        self.forget_screen()
        same = self._size == event.size and self._running
        await super()._on_resize(event)
        if same and self.screen_stack:
            self.screen.refresh()

    # ---- the cursor

    def place_cursor(self) -> None:
        """Show the cursor at `cursor_position` at once, without a repaint."""
        if not self._may_write():
            return
        x, y = self.screen.outer_size.clamp_offset(self.cursor_position)
        if self._frames is None:
            self._write(Control.move_to(x, y).segment.text)
            self._show_cursor(self._wants_cursor())
        else:
            self._write_frame(self._frames.move_cursor(x, y))

    def _wants_cursor(self) -> bool:
        focused = self.focused
        if focused is None:
            return False
        return self.cursor_everywhere or bool(getattr(focused, "shows_terminal_cursor", False))

    def _show_cursor(self, show: bool) -> None:
        if show != self._cursor_shown:
            self._cursor_shown = show
            self._write(_SHOW_CURSOR if show else _HIDE_CURSOR)

    def _register(self, parent: DOMNode, *widgets: Widget, **options: Any) -> list[Widget]:
        for widget in widgets:
            if hasattr(widget, "cursor_blink"):
                # A cursor that blinks costs 650 bytes a second on an idle screen.
                widget.cursor_blink = False
        return super()._register(parent, *widgets, **options)

    # ---- text that leaves

    def notify(self, message: str, *, markup: bool = False, **options: Any) -> None:
        """Show a message; brackets in it are brackets, whoever wrote it."""
        super().notify(message, markup=markup, **options)

    def copy_to_clipboard(self, text: str) -> None:
        """Offer a text that the person copied to the clipboard outside, and say where it went."""
        self._clipboard = text
        if self._may_write():
            self.run_worker(self._offer(text), group="clipboard")

    async def _offer(self, text: str) -> None:
        outcome = await clipboard.offer(text, self._write, self._environ)
        if outcome is not clipboard.Copied.TERMINAL:
            self.notify(outcome.value)

    async def _ready(self) -> None:
        await super()._ready()
        if not self.is_headless:
            self._collector.begin()
            self.set_interval(EVERY_S, self._collector.look)

    # ---- failure

    async def run_async(self, **options: Any) -> int | None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._note_loop_failure)
        for number in (signal.SIGTERM, signal.SIGHUP):
            with suppress(NotImplementedError, RuntimeError):
                loop.add_signal_handler(number, self._end_by_signal, number)
        return await super().run_async(**options)

    def _end_by_signal(self, number: int) -> None:
        self.exit(return_code=128 + number)

    def _note_loop_failure(self, loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        # The default would print the exception, and an exception may quote what it was given.
        error = context.get("exception")
        if isinstance(error, Exception) and self._running:
            self._handle_exception(error)

    def _handle_exception(self, error: Exception) -> None:
        self._return_code = 1
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        if self._failure is None:
            self._failure = self.failure_line(error)
        self._close_messages_no_wait()

    def _fatal_error(self) -> None:
        self._close_messages_no_wait()

    def panic(self, *renderables: RenderableType) -> None:
        """End the app; whatever was to be shown with it may quote a pad and is not shown."""
        self._return_code = 1
        self._failure = self._failure or self._sentence("an unexpected state")
        self._close_messages_no_wait()

    def _print_error_renderables(self) -> None:
        self._exit_renderables.clear()
        if self._failure is not None and not self.is_headless:
            print(self._failure, file=sys.__stderr__)
            self._failure = None

    @classmethod
    def failure_line(cls, error: BaseException) -> str:
        """One line about a failure: its kind and its place in the code, never its message or a value."""
        error = error.error if isinstance(error, WorkerFailed) else error
        frames: Iterable[traceback.FrameSummary] = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if "cryptpad" in frame.filename] or list(frames)
        place = f" at {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
        return cls._sentence(type(error).__name__ + place)

    @classmethod
    def _sentence(cls, what: str) -> str:
        return f"{cls.PROGRAM}: error: the screen failed ({what}). {cls.WHAT_IS_SAFE}"


def _unobstructed(widget: Widget, screen: Screen[Any]) -> Region | None:
    """Where a widget is, if all of it is visible and nothing lies over it."""
    for other, (region, clip) in screen._compositor.visible_widgets.items():
        # Front to back: what comes before the widget is painted over it.
        if other is widget:
            return region if clip.contains_region(region) else None
        if region.intersection(clip).overlaps(widget.region):
            return None
    return None
