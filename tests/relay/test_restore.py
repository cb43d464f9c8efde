"""RESTORE: what a relay that came back from a backup takes, what it never takes, and how long others wait."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptpad_relay.hub import Hub
from cryptpad_relay.limits import Limits, Rate
from cryptpad_relay.protocol import chain, frames, labels
from cryptpad_relay.protocol.chain import SignedHead, make_proof, sign_head
from cryptpad_relay.protocol.entry import parse_entry
from cryptpad_relay.protocol.errors import Code, Malformed
from cryptpad_relay.protocol.frames import Op, PadHead, decode_signed_head, join_frame
from cryptpad_relay.protocol.restore import Restore
from cryptpad_relay.store.base import Store
from cryptpad_relay.store.memory import MemoryStore
from cryptpad_relay.store.sqlite import SqliteStore
from support.forge import Desk, DeskClient, Forge, ForgedPad, ForgedWriter, table_at

BACKUP_N = 4
END_N = 20
HOUR_S = 3_600.0


class History:
    """A pad's whole log as its people hold it: entries, heads, and the relay's signature over any of them."""

    def __init__(self, pad: ForgedPad, seed: bytes) -> None:
        self.pad, self._seed = pad, seed
        self.entries: list[bytes] = []
        self.heads = [pad.start.head]

    def add(self, *raws: bytes) -> None:
        for raw in raws:
            n = len(self.heads)
            skip = self.heads[n - chain.low_bit(n)]
            self.heads.append(chain.next_head(self.heads[-1], skip, n, parse_entry(raw).entry_id))
            self.entries.append(raw)

    def at(self, n: int) -> PadHead:
        return PadHead(n, self.heads[n])

    def signed(self, n: int, unix_s: float = 1_699_999_000.0) -> SignedHead:
        return sign_head(self._seed, self.pad.pad_id, n, self.heads[n], int(unix_s * 1_000), bytes(16))

    def frame(self, signed_n: int, after_n: int, last_n: int, /, **changes: object) -> bytes:
        steps: list[chain.Step] = []
        if last_n < signed_n:
            ids = [b"", *[parse_entry(raw).entry_id for raw in self.entries]]
            steps = make_proof(signed_n, last_n, self.heads.__getitem__, ids.__getitem__)
        entries = tuple(self.entries[after_n:last_n])
        made = Restore(self.signed(signed_n), after_n, tuple(steps), entries)
        return replace(made, **changes).encode()  # type: ignore[arg-type]


MakeDesk = Callable[..., Desk]


@pytest.fixture
def forge() -> Forge:
    return Forge(5)


@pytest.fixture
def make_desk(forge: Forge, store: Store) -> MakeDesk:
    """Relays of one identity; without a store of its own each is the same one, started again."""
    keys = forge.relay_keys()
    forge.relay_keys = lambda: keys  # type: ignore[method-assign]

    def make(on: Store | None = None, *, restored: bool = False, limits: Limits | None = None) -> Desk:
        hub_type = partial(Hub, restored=restored)
        return Desk(on or store, forge, limits=limits, hub_type=hub_type)  # type: ignore[arg-type]

    return make


@pytest.fixture
def writer(forge: Forge) -> ForgedWriter:
    return forge.pad().writer()


@pytest.fixture
def history(make_desk: MakeDesk, writer: ForgedWriter) -> History:
    """Twenty entries that a relay had signed, each on the one before it."""
    history = History(writer.pad, make_desk(MemoryStore()).keys.seed)
    history.add(writer.hello(writer.pad.start))
    while len(history.entries) < END_N:
        history.add(writer.update(history.at(len(history.entries))))
    return history


@pytest.fixture
def desk(make_desk: MakeDesk, history: History) -> Desk:
    """The relay that came back with the first four of them."""
    desk = make_desk()
    client = desk.connect()
    client.create(history.pad)
    client.subscribe(history.pad)
    assert client.append(*history.entries[:BACKUP_N]).code == Code.OK
    return desk


@pytest.fixture
def client(desk: Desk, history: History) -> DeskClient:
    return connected(desk, history.pad)


def connected(desk: Desk, pad: ForgedPad) -> DeskClient:
    client = desk.connect()
    client.subscribe(pad)
    return client


def restored(client: DeskClient, body: bytes) -> PadHead:
    answer = client.ask(Op.RESTORE, body)
    assert answer.op == Op.RESTORE | 0x80, frames.Error.decode(answer.body)
    return PadHead(int.from_bytes(answer.body[:8], "big"), answer.body[8:])


def refused(client: DeskClient, body: bytes) -> Code:
    return client.refusal(Op.RESTORE, body).code


def end_of(desk: Desk, pad: ForgedPad) -> PadHead:
    end = desk.connect().subscribe(pad)
    return PadHead(end.n, end.head)


def fresh_append(client: DeskClient, history: History) -> frames.Appended:
    """Somebody who knows only what the backup holds writes on."""
    return client.append(history.pad.writer().hello(history.at(BACKUP_N)))


# What comes back


def test_the_same_entries_at_the_same_places_with_the_same_heads(
    desk: Desk, client: DeskClient, history: History
) -> None:
    """T29"""
    assert restored(client, history.frame(END_N, BACKUP_N, END_N)) == history.at(END_N)
    assert end_of(desk, history.pad) == history.at(END_N)
    body = client.ask(Op.FETCH, frames.Fetch(history.pad.pad_id, 0, 1_000).encode()).body
    assert frames.Fetched.decode(body).entries == tuple(history.entries)


def test_a_long_tail_comes_in_frames_that_each_prove_their_part(
    desk: Desk, client: DeskClient, history: History
) -> None:
    for after_n in range(BACKUP_N, END_N, 3):
        last_n = min(after_n + 3, END_N)
        assert restored(client, history.frame(END_N, after_n, last_n)) == history.at(last_n)
    assert end_of(desk, history.pad) == history.at(END_N)


def test_two_who_restore_at_the_same_time_both_end_well(desk: Desk, history: History) -> None:
    """One holds less than the other; their frames interleave, and overlap."""
    one, two = connected(desk, history.pad), connected(desk, history.pad)
    assert restored(one, history.frame(18, 4, 9)).n == 9
    assert restored(two, history.frame(END_N, 4, 7)).n == 9
    assert restored(two, history.frame(END_N, 7, 14)).n == 14
    assert restored(one, history.frame(18, 9, 18)).n == 18
    assert restored(one, history.frame(18, 9, 18)).n == 18
    assert restored(two, history.frame(END_N, 14, END_N)) == history.at(END_N)


def test_two_who_restore_in_one_commit_both_end_well(desk: Desk, history: History) -> None:
    one, two = connected(desk, history.pad), connected(desk, history.pad)
    for client in (one, two):
        client.say(Op.RESTORE, history.frame(END_N, BACKUP_N, END_N))
    while desk.commit():
        pass
    for client in (one, two):
        [answer] = [frame for frame in client.peer.frames if frame.req == client.req]
        assert answer.op == Op.RESTORE | 0x80
    assert end_of(desk, history.pad) == history.at(END_N)


def test_who_listens_sees_the_entries_come_back(desk: Desk, client: DeskClient, history: History) -> None:
    listener = connected(desk, history.pad)
    restored(client, history.frame(END_N, BACKUP_N, END_N))
    [commit] = [frames.Commit.decode(body) for body in listener.pushes(Op.COMMIT)]
    assert (commit.first_n, commit.head) == (BACKUP_N + 1, history.heads[END_N])
    assert commit.entries == tuple(history.entries[BACKUP_N:])


def test_the_answer_waits_for_the_disk_and_a_failed_disk_keeps_nothing(
    desk: Desk, client: DeskClient, history: History
) -> None:
    client.say(Op.RESTORE, history.frame(END_N, BACKUP_N, END_N))
    assert not client.peer.take()
    batch = desk.hub.take_batch(desk.now)
    assert batch is not None
    assert len(batch.rows.entries) == END_N - BACKUP_N
    desk.hub.failed()
    [answer] = [frame for frame in client.peer.take() if frame.req == client.req]
    assert frames.Error.decode(answer.body).code == Code.STORAGE
    assert end_of(desk, history.pad).n == BACKUP_N
    assert restored(client, history.frame(END_N, BACKUP_N, END_N)) == history.at(END_N)


def test_rate_limits_do_not_hold_up_what_the_relay_had(make_desk: MakeDesk, history: History) -> None:
    desk = make_desk(limits=Limits(entries_per_connection=Rate(4, 0.001)))
    client = desk.connect()
    client.create(history.pad)
    client.subscribe(history.pad)
    assert client.append(*history.entries[:BACKUP_N]).code == Code.OK
    assert fresh_append(client, history).code == Code.RETRY
    assert restored(client, history.frame(END_N, BACKUP_N, END_N)) == history.at(END_N)


# What is never taken


def test_another_keys_signature_restores_nothing(desk: Desk, client: DeskClient, history: History) -> None:
    forged = sign_head(bytes(32), history.pad.pad_id, END_N, history.heads[END_N], 1, bytes(16))
    body = history.frame(END_N, BACKUP_N, END_N, signed=forged)
    assert refused(client, body) == Code.BAD_SIGNATURE
    assert end_of(desk, history.pad).n == BACKUP_N
    assert fresh_append(client, history).code == Code.OK


@pytest.mark.parametrize(
    "wrong",
    [
        lambda h: h.frame(END_N, 4, END_N, entries=(h.entries[5], h.entries[4], *h.entries[6:])),
        lambda h: h.frame(END_N, 4, END_N, entries=tuple(h.entries[4:-1])),
        lambda h: h.frame(END_N, 4, END_N, after_n=5),
        lambda h: h.frame(END_N, 4, END_N, after_n=3),
        lambda h: h.frame(END_N, 4, 9, steps=()),
        lambda h: h.frame(END_N, 5, 9),
        lambda h: h.frame(END_N, 4, 9, signed=h.signed(19)),
        lambda h: h.frame(3, 3, 3, signed=replace(h.signed(3), head=bytes(32))),
    ],
)
def test_what_does_not_lead_to_the_signed_head_is_not_kept(
    desk: Desk, client: DeskClient, history: History, wrong: Callable[[History], bytes]
) -> None:
    assert refused(client, wrong(history)) in (Code.BAD_BASE, Code.BAD_SIGNATURE)
    assert end_of(desk, history.pad).n == BACKUP_N
    assert fresh_append(client, history).code == Code.OK


@pytest.mark.parametrize("reason", [Code.BAD_SEQUENCE, Code.BAD_SIGNATURE, Code.UNKNOWN_WRITER])
def test_one_bad_entry_spoils_its_whole_frame(
    desk: Desk, client: DeskClient, history: History, writer: ForgedWriter, reason: Code
) -> None:
    """Also under a signature of the relay: it checks today what it checked then."""
    forked = History(history.pad, desk.keys.seed)
    forked.add(*history.entries[:6])
    bad = {
        Code.BAD_SEQUENCE: lambda: history.entries[8],
        Code.BAD_SIGNATURE: lambda: writer.update(forked.at(6), sign_with=bytes(32)),
        Code.UNKNOWN_WRITER: lambda: history.pad.writer().update(forked.at(6)),
    }[reason]()
    forked.add(bad)
    assert refused(client, forked.frame(7, BACKUP_N, 7)) == reason
    assert end_of(desk, history.pad).n == BACKUP_N
    assert restored(client, history.frame(END_N, BACKUP_N, END_N)) == history.at(END_N)


def test_without_the_draft_a_refused_frame_would_leave_entries_behind(
    desk: Desk, client: DeskClient, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    forked = History(history.pad, desk.keys.seed)
    forked.add(*history.entries[:6], history.entries[8])
    pad = desk.hub.open_pad(history.pad.pad_id)
    assert pad is not None
    monkeypatch.setattr(type(pad.log), "draft", lambda log: log)
    assert refused(client, forked.frame(7, BACKUP_N, 7)) == Code.BAD_SEQUENCE
    assert pad.log.n > BACKUP_N


def test_what_another_appends_between_two_slices_is_not_overrun(
    make_desk: MakeDesk, writer: ForgedWriter
) -> None:
    """A long frame is checked in slices, and others have their turn between them."""
    pad, desk = writer.pad, make_desk()
    history = History(pad, desk.keys.seed)
    history.add(writer.hello(pad.start), *[writer.update(pad.start) for _ in range(29)])
    desk.connect().create(pad)
    one, two = connected(desk, pad), connected(desk, pad)
    one.req += 1
    one.session.receive(join_frame(Op.RESTORE, one.req, history.frame(30, 0, 30)), desk.now)
    assert two.append(pad.writer().hello(pad.start)).code == Code.OK
    one.work()
    [answer] = [frame for frame in one.peer.take() if frame.req == one.req]
    assert frames.Error.decode(answer.body).code == Code.BAD_BASE
    assert end_of(desk, pad).n == 1


def test_no_entrys_signature_is_checked_before_the_chain_is(
    desk: Desk, client: DeskClient, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a thousand signatures could be had for the price of one."""
    checked: list[bytes] = []
    monkeypatch.setattr("cryptpad_relay.padlog.PadLog.verified", lambda log, raw: checked.append(raw))
    assert refused(client, history.frame(END_N, BACKUP_N, 9, steps=())) == Code.BAD_BASE
    assert not checked


