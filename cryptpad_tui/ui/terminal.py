"""What the terminal can do, and what may reach it.

It decides whether a screen can be drawn at all, before anything is written; it never asks the terminal.
"""

from __future__ import annotations

import curses
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, TextIO

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_UNSAFE: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
"""Control characters, half characters, and what reorders or hides text without taking a cell."""


class UnsuitableTerminal(Exception):
    """This terminal cannot show a screen (TERM is "dumb" or unset, or there is no terminal). Nothing was changed. Use the commands instead: `cryptpad-tui ls`, `cat`, `append`, `edit`, `log`; `cryptpad-tui --help` lists all."""  # noqa: E501


def refuse_unsuitable_terminal(environ: Mapping[str, str], *, is_terminal: bool) -> None:
    """Raise `UnsuitableTerminal` where a screen would only write rubbish."""
    if not is_terminal or environ.get("TERM", "") in ("", "dumb", "unknown"):
        raise UnsuitableTerminal(UnsuitableTerminal.__doc__)


def are_terminals(*streams: TextIO | None) -> bool:
    """Whether a person is at all of them; a stream that was closed before the start is None."""
    return all(stream is not None and stream.isatty() for stream in streams)


def is_remote(environ: Mapping[str, str]) -> bool:
    """Whether the terminal is at the other end of a network."""
    return any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"))


@lru_cache
def erases_with_background(term: str) -> bool:
    """Whether an erased cell takes the background colour there (terminfo's `bce`); False when unknown."""
    try:
        curses.setupterm(term, 1)
        return curses.tigetflag("bce") == 1
    except curses.error:
        return False


class ControlFilter(LineFilter):
    """Takes control characters out of everything that any widget paints.

    Widgets make foreign text safe themselves; this is the last door, where nobody can forget it.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments, without characters that could move, colour or command the terminal."""
        if not any(_UNSAFE.search(segment.text) for segment in segments):
            return segments
        return [
            Segment(_UNSAFE.sub("", text), style, control) for text, style, control in segments if not control
        ]
