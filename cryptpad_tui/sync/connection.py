"""One WebSocket to one relay: requests with answers, and pushes handed to the pad that they name.

Addresses: wss://, ws:// and unix:PATH. No compression, no message over 1 MiB, whatever the relay offers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect, unix_connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.errors import Malformed, Refused
from cryptpad_relay.protocol.frames import Frame, Greeting, Op
from cryptpad_tui.pad.asking import Flow, Job, Pause, Request

REQUEST_TIMEOUT_S: Final = 30.0
PAUSE_S: Final = 0.001
"""A flow that pauses lets all run that is ready: a key press takes several turns of the loop."""
_PUSH_PAD_AT: Final = {Op.COMMIT: 0, Op.HEAD: 0, Op.SIGNED: 0, Op.PRESENCE: 8, Op.MET: 0, Op.MAIL: 0}

T = TypeVar("T")
PushHandler = Callable[[Frame], None]


class RelayUnreachable(Exception):
    """The relay cannot be reached. Everything is kept here and is sent when it can."""


class RelayConnection:
    """An open connection whose relay has greeted. Belongs to one event loop."""

    def __init__(self, socket: ClientConnection, greeting: Greeting) -> None:
        self.greeting = greeting
        self.closed = asyncio.Event()
        self._socket = socket
        self._next_req = 1
        self._waiting: dict[int, asyncio.Future[bytes]] = {}
        self._handlers: dict[bytes, PushHandler] = {}
        self._reader = asyncio.create_task(self._read())

    def on_push(self, pad_id: bytes, handler: PushHandler | None) -> None:
        """Hand pushes about this pad to `handler`; None stops that."""
        if handler is None:
            self._handlers.pop(pad_id, None)
        else:
            self._handlers[pad_id] = handler

    async def request(self, request: Request, *, timeout_s: float = REQUEST_TIMEOUT_S) -> bytes:
        """The reply's body; raises Refused, Malformed or RelayUnreachable."""
        req = self._next_req
        self._next_req = self._next_req % 0xFFFF_FFFF + 1
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[req] = answer
        try:
            await self._socket.send(frames.join_frame(request.op, req, request.body))
            # Not wait_for: before Python 3.12 it can swallow the cancellation that ends the pad's task.
            async with asyncio.timeout(timeout_s):
                return await answer
        except (ConnectionClosed, OSError, TimeoutError) as error:
            raise RelayUnreachable("the connection to the relay was lost") from error
        finally:
            self._waiting.pop(req, None)

    async def post(self, op: Op, body: bytes) -> None:
        """Send what has no answer (presence)."""
        try:
            await self._socket.send(frames.join_frame(op, 0, body))
        except (ConnectionClosed, OSError) as error:
            raise RelayUnreachable("the connection to the relay was lost") from error

    async def run(self, flow: Flow[T]) -> T:
        """Play the relay's side of a flow with this connection; its jobs run in a thread."""
        try:
            step = next(flow)
            while True:
                try:
                    reply = await self._reply_to(step)
                except Refused as refused:
                    step = flow.throw(refused)
                else:
                    step = flow.send(reply)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        finally:
            flow.close()

    async def _reply_to(self, step: Request) -> bytes:
        if isinstance(step, Job):
            await asyncio.to_thread(step.run)
        elif isinstance(step, Pause):
            await asyncio.sleep(PAUSE_S)
        else:
            return await self.request(step)
        return b""

    async def close(self) -> None:
        self._reader.cancel()
        await self._socket.close()
        await asyncio.gather(self._reader, return_exceptions=True)
        self._fail_waiting()

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                self._take(message if isinstance(message, bytes) else b"")
        except (ConnectionClosed, OSError, Malformed):
            pass
        finally:
            self._fail_waiting()

    def _fail_waiting(self) -> None:
        self.closed.set()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(RelayUnreachable("the connection to the relay was lost"))

    def _take(self, message: bytes) -> None:
        frame = frames.split_frame(message)
        if frame.req:
            answer = self._waiting.get(frame.req)
            if answer and not answer.done():
                _settle(answer, frame)
            return
        at = _PUSH_PAD_AT.get(frame.op)  # type: ignore[call-overload]
        handler = self._handlers.get(frame.body[at : at + 32]) if at is not None else None
        if handler:
            handler(frame)


def _settle(answer: asyncio.Future[bytes], frame: Frame) -> None:
    if frame.op != Op.ERR:
        answer.set_result(frame.body)
        return
    try:
        error = frames.Error.decode(frame.body)
    except Malformed as malformed:
        answer.set_exception(malformed)
    else:
        answer.set_exception(Refused(error.code, error.retry_ms))


async def open_connection(url: str, *, timeout_s: float = 10.0) -> RelayConnection:
    """Connect and read the greeting; raises RelayUnreachable."""
    try:
        async with asyncio.timeout(timeout_s):
            socket = await _open_socket(url, timeout_s)
            try:
                first = await socket.recv()
                frame = frames.split_frame(first if isinstance(first, bytes) else b"")
                if frame.op != Op.GREETING:
                    raise Malformed("greeting")
                return RelayConnection(socket, Greeting.decode(frame.body))
            except BaseException:
                await socket.close()
                raise
    except (OSError, TimeoutError, InvalidHandshake, InvalidURI, ConnectionClosed) as error:
        raise RelayUnreachable(f"the relay does not answer ({type(error).__name__})") from error
    except ValueError as error:
        # What an address may be is checked where it comes from; the libraries know more refusals.
        raise RelayUnreachable("this is no address that can be connected to") from error
    except Malformed as error:
        raise RelayUnreachable("what answers there is no relay of this version") from error


async def _open_socket(url: str, timeout_s: float) -> ClientConnection:
    options: dict[str, Any] = {
        "compression": None,
        "max_size": frames.MAX_MESSAGE,
        "open_timeout": timeout_s,
        "close_timeout": 2,
        "user_agent_header": None,
    }
    if url.startswith("unix:"):
        return await unix_connect(url.removeprefix("unix:"), uri="ws://localhost/", **options)
    if urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1"):
        options["proxy"] = None
    return await connect(url, **options)
