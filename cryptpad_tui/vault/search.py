"""Full text of every pad, inside the encrypted vault: what is indexed, what is due, what a question finds.

A question is a person's words and never a statement of the engine: each word is quoted before the engine sees
it, so nothing that anybody types is an error. It knows texts, not documents: the engine brings them.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final, Protocol, cast

from cryptpad_tui.vault.database import Database
from cryptpad_tui.vault.search_tables import DUE_ALL, SET_DUE

MAX_QUERY_CHARS: Final = 1_000
MAX_TERMS: Final = 32
MAX_INDEXED_CHARS: Final = 16 << 20
"""Of one pad; what comes after is not found."""
OPEN: Final = "\x02"
CLOSE: Final = "\x03"
"""Around what matched in a snippet. No pad can hold either."""
_TERM: Final = re.compile(r'(?:(title|tag):)?(?:"([^"]*)"?|([^\s"]+))(\*?)', re.IGNORECASE)
_COLUMNS: Final = {"title": "{title} : ", "tag": "{tags} : "}
_BEFORE: Final = "instr(highlight(search, 2, char(2), ''), char(2))"
_DUE_ROWS: Final = (
    "SELECT search_due.id, pad_id, at_ms FROM search_due JOIN pad ON pad=pad.id WHERE NOT forgotten"
)
_FOUND: Final = (
    "SELECT title, snippet(search, 2, char(2), char(3), '…', 16), substr(body, 1, "
    f"{_BEFORE}) FROM search WHERE search MATCH ? AND rowid=?"
)


@dataclass(frozen=True, slots=True)
class DuePad:
    """A pad whose text is to be indexed."""

    id: int
    """Another one after each change."""
    pad_id: bytes
    at_ms: int


@dataclass(frozen=True, slots=True)
class Match:
    """A pad that has what was asked for."""

    pad_id: bytes
    title: str = field(repr=False)
    snippet: str = field(repr=False)
    """Part of its text, with OPEN and CLOSE around what matched."""
    line: int | None
    """Of the first match in the text, from 1; None where only its title or a tag has it."""


class _HasDatabase(Protocol):
    _database: Database


def match_expression(query: str) -> str:
    """The engine's own form of a question: all words, phrases in quotes, `word*`, `title:`, `tag:`."""
    terms = []
    for column, phrase, word, star in _TERM.findall(query[:MAX_QUERY_CHARS]):
        text = phrase or word
        prefix = bool(star) or (bool(word) and word.endswith("*"))
        text = "".join(char if char.isprintable() else " " for char in text.rstrip("*"))
        if any(char.isalnum() for char in text):
            quoted = text.replace('"', '""')
            terms.append(f'{_COLUMNS.get(column.lower(), "")}"{quoted}"{" *" if prefix else ""}')
    return " AND ".join(terms[:MAX_TERMS])


class SearchTable:
    """A part of Tables."""

    def search_due(self: _HasDatabase) -> list[DuePad]:
        """Pads that changed and are not indexed since, the longest waiting first."""
        rows = self._database.rows(f"{_DUE_ROWS} ORDER BY search_due.id")
        return [DuePad(*row) for row in cast(list[tuple[int, bytes, int]], rows)]

    def search_due_of(self: _HasDatabase, pad_id: bytes) -> DuePad | None:
        row = self._database.row(f"{_DUE_ROWS} AND pad_id=?", (pad_id,))
        return None if row is None else DuePad(*cast(tuple[int, bytes, int], row))

    def search_together(self: _HasDatabase) -> AbstractContextManager[None]:
        """What is put into the index inside is one transaction."""
        return self._database.transaction()

    def set_search_due(self: _HasDatabase, pad_id: bytes, at_ms: int) -> None:
        self._database.execute(SET_DUE, (at_ms, pad_id))

    def set_all_search_due(self: _HasDatabase) -> None:
        """Everything is to be indexed again, from nothing."""
        with self._database.transaction():
            self._database.execute("DELETE FROM search")
            self._database.execute(DUE_ALL)

    def put_search_text(self: _HasDatabase, due: DuePad, title: str, tags: str, body: str) -> None:
        """In place of what the pad had. A pad that changed since it was found due stays due."""
        row = "(SELECT id FROM pad WHERE pad_id=? AND NOT forgotten)"
        with self._database.transaction():
            self._database.execute(f"DELETE FROM search WHERE rowid={row}", (due.pad_id,))
            self._database.execute(
                f"INSERT INTO search(rowid, title, tags, body) SELECT id, ?, ?, ? FROM pad WHERE id={row}",
                (title, tags, body[:MAX_INDEXED_CHARS], due.pad_id),
            )
            self._database.execute("DELETE FROM search_due WHERE id=?", (due.id,))

    def drop_search_text(self: _HasDatabase, pad_id: bytes) -> None:
        row = "(SELECT id FROM pad WHERE pad_id=?)"
        with self._database.transaction():
            self._database.execute(f"DELETE FROM search WHERE rowid={row}", (pad_id,))
            self._database.execute(f"DELETE FROM search_due WHERE pad={row}", (pad_id,))

    def search_beginning(self: _HasDatabase, pad_id: bytes, chars: int) -> str | None:
        """How the text of a pad begins that is in the index; None where it is not."""
        query = "SELECT substr(body, 1, ?) FROM search WHERE rowid=(SELECT id FROM pad WHERE pad_id=?)"
        return cast(str | None, self._database.scalar(query, (chars, pad_id)))

    def listed_bytes(self: _HasDatabase, pad_id: bytes) -> int:
        """How long the pad is, as the list shows it."""
        found = self._database.scalar("SELECT size_bytes FROM listing WHERE pad_id=?", (pad_id,))
        return cast(int, found or 0)

    def search_ids(self: _HasDatabase, query: str, limit: int) -> list[bytes]:
        """The pads that have it, the best first."""
        expression = match_expression(query)
        if not expression:
            return []
        rows = self._database.rows(
            "SELECT pad_id FROM (SELECT rowid AS id FROM search WHERE search MATCH ? ORDER BY rank LIMIT ?)"
            " JOIN pad USING(id)",
            (expression, limit),
        )
        return [cast(bytes, row[0]) for row in rows]

    def search_match(self: _HasDatabase, query: str, pad_id: bytes) -> Match | None:
        """Where a pad has it."""
        pad = self._database.scalar("SELECT id FROM pad WHERE pad_id=?", (pad_id,))
        row = self._database.row(_FOUND, (match_expression(query), pad))
        if row is None:
            return None
        title, snippet, before = cast(tuple[str, str, str], row)
        # Up to the first character of the match, so that a match in no line is told from one in the first.
        return Match(pad_id, title, snippet, before.count("\n") + 1 if before else None)
