"""Text from standard input or a file, made clean or refused with its line and column; never half of it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

from cryptpad_tui.cli import diagnostics
from cryptpad_tui.cli.errors import BadName, FileUnreadable, InputTooLong
from cryptpad_tui.convert.plain_in import clean_text, is_line, require_title

__all__ = [
    "MAX_INPUT_BYTES",
    "clean_text",
    "read_bytes",
    "read_line",
    "read_text",
    "require_name",
    "require_title",
    "stdin_is_terminal",
]

MAX_INPUT_BYTES: Final = 64 * 1024 * 1024
MAX_NAME_BYTES: Final = 64


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


def read_line(limit: int, what: str) -> bytes:
    """What fits on one line: a person at a terminal ends it with Enter, other input is read to its end."""
    if not stdin_is_terminal():
        return read_bytes(None, limit, what)
    diagnostics.note(f"type or paste {what}, then press Enter; Ctrl+C leaves everything as it was")
    try:
        line = _bounded(sys.stdin.buffer.readline, limit)
        while line and not line.strip():
            line = _bounded(sys.stdin.buffer.readline, limit)
    except OSError as error:
        raise FileUnreadable(f"standard input: {error.strerror or type(error).__name__}") from None
    return line


def stdin_is_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def require_name(name: str) -> str:
    """The person's name as it is, if it can be one."""
    if not name.strip():
        raise BadName
    if not is_line(name):
        raise BadName("it holds a line end, a control character or bytes that are not UTF-8")
    if len(name.encode()) > MAX_NAME_BYTES:
        raise BadName(f"this one has {len(name.encode())}")
    return name


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
