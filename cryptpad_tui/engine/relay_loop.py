"""One relay, kept connected: its pads attached, what waits sent, presence told; again after every loss.

A shell of tasks and timers. Errors of one pad never touch another.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.errors import Refused
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.engine import alarms, following, standing, verdicts, whereabouts
from cryptpad_tui.engine.first_snapshot import FirstSnapshot
from cryptpad_tui.engine.folders.following import keys_come
from cryptpad_tui.engine.relay_words import sentence_of
from cryptpad_tui.engine.session import PadSession
from cryptpad_tui.engine.values import RelayState, SessionEvent
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.epochs import Ended, Removed
from cryptpad_tui.pad.evidence import key_piece
from cryptpad_tui.pad.moves import Moved
from cryptpad_tui.sync.backoff import Backoff
from cryptpad_tui.sync.connection import RelayConnection, open_connection
from cryptpad_tui.sync.pad_link import KeysChanged, PadLink
from cryptpad_tui.vault.errors import UnknownPad, VaultError

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

TICK_S: Final = 0.1
ALONE_S: Final = 1.0
UNFOLDED_S: Final = 5.0
QUIET_S: Final = 300.0
"""So often at least the relay is asked for its end: a push that it lost may have been the last."""
ALARM_RETRY_S: Final = 60.0
ALARM_POLL_S: Final = 0.5
STEADY_S: Final = 10.0
"""What lasted so long is no longer counted among the failures."""


class RelayLoop:
    """Keeps the sessions of one relay address in step with it, while there are any."""

    def __init__(self, engine: Engine, url: str) -> None:
        self.url = url
        self.connection: RelayConnection | None = None
        self.sentence = "connecting"
        self.ready = asyncio.Event()
        """Set after each attempt to connect, successful or not."""
        self._engine = engine
        self._sessions: dict[bytes, PadSession] = {}
        self._links: dict[bytes, PadLink] = {}
        self._tasks: dict[bytes, asyncio.Task[None]] = {}
        self._wake: dict[bytes, asyncio.Event] = {}
        self._task = asyncio.create_task(self._run())

    def state(self) -> RelayState:
        return RelayState(self.url, self.connection is not None, self.sentence)

    def add(self, session: PadSession) -> None:
        """Keep this session in step; it takes the place of an earlier one of its pad."""
        if self._sessions.get(session.pad_id) is not session:
            self._sessions[session.pad_id] = session
            self._wake.setdefault(session.pad_id, asyncio.Event())
            if self.connection:
                self._start_pad(session)

    def remove(self, session: PadSession) -> None:
        """Stop at once; a successor of the same pad starts when this one has let go."""
        if self._sessions.get(session.pad_id) is session:
            del self._sessions[session.pad_id]
            if task := self._tasks.get(session.pad_id):
                task.cancel()

    def wake(self, pad_id: bytes) -> None:
        """Something waits to be sent."""
        if pad_id in self._wake:
            self._wake[pad_id].set()

    def is_attached(self, pad_id: bytes) -> bool:
        return pad_id in self._links

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        for pad_id in list(self._tasks):
            await self._stop_pad(pad_id)
        if self.connection:
            await self.connection.close()
            self.connection = None

    async def _run(self) -> None:
        backoff = Backoff(self._engine.draw)
        while True:
            try:
                url = await asyncio.to_thread(self._engine.resolve, self.url)
                self.connection = await open_connection(url)
            except Exception as error:
                self.sentence = sentence_of(error)
                self._told()
                await asyncio.sleep(backoff.next_delay_s())
                continue
            connected_at = self._engine.now()
            self.sentence = "connected"
            for session in list(self._sessions.values()):
                self._start_pad(session)
            self._told()
            await self.connection.closed.wait()
            await self._disconnected()
            if self._engine.now() - connected_at > STEADY_S:
                backoff.succeeded()
            await asyncio.sleep(backoff.next_delay_s())

    async def _disconnected(self) -> None:
        connection, self.connection = self.connection, None
        self.sentence = "the connection was lost; trying again"
        for pad_id in list(self._tasks):
            await self._stop_pad(pad_id)
        if connection:
            await connection.close()
        self._told()

    def _told(self) -> None:
        self.ready.set()
        for session in self._sessions.values():
            session.tell(SessionEvent.STATUS)

    # -- one pad

    def _start_pad(self, session: PadSession) -> None:
        before = self._tasks.get(session.pad_id)
        if before:
            before.cancel()
        self._tasks[session.pad_id] = asyncio.create_task(self._keep(session, before))

    async def _stop_pad(self, pad_id: bytes) -> None:
        task = self._tasks.pop(pad_id, None)
        if task:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _keep(self, session: PadSession, before: asyncio.Task[None] | None) -> None:
        """Keep the pad in step until the connection ends: again after every trouble that may pass."""
        if before:
            await asyncio.wait([before])
        connection = self.connection
        assert connection is not None
        backoff = Backoff(self._engine.draw)
        # Another connection may be to another relay, or to one that has its disk back.
        session.caught = False
        while not connection.closed.is_set():
            if session.halted or session.caught:
                await self._rest(session)
            started, session.caught = self._engine.now(), False
            try:
                await self._attend(session, connection)
            except Alarm as alarm:
                session.raise_alarm(alarm)
            except KeysChanged:
                continue
            except Moved as moved:
                whereabouts.go_on_there(self._engine, session, moved.record)
                return
            except (Removed, Ended) as word:
                if isinstance(word, Removed) and await keys_come(self._engine, session, word.record):
                    continue
                standing.close_off(self._engine, session, word)
                await self._rest_outside(session)
                continue
            except UnknownPad as error:
                session.problem = sentence_of(error)
                return
            except Exception as error:
                session.problem = sentence_of(error)
                if isinstance(error, Refused):
                    session.tell(SessionEvent.NOTICE)
            session.tell(SessionEvent.STATUS)
            if self._engine.now() - started > STEADY_S:
                backoff.succeeded()
            if not session.caught:
                await asyncio.sleep(backoff.next_delay_s())

    async def _rest(self, session: PadSession) -> None:
        """After an alarm: until it is time to look again, or a person says so, who alone ends some."""
        until = self._engine.now() + ALARM_RETRY_S
        while session.halted or (session.alarm and self._engine.now() < until):
            await asyncio.sleep(ALARM_POLL_S)

    async def _rest_outside(self, session: PadSession) -> None:
        """The owner may take somebody back: look again now and then, or when a person says so."""
        until = self._engine.now() + ALARM_RETRY_S
        while session.standing and self._engine.now() < until:
            await asyncio.sleep(ALARM_POLL_S)

    async def _attend(self, session: PadSession, connection: RelayConnection) -> None:
        """Attach the pad when this process has its lease, and work until something stops it."""
        await following.wait_for_first_frame(session)
        await following.wait_for_lease(self._engine, session, connection)
        session.follow_vault()
        whereabouts.refresh(self._engine, session)
        alarms.refresh(self._engine, session)
        if session.halted:
            return
        failure: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        link = PadLink(
            session,
            connection,
            rng=self._engine.rng,
            failed=lambda error: _first(failure, error),
            lock=session.flows,
        )
        try:
            self._check_relay(session, connection)
            await link.attach()
            self._links[session.pad_id] = link
            await self._work(session, link, failure)
        finally:
            self._links.pop(session.pad_id, None)
            link.detach()
            session.detached()
            with contextlib.suppress(VaultError):
                self._engine.vault.release_lease(session.pad_id)

    def _check_relay(self, session: PadSession, connection: RelayConnection) -> None:
        """The relay's key is pinned on first use, and by every link."""
        session.problem = ""
        pinned, key = session.record.relay_pk, connection.greeting.relay_pk
        home = session.replica.fold.owner.home
        if home is not None and pinned == home.relay_pk != key:
            raise Moved(home)
        bound = bytes(32) if home is not None else session.replica.genesis.relay_id
        if (pinned and pinned != key) or (any(bound) and bound != key):
            raise Alarm(AlarmCode.WRONG_RELAY, evidence=(key_piece(key),))
        if not pinned or session.record.relay_url is None:
            session.update_record(relay=(self._engine.public_url(self.url), key))

    async def _work(self, session: PadSession, link: PadLink, failure: asyncio.Future[Exception]) -> None:
        wake = self._wake[session.pad_id]
        last_send, unfolded_since, asked_at = float("-inf"), self._engine.now(), self._engine.now()
        others_wait, first = False, FirstSnapshot(session, self._engine.rng)
        session.replica.may_snapshot = lambda: verdicts.elected(session)
        session.replica.judgement.may_endorse = lambda author: verdicts.elected_to_endorse(session, author)
        while True:
            now = self._engine.now()
            if failure.done():
                raise failure.result()
            frame = session.next_presence_frame()
            if frame:
                await link.send_presence(frame)
            # Drive edits are rare, and what they say is waited for on other devices.
            alone = not session.presence.sessions and session.kind is not PadKind.DRIVE and not others_wait
            if session.waiting and now - last_send >= (ALONE_S if alone else 0.0):
                session.flush()
                await link.send_pending(now=now)
                session.recount()
                last_send, others_wait = now, following.others_wait(session)
            if not session.waiting and not session.company.freshness.is_passed(now):
                unfolded_since = now
            if now - unfolded_since > UNFOLDED_S or now - asked_at > QUIET_S:
                # What was acknowledged here, or seen by others, should have come by itself.
                await link.refetch()
                unfolded_since = asked_at = now
            await first.look(now)
            if session.replica.made_snapshot:
                await link.send_snapshot()
            verdicts.tend(session, link)
            await self._pause(wake, session, last_send)

    async def _pause(self, wake: asyncio.Event, session: PadSession, last_send: float) -> None:
        """Sleep until something is to do; a quiet pad wakes four times a second for presence.

        In company, what is typed after a pause leaves at once, and what is typed on leaves every TICK_S.
        """
        if not session.waiting:
            wake.clear()
            # Not wait_for: before Python 3.12 it can swallow the cancellation that ends this task.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.25):
                    await wake.wait()
        if session.waiting:
            left = last_send + TICK_S - self._engine.now()
            await asyncio.sleep(max(left, 0.0) if session.presence.sessions else TICK_S)


def _first(failure: asyncio.Future[Exception], error: Exception) -> None:
    if not failure.done():
        failure.set_result(error)
