"""The live preview of a markdown pad: beside the source where there is room, else in its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from textual.widget import Widget
from textual.widgets import Static

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.ui.commands import app_keymap
from cryptpad_tui.ui.pads.feature import PadFeature
from cryptpad_tui.ui.pads.preview_colours import PreviewColours
from cryptpad_tui.ui.pads.preview_pane import PreviewPane
from cryptpad_tui.ui.screens.base import Action

if TYPE_CHECKING:
    from cryptpad_tui.ui.screens.pad import PadScreen

BESIDE_FROM_WIDTH: Final = 100
_NO_MARKDOWN: Final = "Only markdown has a preview; the title says what a text holds."
_ALREADY: Final = "Rich text is shown as it reads already."


class Preview(PadFeature):
    """Shows and hides the pane, and says what it has the screen for."""

    def __init__(self, screen: PadScreen) -> None:
        super().__init__(screen)
        self.pane: PreviewPane | None = None
        self.edge = Static("", classes="edge")
        if self.session.kind is PadKind.TEXT:
            self._colours = PreviewColours(screen, self._recolour)
            self.pane = PreviewPane(self.view.editor, self.session.view, self, colours=self._colours.of)
            self.view.watchers.append(self.pane.source_shown)

    def actions(self) -> Mapping[str, Action]:
        return {"pad.preview": self._toggle}

    def panes(self) -> Iterable[Widget]:
        return () if self.pane is None else (self.edge, self.pane)

    def close(self) -> None:
        if self.pane is not None:
            self.pane.close()
            self._colours.close()

    def _recolour(self) -> None:
        if self.pane is not None:
            self.pane.recolour()

    def left(self) -> None:
        """The person wants to write again."""
        self._toggle()

    def typed(self) -> None:
        """The person typed where nothing can be typed."""
        key = app_keymap().label("pad.preview")
        self.screen.say(f"This is the preview. {key} or Esc goes back to writing.")

    def _toggle(self) -> None:
        if self.pane is None:
            self.screen.say(_ALREADY)
            return
        if not self.pane.display and not self.view.editor.state.markdown:
            self.screen.say(_NO_MARKDOWN)
            return
        self.pane.display = not self.pane.display
        self.arrange()

    def arrange(self) -> None:
        """Both, or the preview alone where the window is narrow."""
        pane = self.pane
        if pane is None:
            return
        alone = pane.display and self.screen.size.width < BESIDE_FROM_WIDTH
        self.edge.display = pane.display and not alone
        if self.view.display == alone:
            self.view.display = not alone
        focused = self.screen.focused
        if alone and focused in (self.view, None):
            pane.focus()
        elif not alone and focused in (pane, None):
            # The layout first: what is not shown yet takes no focus.
            self.screen.call_after_refresh(self.view.focus)
