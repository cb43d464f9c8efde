"""The terminal driver: Textual's own, without what our users should not have.

Other than Textual's it never reports every motion of the mouse, reads a paste of megabytes in one piece,
never prints a traceback when reading fails, and leaves no colour behind when the program stops.
"""

from __future__ import annotations

import codecs
import os
import selectors
import sys
from collections.abc import Iterable, Iterator
from typing import Final

from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from cryptpad_tui.ui.alt_keys import know_alt_keys
from cryptpad_tui.ui.pen import RESET
from cryptpad_tui.ui.terminal_writer import TerminalWriter

PASTE_LIMIT_CHARS: Final = 64 << 20
"""A longer paste is cut here, so that a hostile terminal or a stuck key cannot fill the memory."""

_PASTE_START: Final = "\x1b[200~"
_PASTE_END: Final = "\x1b[201~"
_UNMISTAKABLE: Final = len("\x1b[2")
"""Fewer characters of a paste's beginning may be a key (escape, alt+[), which must not wait."""
_READ_BYTES: Final = 1 << 16


class PasteSplitter:
    """Takes bracketed pastes out of the input: a paste costs one search, not a step a character."""

    def __init__(self, limit_chars: int = PASTE_LIMIT_CHARS) -> None:
        self._limit_chars = limit_chars
        self._paste: list[str] | None = None
        self._paste_chars = 0
        self._tail = ""

    def feed(self, text: str) -> Iterator[str | events.Paste]:
        """What was typed, as it came, and each paste as one event."""
        text, self._tail = self._tail + text, ""
        while text:
            mark = _PASTE_START if self._paste is None else _PASTE_END
            before, found, text = text.partition(mark)
            if not found:
                kept = _begun(before, mark)
                if self._paste is None and kept < _UNMISTAKABLE:
                    kept = 0
                before, self._tail = before[: len(before) - kept], before[len(before) - kept :]
            if self._paste is None:
                if before:
                    yield before
                if found:
                    self._paste, self._paste_chars = [], 0
            else:
                self._keep(before)
                if found:
                    yield events.Paste("".join(self._paste).replace("\0", ""))
                    self._paste = None

    def _keep(self, text: str) -> None:
        assert self._paste is not None
        text = text[: max(0, self._limit_chars - self._paste_chars)]
        self._paste_chars += len(text)
        self._paste.append(text)


def _begun(text: str, mark: str) -> int:
    """How many characters at the end of `text` may be the beginning of `mark`."""
    return next((size for size in range(len(mark) - 1, 0, -1) if text.endswith(mark[:size])), 0)


know_alt_keys()


class SafeDriver(LinuxDriver):
    """Textual's Linux and macOS driver with our habits."""

    def _get_terminal_size(self) -> tuple[int, int]:
        # Textual's asks the environment first, and an exported COLUMNS never changes with the window.
        try:
            width, height = os.get_terminal_size(self.fileno)
        except OSError:
            return super()._get_terminal_size()
        return width or 80, height or 24

    def _enable_mouse_support(self) -> None:
        # 1002 reports motion while a button is held: enough to drag. 1003 would send bytes for every motion.
        if self._mouse:
            self.write("\x1b[?1000h\x1b[?1002h\x1b[?1006h")
            self.flush()

    def _disable_mouse_support(self) -> None:
        if self._mouse:
            self.write("\x1b[?1000l\x1b[?1002l\x1b[?1006l")
            self.flush()

    def _query_in_band_window_resize(self) -> None:
        """The window's size comes by signal; reports in the input would switch the mouse to pixels."""

    def start_application_mode(self) -> None:
        self._forget_screen()
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if self._writer_thread is not None:
            self._writer_thread.stop()
            writer = TerminalWriter(sys.__stderr__.fileno() if sys.__stderr__ else 2, self._forget_screen)
            writer.start()
            self._writer_thread = writer  # type: ignore[assignment]

    def stop_application_mode(self) -> None:
        self._forget_screen()
        self.write(RESET)
        super().stop_application_mode()

    def send_message(self, message: Message) -> None:
        # Textual makes a task of every key; the queue takes it as well.
        self._loop.call_soon_threadsafe(self._app.post_message, message)

    def _forget_screen(self) -> None:
        forget = getattr(self._app, "forget_screen", None)
        if forget is not None:
            forget()

    def _run_input_thread(self) -> None:
        try:
            self.run_input_thread()
        except Exception as error:
            # The traceback would name what was being typed; the app says that it failed, and no more.
            self._app.call_later(self._app._handle_exception, error)

    def run_input_thread(self) -> None:
        """Read what the person types until the app stops."""
        parser = XTermParser(self._debug)
        pastes = PasteSplitter()
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(0.1):
                    data = self._read()
                    if not data:
                        self._app.call_later(self._app.exit)
                        return
                    for part in pastes.feed(decode(data)):
                        self._take(parser, part)
                for message in parser.tick():
                    self.process_message(message)

    def _read(self) -> bytes:
        """What was typed; nothing when the terminal is gone."""
        try:
            return os.read(self.fileno, _READ_BYTES)
        except OSError:
            return b""

    def _take(self, parser: XTermParser, part: str | events.Paste) -> None:
        messages: Iterable[Message] = parser.feed(part) if isinstance(part, str) else [part]
        for message in messages:
            self.process_message(message)
