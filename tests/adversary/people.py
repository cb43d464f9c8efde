"""The clients of a scenario: real replicas, links, presence and freshness on memory stores, a still clock.

`Lab` ends each scenario with what must hold whatever the relay did: nothing applied that nobody wrote, and
no secret on any tape.
"""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass

from adversary.liar import Lie, MalRelay, Seat, Wire, World
from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.entry import Kind, parse_entry
from cryptpad_relay.protocol.errors import Code, Refused
from cryptpad_relay.protocol.frames import Op, split_frame
from cryptpad_tui.crypto.keys import EditKeys
from cryptpad_tui.pad import flows, replica
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.freshness import Freshness, FreshnessWatch
from cryptpad_tui.pad.peers import NO_CURSOR
from cryptpad_tui.pad.presence import Presence
from cryptpad_tui.pad.proofs import ProofReport, check_proof
from cryptpad_tui.pad.proofs_gather import caught
from cryptpad_tui.sync.connection import RelayConnection, RelayUnreachable
from cryptpad_tui.sync.pad_link import PadLink
from support.pads import OWNER_ROOT, Person, load_here, seeded

QUIET = (NO_CURSOR, NO_CURSOR)
SPINS = 12
"""Turns of the loop in which nothing was left to do, before it counts as quiet."""


@dataclass(frozen=True, slots=True)
class State:
    """All that an attack must not move."""

    n: int
    head: bytes
    canonical: str
    shown: str


class Client:
    """One person's window on the pad; the PadHost of its link."""

    def __init__(self, lab: Lab, name: str, seed: int, *, view_only: bool = False) -> None:
        self.lab = lab
        self.person = Person(name, seed, view_only=view_only)
        self.name, self.uploaded, self.problem = name, True, ""
        self.pin = flows.Pin(0, b"")
        self.load_document = staticmethod(load_here)
        self.alarm: Alarm | None = None
        self.proof = b""
        """The file that a third client is handed."""
        self.errors: list[Exception] = []
        self.world = lab.world
        self.seat: Seat
        self.link: PadLink | None = None
        self.connection: RelayConnection | None = None
        self.presence = self._presence(seed)
        self.watch = FreshnessWatch()
        lab.secrets += [name.encode(), self.person.identity.public, *_key_material(self.person)]

    def _presence(self, seed: int) -> Presence:
        held, person = self.person.replica, self.person
        return Presence(
            held.pad_id,
            held.fold.mark,
            held.keys,
            person.identity,
            held.writer,
            name=self.name,
            rng=seeded(seed + 500),
        )

    # -- PadHost

    @property
    def replica(self) -> replica.Replica:
        return self.person.replica

    def show_some(self) -> bool:
        return False

    def folded(self) -> None:
        self.person.show(self.replica.take_folded())
        self.watch.folded_to(self.replica.fold.n, self.presence.sessions.values())

    def seal(self) -> None:
        self.replica.queue.seal_pending()

    async def load_ahead(self) -> None: ...

    def attached(self, connected: flows.Connected) -> None:
        self.presence.announce()

    def remake(self, *, with_outbox: bool) -> None:
        journal, outbox = self.replica.queue.remake_ids(with_outbox=with_outbox)
        writer = self.replica.queue.renew_writer()
        self.person.view.rebase(self.replica.fold.document.encode(), writer.client_id)
        self.person.store.replace_pending(
            journal_ids=journal,
            outbox_ids=outbox,
            writer_pk=writer.pk,
            updates=self.person.view.take_updates(),
        )

    def presence_frame(self, frame: bytes) -> None:
        session = self.presence.receive(frame, self.lab.now)
        if session:
            fold = self.replica.fold
            self.watch.heard(session, fold.n, fold.head, fold.head_of(session.n), self.lab.now)

    # -- what a scenario does with it

    async def connect(self, world: World | None = None) -> Client:
        """A new connection, and the way to the log's end; an alarm is kept, as a session keeps it."""
        await self.hang_up()
        self.world = world or self.world
        self.seat = self.lab.relay.seat(self.name, self.world)
        self.seat.lies = self.lab.lies_for.setdefault(self.name, [])
        self.connection = RelayConnection(Wire(self.lab.relay, self.seat), self.lab.relay.greeting)  # type: ignore[arg-type]
        self.link = PadLink(self, self.connection, rng=self.person.rng, failed=self.failed)
        await self.attempt(self.link.attach())
        await self.lab.settle()
        return self

    async def hang_up(self) -> None:
        if self.link and self.connection:
            self.link.detach()
            self.watch.offline()
            self.lab.relay.seats.remove(self.seat)
            await self.connection.close()
        self.link = self.connection = None

    async def attempt(self, doing: object) -> None:
        try:
            await doing  # type: ignore[misc]
        except Exception as error:
            self.failed(error)

    def is_busy(self) -> bool:
        if self.connection is None or self.connection.closed.is_set():
            return False
        taking = self.link and self.link._taking
        return not self.seat.inbox.empty() or bool(taking and not taking.done())

    def failed(self, error: Exception) -> None:
        """An alarm ends the pad's work on this relay, as in the engine's loop; other trouble is noted."""
        self.errors.append(error)
        if isinstance(error, Alarm) and self.alarm is None:
            self.alarm, held = error, self.replica
            self.proof = caught(
                error,
                held.fold,
                self.person.store,
                held.witness,
                relay_pk=self.lab.relay.greeting.relay_pk,
                at_ms=1,
            ).proof
            if self.link:
                self.link.detach()

    async def write(self, text: str, at: int | None = None) -> None:
        """Type, send and let everybody hear of it."""
        self.type(text, at)
        await self.send()

    def type(self, text: str, at: int | None = None) -> None:
        self.lab.secrets += [word.encode() for word in text.split() if len(word) > 7]
        self.person.type(text, at)

    async def send(self) -> None:
        if self.connection and self.connection.closed.is_set():
            self.failed(RelayUnreachable("the connection to the relay was lost"))
        elif self.alarm is None and self.link:
            await self.attempt(self.link.send_pending(now=self.lab.now))
            await self.lab.settle()

    async def tell_presence(self) -> None:
        frame = self.presence.tick(self.lab.now, self.replica.base(), QUIET, typing=False)
        if frame and self.link:
            await self.link.send_presence(frame)

    def freshness(self) -> Freshness:
        return self.watch.state(online=self.alarm is None, now=self.lab.now).freshness

    def state(self) -> State:
        fold = self.replica.fold
        return State(fold.n, fold.head, fold.document.text(), self.person.text())

    @property
    def applied(self) -> set[bytes]:
        """Ids of the entries that changed the text here."""
        rows = [row for row in self.person.store.log if not row.void]
        return {row.entry_id for row in rows if parse_entry(row.entry).kind == Kind.UPDATE}


