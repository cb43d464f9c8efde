"""A pad that moves between two relays: one that can be written, never two, and whose word it takes."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from cryptpad_relay import appending, moving, restoring
from cryptpad_relay.protocol import frames, labels
from cryptpad_relay.protocol.chain import SignedHead
from cryptpad_relay.protocol.errors import Code, Malformed
from cryptpad_relay.protocol.frames import Op, PadHead
from cryptpad_relay.protocol.move_frames import (
    ARRIVES,
    LIVES_HERE,
    Arrival,
    Arrive,
    Bring,
    arrive_parts,
)
from cryptpad_relay.protocol.move_record import MoveRecord, move_body, parse_move
from cryptpad_relay.protocol.owner_records import parse_record
from cryptpad_relay.protocol.reader import Reader
from cryptpad_relay.protocol.restore import Restore
from cryptpad_relay.store.base import StorageError
from cryptpad_relay.store.memory import MemoryStore
from support.forge import Desk, DeskClient, Forge, ForgedPad, ForgedWriter, table_at
from support.forge_records import forge_delete, forge_epoch

URL = "wss://other.example"


@dataclass
class House:
    """Two relays, a pad that is at the first, and its owner's connections to both."""

    old: Desk
    new: Desk
    pad: ForgedPad
    writer: ForgedWriter
    at_old: DeskClient
    at_new: DeskClient

    def log(self, desk: Desk | None = None) -> list[bytes]:
        index = self.index(desk or self.old)
        return [entry.raw for entry in index.read(0, index.end()[0])]

    def index(self, desk: Desk):  # type: ignore[no-untyped-def]
        row = desk.hub.store.find(self.pad.pad_id)
        assert row is not None
        return desk.hub.store.pad_index(row)

    def end(self, desk: Desk | None = None) -> PadHead:
        return PadHead(*self.index(desk or self.old).end())

    def arrive(self, client: DeskClient | None = None) -> Arrival:
        client = client or self.at_new
        answer = client.ask(Op.ARRIVE, self.arrive_body(client))
        assert answer.op == Op.ARRIVE | 0x80
        return Arrival.decode(answer.body)

    def arrive_body(self, client: DeskClient, sign_with: bytes = b"") -> bytes:
        greeting = client.greeting
        parts = arrive_parts(self.pad.pad_id, greeting.relay_nonce, greeting.relay_pk)
        signature = labels.sign_parts(sign_with or self.pad.owner_seed, labels.ARRIVE, *parts)
        return Arrive(self.pad.pad_id, signature).encode()

    def bring(self, *entries: bytes, after: int = 0, client: DeskClient | None = None) -> PadHead:
        answer = (client or self.at_new).ask(Op.BRING, Bring(self.pad.pad_id, after, entries).encode())
        assert answer.op == Op.BRING | 0x80, frames.Error.decode(answer.body)
        reader = Reader(answer.body)
        return PadHead(reader.u64(), reader.take(32))

    def receipt(self, desk: Desk | None = None, end: PadHead | None = None) -> SignedHead:
        desk = desk or self.new
        return desk.hub.sign_head(self.pad.pad_id, end or self.end(desk), bytes(16))

    def move(self, receipt: SignedHead, to: Desk | None = None, sign_with: bytes = b"") -> bytes:
        records = [raw for raw in self.log() if raw[4] < 0x10]
        previous = parse_record(records[-1]).entry_id if records else self.pad.pad_id
        body = move_body(self.pad.epoch, previous, receipt, (to or self.new).hub.relay_pk, URL)
        return body + labels.sign_parts(sign_with or self.pad.owner_seed, labels.MOVE, body)


@pytest.fixture
def house() -> House:
    forge = Forge(5)
    pad = forge.pad()
    old, new = Desk(MemoryStore(), forge), Desk(MemoryStore(), forge)
    at_old, at_new = old.connect(), new.connect()
    at_old.create(pad)
    at_old.subscribe(pad)
    at_new.create(pad)
    writer = pad.writer()
    assert at_old.append(writer.hello(pad.start), writer.update(pad.start)).code is Code.OK
    return House(old, new, pad, writer, at_old, at_new)


def test_a_move_record_survives_the_wire_and_nothing_near_it_does(house: House) -> None:
    raw = house.move(house.receipt(end=house.end()))
    record = parse_move(raw)
    assert (record.url, record.relay_pk) == (URL, house.new.hub.relay_pk)
    assert (record.close_n, record.close_head) == house.end()
    assert record.signature_ok(labels.public_key(house.pad.owner_seed))
    assert not house_record(house, sign_with=bytes(32)).signature_ok(labels.public_key(house.pad.owner_seed))
    # The owner's word without the other relay's is no receipt.
    forged = parse_move(house.move(house.receipt(house.old, house.end())))
    assert not forged.signature_ok(labels.public_key(house.pad.owner_seed))
    for broken in (
        raw[:-1],
        raw + b"\0",
        raw.replace(b"wss", b"ws\n"),
        raw.replace(b"wss", b"http")[:-1],
        raw[:40],
    ):
        with pytest.raises(Malformed):
            parse_move(broken)


