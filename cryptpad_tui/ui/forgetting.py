"""What outlives a screen and still leads to it, and so to its pad's text and keys: ended when the app locks.

Textual keeps the screens under a dialog in a context variable of every task that drew them, and some of these
tasks go on for as long as the app. T56 notices where another version keeps more.
"""

from __future__ import annotations

import weakref
from typing import Any

from textual._styles_cache import StylesCache
from textual.screen import Screen

from cryptpad_tui.ui.type_ahead import OrderedKeysApp


class _Screens(list[Screen[Any]]):
    """A list that can be referred to weakly."""


class ForgettingApp(OrderedKeysApp):
    """An app that can let go of every screen that it has closed."""

    _drawn_under: list[weakref.ref[_Screens]]

    @property
    def _background_screens(self) -> list[Screen[Any]]:
        found = _Screens(super()._background_screens)
        if found:
            kept = [each for each in getattr(self, "_drawn_under", []) if each() is not None]
            self._drawn_under = [*kept, weakref.ref(found)]
        return found

    def forget_screens(self) -> None:
        """Nothing of ours or of Textual's leads to closed screens any more."""
        self._target = None
        for reference in getattr(self, "_drawn_under", []):
            screens = reference()
            if screens is not None:
                screens.clear()
        self._drawn_under = []
        # Its cache is keyed by the drawer of a widget, which keeps the widget's lines.
        StylesCache.get_inner_outer.cache_clear()
        self._collector.soon()