def test_showing_signatures_costs_what_a_subscription_costs(make_desk: MakeDesk, history: History) -> None:
    desk = make_desk(limits=Limits(proofs_per_connection=Rate(3, 0.001)))
    client = desk.connect()
    client.create(history.pad)
    client.subscribe(history.pad)
    body = history.frame(END_N, 0, 0)
    assert [refused(client, body) if i > 1 else restored(client, body).n for i in range(3)] == [
        0,
        0,
        Code.RETRY,
    ]


def test_it_needs_a_subscription(desk: Desk, history: History) -> None:
    assert refused(desk.connect(), history.frame(END_N, BACKUP_N, BACKUP_N)) == Code.NOT_SUBSCRIBED


# Who waits, and for how long


def test_appends_wait_until_the_loss_is_restored_and_others_had_their_time(
    desk: Desk, client: DeskClient, history: History
) -> None:
    """R28: what somebody appended at a lost position would fork all who hold the old one."""
    other = connected(desk, history.pad)
    assert restored(client, history.frame(END_N, BACKUP_N, BACKUP_N)).n == BACKUP_N
    answer = fresh_append(other, history)
    assert (answer.code, answer.positions) == (Code.BEHIND, ())
    assert 0 < answer.retry_ms <= 5_000
    assert restored(client, history.frame(END_N, BACKUP_N, END_N)) == history.at(END_N)
    desk.unix_s += 59
    assert fresh_append(other, history).code == Code.BEHIND
    desk.unix_s += 2
    assert fresh_append(other, history).positions[0].n == END_N + 1


