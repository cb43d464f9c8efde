"""Words within a line, for motions and double clicks.

Letters, digits and marks make words; Han, Hiragana and Katakana runs are words of their own; so is a
run of punctuation. It must never look at more than a bounded piece of a long line.
"""

from __future__ import annotations

import regex

from cryptpad_tui.editor.graphemes import next_edge, snap_back, snap_on

_RUN = regex.compile(
    r"(?P<space>\s+)"
    r"|(?P<word>\p{Han}[\p{Han}\p{M}]*|\p{Hiragana}[\p{Hiragana}\p{M}ー]*|\p{Katakana}[\p{Katakana}\p{M}ー]*"
    r"|(?:(?![\p{Han}\p{Hiragana}\p{Katakana}])\w|(?<=\w)['’\u200c\u200d](?=\w))"
    r"(?:(?![\p{Han}\p{Hiragana}\p{Katakana}])[\w\p{M}]|(?<=\w)['’\u200c\u200d](?=\w))*)"
    r"|(?P<other>[^\w\s]+)"
)
_PIECE = 1024


def next_word_end(text: str, col: int) -> int:
    """After the next word (or run of signs, if none follows in this line)."""
    piece = text[: col + _PIECE] if len(text) > col + _PIECE else text
    at = col
    for match in _RUN.finditer(piece, col):
        at = int(match.end())
        if match.lastgroup == "word":
            break
    return snap_on(text, at) if at > col else next_edge(text, col)


def previous_word_start(text: str, col: int) -> int:
    """Before the word that stands before `col`."""
    start = snap_back(text, max(0, col - _PIECE))
    at = start
    last_word = -1
    for match in _RUN.finditer(text, start, col):
        if match.lastgroup == "word":
            last_word = int(match.start())
    return snap_back(text, last_word if last_word >= 0 else at)


def word_around(text: str, col: int) -> tuple[int, int]:
    """The word or run that `col` is in or just behind; empty in an empty line."""
    start = snap_back(text, max(0, col - _PIECE))
    end = min(len(text), col + _PIECE)
    touching = [m for m in _RUN.finditer(text, start, end) if m.start() <= col <= m.end()]
    if not touching:
        return col, col
    best = max(touching, key=lambda m: (m.lastgroup == "word", m.lastgroup != "space", m.start()))
    return snap_back(text, int(best.start())), snap_on(text, int(best.end()))
