"""What a client and the relay say to each other, one dialogue a behaviour."""

from __future__ import annotations

import pytest

from cryptpad_relay.protocol import frames, labels
from cryptpad_relay.protocol.chain import SignedHead, follow_proof
from cryptpad_relay.protocol.entry import parse_entry
from cryptpad_relay.protocol.errors import CloseCode, Code
from cryptpad_relay.protocol.frames import Commit, Op, PadHead
from support.forge import Desk, DeskClient, ForgedPad


def subscriber(desk: Desk, pad: ForgedPad) -> DeskClient:
    client = desk.connect()
    client.subscribe(pad)
    return client


def test_the_relay_greets_with_its_identity_and_a_fresh_nonce(desk: Desk) -> None:
    first, second = desk.connect().greeting, desk.connect().greeting
    assert first.relay_pk == second.relay_pk == desk.keys.public
    assert first.relay_nonce != second.relay_nonce


def test_creating_a_pad_twice_answers_the_same(desk: Desk) -> None:
    client, pad = desk.connect(), desk.forge.pad()
    first, second = client.create(pad), client.create(pad)
    assert first.op == second.op == Op.CREATE | 0x80
    assert first.body == second.body


def test_a_pad_bound_to_another_relay_is_refused(desk: Desk) -> None:
    assert desk.connect().refusal(Op.CREATE, desk.forge.pad(bytes([7]) * 32).genesis).code is Code.WRONG_RELAY
    assert desk.connect().create(desk.forge.pad(desk.keys.public)).op == Op.CREATE | 0x80


def test_a_genesis_that_the_owner_did_not_sign_is_refused(desk: Desk) -> None:
    genesis = bytearray(desk.forge.pad().genesis)
    genesis[-1] ^= 1
    assert desk.connect().refusal(Op.CREATE, bytes(genesis)).code is Code.MALFORMED


def test_requests_after_create_wait_for_it(desk: Desk) -> None:
    client, pad = desk.connect(), desk.forge.pad()
    client.say(Op.CREATE, pad.genesis)
    client.say(Op.SUB, client.sub_body(pad))
    assert client.peer.frames == []
    desk.commit()
    client.work()
    assert [frame.op for frame in client.peer.take()] == [Op.CREATE | 0x80, Op.SUB | 0x80]


def test_sub_answers_with_a_head_signed_over_the_challenge(desk: Desk, pad: ForgedPad) -> None:
    client = desk.connect()
    body = client.sub_body(pad, challenge=b"c" * 16)
    reply = frames.Subscribed.decode(client.ask(Op.SUB, body).body)
    signed = SignedHead(pad.pad_id, reply.n, reply.head, reply.unix_ms, b"c" * 16, reply.signature)
    assert signed.verify(desk.keys.public)
    assert PadHead(reply.n, reply.head) == pad.start


def test_an_entry_reaches_the_others_whole_and_its_author_as_an_id(desk: Desk, pad: ForgedPad) -> None:
    author, reader = subscriber(desk, pad), subscriber(desk, pad)
    hello = pad.writer().hello(pad.start)
    appended = author.append(hello)
    assert appended.code is Code.OK
    [for_author], [for_reader] = author.pushes(Op.COMMIT), reader.pushes(Op.COMMIT)
    assert Commit.decode(for_reader).entries == (hello,)
    assert Commit.decode(for_author).entries == (parse_entry(hello).entry_id,)
    assert Commit.decode(for_reader).head == appended.positions[-1].head


def test_the_answer_to_append_precedes_the_commit(desk: Desk, pad: ForgedPad) -> None:
    author = subscriber(desk, pad)
    author.say(Op.APPEND, frames.Append((pad.writer().hello(pad.start),)).encode())
    desk.commit()
    assert [frame.op for frame in author.peer.take()][:2] == [Op.APPEND | 0x80, Op.COMMIT]


def test_nothing_is_said_before_the_commit(desk: Desk, pad: ForgedPad) -> None:
    author, reader = subscriber(desk, pad), subscriber(desk, pad)
    author.say(Op.APPEND, frames.Append((pad.writer().hello(pad.start),)).encode())
    assert desk.hub.take_batch(desk.now) is not None
    assert author.peer.frames == reader.peer.frames == []
    desk.hub.committed(desk.now)
    assert author.peer.frames
    assert reader.peer.frames


