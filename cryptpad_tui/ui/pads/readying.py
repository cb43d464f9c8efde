"""A pad shown from its picture is loaded behind it: the document first, then what judges the edits of others.

After the first frame, which a person has to read first; a key that comes meanwhile waits for it in the
terminal, and is answered in its turn. It decides nothing, and shows nothing.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from cryptpad_tui.crdt.errors import EngineFailure, InvalidUpdate
from cryptpad_tui.ui.pads.feature import PadFeature

_SHOWN_S: Final = 0.05
_QUIET_S: Final = 1.0


class Readying(PadFeature):
    """Loads what the first edit would have to wait for."""

    _begun = False
    _closed = False
    _key_pressed = False

    def look(self) -> None:
        if self._begun:
            return
        self._begun = True
        if not self.session.view.is_loaded:
            self.screen.call_after_refresh(lambda: self.screen.set_timer(_SHOWN_S, self._load))

    def pressed(self, key: str) -> None:
        self._key_pressed = True

    def close(self) -> None:
        self._closed = True

    def _load(self) -> None:
        if not self._closed:
            self.session.view.load()
            self._wait()

    def _wait(self) -> None:
        self._key_pressed = False
        self.screen.set_timer(_QUIET_S, self._load_canonical)

    def _load_canonical(self) -> None:
        if self._closed:
            return
        if self._key_pressed:
            self._wait()
            return
        # What cannot be read is told by whoever needs it.
        with suppress(EngineFailure, InvalidUpdate):
            self.session.replica.fold.document.load()