def test_a_longer_signed_log_may_still_come_in_that_time(desk: Desk, history: History) -> None:
    one, two = connected(desk, history.pad), connected(desk, history.pad)
    assert restored(one, history.frame(12, BACKUP_N, 12)) == history.at(12)
    assert fresh_append(one, history).code == Code.BEHIND
    assert restored(two, history.frame(END_N, 12, END_N)) == history.at(END_N)


@pytest.mark.parametrize("restart", [False, True])
def test_nobody_can_hold_a_pad_for_ever(
    desk: Desk, make_desk: MakeDesk, history: History, restart: bool
) -> None:
    """R21: neither with one signed head after the other, nor across restarts of the relay."""
    client = connected(desk, history.pad)
    started = desk.unix_s
    for n in range(BACKUP_N + 1, END_N + 1):
        assert restored(client, history.frame(n, BACKUP_N, BACKUP_N)).n == BACKUP_N
        desk.unix_s += 5 * HOUR_S
        held = desk.unix_s < started + 72 * HOUR_S
        if restart:
            now, desk = desk.unix_s, make_desk()
            desk.unix_s = now
            client = connected(desk, history.pad)
        assert (desk.hub.holds.wait_ms(desk.hub.open_pad(history.pad.pad_id)) > 0) is held  # type: ignore[arg-type]
    assert restored(client, history.frame(END_N, BACKUP_N, BACKUP_N)).n == BACKUP_N
    assert fresh_append(client, history).code == Code.OK


