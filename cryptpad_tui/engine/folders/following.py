"""Shared folders beside the open pads: taken into the drive as they change, and asked where keys are missing.

A pad of a folder may change its keys before this machine has heard that the folder did. So nobody is told
that they are out of it before the folder itself was asked. It decides about no keys: a record must name them.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.owner_records import EpochRecord
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.engine.errors import EngineError
from cryptpad_tui.engine.folders import agreeing, holders
from cryptpad_tui.engine.folders.kept_open import KeptFolders
from cryptpad_tui.engine.values import SessionEvent
from cryptpad_tui.vault.errors import VaultError

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession

PATIENCE_S: Final = 10.0
GRACE_S: Final = 2.0
"""How long a folder that is in step may take to hear of its own change."""
_LOOK_S: Final = 0.02


class FolderWatch:
    """For one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._due: set[bytes] = set()
        self.kept = KeptFolders(engine)

    def soon(self, folder: bytes) -> None:
        """The folder changed: the drive shows it, after what goes on at present."""
        if self._engine.loop is not None and folder not in self._due:
            self._due.add(folder)
            self._engine.loop.call_soon_threadsafe(self._agree, folder)

    def uploaded(self, pad_id: bytes) -> None:
        """A pad that was made in a folder has a relay: the others may fetch it."""
        for folder in holders.folders_of(self._engine, pad_id):
            self.soon(folder)

    def _agree(self, folder: bytes) -> None:
        self._due.discard(folder)
        from cryptpad_tui.engine.teams import settling

        engine = self._engine
        with contextlib.suppress(VaultError, EngineError):
            if engine.loop is None or engine.vault.pad(folder) is None:
                return
            came = agreeing.agree(engine, folder)
            settling.changed(engine, folder)
            engine.drive_sync.bringing.add(came)
            engine.drive_session.tell(SessionEvent.STATUS)


async def keys_come(engine: Engine, session: PadSession, record: EpochRecord) -> bool:
    """Whether the folders that the pad is in give the keys of its newest record, which it was closed with."""
    ring = session.replica.ring
    if ring.known(record.epoch) is not None:
        return False
    for folder in holders.folders_of(engine, session.pad_id):
        if engine.vault.pad(folder) is None:
            continue
        with engine.borrowed(folder) as around:
            if around.kind is not PadKind.FOLDER:
                continue
            patience, grace = engine.now() + PATIENCE_S, engine.now() + GRACE_S
            while engine.now() < patience:
                if ring.find(record) or agreeing.offer(engine, folder, session.pad_id, record):
                    return True
                if around.standing or around.caught or (around.attached_here and engine.now() > grace):
                    break
                await asyncio.sleep(_LOOK_S)
    return False
