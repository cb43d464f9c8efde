"""A one-time code over one connection: the meeting at the relay, and the messages of `pad.codes` through it.

A shell. It keeps nothing, and ends the meeting however it leaves.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Final

from cryptpad_relay.protocol.errors import Code as Refusal
from cryptpad_relay.protocol.errors import Refused
from cryptpad_relay.protocol.frames import Frame, Op
from cryptpad_relay.protocol.labels import u32
from cryptpad_relay.protocol.meeting_frames import MEETING_BYTES, MeetOpened, MeetSend, Met
from cryptpad_tui.crypto.sealing import RandomBytes
from cryptpad_tui.pad.asking import Request
from cryptpad_tui.pad.codes import Code, CodeError, Guest, Host, Purpose, WrongCode
from cryptpad_tui.sync.connection import RelayConnection, RelayUnreachable

ANSWER_S: Final = 30.0
"""An honest far end answers in a moment; a person waits only before somebody took the number."""


class NobodyThere(CodeError):
    """Nobody waits at this code: it was used, its time is over, or it was shown for another relay. Nothing
    was changed; ask for another."""


class NobodyCame(CodeError):
    """Nobody used the code in time, so it is good for nothing any more. Nothing was given away."""


async def give(
    connection: RelayConnection,
    purpose: Purpose,
    payload: bytes,
    *,
    rng: RandomBytes,
    show: Callable[[Code], None],
    wait_s: float,
) -> None:
    """Show a code, give the payload to whoever enters it; raises CodeError, Refused or RelayUnreachable."""
    opened = MeetOpened.decode(await connection.request(Request(Op.MEET_OPEN, b"")))
    code = Code.random(opened.number, rng=rng)
    host = Host(code, purpose, connection.greeting.relay_pk, payload, rng=rng)
    async with _hearing(connection, opened.meeting) as heard:
        show(code)
        try:
            while not host.is_done:
                message = await _next(connection, heard, wait_s if not host.is_burnt else ANSWER_S)
                if message is None:
                    # Who saw that a guess was wrong leaves without a word.
                    raise WrongCode if host.is_burnt else NobodyCame
                await _say(connection, opened.meeting, host.take(message))
        except TimeoutError:
            raise (WrongCode if host.is_burnt else NobodyCame) from None
        # The guest has it when it ends the meeting.
        with contextlib.suppress(TimeoutError):
            await _next(connection, heard, ANSWER_S)


async def take(connection: RelayConnection, code: Code, purpose: Purpose, *, rng: RandomBytes) -> bytes:
    """What the host of this code gives; raises CodeError, Refused or RelayUnreachable."""
    try:
        meeting = await connection.request(Request(Op.MEET_JOIN, u32(code.number)))
    except Refused as refused:
        if refused.code == Refusal.NOT_FOUND:
            raise NobodyThere from None
        raise
    if len(meeting) != MEETING_BYTES:
        raise CodeError
    guest = Guest(code, purpose, connection.greeting.relay_pk, rng=rng)
    async with _hearing(connection, meeting) as heard:
        answer: bytes | None = guest.first()
        while answer is not None:
            await _say(connection, meeting, answer)
            try:
                message = await _next(connection, heard, ANSWER_S)
            except TimeoutError:
                message = None
            if message is None:
                raise CodeError
            answer = guest.take(message)
    assert guest.payload is not None
    return guest.payload


@contextlib.asynccontextmanager
async def _hearing(connection: RelayConnection, meeting: bytes) -> AsyncIterator[asyncio.Queue[bytes | None]]:
    heard: asyncio.Queue[bytes | None] = asyncio.Queue(16)

    def on_push(frame: Frame) -> None:
        # More than a meeting has is dropped: the exchange then ends by its time.
        with contextlib.suppress(asyncio.QueueFull):
            heard.put_nowait(Met.decode(frame.body).message)

    connection.on_push(meeting, on_push)
    try:
        yield heard
    finally:
        connection.on_push(meeting, None)
        with contextlib.suppress(Refused, RelayUnreachable):
            await connection.request(Request(Op.MEET_END, meeting), timeout_s=5)


async def _say(connection: RelayConnection, meeting: bytes, message: bytes) -> None:
    try:
        await connection.request(Request(Op.MEET_SEND, MeetSend(meeting, message).encode()))
    except Refused as refused:
        raise (CodeError() if refused.code == Refusal.NOT_FOUND else refused) from None


async def _next(
    connection: RelayConnection, heard: asyncio.Queue[bytes | None], wait_s: float
) -> bytes | None:
    """What the other said next, None where the meeting is over; raises TimeoutError or RelayUnreachable."""
    hearing = asyncio.ensure_future(heard.get())
    ending = asyncio.ensure_future(connection.closed.wait())
    try:
        done, _ = await asyncio.wait([hearing, ending], timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        if hearing in done:
            return hearing.result()
        if ending in done:
            raise RelayUnreachable("the connection to the relay was lost")
        raise TimeoutError
    finally:
        hearing.cancel()
        ending.cancel()
