"""What the relay asks of a SNAPSHOT: its own table, its own head, a later position, and all the chunks."""

from __future__ import annotations

import pytest

from cryptpad_relay import padlog, requests
from cryptpad_relay.limits import Limits, Rate
from cryptpad_relay.protocol import frames, labels
from cryptpad_relay.protocol.entry import FLATTENED, parse_entry
from cryptpad_relay.protocol.errors import Code
from cryptpad_relay.protocol.frames import Op, PadHead
from cryptpad_relay.protocol.labels import u64
from cryptpad_relay.store.base import Store
from support.forge import Desk, DeskClient, Forge, ForgedPad, ForgedWriter, table_at


@pytest.fixture
def writers(client: DeskClient, pad: ForgedPad) -> list[ForgedWriter]:
    """Two writers; the log is HELLO a, HELLO b, a, b, a, b."""
    writers = [pad.writer(), pad.writer()]
    client.append(*[writer.hello(pad.start) for writer in writers])
    for _ in range(2):
        client.append(*[writer.update(pad.start) for writer in writers])
    return writers


def head_at(client: DeskClient, pad: ForgedPad, n: int) -> PadHead:
    body = client.ask(Op.FETCH, frames.Fetch(pad.pad_id, n - 1, 1).encode()).body
    return PadHead(n, frames.Fetched.decode(body).head)


def put(client: DeskClient, pad: ForgedPad, chunk: bytes) -> bytes:
    return client.ask(Op.CHUNK_PUT, frames.ChunkPut(pad.pad_id, chunk).encode()).body


def test_a_right_snapshot_is_accepted_announced_and_its_table_is_kept(
    desk: Desk, client: DeskClient, pad: ForgedPad, writers: list[ForgedWriter]
) -> None:
    table, chunk = table_at(desk, pad, 5), desk.forge.bytes(700)
    put(client, pad, chunk)
    raw = writers[0].snapshot(pad.start, head_at(client, pad, 5), table, [chunk])
    appended = client.append(raw)
    assert (appended.code, appended.positions[0].n) == (Code.OK, 7)
    joined = desk.connect().subscribe(pad)
    assert (joined.snapshot_n, joined.hello_n) == (7, 1)
    table_id = labels.hash_parts(labels.CHUNK, table)
    assert client.ask(Op.CHUNK_GET, frames.PadAndHash(pad.pad_id, table_id).encode()).body == table


@pytest.mark.parametrize("bounded", [True, False])
def test_r24_a_table_that_no_answer_can_hold_is_refused(
    desk: Desk,
    client: DeskClient,
    pad: ForgedPad,
    writers: list[ForgedWriter],
    monkeypatch: pytest.MonkeyPatch,
    bounded: bool,
) -> None:
    """An editor's flood of HELLOs makes the table long: without the bound nobody could join any more."""
    table, chunk = table_at(desk, pad, 5), desk.forge.bytes(700)
    if bounded:
        monkeypatch.setattr(padlog, "MAX_TABLE_BYTES", len(table) - 1)
    put(client, pad, chunk)
    raw = writers[0].snapshot(pad.start, head_at(client, pad, 5), table, [chunk])
    assert client.append(raw).code == (Code.BAD_SNAPSHOT if bounded else Code.OK)
    assert desk.connect().subscribe(pad).snapshot_n == (0 if bounded else 7)


