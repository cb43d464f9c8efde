"""Files on a relay: room is taken before bytes, uploads go on, an owner deletes, leftovers are collected."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cryptpad_relay import filing
from cryptpad_relay.limits import Limits
from cryptpad_relay.protocol import frames, labels
from cryptpad_relay.protocol.entry import ChunkRef
from cryptpad_relay.protocol.errors import Code, Malformed
from cryptpad_relay.protocol.file_frames import FileDropped, FileFound, FilePut, FileRoom
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.labels import u32
from cryptpad_relay.store.base import Store
from support.forge import Desk, DeskClient, Forge, ForgedPad, table_at
from support.forge_records import forge_delete, forge_expire
from support.relay_process import WireClient, relay_process

DAY_S = 86_400


def chunks_of(forge: Forge, *sizes: int) -> list[bytes]:
    return [forge.bytes(size) for size in sizes]


def refs(chunks: list[bytes]) -> tuple[ChunkRef, ...]:
    return tuple([ChunkRef(len(chunk), labels.hash_parts(labels.CHUNK, chunk)) for chunk in chunks])


def announced(pad: ForgedPad, chunks: list[bytes], sign_with: bytes | None = None) -> FilePut:
    """The last chunk is the manifest."""
    listed = refs(chunks)
    put = FilePut(pad.pad_id, 0, listed[-1].chunk_id, bytes(64), listed)
    signature = labels.sign_parts(sign_with or pad.cap_seed, labels.FILE_PUT, *put.signed_parts())
    return FilePut(pad.pad_id, 0, put.file_id, signature, listed)


def put(client: DeskClient, pad: ForgedPad, chunks: list[bytes]) -> FileRoom:
    answer = client.ask(Op.FILE_PUT, announced(pad, chunks).encode())
    assert answer.op == Op.FILE_PUT | 0x80, frames.Error.decode(answer.body)
    return FileRoom.decode(answer.body)


def send(client: DeskClient, pad: ForgedPad, chunk: bytes) -> None:
    assert client.ask(Op.CHUNK_PUT, frames.ChunkPut(pad.pad_id, chunk).encode()).op == Op.CHUNK_PUT | 0x80


def get(client: DeskClient, pad: ForgedPad, chunk: bytes) -> Code | bytes:
    chunk_id = labels.hash_parts(labels.CHUNK, chunk)
    answer = client.ask(Op.CHUNK_GET, frames.PadAndHash(pad.pad_id, chunk_id).encode())
    return frames.Error.decode(answer.body).code if answer.op == Op.ERR else answer.body


def look(client: DeskClient, pad: ForgedPad, file_id: bytes = bytes(32)) -> FileFound:
    return FileFound.decode(client.ask(Op.FILE_LOOK, frames.PadAndHash(pad.pad_id, file_id).encode()).body)


def drop(pad: ForgedPad, file_id: bytes, sign_with: bytes | None = None) -> bytes:
    parts = (pad.pad_id, file_id)
    signature = labels.sign_parts(sign_with or pad.owner_seed, labels.FILE_DROP, *parts)
    return FileDropped(pad.pad_id, file_id, signature).encode()


def housekeep(desk: Desk, days: int) -> None:
    desk.unix_s += days * DAY_S
    desk.now += 3_600
    desk.hub.tick(desk.now)
    while desk.commit():
        pass


def test_an_upload_goes_on_where_it_was_cut(desk: Desk, client: DeskClient, pad: ForgedPad) -> None:
    chunks = chunks_of(desk.forge, 900, 700, 300)
    file_id = refs(chunks)[-1].chunk_id
    assert put(client, pad, chunks) == FileRoom(1_900, desk.hub.limits.file_bytes_per_pad, (False,) * 3)
    send(client, pad, chunks[0])
    client.session.closed()
    again = desk.connect()
    again.subscribe(pad)
    assert look(again, pad, file_id).missing == 2
    assert put(again, pad, chunks).here == (True, False, False)
    for chunk in chunks[1:]:
        send(again, pad, chunk)
    found = look(again, pad, file_id)
    assert (found.state, found.missing, found.used) == (2, 0, 1_900)
    assert [get(again, pad, chunk) for chunk in chunks] == chunks


def test_only_an_editor_may_keep_a_file(desk: Desk, client: DeskClient, pad: ForgedPad) -> None:
    chunks = chunks_of(desk.forge, 400, 300)
    by_viewer = announced(pad, chunks, sign_with=pad.fetch_seed)
    assert client.refusal(Op.FILE_PUT, by_viewer.encode()).code == Code.BAD_SIGNATURE
    honest = announced(pad, chunks)
    longer = FilePut(*(getattr(honest, name) for name in ("pad_id", "epoch", "file_id", "signature")),
                     chunks=(*honest.chunks, ChunkRef(300, bytes(32))))  # fmt: skip
    assert client.refusal(Op.FILE_PUT, longer.encode()).code == Code.BAD_SIGNATURE
    stranger = desk.connect()
    assert stranger.refusal(Op.FILE_PUT, honest.encode()).code == Code.NOT_SUBSCRIBED


def test_the_room_is_taken_before_a_byte_is_sent(store: Store) -> None:
    limits = Limits()._replace(file_bytes_per_pad=2_000, file_bytes=3_000, loose_chunk_bytes=100)
    desk = Desk(store, Forge(), limits=limits)
    pads = [desk.forge.pad() for _ in range(2)]
    client = desk.connect()
    for pad in pads:
        client.create(pad)
        client.subscribe(pad)
    first = chunks_of(desk.forge, 1_000, 500)
    assert put(client, pads[0], first).used == 1_500
    over = announced(pads[0], chunks_of(desk.forge, 300, 300)).encode()
    assert client.refusal(Op.FILE_PUT, over).code == Code.QUOTA
    assert look(client, pads[1]).allowed == 1_500, "what the relay has left, not what the pad may"
    send(client, pads[0], first[0])
    loose = frames.ChunkPut(pads[0].pad_id, desk.forge.bytes(1_000)).encode()
    assert client.refusal(Op.CHUNK_PUT, loose).code == Code.QUOTA
    client.ask(Op.FILE_DROP, drop(pads[0], refs(first)[-1].chunk_id))
    assert put(client, pads[0], chunks_of(desk.forge, 1_500, 500)).used == 2_000


def test_files_announced_together_do_not_share_the_same_room(store: Store) -> None:
    desk = Desk(store, Forge(), limits=Limits()._replace(file_bytes_per_pad=2_000))
    pad = desk.forge.pad()
    clients = [desk.connect() for _ in range(3)]
    for client in clients:
        client.create(pad)
        client.subscribe(pad)
    for client in clients:
        client.say(Op.FILE_PUT, announced(pad, chunks_of(desk.forge, 900, 300)).encode())
    desk.commit()
    row = store.find(pad.pad_id)
    assert row is not None
    assert store.pad_index(row).file_bytes() == 1_200


def test_lists_that_are_looked_through_together_do_not_share_the_same_room(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filing, "SLICE_CHUNKS", 1)
    desk = Desk(store, Forge(), limits=Limits()._replace(file_bytes_per_pad=2_000))
    pad = desk.forge.pad()
    clients = [desk.connect() for _ in range(3)]
    for client in clients:
        client.create(pad)
        client.subscribe(pad)
    for client in clients:
        body = announced(pad, chunks_of(desk.forge, 900, 300)).encode()
        client.session.receive(frames.join_frame(Op.FILE_PUT, 77, body), desk.now)
    for _ in range(8):
        for client in clients:
            client.session.advance(desk.now)
    desk.commit()
    row = store.find(pad.pad_id)
    assert row is not None
    assert store.pad_index(row).file_bytes() == 1_200
    answers = [frame.op for client in clients for frame in client.peer.frames if frame.req == 77]
    assert answers == [Op.FILE_PUT | 0x80, Op.ERR, Op.ERR]


def test_another_list_of_as_many_bytes_takes_no_room_beside_the_first(store: Store) -> None:
    desk = Desk(store, Forge(), limits=Limits()._replace(loose_chunk_bytes=100))
    pad, client = desk.forge.pad(), desk.connect()
    client.create(pad)
    client.subscribe(pad)
    manifest, *bodies = chunks_of(desk.forge, 300, 400, 400)
    put(client, pad, [bodies[0], manifest])
    put(client, pad, [bodies[1], manifest])
    assert look(client, pad, refs([manifest])[0].chunk_id).missing == 2
    send(client, pad, bodies[0])
    other = frames.ChunkPut(pad.pad_id, bodies[1]).encode()
    assert client.refusal(Op.CHUNK_PUT, other).code == Code.QUOTA


def test_chunks_that_are_longer_than_their_list_says_are_loose(store: Store) -> None:
    desk = Desk(store, Forge(), limits=Limits()._replace(loose_chunk_bytes=1_500))
    pad, client = desk.forge.pad(), desk.connect()
    client.create(pad)
    client.subscribe(pad)
    early, late, third, manifest = chunks_of(desk.forge, 700, 700, 700, 300)
    send(client, pad, early)
    lies = tuple([ChunkRef(256, each.chunk_id) for each in refs([early, late, third])])
    listed = FilePut(pad.pad_id, 0, refs([manifest])[0].chunk_id, bytes(64), (*lies, *refs([manifest])))
    signature = labels.sign_parts(pad.cap_seed, labels.FILE_PUT, *listed.signed_parts())
    client.ask(Op.FILE_PUT, FilePut(pad.pad_id, 0, listed.file_id, signature, listed.chunks).encode())
    send(client, pad, late)
    body = frames.ChunkPut(pad.pad_id, third).encode()
    assert client.refusal(Op.CHUNK_PUT, body).code == Code.QUOTA


def test_what_is_deleted_is_given_out_by_no_request(
    desk: Desk, client: DeskClient, pad: ForgedPad, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cryptpad_relay.hub.ERASE_CHUNKS", 0)
    chunks = chunks_of(desk.forge, 400, 300)
    put(client, pad, chunks)
    send(client, pad, chunks[0])
    client.ask(Op.FILE_DROP, drop(pad, refs(chunks)[-1].chunk_id))
    body = frames.TablePart(pad.pad_id, refs(chunks)[0].chunk_id, 0).encode()
    assert client.refusal(Op.TABLE, body).code == Code.NOT_FOUND


def test_the_owner_deletes_and_nobody_else(desk: Desk, client: DeskClient, pad: ForgedPad) -> None:
    chunks = chunks_of(desk.forge, 400, 300)
    file_id = refs(chunks)[-1].chunk_id
    put(client, pad, chunks)
    for chunk in chunks:
        send(client, pad, chunk)
    by_editor = drop(pad, file_id, sign_with=pad.cap_seed)
    assert client.refusal(Op.FILE_DROP, by_editor).code == Code.BAD_SIGNATURE
    assert client.refusal(Op.FILE_DROP, drop(pad, bytes(32))).code == Code.NOT_FOUND
    signed = drop(pad, file_id)
    client.ask(Op.FILE_DROP, signed)
    assert [get(client, pad, chunk) for chunk in chunks] == [Code.NOT_FOUND] * 2
    found = look(client, pad, file_id)
    assert (found.state, found.tombstone, found.used) == (3, signed[-64:], 0)
    assert client.refusal(Op.FILE_PUT, announced(pad, chunks).encode()).code == Code.DELETED
    row = desk.hub.store.find(pad.pad_id)
    assert row is not None
    assert [desk.hub.store.pad_index(row).chunk_size(each.chunk_id) for each in refs(chunks)] == [None, None]


@pytest.mark.parametrize("gone", ["deleted", "never finished"])
def test_what_a_snapshot_or_another_file_names_stays(
    desk: Desk, client: DeskClient, pad: ForgedPad, gone: str
) -> None:
    """An editor lists a snapshot's chunk as a file's, to have it erased with the file."""
    writer = pad.writer()
    client.append(writer.hello(pad.start), writer.update(pad.start))
    body, shared, manifests = desk.forge.bytes(700), desk.forge.bytes(600), chunks_of(desk.forge, 300, 310)
    put(client, pad, [body, shared, manifests[0]])
    for chunk in (body, shared):
        send(client, pad, chunk)
    answer = client.ask(Op.FETCH, frames.Fetch(pad.pad_id, 1, 1).encode())
    head = frames.PadHead(2, frames.Fetched.decode(answer.body).head)
    snapshot = writer.snapshot(pad.start, head, table_at(desk, pad, 2), [body])
    assert client.append(snapshot).code == Code.OK
    if gone == "deleted":
        put(client, pad, [shared, manifests[1]])
        client.ask(Op.FILE_DROP, drop(pad, refs(manifests)[0].chunk_id))
        housekeep(desk, 0)
    else:
        housekeep(desk, 5)
        put(client, pad, [shared, manifests[1]])
        housekeep(desk, 4)
    assert [get(client, pad, body), get(client, pad, shared)] == [body, shared]
    assert look(client, pad, refs(manifests)[0].chunk_id).state == (3 if gone == "deleted" else 0)


def test_unfinished_uploads_are_collected_and_whole_ones_stay(
    desk: Desk, client: DeskClient, pad: ForgedPad, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cryptpad_relay.hub.ERASE_CHUNKS", 2)
    part, whole = chunks_of(desk.forge, 301, 302, 303, 304, 305), chunks_of(desk.forge, 400, 300)
    for chunks in (part, whole):
        put(client, pad, chunks)
    for chunk in [*part[:4], *whole]:
        send(client, pad, chunk)
    housekeep(desk, 7)
    assert look(client, pad, refs(part)[-1].chunk_id).missing == 1
    housekeep(desk, 1)
    assert look(client, pad, refs(part)[-1].chunk_id).state == 0
    assert [get(client, pad, chunk) for chunk in part[:4]] == [Code.NOT_FOUND] * 4
    assert look(client, pad).used == 700
    assert get(client, pad, whole[0]) == whole[0]
    assert put(client, pad, part).here == (False,) * 5, "it may begin again"


def test_lists_that_no_client_makes_are_refused(desk: Desk, client: DeskClient, pad: ForgedPad) -> None:
    chunks = chunks_of(desk.forge, 400, 300)
    put(client, pad, chunks)
    listed = refs(chunks)
    for wrong in (
        (*listed, listed[0]),
        listed[:1],
        (*listed, ChunkRef(255, bytes(32))),
        (*listed, ChunkRef(frames.MAX_CHUNK_BYTES + 1, bytes(32))),
    ):
        body = FilePut(pad.pad_id, 0, listed[-1].chunk_id, bytes(64), wrong).encode()
        with pytest.raises(Malformed):
            FilePut.decode(body)
    other = announced(pad, [*chunks_of(desk.forge, 500), chunks[1]])
    assert client.refusal(Op.FILE_PUT, other.encode()).code == Code.MALFORMED
    with pytest.raises(Malformed):
        FileFound.decode(bytes([4]) + bytes(82))


def test_a_chunk_that_is_announced_takes_no_loose_room(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(store, Forge(), limits=Limits()._replace(loose_chunk_bytes=100))
    pad, client = desk.forge.pad(), desk.connect()
    client.create(pad)
    client.subscribe(pad)
    chunks = chunks_of(desk.forge, 400, 300)
    put(client, pad, chunks)
    send(client, pad, chunks[0])
    monkeypatch.setattr("cryptpad_relay.requests.is_announced", lambda *_: False)
    assert client.refusal(Op.CHUNK_PUT, frames.ChunkPut(pad.pad_id, chunks[1]).encode()).code == Code.QUOTA


def test_a_relay_killed_in_mid_upload_has_whole_chunks_or_none(tmp_path: Path) -> None:
    """A real relay, killed while chunks are on their way: what it acknowledged is there."""
    asyncio.run(_kill_in_mid_upload(tmp_path / "data"))


async def _kill_in_mid_upload(data: Path) -> None:
    forge = Forge(5)
    pad, chunks = forge.pad(), chunks_of(forge, *[200_000] * 24, 300)
    acknowledged = 0
    with relay_process(data, warm=True) as relay:
        client = await WireClient.open(relay.url)
        await client.create(pad)
        await client.subscribe(pad)
        await client.ask(Op.FILE_PUT, announced(pad, chunks).encode())
        for chunk in chunks[:9]:
            await client.ask(Op.CHUNK_PUT, frames.ChunkPut(pad.pad_id, chunk).encode())
            acknowledged += 1
        for req, chunk in enumerate(chunks[9:], 1_000):
            body = frames.ChunkPut(pad.pad_id, chunk).encode()
            await client.socket.send(frames.join_frame(Op.CHUNK_PUT, req, body))
        relay.kill()
        await client.close()
    with relay_process(data, warm=True) as relay:
        client = await WireClient.open(relay.url)
        await client.subscribe(pad)
        room = FileRoom.decode((await client.ask(Op.FILE_PUT, announced(pad, chunks).encode())).body)
        assert all(room.here[:acknowledged])
        for chunk, here in zip(chunks, room.here, strict=True):
            if not here:
                await client.ask(Op.CHUNK_PUT, frames.ChunkPut(pad.pad_id, chunk).encode())
        for chunk in chunks:
            chunk_id = labels.hash_parts(labels.CHUNK, chunk)
            answer = await client.ask(Op.CHUNK_GET, frames.PadAndHash(pad.pad_id, chunk_id).encode())
            assert answer.body == chunk
        await client.close()
        relay.stop()


def test_an_epoch_that_is_not_the_pads_is_refused(client: DeskClient, desk: Desk, pad: ForgedPad) -> None:
    chunks = refs(chunks_of(desk.forge, 400))
    unsigned = FilePut(pad.pad_id, 7, chunks[0].chunk_id, bytes(64), chunks)
    assert unsigned.signed_parts()[1] == u32(7)
    assert client.refusal(Op.FILE_PUT, unsigned.encode()).code == Code.WRONG_EPOCH
    assert filing.SLICE_CHUNKS < 16_641


@pytest.mark.parametrize("how", ["deleted", "expired"])
def test_the_files_of_a_pad_that_its_owner_ended_go_with_it(
    desk: Desk, client: DeskClient, pad: ForgedPad, how: str
) -> None:
    chunks = chunks_of(desk.forge, 400, 300)
    put(client, pad, chunks)
    for chunk in chunks:
        send(client, pad, chunk)
    end = client.subscribe(pad)
    ended = (
        forge_delete(pad, end) if how == "deleted" else forge_expire(pad, int(desk.unix_s * 1_000) + 1_000)
    )
    assert client.append(ended).code is Code.OK
    desk.unix_s += 3_600
    row = desk.hub.store.find(pad.pad_id)
    assert row is not None
    for _ in range(3):
        desk.now += 3_600
        desk.hub.tick(desk.now)
        while desk.commit():
            pass
    assert get(client, pad, chunks[0]) in (Code.NOT_SUBSCRIBED, Code.DELETED)
    index = desk.hub.store.pad_index(row)
    assert [index.chunk_size(each.chunk_id) for each in refs(chunks)] == [None, None]
    assert index.file(refs(chunks)[-1].chunk_id) is None