def test_t41_append_without_sub_is_refused(desk: Desk, pad: ForgedPad) -> None:
    """T41."""
    stranger = desk.connect()
    appended = stranger.append(pad.writer().hello(pad.start))
    assert appended == frames.Appended((), Code.NOT_SUBSCRIBED, 0)
    assert subscriber(desk, pad).subscribe(pad).n == 0


def test_t41_without_that_rule_a_stranger_appends(desk: Desk, pad: ForgedPad) -> None:
    stranger = desk.connect()
    stranger.session.pads = subscriber(desk, pad).session.pads
    assert stranger.append(pad.writer().hello(pad.start)).code is Code.OK


@pytest.mark.parametrize("op", [Op.FETCH, Op.BRIDGE, Op.CHUNK_GET, Op.LOOKUP, Op.STH, Op.UNSUB])
def test_reading_needs_sub(desk: Desk, pad: ForgedPad, op: Op) -> None:
    bodies = {
        Op.FETCH: frames.Fetch(pad.pad_id, 0, 10).encode(),
        Op.BRIDGE: frames.Bridge(pad.pad_id, 0, 1).encode(),
        Op.STH: frames.SthRequest(pad.pad_id, bytes(16)).encode(),
        Op.UNSUB: pad.pad_id,
    }
    body = bodies.get(op, frames.PadAndHash(pad.pad_id, bytes(32)).encode())
    assert desk.connect().refusal(op, body).code is Code.NOT_SUBSCRIBED


def test_a_proof_by_another_key_or_for_another_nonce_is_refused(desk: Desk, pad: ForgedPad) -> None:
    client, other = desk.connect(), desk.connect()
    stolen = other.sub_body(pad)
    assert client.refusal(Op.SUB, stolen).code is Code.NOT_AUTHORISED
    pad.fetch_seed = desk.forge.bytes(32)
    assert client.refusal(Op.SUB, client.sub_body(pad)).code is Code.NOT_AUTHORISED


def test_a_proof_for_another_epoch_is_refused(desk: Desk, pad: ForgedPad) -> None:
    """T42: there is one epoch while EPOCH records are refused."""
    client = desk.connect()
    proof = pad.proof(client.greeting.relay_nonce, client.greeting.relay_pk, epoch=1)
    body = frames.Sub(pad.pad_id, 1, proof, 0, pad.start.head, bytes(16)).encode()
    assert client.refusal(Op.SUB, body).code is Code.NOT_AUTHORISED


def test_an_unknown_pad_is_said_to_be_unknown(desk: Desk) -> None:
    client, pad = desk.connect(), desk.forge.pad()
    assert client.refusal(Op.SUB, client.sub_body(pad)).code is Code.UNKNOWN_PAD


def test_fetch_returns_the_log_in_order_and_the_head_after_it(desk: Desk, pad: ForgedPad) -> None:
    client, writer = subscriber(desk, pad), pad.writer()
    entries = [writer.hello(pad.start), *[writer.update(pad.start) for _ in range(4)]]
    positions = client.append(*entries).positions
    fetched = frames.Fetched.decode(client.ask(Op.FETCH, frames.Fetch(pad.pad_id, 1, 3).encode()).body)
    assert (fetched.first_n, fetched.entries) == (2, tuple(entries[1:4]))
    assert fetched.head == positions[3].head
    beyond = frames.Fetched.decode(client.ask(Op.FETCH, frames.Fetch(pad.pad_id, 9, 3).encode()).body)
    assert beyond.entries == ()
    refusal = client.refusal(Op.FETCH, frames.Fetch(pad.pad_id, 2**64 - 1, 3).encode())
    assert refusal.code is Code.MALFORMED


def test_bridge_proves_that_one_head_extends_another(desk: Desk, pad: ForgedPad) -> None:
    client, writer = subscriber(desk, pad), pad.writer()
    entries = [writer.hello(pad.start), *[writer.update(pad.start) for _ in range(40)]]
    positions = client.append(*entries).positions
    steps = frames.Bridged.decode(client.ask(Op.BRIDGE, frames.Bridge(pad.pad_id, 5, 41).encode()).body).steps
    established = follow_proof(41, positions[40].head, 5, steps)
    assert established is not None
    assert established[5] == positions[4].head
    assert client.refusal(Op.BRIDGE, frames.Bridge(pad.pad_id, 5, 42).encode()).code is Code.NOT_FOUND
    assert client.refusal(Op.BRIDGE, frames.Bridge(pad.pad_id, 5, 5).encode()).code is Code.MALFORMED