class Lab:
    """A relay, its clients, the time, and what nobody else may know."""

    def __init__(self) -> None:
        origin = Person("Origin", 1)
        self.world = World(origin.replica.pad_id, origin.replica.genesis.raw)
        self.relay = MalRelay(self.world)
        self.clients: list[Client] = []
        self.now = 1_000.0
        self.secrets: list[bytes] = [OWNER_ROOT]
        self.by_editors: set[bytes] = set()
        """Entries of a hostile editor, who may write: allowed where the rules allow them."""
        self.lies_for: dict[str, list[Lie]] = {}

    @property
    def pad_id(self) -> bytes:
        return self.world.pad_id

    async def client(
        self, name: str, seed: int, *, world: World | None = None, view_only: bool = False
    ) -> Client:
        client = self.newcomer(name, seed, view_only=view_only)
        return await client.connect(world)

    def newcomer(self, name: str, seed: int, *, view_only: bool = False) -> Client:
        client = Client(self, name, seed, view_only=view_only)
        self.clients.append(client)
        return client

    async def settle(self) -> None:
        """Until nothing moves any more."""
        quiet = 0
        while quiet < SPINS:
            await asyncio.sleep(0)
            busy = any(client.is_busy() for client in self.clients)
            quiet = 0 if busy else quiet + 1

    async def talk(self, seconds: float, *clients: Client) -> None:
        """Let time pass, in which these people's windows tell that they are here."""
        end = self.now + seconds
        while self.now < end:
            for client in clients:
                await client.tell_presence()
            await self.settle()
            self.now += 0.5

    async def close(self) -> None:
        for client in self.clients:
            await client.hang_up()

    # -- what must hold in the end

    def authored(self) -> set[bytes]:
        """Ids of all entries that an honest client handed to a relay."""
        found = set(self.by_editors)
        for seat_heard in self.heard():
            frame = split_frame(seat_heard)
            if frame.op == Op.APPEND:
                found |= {parse_entry(raw).entry_id for raw in frames.Append.decode(frame.body).entries}
        return found

    def heard(self) -> list[bytes]:
        return [message for seat in self.relay.every_seat for message in seat.heard]

    def check_always(self) -> None:
        """Nothing was applied that nobody wrote, and no tape holds a secret."""
        authored = self.authored()
        for client in self.clients:
            assert client.applied <= authored, f"{client.name} applied what nobody wrote"
        tapes = b"\n".join([message for seat in self.relay.every_seat for message in seat.heard + seat.tape])
        for secret in self.secrets:
            assert secret not in tapes, "a secret is on a tape"


def _key_material(person: Person) -> list[bytes]:
    keys = person.replica.keys
    found = [keys.view_seed, keys.read_key, keys.presence_key]
    if isinstance(keys, EditKeys):
        found.append(keys.edit_seed)
    return found


def assert_caught(client: Client, code: AlarmCode, before: State) -> ProofReport:
    """The typed alarm, nothing moved, and what a third client says of the proof, offline."""
    assert client.alarm is not None, f"{client.name} noticed nothing: {client.errors}"
    assert client.alarm.code is code, client.alarm
    assert client.state() == before
    return proven(client)


def proven(client: Client) -> ProofReport:
    """The proof file, judged by somebody who has neither the vault nor a key."""
    report = check_proof(client.proof)
    assert client.alarm
    assert report.code is client.alarm.code
    assert report.pad_id == client.replica.pad_id
    body = base64.b64decode(b"".join(client.proof.split(b"\n")[1:-2]))
    assert all(secret not in body for secret in client.lab.secrets)
    return report


__all__ = ["Client", "Code", "Lab", "Refused", "State", "assert_caught"]
