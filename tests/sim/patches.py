"""What a run puts in the place of sockets, large limits and child processes, for as long as it lasts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from unittest.mock import patch

from cryptpad_tui.crdt.child import LoadingChild
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.engine.relays import Relays
from cryptpad_tui.pad import digests, outgoing, replica, stored_fold
from cryptpad_tui.sync import connection
from cryptpad_tui.vault.records import PadRecord
from sim.client import CURRENT
from sim.network import Link

if TYPE_CHECKING:
    from sim.stage import Stage


@contextmanager
def small_limits() -> Iterator[None]:
    """Checkpoints and snapshots after few entries, so that each run has some. All clients alike."""
    with (
        patch.object(digests, "MIN_SPACING", 6),
        patch.object(replica, "SNAPSHOT_TAIL_ENTRIES", 12),
        patch.object(stored_fold, "CHECKPOINT_TAIL_ENTRIES", 10),
        patch.object(stored_fold, "LEFT_TAIL_ENTRIES", 4),
        patch.object(outgoing, "MAX_IN_FLIGHT", 6),
    ):
        yield


@contextmanager
def simulated_sockets(world: Stage) -> Iterator[None]:
    """Connections go through the world's network, and snapshots are loaded without a child process."""

    async def open_socket(url: str, timeout_s: float) -> Link:
        return await world.network.connect(CURRENT.get(), url)

    def url_of(relays: Relays, record: PadRecord) -> str | None:
        # Where a run is about one pad, everybody's drive would be others beside it.
        is_left_out = record.kind == PadKind.DRIVE and not world.syncs_drives
        return None if is_left_out else record.relay_url or relays._engine.relay_url()

    with (
        patch.object(connection, "_open_socket", open_socket),
        patch.object(Relays, "url_of", url_of),
        patch.object(LoadingChild, "load", lambda *parts, **named: None),
    ):
        yield
