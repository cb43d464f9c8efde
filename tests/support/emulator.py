"""The emulator half of the terminal for tests: bytes in, cells and answers out.

pyte knows fewer sequences than a modern terminal; what it would misread is taken out here, not in tests.
"""

from __future__ import annotations

import copy
import re
from typing import Any

import pyte
from wcwidth import wcwidth

_TOKEN = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI
    rb"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC
    rb"|\x1b[PX^_][^\x1b]*\x1b\\"  # DCS, SOS, PM, APC
    rb"|\x1b[ -/]*[0-OQ-WYZ`-~]"  # the rest
)
_FOREIGN = re.compile(
    rb"\x1b\[[<=>][0-9;]*[A-Za-z]|\x1b\[\?[0-9;]*(?:[um]|\$p)|\x1b[P_^X].*|\x1b\].*", re.DOTALL
)
_MAX_TOKEN_BYTES = 1 << 20

Screen = Any
"""pyte brings no types."""


class _Screen(pyte.Screen):  # type: ignore[misc]
    """pyte's screen, but a character without width never swallows the rest of the run."""

    def draw(self, data: str) -> None:
        run = ""
        for char in data:
            if wcwidth(char) == 0:
                super().draw(run)
                run = ""
                self._join(char)
            else:
                run += char
        super().draw(run)

    def _join(self, char: str) -> None:
        x = min(self.cursor.x, self.columns) - 1
        line = self.buffer[self.cursor.y]
        if x > 0 and line[x].data == "":
            x -= 1
        if x >= 0:
            line[x] = line[x]._replace(data=line[x].data + char)


def new_screen(cols: int, rows: int) -> Screen:
    """An empty screen."""
    return _Screen(cols, rows)


class TokenStream:
    """Splits output into text and whole sequences, answers queries, and shows the rest to the screen."""

    def __init__(self, screen: Screen, *, answers_sync: bool) -> None:
        self._screen = screen
        self._stream = pyte.ByteStream(screen)
        self._pending = b""
        self._sync = b"2" if answers_sync else b"0"
        self._main: tuple[Any, Any] | None = None
        self.sequences: list[bytes] = []

    def feed(self, data: bytes) -> bytes:
        """What a terminal would send back."""
        data, at, answers = self._pending + data, 0, b""
        while (escape := data.find(b"\x1b", at)) >= 0:
            self._stream.feed(data[at:escape])
            token = _TOKEN.match(data, escape)
            if token is None:
                if len(data) - escape > _MAX_TOKEN_BYTES:
                    raise AssertionError(f"no terminal sequence: {data[escape : escape + 40]!r}")
                self._pending = data[escape:]
                return answers
            self.sequences.append(token[0])
            if token[0] in (b"\x1b[?1049h", b"\x1b[?1049l"):
                self._switch(alternate=token[0].endswith(b"h"))
            elif not _FOREIGN.match(token[0]):
                self._stream.feed(token[0])
            answers += self._answer(token[0])
            at = token.end()
        self._pending = b""
        self._stream.feed(data[at:])
        return answers

    def _switch(self, *, alternate: bool) -> None:
        """The alternate screen, which pyte has not: what was there comes back when it is left."""
        screen = self._screen
        if alternate and self._main is None:
            self._main = ({y: dict(row) for y, row in screen.buffer.items()}, copy.copy(screen.cursor))
            screen.erase_in_display(2)
        elif not alternate and self._main is not None:
            rows, cursor = self._main
            screen.erase_in_display(2)
            for y, row in rows.items():
                screen.buffer[y].update(row)
            screen.cursor.x, screen.cursor.y = cursor.x, cursor.y
            self._main = None

    def _answer(self, token: bytes) -> bytes:
        if token in (b"\x1b[c", b"\x1b[0c"):
            return b"\x1b[?62;22c"
        if token == b"\x1b[6n":
            return b"\x1b[%d;%dR" % (self._screen.cursor.y + 1, self._screen.cursor.x + 1)
        if token == b"\x1b[?2026$p":
            return b"\x1b[?2026;" + self._sync + b"$y"
        if token == b"\x1b[?2048$p":
            return b"\x1b[?2048;0$y"
        return b""
