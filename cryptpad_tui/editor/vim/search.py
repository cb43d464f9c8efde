"""The line behind `/`, `?` and `:`, and the searches: / ? n N * #.

The line is edited here, key by key, so that fast typing cannot miss it. A search shows its first match while
it is written. It must never run what the line says: that is command_line's.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Final

import regex

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor.find import BadPattern, Query
from cryptpad_tui.editor.vim.context import Cancelled, Vim
from cryptpad_tui.editor.vim.insert import LEAVE, PASTED
from cryptpad_tui.editor.vim.motions import Kind, Target
from cryptpad_tui.editor.vim.pattern import literal, query_of
from cryptpad_tui.editor.vim.substitute import searched

SEARCH_KEYS: Final = ("/", "?")
_MAX_LINE: Final = 2000
_MAX_HISTORY: Final = 50
_ENDS: Final = ("enter", "ctrl+j")
_WORD: Final = regex.compile(r"[\w\p{M}]+|[^\w\s]+")


def read_pattern(vim: Vim, sign: str) -> Generator[None, str, str]:
    """The line behind / or ?: what it finds is marked while it is written. Raises Cancelled."""
    before, view = vim.state.find, vim.state.viewport
    vim.search_forward = sign == "/"
    try:
        return (yield from read_line(vim, sign, shown=lambda text: _show(vim, sign, text)))
    except Cancelled:
        vim.editor.highlight(None if before is None or before.open else before.query)
        vim.editor.look(view)
        raise


def _show(vim: Vim, sign: str, line: str) -> None:
    """Mark what a line finds, and bring the first of it into view; a pattern may be half written."""
    pattern = _cut(sign, line)
    try:
        query = query_of(pattern) if pattern else None
        place = query and searched(vim.lines, query, vim.cursor, forward=sign == "/")
    except BadPattern:
        query = place = None
    vim.editor.highlight(query)
    vim.editor.show(place or vim.cursor)


def read_line(
    vim: Vim, sign: str, start: str = "", shown: Callable[[str], None] | None = None
) -> Generator[None, str, str]:
    """The line as far as Enter; `shown` is told each as it is written. Raises Cancelled."""
    text = start
    history = vim.prompt_history.setdefault(sign, [])
    at = len(history)
    try:
        while True:
            vim.prompt = sign + text
            key: str = yield
            vim.record.append(key)
            if key in _ENDS:
                break
            if key in LEAVE or (key == "backspace" and not text):
                raise Cancelled
            if key in ("up", "down"):
                at = max(0, min(len(history), at + (-1 if key == "up" else 1)))
                text = history[at] if at < len(history) else ""
            else:
                text = _edited(vim, text, key)
            if shown is not None:
                shown(text)
    finally:
        vim.prompt = None
    if text and (not history or history[-1] != text):
        history.append(text)
        del history[:-_MAX_HISTORY]
    return text


def _edited(vim: Vim, text: str, key: str) -> str:
    if key == "backspace":
        return text[:-1]
    if key == "ctrl+u":
        return ""
    if key == "ctrl+w":
        return text.rstrip()[: len(text.rstrip()) - len(text.rstrip().split(" ")[-1])]
    if key == "ctrl+v":
        key = vim.state.clipboard
    elif key == "tab":
        key = "\t"
    elif key.startswith(PASTED):
        key = key[len(PASTED) :]
    elif len(key) != 1:
        return text
    return (text + key.partition("\n")[0])[:_MAX_LINE]


def search_for(vim: Vim, sign: str, line: str, count: int) -> Target | None:
    """/ and ?: the pattern that was written; an empty one is the last once more."""
    pattern = _cut(sign, line)
    vim.search_forward = sign == "/"
    if pattern:
        vim.last_pattern = pattern
        vim.query = None
    return search_again(vim, count, reverse=False)


def _cut(sign: str, line: str) -> str:
    """The pattern alone, without an offset behind it."""
    cut = regex.sub(rf"(?<!\\){regex.escape(sign)}[bes+\-\d]*$", "", line) if line else line
    return str(cut.replace("\\" + sign, sign))


def search_again(vim: Vim, count: int, *, reverse: bool, start: Position | None = None) -> Target | None:
    """n and N."""
    query = current_query(vim)
    place = vim.cursor if start is None else start
    forward = vim.search_forward != reverse
    for _ in range(min(count, 1000)):
        found = _searched(vim, query, place, forward=forward)
        if found is None:
            raise vim.fail("Not found.")
        place = found
    vim.editor.highlight(query)
    return Target(place, Kind.EXCLUSIVE, jump=True)


def current_query(vim: Vim) -> Query:
    """What was searched for last. Raises Failed with a sentence."""
    if not vim.last_pattern:
        raise vim.fail("Nothing was searched for yet.")
    if vim.query is None:
        try:
            vim.query = query_of(vim.last_pattern)
        except BadPattern as error:
            raise vim.fail(str(error)) from None
    return vim.query


def _searched(vim: Vim, query: Query, place: Position, *, forward: bool) -> Position | None:
    try:
        return searched(vim.lines, query, place, forward=forward)
    except BadPattern as error:
        raise vim.fail(str(error)) from None


def search_word(vim: Vim, count: int, *, forward: bool, whole: bool) -> Target | None:
    """* and #: the word at the caret or behind it in its line, in this case of its letters."""
    line, col = vim.cursor
    text = vim.lines[line]
    words = list(_WORD.finditer(text, max(0, col - 1000), col + 1000))
    here = [word for word in words if word.end() > col]
    named = [word for word in here if word[0][0].isalnum() or word[0][0] == "_"] or here
    if not named:
        return None
    word = str(named[0][0])
    is_word = word[0].isalnum() or word[0] == "_"
    vim.last_pattern = "\\C" + literal(word, word=whole and is_word)
    vim.query, vim.search_forward = None, forward
    start = Position(line, int(named[0].start()))
    return search_again(vim, count, reverse=False, start=start)
