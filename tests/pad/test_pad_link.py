"""A pad on a connection: what an honest relay's pushes must never be taken for, and a lying one's must."""

from __future__ import annotations

import asyncio

import pytest

from cryptpad_relay.protocol import chain, frames
from cryptpad_relay.protocol.entry import parse_entry
from cryptpad_relay.protocol.errors import Code, Refused
from cryptpad_relay.protocol.frames import Frame, Op
from cryptpad_tui.crdt.errors import NeedsTime
from cryptpad_tui.pad import flows, snapshots
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.sync.pad_link import PadLink
from support.pads import RELAY_SEED, ListRelay, Person, load_here, relay_for


class Host:
    """A pad's owner, as far as a link asks."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.replica = person.replica
        self.load_document = staticmethod(load_here)
        self.uploaded = True
        self.pin = flows.Pin(0, b"")
        self.problem = ""

    def show_some(self) -> bool:
        return False

    def folded(self) -> None:
        self.person.show(self.replica.take_folded())

    async def load_ahead(self) -> None: ...

    def attached(self, connected: flows.Connected) -> None: ...

    def presence_frame(self, frame: bytes) -> None: ...

    def seal(self) -> None:
        self.replica.queue.seal_pending()

    def remake(self, *, with_outbox: bool) -> None: ...


class Connection:
    """A connection whose other end is a list."""

    def __init__(self, relay: ListRelay) -> None:
        self.relay = relay
        self.greeting = relay.greeting

    def on_push(self, pad_id: bytes, handler: object) -> None: ...

    async def run(self, flow: flows.Flow[object]) -> object:
        return self.relay.play(flow)

    async def request(self, asked: flows.Request) -> bytes:
        return self.relay.answer(*asked)


def linked(person: Person, relay: ListRelay) -> tuple[PadLink, Host, list[Exception]]:
    failures: list[Exception] = []
    host = Host(person)
    link = PadLink(host, Connection(relay), rng=person.rng, failed=failures.append)  # type: ignore[arg-type]
    return link, host, failures


def commit_of(relay: ListRelay, first_n: int, own: bool) -> Frame:
    raws = tuple(relay.entries[first_n - 1 :])
    entries = tuple(parse_entry(raw).entry_id for raw in raws) if own else raws
    body = frames.Commit(relay.pad_id, first_n, relay.heads[-1], entries).encode()
    return Frame(Op.COMMIT, 0, body)


async def settled(link: PadLink) -> None:
    while link._taking and not link._taking.done():
        await asyncio.sleep(0)


async def test_own_entries_that_left_the_outbox_are_fetched_and_blame_nobody() -> None:
    anna = Person("Anna", 1)
    relay = relay_for(anna)
    link, _, failures = linked(anna, relay)
    await link.attach()
    anna.type("text")
    await link.send_pending(now=0.0)
    anna.store.outbox_rows.clear()
    link._on_push(commit_of(relay, 1, own=True))
    await settled(link)
    assert failures == []
    assert anna.canonical() == "text"


def signed(relay: ListRelay, head: bytes) -> Frame:
    n = len(relay.entries)
    sth = chain.sign_head(RELAY_SEED, relay.pad_id, n, head, 7, bytes(16))
    body = relay.pad_id + n.to_bytes(8, "big") + head + (7).to_bytes(8, "big") + bytes(16) + sth.signature
    return Frame(Op.SIGNED, 0, body)


@pytest.mark.parametrize("lie", [False, True])
async def test_a_signed_head_is_compared_once_its_commit_is_folded(lie: bool) -> None:
    """T12: it always comes before the fold is there."""
    anna, boris = Person("Anna", 1), Person("Boris", 2)
    relay = relay_for(anna)
    link, _, failures = linked(boris, relay)
    await link.attach()
    anna.type("text")
    anna.sync(relay)
    link._on_push(signed(relay, b"\7" * 32 if lie else relay.heads[-1]))
    link._on_push(commit_of(relay, 1, own=False))
    await settled(link)
    assert boris.canonical() == "text"
    assert [getattr(failure, "code", None) for failure in failures] == ([AlarmCode.FORK] if lie else [])
    assert all(isinstance(failure, Alarm) and failure.evidence for failure in failures)


async def test_what_is_pushed_as_signed_and_is_not_is_held_against_nobody() -> None:
    """Kept as the relay's word, it would convict a relay that never said it, or nobody at all."""
    anna, boris = Person("Anna", 1), Person("Boris", 2)
    relay = relay_for(anna)
    anna.type("text")
    anna.sync(relay)
    link, host, failures = linked(boris, relay)
    await link.attach()
    before = host.replica.witness.latest
    link._on_push(Frame(Op.SIGNED, 0, signed(relay, b"\7" * 32).body[:-64] + bytes(64)))
    assert [getattr(failure, "code", None) for failure in failures] == [AlarmCode.WRONG_RELAY]
    assert host.replica.witness.latest == before


