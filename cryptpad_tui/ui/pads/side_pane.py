"""A pane beside the text, or in its place where the window is narrow: shown, hidden, and left with Esc."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Generic, TypeVar

from textual.widget import Widget
from textual.widgets import Static

from cryptpad_tui.ui.pads.feature import PadFeature

Pane = TypeVar("Pane", bound=Widget)
_BACK: Final = ("Esc", "Back to the text")
_SMALL: Final = 60
"""In a narrower window the pane stands in the place of the text."""


class SidePaneFeature(PadFeature, Generic[Pane]):
    """What such panes have in common. Whoever inherits makes `pane`."""

    pane: Pane
    edge: Static

    def panes(self) -> Iterable[Widget]:
        return (self.edge, self.pane)

    def show(self, *, shown: bool) -> None:
        alone = self.screen.size.width < _SMALL
        self.pane.display = shown
        self.pane.set_class(alone, "-alone")
        self.edge.display = shown and not alone
        if alone or not shown:
            self.view.display = not shown

    def footer(self, widget: Widget) -> Sequence[tuple[str, str]]:
        return self.keys() if self.pane in widget.ancestors_with_self else ()

    def keys(self) -> Sequence[tuple[str, str]]:
        """What its keys do, for the foot."""
        return (_BACK,)

    def hide(self) -> None:
        self.show(shown=False)
        self.screen.call_after_refresh(self.view.focus)

    def leave(self) -> None:
        """Back to the text; beside it the pane stays."""
        if self.pane.has_class("-alone"):
            self.hide()
        else:
            self.view.focus()
