"""Nothing acknowledged is lost and the chain stays whole, whatever fails (T44, P11)."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest

from cryptpad_relay.batch import Batch
from cryptpad_relay.chain_end import ChainBroken
from cryptpad_relay.hub import Hub
from cryptpad_relay.padlog import PadLog
from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.chain import low_bit, next_head
from cryptpad_relay.protocol.entry import parse_entry
from cryptpad_relay.protocol.errors import Code
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.store.base import StorageError, Store
from cryptpad_relay.store.memory import MemoryStore, PowerCut
from cryptpad_relay.store.sqlite import POSITION_BITS, SqliteStore
from support.forge import Desk, DeskClient, Forge, ForgedPad


class AcknowledgesTooEarly(Hub):
    """The mutation that the durability tests must notice: answers leave before the sync."""

    def take_batch(self, now: float) -> Batch | None:
        batch = super().take_batch(now)
        if batch is not None:
            for session, req, op, body in batch.answers:
                session.peer.send(frames.join_frame(op | 0x80, req, body))
        return batch


def lost_by_power_cut(hub_type: type[Hub], seed: int) -> tuple[int, int]:
    """(acknowledged, lost) of a busy pad when the power goes in the middle of a commit."""
    chance = random.Random(seed)
    store = MemoryStore()
    desk = Desk(store, Forge(seed), hub_type=hub_type)
    pad = desk.forge.pad()
    clients = [desk.connect() for _ in range(3)]
    clients[0].create(pad)
    for client in clients:
        client.subscribe(pad)
    writers = [pad.writer() for _ in clients]
    sent: dict[tuple[int, int], bytes] = {}
    store.cut_power_after = chance.randrange(8)
    try:
        for turn in range(40):
            who = chance.randrange(3)
            writer = writers[who]
            raw = writer.update(pad.start) if writer.seq else writer.hello(pad.start)
            sent[who, 100 + turn] = raw
            clients[who].say(Op.APPEND, frames.Append((raw,)).encode(), req=100 + turn)
            if chance.random() < 0.4:
                desk.commit()
    except PowerCut:
        pass
    survivors = log_of(store.crash(), pad)
    acknowledged = lost = 0
    for who, client in enumerate(clients):
        for frame in client.peer.take():
            if frame.op == Op.APPEND | 0x80:
                for n, _ in frames.Appended.decode(frame.body).positions:
                    acknowledged += 1
                    raw = sent[who, frame.req]
                    lost += n > len(survivors) or survivors[n - 1] != raw
    return acknowledged, lost


def log_of(store: Store, pad: ForgedPad) -> list[bytes]:
    """The log, after following the chain from its first link to its last."""
    row = store.find(pad.pad_id)
    assert row is not None
    index = store.pad_index(row)
    end_n, end_head = index.end()
    heads = [pad.start.head]
    raws = []
    for entry in index.read(0, end_n):
        assert entry.n == len(heads)
        assert entry.entry_id == parse_entry(entry.raw).entry_id
        heads.append(next_head(heads[-1], heads[entry.n - low_bit(entry.n)], entry.n, entry.entry_id))
        assert entry.head == heads[-1]
        raws.append(entry.raw)
    assert (len(raws), heads[-1]) == (end_n, end_head)
    return raws


def test_no_power_cut_loses_an_acknowledged_entry() -> None:
    results = [lost_by_power_cut(Hub, seed) for seed in range(30)]
    assert sum(acknowledged for acknowledged, _ in results) > 100
    assert sum(lost for _, lost in results) == 0


def test_acknowledging_before_the_sync_would_be_noticed() -> None:
    assert sum(lost for _, lost in [lost_by_power_cut(AcknowledgesTooEarly, seed) for seed in range(30)]) > 0


def test_t44_appends_of_many_connections_stay_one_chain_over_a_restart(tmp_path: Path) -> None:
    """T44."""
    forge, path = Forge(4), tmp_path / "relay.db"
    pad = forge.pad()
    sent: list[list[bytes]] = [[] for _ in range(4)]
    writers = [pad.writer() for _ in range(4)]
    for _ in range(3):
        store = SqliteStore(path)
        desk = Desk(store, forge)
        clients = [desk.connect() for _ in writers]
        clients[0].create(pad)
        for client in clients:
            client.subscribe(pad)
        for turn in range(12):
            for client, writer, own in zip(clients, writers, sent, strict=True):
                raw = writer.update(pad.start) if writer.seq else writer.hello(pad.start)
                client.say(Op.APPEND, frames.Append((raw,)).encode())
                own.append(raw)
            if turn % 3 == 0:
                desk.commit()
        desk.commit()
        log = log_of(store, pad)
        assert len(log) == sum(map(len, sent))
        assert all([raw for raw in log if raw in own] == own for own in sent)
        store.close()


def test_a_failed_commit_is_told_and_tried_again() -> None:
    store = MemoryStore()
    desk = Desk(store, Forge())
    pad = desk.forge.pad()
    client = desk.connect()
    client.create(pad)
    client.subscribe(pad)
    writer = pad.writer()
    first, second = writer.hello(pad.start), writer.update(pad.start)
    client.say(Op.APPEND, frames.Append((first,)).encode(), req=50)
    batch = desk.hub.take_batch(desk.now)
    assert batch is not None
    chunk = desk.forge.bytes(300)
    client.say(Op.CHUNK_PUT, frames.ChunkPut(pad.pad_id, chunk).encode(), req=51)
    store.fail_commits = 1
    store.write(batch.rows)
    with pytest.raises(StorageError):
        store.sync()
    desk.hub.failed()
    answers = {frame.req: frame for frame in client.peer.take()}
    appended = frames.Appended.decode(answers[50].body)
    assert (appended.positions, appended.code) == ((), Code.STORAGE)
    assert appended.retry_ms > 0
    assert frames.Error.decode(answers[51].body).code is Code.STORAGE
    assert client.append(first, second).code is Code.OK
    assert log_of(store, pad) == [first, second]


def test_a_full_disk_is_told_and_survived(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "relay.db")
    desk = Desk(store, Forge())
    pad = desk.forge.pad()
    client = desk.connect()
    client.create(pad)
    client.subscribe(pad)
    writer = pad.writer()
    hello, large = writer.hello(pad.start), writer.update(pad.start, sealed=desk.forge.bytes(400_000))
    assert client.append(hello).code is Code.OK
    pages = store._writing.execute("PRAGMA page_count").fetchone()[0]
    store._writing.execute(f"PRAGMA max_page_count = {pages + 2}")
    client.say(Op.APPEND, frames.Append((large,)).encode(), req=60)
    batch = desk.hub.take_batch(desk.now)
    assert batch is not None
    with pytest.raises(StorageError, match="full"):
        store.write(batch.rows)
    desk.hub.failed()
    [answer] = [frame for frame in client.peer.take() if frame.req == 60]
    assert frames.Appended.decode(answer.body).code is Code.STORAGE
    store._writing.execute("PRAGMA max_page_count = 1000000")
    assert client.append(large).code is Code.OK
    assert log_of(store, pad) == [hello, large]


def test_every_commit_reaches_the_disk(tmp_path: Path) -> None:
    """No test here can cut the power: what SQLite promises under these two settings is what we rely on."""
    store = SqliteStore(tmp_path / "relay.db")
    assert store._writing.execute("PRAGMA synchronous").fetchone() == (2,)
    assert store._writing.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    store.close()


def test_a_damaged_tail_is_noticed_before_anything_is_served(tmp_path: Path) -> None:
    path = tmp_path / "relay.db"
    store = SqliteStore(path)
    desk = Desk(store, Forge())
    pad = desk.forge.pad()
    client = desk.connect()
    client.create(pad)
    client.subscribe(pad)
    writer = pad.writer()
    client.append(writer.hello(pad.start), writer.update(pad.start))
    store.close()
    with sqlite3.connect(path) as connection:
        place = (1 << POSITION_BITS) + 2
        connection.execute("UPDATE entry SET head = zeroblob(32) WHERE place = ?", (place,))
    connection.close()
    store = SqliteStore(path)
    row = store.find(pad.pad_id)
    assert row is not None
    with pytest.raises(ChainBroken):
        PadLog(store.pad_index(row))
    store.close()


def test_the_cost_of_an_append_does_not_grow_with_the_log(tmp_path: Path) -> None:
    """Counted in SQLite's own steps, which no noisy machine changes."""
    store = SqliteStore(tmp_path / "relay.db")
    desk = Desk(store, Forge())
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    def cost(client: DeskClient, raw: bytes) -> int:
        nonlocal steps
        steps = 0
        for connection in (store._reading, store._writing):
            connection.set_progress_handler(count, 1)
        assert client.append(raw).code is Code.OK
        for connection in (store._reading, store._writing):
            connection.set_progress_handler(None, 0)
        return steps

    pad = desk.forge.pad()
    client = desk.connect()
    client.create(pad)
    client.subscribe(pad)
    writer = pad.writer()
    client.append(writer.hello(pad.start))
    early = cost(client, writer.update(pad.start))
    for _ in range(4):
        client.append(*[writer.update(pad.start) for _ in range(250)])
    for _ in range(20):
        desk.connect().create(desk.forge.pad())
    late = cost(client, writer.update(pad.start))
    assert late <= early * 1.2
    store.close()


def test_old_loose_chunks_go_at_start_and_named_and_fresh_ones_stay(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "relay.db")
    desk = Desk(store, Forge())
    pad = desk.forge.pad()
    client = desk.connect()
    client.create(pad)
    client.subscribe(pad)
    chunk_ids = []
    for _ in range(2):
        chunk = desk.forge.bytes(100)
        chunk_ids.append(client.ask(Op.CHUNK_PUT, frames.ChunkPut(pad.pad_id, chunk).encode()).body)
        desk.unix_s += 3 * 86_400
    store.drop_loose_chunks(desk.hub.day() - 4)
    row = store.find(pad.pad_id)
    assert row is not None
    index = store.pad_index(row)
    assert [index.chunk(chunk_id) is not None for chunk_id in chunk_ids] == [False, True]
    store.close()
