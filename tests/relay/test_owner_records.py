"""EPOCH, DELETE, EXPIRE and FREEZE at the relay: the owner alone, in order, and what follows for all."""

from __future__ import annotations

import pytest

from cryptpad_relay import padlog, requests
from cryptpad_relay.epochs import check_record
from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.chain import chain_start
from cryptpad_relay.protocol.entry import parse_entry
from cryptpad_relay.protocol.errors import Code, Malformed
from cryptpad_relay.protocol.frames import Op, PadHead
from cryptpad_relay.protocol.owner_records import EPOCH_FIXED_BYTES, DeleteRecord, EpochRecord, parse_record
from cryptpad_relay.store.base import Store
from support.forge import Desk, DeskClient, Forge, ForgedPad, ForgedWriter, table_at
from support.forge_records import SEALED_BYTES, forge_delete, forge_epoch, forge_expire, forge_freeze


@pytest.fixture
def writer(client: DeskClient, pad: ForgedPad) -> ForgedWriter:
    """The log: a HELLO and an UPDATE."""
    writer = pad.writer()
    assert client.append(writer.hello(pad.start), writer.update(pad.start)).code is Code.OK
    return writer


def end_of(client: DeskClient, pad: ForgedPad) -> PadHead:
    body = client.ask(Op.FETCH, frames.Fetch(pad.pad_id, 0, 1_000).encode()).body
    fetched = frames.Fetched.decode(body)
    return PadHead(len(fetched.entries), fetched.head)


def records_of(client: DeskClient, pad: ForgedPad) -> tuple[bytes, ...]:
    proof = pad.proof(client.greeting.relay_nonce, client.greeting.relay_pk)
    body = client.ask(Op.OWNER_REC, frames.OwnerRec(pad.pad_id, pad.epoch, proof).encode()).body
    return frames.OwnerRecords.decode(body).records


def rotate(client: DeskClient, pad: ForgedPad) -> ForgedPad:
    raw, rotated = forge_epoch(pad, end_of(client, pad))
    assert client.append(raw).code is Code.OK
    return rotated


# -- EPOCH


def test_an_epoch_ends_writers_readers_and_snapshots_of_the_one_before(
    desk: Desk, client: DeskClient, pad: ForgedPad, writer: ForgedWriter
) -> None:
    listener = desk.connect()
    listener.subscribe(pad)
    chunk = desk.forge.bytes(700)
    client.ask(Op.CHUNK_PUT, frames.ChunkPut(pad.pad_id, chunk).encode())
    made = writer.snapshot(pad.start, end_of(client, pad), table_at(desk, pad, 2), [chunk])
    assert client.append(made).code is Code.OK
    raw, rotated = forge_epoch(pad, end_of(client, pad))
    assert client.append(raw).positions[0].n == 4
    [commit] = [frames.Commit.decode(body) for body in listener.pushes(Op.COMMIT) if raw in body]
    assert commit.entries == (raw,)
    for each in (client, listener):
        assert each.append(writer.update(pad.start, remember=False)).code is Code.NOT_SUBSCRIBED
    assert desk.connect().refusal(Op.SUB, desk.connect().sub_body(pad)).code is Code.NOT_AUTHORISED
    stale = desk.connect()
    assert stale.refusal(Op.SUB, stale.sub_body(pad)).code is Code.NOT_AUTHORISED
    assert records_of(stale, pad) == records_of(stale, rotated) == (raw,)
    fresh = desk.connect()
    answer = fresh.subscribe(rotated)
    assert (answer.n, answer.snapshot_n) == (4, 0)
    assert fresh.append(writer.update(pad.start, remember=False)).code is Code.WRONG_EPOCH
    at_epoch = PadHead(answer.n, answer.head)
    another = rotated.writer()
    assert fresh.append(another.hello(pad.start, remember=False)).code is Code.BAD_BASE
    assert fresh.append(another.hello(at_epoch)).code is Code.OK
    assert listener.pushes(Op.COMMIT) == []


