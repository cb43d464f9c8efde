"""Joining a paper of 259,778 edits by its link: bar P7.

    python -m benchmarks.join [--quick]

The editing history beside the checkout is appended to a real relay, one edit an entry, and compacted by one
snapshot; what the relay then has on its disk is kept in benchmarks/.work, since making it takes minutes. A
newcomer with an empty vault and a link joins through a real connection, and every message is counted.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks import people
from benchmarks.people import WORK, Person
from benchmarks.table import Row, heading, line, middle, row
from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.frames import REPLY_BIT, Op
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.crypto.keys import (
    EditKeys,
    Role,
    SigningSeed,
    edit_seed_of,
    make_genesis,
    relay_fingerprint,
)
from cryptpad_tui.crypto.links import Link, encode_link
from cryptpad_tui.pad import flows
from cryptpad_tui.pad.outgoing import Profile
from cryptpad_tui.pad.ports import OutboxRow
from cryptpad_tui.pad.replica import Replica
from cryptpad_tui.pad.snapshots import make_snapshot
from cryptpad_tui.sync import connection
from cryptpad_tui.sync.connection import RelayConnection, open_connection
from support.memory_store import MemoryStore
from support.relay import RelayProcess

TRACE = "automerge-paper"
QUICK_EDITS = 20_000
FEED = 1_000
SNAPSHOT_TAIL = 200
"""Entries after the snapshot: a log grows on after somebody compacted it."""
_OWNER_ROOT = bytes(range(32))
_MADE_FORMAT = 1
_MADE_BY = ("cryptpad_relay/protocol", "cryptpad_relay/store")
_LIMITS = "[limits]\nentries_per_connection = [1e9, 1e9]\nbytes_per_connection = [1e12, 1e12]\n"
DATA = Path(os.environ.get("CRYPTPAD_TUI_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


@dataclass(frozen=True, slots=True)
class Made:
    """A pad on a relay's disk, as a link's maker knows it. `seed` is of a benchmark's pad: no secret."""

    pad_id: str
    seed: str
    pin_n: int
    pin_head: str
    relay_pk: str
    end_n: int
    text_sha256: str
    text_bytes: int
    log_bytes: int
    made_in_s: float


@dataclass(frozen=True, slots=True)
class Joined:
    """What one newcomer received."""

    seconds: float
    received: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.received.values())


def run(*, quick: bool = False) -> Iterator[Row]:
    """P7; nothing where the editing history is not beside the checkout."""
    path = DATA / f"{TRACE}.json.gz"
    if not path.exists():
        print(f"P7 is left out: {path.name} is not beside this checkout", flush=True)
        return
    edits = read_edits(path)
    if quick:
        edits = edits[:QUICK_EDITS]
    data = WORK / f"paper-{len(edits)}-{_fingerprint()}"
    made = _made(data, edits)
    with (
        people.temporary() as folder,
        people.private_runtime() as runtime,
        people.relay(data / "relay") as relay,
    ):
        link = encode_link(_link(made, relay.url))
        joins = []
        for number in range(1 if quick else 3):
            newcomer = Person.make(folder, f"Newcomer {number}", runtime)
            joins.append(asyncio.run(join(newcomer, link, made)))
    what = f"join {made.end_n:,} entries"
    best = joins[0]
    yield row("P7", f"{what}: received", best.total / 1e3, "kB", 600)
    yield row("P7", f"{what}: proofs", best.received.get("BRIDGE", 0) / 1e3, "kB", 15)
    yield row("P7", f"{what}: time", middle([each.seconds for each in joins]), "s", 1.0)
    for op, size in sorted(best.received.items(), key=lambda item: -item[1]):
        yield row("P7", f"  of these by {op}", size / 1e3, "kB")
    yield row("P7", "  the text itself", made.text_bytes / 1e3, "kB")
    yield row("P7", "  the log that was not sent", made.log_bytes / 1e3, "kB")
    yield row("P7", "  making log and snapshot, once", made.made_in_s, "s")


