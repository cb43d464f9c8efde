"""A pad's log as lines, from what this vault has verified. It asks no relay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cryptpad_relay.protocol.entry import parse_entry
from cryptpad_tui.engine import people
from cryptpad_tui.engine.session import PadSession
from cryptpad_tui.engine.values import LogLine

_PAGE_ROWS: Final = 1_000


def log_lines(session: PadSession) -> Iterator[LogLine]:
    """Every entry that is here, ascending."""
    writers, store, after = session.replica.fold.writers, session.replica.store, 0
    while rows := store.log_after(after, _PAGE_ROWS):
        for row in rows:
            entry = parse_entry(row.entry)
            yield LogLine(
                n=row.n,
                kind=entry.kind.name.lower(),
                author=people.name_of(entry.writer_pk, writers),
                author_key=entry.writer_pk.hex()[:8],
                verified=True,
                void=row.void,
                size_bytes=len(row.entry),
                wall_ms=row.at_ms or None,
            )
        after = rows[-1].n
