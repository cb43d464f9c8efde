"""The language of a pad and the colours of the code in it.

The title says what a text pad holds. Code is read elsewhere, when nobody types; here it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptpad_tui.editor.code_colours import Request
from cryptpad_tui.editor.code_languages import language_of_title
from cryptpad_tui.ui.pads.feature import PadFeature

if TYPE_CHECKING:
    from cryptpad_tui.ui.screens.pad import PadScreen


class CodeLanguage(PadFeature):
    """Follows the title, and asks for colours: one question at a time, the newest next."""

    def __init__(self, screen: PadScreen) -> None:
        super().__init__(screen)
        self._asking = False
        self._next: Request | None = None
        self._asked: Request | None = None
        self.view.colour_reader = self._read

    def look(self) -> None:
        self.view.speak(language_of_title(self.session.title()))

    def close(self) -> None:
        self.view.colour_reader = None

    def _read(self, request: Request) -> None:
        if self._asking and request == self._asked:
            return
        self._next = request
        if not self._asking:
            self._asking = True
            self.screen.door.start(self._ask())

    async def _ask(self) -> None:
        try:
            while (request := self._next) is not None and self.view.colour_reader is not None:
                self._next, self._asked = None, request
                wanted = self.screen.door.habits.settings.code_colours
                colourist = self.screen.door.colourist
                found = await colourist.colours(request.language, request.lines) if wanted else None
                if self.view.is_attached:
                    self.view.take_colours(request, found)
        finally:
            self._asking = False
