"""Bringing pads in step: once, for a command, or as long as a screen is open.

It waits and reports. What is sent and what is believed is decided below, in `relay_loop` and `pad`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.errors import Refused
from cryptpad_tui.crdt.errors import DocumentError
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.engine import (
    alarms,
    devices,
    member_book,
    owed,
    relocation_owed,
    schedule,
    searching,
    whereabouts,
)
from cryptpad_tui.engine.creating import drive_record
from cryptpad_tui.engine.errors import EngineError, RelayUnreachable
from cryptpad_tui.engine.files.uploader import Uploader
from cryptpad_tui.engine.folders import agreeing, changing, holders, owed_keys
from cryptpad_tui.engine.listing import tree_of
from cryptpad_tui.engine.relay_words import sentence_of
from cryptpad_tui.engine.session import PadSession
from cryptpad_tui.engine.teams.book import DUE as TEAM_DUE
from cryptpad_tui.engine.values import SyncReport
from cryptpad_tui.pad.alarms import Alarm
from cryptpad_tui.vault.errors import UnknownPad, VaultError

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

POLL_S: Final = 0.25
SYNC_POLL_S: Final = 0.02
KEYS_S: Final = 60.0
DRIVE_S: Final = 1.0
WAVE: Final = 64
"""Pads that are open together while all of a drive are brought in step."""


async def sync(engine: Engine, pad_ids: Sequence[bytes] | None, *, wait_s: float) -> SyncReport:
    """Send what waits and fetch what is new; returns when done, or after `wait_s` in which nothing was."""
    started = engine.loop is None
    if started:
        engine.loop = asyncio.get_running_loop()
    asked = pad_ids is None or drive_id(engine) in pad_ids
    drive = _drive(engine, asked=asked)
    if asked and drive:
        # What other devices put into it is to be fetched, too.
        engine.drive_sync.soon()
    done = pads_in_step(engine) if pad_ids is None else [*pad_ids, *_folders_around(engine, pad_ids)]
    report = await _in_waves(engine, done, wait_s)
    if asked and drive:
        await _until(engine, [drive], _end(engine, report, wait_s))
    if pad_ids is None:
        agreeing.agree_all(engine)
        came = [each for each in pads_in_step(engine) if each not in set(done)]
        report = _with(report, await _in_waves(engine, came, wait_s))
    if drive:
        # It is told which pads have come to their relay; to wait long for it was not asked.
        engine.drive_sync.soon()
        await _until(engine, [drive], _end(engine, report, min(wait_s, DRIVE_S)))
        report = _with(report, _report([drive])) if asked else report
    if started:
        await engine.drive_sync.stop()
        await engine.disconnect()
    return report


async def sync_one(engine: Engine, pad_id: bytes, *, wait_s: float = 10.0) -> SyncReport:
    """The same for one pad, whatever it is: also a drive that is no longer this account's."""
    started = engine.loop is None
    if started:
        engine.loop = asyncio.get_running_loop()
    session = _opened(engine, pad_id)
    await _until(engine, [session], engine.now() + wait_s)
    report = _report([session])
    session.close()
    if started:
        await engine.drive_sync.stop()
        await engine.disconnect()
    return report


def _folders_around(engine: Engine, pad_ids: Sequence[bytes]) -> list[bytes]:
    """Shared folders that these pads are in and whose own news wait: where a pad is, others learn there."""
    around = {each for pad_id in pad_ids for each in holders.folders_of(engine, pad_id)}
    return [each for each in sorted(around) if each not in pad_ids and engine.vault.waiting(each)]


def _end(engine: Engine, report: SyncReport, wait_s: float) -> float:
    """Until when to wait for the drive: where no pad's relay answered, that was enough."""
    return engine.now() + (0.0 if report.unreachable else wait_s)


async def _in_waves(engine: Engine, pad_ids: Sequence[bytes], wait_s: float) -> SyncReport:
    """Some pads at a time, whose number then is no matter: as long as they go on, so does this."""
    report = SyncReport(0, False, (), ())
    for at in range(0, len(pad_ids), WAVE):
        sessions = _open_all(engine, pad_ids[at : at + WAVE])
        await _until(engine, sessions, engine.now() + wait_s)
        report = _with(report, _report(sessions))
        for session in sessions:
            session.close()
        rest = pad_ids[at + WAVE :]
        if rest and not all(_settled(engine, session) for session in sessions):
            waiting = engine.vault.waiting_by_pad()
            left = sum(waiting.get(pad_id, 0) for pad_id in rest)
            return _with(report, SyncReport(left, True, (), ()))
    return report


def drive_id(engine: Engine) -> bytes:
    return bytes.fromhex(engine.vault.setting("drive") or "")


def _drive(engine: Engine, *, asked: bool) -> PadSession | None:
    """The drive's session, where it is on a relay and has something to do there."""
    if engine.relay_url() is None:
        return None
    record = drive_record(engine)
    if not (asked or engine.has_drive_open or engine.vault.waiting(record.pad_id)):
        return None
    devices.enter(engine)
    return _opened(engine, engine.drive_session.pad_id)


def _open_all(engine: Engine, pad_ids: Sequence[bytes]) -> list[PadSession]:
    records = [record for pad_id in pad_ids if (record := engine.vault.pad(pad_id))]
    return [_opened(engine, r.pad_id) for r in records if engine.relay_of(r) and r.kind != PadKind.DRIVE]


