"""The colours of the code in a preview: what is known of them, and asking for what is not.

Whoever reads code is asked about one block at a time, the last wanted first; nothing here waits on a key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from cryptpad_tui.editor.code_colours import Request, guessed, spans_of
from cryptpad_tui.editor.spans import Spans

if TYPE_CHECKING:
    from cryptpad_tui.ui.screens.pad import PadScreen

_KEPT: Final = 32
_MOST_CHARS: Final = 40_000
_MOST_WAITING: Final = 16


class PreviewColours:
    """Those of one pad."""

    def __init__(self, screen: PadScreen, came: Callable[[], None]) -> None:
        """`came` is told when more is known."""
        self._screen, self._came = screen, came
        self._known: dict[Request, Sequence[Spans] | None] = {}
        self._waiting: list[Request] = []
        self._asking = self._closed = False

    def of(self, language: str, lines: Sequence[str]) -> Sequence[Spans] | None:
        """The colours of a block of code; a good guess while they are asked for."""
        request = Request(language, tuple(lines))
        if request in self._known:
            return self._known[request]
        if self._closed or sum(map(len, lines)) > _MOST_CHARS:
            return None
        if request not in self._waiting:
            self._waiting = [*self._waiting[1 - _MOST_WAITING :], request]
        if not self._asking:
            self._asking = True
            self._screen.door.start(self._ask())
        return self._guess(request)

    def close(self) -> None:
        self._closed = True
        self._waiting.clear()

    def _guess(self, request: Request) -> Sequence[Spans] | None:
        for known, spans in reversed(self._known.items()):
            if spans is not None and known.language == request.language:
                return guessed(known.lines, spans, request.lines)
        return None

    async def _ask(self) -> None:
        try:
            while self._waiting:
                request = self._waiting.pop()
                wanted = self._screen.door.habits.settings.code_colours
                colourist = self._screen.door.colourist
                found = await colourist.colours(request.language, request.lines) if wanted else None
                self._known[request] = None if found is None else spans_of(found)
                if len(self._known) > _KEPT:
                    del self._known[next(iter(self._known))]
                if found is not None and not self._closed:
                    self._came()
        finally:
            self._asking = False
