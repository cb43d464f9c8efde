"""Asks a terminal what it can do, for the doctor alone: the app never depends on an answer.

Answers are foreign bytes: bounded in time and size, parsed by shape, and what is not understood is dropped.
The questions are ones that terminals ignore when they do not know them; the last is one that all answer, so
that silence is told from slowness.
"""

from __future__ import annotations

import os
import re
import select
import termios
import time
import tty
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

_NAME: Final = b"\x1b[>0q"
_KITTY_KEYS: Final = b"\x1b[?u"
_SYNCHRONIZED: Final = b"\x1b[?2026$p"
_PICTURES: Final = b"\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
_ATTRIBUTES: Final = b"\x1b[c"
_MAX_ANSWER: Final = 4_096
_SILENT_TERMS: Final = frozenset({"", "dumb", "unknown", "linux"})
_TIMEOUT_S: Final = 1.0

_NAME_ANSWER: Final = re.compile(rb"\x1bP>\|([ -~]{1,64})\x1b\\")
_KITTY_ANSWER: Final = re.compile(rb"\x1b\[\?(\d{1,3})u")
_SYNCHRONIZED_ANSWER: Final = re.compile(rb"\x1b\[\?2026;(\d)\$y")
_ATTRIBUTES_ANSWER: Final = re.compile(rb"\x1b\[\?([0-9;]{1,64})c")
_PICTURES_ANSWER: Final = re.compile(rb"\x1b_Gi=31;OK\x1b\\")
_INLINE_NAMES: Final = ("iTerm2", "WezTerm", "mintty", "Konsole")
_CLIPBOARD_ATTRIBUTE: Final = 52


@dataclass(frozen=True, slots=True)
class TerminalAnswers:
    """What a terminal said of itself; `answered` is False where it said nothing at all."""

    answered: bool = False
    name: str = ""
    kitty_keys: bool = False
    """Tells keys apart that other terminals send alike."""
    synchronized: bool = False
    """Shows a frame at once, without tearing."""
    clipboard: bool = False
    """Says that programs may set its clipboard (OSC 52); many can without saying so."""
    pictures: bool = False
    """Shows pictures that a program sends it (kitty's graphics)."""
    inline_pictures: bool = False
    """The same by iTerm2's protocol, which has no question of its own: by the name that it gives."""


def questions(environ: Mapping[str, str]) -> bytes:
    """What to write; nothing where the terminal would show the questions as text."""
    if environ.get("TERM", "") in _SILENT_TERMS:
        return b""
    # Apple's Terminal shows the end of this question.
    synchronized = b"" if environ.get("TERM_PROGRAM") == "Apple_Terminal" else _SYNCHRONIZED
    return _NAME + _KITTY_KEYS + synchronized + _PICTURES + _ATTRIBUTES


def parse_answers(raw: bytes) -> TerminalAnswers:
    """The answers among the bytes that came; never raises."""
    raw = raw[:_MAX_ANSWER]
    attributes = _ATTRIBUTES_ANSWER.search(raw)
    name = _NAME_ANSWER.search(raw)
    synchronized = _SYNCHRONIZED_ANSWER.search(raw)
    called = name[1].decode("ascii") if name else ""
    numbers = {int(part) for part in attributes[1].split(b";") if part} if attributes else set()
    return TerminalAnswers(
        answered=attributes is not None,
        name=called,
        inline_pictures=called.startswith(_INLINE_NAMES),
        kitty_keys=_KITTY_ANSWER.search(raw) is not None,
        synchronized=synchronized is not None and synchronized[1] in (b"1", b"2"),
        pictures=_PICTURES_ANSWER.search(raw) is not None,
        clipboard=_CLIPBOARD_ATTRIBUTE in numbers,
    )


def ask_terminal(
    environ: Mapping[str, str] = os.environ,
    *,
    timeout_s: float = _TIMEOUT_S,
    now: Callable[[], float] = time.monotonic,
) -> TerminalAnswers | None:
    """The answers of the terminal that this process belongs to; None where there is none."""
    asked = questions(environ)
    try:
        descriptor = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if not asked:
            return TerminalAnswers()
        before = termios.tcgetattr(descriptor)
        try:
            tty.setcbreak(descriptor, termios.TCSAFLUSH)
            os.write(descriptor, asked)
            return parse_answers(_read_answers(descriptor, timeout_s, now))
        finally:
            termios.tcsetattr(descriptor, termios.TCSAFLUSH, before)
    except (OSError, termios.error):
        return TerminalAnswers()
    finally:
        os.close(descriptor)


def _read_answers(descriptor: int, timeout_s: float, now: Callable[[], float]) -> bytes:
    raw, deadline = b"", now() + timeout_s
    while len(raw) < _MAX_ANSWER and not _ATTRIBUTES_ANSWER.search(raw):
        left = deadline - now()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            break
        part = os.read(descriptor, _MAX_ANSWER)
        if not part:
            break
        raw += part
    return raw
