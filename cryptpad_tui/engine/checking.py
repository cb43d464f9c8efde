"""`vault check`: whether everything in the vault is what it was when it was stored. It changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cryptpad_relay.protocol.entry import parse_entry
from cryptpad_relay.protocol.records import parse_genesis, record_kind
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto.errors import CryptoError
from cryptpad_tui.crypto.keys import keys_match
from cryptpad_tui.crypto.sealing import open_sealed
from cryptpad_tui.engine.listing import short_ids
from cryptpad_tui.engine.records import keys_of
from cryptpad_tui.pad.replica import Replica
from cryptpad_tui.pad.verify import check_stored
from cryptpad_tui.vault.care import file_problems
from cryptpad_tui.vault.records import PadRecord

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

_PAGE = 256


def check_vault(engine: Engine) -> list[tuple[str, str]]:
    """(short id of a pad or a dash, what is wrong) of everything; empty where all is well."""
    found = [("-", problem) for problem in file_problems(engine.vault)]
    if found:
        return found
    records = engine.vault.pads()
    short = short_ids([record.pad_id for record in records])
    for record in records:
        found += [(short[record.pad_id], problem) for problem in _pad_problems(engine, record)]
    return found


def _pad_problems(engine: Engine, record: PadRecord) -> Iterator[str]:
    try:
        genesis = parse_genesis(record.genesis, record.pad_id)
        if record.epoch == 0 and not keys_match(keys_of(record), genesis, record.kind):
            yield "its keys are not those that it was made with"
            return
        with engine.borrowed(record.pad_id) as session:
            yield from _replica_problems(session.replica)
            if session.kind is PadKind.DRIVE:
                list(engine.drive.entries())
    except Exception as error:
        # Whatever the rest of the program would have made of it: here it is one finding among others.
        yield f"what is stored of it cannot be read ({type(error).__name__})"


def _replica_problems(replica: Replica) -> Iterator[str]:
    checking = check_stored(replica)
    while True:
        try:
            next(checking)
        except StopIteration as stop:
            for found in stop.value.found:
                yield f"position {found.n}: {found.sentence}" if found.n else found.sentence
            break
    if not _begins_at_birth(replica):
        yield from _sealed_problems(replica)
    replica.queue.opened_outbox()


def _begins_at_birth(replica: Replica) -> bool:
    """Whether folding the log again has opened all of it."""
    rows = replica.store.log_after(0, 1)
    return not rows or rows[0].n == 1


def _sealed_problems(replica: Replica) -> Iterator[str]:
    after = 0
    while rows := replica.store.log_after(after, _PAGE):
        after = rows[-1].n
        for row in rows:
            if row.void or record_kind(row.entry) is not None:
                continue
            entry = parse_entry(row.entry)
            if entry.epoch != replica.epoch:
                continue
            try:
                open_sealed(replica.keys.read_key, entry.associated_data, entry.sealed)
            except CryptoError:
                yield f"position {row.n}: the entry does not open"
