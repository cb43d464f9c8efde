"""The tables of vault.db. What is queried is indexed, so that cost grows with neither logs nor pads.

Pads have a small number of their own inside the file; every row of a pad refers to it and goes with it.
AUTOINCREMENT where ids must never come twice: a process remembers the last one it saw.
"""

from __future__ import annotations

from typing import Final

from cryptpad_tui.vault.search_tables import DUE_ALL, SEARCH_TABLES

SCHEMA_VERSION: Final = 8
APPLICATION_ID: Final = 0x50414431
""""PAD1" """

_DRIVE_FIELD: Final = """CREATE TABLE drive_field(
        entry TEXT NOT NULL,
        field TEXT NOT NULL,
        value ANY NOT NULL,
        PRIMARY KEY(entry, field)
    ) STRICT, WITHOUT ROWID"""
"""A copy of what the drive's document says about folders, tags and the trash."""

_MOUNTED: Final = """CREATE TABLE mounted(
        mount TEXT NOT NULL,
        pad INTEGER NOT NULL REFERENCES pad(id) ON DELETE CASCADE,
        path TEXT NOT NULL,
        base TEXT NOT NULL,
        stamp TEXT NOT NULL,
        PRIMARY KEY(mount, pad)
    ) STRICT"""
"""The text on which a drive folder and a folder on disk last agreed."""

_PICTURE: Final = """CREATE TABLE picture(
        pad INTEGER PRIMARY KEY REFERENCES pad(id) ON DELETE CASCADE,
        digest BLOB NOT NULL,
        image BLOB NOT NULL
    ) STRICT"""
"""What a long rich text looked like when it was left."""

_PICTURE_STEP: Final = """CREATE TABLE picture_step(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        pad INTEGER NOT NULL REFERENCES pad(id) ON DELETE CASCADE,
        step BLOB NOT NULL
    ) STRICT"""
"""What changed in it behind that."""
_PICTURE_STEP_OF: Final = "CREATE INDEX picture_step_of ON picture_step(pad, id)"

_ROSTER: Final = """CREATE TABLE roster(
        pad INTEGER NOT NULL REFERENCES pad(id) ON DELETE CASCADE,
        op_id BLOB NOT NULL CHECK(length(op_id) = 32),
        operation BLOB NOT NULL,
        PRIMARY KEY(pad, op_id)
    ) STRICT, WITHOUT ROWID"""
"""Operations of a team's roster that were seen once."""

