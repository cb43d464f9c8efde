"""T40: each of the checks 1-7, violated once by an otherwise perfect entry. The log stays as it is."""

from __future__ import annotations

import pytest

from cryptpad_relay import padlog
from cryptpad_relay.protocol import entry as entry_module
from cryptpad_relay.protocol import frames, labels
from cryptpad_relay.protocol.entry import Entry, Kind, parse_entry
from cryptpad_relay.protocol.errors import Code
from cryptpad_relay.protocol.frames import Op, PadHead
from support.forge import Desk, DeskClient, ForgedPad, ForgedWriter


@pytest.fixture
def writer(pad: ForgedPad) -> ForgedWriter:
    return pad.writer()


def joined(client: DeskClient, pad: ForgedPad, writer: ForgedWriter) -> PadHead:
    """The writer's HELLO is in; where it stands."""
    appended = client.append(writer.hello(pad.start))
    assert appended.code is Code.OK
    return appended.positions[0]


def refused(client: DeskClient, pad: ForgedPad, raw: bytes) -> Code:
    before = client.subscribe(pad).n
    appended = client.append(raw)
    assert appended.positions == ()
    assert client.subscribe(pad).n == before
    return appended.code


@pytest.mark.parametrize("offset", [0, 156, 159, -1])
def test_t40_check_1_and_6_a_changed_byte_is_refused(
    client: DeskClient, pad: ForgedPad, writer: ForgedWriter, offset: int
) -> None:
    joined(client, pad, writer)
    raw = bytearray(writer.update(pad.start))
    raw[offset] ^= 1
    assert refused(client, pad, bytes(raw)) in {Code.MALFORMED, Code.BAD_SIGNATURE}


def test_t40_check_1_trailing_bytes_are_refused(
    client: DeskClient, pad: ForgedPad, writer: ForgedWriter
) -> None:
    joined(client, pad, writer)
    assert refused(client, pad, writer.update(pad.start) + b"\0") is Code.MALFORMED


@pytest.mark.parametrize(("offset", "value"), [(4, 0x15), (4, 0x1F), (4, 0x20), (5, 2), (6, 1), (7, 1)])
def test_t40_check_1_kinds_suites_and_flags_of_later_versions_are_unsupported(
    client: DeskClient, pad: ForgedPad, writer: ForgedWriter, offset: int, value: int
) -> None:
    joined(client, pad, writer)
    raw = bytearray(writer.update(pad.start))
    raw[offset] = value
    assert refused(client, pad, bytes(raw)) is Code.UNSUPPORTED


@pytest.mark.parametrize("kind", [0x05])
def test_reserved_owner_records_are_unsupported(client: DeskClient, pad: ForgedPad, kind: int) -> None:
    record = b"PAD1" + bytes([kind, 1, 0, 0]) + pad.pad_id + bytes(200)
    assert refused(client, pad, record) is Code.UNSUPPORTED


def test_t40_check_2_another_pad_is_refused(
    client: DeskClient, desk: Desk, pad: ForgedPad, writer: ForgedWriter
) -> None:
    other = desk.forge.pad()
    raw = writer.hello(pad.start, pad_id=other.pad_id)
    assert refused(client, pad, raw) is Code.NOT_SUBSCRIBED
    appended = client.append(writer.hello(pad.start, seq=0, prev=bytes(32)), raw)
    assert (len(appended.positions), appended.code) == (1, Code.MALFORMED)


def test_t40_check_2_another_epoch_is_refused(
    client: DeskClient, pad: ForgedPad, writer: ForgedWriter
) -> None:
    joined(client, pad, writer)
    assert refused(client, pad, writer.update(pad.start, epoch=1)) is Code.WRONG_EPOCH


def test_t40_check_3_a_writer_without_hello_is_refused(
    client: DeskClient, pad: ForgedPad, writer: ForgedWriter
) -> None:
    assert refused(client, pad, writer.update(pad.start)) is Code.UNKNOWN_WRITER


def test_t40_check_3_a_hello_certified_by_another_key_is_refused(
    client: DeskClient, desk: Desk, pad: ForgedPad, writer: ForgedWriter
) -> None:
    """T5 and T16: a holder of the view link can make any key but this one."""
    pad.cap_seed = desk.forge.bytes(32)
    assert refused(client, pad, writer.hello(pad.start)) is Code.BAD_SIGNATURE


