"""The tables of full text. The index keeps the text itself, for snippets, in the vault's pages like all."""

from __future__ import annotations

from typing import Final

SEARCH_TABLES: Final = (
    "CREATE VIRTUAL TABLE search USING fts5("
    "title, tags, body, tokenize='unicode61 remove_diacritics 2', prefix='2 3')",
    # What is taken out leaves no words behind in the index.
    "INSERT INTO search(search, rank) VALUES('secure-delete', 1)",
    "INSERT INTO search(search, rank) VALUES('rank', 'bm25(10.0, 5.0, 1.0)')",
    """CREATE TABLE search_due(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        pad INTEGER NOT NULL UNIQUE REFERENCES pad(id) ON DELETE CASCADE,
        at_ms INTEGER NOT NULL
    ) STRICT""",
)
DUE_ALL: Final = (
    "INSERT OR REPLACE INTO search_due(pad, at_ms) SELECT id, 0 FROM pad"
    " WHERE NOT forgotten AND pad_id IN (SELECT pad_id FROM listing)"
)
SET_DUE: Final = "INSERT OR REPLACE INTO search_due(pad, at_ms) SELECT id, ? FROM pad WHERE pad_id=?"