def test_a_clock_that_was_set_back_does_not_begin_the_wait_again(
    desk: Desk, client: DeskClient, history: History
) -> None:
    desk.unix_s = 1_699_998_000.0
    restored(client, history.frame(END_N, BACKUP_N, BACKUP_N))
    pad = desk.hub.open_pad(history.pad.pad_id)
    assert pad is not None
    loss = pad.loss
    desk.unix_s += 60
    restored(client, history.frame(END_N, BACKUP_N, BACKUP_N))
    assert pad.loss == loss


def wait_of(desk: Desk, history: History) -> int:
    pad = desk.hub.open_pad(history.pad.pad_id)
    assert pad is not None
    return desk.hub.holds.wait_ms(pad)


def test_a_head_that_was_signed_years_ahead_holds_a_pad_no_longer_than_another(
    desk: Desk, client: DeskClient, history: History
) -> None:
    """A clock once far ahead: neither its heads nor one after the other of them hold the pad until then."""
    for n in range(BACKUP_N + 1, END_N):
        ahead = history.signed(n, desk.unix_s + (n + 10) * 8_760 * HOUR_S)
        restored(client, history.frame(n, BACKUP_N, BACKUP_N, signed=ahead))
        assert (wait_of(desk, history) > 0) is (n <= BACKUP_N + 9)
        desk.unix_s += 8 * HOUR_S
    assert fresh_append(client, history).code == Code.OK


