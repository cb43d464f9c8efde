"""F11: a relay that answers a client's conversations with anything, in any order (pad.flows and its kin).

Two logs that fork, a snapshot, a record of the owner and every honest answer are made once; the fuzzer's
bytes choose what is shown for each request. It has no pad key: what is applied must be what people wrote.
"""

from __future__ import annotations

import contextlib
import copy
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

from fuzz.choices import Choices

from cryptpad_relay.protocol import chain, frames, labels
from cryptpad_relay.protocol.errors import Code, Malformed, Refused
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.records import void_body
from cryptpad_tui.crdt.errors import CannotLoadHere
from cryptpad_tui.crypto.keys import owner_key
from cryptpad_tui.pad import flows, flows_arrive, flows_void, rederive, snapshots
from cryptpad_tui.pad.alarms import Alarm
from cryptpad_tui.pad.flows import Flow, Pin
from cryptpad_tui.pad.flows_testimony import questioned
from cryptpad_tui.pad.replica import Replica
from cryptpad_tui.pad.writers import encode_table
from support.memory_store import MemoryStore
from support.pads import OWNER_ROOT, RELAY_SEED, ListRelay, Person, load_here

MAX_REQUESTS: Final = 120
HONEST_SHARE: Final = 160
"""Of 256: a conversation that is lied to at once shows little of a client."""
SECRET: Final = "the quick secret"
CAUGHT: Final = (Alarm, Refused, Malformed, CannotLoadHere, flows_void.NotVoidable)
"""What a conversation may end in: whoever holds the connection tells each to a person."""


class Clash(ListRelay):
    """Both logs' relay, which signs what it likes. Once `kept`, it takes nothing more."""

    kept = False

    def on_append(self, body: bytes) -> bytes:
        if not self.kept:
            return super().on_append(body)
        count = len(frames.Append.decode(body).entries)
        places = [frames.PadHead(len(self.entries) + 1 + i, bytes(32)) for i in range(count)]
        return frames.Appended(tuple(places)).encode()

    def on_create(self, body: bytes) -> bytes:
        return bytes(40)

    def on_restore(self, body: bytes) -> bytes:
        return len(self.entries).to_bytes(8, "big") + self.heads[-1]


@dataclass(slots=True)
class Lab:
    """What was made once."""

    worlds: tuple[Clash, ...]
    states: dict[tuple[int, bytes], str] = field(default_factory=dict)
    """Of each position and head of every world: its text."""
    written: set[bytes] = field(default_factory=set)
    stores: list[MemoryStore] = field(default_factory=list)
    """Of a client that returns, from nothing to the first world's end."""
    replies: list[tuple[Op, bytes]] = field(default_factory=list)


@cache
def lab() -> Lab:
    anna, boris = Person("Anna", 1), Person("Boris", 2)
    relay = Clash(anna.replica.pad_id, anna.replica.genesis.raw)
    made = Lab((relay,))
    _keep(made, anna)
    for i in range(4):
        _write(made, anna, relay, f"{SECRET} {i}. ")
        _write(made, boris, relay, f"and {i}. ")
    _snapshot(anna, relay)
    _write(made, boris, relay, "behind it. ")
    other = copy.deepcopy(relay)
    forked = (_again(anna, 3), _again(boris, 4))
    _write(made, anna, relay, "one way. ")
    body = void_body(relay.pad_id, 0, relay.pad_id, len(relay.entries), relay.ids[-1])
    relay.append(body + owner_key(OWNER_ROOT).sign(labels.VOID, body))
    _write(made, boris, relay, "after the record. ")
    for person in forked:
        _write(made, person, other, "another way. ")
    made.worlds = (relay, other)
    for world in made.worlds:
        world.kept = True
        made.written |= set(world.entries)
        made.replies += [(op, reply) for op, _, reply in world.tape]
        _states(made, world)
    random.Random(1).shuffle(made.replies)
    return made


