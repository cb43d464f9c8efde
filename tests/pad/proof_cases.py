"""One real lie for each alarm code: a relay or an editor does it, a client catches it, a file comes of it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from cryptpad_relay.protocol import chain, frames
from cryptpad_relay.protocol.entry import parse_entry
from cryptpad_relay.protocol.errors import Code, Refused
from cryptpad_relay.protocol.frames import Op
from cryptpad_tui.pad import flows, snapshots
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.evidence import key_piece, shown_piece
from cryptpad_tui.pad.flows_testimony import questioned
from cryptpad_tui.pad.proofs_gather import Caught, caught
from cryptpad_tui.pad.writer import Writer
from support.pads import RELAY_SEED, ListRelay, Person, load_here, relay_for, seeded


def attach(person: Person, relay: ListRelay, pin: flows.Pin | None = None) -> None:
    """What a client does on each connection: SUB, then the way to the signed end."""
    connected = relay.play(flows.subscribe(person.replica, relay.greeting, rng=person.rng))
    join = flows.join(person.replica, connected, pin or flows.Pin(0, b""), load_here)
    person.show(relay.play(questioned(person.replica, connected.signed, join)))


def caught_by(person: Person, lie: Callable[[], object]) -> Caught:
    """The lie, met by this person, as the file that they keep."""
    with pytest.raises(Alarm) as raised:
        lie()
    return file_of(person, raised.value)


def file_of(person: Person, alarm: Alarm) -> Caught:
    replica = person.replica
    return caught(
        alarm,
        replica.fold,
        replica.store,
        replica.witness,
        relay_pk=relay_for(person).greeting.relay_pk,
        at_ms=7,
    )


def people(words: int = 2) -> tuple[Person, Person, ListRelay]:
    """Anna wrote some words, and Boris has seen them."""
    anna, boris = Person("Anna", 1), Person("Boris", 2)
    relay = relay_for(anna)
    for i in range(words):
        anna.type(f"word{i} ")
        anna.sync(relay)
    attach(boris, relay)
    return anna, boris, relay


def branch(relay: ListRelay, upto: int, *entries: bytes) -> ListRelay:
    """The same relay showing another history after `upto`."""
    other = copy.copy(relay)
    other.entries, other.ids = relay.entries[:upto], relay.ids[:upto]
    other.heads = relay.heads[: upto + 1]
    other.tape, other.chunks = [], dict(relay.chunks)
    for raw in entries:
        other.append(raw)
    return other


def equivocation_relay() -> Caught:
    _anna, boris, relay = people()
    relay.heads[-1] = b"\7" * 32
    return caught_by(boris, lambda: attach(boris, relay))


def elsewhere(relay: ListRelay, upto: int, words: int) -> ListRelay:
    """A branch on which Carla alone writes."""
    other, carla = branch(relay, upto), Person("Carla", 6)
    for i in range(words):
        carla.type(f"other{i} ")
        carla.sync(other)
    return other


def fork() -> Caught:
    """Two histories of different lengths, each signed."""
    _anna, boris, relay = people()
    return caught_by(boris, lambda: attach(boris, elsewhere(relay, 1, 4)))


def fork_by_entry() -> Caught:
    """A relay that merges its branches: an entry made on one stands in the other."""
    anna, boris, relay = people()
    carla = Person("Carla", 6)
    other = elsewhere(relay, 2, 0)
    carla.fetch(other)
    carla.type("other ")
    carla.sync(other)
    anna.type("here ")
    anna.sync(relay)
    attach(boris, relay)
    carla.type("merged ")
    carla.sync(other)
    merged = branch(relay, len(relay.entries), other.entries[2], other.entries[3], other.entries[4])
    return caught_by(boris, lambda: attach(boris, merged))


def rollback() -> Caught:
    _anna, boris, relay = people(3)
    return caught_by(boris, lambda: attach(boris, branch(relay, 2)))


def chain_gap() -> Caught:
    """An entry shown again."""
    _anna, boris, relay = people()
    return caught_by(boris, lambda: attach(boris, branch(relay, 3, relay.entries[1])))


def chain_gap_left_out() -> Caught:
    anna, boris, relay = people()
    for word in ("more ", "and more "):
        anna.type(word)
        anna.sync(relay)
    return caught_by(boris, lambda: attach(boris, branch(relay, 3, relay.entries[4])))


def second_entry(seq: int) -> tuple[Person, ListRelay, bytes]:
    """Another entry for a number that Anna has used, signed by hand; no honest client can."""
    anna, boris, relay = people(3)
    writer = anna.replica.writer
    assert writer
    writer.seq, writer.last_id = seq, parse_entry(relay.entries[seq - 1]).entry_id
    return boris, relay, anna.entry(b"\0\0")


def equivocation_writer(seq: int = 3) -> Caught:
    boris, relay, second = second_entry(seq)
    return caught_by(boris, lambda: attach(boris, branch(relay, 4, second)))


def not_authorised() -> Caught:
    anna, boris, relay = people()
    writer = Writer(anna.replica.pad_id, 0, anna.replica.keys, rng=seeded(5))  # type: ignore[arg-type]
    writer.cert = lambda: bytes(64)  # type: ignore[method-assign]
    hello = writer.hello(boris.replica.base(), boris.identity, "Mallory", bytes(3)).raw
    return caught_by(boris, lambda: attach(boris, branch(relay, 3, hello)))


def bad_entry() -> Caught:
    """An entry of another pad."""
    _anna, boris, relay = people()
    other = Person("Anna", 4, owner_root=bytes(32))
    other.type("elsewhere")
    other_relay = relay_for(other)
    other.sync(other_relay)
    return caught_by(boris, lambda: attach(boris, branch(relay, 3, other_relay.entries[0])))


def bad_entry_by_its_signature() -> Caught:
    anna, boris, relay = people()
    anna.type("more")
    anna.sync(relay)
    relay.entries[-1] = relay.entries[-1][:-1] + bytes([relay.entries[-1][-1] ^ 1])
    return caught_by(boris, lambda: attach(boris, relay))


def bad_snapshot() -> Caught:
    """A newcomer gets another piece than the snapshot's writer signed."""
    anna, _, relay = people()
    anna.replica.fold.mark_checkpoint()
    made = snapshots.make_snapshot(anna.replica.fold, rng=anna.rng)
    relay.play(flows.send_snapshot(anna.replica, made, flows.snapshot_entries(anna.replica, made)))
    wanted = made.extension.chunks[0].chunk_id
    relay.chunks = {wanted: bytes(len(made.chunks[0]))}
    relay.chunks[made.extension.table_id] = table_of(anna)
    newcomer = Person("Nora", 8)
    return caught_by(newcomer, lambda: attach(newcomer, relay))


