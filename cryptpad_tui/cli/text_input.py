"""Text from standard input or a file, made clean or refused with its line and column; never half of it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from cryptpad_tui.cli import diagnostics
from cryptpad_tui.cli.errors import BadName, BadTitle, FileUnreadable, InputTooLong, UncleanInput
from cryptpad_tui.crdt.clean import find_unclean

MAX_INPUT_BYTES: Final = 64 * 1024 * 1024
MAX_TITLE_CHARS: Final = 1_000
MAX_NAME_BYTES: Final = 64
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class CleanText:
    """Text that a pad can hold, and what was changed to make it so."""

    text: str
    notes: tuple[str, ...] = ()


def clean_text(raw: bytes) -> CleanText:
    """Line ends become LF and a leading byte-order mark goes; everything else that is unfit is refused."""
    notes: list[str] = []
    if raw.startswith(_BOM):
        raw = raw[len(_BOM) :]
        notes.append("a byte-order mark at the beginning was left out")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise UncleanInput(f"{_place(raw[: error.start].decode())}: not UTF-8") from None
    if "\r" in text:
        text = _with_plain_line_ends(text)
        notes.append("line ends (CR or CRLF) were made LF")
    if unclean := find_unclean(text):
        code = ord(unclean.group())
        raise UncleanInput(f"{_place(text[: unclean.start()])}: the control character U+{code:04X}")
    return CleanText(text, tuple(notes))


def read_text(path: Path | None = None, *, what: str = "the pad's text") -> str:
    """The whole of a file, or of standard input where `path` is None, with a note on each change made."""
    cleaned = clean_text(read_bytes(path, MAX_INPUT_BYTES, what))
    for note in cleaned.notes:
        diagnostics.note(note)
    return cleaned.text


def read_bytes(path: Path | None, limit: int, what: str) -> bytes:
    """At most `limit` bytes to the end of the input. A person at a terminal is told what is read."""
    try:
        if path is not None:
            with open(path, "rb") as stream:
                return _bounded(stream.read, limit)
        return _bounded(_stdin(what).read, limit)
    except OSError as error:
        name = "standard input" if path is None else str(path)
        raise FileUnreadable(f"{name}: {error.strerror or type(error).__name__}") from None


def stdin_is_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def require_title(title: str) -> str:
    """The title as it is, if it can be one."""
    _require_line(title, BadTitle)
    if len(title) > MAX_TITLE_CHARS:
        raise BadTitle(f"this one has {len(title)}")
    return title


def require_name(name: str) -> str:
    """The person's name as it is, if it can be one."""
    _require_line(name, BadName)
    if len(name.encode()) > MAX_NAME_BYTES:
        raise BadName(f"this one has {len(name.encode())}")
    return name


def _require_line(text: str, error: type[BadTitle | BadName]) -> None:
    if not text.strip():
        raise error()
    if "\n" in text or "\t" in text or find_unclean(text):
        raise error("it holds a line end, a control character or bytes that are not UTF-8")


def _stdin(what: str) -> BinaryIO:
    if sys.stdin is None:
        raise FileUnreadable("standard input is closed")
    if stdin_is_terminal():
        diagnostics.note(f"type {what}; Ctrl+D on an empty line ends it, Ctrl+C leaves everything as it was")
    return sys.stdin.buffer


def _bounded(read: Callable[[int], bytes], limit: int) -> bytes:
    raw = read(limit + 1)
    if len(raw) > limit:
        raise InputTooLong(f"over {limit} bytes")
    return raw


def _with_plain_line_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _place(before: str) -> str:
    """Line and column, from 1, in characters, of what follows `before`."""
    lines = _with_plain_line_ends(before).split("\n")
    return f"line {len(lines)}, column {len(lines[-1]) + 1}"