def test_lookup_finds_an_entry_by_its_id(desk: Desk, pad: ForgedPad) -> None:
    client, writer = subscriber(desk, pad), pad.writer()
    entries = [writer.hello(pad.start), writer.update(pad.start)]
    client.append(*entries)
    body = frames.PadAndHash(pad.pad_id, parse_entry(entries[1]).entry_id).encode()
    assert frames.Found.decode(client.ask(Op.LOOKUP, body).body) == frames.Found(2, entries[1])
    body = frames.PadAndHash(pad.pad_id, bytes(32)).encode()
    assert client.refusal(Op.LOOKUP, body).code is Code.NOT_FOUND


def test_chunks_come_back_under_their_hash(desk: Desk, pad: ForgedPad) -> None:
    client = subscriber(desk, pad)
    chunk = desk.forge.bytes(5_000)
    chunk_id = client.ask(Op.CHUNK_PUT, frames.ChunkPut(pad.pad_id, chunk).encode()).body
    assert chunk_id == labels.hash_parts(labels.CHUNK, chunk)
    assert client.ask(Op.CHUNK_PUT, frames.ChunkPut(pad.pad_id, chunk).encode()).body == chunk_id
    assert client.ask(Op.CHUNK_GET, frames.PadAndHash(pad.pad_id, chunk_id).encode()).body == chunk
    missing = frames.PadAndHash(pad.pad_id, bytes(32)).encode()
    assert client.refusal(Op.CHUNK_GET, missing).code is Code.NOT_FOUND


def test_owner_records_need_the_fetch_key_but_no_subscription(desk: Desk, pad: ForgedPad) -> None:
    client = desk.connect()
    proof = pad.proof(client.greeting.relay_nonce, client.greeting.relay_pk)
    reply = client.ask(Op.OWNER_REC, frames.OwnerRec(pad.pad_id, 0, proof).encode())
    assert frames.OwnerRecords.decode(reply.body) == frames.OwnerRecords(pad.genesis, ())
    forged = frames.OwnerRec(pad.pad_id, 0, bytes(64)).encode()
    assert client.refusal(Op.OWNER_REC, forged).code is Code.NOT_AUTHORISED


def test_sth_signs_the_head_over_a_challenge(desk: Desk, pad: ForgedPad) -> None:
    client = subscriber(desk, pad)
    client.append(pad.writer().hello(pad.start))
    body = frames.SthRequest(pad.pad_id, b"q" * 16).encode()
    reply = frames.SthReply.decode(client.ask(Op.STH, body).body)
    signed = SignedHead(pad.pad_id, reply.n, reply.head, reply.unix_ms, b"q" * 16, reply.signature)
    assert reply.n == 1
    assert signed.verify(desk.keys.public)


def test_signed_heads_follow_commits_at_most_four_times_a_second(desk: Desk, pad: ForgedPad) -> None:
    author, reader, writer = subscriber(desk, pad), subscriber(desk, pad), pad.writer()
    author.append(writer.hello(pad.start))
    for _ in range(20):
        desk.now += 0.05
        author.append(writer.update(pad.start))
        desk.hub.tick(desk.now)
    heads = [frames.decode_signed_head(body) for body in reader.pushes(Op.SIGNED)]
    assert 4 <= len(heads) <= 5
    assert all(head.verify(desk.keys.public) and head.challenge == bytes(16) for head in heads)
    desk.now += 1
    desk.hub.tick(desk.now)
    assert frames.decode_signed_head(reader.pushes(Op.SIGNED)[-1]).n == 21


