"""A relay that lies: honest logs that it forks and exchanges as it likes, a tape of every frame, and lies.

`MalRelay` speaks the frames of docs/wire.md to real `RelayConnection`s. It has the relay's key and all that
was ever sent to it; it has no pad key. A lie is a function from a request and its honest answer to the frames
shown in its place. Each client sits at a `Seat`: in one *world* (a log), under its own lies, on tape.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from cryptpad_relay.protocol import chain, frames
from cryptpad_relay.protocol.entry import Kind, parse_entry
from cryptpad_relay.protocol.errors import Code, Refused
from cryptpad_relay.protocol.frames import Frame, Greeting, Op, join_frame, split_frame
from cryptpad_relay.protocol.labels import public_key, u64
from cryptpad_tui.pad.digests import chunk_id_of
from support.pads import RELAY_SEED, ListRelay

NO_CHALLENGE = bytes(16)
Lie = Callable[[Frame | None, Frame], Iterable[Frame]]
"""(request or None for a push, what an honest relay would show) -> what is shown."""


class World(ListRelay):
    """One log that the relay keeps, and may show to some. It checks nothing: whose friend would it be?"""

    def __init__(self, pad_id: bytes, genesis: bytes) -> None:
        super().__init__(pad_id, genesis)
        self.created = True
        self.unix_ms = 0
        self.signing_seed = RELAY_SEED

    def fork(self, upto: int | None = None) -> World:
        """A copy of the first `upto` entries, to grow another way."""
        other = World(self.pad_id, self.genesis)
        other.chunks = dict(self.chunks)
        for raw in self.entries[:upto]:
            other.append(raw)
        return other

    def with_entries(self, *raws: bytes) -> World:
        """A log of exactly these entries; its heads are right for them."""
        other = self.fork(0)
        for raw in raws:
            other.append(raw)
        return other

    def append(self, raw: bytes) -> int:
        n = super().append(raw)
        extension = parse_entry(raw).snapshot
        if extension and extension.snap_n < n:
            table = self.table_at(extension.snap_n)
            self.chunks[chunk_id_of(table)] = table
        return n

    def table_at(self, n: int) -> bytes:
        """The writers' table of docs/wire.md, as an honest relay stores it."""
        rows: dict[bytes, tuple[bytes, bytes, bytes]] = {}
        for position, raw in enumerate(self.entries[:n], 1):
            entry = parse_entry(raw)
            born = (
                (entry.cert, entry.entry_id)
                if entry.kind == Kind.HELLO
                else rows.get(entry.writer_pk, (b"", b"", b""))[:2]
            )
            rows[entry.writer_pk] = (*born, u64(entry.seq) + entry.entry_id + u64(position))
        return b"".join([pk + b"".join(rows[pk]) for pk in sorted(rows)])

    def signed(
        self, n: int | None = None, head: bytes | None = None, challenge: bytes = NO_CHALLENGE
    ) -> bytes:
        """The body of a SIGNED: the relay's word for a head, true or not."""
        n = len(self.entries) if n is None else n
        head = self.heads[n] if head is None else head
        return frames.encode_signed_head(
            chain.sign_head(self.signing_seed, self.pad_id, n, head, self.unix_ms, challenge)
        )

    def on_create(self, body: bytes) -> bytes:
        self.created = True
        return frames.PadHead(len(self.entries), self.heads[-1]).n.to_bytes(8, "big") + self.heads[-1]

    def on_sub(self, body: bytes) -> bytes:
        if not self.created:
            raise Refused(Code.UNKNOWN_PAD)
        sub, n = frames.Sub.decode(body), len(self.entries)
        signed = frames.decode_signed_head(self.signed(challenge=sub.challenge))
        return frames.Subscribed(
            n, signed.head, signed.unix_ms, signed.signature, self.snapshot_n, self.hello_n, bytes(16)
        ).encode()

    def on_sth(self, body: bytes) -> bytes:
        request = frames.SthRequest.decode(body)
        signed = frames.decode_signed_head(self.signed(challenge=request.challenge))
        return frames.SthReply(signed.n, signed.head, signed.unix_ms, signed.signature).encode()

    def commit(self, first_n: int) -> Frame:
        """The COMMIT of everything from `first_n` on."""
        entries = tuple(self.entries[first_n - 1 :])
        return Frame(Op.COMMIT, 0, frames.Commit(self.pad_id, first_n, self.heads[-1], entries).encode())