def _again(person: Person, seed: int) -> Person:
    """The same vault on another machine: it shares what was stored, and no writer."""
    other = Person("Anna", seed)
    other.store = copy.deepcopy(person.store)
    held = person.replica
    other.replica = Replica(held.genesis, held.kind, held.keys, other.store, held.profile, rng=other.rng)
    assert other.replica.writer
    state = other.replica.canonical_state()
    other.view = type(other.view)(client_id=other.replica.writer.client_id, kind=held.kind, state=state)
    return other


def _write(made: Lab, person: Person, relay: Clash, text: str) -> None:
    person.fetch(relay)
    person.replica.replaced = None
    person.view.reset(person.replica.canonical_state(), person.replica.writer.client_id)  # type: ignore[union-attr]
    person.type(text)
    person.sync(relay)
    _keep(made, person)


def _keep(made: Lab, person: Person) -> None:
    if len(made.worlds) == 1:
        made.stores.append(copy.deepcopy(person.store))


def _snapshot(person: Person, relay: Clash) -> None:
    person.fetch(relay)
    fold = person.replica.fold
    fold.mark_checkpoint()
    snapshot = snapshots.make_snapshot(fold, rng=person.rng)
    relay.chunks[snapshot.extension.table_id] = encode_table(fold.writers.values())
    entries = flows.snapshot_entries(person.replica, snapshot)
    relay.play(flows.send_snapshot(person.replica, snapshot, entries))


def _states(made: Lab, world: Clash) -> None:
    """Fold it one by one, as everybody who was there."""
    reader = Person("Reader", 9)
    made.states[0, world.heads[0]] = ""
    for n in range(1, len(world.entries) + 1):
        world.play(flows.catch_up(reader.replica, n, world.heads[n]))
        made.states[n, world.heads[n]] = reader.canonical()


class Liar:
    """Answers as the bytes say."""

    def __init__(self, choices: Choices) -> None:
        self._choices, self._lab = choices, lab()
        self._world = choices.pick(self._lab.worlds)
        self._asked = 0

    def play(self, flow: Flow[Any]) -> None:
        try:
            request = next(flow)
            while True:
                self._asked += 1
                assert self._asked <= MAX_REQUESTS, f"no end of {request.op.name}"
                assert SECRET.encode() not in request.body
                try:
                    reply = self._answer(request.op, request.body)
                except Refused as refused:
                    request = flow.throw(refused)
                else:
                    request = flow.send(reply)
        except StopIteration:
            return
        finally:
            flow.close()

    def _answer(self, op: Op, body: bytes) -> bytes:
        choices = self._choices
        if not choices or choices.byte() < HONEST_SHARE:
            return self._honest(op, body)
        lie = choices.below(9)
        if lie == 0:
            raise Refused(choices.pick(list(Code)), choices.byte())
        if lie == 1:
            return _changed(choices, self._honest(op, body))
        if lie == 2:
            return self._honest(op, body)[: choices.below(1_000)]
        if lie == 3:
            return self._honest(op, body) + choices.take(1 + choices.below(40))
        if lie == 4:
            return choices.pick([reply for of, reply in self._lab.replies if of == op] or [b""])
        if lie == 5:
            return choices.pick(self._lab.replies)[1]
        if lie == 6:
            return choices.take(choices.below(200))
        if lie == 7:
            self._world = choices.pick(self._lab.worlds)
            return self._honest(op, body)
        return self._signed_lie(op, body)

    def _honest(self, op: Op, body: bytes) -> bytes:
        handler = getattr(self._world, f"on_{op.name.lower()}", None)
        try:
            if handler is None:
                raise Refused(Code.UNSUPPORTED)
            return handler(body)  # type: ignore[no-any-return]
        except (IndexError, Malformed):
            raise Refused(Code.NOT_FOUND) from None

    def _signed_lie(self, op: Op, body: bytes) -> bytes:
        """With the relay's own key, which it has: any position, any head, any snapshot."""
        if op != Op.SUB:
            return self._honest(op, body)
        choices, sub = self._choices, frames.Sub.decode(body)
        n = choices.pick((0, 1, 5, len(self._world.entries), 2**40, 2**64 - 1))
        head = choices.pick((bytes(32), *self._world.heads))
        signed = chain.sign_head(RELAY_SEED, self._world.pad_id, n, head, 0, sub.challenge)
        snapshot_n, hello_n = choices.below(30), choices.below(30)
        return frames.Subscribed(n, head, 0, signed.signature, snapshot_n, hello_n, bytes(16)).encode()


