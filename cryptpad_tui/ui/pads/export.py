"""This pad as a file: the list's export, from inside the pad."""

from __future__ import annotations

from collections.abc import Mapping

from cryptpad_tui.ui.pads.feature import PadFeature
from cryptpad_tui.ui.screens.base import Action


class Export(PadFeature):
    """One command."""

    def actions(self) -> Mapping[str, Action]:
        return {"pad.export": self._export}

    async def _export(self) -> None:
        session = self.session
        await self.screen.door.errands.exchange.export(session.pad_id, session.title())
