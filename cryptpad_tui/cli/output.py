"""Standard output: data and nothing else. Never prose, and never a control character of somebody else's."""

from __future__ import annotations

import os
import sys
from typing import BinaryIO

from cryptpad_tui.cli.errors import OutputFailed, ReaderLeft


def write_bytes(data: bytes) -> None:
    """Exactly these bytes, at once; raises ReaderLeft or OutputFailed."""
    stream = _stdout()
    try:
        stream.write(data)
        stream.flush()
    except BrokenPipeError:
        raise ReaderLeft() from None
    except OSError as error:
        raise OutputFailed(error.strerror or "") from None


def write_line(text: str) -> None:
    """One line; a character that the terminal's encoding lacks becomes a question mark."""
    write_bytes((text + "\n").encode(_encoding(), "replace"))


def write_lines(lines: list[str]) -> None:
    """All at once, so that a reader never sees half a table."""
    if lines:
        write_line("\n".join(lines))


def write_json_object(value: object) -> None:
    """One value on one line. Everything that is not ASCII is escaped, so that any terminal may show it."""
    import json

    write_bytes(json.dumps(value).encode("ascii") + b"\n")


def safe_line(text: str) -> str:
    """Text from anywhere as part of one line."""
    from cryptpad_tui.cli.diagnostics import one_line

    return one_line(text)


def is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


def abandon() -> None:
    """The reader has left: what is still buffered goes nowhere, and the last flush stays silent."""
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 1)
    finally:
        os.close(sink)


def _stdout() -> BinaryIO:
    if sys.stdout is None:
        raise OutputFailed("standard output is closed")
    sys.stdout.flush()
    return sys.stdout.buffer


def _encoding() -> str:
    if is_terminal():
        return sys.stdout.encoding or "utf-8"
    return "utf-8"
