"""Asks a process of its own for the colours of code, so that no parser of foreign text runs beside the keys.

What that process answers is checked like anything foreign. When it ends or takes too long, the text that it
was asked about stays plain; after a few such ends nothing is asked any more. None of it must ever raise.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import sys
from collections.abc import Sequence
from typing import Any, Final

from cryptpad_tui.editor.code_languages import CODE_STYLES

MAX_TEXT: Final = 48_000
_MAX_ANSWER: Final = 4_000_000
_MAX_SPANS: Final = 4_000
_ANSWER_S: Final = 3.0
_MOST_ENDS: Final = 3
Found = list[list[tuple[int, int, str]]]


class Colourist:
    """One process for the whole app, started when the first code is shown."""

    def __init__(self) -> None:
        self._child: asyncio.subprocess.Process | None = None
        self._ends = 0
        self._busy = asyncio.Lock()
        self._installed: bool | None = None

    @property
    def pid(self) -> int | None:
        return None if self._child is None else self._child.pid

    async def colours(self, language: str, lines: Sequence[str]) -> Found | None:
        """The styles of each line of a text; None where there are none."""
        text = "\n".join(lines)
        if len(text) > MAX_TEXT or self._ends >= _MOST_ENDS or not self._is_installed():
            return None
        async with self._busy:
            try:
                async with asyncio.timeout(_ANSWER_S):
                    raw = await self._asked(language, text)
                return checked(json.loads(raw), lines)
            except (OSError, ValueError, TimeoutError, asyncio.LimitOverrunError, RecursionError):
                self._ends += 1
                await self._end()
                return None
            except asyncio.CancelledError:
                # The answer to come would be taken for that to the next question.
                self.close()
                raise

    async def _asked(self, language: str, text: str) -> bytes:
        child = self._child or await self._started()
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(json.dumps({"language": language, "text": text}).encode() + b"\n")
        await child.stdin.drain()
        raw = await child.stdout.readline()
        if not raw.endswith(b"\n"):
            raise ValueError
        return raw

    async def _started(self) -> asyncio.subprocess.Process:
        self._child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-m", "cryptpad_tui.host.colours_child"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd="/",
            env={},
            start_new_session=True,
            limit=_MAX_ANSWER,
        )
        return self._child

    def _is_installed(self) -> bool:
        if self._installed is None:
            self._installed = importlib.util.find_spec("tree_sitter") is not None
        return self._installed

    async def _end(self) -> None:
        child = self._child
        self.close()
        if child is not None:
            await child.wait()

    def close(self) -> None:
        """End the process, and with it the text that it holds."""
        child, self._child = self._child, None
        if child is not None and child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()

    async def closed(self) -> None:
        """End the process and wait for its end."""
        await self._end()


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