def read_edits(path: Path) -> list[tuple[int, int, str]]:
    """(offset, deleted, inserted), in characters."""
    with gzip.open(path) as file:
        trace: dict[str, Any] = json.load(file)
    return [tuple(each) for txn in trace["txns"] for each in txn["patches"]]


async def join(newcomer: Person, link: str, made: Made) -> Joined:
    """From an unlocked empty vault to the pad's text; counts every message that comes."""
    engine = newcomer.engine()
    try:
        with counted() as received:
            start = time.perf_counter()
            listing = await engine.join(link, wait_s=30)
            text = engine.open_pad(listing.pad_id).view.text().encode()
            seconds = time.perf_counter() - start
        assert hashlib.sha256(text).hexdigest() == made.text_sha256
        assert engine.open_pad(listing.pad_id).replica.fold.n == made.end_n
    finally:
        await engine.close()
    by_op: dict[str, int] = {}
    for op, size in received:
        by_op[_name(op)] = by_op.get(_name(op), 0) + size
    # One proof to the pad's birth, one to the link's pin.
    assert sum(_name(op) == "BRIDGE" for op, _ in received) == 2
    return Joined(seconds, by_op)


def _name(op: int) -> str:
    return Op(op if op in (Op.COMMIT, Op.PRESENCE, Op.HEAD, Op.SIGNED, Op.ERR) else op & ~REPLY_BIT).name


@contextmanager
def counted() -> Iterator[list[tuple[int, int]]]:
    """(op, size) of every message that arrives at a client in this process."""
    seen: list[tuple[int, int]] = []
    split = frames.split_frame

    def counting(message: bytes) -> frames.Frame:
        frame = split(message)
        seen.append((frame.op, len(message)))
        return frame

    with patch.object(connection.frames, "split_frame", counting):
        yield seen


# -- making the log, once


def _made(data: Path, edits: list[tuple[int, int, str]]) -> Made:
    facts = data / "made.json"
    if not facts.exists():
        for outdated in WORK.glob(f"{data.name.rpartition('-')[0]}-*"):
            shutil.rmtree(outdated)
        data.mkdir(parents=True)
        print(f"making a log of {len(edits):,} entries for P7, once", file=sys.stderr, flush=True)
        (data / "relay").mkdir(mode=0o700)
        (data / "relay" / "relay.toml").write_text(_LIMITS)
        relay = RelayProcess(data / "relay")
        try:
            made = asyncio.run(_make(relay.url, edits))
        finally:
            relay.stop()
        facts.write_text(json.dumps(asdict(made)))
    return Made(**json.loads(facts.read_text()))


async def _make(url: str, edits: list[tuple[int, int, str]]) -> Made:
    start = time.perf_counter()
    replica = _replica()
    view = ViewDocument(client_id=replica.writer.client_id, kind=PadKind.TEXT)  # type: ignore[union-attr]
    link = await open_connection(url)
    try:
        await link.run(flows.create(replica))
        await link.run(flows.subscribe(replica, link.greeting, rng=os.urandom))
        await _append(replica, link, typed(view, edits[:-SNAPSHOT_TAIL]))
        pin = replica.fold.n // 2 + 1, _heads(replica)[replica.fold.n // 2 + 1]
        rest = typed(view, edits[-SNAPSHOT_TAIL:])
        while replica.fold.checkpoint_n != replica.fold.n:
            await _append(replica, link, [next(rest)])
        made = make_snapshot(replica.fold, rng=os.urandom)
        entries = flows.snapshot_entries(replica, made)
        assert await link.run(flows.send_snapshot(replica, made, entries))
        for entry in entries:
            outcome = replica.fold.step(entry.raw)
            assert not outcome.void_reason, outcome.void_reason
        await _append(replica, link, rest)
    finally:
        await link.close()
    text = view.text().encode()
    assert text == replica.fold.document.text().encode()
    return Made(
        pad_id=replica.pad_id.hex(),
        seed=edit_seed_of(_OWNER_ROOT, 0).hex(),
        pin_n=pin[0],
        pin_head=pin[1][:16].hex(),
        relay_pk=link.greeting.relay_pk.hex(),
        end_n=replica.fold.n,
        text_sha256=hashlib.sha256(text).hexdigest(),
        text_bytes=len(text),
        log_bytes=_sent_bytes(replica),
        made_in_s=round(time.perf_counter() - start, 1),
    )


