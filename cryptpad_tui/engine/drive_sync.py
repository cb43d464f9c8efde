"""The drive among several devices: what another one put into it comes into this vault, what it removed goes.

The drive's document is a pad like any other and is kept in step like one; this module makes the vault's table
of pads agree with it. It never takes away what this device has not sent, nor what is open on its screen.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.kinds import ENTRIES_ROOT, PadKind
from cryptpad_tui.crdt.values import Change, Origin
from cryptpad_tui.drive.drive import Drive
from cryptpad_tui.drive.entry_fields import pad_id_of
from cryptpad_tui.drive.mirror import Mirror
from cryptpad_tui.drive.tree import PAD_ID_CHARS
from cryptpad_tui.engine import (
    appearing,
    coming_along,
    creating,
    devices,
    keyrings,
    schedule_notes,
    whereabouts,
)
from cryptpad_tui.engine.bringing import Bringing
from cryptpad_tui.engine.limited import AccountSeal
from cryptpad_tui.engine.records import fits
from cryptpad_tui.engine.values import SessionEvent
from cryptpad_tui.vault.errors import VaultError
from cryptpad_tui.vault.records import PadRecord

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession

ADOPTED: Final = "drive/adopted"
"""The setting with the position of the drive's log that the vault's table of pads agrees with."""
_NOT_YET: Final = "-"
SLICE: Final = 25
"""Pads of one turn of the event loop, so that ten thousand from another device do not stall a screen."""
SLICE_S: Final = 0.02
"""And no more of them than fit into so long."""
QUIET_S: Final = 0.5
"""A drive is opened for its relay alone so long after the start, when the first screen stands."""
_NOTED: Final = frozenset({"secret", "removed", "relay_pk", "own", appearing.NOTE, schedule_notes.NOTE})
_RANKS: Final = {"view": 0, "edit": 1, "owner": 2}


def open_drive(engine: Engine) -> tuple[PadSession, Drive]:
    """The session of the account's drive, at the place that the account's root leads to."""
    record, root = creating.drive_record(engine), engine.vault.account_root
    session = engine.open_pads.make(record)
    is_own = record.role == "owner"
    if is_own and not record.uploaded and record.pad_id != creating.drive_genesis(root).pad_id:
        session = _at_its_place(engine, session)
    stale = engine.vault.setting(ADOPTED) not in (None, str(session.replica.fold.n))
    mirror = Mirror(session.view, engine.vault, compare=stale)
    drive = Drive(session.view, mirror, rng=engine.rng, seal=AccountSeal(engine))
    return session, drive


def _at_its_place(engine: Engine, old: PadSession) -> PadSession:
    """A drive of an earlier version lies where no other device would look: the same, there."""
    record = creating.own_drive(engine)
    engine.vault.put_pad(record)
    session = engine.open_pads.make(record)
    items = old.view.map_items(ENTRIES_ROOT)
    if items and not session.view.map_keys(ENTRIES_ROOT):
        session.view.set_maps(ENTRIES_ROOT, items)
    return session


class DriveSync:
    """Follows the drive's document, where it is open."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._due: dict[str, None] = {}
        self._elsewhere: dict[bytes, str] = {}
        """Pads that another device has at another relay, and its address."""
        self._held: dict[str, None] = {}
        """What another device removed, and what is open or not sent here."""
        self._all = self._devices_due = True
        self._task: asyncio.Task[None] | None = None
        self._starting: asyncio.Task[None] | None = None
        self.bringing = Bringing(engine)

    # -- what is noticed

    def opened(self, session: PadSession) -> None:
        """The drive was opened by this process."""
        vault, old = self._engine.vault, bytes.fromhex(self._engine.vault.setting("drive") or "")
        if old != session.pad_id:
            with session.replica.store.transaction():
                session.flush()
                vault.set_setting("drive", session.pad_id.hex())
            self._engine.open_pads.take_out(old, keep_writer=False)
            vault.forget_pad(old)
        self._all = self._engine.vault.setting(ADOPTED) != str(session.replica.fold.n)
        self._devices_due = self._all
        if self._engine.loop is not None:
            self._engine.loop.call_soon_threadsafe(self._engine.relays.attach, session)
        session.view.observe_maps(self._changed)
        session.view.observe(self._reloaded)

    def _changed(self, root: str, keys: frozenset[str]) -> None:
        for key in keys if root == ENTRIES_ROOT else ():
            entry, _, name = key.partition("/")
            if len(entry) == PAD_ID_CHARS and name in _NOTED:
                self._due[entry] = None
            self._devices_due |= entry.startswith((devices.PREFIX, devices.FORMER))

    def _reloaded(self, change: Change) -> None:
        self._all |= change.origin is Origin.RELOAD
        self._devices_due |= self._all

    def uploaded(self, pad_id: bytes) -> None:
        """The relay has this pad now: other devices may open it."""
        if self._engine.has_drive_open:
            self._due[pad_id.hex()] = None
            self.soon()
        else:
            self._engine.vault.set_setting(ADOPTED, _NOT_YET)

    def take_over(self, record: PadRecord) -> None:
        """Write a pad's better right into the drive, which the vault's table follows: in the next process, if
        this one does not live to do it. Inside a transaction."""
        self._engine.drive.put(record)
        self._engine.vault.set_setting(ADOPTED, _NOT_YET)
        self._due[record.pad_id.hex()] = None
        self.soon()

    @property
    def is_idle(self) -> bool:
        return self._task is None or self._task.done()

    def soon(self) -> None:
        """Something may have come: look at it beside all else."""
        if self._engine.loop is not None and self.is_idle:
            self._task = asyncio.create_task(self._agree())

    # -- making the table agree

    async def _agree(self) -> None:
        with contextlib.suppress(VaultError):
            self._due |= self._held
            while self._all or self._due:
                if self._all:
                    self._all = False
                    self._due |= dict.fromkeys(self._everything())
                await self._take_slices()
            self._engine.drive.save_mirror()
            self._note_agreed()
            while self._elsewhere:
                await whereabouts.switch_quietly(self._engine, *self._elsewhere.popitem())
            if self._devices_due:
                self._devices_due = False
                devices.note_keys(self._engine)
                coming_along.tell(self._engine)
            self._engine.drive_session.tell(SessionEvent.STATUS)

    def _everything(self) -> list[str]:
        entries = {key.partition("/")[0] for key in self._engine.drive_session.view.map_keys(ENTRIES_ROOT)}
        return sorted(each for each in entries if len(each) == PAD_ID_CHARS)

    async def _take_slices(self) -> None:
        self._held = {}
        while self._due:
            with self._engine.drive_session.replica.store.transaction():
                self._take_slice()
            self._engine.drive_session.flush()
            await asyncio.sleep(0)

    def _take_slice(self) -> None:
        ends = self._engine.now() + SLICE_S
        for _ in range(min(SLICE, len(self._due))):
            entry = self._due.popitem()[0]
            if not self._take(entry):
                self._held[entry] = None
            if self._engine.now() > ends:
                return

    def _note_agreed(self) -> None:
        """What could not be let go yet is looked at again by the next process."""
        agreed = _NOT_YET if self._held else str(self._engine.drive_session.replica.fold.n)
        if self._engine.vault.setting(ADOPTED) != agreed:
            self._engine.vault.set_setting(ADOPTED, agreed)

    def _take(self, entry: str) -> bool:
        """Whether the vault agrees with the drive about this pad."""
        engine, pad_id = self._engine, pad_id_of(entry)
        if pad_id is None:
            return True
        known, record = engine.vault.pad(pad_id), engine.drive.record_of(pad_id)
        appearing.agree(engine, pad_id)
        schedule_notes.agree(engine, pad_id)
        if record is None:
            return known is None or not engine.drive.is_removed(pad_id) or self._let_go(known)
        if known is not None and known.relay_pk and record.relay_pk not in (b"", known.relay_pk):
            self._elsewhere[pad_id] = record.relay_url or ""
        if known is None:
            self._add(record)
        elif known.uploaded and not record.relay_pk:
            engine.drive.put(known)
        elif _is_newer(record, known):
            return self._exchange(known, record)
        return True

    def _add(self, record: PadRecord) -> None:
        """A pad that is on no relay yet stays where it was made: here it would begin a second time."""
        if record.relay_pk and record.relay_url and fits(record):
            self._engine.vault.put_pad(replace(record, uploaded=True))
            self.bringing.add([record.pad_id])

    def _exchange(self, known: PadRecord, record: PadRecord) -> bool:
        if record.role != known.role:
            self._engine.shared_folders.kept.release(known.pad_id)
        session = self._engine.session_of(known.pad_id)
        if session is not None and record.role != known.role:
            return False
        keyrings.keep(self._engine, known)
        newer = replace(known, role=record.role, secret=record.secret, epoch=record.epoch)
        if session is None:
            self._engine.vault.put_pad(newer)
        else:
            # It crosses with them by the log, as somebody does who opened a slot.
            keyrings.keep(self._engine, newer)
            session.replica.ring.known(record.epoch)
            session.standing, session.problem = None, ""
        return True

    def _let_go(self, known: PadRecord) -> bool:
        self._engine.shared_folders.kept.release(known.pad_id)
        session = self._engine.session_of(known.pad_id)
        if self._engine.vault.waiting(known.pad_id) or (session and session.opened > 0):
            return False
        self._engine.forget_here(known.pad_id)
        return True

    # -- as long as a screen is open

    def start(self) -> None:
        self._starting = asyncio.create_task(self._start())
        self.bringing.start()

    async def _start(self) -> None:
        await asyncio.sleep(QUIET_S)
        engine = self._engine
        with contextlib.suppress(VaultError):
            if engine.relay_of(creating.drive_record(engine)):
                # A long drive takes a second to open, which no screen waits for.
                session = await asyncio.to_thread(engine.open_drive_beside)
                devices.enter(engine)
                engine.relays.attach(session)
                self.bringing.add(without_log(engine))
                self.soon()

    async def stop(self) -> None:
        await self.bringing.stop()
        tasks = [each for each in (self._starting, self._task) if each]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._starting = self._task = None


def without_log(engine: Engine) -> list[bytes]:
    """Pads that another device made, and that were never fetched."""
    ends = engine.vault.log_ends()
    return [
        pad.pad_id
        for pad in engine.vault.pads()
        if pad.uploaded and pad.pad_id not in ends and pad.kind != PadKind.DRIVE
    ]


def _is_newer(record: PadRecord, known: PadRecord) -> bool:
    """A later epoch's keys, or more rights in the same: never fewer, as two devices' words may be mixed."""
    if known.role == "owner" or record.secret == known.secret:
        return False
    if record.role == "owner":
        return fits(record)
    new, old = (record.epoch, _RANKS.get(record.role, -1)), (known.epoch, _RANKS.get(known.role, -1))
    return new > old and fits(record)
