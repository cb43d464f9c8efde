"""Where the link at the caret really leads: shown and copied on request.

Pure. It must never open or fetch anything, and never let the text of a link, or a name before an `@`, pass
for its host.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import regex

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor.effects import CopyToTerminal, Notice
from cryptpad_tui.editor.state import EditorState, Step

_NO_LINK: Final = "There is no link at the caret."
_AROUND: Final = 2_000
"""A link of markdown is looked for so many characters around the caret."""
_TIMEOUT_S: Final = 0.1
_MARKDOWN: Final = regex.compile(
    r"\[(?:[^\[\]\\]|\\.)*+\]\(\s*<?(?P<url>[^\s<>()]*+(?:\([^\s<>()]*+\)[^\s<>()]*+)*+)>?[^()]*+\)"
    r"|(?P<url>[a-z][a-z0-9+.-]{1,20}+://?[^\s<>\"'`)\]]++|mailto:[^\s<>\"'`)\]]++)",
    regex.IGNORECASE,
)


def link_at_caret(state: EditorState) -> str | None:
    """The target of the link that the caret is in or behind."""
    head = state.head
    if state.marks is None:
        return _in_markdown(state.lines[head.line], head.col)
    for col in (head.col, head.col - 1):
        if 0 <= col < len(state.lines[head.line]):
            target = dict(state.marks.marks_at(Position(head.line, col))).get("link")
            if target:
                return str(target)
    return None


def _in_markdown(line: str, col: int) -> str | None:
    first = max(0, col - _AROUND)
    try:
        for found in _MARKDOWN.finditer(line[first : col + _AROUND], timeout=_TIMEOUT_S):
            if found.start() <= col - first <= found.end():
                return found["url"] or None
    except TimeoutError:
        pass  # a line that is made to be slow shows no link
    return None


def show_link(state: EditorState, argument: str) -> Step:
    """Say where the link at the caret leads."""
    target = link_at_caret(state)
    return Step(reveal=False, effects=(Notice(_NO_LINK if target is None else described(target)),))


def copy_link(state: EditorState, argument: str) -> Step:
    """Copy the target of the link at the caret."""
    target = link_at_caret(state)
    if target is None:
        return Step(reveal=False, effects=(Notice(_NO_LINK),))
    return Step(reveal=False, effects=(CopyToTerminal(target), Notice(f"Copied: {described(target)}")))


def described(target: str) -> str:
    """A target with its host before it, as machines write it."""
    try:
        parts = urlsplit(target)
        host = parts.hostname or ""
    except ValueError:
        return f"A link that leads nowhere: {target}"
    if not host.isascii():
        try:
            host = f"{host.encode('idna').decode()} ({host})"
        except UnicodeError:
            host = ""
    return f"Link to {host}: {target}" if host else f"Link: {target}"
