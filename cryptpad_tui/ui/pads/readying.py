"""A pad shown from its picture is loaded behind it: the document first, then what judges the edits of others.

After the first frame, which a person has to read first; a key that comes meanwhile waits for it in the
terminal, and is answered in its turn. What the edits of others begin is ended between keys, and so is the
picture made that the next opening would not find. It decides nothing, and shows nothing.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from cryptpad_tui.ui.pads.feature import PadFeature
from cryptpad_tui.vault.errors import VaultError

if TYPE_CHECKING:
    from cryptpad_tui.crdt.canonical import CanonicalDocument
    from cryptpad_tui.ui.screens.pad import PadScreen

_SHOWN_S: Final = 0.05
_QUIET_S: Final = 1.0
_BETWEEN_S: Final = 0.05
_REST_S: Final = 2.0


class Readying(PadFeature):
    """Loads what the first edit would have to wait for."""

    _begun = False
    _closed = False
    _keys = 0
    _keys_before = 0
    _goes_on = False
    _keeps = False

    def __init__(self, screen: PadScreen) -> None:
        super().__init__(screen)
        self._holds_back = not self.session.view.is_loaded
        if self._holds_back:
            self.session.sends_later = True

    def look(self) -> None:
        if self._begun:
            self._keep_if_due()
            if not self._goes_on and self._document.has_begun:
                self._goes_on = True
                self._go_on(self._keys)
            return
        self._begun = True
        if not self.session.view.is_loaded:
            self.screen.call_after_refresh(lambda: self.screen.set_timer(_SHOWN_S, self._load))

    def pressed(self, key: str) -> None:
        self._keys += 1

    @property
    def _document(self) -> CanonicalDocument:
        return self.session.replica.fold.document

    def _go_on(self, keys: int) -> None:
        """A slice, unless a key was pressed since; then the next."""
        self._goes_on = not self._closed and self._document.has_begun
        if not self._goes_on:
            return
        if keys == self._keys:
            self._document.go_on()
        keys = self._keys
        self.screen.set_timer(_BETWEEN_S, lambda: self._go_on(keys))

    def close(self) -> None:
        self._closed = True
        self._send_now()

    def _send_now(self) -> None:
        if self._holds_back:
            self._holds_back = False
            self.session.send_now()

    def _keep_if_due(self) -> None:
        if not self._keeps and self.session.pictures.is_due:
            self._keeps = True
            self._keep_when_quiet(self._keys)

    def _keep_when_quiet(self, keys: int) -> None:
        self.screen.set_timer(_REST_S, lambda: self._keep_on(keys))

    def _keep_on(self, keys: int) -> None:
        """A slice of the picture, unless a key was pressed since; then the next."""
        if self._closed:
            return
        if keys != self._keys or not self.session.view.is_loaded:
            self._keep_when_quiet(self._keys)
        elif self.session.pictures.go_on():
            self.screen.set_timer(_BETWEEN_S, lambda: self._keep_on(keys))
        else:
            self._keeps = False

    def _load(self) -> None:
        if not self._closed:
            try:
                self.session.view.load()
            finally:
                # Also the relay waits for this, which may know better than a vault that cannot be read.
                self._send_now()
            self._wait()

    def _wait(self) -> None:
        self._keys_before = self._keys
        self.screen.set_timer(_QUIET_S, self._load_canonical)

    def _load_canonical(self) -> None:
        if self._closed:
            return
        if self._keys != self._keys_before:
            self._wait()
            return
        self.screen.run_worker(self._load_canonical_beside(), group="readying")

    async def _load_canonical_beside(self) -> None:
        await asyncio.to_thread(self._document.load_beside)
        if not self._closed:
            with suppress(VaultError):
                self.session.settle()
