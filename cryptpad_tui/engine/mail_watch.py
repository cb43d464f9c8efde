"""The mailbox while an app or an agent runs: over the relay connection that its pads use.

A mailbox is bound only where its owner uses contacts: for others no relay learns that there could be one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.errors import Malformed, Refused
from cryptpad_relay.protocol.frames import Frame
from cryptpad_tui.engine import asking, left_mailboxes, mailbox, outbox, relocation_mail
from cryptpad_tui.engine.contacts import introduce_again
from cryptpad_tui.engine.errors import EngineError
from cryptpad_tui.engine.limited import is_limited
from cryptpad_tui.engine.own_card import check_relay, myself
from cryptpad_tui.pad.alarms import Alarm
from cryptpad_tui.people.errors import PeopleError
from cryptpad_tui.sync.connection import RelayConnection, RelayUnreachable
from cryptpad_tui.vault.errors import VaultError

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

LOOK_S: Final = 0.5
REFETCH_S: Final = 300.0
"""A push may have been lost with a slow moment: look now and then all the same."""
RESEND_S: Final = 60.0
LOOK_BACK_S: Final = 900.0
"""Mailboxes at relays of before are looked into so often."""
IN_STEP_TURNS: Final = 6
_TROUBLE: Final = (Malformed, Refused, RelayUnreachable, EngineError, PeopleError, VaultError, Alarm, OSError)


class MailWatch:
    """Follows one engine's mailbox from `start` to `stop`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._task: asyncio.Task[None] | None = None
        self._observers: list[Callable[[], None]] = []
        self._bound: RelayConnection | None = None
        self._came = False
        self._drop: list[int] = []
        self._fetched_at = self._sent_at = self._looked_back_at = float("-inf")
        self._sent: frozenset[str] = frozenset()
        self._seen = -1
        self.notes: list[str] = []
        """Sentences about what was refused or left, since they were last taken."""

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def observe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back whenever contacts or the inbox changed; what is returned ends that."""
        self._observers.append(callback)
        return lambda: self._observers.remove(callback)

    def soon(self) -> None:
        """Something was written: send it without waiting for the next turn."""
        self._sent_at = float("-inf")

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            engine = self._engine
            if not engine.has_drive_open or is_limited(engine.vault):
                continue
            with contextlib.suppress(*_TROUBLE):
                self._tell()
                await self._tend()

    def _tell(self) -> None:
        # Reading something is what makes the book follow the drive.
        self._engine.people.open_count()
        if self._seen != self._engine.people.changes:
            relocation_mail.put_away_followed(self._engine)
            self._seen = self._engine.people.changes
            for callback in list(self._observers):
                callback()

    async def _tend(self) -> None:
        engine, now = self._engine, self._engine.now()
        connection = self._connection()
        if connection is not None and mailbox.is_used(engine):
            if connection is not self._bound:
                await self._bind(connection)
            if self._came or now - self._fetched_at > REFETCH_S:
                self._came, self._fetched_at = False, now
                fetched = await connection.run(mailbox.fetch(engine))
                self._drop += fetched.drop
                self.notes += fetched.words()
                asking.go_on(engine)
            if self._drop and self._drive_is_in_step():
                places, self._drop = self._drop, []
                await connection.run(mailbox.drop(engine, places))
        if connection is not None and now - self._looked_back_at > LOOK_BACK_S:
            self._looked_back_at = now
            behind = await left_mailboxes.fetch(engine, self._soon_in_step)
            self.notes += behind.words()
        waiting = frozenset([message.mail_id for message in outbox.waiting(engine)])
        if waiting and (waiting != self._sent or now - self._sent_at > RESEND_S):
            self._sent, self._sent_at = waiting, now
            await outbox.send(engine)

    def _connection(self) -> RelayConnection | None:
        url = self._engine.relay_url()
        loop = self._engine.relays.loops.get(self._engine.public_url(url)) if url else None
        return loop.connection if loop else None

    async def _bind(self, connection: RelayConnection) -> None:
        check_relay(self._engine, connection.greeting.relay_pk)
        self._drop = []
        connection.on_push(myself(self._engine).mailbox_id, self._pushed)
        await connection.run(mailbox.bind(self._engine, connection.greeting))
        introduce_again(self._engine)
        self._bound, self._came = connection, True

    def _pushed(self, _: Frame) -> None:
        self._came = True

    async def _soon_in_step(self) -> bool:
        for _ in range(IN_STEP_TURNS):
            if self._drive_is_in_step():
                return True
            await asyncio.sleep(LOOK_S)
        return False

    def _drive_is_in_step(self) -> bool:
        session = self._engine.drive_session
        return session.attached_here and not session.waiting
