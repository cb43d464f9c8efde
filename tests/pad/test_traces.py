"""Real editing histories, replayed: two people at once through a real relay, and one person's whole paper."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from cryptpad_tui.pad import flows, outgoing
from cryptpad_tui.pad.digests import digest_of
from cryptpad_tui.sync.connection import open_connection
from support.pads import Person, relay_for
from support.relay import RelayProcess
from support.traces import load_trace

OVER_THE_WIRE = 3_000


class Typist(Person):
    """Makes the edits of a history on the view."""

    def edit(self, offset: int, deleted: int, inserted: str) -> None:
        lines = self.view.lines
        start = lines.position_at(offset)
        end = lines.position_at(offset + deleted) if deleted else start
        self.view.replace(start, end, inserted)


Run = Callable[[flows.Flow[Any]], Awaitable[Any]]
"""How an author's flows reach a relay."""


class Author(Typist):
    """One agent of a concurrent history."""

    def __init__(self, name: str, seed: int, run: Run) -> None:
        super().__init__(name, seed)
        self.run = run
        self._typed: list[tuple[int, int, str]] = []

    def will_make(self, patches: Iterable[tuple[int, int, str]]) -> None:
        """Edits before anything else is read or sent; they are made in bursts."""
        self._typed += patches

    def pause(self) -> None:
        for burst in in_bursts(self._typed):
            self.edit(*burst)
        self._typed.clear()

    async def publish(self) -> int:
        """Seal and send what was typed; returns the position of its last entry."""
        self.pause()
        self.journal()
        before = len(self.store.outbox())
        self.replica.queue.seal_pending()
        rows = self.store.outbox()[before:]
        sent = await self.run(flows.send(self.replica, rows))
        assert sent.accepted == len(rows)
        return len(rows)

    async def fold_to(self, n: int) -> None:
        self.pause()
        while (missing := n - self.replica.fold.n) > 0:
            self.show(await self.run(flows.fetch_once(self.replica, missing)))


def known_to_author(txns: list[dict[str, Any]]) -> Iterator[int]:
    """For each transaction, how many of the other agent's came before it, as its author knew."""
    seen: list[tuple[int, int]] = []
    own = [0, 0]
    for txn in txns:
        agent = txn["agent"]
        counts = [max([seen[parent][k] for parent in txn["parents"]], default=0) for k in (0, 1)]
        assert counts[agent] == own[agent]
        yield counts[1 - agent]
        own[agent] += 1
        counts[agent] += 1
        seen.append((counts[0], counts[1]))


async def write_together(authors: Sequence[Author], txns: list[dict[str, Any]]) -> None:
    """Each transaction is made by its agent, who knows of the other's what its author knew; all read all."""
    needed = list(known_to_author(txns))
    cuts = [{k for k, txn in zip(needed, txns, strict=True) if txn["agent"] != agent} for agent in (0, 1)]
    end, done, position = 0, [0, 0], [{0: 0}, {0: 0}]
    for known, txn in zip(needed, txns, strict=True):
        agent = txn["agent"]
        author = authors[agent]
        if (n := position[1 - agent][known]) > author.replica.fold.n:
            await author.fold_to(n)
        author.will_make(txn["patches"])
        done[agent] += 1
        if done[agent] in cuts[agent]:
            end += await author.publish()
            position[agent][done[agent]] = end
    for author in authors:
        end += await author.publish()
    for author in authors:
        await author.fold_to(end)


def assert_equal(one: Author, two: Author) -> None:
    assert one.text() == two.text() == one.canonical() == two.canonical()
    digests = [digest_of(a.replica.fold.document, a.replica.fold.writers.values()) for a in (one, two)]
    assert digests[0] == digests[1]
    assert one.replica.fold.head == two.replica.fold.head


async def test_two_authors_end_with_the_text_that_they_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = load_trace("friendsforever")
    monkeypatch.setattr(outgoing, "MAX_IN_FLIGHT", 10**6)

    async def run(flow: flows.Flow[Any]) -> Any:
        return relay.play(flow)

    one, two = Author("One", 1, run), Author("Two", 2, run)
    relay = relay_for(one)
    await write_together((one, two), trace["txns"])
    assert_equal(one, two)
    assert one.text() == trace["endContent"]


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[RelayProcess]:
    data = tmp_path / "relay-data"
    data.mkdir(mode=0o700)
    # Each author waits for the other hundreds of times: pauses between commits would be most of the test.
    (data / "relay.toml").write_text("commit_ms = 0\n")
    process = RelayProcess(data)
    yield process
    process.kill()


async def test_two_authors_through_a_relay_end_equal(
    relay: RelayProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The beginning of the same history, over the wire."""
    trace = load_trace("friendsforever")
    monkeypatch.setattr(outgoing, "MAX_IN_FLIGHT", 10**6)
    connections = [await open_connection(relay.url) for _ in range(2)]
    one, two = (Author(f"Author {n}", n, link.run) for n, link in enumerate(connections, 1))
    await one.run(flows.create(one.replica))
    for author, connection in zip((one, two), connections, strict=True):
        await author.run(flows.subscribe(author.replica, connection.greeting, rng=author.rng))
    await write_together((one, two), trace["txns"][:OVER_THE_WIRE])
    for connection in connections:
        await connection.close()
    assert_equal(one, two)
    assert one.replica.fold.n > 100


def in_bursts(patches: Iterable[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """Join letters typed, or taken back, in a row, up to a line: what a pause of a second lets through."""
    burst: tuple[int, int, str] | None = None
    for offset, deleted, inserted in patches:
        joined = _joined(*burst, offset, deleted, inserted) if burst else None
        if burst and not joined:
            yield burst
        burst = joined or (offset, deleted, inserted)
    if burst:
        yield burst


def _joined(
    at: int, removed: int, typed: str, offset: int, deleted: int, inserted: str
) -> tuple[int, int, str] | None:
    """Two edits as one, if the second goes on where the first ended."""
    if not deleted and offset == at + len(typed) and len(typed) < 40:
        return at, removed, typed + inserted
    if not (typed or inserted) and offset + deleted == at and removed < 40:
        return offset, deleted + removed, ""
    return None


def written(patches: Iterable[tuple[int, int, str]]) -> str:
    """The text that edits of plain letters lead to, by nothing but bytes."""
    text = bytearray()
    for offset, deleted, inserted in patches:
        text[offset : offset + deleted] = inserted.encode("ascii")
    return text.decode()


def test_the_paper_ends_as_it_was_written() -> None:
    """Its last quarter, edit by edit; what stood before that is pasted, and is most of the text."""
    trace = load_trace("automerge-paper")
    writer, reader = Typist("Author", 1), Person("Reader", 2)
    relay = relay_for(writer)
    patches = [patch for txn in trace["txns"] for patch in txn["patches"]]
    begun = len(patches) * 3 // 4
    writer.edit(0, 0, written(patches[:begun]))
    for number, (offset, deleted, inserted) in enumerate(in_bursts(patches[begun:])):
        writer.edit(offset, deleted, inserted)
        if number % 200 == 199:
            writer.journal()
            writer.replica.queue.seal_pending()
            writer.send(relay)
            writer.fetch(relay)
    writer.journal()
    writer.sync(relay)
    reader.fetch(relay)
    assert writer.text() == reader.canonical() == trace["endContent"]