async def test_an_end_of_the_log_that_is_not_signed_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    anna = Person("Anna", 1)
    relay = Withholds(anna.replica.pad_id, anna.replica.genesis.raw)
    link, host, _ = linked(anna, relay)
    await link.attach()
    before, honest = host.replica.witness.latest, relay.on_sth
    await link.refetch()
    assert host.replica.witness.latest != before

    def unsigned(body: bytes) -> bytes:
        return frames.SthReply.decode(honest(body))._replace(signature=bytes(64)).encode()

    before = host.replica.witness.latest
    monkeypatch.setattr(relay, "on_sth", unsigned)
    with pytest.raises(Alarm) as caught:
        await link.refetch()
    assert caught.value.code is AlarmCode.WRONG_RELAY
    assert host.replica.witness.latest == before


async def test_a_full_relay_is_told_about_and_not_asked_again_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    anna = Person("Anna", 1)
    relay = relay_for(anna)
    link, host, _ = linked(anna, relay)
    await link.attach()
    anna.type("text")
    asked = []

    def full(body: bytes) -> bytes:
        asked.append(body)
        return frames.Appended((), Code.QUOTA).encode()

    with monkeypatch.context() as patched:
        patched.setattr(relay, "on_append", full, raising=False)
        for tick in range(100):
            await link.send_pending(now=tick / 10)
        assert len(asked) == 1
        assert "no more room" in host.problem
    await link.send_pending(now=1_000.0)
    assert host.problem == ""
    assert len(relay.entries) == 2


async def test_a_refused_snapshot_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    anna = Person("Anna", 1)
    relay = relay_for(anna)
    link, host, _ = linked(anna, relay)
    await link.attach()
    anna.type("text")
    anna.sync(relay)
    host.replica.fold.mark_checkpoint()
    host.replica.made_snapshot = snapshots.make_snapshot(host.replica.fold, rng=anna.rng)

    def refuse(body: bytes) -> bytes:
        raise Refused(Code.QUOTA)

    monkeypatch.setattr(relay, "on_chunk_put", refuse)
    assert await link.send_snapshot() is False


async def test_a_flood_of_commits_does_not_pile_up() -> None:
    anna, boris = Person("Anna", 1), Person("Boris", 2)
    relay = relay_for(anna)
    link, _, failures = linked(boris, relay)
    await link.attach()
    async with link._lock:
        for i in range(400):
            if i % 10 == 0:
                anna.type("x")
                anna.sync(relay)
            link._on_push(commit_of(relay, len(relay.entries), own=False))
        assert len(link._commits.waiting) <= 256
    await settled(link)
    assert failures == []
    assert boris.canonical() == anna.text()


class Withholds(ListRelay):
    """Says that a writer is spoiled, and keeps the entries that it refused."""

    kept: tuple[bytes, ...] = ()

    def on_append(self, body: bytes) -> bytes:
        entries = frames.Append.decode(body).entries
        if parse_entry(entries[0]).seq == 2 and not self.kept:
            self.kept = entries
            return frames.Appended((), Code.EQUIVOCATION).encode()
        return super().on_append(body)

    def on_sth(self, body: bytes) -> bytes:
        n = len(self.entries)
        challenge = frames.SthRequest.decode(body).challenge
        signed = chain.sign_head(RELAY_SEED, self.pad_id, n, self.heads[n], 0, challenge)
        return frames.SthReply(n, self.heads[n], 0, signed.signature).encode()


class Remakes(Host):
    """Makes what is pending again as a session does."""

    def remake(self, *, with_outbox: bool) -> None:
        journal, outbox = self.replica.queue.remake_ids(with_outbox=with_outbox)
        writer = self.replica.queue.renew_writer()
        self.person.view.rebase(self.replica.fold.document.encode(), writer.client_id)
        self.person.store.replace_pending(
            journal_ids=journal,
            outbox_ids=outbox,
            writer_pk=writer.pk,
            updates=self.person.view.take_updates(),
        )


