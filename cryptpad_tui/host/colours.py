"""Asks a process of its own for the colours of code, so that no parser of foreign text runs beside the keys.

What that process answers is checked like anything foreign. When it ends or takes too long, the text that it
was asked about stays plain; after a few such ends nothing is asked any more. None of it must ever raise.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
from collections.abc import Sequence
from typing import Any, Final

from cryptpad_tui.editor.code_languages import CODE_STYLES
from cryptpad_tui.host.errors import ChildFailed
from cryptpad_tui.host.keyless import KeylessProcess, command_of

MAX_TEXT: Final = 48_000
_MAX_ANSWER: Final = 4_000_000
_MAX_SPANS: Final = 4_000
_ANSWER_S: Final = 3.0
_MOST_ENDS: Final = 3
Found = list[list[tuple[int, int, str]]]


class Colourist:
    """One process for the whole app, started when the first code is shown."""

    def __init__(self) -> None:
        self._process = KeylessProcess(
            command_of("cryptpad_tui.host.colours_child"), timeout_s=_ANSWER_S, most_answered=_MAX_ANSWER
        )
        self._ends = 0
        self._busy = asyncio.Lock()
        self._installed: bool | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid

    async def colours(self, language: str, lines: Sequence[str]) -> Found | None:
        """The styles of each line of a text; None where there are none."""
        text = "\n".join(lines)
        if len(text) > MAX_TEXT or self._ends >= _MOST_ENDS or not self._is_installed():
            return None
        request = json.dumps({"language": language, "text": text}).encode()
        async with self._busy:
            try:
                raw = await asyncio.to_thread(self._process.ask, request)
                return checked(json.loads(raw), lines)
            except (ChildFailed, ValueError, RecursionError):
                self._ends += 1
                await self.closed()
                return None
            except asyncio.CancelledError:
                # Nobody waits for the answer to come.
                self.close()
                raise

    def _is_installed(self) -> bool:
        if self._installed is None:
            self._installed = importlib.util.find_spec("tree_sitter") is not None
        return self._installed

    def close(self) -> None:
        """End the process, and with it the text that it holds."""
        self._process.close()

    async def closed(self) -> None:
        """End the process and wait for its end."""
        await asyncio.to_thread(self._process.close)


def checked(answer: Any, lines: Sequence[str]) -> Found | None:
    """The answer, if it is one to these lines. Raises ValueError."""
    if answer is None:
        return None
    if not isinstance(answer, list) or len(answer) != len(lines):
        raise ValueError
    found: Found = []
    for spans, line in zip(answer, lines, strict=True):
        if not isinstance(spans, list) or len(spans) > _MAX_SPANS:
            raise ValueError
        found.append([_checked_span(span, len(line)) for span in spans])
    return found


def _checked_span(span: Any, length: int) -> tuple[int, int, str]:
    if not isinstance(span, list) or len(span) != 3:
        raise ValueError
    start, end, style = span
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= length:
        raise ValueError
    if not isinstance(style, str) or style not in CODE_STYLES:
        raise ValueError
    return start, end, style
