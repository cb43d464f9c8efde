"""VOID at the relay: the owner alone makes one, after the last record, about an entry that may be voided."""

from __future__ import annotations

from pathlib import Path

import pytest

from cryptpad_relay import padlog, voids
from cryptpad_relay.protocol import frames, labels
from cryptpad_relay.protocol.entry import parse_entry
from cryptpad_relay.protocol.errors import Code, Malformed
from cryptpad_relay.protocol.frames import Op, PadHead
from cryptpad_relay.protocol.records import VOID_BYTES, VoidRecord, parse_void
from cryptpad_relay.store.sqlite import SqliteStore
from support.forge import Desk, DeskClient, Forge, ForgedPad, ForgedWriter, table_at


@pytest.fixture
def written(client: DeskClient, pad: ForgedPad) -> list[bytes]:
    """The log: a HELLO and two UPDATEs."""
    writer = pad.writer()
    raws = [writer.hello(pad.start), writer.update(pad.start), writer.update(pad.start)]
    assert client.append(*raws).code is Code.OK
    return raws


def id_of(raw: bytes) -> bytes:
    return parse_entry(raw).entry_id


def records_of(client: DeskClient, pad: ForgedPad) -> tuple[bytes, ...]:
    proof = pad.proof(client.greeting.relay_nonce, client.greeting.relay_pk)
    body = client.ask(Op.OWNER_REC, frames.OwnerRec(pad.pad_id, 0, proof).encode()).body
    return frames.OwnerRecords.decode(body).records


def log_of(client: DeskClient, pad: ForgedPad) -> tuple[bytes, ...]:
    body = client.ask(Op.FETCH, frames.Fetch(pad.pad_id, 0, 100).encode()).body
    return frames.Fetched.decode(body).entries


def test_a_void_takes_a_place_in_the_log_and_is_told(
    desk: Desk, client: DeskClient, pad: ForgedPad, written: list[bytes]
) -> None:
    listener = desk.connect()
    listener.subscribe(pad)
    void = pad.void(2, id_of(written[1]))
    appended = client.append(void)
    assert (appended.code, [p.n for p in appended.positions]) == (Code.OK, [4])
    [commit] = [frames.Commit.decode(body) for body in listener.pushes(Op.COMMIT)]
    assert (commit.first_n, commit.entries) == (4, (void,))
    assert log_of(client, pad) == (*written, void)
    assert records_of(client, pad) == (void,)
    again = client.append(void)
    assert (again.code, again.positions) == (Code.OK, appended.positions)


def test_a_second_void_names_the_first(client: DeskClient, pad: ForgedPad, written: list[bytes]) -> None:
    first = pad.void(2, id_of(written[1]))
    client.append(first)
    assert client.append(pad.void(3, id_of(written[2]))).code is Code.BAD_BASE
    second = pad.void(3, id_of(written[2]), parse_void(first).entry_id)
    assert client.append(second).code is Code.OK
    assert records_of(client, pad) == (first, second)


def test_writers_go_on_after_a_void(client: DeskClient, pad: ForgedPad) -> None:
    writer = pad.writer()
    hello, update = writer.hello(pad.start), writer.update(pad.start)
    client.append(hello, update)
    end = client.append(pad.void(2, id_of(update))).positions[-1]
    assert client.append(writer.update(end)).positions[0].n == 4


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        ("signature", Code.BAD_SIGNATURE),
        ("id", Code.NOT_FOUND),
        ("position", Code.NOT_FOUND),
        ("hello", Code.MALFORMED),
        ("size", Code.MALFORMED),
        ("zero", Code.MALFORMED),
    ],
)
def test_what_the_owner_did_not_sign_or_may_not_void_is_refused(
    client: DeskClient, desk: Desk, pad: ForgedPad, written: list[bytes], lie: str, code: Code
) -> None:
    target = id_of(written[1])
    raw = {
        "signature": pad.void(2, target, sign_with=desk.forge.bytes(32)),
        "id": pad.void(2, bytes(32)),
        "position": pad.void(40, target),
        "hello": pad.void(1, id_of(written[0])),
        "size": pad.void(2, target) + b"\0",
        "zero": pad.void(0, target),
    }[lie]
    assert client.append(raw).code is code
    assert log_of(client, pad) == tuple(written)


