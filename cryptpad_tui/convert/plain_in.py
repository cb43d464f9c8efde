"""Bytes from outside as the text or the title of a pad: made clean, or refused with the place; never half."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cryptpad_tui.convert.errors import BadTitle, UncleanText
from cryptpad_tui.crdt.clean import find_unclean

MAX_TITLE_CHARS: Final = 1_000
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
        raise UncleanText(f"{_place(raw[: error.start].decode())}: not UTF-8") from None
    if "\r" in text:
        text = _with_plain_line_ends(text)
        notes.append("line ends (CR or CRLF) were made LF")
    if unclean := find_unclean(text):
        code = ord(unclean.group())
        raise UncleanText(f"{_place(text[: unclean.start()])}: the control character U+{code:04X}")
    return CleanText(text, tuple(notes))


def require_title(title: str) -> str:
    """The title as it is, if it can be one."""
    if not title.strip():
        raise BadTitle
    if not is_line(title):
        raise BadTitle("it holds a line end, a control character or bytes that are not UTF-8")
    if len(title) > MAX_TITLE_CHARS:
        raise BadTitle(f"this one has {len(title)}")
    return title


def is_line(text: str) -> bool:
    """Whether it is one line that nothing in it moves or hides."""
    return "\n" not in text and "\t" not in text and not find_unclean(text)


def _with_plain_line_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _place(before: str) -> str:
    """Line and column, from 1, in characters, of what follows `before`."""
    lines = _with_plain_line_ends(before).split("\n")
    return f"line {len(lines)}, column {len(lines[-1]) + 1}"