def house_record(house: House, sign_with: bytes) -> MoveRecord:
    return parse_move(house.move(house.receipt(end=house.end()), sign_with=sign_with))


def test_the_whole_way_and_one_relay_to_write_at_at_each_moment(house: House) -> None:
    assert house.arrive() == Arrival(ARRIVES, 0, house.pad.start.head)
    assert house.bring(*house.log()) == house.end()
    guest = house.new.connect()
    guest.subscribe(house.pad)
    more = house.writer.update(house.pad.start)
    assert guest.append(more).code is Code.ARRIVING
    record = house.move(house.receipt())
    assert house.at_old.append(record).code is Code.OK
    # What was there is answered as ever; nothing is added.
    assert house.at_old.append(house.log()[0]).positions[0].n == 1
    assert house.at_old.append(more).code is Code.MOVED
    assert guest.append(more).code is Code.ARRIVING
    assert house.bring(record, after=2) == house.end()
    assert guest.append(more).code is Code.OK
    assert house.end(house.new).n == 4
    assert house.at_old.append(record).positions[0].n == 3
    # The owner has what is left erased; the records stay and lead on.
    seen, previous = house.end(), parse_record(record).entry_id
    assert house.at_old.append(forge_delete(house.pad, seen, previous)).code is Code.BAD_BASE
    closed = PadHead(parse_move(record).close_n, parse_move(record).close_head)
    erased = forge_delete(house.pad, closed, previous)
    assert guest.append(erased).code is Code.BAD_BASE, "it is no end of the pad where that lives"
    assert house.at_old.append(erased).code is Code.OK
    assert [entry.raw for entry in house.index(house.old).records_back()][-1] == record
    assert house.at_old.refusal(Op.SUB, house.at_old.sub_body(house.pad)).code is Code.DELETED


def test_the_record_closes_exactly_the_log_that_there_is(house: House) -> None:
    house.arrive()
    house.bring(*house.log())
    receipt = house.receipt()
    assert house.at_old.append(house.writer.update(house.pad.start)).code is Code.OK
    assert house.at_old.append(house.move(receipt)).code is Code.BAD_BASE
    assert house.at_old.append(house.move(house.receipt(house.old), house.old)).code is Code.WRONG_RELAY
    assert house.at_old.append(house.move(house.receipt(end=house.end()), sign_with=bytes(32))).code is (
        Code.BAD_SIGNATURE
    )


def test_only_the_owner_lets_a_pad_arrive_and_brings_it(house: House) -> None:
    stranger = house.new.connect()
    assert stranger.refusal(Op.ARRIVE, house.arrive_body(stranger, bytes(32))).code is Code.BAD_SIGNATURE
    # What was signed for another connection is nothing here.
    assert stranger.refusal(Op.ARRIVE, house.arrive_body(house.at_new)).code is Code.BAD_SIGNATURE
    house.arrive()
    body = Bring(house.pad.pad_id, 0, tuple(house.log())).encode()
    stranger.subscribe(house.pad)
    assert stranger.refusal(Op.BRING, body).code is Code.NOT_SUBSCRIBED
    assert stranger.append(house.log()[0]).code is Code.ARRIVING


def restored(house: House, client: DeskClient, signed: SignedHead, *entries: bytes) -> Code:
    answer = client.ask(Op.RESTORE, Restore(signed, signed.n, (), entries).encode())
    return frames.Error.decode(answer.body).code if answer.op == Op.ERR else Code.OK


def test_whoever_follows_brings_the_record_along_and_nothing_else(house: House) -> None:
    house.arrive()
    house.bring(*house.log())
    receipt = house.receipt()
    record = house.move(receipt)
    assert house.at_old.append(record).code is Code.OK
    house.at_new.session.closed()
    member = house.new.connect()
    member.subscribe(house.pad)
    other = house.writer.update(house.pad.start)
    assert restored(house, member, receipt, other) is Code.ARRIVING
    assert restored(house, member, receipt, record) is Code.OK
    assert member.append(other).code is Code.OK