@pytest.mark.parametrize("restart", [False, True])
def test_a_loss_that_came_out_while_the_clock_was_years_ahead_is_over(
    desk: Desk, client: DeskClient, make_desk: MakeDesk, history: History, restart: bool
) -> None:
    desk.unix_s += 10 * 8_760 * HOUR_S
    restored(client, history.frame(END_N, BACKUP_N, BACKUP_N))
    assert wait_of(desk, history) > 0
    now = desk.unix_s - 10 * 8_760 * HOUR_S
    if restart:
        desk = make_desk()
        client = connected(desk, history.pad)
    desk.unix_s = now
    assert wait_of(desk, history) == 0
    restored(client, history.frame(END_N, BACKUP_N, BACKUP_N))
    assert wait_of(desk, history) > 0, "another loss, from now on"
    desk.unix_s += 73 * HOUR_S
    assert fresh_append(client, history).code == Code.OK


def test_a_backup_that_began_while_the_clock_was_years_ahead_waits_a_day(
    desk: Desk, make_desk: MakeDesk, history: History
) -> None:
    desk = make_desk(restored=True)
    desk.hub.holds._started_ms += 10 * 8_760 * 3_600_000
    client = connected(desk, history.pad)
    assert fresh_append(client, history).code == Code.BEHIND
    desk.unix_s += 25 * HOUR_S
    assert fresh_append(client, history).code == Code.OK


def test_a_second_loss_is_another_one(desk: Desk, client: DeskClient, history: History) -> None:
    restored(client, history.frame(12, BACKUP_N, BACKUP_N))
    desk.unix_s += 100 * HOUR_S
    assert desk.hub.holds.wait_ms(desk.hub.open_pad(history.pad.pad_id)) == 0  # type: ignore[arg-type]
    later = history.signed(END_N, desk.unix_s - 1)
    restored(client, history.frame(END_N, BACKUP_N, BACKUP_N, signed=later))
    assert fresh_append(client, history).code == Code.BEHIND


def test_a_log_that_went_on_another_way_cannot_be_held(
    desk: Desk, client: DeskClient, history: History
) -> None:
    """R21: a signed head proves a loss only together with the proof that it extends what is here."""
    assert fresh_append(client, history).code == Code.OK
    assert restored(client, history.frame(END_N, BACKUP_N, BACKUP_N)).n == BACKUP_N + 1
    assert refused(client, history.frame(END_N, BACKUP_N, END_N)) == Code.BAD_BASE
    assert refused(client, history.frame(END_N, BACKUP_N + 1, BACKUP_N + 1)) == Code.BAD_BASE
    assert fresh_append(client, history).code == Code.OK


def test_what_is_shown_keeps_no_state_but_one_row_a_pad(
    desk: Desk, client: DeskClient, history: History, store: Store
) -> None:
    for n in range(END_N, BACKUP_N, -1):
        restored(client, history.frame(n, BACKUP_N, BACKUP_N))
    row = store.find(history.pad.pad_id)
    assert row is not None
    loss = store.pad_index(row).loss()
    assert loss is not None
    assert loss.n == END_N
    if isinstance(store, SqliteStore):
        assert store._reading.execute("SELECT count(*) FROM loss").fetchone() == (1,)


# What was never signed


def test_what_was_never_signed_is_taken_at_exactly_its_place(
    desk: Desk, client: DeskClient, history: History
) -> None:
    """A relay may die between a commit and the signature over it. What is signed has the wait's first half
    for itself, the rest the second.
    """
    assert restored(client, history.frame(18, BACKUP_N, 18)) == history.at(18)
    assert refused(client, history.frame(18, 18, END_N)) == Code.BEHIND
    desk.unix_s += 31
    assert fresh_append(client, history).code == Code.BEHIND
    assert restored(client, history.frame(18, 18, END_N)) == history.at(END_N)


