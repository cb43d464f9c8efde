"""A pad's log as lines, from what this vault has verified. It asks no relay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cryptpad_relay.protocol.entry import parse_entry
from cryptpad_relay.protocol.records import record_kind
from cryptpad_tui.engine import people
from cryptpad_tui.engine.session import PadSession
from cryptpad_tui.engine.values import LogLine

_PAGE_ROWS: Final = 1_000


_OWNER: Final = "the pad's owner"


def _kind_and_author(session: PadSession, raw: bytes) -> tuple[str, bytes]:
    """What an entry is and which key signed it: a writer's, or the owner's for a record."""
    record = record_kind(raw)
    if record is not None:
        return record.name.lower(), session.replica.genesis.owner_pk
    entry = parse_entry(raw)
    return entry.kind.name.lower(), entry.writer_pk


def log_lines(session: PadSession) -> Iterator[LogLine]:
    """Every entry that is here, ascending."""
    writers, store, after = session.replica.fold.everybody, session.replica.store, 0
    while rows := store.log_after(after, _PAGE_ROWS):
        for row in rows:
            kind, author_key = _kind_and_author(session, row.entry)
            known = author_key in writers
            yield LogLine(
                n=row.n,
                kind=kind,
                author=people.name_of(author_key, writers) if known else _OWNER,
                author_key=author_key.hex()[:8],
                verified=True,
                void=row.void,
                size_bytes=len(row.entry),
                wall_ms=row.at_ms or None,
            )
        after = rows[-1].n