def test_t40_check_3_a_client_id_is_owned_by_the_first(
    client: DeskClient, pad: ForgedPad, writer: ForgedWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(padlog, "client_id_of", lambda pad_id, writer_pk: 7)
    joined(client, pad, writer)
    assert refused(client, pad, pad.writer().hello(pad.start)) is Code.RETIRED


def test_t40_check_3_a_client_id_is_owned_before_it_is_durable(
    client: DeskClient, pad: ForgedPad, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(padlog, "client_id_of", lambda pad_id, writer_pk: 7)
    appended = client.append(pad.writer().hello(pad.start), pad.writer().hello(pad.start))
    assert (len(appended.positions), appended.code) == (1, Code.RETIRED)


def test_t40_check_3b_a_writer_too_far_back_is_retired(
    client: DeskClient, pad: ForgedPad, writer: ForgedWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(padlog, "MAX_WRITER_LAG", 3)
    sleeper = pad.writer()
    joined(client, pad, sleeper)
    joined(client, pad, writer)
    assert client.append(writer.update(pad.start)).code is Code.OK
    assert client.append(sleeper.update(pad.start)).code is Code.OK
    for _ in range(3):
        assert client.append(writer.update(pad.start)).code is Code.OK
    assert refused(client, pad, sleeper.update(pad.start)) is Code.RETIRED


def test_the_lag_is_that_of_the_protocol() -> None:
    assert padlog.MAX_WRITER_LAG == entry_module.MAX_WRITER_LAG == 65_536


def test_t40_check_4_a_gap_in_the_sequence_is_refused(
    client: DeskClient, pad: ForgedPad, writer: ForgedWriter
) -> None:
    joined(client, pad, writer)
    assert refused(client, pad, writer.update(pad.start, seq=2)) is Code.BAD_SEQUENCE


def test_t40_check_4_a_wrong_predecessor_is_refused(
    client: DeskClient, pad: ForgedPad, writer: ForgedWriter
) -> None:
    joined(client, pad, writer)
    assert refused(client, pad, writer.update(pad.start, prev=bytes(32))) is Code.BAD_SEQUENCE


def test_t40_check_4_a_hello_comes_first_and_once(
    client: DeskClient, pad: ForgedPad, writer: ForgedWriter
) -> None:
    assert refused(client, pad, writer.hello(pad.start, seq=1)) is Code.BAD_SEQUENCE
    writer.seq, writer.prev = 0, bytes(32)
    joined(client, pad, writer)
    assert refused(client, pad, writer.hello(pad.start)) is Code.BAD_SEQUENCE


def test_t40_check_4_two_entries_with_one_seq_are_equivocation(
    client: DeskClient, pad: ForgedPad, writer: ForgedWriter
) -> None:
    joined(client, pad, writer)
    first, second = writer.update(pad.start, remember=False), writer.update(pad.start)
    assert client.append(first).code is Code.OK
    assert refused(client, pad, second) is Code.EQUIVOCATION
    assert refused(client, pad, second[:-1] + bytes([second[-1] ^ 1])) is Code.BAD_SIGNATURE


def test_t40_check_5_a_base_that_is_not_on_the_chain_is_refused(
    client: DeskClient, pad: ForgedPad, writer: ForgedWriter
) -> None:
    at = joined(client, pad, writer)
    assert refused(client, pad, writer.update(PadHead(at.n, bytes(32)), remember=False)) is Code.BAD_BASE
    assert refused(client, pad, writer.update(PadHead(2, at.head), remember=False)) is Code.BAD_BASE
    assert refused(client, pad, writer.update(PadHead(2**64 - 1, at.head), remember=False)) is Code.BAD_BASE
    assert client.append(writer.update(at)).code is Code.OK


def test_t40_check_5_a_base_never_goes_back(client: DeskClient, pad: ForgedPad, writer: ForgedWriter) -> None:
    at = joined(client, pad, writer)
    assert client.append(writer.update(at)).code is Code.OK
    assert refused(client, pad, writer.update(pad.start)) is Code.BAD_BASE


def test_t40_check_6_a_signature_by_another_key_is_refused(
    client: DeskClient, desk: Desk, pad: ForgedPad, writer: ForgedWriter
) -> None:
    joined(client, pad, writer)
    assert (
        refused(client, pad, writer.update(pad.start, sign_with=desk.forge.bytes(32))) is Code.BAD_SIGNATURE
    )


def test_t40_check_7_the_head_is_the_chains(client: DeskClient, pad: ForgedPad, writer: ForgedWriter) -> None:
    entries = [writer.hello(pad.start), *[writer.update(pad.start) for _ in range(20)]]
    heads = [pad.start.head]
    for n, raw in enumerate(entries, 1):
        parts = (heads[n - 1], heads[n - (n & -n)], labels.u64(n), parse_entry(raw).entry_id)
        heads.append(labels.hash_parts(labels.CHAIN, *parts))
    assert [position.head for position in client.append(*entries).positions] == heads[1:]


def test_an_entry_that_is_there_already_is_answered_with_its_place(
    client: DeskClient, pad: ForgedPad, writer: ForgedWriter
) -> None:
    entries = [writer.hello(pad.start), *[writer.update(pad.start) for _ in range(4)]]
    first = client.append(*entries)
    assert client.append(*entries) == first
    assert client.append(entries[1], entries[4], writer.update(pad.start)).positions[:2] == (
        first.positions[1],
        first.positions[4],
    )


def test_an_entry_sent_again_before_it_is_durable_waits_for_the_disk(
    desk: Desk, client: DeskClient, pad: ForgedPad, writer: ForgedWriter
) -> None:
    raw = writer.hello(pad.start)
    again = desk.connect()
    again.subscribe(pad)
    client.say(Op.APPEND, frames.Append((raw,)).encode())
    assert desk.hub.take_batch(desk.now) is not None
    again.say(Op.APPEND, frames.Append((raw,)).encode())
    assert desk.hub.take_batch(desk.now) is None
    assert again.peer.frames == client.peer.frames == []
    desk.hub.store.write(desk.hub._at_disk.rows)  # type: ignore[union-attr]
    desk.hub.store.sync()
    desk.hub.committed(desk.now)
    desk.commit()
    answers = [frame for frame in again.peer.take() if frame.op == Op.APPEND | 0x80]
    assert [frames.Appended.decode(answer.body).positions[0].n for answer in answers] == [1]


def test_what_follows_a_refused_entry_is_not_appended(
    client: DeskClient, pad: ForgedPad, writer: ForgedWriter
) -> None:
    good, gap, after = writer.hello(pad.start), writer.update(pad.start, seq=9), writer.update(pad.start)
    appended = client.append(good, gap, after)
    assert (len(appended.positions), appended.code) == (1, Code.BAD_SEQUENCE)
    assert client.subscribe(pad).n == 1


def test_a_view_link_alone_appends_nothing(
    client: DeskClient, desk: Desk, pad: ForgedPad, writer: ForgedWriter
) -> None:
    """T16: with the fetch key, its own writer key and a viewer's certificate."""
    from cryptpad_relay.protocol.entry import viewer_cert_parts

    vcert = labels.sign_parts(
        pad.fetch_seed, labels.VIEW_CERT, *viewer_cert_parts(pad.pad_id, 0, writer.public)
    )
    assert refused(client, pad, writer.entry(pad.start, Kind.HELLO, clear=vcert)) is Code.BAD_SIGNATURE


def test_a_thousand_entries_are_taken_in_slices_and_answered_once(
    desk: Desk, client: DeskClient, pad: ForgedPad, writer: ForgedWriter
) -> None:
    entries = (writer.hello(pad.start), *[writer.update(pad.start) for _ in range(99)])
    other = desk.connect()
    other.subscribe(pad)
    client.req += 1
    client.session.receive(
        frames.join_frame(Op.APPEND, client.req, frames.Append(entries).encode()), desk.now
    )
    desk.hub.take_batch(desk.now)
    assert client.peer.woken
    other.say(Op.STH, frames.SthRequest(pad.pad_id, bytes(16)).encode())
    assert [frame.op for frame in other.peer.take()] == [Op.STH | 0x80]
    client.work()
    desk.commit()
    ops = [frame.op for frame in client.peer.take()]
    assert ops[:2] == [Op.APPEND | 0x80, Op.COMMIT]
    assert ops.count(Op.APPEND | 0x80) == 1


def test_one_frame_never_outgrows_the_limit_and_splits_keep_their_heads(
    desk: Desk, client: DeskClient, pad: ForgedPad
) -> None:
    reader = desk.connect()
    reader.subscribe(pad)
    writers = [pad.writer() for _ in range(5)]
    for writer in writers:
        raws = (writer.hello(pad.start), writer.update(pad.start, sealed=desk.forge.bytes(500_000)))
        client.say(Op.APPEND, frames.Append(raws).encode())
    desk.commit()
    commits = [frames.Commit.decode(body) for body in reader.pushes(Op.COMMIT)]
    assert len(commits) > 1
    assert all(len(commit.encode()) <= frames.MAX_BODY for commit in commits)
    assert [commit.first_n for commit in commits] == [1, *[c.first_n + len(c.entries) for c in commits[:-1]]]
    fetched = client.ask(Op.FETCH, frames.Fetch(pad.pad_id, 0, commits[1].first_n - 1).encode())
    assert frames.Fetched.decode(fetched.body).head == commits[0].head


TAKEN_OUT = {
    "2, the epoch": (padlog.PadLog, "_check_epoch", None),
    "3, who may be a writer": (padlog.PadLog, "_check_first", None),
    "3, the certificate": (Entry, "cert_ok", True),
    "4, the place in the sequence": (padlog, "compare_digest", True),
    "5, the base": (padlog.PadLog, "_check_base", None),
    "6, the signature": (Entry, "signature_ok", True),
}


@pytest.mark.parametrize("check", TAKEN_OUT)
def test_t40_without_its_check_the_log_takes_what_it_refuses(
    client: DeskClient, desk: Desk, pad: ForgedPad, check: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def violation() -> bytes:
        writer = pad.writer()
        if check.startswith("3"):
            pad.cap_seed = desk.forge.bytes(32)
            hello = writer.hello(pad.start)
            return hello if "certificate" in check else writer.update(pad.start)
        joined(client, pad, writer)
        return {
            "2": lambda: writer.update(pad.start, epoch=1),
            "4": lambda: writer.update(pad.start, prev=bytes(32)),
            "5": lambda: writer.update(PadHead(1, bytes(32))),
            "6": lambda: writer.update(pad.start, sign_with=desk.forge.bytes(32)),
        }[check[0]]()

    assert client.append(violation()).code is not Code.OK
    owner, name, answer = TAKEN_OUT[check]
    raw = violation()
    monkeypatch.setattr(owner, name, lambda *args: answer)
    assert client.append(raw).code is Code.OK