async def withheld(anna: Person, relay: Withholds) -> None:
    """Anna's second line is refused, kept, made again, and then shown all the same."""
    host = Remakes(anna)
    link = PadLink(host, Connection(relay), rng=anna.rng, failed=lambda error: None)  # type: ignore[arg-type]
    await link.attach()
    for text in ("first. ", "second. "):
        anna.type(text)
        await link.send_pending(now=0.0)
        anna.fetch(relay)
    await link.send_pending(now=1.0)
    anna.fetch(relay)
    assert relay.kept
    for raw in relay.kept:
        relay.append(raw)


async def test_entries_that_a_relay_refused_and_kept_are_void_when_it_shows_them() -> None:
    """§6 `supersedes`: the old writer has ended in the log before its text is made again."""
    anna, boris = Person("Anna", 1), Person("Boris", 2)
    relay = Withholds(anna.replica.pad_id, anna.replica.genesis.raw)
    await withheld(anna, relay)
    boris.fetch(relay)
    assert boris.canonical() == "first. second. "
    assert boris.store.log[-1].void


async def test_without_superseding_the_text_would_be_there_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    async def only_remake(self: PadLink, refused: object, code: Code) -> None:
        self._host.remake(with_outbox=True)

    monkeypatch.setattr(PadLink, "_replace_writer", only_remake)
    anna, boris = Person("Anna", 1), Person("Boris", 2)
    relay = Withholds(anna.replica.pad_id, anna.replica.genesis.raw)
    await withheld(anna, relay)
    boris.fetch(relay)
    assert boris.canonical().count("second. ") == 2


async def test_a_relay_that_answers_nothing_fills_no_memory_by_pushing() -> None:
    """While the pad waits for an answer: what is pushed is kept up to a size, and fetched from there on."""
    anna, boris = Person("Anna", 1), Person("Boris", 2)
    relay = relay_for(anna)
    link, _, _ = linked(anna, relay)
    await link.attach()
    boris.type("text")
    boris.sync(relay)
    await link._lock.acquire()
    body = frames.Commit(relay.pad_id, 9, relay.heads[-1], (bytes(900_000),)).encode()
    for _ in range(64):
        link._on_push(Frame(Op.COMMIT, 0, body))
        assert sum(len(entry) for commit in link._commits.waiting for entry in commit.entries) < 10_000_000
    link._on_push(commit_of(relay, 1, own=False))
    del link._commits.waiting[:-1]
    link._lock.release()
    await settled(link)
    assert anna.canonical() == "text"
    assert link._commits.queued_bytes == 0


async def test_a_proof_of_a_wrong_signature_gives_no_ticket_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who holds a pad's ticket may WATCH it, and a proof is made to be shown to strangers."""
    anna = Person("Anna", 1)
    relay = relay_for(anna)
    ticket = b"for WATCH alone."
    honest = relay.on_sub

    def spoiled(body: bytes) -> bytes:
        answer = frames.Subscribed.decode(honest(body))
        return answer._replace(signature=bytes(64), ticket=ticket).encode()

    monkeypatch.setattr(relay, "on_sub", spoiled)
    link, _, _ = linked(anna, relay)
    with pytest.raises(Alarm) as caught:
        await link.attach()
    assert caught.value.code is AlarmCode.WRONG_RELAY
    assert all(ticket not in piece.content for piece in caught.value.pieces)


async def test_what_signing_needs_of_a_long_document_is_made_ready_in_slices(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    anna = Person("Anna", 1)
    relay = relay_for(anna)
    link, host, _ = linked(anna, relay)
    await link.attach()
    anna.type("text")
    slices, ran, seal = [3], list[int](), host.seal
    document = anna.replica.fold.document

    def sealing() -> None:
        if document.may_wait and slices[0]:
            raise NeedsTime
        seal()

    def prepare() -> bool:
        slices[0] -= 1
        asyncio.get_running_loop().call_soon(ran.append, slices[0])
        return bool(slices[0])

    monkeypatch.setattr(host, "seal", sealing)
    monkeypatch.setattr(document, "prepare", prepare)
    await link.send_pending(now=0.0)
    assert ran == [2, 1], "others had their turn between two"
    assert len(relay.entries) == 2
    assert not document.may_wait