def _changed(choices: Choices, raw: bytes) -> bytes:
    if not raw:
        return raw
    changed, at = bytearray(raw), choices.below(len(raw))
    changed[at] ^= choices.byte() or 1
    return bytes(changed)


def fuzz_flows(data: bytes) -> None:
    """F11: whatever a relay answers, a client ends where people's own entries lead, or stays where it was."""
    choices = Choices(data)
    person, liar = _client(choices), Liar(choices)
    replica = person.replica
    for _ in range(1 + choices.below(3)):
        with contextlib.suppress(*CAUGHT):
            _converse(choices, liar, replica)
        _check(replica)
    replica.reopen()
    _check(replica)


def _client(choices: Choices) -> Person:
    """A newcomer, or one who returns with what an earlier session kept."""
    kept = choices.below(len(lab().stores) + 1)
    person = Person("Viktor", 7)
    if kept:
        store, held = copy.deepcopy(lab().stores[kept - 1]), person.replica
        store.outbox_rows.clear()
        store.journal_rows.clear()
        person.store = store
        person.replica = Replica(held.genesis, held.kind, held.keys, store, held.profile, rng=person.rng)
    return person


def _converse(choices: Choices, liar: Liar, replica: Replica) -> None:
    relay = lab().worlds[0]
    run: Callable[[], Flow[Any]] = choices.pick(
        (
            lambda: _attach(relay, replica, choices),
            lambda: _attach(relay, replica, choices),
            lambda: flows.fetch_genesis(replica.pad_id, 0, replica.keys, relay.greeting),
            lambda: flows.catch_up(replica, choices.below(30), choices.pick(relay.heads)),
            lambda: _pushed(choices, replica),
            lambda: rederive.derive(replica, trusted=False),
            lambda: flows_void.void_entry(replica, owner_key(OWNER_ROOT), 1 + choices.below(20)),
        )
    )
    liar.play(run())


def _pushed(choices: Choices, replica: Replica) -> Flow[None]:
    """COMMITs and signed heads that nobody asked for."""
    while choices.below(4):
        world, first_n = choices.pick(lab().worlds), 1 + choices.below(20)
        entries = tuple(world.entries[first_n - 1 : first_n + choices.below(6)])
        head = world.heads[min(first_n - 1 + len(entries), len(world.entries))]
        body = frames.Commit(world.pad_id, first_n, head, entries).encode()
        commit = frames.Commit.decode(_changed(choices, body) if choices.below(3) == 2 else body)
        if choices.below(3) == 2:
            n = choices.below(len(world.heads))
            replica.take_signed(chain.sign_head(RELAY_SEED, world.pad_id, n, world.heads[n], 0, bytes(16)))
        yield from flows.take(replica, commit.first_n, commit.entries, commit.head, live=True)


def _attach(relay: Clash, replica: Replica, choices: Choices) -> Flow[None]:
    """As PadLink does it."""
    pin = choices.pick((Pin(0, b""), Pin(3, relay.heads[3][:16]), Pin(40, b"\1" * 16)))
    arriving = flows_arrive.arrive(replica, relay.greeting, uploaded=choices.below(2) == 1, rng=bytes)
    connected, _ = yield from arriving
    yield from questioned(replica, connected.signed, flows.join(replica, connected, pin, load_here))
    if replica.fold.start:
        beside = yield from rederive.derive(replica)
        yield from rederive.conclude(replica, beside)


def _check(replica: Replica) -> None:
    """Nothing is here that nobody wrote, and the text is what everybody has at this position."""
    fold, known = replica.require_stored(), lab()
    rows = replica.store.log_after(0, 1_000)
    assert {row.entry for row in rows} <= known.written, "an entry that nobody wrote was kept"
    assert (fold.n, fold.head) in known.states, "a history that nobody has"
    assert fold.document.text() == known.states[fold.n, fold.head], "another text than everybody's"