def table_of(person: Person) -> bytes:
    from cryptpad_tui.pad.writers import encode_table

    return encode_table(person.replica.fold.writers.values())


def bad_record() -> Caught:
    _anna, boris, relay = people()
    relay.genesis = bytes(236)
    keys = boris.replica.keys
    return caught_by(boris, lambda: relay.play(flows.fetch_genesis(relay.pad_id, 0, keys, relay.greeting)))


def wrong_relay() -> Caught:
    _anna, boris, _relay = people()
    return file_of(boris, Alarm(AlarmCode.WRONG_RELAY, evidence=(key_piece(b"\5" * 32),)))


def unsigned_delete() -> Caught:
    _anna, boris, _relay = people()
    said = shown_piece(Op.ERR, frames.Error(Refused(Code.UNKNOWN_PAD).code).encode())
    return file_of(boris, Alarm(AlarmCode.UNSIGNED_DELETE, evidence=(said,)))


@dataclass(frozen=True)
class LieCase:
    code: AlarmCode
    tell: Callable[[], Caught]
    against: str
    lasting: bool = False


CASES = {
    case.tell.__name__: case
    for case in (
        LieCase(AlarmCode.EQUIVOCATION_RELAY, equivocation_relay, "relay", lasting=True),
        LieCase(AlarmCode.FORK, fork, "relay", lasting=True),
        LieCase(AlarmCode.FORK, fork_by_entry, "relay", lasting=True),
        LieCase(AlarmCode.ROLLBACK, rollback, "relay"),
        LieCase(AlarmCode.CHAIN_GAP, chain_gap, "relay"),
        LieCase(AlarmCode.CHAIN_GAP, chain_gap_left_out, "relay"),
        LieCase(AlarmCode.EQUIVOCATION_WRITER, equivocation_writer, "writer"),
        LieCase(AlarmCode.NOT_AUTHORISED, not_authorised, "relay"),
        LieCase(AlarmCode.BAD_ENTRY, bad_entry, "relay"),
        LieCase(AlarmCode.BAD_ENTRY, bad_entry_by_its_signature, ""),
        LieCase(AlarmCode.BAD_SNAPSHOT, bad_snapshot, ""),
        LieCase(AlarmCode.BAD_RECORD, bad_record, ""),
        LieCase(AlarmCode.WRONG_RELAY, wrong_relay, ""),
        LieCase(AlarmCode.UNSIGNED_DELETE, unsigned_delete, ""),
    )
}


def signed_head(relay: ListRelay, n: int | None = None, challenge: bytes = bytes(16)) -> chain.SignedHead:
    """An honest head of this relay."""
    n = len(relay.entries) if n is None else n
    return chain.sign_head(RELAY_SEED, relay.pad_id, n, relay.heads[n], 7, challenge)