class _Kept(MemoryStore):
    """Heads of every position, since only the tail stays in a fold."""

    def __init__(self) -> None:
        super().__init__()
        self.size_bytes = 0


def _heads(replica: Replica) -> dict[int, bytes]:
    store = replica.store
    assert isinstance(store, _Kept)
    return store.heads


def _sent_bytes(replica: Replica) -> int:
    store = replica.store
    assert isinstance(store, _Kept)
    return store.size_bytes


def _replica() -> Replica:
    keys = EditKeys.from_seed(edit_seed_of(_OWNER_ROOT, 0))
    genesis = make_genesis(_OWNER_ROOT, PadKind.TEXT, rng=os.urandom)
    profile = Profile(SigningSeed(os.urandom(32)), "Author", bytes(3))
    return Replica(genesis, PadKind.TEXT, keys, _Kept(), profile, rng=os.urandom)


def typed(view: ViewDocument, edits: Iterable[tuple[int, int, str]]) -> Iterator[bytes]:
    """The update of each edit."""
    for offset, deleted, inserted in edits:
        lines = view.lines
        view.replace(lines.position_at(offset), lines.position_at(offset + deleted), inserted)
        yield from view.take_updates()


async def _append(replica: Replica, link: RelayConnection, updates: Iterable[bytes]) -> None:
    """One entry an update, each on the one before; sent in batches, and folded without checking one's own."""
    writer, store = replica.writer, replica.store
    assert writer is not None
    assert isinstance(store, _Kept)
    rows: list[OutboxRow] = []

    def fold(raw: bytes) -> None:
        outcome = replica.fold.step(raw, trusted=True)
        assert not outcome.void_reason, outcome.void_reason
        store.heads[replica.fold.n] = replica.fold.head
        store.size_bytes += len(raw)
        rows.append(OutboxRow(0, writer.pk, outcome.entry.seq, outcome.entry.entry_id, raw))

    if not writer.introduced:
        profile = replica.profile
        fold(writer.hello(replica.base(), profile.identity, profile.name, profile.rgb).raw)
    for update in updates:
        fold(writer.update(replica.base(), (update,)).raw)
        if len(rows) >= FEED:
            await _send(replica, link, rows)
    await _send(replica, link, rows)


async def _send(replica: Replica, link: RelayConnection, rows: list[OutboxRow]) -> None:
    sent = await link.run(flows.send(replica, rows))
    assert sent.accepted == len(rows), sent
    rows.clear()


def _link(made: Made, url: str) -> Link:
    return Link(
        role=Role.EDIT,
        pad_id=bytes.fromhex(made.pad_id),
        epoch=0,
        seed=bytes.fromhex(made.seed),
        pin_n=made.pin_n,
        pin_head=bytes.fromhex(made.pin_head),
        relay_fingerprint=relay_fingerprint(bytes.fromhex(made.relay_pk)),
        address=url,
    )


def _fingerprint() -> str:
    """Of what decides the bytes on the relay's disk: another version makes its log again."""
    digest = hashlib.sha256(b"%d" % _MADE_FORMAT)
    for folder in _MADE_BY:
        for path in sorted((people.ROOT / "relay" / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    for name in ("writer.py", "payloads.py", "snapshots.py", "digests.py", "writers.py"):
        digest.update((people.ROOT / "cryptpad_tui" / "pad" / name).read_bytes())
    return digest.hexdigest()[:12]


def main() -> int:
    print(heading())
    for one in run(quick="--quick" in sys.argv):
        print(line(one), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