@dataclass(eq=False, slots=True)
class Seat:
    """One connection, as the relay sees it."""

    name: str
    world: World
    lies: list[Lie] = field(default_factory=list)
    tape: list[bytes] = field(default_factory=list)
    """Every message that the client was shown."""
    heard: list[bytes] = field(default_factory=list)
    """Every message that the client sent."""
    inbox: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)

    def show(self, frame: Frame, request: Frame | None = None) -> None:
        """Put an honest frame through this seat's lies, on tape and on its way."""
        shown = [frame]
        for lie in self.lies:
            shown = [lied for honest in shown for lied in lie(request, honest)]
        for lied in shown:
            self.send(join_frame(lied.op, lied.req, lied.body))

    def send(self, message: bytes) -> None:
        self.tape.append(message)
        self.inbox.put_nowait(message)


class MalRelay:
    """All seats and worlds of one relay. Honest as long as nobody scripts anything else."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.seats: list[Seat] = []
        self.every_seat: list[Seat] = []
        self.greeting = Greeting(public_key(RELAY_SEED), bytes(32))
        self.presence_parted = False
        """Whether presence crosses from one world to another."""
        self.signs = True
        """Whether it signs what it announces, as an honest relay does."""
        self.mute: set[str] = set()
        """Seats whose commits nobody is told of."""

    def seat(self, name: str, world: World | None = None) -> Seat:
        seat = Seat(name, world or self.world)
        self.seats.append(seat)
        self.every_seat.append(seat)
        return seat

    def receive(self, seat: Seat, message: bytes) -> None:
        seat.heard.append(message)
        request = split_frame(message)
        if request.op == Op.PRES:
            self._presence(seat, request.body)
            return
        before = len(seat.world.entries)
        op = getattr(Op(request.op), "name", "").lower()
        handler = getattr(seat.world, f"on_{op}", None)
        try:
            if handler is None:
                raise Refused(Code.UNSUPPORTED)
            answer = Frame(request.op | 0x80, request.req, handler(request.body))
        except IndexError:
            answer = Frame(Op.ERR, request.req, frames.Error(Code.NOT_FOUND, 0).encode())
        except Refused as refused:
            answer = Frame(Op.ERR, request.req, frames.Error(refused.code, refused.retry_ms).encode())
        seat.show(answer, request)
        if len(seat.world.entries) > before and seat.name not in self.mute:
            self.announce(seat.world, before + 1)

    def announce(self, world: World, first_n: int) -> None:
        """Tell everybody in this world of its entries from `first_n` on."""
        for seat in self.seats:
            if seat.world is world:
                seat.show(world.commit(first_n))
                if self.signs:
                    seat.show(Frame(Op.SIGNED, 0, world.signed()))

    def grow(self, world: World, *raws: bytes) -> None:
        """Append whatever the relay likes, and tell."""
        first_n = len(world.entries) + 1
        for raw in raws:
            world.append(raw)
        self.announce(world, first_n)

    def _presence(self, seat: Seat, body: bytes) -> None:
        for other in self.seats:
            if other is not seat and not (self.presence_parted and other.world is not seat.world):
                other.show(Frame(Op.PRESENCE, 0, body))


class Wire:
    """What `RelayConnection` takes for a WebSocket: its other end is a seat."""

    def __init__(self, relay: MalRelay, seat: Seat) -> None:
        self._relay, self.seat = relay, seat

    async def send(self, message: bytes) -> None:
        self._relay.receive(self.seat, message)

    async def close(self) -> None:
        self.seat.inbox.put_nowait(None)

    def __aiter__(self) -> Wire:
        return self

    async def __anext__(self) -> bytes:
        message = await self.seat.inbox.get()
        if message is None:
            raise StopAsyncIteration
        return message


# The language of lies


def answering(op: Op, change: Callable[[bytes], bytes]) -> Lie:
    """Change the body of every answer to `op`."""

    def lie(request: Frame | None, honest: Frame) -> Iterable[Frame]:
        asked = request is not None and request.op == op and honest.op != Op.ERR
        yield honest._replace(body=change(honest.body)) if asked else honest

    return lie


def pushing(op: Op, change: Callable[[bytes], bytes | None]) -> Lie:
    """Change the body of every push of `op`; None withholds it."""

    def lie(request: Frame | None, honest: Frame) -> Iterable[Frame]:
        if request is not None or honest.op != op:
            yield honest
        elif (body := change(honest.body)) is not None:
            yield honest._replace(body=body)

    return lie


def refusing(op: Op, code: Code) -> Lie:
    """Answer `op` with an error, whatever the truth."""

    def lie(request: Frame | None, honest: Frame) -> Iterable[Frame]:
        if request is not None and request.op == op:
            yield Frame(Op.ERR, request.req, frames.Error(code, 0).encode())
        else:
            yield honest

    return lie


def twice(request: Frame | None, honest: Frame) -> Iterable[Frame]:
    """Say everything again."""
    yield honest
    yield honest


def flip(raw: bytes, at: int, bits: int = 1) -> bytes:
    return raw[:at] + bytes([raw[at] ^ bits]) + raw[at + 1 :]