@pytest.mark.parametrize("defended", [True, False])
def test_t42_a_key_of_the_epoch_before_reads_nothing(
    desk: Desk, client: DeskClient, pad: ForgedPad, defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rotated = rotate(client, pad)
    rotated.fetch_seed = pad.fetch_seed
    stale = desk.connect()
    if defended:
        for shown in (pad, rotated):
            assert stale.refusal(Op.SUB, stale.sub_body(shown)).code is Code.NOT_AUTHORISED
        return
    monkeypatch.setattr(requests, "_check_proof", lambda *args: None)
    assert stale.subscribe(rotated).n


def test_a_snapshot_of_the_epochs_own_position_names_none_of_the_writers_before(
    desk: Desk, client: DeskClient, pad: ForgedPad, writer: ForgedWriter
) -> None:
    rotated = rotate(client, pad)
    fresh = desk.connect()
    answer = fresh.subscribe(rotated)
    at_epoch, maker = PadHead(answer.n, answer.head), rotated.writer()
    chunk = desk.forge.bytes(700)
    fresh.ask(Op.CHUNK_PUT, frames.ChunkPut(pad.pad_id, chunk).encode())
    hello = maker.hello(at_epoch)
    assert fresh.append(hello, maker.snapshot(at_epoch, at_epoch, b"", [chunk])).code is Code.OK
    assert desk.connect().subscribe(rotated).snapshot_n == answer.n + 2
    again = desk.connect()
    assert again.subscribe(rotated).hello_n == answer.n + 1


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        ("signature", Code.BAD_SIGNATURE),
        ("number", Code.WRONG_EPOCH),
        ("previous", Code.BAD_BASE),
        ("closes less", Code.BAD_BASE),
        ("closes another log", Code.BAD_BASE),
        ("another relay", Code.WRONG_RELAY),
        ("slots", Code.MALFORMED),
        ("longer", Code.MALFORMED),
        ("policy", Code.MALFORMED),
    ],
)
def test_an_epoch_that_is_not_the_owners_next_is_refused(
    desk: Desk, client: DeskClient, pad: ForgedPad, writer: ForgedWriter, lie: str, code: Code
) -> None:
    end = end_of(client, pad)
    wrong: dict[str, object] = {
        "signature": {"sign_with": desk.forge.bytes(32)},
        "number": {"epoch": 2},
        "previous": {"previous": bytes(32)},
        "closes less": {"close_n": 1},
        "closes another log": {"close_head": bytes(32)},
        "another relay": {"relay_id": bytes([7]) * 32},
        "slots": {"slots": 7},
        "policy": {"policy": 2},
    }.get(lie, {})  # type: ignore[assignment]
    raw, _ = forge_epoch(pad, end, **wrong)  # type: ignore[arg-type]
    raw += b"\0" if lie == "longer" else b""
    assert client.append(raw).code is code
    assert end_of(client, pad) == end