def test_it_is_not_taken_beside_what_somebody_else_appended(
    desk: Desk, client: DeskClient, history: History
) -> None:
    restored(client, history.frame(18, BACKUP_N, 18))
    desk.unix_s += 61
    assert fresh_append(client, history).code == Code.OK
    assert refused(client, history.frame(18, 18, END_N)) == Code.BAD_BASE


def test_it_waits_while_a_longer_signed_log_was_shown(desk: Desk, history: History) -> None:
    honest, liar = connected(desk, history.pad), connected(desk, history.pad)
    restored(honest, history.frame(END_N, BACKUP_N, 12))
    forked = History(history.pad, desk.keys.seed)
    forked.add(*history.entries[:12], history.pad.writer().hello(history.at(12)))
    assert refused(liar, forked.frame(12, 12, 13)) == Code.BEHIND
    assert restored(honest, history.frame(END_N, 12, END_N)) == history.at(END_N)


def test_it_counts_as_an_append(make_desk: MakeDesk, history: History) -> None:
    desk = make_desk(limits=Limits(entries_per_connection=Rate(END_N - 1, 0.001)))
    client = desk.connect()
    client.create(history.pad)
    client.subscribe(history.pad)
    assert client.append(*history.entries[:18]).code == Code.OK
    assert refused(client, history.frame(10, 18, END_N)) == Code.RETRY


# Snapshots


def test_a_snapshot_whose_chunks_are_lost_comes_back_and_is_not_offered(
    make_desk: MakeDesk, writer: ForgedWriter, store: Store
) -> None:
    pad, whole = writer.pad, make_desk(MemoryStore())
    client = whole.connect()
    client.create(pad)
    client.subscribe(pad)
    history = History(pad, whole.keys.seed)
    history.add(writer.hello(pad.start), writer.update(pad.start))
    client.append(*history.entries)
    chunk = pad.forge.bytes(600)
    client.ask(Op.CHUNK_PUT, frames.ChunkPut(pad.pad_id, chunk).encode())
    history.add(writer.snapshot(pad.start, history.at(2), table_at(whole, pad, 2), [chunk]))
    history.add(writer.update(pad.start))
    assert client.append(*history.entries[2:]).code == Code.OK

    desk = make_desk()
    client = desk.connect()
    client.create(pad)
    client.subscribe(pad)
    assert client.append(history.entries[0]).code == Code.OK
    # A SNAPSHOT is judged by what is durable: its frame begins with it.
    assert restored(client, history.frame(4, 1, 2)).n == 2
    assert restored(client, history.frame(4, 2, 4)) == history.at(4)
    assert desk.connect().subscribe(pad).snapshot_n == 0
    assert make_desk().connect().subscribe(pad).snapshot_n == 0
    desk.unix_s += 61
    again = writer.snapshot(pad.start, history.at(2), table_at(desk, pad, 2), [chunk], remember=False)
    assert client.append(again).code == Code.BAD_SNAPSHOT
    client.ask(Op.CHUNK_PUT, frames.ChunkPut(pad.pad_id, chunk).encode())
    assert desk.connect().subscribe(pad).snapshot_n == 3
    if isinstance(store, SqliteStore):
        store.drop_loose_chunks(2**31)
    assert make_desk().connect().subscribe(pad).snapshot_n == 3
    chunk_id = labels.hash_parts(labels.CHUNK, chunk)
    assert client.ask(Op.CHUNK_GET, frames.PadAndHash(pad.pad_id, chunk_id).encode()).body == chunk


def test_a_snapshot_waits_until_what_it_stands_on_is_durable(
    make_desk: MakeDesk, writer: ForgedWriter
) -> None:
    """Somebody else's frame is on its way to the disk: that is nobody's fault, so it is tried again."""
    pad, whole = writer.pad, make_desk(MemoryStore())
    client = whole.connect()
    client.create(pad)
    client.subscribe(pad)
    history = History(pad, whole.keys.seed)
    history.add(writer.hello(pad.start), writer.update(pad.start))
    client.append(*history.entries)
    history.add(writer.snapshot(pad.start, history.at(2), table_at(whole, pad, 2), [bytes(600)]))
    desk = make_desk()
    desk.connect().create(pad)
    one, two = connected(desk, pad), connected(desk, pad)
    one.say(Op.RESTORE, history.frame(3, 0, 2))
    two.say(Op.RESTORE, history.frame(3, 2, 3))
    [answer] = [frame for frame in two.peer.take() if frame.req == two.req]
    assert frames.Error.decode(answer.body).code == Code.RETRY
    desk.commit()
    assert restored(two, history.frame(3, 2, 3)) == history.at(3)


