"""What may reach a terminal or a log: every string from outside passes here first (protocol §19).

Nothing here trusts its input and nothing here raises: names, titles, error texts and file names come from
strangers, and one ESC among them would command the terminal instead of appearing on it.
"""

from __future__ import annotations

import unicodedata
from typing import Final

MAX_NAME_BYTES: Final = 64
_ESCAPE: Final = 0x1B
_VISIBLE_ESCAPE: Final = "␛"
_REPLACEMENT: Final = "\ufffd"
_INVISIBLE: Final = frozenset(
    [
        *[0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180E, 0x2028, 0x2029, 0x3164, 0xFEFF],
        *range(0x200B, 0x2010),  # zero-width space, joiners and the directional marks
        *range(0x202A, 0x202F),  # bidirectional embeddings and overrides
        *range(0x2060, 0x2070),  # word joiner, invisible operators, isolates
        *range(0xFFF9, 0xFFFC),  # interlinear annotation
        0xFFA0,
    ]
)
_TAGS: Final = range(0xE0000, 0xE1000)


def term_safe(text: str) -> str:
    """Text of many lines: controls but LF and TAB become visible, lone surrogates the replacement mark."""
    return text if text.isascii() and text.isprintable() else "".join([_safe(char) for char in text])


def term_safe_name(text: str) -> str:
    """A name or title for one line: at most 64 bytes of UTF-8, composed, with nothing invisible in it.

    For display alone: two different names may look the same here, so never compare the results.
    """
    # Composing a stranger's megabyte is work for nothing: the first 4,096 characters fill any line.
    composed = unicodedata.normalize("NFC", "".join([_safe(char) for char in text[:4096]]))
    return _cut("".join([_safe_in_line(char) for char in composed]), MAX_NAME_BYTES)


def _safe(char: str) -> str:
    code = ord(char)
    if 0x20 <= code < 0x7F or code in (0x09, 0x0A):
        return char
    if code == _ESCAPE:
        return _VISIBLE_ESCAPE
    if code < 0x20 or 0x7F <= code < 0xA0:
        return _mark(code)
    return _REPLACEMENT if 0xD800 <= code < 0xE000 else char


def _safe_in_line(char: str) -> str:
    code = ord(char)
    if code in (0x09, 0x0A):
        return " "
    return _mark(code) if code in _INVISIBLE or code in _TAGS else char


def _mark(code: int) -> str:
    return f"\\u{{{code:x}}}"


def _cut(text: str, limit: int) -> str:
    raw = text.encode()
    if len(raw) <= limit:
        return text
    ellipsis = "…"
    kept = raw[: limit - len(ellipsis.encode())].decode(errors="ignore")
    return kept + ellipsis