def test_a_table_longer_than_a_frame_is_given_in_parts(
    desk: Desk,
    client: DeskClient,
    pad: ForgedPad,
    writers: list[ForgedWriter],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(requests, "TABLE_PART", 300)
    table, chunk = table_at(desk, pad, 5), desk.forge.bytes(700)
    put(client, pad, chunk)
    assert (
        client.append(writers[0].snapshot(pad.start, head_at(client, pad, 5), table, [chunk])).code is Code.OK
    )
    table_id, got = labels.hash_parts(labels.CHUNK, table), b""
    while len(got) < len(table):
        body = frames.TablePart(pad.pad_id, table_id, len(got)).encode()
        given = frames.TableGiven.decode(client.ask(Op.TABLE, body).body)
        assert (given.size, len(given.part)) == (len(table), min(300, len(table) - len(got)))
        got += given.part
    assert got == table
    beyond = frames.TablePart(pad.pad_id, table_id, len(table)).encode()
    assert client.refusal(Op.TABLE, beyond).code is Code.MALFORMED
    unknown = frames.TablePart(pad.pad_id, bytes(32), 0).encode()
    assert client.refusal(Op.TABLE, unknown).code is Code.NOT_FOUND
    monkeypatch.setattr(requests, "MAX_CHUNK_BYTES", 300)
    whole = frames.PadAndHash(pad.pad_id, table_id).encode()
    assert client.refusal(Op.CHUNK_GET, whole).code is Code.TOO_LARGE


@pytest.mark.parametrize("bounded", [True, False])
def test_r24_snapshots_are_paid_for_by_what_they_make_a_relay_compute(store: Store, bounded: bool) -> None:
    """One small entry makes a table of all writers: without a price a frame of them would stop the relay."""
    limits = Limits()._replace(tables_per_connection=Rate(500, 100)) if bounded else Limits()
    desk = Desk(store, Forge(), limits=limits)
    pad = desk.forge.pad()
    client = desk.connect()
    client.create(pad)
    client.subscribe(pad)
    writer = pad.writer()
    client.append(writer.hello(pad.start), *[writer.update(pad.start) for _ in range(9)])
    chunk = desk.forge.bytes(700)
    put(client, pad, chunk)
    many = [
        writer.snapshot(pad.start, head_at(client, pad, n), table_at(desk, pad, n), [chunk])
        for n in range(2, 9)
    ]
    appended = client.append(*many)
    if not bounded:
        assert len(appended.positions) == 7
        return
    assert (len(appended.positions), appended.code) == (2, Code.RETRY)
    desk.now += (appended.retry_ms + 1) / 1000
    assert len(client.append(*many[2:]).positions) == 1


def test_the_table_is_as_of_its_position(
    desk: Desk, client: DeskClient, pad: ForgedPad, writers: list[ForgedWriter]
) -> None:
    """R3: it is computed by the relay, never taken from the editor."""
    log = [
        parse_entry(raw)
        for raw in frames.Fetched.decode(
            client.ask(Op.FETCH, frames.Fetch(pad.pad_id, 0, 6).encode()).body
        ).entries
    ]

    def row(hello: int, last: int) -> bytes:
        entry = log[last - 1]
        return (
            entry.writer_pk
            + log[hello - 1].cert
            + log[hello - 1].entry_id
            + u64(entry.seq)
            + entry.entry_id
            + u64(last)
        )

    def sorted_rows(*rows: bytes) -> bytes:
        return b"".join(sorted(rows))

    assert table_at(desk, pad, 1) == row(1, 1)
    assert table_at(desk, pad, 2) == sorted_rows(row(1, 1), row(2, 2))
    assert table_at(desk, pad, 3) == sorted_rows(row(1, 3), row(2, 2))
    assert table_at(desk, pad, 6) == sorted_rows(row(1, 5), row(2, 6))


@pytest.mark.parametrize("wrong", ["table", "head", "position", "chunk", "own position"])
def test_a_wrong_snapshot_is_refused(
    desk: Desk, client: DeskClient, pad: ForgedPad, writers: list[ForgedWriter], wrong: str
) -> None:
    table, chunk, replaces = table_at(desk, pad, 5), desk.forge.bytes(700), head_at(client, pad, 5)
    put(client, pad, chunk)
    if wrong == "table":
        table = table_at(desk, pad, 3)
    elif wrong == "head":
        replaces = PadHead(5, bytes(32))
    elif wrong == "position":
        replaces = PadHead(4, replaces.head)
    elif wrong == "own position":
        replaces = PadHead(7, replaces.head)
    else:
        chunk = desk.forge.bytes(700)
    appended = client.append(writers[0].snapshot(pad.start, replaces, table, [chunk]))
    expected = Code.CHUNK_MISSING if wrong == "chunk" else Code.BAD_SNAPSHOT
    assert (appended.positions, appended.code) == ((), expected)


def test_a_snapshot_replaces_more_than_the_last_one(
    desk: Desk, client: DeskClient, pad: ForgedPad, writers: list[ForgedWriter]
) -> None:
    chunk = desk.forge.bytes(700)
    put(client, pad, chunk)

    def snapshot_of(n: int, flags: int = 0) -> Code:
        writer = writers[1]
        kept = writer.seq, writer.prev
        raw = writer.snapshot(
            pad.start, head_at(client, pad, n), table_at(desk, pad, n), [chunk], flags=flags
        )
        code = client.append(raw).code
        if code is not Code.OK:
            writer.seq, writer.prev = kept
        return code

    assert snapshot_of(4, FLATTENED) is Code.OK
    assert snapshot_of(4) is Code.BAD_SNAPSHOT
    assert snapshot_of(3) is Code.BAD_SNAPSHOT
    assert snapshot_of(6, FLATTENED) is Code.BAD_SNAPSHOT
    assert snapshot_of(6) is Code.OK


def test_chunks_and_snapshot_in_one_go_need_no_waiting(
    desk: Desk, client: DeskClient, pad: ForgedPad, writers: list[ForgedWriter]
) -> None:
    table, chunk, replaces = table_at(desk, pad, 5), desk.forge.bytes(700), head_at(client, pad, 5)
    client.say(Op.CHUNK_PUT, frames.ChunkPut(pad.pad_id, chunk).encode())
    assert client.append(writers[0].snapshot(pad.start, replaces, table, [chunk])).code is Code.OK


def test_loose_chunks_have_a_quota_and_named_ones_do_not_count(store: Store, desk: Desk) -> None:
    desk = Desk(store, desk.forge, limits=desk.hub.limits._replace(loose_chunk_bytes=2_000))
    pad = desk.forge.pad()
    client = desk.connect()
    client.create(pad)
    client.subscribe(pad)
    writer = pad.writer()
    at = client.append(writer.hello(pad.start)).positions[0]
    chunk = desk.forge.bytes(1_500)
    put(client, pad, chunk)
    body = frames.ChunkPut(pad.pad_id, desk.forge.bytes(1_000)).encode()
    assert client.refusal(Op.CHUNK_PUT, body).code is Code.QUOTA
    assert client.append(writer.snapshot(pad.start, at, table_at(desk, pad, 1), [chunk])).code is Code.OK
    assert client.ask(Op.CHUNK_PUT, body).op == Op.CHUNK_PUT | 0x80