@pytest.mark.parametrize("defended", [True, False])
def test_r13_an_epoch_voids_no_acknowledged_text(
    client: DeskClient,
    pad: ForgedPad,
    writer: ForgedWriter,
    defended: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Compare-and-set: without it an owner who is slow would void what others were promised."""
    early = end_of(client, pad)
    assert client.append(writer.update(early)).code is Code.OK
    if not defended:
        monkeypatch.setattr(padlog, "check_record", lambda *facts: None)
    raw, _ = forge_epoch(pad, early)
    assert client.append(raw).code is (Code.BAD_BASE if defended else Code.OK)
    assert check_record is not padlog.check_record or defended


def test_a_ticket_of_before_the_epoch_watches_no_more(
    desk: Desk, client: DeskClient, pad: ForgedPad, writer: ForgedWriter
) -> None:
    ticket = desk.connect().subscribe(pad).ticket
    rotated = rotate(client, pad)
    renewed = desk.connect().subscribe(rotated).ticket
    watcher = desk.connect()
    watcher.subscribe(rotated)
    body = frames.Watch((frames.Ticket(pad.pad_id, ticket), frames.Ticket(pad.pad_id, renewed))).encode()
    old, new = frames.Watched.decode(watcher.ask(Op.WATCH, body).body).heads
    assert (old.n, new.n) == (frames.REFUSED_TICKET_N, 3)


def test_what_was_on_its_way_when_the_epoch_came_is_refused_whole(
    desk: Desk, client: DeskClient, pad: ForgedPad, writer: ForgedWriter
) -> None:
    other = desk.connect()
    other.subscribe(pad)
    raw, _ = forge_epoch(pad, end_of(client, pad))
    client.say(Op.APPEND, frames.Append((raw,)).encode())
    other.say(Op.APPEND, frames.Append((writer.update(pad.start),)).encode())
    while desk.commit():
        pass
    answers = [frame for frame in other.peer.frames if frame.op == Op.APPEND | 0x80]
    assert frames.Appended.decode(answers[0].body).code is Code.WRONG_EPOCH


def test_a_void_reaches_not_behind_an_epoch(
    desk: Desk, client: DeskClient, pad: ForgedPad, writer: ForgedWriter
) -> None:
    body = client.ask(Op.FETCH, frames.Fetch(pad.pad_id, 1, 1).encode()).body
    target = parse_entry(frames.Fetched.decode(body).entries[0]).entry_id
    raw, rotated = forge_epoch(pad, end_of(client, pad))
    client.append(raw)
    fresh = desk.connect()
    fresh.subscribe(rotated)
    record_id = parse_record(raw).entry_id
    assert fresh.append(rotated.void(2, target, record_id)).code is Code.NOT_FOUND


# -- FREEZE


def test_a_freeze_holds_entries_until_the_epoch_or_five_seconds(
    desk: Desk, client: DeskClient, pad: ForgedPad, writer: ForgedWriter
) -> None:
    other = desk.connect()
    other.subscribe(pad)
    answer = client.ask(Op.FREEZE, forge_freeze(pad, client))
    end = end_of(client, pad)
    assert answer.body == end.n.to_bytes(8, "big") + end.head
    held = writer.update(end, remember=False)
    refused = other.append(held)
    assert (refused.code, refused.retry_ms) == (Code.RETRY, 5_000)
    desk.now += 5.1
    assert other.append(held).code is Code.OK
    client.ask(Op.FREEZE, forge_freeze(pad, client))
    raw, rotated = forge_epoch(pad, end_of(client, pad))
    assert client.append(raw).code is Code.OK
    fresh = desk.connect()
    begun = fresh.subscribe(rotated)
    assert fresh.append(rotated.writer().hello(PadHead(begun.n, begun.head))).code is Code.OK


@pytest.mark.parametrize("lie", ["signature", "another connection"])
def test_nobody_but_the_owner_freezes(
    desk: Desk, client: DeskClient, pad: ForgedPad, writer: ForgedWriter, lie: str
) -> None:
    by = client if lie == "signature" else desk.connect()
    body = forge_freeze(pad, by, sign_with=desk.forge.bytes(32) if lie == "signature" else b"")
    assert client.refusal(Op.FREEZE, body).code is Code.BAD_SIGNATURE
    assert client.append(writer.update(pad.start)).code is Code.OK


# -- DELETE and EXPIRE


def test_a_deleted_pad_is_gone_but_for_who_deleted_it(
    desk: Desk, client: DeskClient, pad: ForgedPad, writer: ForgedWriter
) -> None:
    listener = desk.connect()
    listener.subscribe(pad)
    raw = forge_delete(pad, end_of(client, pad))
    assert client.append(raw).code is Code.OK
    assert any(raw in body for body in listener.pushes(Op.COMMIT))
    for op, body in ((Op.SUB, listener.sub_body(pad)), (Op.CREATE, pad.genesis)):
        assert listener.refusal(op, body).code is Code.DELETED
    assert client.append(writer.update(pad.start)).code is Code.NOT_SUBSCRIBED
    assert records_of(desk.connect(), pad) == (raw,)
    row = desk.hub.store.find(pad.pad_id)
    assert row is not None
    index = desk.hub.store.pad_index(row)
    assert [each.raw for each in index.records_back()] == [raw]
    assert list(index.read(0, 100))[-1].raw == raw
    assert len(list(index.read(0, 100))) == 1


def test_nothing_is_taken_behind_a_delete_that_is_not_on_the_disk_yet(
    desk: Desk, client: DeskClient, pad: ForgedPad, writer: ForgedWriter
) -> None:
    """It would be acknowledged and erased, or stay behind when all else is erased."""
    raw = forge_delete(pad, end_of(client, pad))
    appended = client.append(raw, writer.update(pad.start))
    assert (len(appended.positions), appended.code) == (1, Code.DELETED)


@pytest.mark.parametrize("lie", ["signature", "head", "ahead"])
def test_t45_only_the_owner_deletes(
    desk: Desk, client: DeskClient, pad: ForgedPad, writer: ForgedWriter, lie: str
) -> None:
    end = end_of(client, pad)
    if lie == "signature":
        raw, code = forge_delete(pad, end, sign_with=desk.forge.bytes(32)), Code.BAD_SIGNATURE
    else:
        raw, code = forge_delete(pad, end._replace(n=end.n + (lie == "ahead"), head=bytes(32))), Code.BAD_BASE
    assert client.append(raw).code is code
    assert end_of(client, pad) == end


def test_t45_without_the_owners_signature_anybody_deletes(
    desk: Desk, client: DeskClient, pad: ForgedPad, writer: ForgedWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DeleteRecord, "signature_ok", lambda record, owner_pk: True)
    raw = forge_delete(pad, end_of(client, pad), sign_with=desk.forge.bytes(32))
    assert client.append(raw).code is Code.OK
    assert client.refusal(Op.SUB, client.sub_body(pad)).code is Code.DELETED


def test_an_expired_pad_is_deleted_by_the_relay_and_a_day_can_be_taken_back(
    desk: Desk, client: DeskClient, pad: ForgedPad, writer: ForgedWriter
) -> None:
    now_ms = int(desk.unix_s * 1_000)
    first = forge_expire(pad, now_ms + 1_000)
    assert client.append(first).code is Code.OK
    never = forge_expire(pad, 0, parse_record(first).entry_id)
    assert client.append(never).code is Code.OK
    desk.unix_s += 3_600
    assert desk.connect().subscribe(pad).n == 4
    again = forge_expire(pad, now_ms + 7_200_000, parse_record(never).entry_id)
    assert client.append(again).code is Code.OK
    desk.unix_s += 7_200
    desk.hub.tick(desk.now)
    assert desk.commit()
    assert client.append(writer.update(pad.start)).code is Code.NOT_SUBSCRIBED
    late = desk.connect()
    assert late.refusal(Op.SUB, late.sub_body(pad)).code is Code.DELETED
    assert records_of(late, pad) == (first, never, again)
    desk.now += 61
    desk.hub.tick(desk.now)
    assert not desk.hub.store.pad_index(desk.hub.store.find(pad.pad_id)).loose_chunk_bytes()  # type: ignore[arg-type]


def test_a_relay_that_dies_in_a_deletion_has_done_it_or_not_begun() -> None:
    from cryptpad_relay.store.memory import MemoryStore, PowerCut

    store = MemoryStore()
    desk = Desk(store, Forge())
    pad = desk.forge.pad()
    client = desk.connect()
    client.create(pad)
    client.subscribe(pad)
    writer = pad.writer()
    client.append(writer.hello(pad.start))
    for survives in (False, True):
        if not survives:
            store.cut_power_after = 0
        try:
            client.append(forge_delete(pad, end_of(client, pad)))
        except PowerCut:
            assert not survives
        store = store.crash()
        desk.hub = type(desk.hub)(store, desk.keys, wall=lambda: 0.0, random_bytes=desk.forge.bytes)
        client = desk.connect()
        if survives:
            assert client.refusal(Op.SUB, client.sub_body(pad)).code is Code.DELETED
        else:
            assert client.subscribe(pad).n == 1


# -- bytes


def test_an_epoch_record_has_the_layout_of_the_protocol() -> None:
    pad = Forge(5).pad()
    raw, _ = forge_epoch(pad, PadHead(0, chain_start(pad.pad_id)))
    assert EPOCH_FIXED_BYTES == 8 + 32 + 4 + 32 + 16 + 32 + 32 + 16 + 32 + 8 + 32 + 4 + 2
    assert len(raw) == EPOCH_FIXED_BYTES + 8 * 128 + 4 + SEALED_BYTES + 64
    record = parse_record(raw)
    assert isinstance(record, EpochRecord)
    assert record.associated_data == raw[: EPOCH_FIXED_BYTES + 8 * 128 + 4]
    for i in (0, 4, 5, 6, 7):
        with pytest.raises(Malformed):
            parse_record(raw[:i] + bytes([raw[i] ^ 0x40]) + raw[i + 1 :])
    for size in (0, 8, EPOCH_FIXED_BYTES, len(raw) - 1):
        with pytest.raises(Malformed):
            parse_record(raw[:size])


def test_more_records_than_an_answer_holds_are_given_from_the_newest(store: Store) -> None:
    from cryptpad_relay import epochs

    records = [replace_raw(i) for i in range(4)]
    assert epochs.newest_that_fit(reversed(records)) == tuple([each.raw for each in records[1:]])


def replace_raw(i: int):  # type: ignore[no-untyped-def]
    from cryptpad_relay.store.base import StoredEntry

    return StoredEntry(i, bytes(32), bytes(32), bytes([i]) * 262_144)