def test_watch_tells_heads_for_tickets_and_moves_once_a_second(desk: Desk, pad: ForgedPad) -> None:
    author, watcher, writer = subscriber(desk, pad), desk.connect(), pad.writer()
    other = desk.forge.pad()
    watcher.create(other)
    ticket = author.subscribe(pad).ticket
    tickets = (frames.Ticket(pad.pad_id, ticket), frames.Ticket(other.pad_id, ticket))
    heads = frames.Watched.decode(watcher.ask(Op.WATCH, frames.Watch(tickets).encode()).body).heads
    assert heads == (pad.start, PadHead(frames.REFUSED_TICKET_N, bytes(32)))
    author.append(writer.hello(pad.start))
    for _ in range(10):
        desk.now += 0.1
        author.append(writer.update(pad.start))
        desk.hub.tick(desk.now)
    pushed = [frames.Head.decode(body).n for body in watcher.pushes(Op.HEAD)]
    assert len(pushed) <= 2
    assert pushed[0] == 1
    desk.now += 1
    desk.hub.tick(desk.now)
    assert [frames.Head.decode(body).n for body in watcher.pushes(Op.HEAD)] in ([11], [])


def test_a_ticket_is_good_today_and_tomorrow_and_no_longer(desk: Desk, pad: ForgedPad) -> None:
    ticket = subscriber(desk, pad).subscribe(pad).ticket
    body = frames.Watch((frames.Ticket(pad.pad_id, ticket),)).encode()
    results = []
    for _ in range(3):
        watcher = desk.connect()
        watched = frames.Watched.decode(watcher.ask(Op.WATCH, body).body)
        results.append(watched.heads[0].n == 0)
        desk.unix_s += 86_400
    assert results == [True, True, False]


def test_presence_goes_to_the_others_and_is_kept_nowhere(desk: Desk, pad: ForgedPad) -> None:
    sender, reader = subscriber(desk, pad), subscriber(desk, pad)
    frame = pad.presence(desk.forge.bytes(32), 1)
    sender.say(Op.PRES, frame, req=0)
    assert reader.pushes(Op.PRESENCE) == [frame]
    assert sender.peer.take() == []
    late = subscriber(desk, pad)
    assert late.peer.take() == []


def test_presence_with_a_wrong_signature_is_an_error_to_its_sender_alone(desk: Desk, pad: ForgedPad) -> None:
    sender, reader = subscriber(desk, pad), subscriber(desk, pad)
    frame = bytearray(pad.presence(desk.forge.bytes(32), 1))
    frame[-1] ^= 1
    sender.say(Op.PRES, bytes(frame), req=0)
    [error] = sender.peer.take()
    assert (error.op, error.req) == (Op.ERR, 0)
    assert frames.Error.decode(error.body).code is Code.BAD_SIGNATURE
    assert reader.peer.take() == []


def test_unsub_ends_the_commits(desk: Desk, pad: ForgedPad) -> None:
    author, reader = subscriber(desk, pad), subscriber(desk, pad)
    assert reader.ask(Op.UNSUB, pad.pad_id).body == b""
    author.append(pad.writer().hello(pad.start))
    assert reader.peer.take() == []


@pytest.mark.parametrize("op", [0x1C, 0x1E, 0x1F, 0x00, 0x40, 0x7F, 0xFF])
def test_reserved_and_unknown_ops_are_unsupported(desk: Desk, op: int) -> None:
    assert desk.connect().refusal(op, b"").code is Code.UNSUPPORTED


@pytest.mark.parametrize("message", [b"", b"\x02", b"\x02\0\0\0\0" + bytes(156), b"\x08\0\0\0\1" + bytes(9)])
def test_what_no_client_sends_ends_the_connection(desk: Desk, message: bytes) -> None:
    client = desk.connect()
    client.session.receive(message, desk.now)
    assert client.peer.close_code is CloseCode.PROTOCOL_ERROR


def test_a_connection_that_proves_nothing_is_closed_in_time(desk: Desk, pad: ForgedPad) -> None:
    silent, proven = desk.connect(), subscriber(desk, pad)
    desk.now += 10.5
    silent.session.tick(desk.now)
    proven.session.tick(desk.now)
    assert silent.peer.close_code is CloseCode.IDLE_HANDSHAKE
    assert proven.peer.close_code is None


def test_a_connection_that_proves_nothing_may_say_little(desk: Desk) -> None:
    client = desk.connect()
    for _ in range(3):
        client.say(Op.CHUNK_PUT, bytes(2_000))
    assert client.peer.close_code is CloseCode.IDLE_HANDSHAKE


def test_a_closed_session_is_forgotten(desk: Desk, pad: ForgedPad) -> None:
    client = subscriber(desk, pad)
    client.session.closed()
    assert desk.hub._pads == {}
    client.say(Op.SUB, client.sub_body(pad))
    assert client.peer.take() == []
