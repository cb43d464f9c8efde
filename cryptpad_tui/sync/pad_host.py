"""What a PadLink needs of whoever has the pad open."""

from __future__ import annotations

from typing import Protocol

from cryptpad_tui.pad.alarms import Notice
from cryptpad_tui.pad.flows import Connected, Pin
from cryptpad_tui.pad.replica import Replica
from cryptpad_tui.pad.snapshots import DocumentLoader


class PadHost(Protocol):
    """Whose pad it is: told what happened, asked for what only it knows."""

    @property
    def replica(self) -> Replica:
        """The pad's state here."""

    @property
    def load_document(self) -> DocumentLoader:
        """Builds a document from foreign bytes, within limits."""

    @property
    def uploaded(self) -> bool:
        """Whether the relay has acknowledged this pad before."""

    problem: str
    """What keeps the pad from its relay, for a person; empty where nothing does."""

    @property
    def pin(self) -> Pin:
        """What the link that brought this pad promised."""

    def noticed(self, notice: Notice) -> None:
        """Tell the person something that is no alarm."""

    def show_some(self) -> bool:
        """Show a little of what the replica folded, while a flow still folds; whether more waits for it."""

    async def load_ahead(self) -> None:
        """Do beside all else what showing a pad that came whole would cost at once."""

    def folded(self) -> None:
        """Show what the replica folded; called after each flow that folds, however it ended."""

    def seal(self) -> None:
        """Sign what is this process's turn."""

    def attached(self, connected: Connected) -> None: ...

    def presence_frame(self, frame: bytes) -> None: ...

    def remake(self, *, with_outbox: bool) -> None:
        """Make everything pending again as a difference, by another writer."""