def test_without_the_signature_check_anybody_voids(
    client: DeskClient, desk: Desk, pad: ForgedPad, written: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(VoidRecord, "signature_ok", lambda self, owner_pk: True)
    assert client.append(pad.void(2, id_of(written[1]), sign_with=desk.forge.bytes(32))).code is Code.OK


def test_the_number_of_records_is_bounded(
    client: DeskClient, pad: ForgedPad, written: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voids, "MAX_RECORDS", 1)
    first = pad.void(2, id_of(written[1]))
    client.append(first)
    assert client.append(pad.void(3, id_of(written[2]), parse_void(first).entry_id)).code is Code.QUOTA
    answer = frames.OwnerRecords(bytes(236), (bytes(VOID_BYTES),) * 4_096).encode()
    assert len(answer) <= frames.MAX_BODY


def snapshot(
    desk: Desk, client: DeskClient, pad: ForgedPad, writer: ForgedWriter, n: int
) -> tuple[Code, bytes]:
    chunk = desk.forge.bytes(700)
    client.ask(Op.CHUNK_PUT, frames.ChunkPut(pad.pad_id, chunk).encode())
    body = client.ask(Op.FETCH, frames.Fetch(pad.pad_id, n - 1, 1).encode()).body
    replaces = PadHead(n, frames.Fetched.decode(body).head)
    raw = writer.snapshot(pad.start, replaces, table_at(desk, pad, n), [chunk], remember=False)
    code = client.append(raw).code
    if code is Code.OK:
        writer.seq, writer.prev = writer.seq + 1, id_of(raw)
    return code, raw


def test_a_snapshot_of_before_a_void_is_refused(
    desk: Desk, client: DeskClient, pad: ForgedPad, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = pad.writer()
    raws = [writer.hello(pad.start), writer.update(pad.start), writer.update(pad.start)]
    client.append(*raws)
    client.append(pad.void(2, id_of(raws[1])))
    client.append(writer.update(pad.start))
    assert snapshot(desk, client, pad, writer, 3)[0] is Code.BAD_SNAPSHOT
    assert snapshot(desk, client, pad, writer, 5)[0] is Code.OK


def test_a_voided_snapshot_is_offered_no_more(desk: Desk, client: DeskClient, pad: ForgedPad) -> None:
    writer = pad.writer()
    client.append(writer.hello(pad.start), *[writer.update(pad.start) for _ in range(4)])
    snapshot(desk, client, pad, writer, 2)
    _, second = snapshot(desk, client, pad, writer, 4)
    assert desk.connect().subscribe(pad).snapshot_n == 7
    assert client.append(pad.void(7, id_of(second))).code is Code.OK
    assert desk.connect().subscribe(pad).snapshot_n == 6


def test_records_outlive_the_relay(tmp_path: Path) -> None:
    forge = Forge(3)
    store = SqliteStore(tmp_path / "log.db")
    desk = Desk(store, forge)
    pad, client = forge.pad(), None
    client = desk.connect()
    client.ask(Op.CREATE, frames.Create(pad.genesis).encode())
    client.subscribe(pad)
    writer = pad.writer()
    raws = [writer.hello(pad.start), writer.update(pad.start)]
    client.append(*raws)
    _, made = snapshot(desk, client, pad, writer, 2)
    void = pad.void(3, id_of(made))
    assert client.append(void).code is Code.OK
    store.close()
    store = SqliteStore(tmp_path / "log.db")
    row = store.find(pad.pad_id)
    assert row is not None
    log = padlog.PadLog(store.pad_index(row))
    assert (log.record.n, log.record.record_id) == (4, parse_void(void).entry_id)
    assert log.snapshot is None
    assert labels.hash_parts(labels.CHUNK, table_at_index(log)) == parse_entry(made).snapshot.table_id  # type: ignore[union-attr]
    store.close()


def table_at_index(log: padlog.PadLog) -> bytes:
    return padlog.snapshot_table(log.index, 2)


@pytest.mark.parametrize("size", [0, 8, VOID_BYTES - 1, VOID_BYTES + 1])
def test_a_record_of_another_size_is_none(size: int) -> None:
    with pytest.raises(Malformed):
        parse_void((b"PAD1\x04\x01\0\0" + bytes(size))[:size])


def test_a_record_has_the_size_of_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs/wire.md").read_text(encoding="utf-8")
    assert f"**VOID** ({VOID_BYTES} bytes)" in page