# serve --restored


def test_a_relay_that_knows_it_is_a_backup_waits_for_an_old_signature(
    desk: Desk, make_desk: MakeDesk, history: History
) -> None:
    """Also where nothing was lost. A head that it signed just now says nothing about the time before."""
    desk = make_desk(restored=True)
    client = connected(desk, history.pad)
    assert fresh_append(client, history).code == Code.BEHIND
    fresh = history.signed(BACKUP_N, desk.unix_s + 1)
    restored(client, history.frame(BACKUP_N, BACKUP_N, BACKUP_N, signed=fresh))
    desk.unix_s += 61
    assert fresh_append(client, history).code == Code.BEHIND
    restored(client, history.frame(BACKUP_N, BACKUP_N, BACKUP_N))
    assert fresh_append(client, history).code == Code.OK


def test_it_gives_everybody_the_same_time_to_come(desk: Desk, make_desk: MakeDesk, history: History) -> None:
    desk = make_desk(restored=True)
    client = connected(desk, history.pad)
    restored(client, history.frame(BACKUP_N, BACKUP_N, BACKUP_N))
    assert fresh_append(client, history).code == Code.BEHIND
    assert restored(client, history.frame(END_N, BACKUP_N, END_N)).n == END_N


def test_fresh_entries_do_not_slip_past_the_wait_as_if_they_were_lost(
    desk: Desk, make_desk: MakeDesk, history: History
) -> None:
    """An editor shows any old signature and appends by RESTORE what was never in the log. Whoever holds more
    comes too late, and the relay's two signatures contradict each other.
    """
    desk = make_desk(restored=True)
    client = connected(desk, history.pad)
    forked = History(history.pad, desk.keys.seed)
    forked.add(*history.entries[:BACKUP_N], history.pad.writer().hello(history.at(BACKUP_N)))
    assert refused(client, forked.frame(BACKUP_N, BACKUP_N, BACKUP_N + 1)) == Code.BEHIND


def test_an_old_signature_above_the_backup_counts_once_it_is_restored(
    desk: Desk, make_desk: MakeDesk, history: History
) -> None:
    """Who comes later has only younger signatures to show."""
    desk = make_desk(restored=True)
    restored(connected(desk, history.pad), history.frame(END_N, BACKUP_N, END_N))
    desk.unix_s += 61
    assert fresh_append(connected(desk, history.pad), history).code == Code.OK


def test_it_goes_on_after_a_day(desk: Desk, make_desk: MakeDesk, history: History) -> None:
    desk = make_desk(restored=True)
    client = connected(desk, history.pad)
    desk.unix_s += 24 * HOUR_S - 1
    assert fresh_append(client, history).code == Code.BEHIND
    desk.unix_s += 2
    assert fresh_append(client, history).code == Code.OK


def test_pads_that_are_made_after_its_start_do_not_wait(
    desk: Desk, make_desk: MakeDesk, forge: Forge
) -> None:
    desk, pad = make_desk(restored=True), forge.pad()
    client = desk.connect()
    client.create(pad)
    client.subscribe(pad)
    assert client.append(pad.writer().hello(pad.start)).code == Code.OK


# Foreign bytes


@given(st.binary(max_size=400))
def test_any_bytes_are_a_frame_or_malformed(body: bytes) -> None:
    with suppress(Malformed):
        assert Restore.decode(body).encode() == body


def test_counts_are_bounded_before_anything_is_read(history: History) -> None:
    body = history.frame(END_N, BACKUP_N, BACKUP_N, steps=())
    head, counts = body[:-4], body[-4:]
    assert counts == bytes(4)
    for wrong in (b"\xff\xff\0\0", b"\0\0\xff\xff", b"\0\0", bytes(5)):
        with pytest.raises(Malformed):
            Restore.decode(head + wrong)
    with pytest.raises(Malformed):
        Restore.decode(body[:32] + b"\xff" * 8 + body[40:])
    assert decode_signed_head(body[:160]) == history.signed(END_N)
