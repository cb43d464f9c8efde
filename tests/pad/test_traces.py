"""Real editing histories, replayed: two people at once through a real relay, and one person's whole paper."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cryptpad_relay.protocol.frames import Greeting
from cryptpad_tui.pad import flows, outgoing
from cryptpad_tui.pad.digests import digest_of
from cryptpad_tui.sync.connection import RelayConnection, open_connection
from support.pads import Person, relay_for
from support.relay import RelayProcess
from support.traces import load_trace


class Typist(Person):
    """Makes the edits of a history on the view."""

    def edit(self, offset: int, deleted: int, inserted: str) -> None:
        lines = self.view.lines
        start = lines.position_at(offset)
        end = lines.position_at(offset + deleted) if deleted else start
        self.view.replace(start, end, inserted)


class Author(Typist):
    """One agent of a concurrent history, on its own connection."""

    connection: RelayConnection

    async def connect(self, url: str, *, first: bool) -> None:
        self.connection = await open_connection(url)
        if first:
            await self.connection.run(flows.create(self.replica))
        greeting: Greeting = self.connection.greeting
        await self.connection.run(flows.subscribe(self.replica, greeting, rng=self.rng))

    async def publish(self) -> int:
        """Seal and send what was typed; returns the position of its last entry."""
        self.journal()
        before = len(self.store.outbox())
        self.replica.queue.seal_pending()
        rows = self.store.outbox()[before:]
        sent = await self.connection.run(flows.send(self.replica, rows))
        assert sent.accepted == len(rows)
        return len(rows)

    async def fold_to(self, n: int) -> None:
        while (missing := n - self.replica.fold.n) > 0:
            self.show(await self.connection.run(flows.fetch_once(self.replica, missing)))


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


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[RelayProcess]:
    data = tmp_path / "relay-data"
    data.mkdir(mode=0o700)
    # Each author waits for the other thousands of times: pauses between commits would be most of the test.
    (data / "relay.toml").write_text("commit_ms = 0\n")
    process = RelayProcess(data)
    yield process
    process.stop()


async def test_two_authors_through_a_relay_end_equal(
    relay: RelayProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = load_trace("friendsforever")
    monkeypatch.setattr(outgoing, "MAX_IN_FLIGHT", 10**6)
    authors = [Author("One", 1), Author("Two", 2)]
    for number, author in enumerate(authors):
        await author.connect(relay.url, first=number == 0)
    needed = list(known_to_author(trace["txns"]))
    cuts = [
        {k for k, txn in zip(needed, trace["txns"], strict=True) if txn["agent"] != agent} for agent in (0, 1)
    ]
    end, done, position = 0, [0, 0], [{0: 0}, {0: 0}]
    for known, txn in zip(needed, trace["txns"], strict=True):
        agent = txn["agent"]
        author = authors[agent]
        if (n := position[1 - agent][known]) > author.replica.fold.n:
            await author.fold_to(n)
        for patch in txn["patches"]:
            author.edit(*patch)
        done[agent] += 1
        if done[agent] in cuts[agent]:
            end += await author.publish()
            position[agent][done[agent]] = end
    for author in authors:
        end += await author.publish()
    for author in authors:
        await author.fold_to(end)
        await author.connection.close()
    one, two = authors
    assert one.text() == two.text() == one.canonical() == two.canonical()
    assert one.text() == trace["endContent"]
    digests = [digest_of(a.replica.fold.document, a.replica.fold.writers.values()) for a in authors]
    assert digests[0] == digests[1]
    assert one.replica.fold.head == two.replica.fold.head


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


def test_the_paper_ends_as_it_was_written() -> None:
    trace = load_trace("automerge-paper")
    writer, reader = Typist("Author", 1), Person("Reader", 2)
    relay = relay_for(writer)
    patches = [patch for txn in trace["txns"] for patch in txn["patches"]]
    for number, (offset, deleted, inserted) in enumerate(in_bursts(patches)):
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