TABLES: Final = (
    "CREATE TABLE secret(name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE setting(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TABLE pad(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        pad_id BLOB NOT NULL UNIQUE CHECK(length(pad_id) = 32),
        genesis BLOB NOT NULL,
        kind INTEGER NOT NULL,
        role TEXT NOT NULL,
        secret BLOB NOT NULL,
        epoch INTEGER NOT NULL,
        relay_url TEXT,
        relay_pk BLOB NOT NULL,
        pin_n INTEGER NOT NULL,
        pin_head BLOB NOT NULL,
        uploaded INTEGER NOT NULL,
        created_ms INTEGER NOT NULL,
        forgotten INTEGER NOT NULL DEFAULT 0
    ) STRICT""",
    "CREATE INDEX pad_forgotten ON pad(id) WHERE forgotten",
    # The row's own order is the order of arrival, so that appending never splits a page in the middle.
    """CREATE TABLE log(
        id INTEGER PRIMARY KEY,
        pad INTEGER NOT NULL REFERENCES pad(id) ON DELETE CASCADE,
        n INTEGER NOT NULL,
        entry_id BLOB NOT NULL,
        head BLOB NOT NULL CHECK(length(head) = 32),
        void INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        entry BLOB NOT NULL
    ) STRICT""",
    "CREATE UNIQUE INDEX log_at ON log(pad, n)",
    """CREATE TABLE proven_head(
        pad INTEGER NOT NULL REFERENCES pad(id) ON DELETE CASCADE,
        n INTEGER NOT NULL,
        head BLOB NOT NULL CHECK(length(head) = 32),
        PRIMARY KEY(pad, n)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE checkpoint(
        pad INTEGER PRIMARY KEY REFERENCES pad(id) ON DELETE CASCADE,
        n INTEGER NOT NULL,
        state BLOB NOT NULL
    ) STRICT""",
    """CREATE TABLE journal(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        pad INTEGER NOT NULL REFERENCES pad(id) ON DELETE CASCADE,
        writer_pk BLOB NOT NULL,
        content BLOB NOT NULL
    ) STRICT""",
    "CREATE INDEX journal_of ON journal(pad, id)",
    """CREATE TABLE outbox(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        pad INTEGER NOT NULL REFERENCES pad(id) ON DELETE CASCADE,
        writer_pk BLOB NOT NULL,
        seq INTEGER NOT NULL,
        entry_id BLOB NOT NULL,
        entry BLOB NOT NULL
    ) STRICT""",
    "CREATE INDEX outbox_of ON outbox(pad, id)",
    "CREATE INDEX outbox_entry ON outbox(pad, entry_id)",
    # last_seq outlives the outbox: no writer signs twice at one place, also after its entries are folded.
    """CREATE TABLE writer(
        pad INTEGER NOT NULL REFERENCES pad(id) ON DELETE CASCADE,
        writer_pk BLOB NOT NULL,
        token TEXT,
        last_seq INTEGER NOT NULL DEFAULT -1,
        last_entry_id BLOB,
        PRIMARY KEY(pad, writer_pk)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE lease(
        pad INTEGER PRIMARY KEY REFERENCES pad(id) ON DELETE CASCADE,
        token TEXT NOT NULL,
        heartbeat_ms INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX lease_of ON lease(token)",
    """CREATE TABLE listing(
        pad_id BLOB PRIMARY KEY CHECK(length(pad_id) = 32),
        title TEXT NOT NULL,
        kind INTEGER NOT NULL,
        role TEXT NOT NULL,
        changed_ms INTEGER NOT NULL,
        size_bytes INTEGER NOT NULL,
        removed INTEGER NOT NULL
    ) STRICT""",
    # No reference to pad: evidence against a relay outlives the pad that it was about.
    """CREATE TABLE alarm(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        pad_id BLOB,
        code TEXT NOT NULL,
        sentence TEXT NOT NULL,
        proof BLOB NOT NULL,
        at_ms INTEGER NOT NULL,
        digest BLOB NOT NULL UNIQUE,
        detail TEXT NOT NULL DEFAULT '',
        lasting INTEGER NOT NULL DEFAULT 0,
        state INTEGER NOT NULL DEFAULT 0,
        ended_ms INTEGER NOT NULL DEFAULT 0
    ) STRICT""",
    "CREATE INDEX alarm_of ON alarm(pad_id, id)",
    """CREATE TABLE signed_head(
        pad INTEGER NOT NULL REFERENCES pad(id) ON DELETE CASCADE,
        n INTEGER NOT NULL,
        sth BLOB NOT NULL,
        PRIMARY KEY(pad, n)
    ) STRICT, WITHOUT ROWID""",
    _DRIVE_FIELD,
    *SEARCH_TABLES,
    _MOUNTED,
    _PICTURE,
    _ROSTER,
    _PICTURE_STEP,
    _PICTURE_STEP_OF,
)

MIGRATIONS: Final[dict[int, tuple[str, ...]]] = {
    1: (
        "ALTER TABLE alarm ADD COLUMN detail TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE alarm ADD COLUMN lasting INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE alarm ADD COLUMN state INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE alarm ADD COLUMN ended_ms INTEGER NOT NULL DEFAULT 0",
    ),
    2: (_DRIVE_FIELD,),
    3: (*SEARCH_TABLES, DUE_ALL),
    4: (_MOUNTED,),
    5: (_PICTURE,),
    6: (_ROSTER,),
    7: (_PICTURE_STEP, _PICTURE_STEP_OF),
}
"""What makes tables of a version those of the next one. Nothing is ever lost by it."""