def _opened(engine: Engine, pad_id: bytes) -> PadSession:
    session = engine.open_pad(pad_id)
    session.flush()
    # What an earlier attempt met says nothing about this one.
    session.problem, session.caught, session.standing = "", False, None
    engine.relays.attach(session)
    return session


async def _until(engine: Engine, sessions: Sequence[PadSession], deadline: float) -> None:
    while not all(_settled(engine, session) for session in sessions) and engine.now() < deadline:
        await asyncio.sleep(SYNC_POLL_S)


def _settled(engine: Engine, session: PadSession) -> bool:
    """Whether nothing more will happen to this pad at present."""
    if session.kind is PadKind.DRIVE and not engine.drive_sync.is_idle:
        return False
    if session.halted or session.caught or session.problem or session.standing:
        return True
    if session.attached_here:
        return (
            not session.waiting
            and not session.replica.made_snapshot
            and not session.replica.judgement.needs_derivation
        )
    return session.followed and not session.waiting


def _report(sessions: Sequence[PadSession]) -> SyncReport:
    told = [notice for session in sessions for notice in session.take_notices()]
    problems = {session.problem for session in sessions if session.problem}
    problems -= {notice.text for notice in told}
    return SyncReport(
        waiting=sum(session.waiting for session in sessions),
        unreachable=any(not (s.attached_here or s.followed or s.alarm or s.standing) for s in sessions),
        alarms=tuple([s.alarm for s in sessions if s.alarm]),
        notices=tuple(sorted(problems | {notice.line for notice in told})),
    )


def _with(one: SyncReport, other: SyncReport) -> SyncReport:
    return SyncReport(
        waiting=one.waiting + other.waiting,
        unreachable=one.unreachable or other.unreachable,
        alarms=one.alarms + other.alarms,
        notices=tuple(sorted({*one.notices, *other.notices})),
    )


def pads_to_send(engine: Engine) -> list[bytes]:
    """Those with a relay that does not have all of them; the drive, which may be long, sees to itself."""
    waiting, kept = engine.vault.waiting_by_pad(), set(pads_in_step(engine))
    return [
        record.pad_id
        for record in engine.vault.pads()
        if record.pad_id in kept
        and record.kind != PadKind.DRIVE
        and engine.relay_of(record)
        and (waiting.get(record.pad_id) or not record.uploaded)
    ]


def pads_in_step(engine: Engine) -> list[bytes]:
    """All but those in the trash; of these, what others wait for is sent all the same."""
    tree, waiting = tree_of(engine), engine.vault.waiting_by_pad()
    return [
        record.pad_id
        for record in engine.vault.pads()
        if not tree.trashed_ms(record.pad_id.hex()) or (record.uploaded and waiting.get(record.pad_id))
    ]


async def _change_keys(engine: Engine) -> None:
    """What cannot be done at present, as with a full disk, is begun again by the next look."""
    with contextlib.suppress(EngineError, RelayUnreachable, Refused, Alarm, VaultError, DocumentError):
        await owed.see_to(engine)
        await changing.finish(engine)
        await schedule.rotate_due(engine)


class VaultWatch:
    """Notices what other windows of this vault did, at most four times a second."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._data_version = engine.vault.data_version()
        self._task: asyncio.Task[None] | None = None
        self.uploader = Uploader(engine)
        self._keys: asyncio.Task[None] | None = None
        self._keys_at = engine.now()
        self._indexed: tuple[tuple[int, int], set[bytes]] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())
        self.uploader.start()

    async def stop(self) -> None:
        await self.uploader.stop()
        for task in (self._task, self._keys):
            if task:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    def _look_after_keys(self) -> None:
        """Changes of keys whose day has come, and those that were begun and not done."""
        now = self._engine.now()
        if now - self._keys_at >= KEYS_S and (self._keys is None or self._keys.done()):
            self._keys_at = now
            is_due = bool(member_book.due(self._engine, now_ms=self._engine.wall_ms()))
            is_due |= bool(self._engine.vault.settings_under(TEAM_DUE))
            is_due |= relocation_owed.is_owed(self._engine)
            if is_due or owed.is_owed(self._engine) or owed_keys.is_owed(self._engine):
                self._keys = asyncio.create_task(_change_keys(self._engine))

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            with contextlib.suppress(VaultError, DocumentError):
                changes = self._engine.vault.changes()
                if changes[0] != self._data_version:
                    followed = [self._follow(session) for session in self._engine.open_pads]
                    if all(followed):
                        self._data_version = changes[0]
                self._look_after_keys()
                await self._look_after_index(changes)

    async def _look_after_index(self, changes: tuple[int, int]) -> None:
        """A pad becomes due by a change of the vault, so that while nothing changes nothing is asked."""
        standing = changes, {session.pad_id for session in self._engine.open_pads}
        if standing != self._indexed:
            one_waits = await searching.index_quiet(self._engine)
            self._indexed = None if one_waits else standing

    def _follow(self, session: PadSession) -> bool:
        """Whether the session took in what other windows did; one pad's trouble never stops the rest."""
        try:
            session.follow_vault()
            whereabouts.refresh(self._engine, session)
            alarms.refresh(self._engine, session)
        except UnknownPad as error:
            session.problem = sentence_of(error)
            self._engine.relays.let_go(session)
            return True
        except Exception as error:
            session.problem = sentence_of(error)
            return False
        if session.waiting:
            self._engine.wants_sending(session)
        return True