@pytest.mark.parametrize("module", [appending, restoring])
def test_without_the_rule_there_are_two_logs(
    house: House, monkeypatch: pytest.MonkeyPatch, module: object
) -> None:
    """The defence taken out: an editor who is early at the other relay takes the record's place there."""
    for name in ("check_writable", "check_given_back"):
        if hasattr(module, name):
            monkeypatch.setattr(module, name, lambda *args: None)
    house.arrive()
    house.bring(*house.log())
    receipt = house.receipt()
    record, other = house.move(receipt), house.writer.update(house.pad.start)
    assert house.at_old.append(record).code is Code.OK
    guest = house.new.connect()
    guest.subscribe(house.pad)
    if module is appending:
        assert guest.append(other).code is Code.OK
        assert house.at_old.append(other).code is Code.OK
    else:
        assert restored(house, guest, receipt, other) is Code.OK
    body = Bring(house.pad.pad_id, 2, (record,)).encode()
    assert house.at_new.refusal(Op.BRING, body).code is Code.BAD_BASE


def test_keys_that_changed_and_snapshots_come_along(house: House) -> None:
    chunk = house.old.forge.bytes(700)
    house.at_old.ask(Op.CHUNK_PUT, frames.ChunkPut(house.pad.pad_id, chunk).encode())
    made = house.writer.snapshot(house.pad.start, house.end(), table_at(house.old, house.pad, 2), [chunk])
    assert house.at_old.append(made).code is Code.OK
    raw, rotated = forge_epoch(house.pad, house.end(), relay_id=house.old.hub.relay_pk)
    assert house.at_old.append(raw).code is Code.OK
    house.at_old.subscribe(rotated)
    writer = rotated.writer()
    base = house.end()
    assert house.at_old.append(writer.hello(base)).code is Code.OK
    house.arrive()
    log = house.log()
    house.bring(*log[:2])
    house.bring(log[2], after=2)
    house.bring(log[3], after=3)
    assert house.bring(log[4], after=4) == house.end()
    house.arrive()
    house.at_new.ask(Op.CHUNK_PUT, frames.ChunkPut(house.pad.pad_id, chunk).encode())
    assert house.index(house.new).whole_snapshot().n == 3
    house.pad = rotated
    record = house.move(house.receipt())
    assert house.at_old.append(record).code is Code.OK
    assert house.bring(record, after=5).n == 6


def test_a_pad_that_lives_there_stays_as_it_is(house: House) -> None:
    house.at_new.subscribe(house.pad)
    squatter = house.pad.writer()
    assert house.at_new.append(squatter.hello(house.pad.start)).code is Code.OK
    assert house.arrive().state == LIVES_HERE
    assert house.at_new.append(squatter.update(house.pad.start)).code is Code.OK
    body = Bring(house.pad.pad_id, 2, (house.log()[0],)).encode()
    assert house.at_new.refusal(Op.BRING, body).code in (Code.BAD_BASE, Code.BAD_SEQUENCE)


def test_back_to_the_relay_that_it_came_from(house: House) -> None:
    house.arrive()
    house.bring(*house.log())
    there = house.move(house.receipt())
    house.at_old.append(there)
    house.bring(there, after=2)
    house.at_new.append(house.writer.update(house.pad.start))
    assert house.arrive(house.at_old) == Arrival(ARRIVES, 3, house.end().head)
    added = house.log(house.new)[3]
    house.bring(added, after=3, client=house.at_old)
    back = house.move(house.receipt(house.old), house.old)
    assert house.at_new.append(back).code is Code.OK
    house.bring(back, after=4, client=house.at_old)
    more = house.writer.update(house.pad.start)
    assert house.at_new.append(more).code is Code.MOVED
    assert house.at_old.append(more).code is Code.OK


def test_a_relay_that_dies_on_the_way_still_takes_nobody_elses_word(house: House) -> None:
    house.arrive()
    house.bring(house.log()[0])
    store = house.new.hub.store
    assert isinstance(store, MemoryStore)
    again = Desk(store.crash(), house.pad.forge)
    guest = again.connect()
    guest.subscribe(house.pad)
    assert guest.append(house.log()[1]).code is Code.ARRIVING
    owner = again.connect()
    assert house.arrive(owner).n == 1
    assert house.bring(house.log()[1], after=1, client=owner) == house.end()
    again.hub.store.fail_commits = 1  # type: ignore[attr-defined]
    record = house.move(house.receipt(again), again)
    with pytest.raises(StorageError):
        owner.ask(Op.BRING, Bring(house.pad.pad_id, 2, (record,)).encode())
    again.hub.failed()
    assert guest.append(house.writer.update(house.pad.start)).code is Code.ARRIVING
    assert house.bring(record, after=2, client=owner).n == 3
    assert moving.is_arriving(again.hub.open_pad(house.pad.pad_id)) is False  # type: ignore[arg-type]
