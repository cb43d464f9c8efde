"""What every conversation with a relay is made of: a request, a pause, and the few questions that many ask.

A Flow yields Requests and is sent the replies' bodies; an ERR is thrown in as Refused. Sans-IO, like `flows`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Final, NamedTuple, TypeVar

from cryptpad_relay.protocol import chain, frames
from cryptpad_relay.protocol.errors import Code, Malformed, Refused
from cryptpad_relay.protocol.frames import Op
from cryptpad_tui.pad import snapshots
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.digests import chunk_id_of
from cryptpad_tui.pad.fold import Fold

FETCH_LIMIT: Final = 1_000
EMPTY_TABLE: Final = chunk_id_of(b"")
"""Of an epoch in which nobody has written yet."""


class Request(NamedTuple):
    op: Op
    body: bytes


class Pause(Request):
    """Work goes on after this: who plays the flow lets others run, and sends anything back.

    It is a harmless question too, so that a player who asks it does no wrong.
    """

    __slots__ = ()


class Job(Pause):
    """A pause for long work, on what nobody else has: who plays the flow may `run` it in a thread."""

    work: Callable[[], object]
    is_done: bool
    error: Exception | None

    def run(self) -> None:
        """Do the work, once; raises nothing."""
        if self.is_done:
            return
        self.is_done = True
        try:
            self.work()
        except Exception as error:
            self.error = error


T = TypeVar("T")
Flow = Generator[Request, bytes, T]


def pause(pad_id: bytes) -> Pause:
    return Pause(Op.FETCH, frames.Fetch(pad_id, 0, 1).encode())


def do_job(pad_id: bytes, work: Callable[[], object]) -> Flow[None]:
    """Do long work, in a thread where who plays the flow has one; raises what it raises."""
    job = Job(*pause(pad_id))
    job.work, job.is_done, job.error = work, False, None
    yield job
    job.run()
    if job.error:
        raise job.error


def prove(fold: Fold, n: int) -> Flow[None]:
    """Learn head[n] of a position before all that are known here, by proof from this fold's own head."""
    body = yield Request(Op.BRIDGE, frames.Bridge(fold.pad_id, n, fold.n).encode())
    established = chain.follow_proof(fold.n, fold.head, n, frames.Bridged.decode(body).steps)
    if established is None or n not in established:
        raise Alarm(AlarmCode.CHAIN_GAP, f"no proof that the log extends position {n}")
    fold.add_proven(established)


def one_entry(pad_id: bytes, n: int) -> Flow[bytes]:
    body = yield Request(Op.FETCH, frames.Fetch(pad_id, n - 1, 1).encode())
    fetched = frames.Fetched.decode(body)
    if fetched.first_n != n or len(fetched.entries) != 1:
        raise Alarm(AlarmCode.BAD_SNAPSHOT, "the relay does not give what it announced")
    return fetched.entries[0]


def get_chunk(pad_id: bytes, chunk_id: bytes, size: int | None) -> Flow[bytes]:
    try:
        chunk = yield Request(Op.CHUNK_GET, frames.PadAndHash(pad_id, chunk_id).encode())
    except Refused as refused:
        raise _missing(refused) from None
    snapshots.check_chunk(chunk, chunk_id, size)
    return chunk


def _missing(refused: Refused) -> Exception:
    """The pad may have got other keys meanwhile, which end what this connection has proven."""
    if refused.code in (Code.NOT_SUBSCRIBED, Code.RETRY):
        return refused
    return Alarm(AlarmCode.BAD_SNAPSHOT, f"a piece is missing ({refused.code.name})")


def get_table(pad_id: bytes, table_id: bytes) -> Flow[bytes]:
    """A snapshot's table of writers, which may take several answers. Bounded before anything is kept."""
    table, size = bytearray(), 0
    if table_id == EMPTY_TABLE:
        return b""
    while not table or len(table) < size:
        request = frames.TablePart(pad_id, table_id, len(table))
        try:
            given = frames.TableGiven.decode((yield Request(Op.TABLE, request.encode())))
        except Refused as refused:
            raise _missing(refused) from None
        except Malformed as error:
            raise Alarm(AlarmCode.BAD_SNAPSHOT, error.reason) from None
        if (size and given.size != size) or len(table) + len(given.part) > given.size:
            raise Alarm(AlarmCode.BAD_SNAPSHOT, "the relay gives a table of another length")
        size = given.size
        table += given.part
    snapshots.check_chunk(bytes(table), table_id, None)
    return bytes(table)
