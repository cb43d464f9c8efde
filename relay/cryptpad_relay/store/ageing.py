"""How long pads stay: days without use, and when one ended, in tables of their own. It counts.

A day without use is one that this relay saw begin. Days on which it did not run are nobody's, and a clock
that jumps counts once at most. `endings` decides what follows from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

AGEING_TABLES: Final = """
CREATE TABLE IF NOT EXISTS idle (
  pad INTEGER PRIMARY KEY,       -- its owner lets it end after some days without use
  unused INTEGER NOT NULL        -- days that began since it was used
) STRICT;
CREATE TABLE IF NOT EXISTS counted_day (one INTEGER PRIMARY KEY, day INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS ended (
  pad INTEGER PRIMARY KEY,
  day INTEGER NOT NULL,          -- days since 1970
  kept INTEGER NOT NULL          -- 1 while its sealed bytes are in the archive
) STRICT;
"""
KEEPS_ITS_ROWS: Final = "ended"
"""The table that stays when a pad's bytes are erased: it says that it ended."""


class Life(NamedTuple):
    """What is known of a pad's use and end."""

    unused: int | None = None
    """Days that began since it was used; None where nobody counts."""
    has_ended: bool = False


@dataclass(slots=True)
class Ageing:
    """A batch's changes, in this order: a day begins, pads are used, pads end."""

    day: int = 0
    """The day that begins; 0 for none."""
    adds: bool = False
    """Whether it counts as one without use."""
    used: list[int] = field(default_factory=list)
    ended: dict[int, int] = field(default_factory=dict)
    """Numbers of pads, and the day on which each ended."""

    def __bool__(self) -> bool:
        return bool(self.day or self.used or self.ended)


class Connection(Protocol):
    """The database, inside a transaction."""

    def execute(self, statement: str, values: tuple[int, ...] = (), /) -> Any: ...


def write_ageing(connection: Connection, ageing: Ageing) -> None:
    if ageing.day:
        connection.execute("INSERT OR REPLACE INTO counted_day (one, day) VALUES (1, ?)", (ageing.day,))
        if ageing.adds:
            connection.execute("UPDATE idle SET unused = unused + 1")
    for number in ageing.used:
        connection.execute("UPDATE idle SET unused = 0 WHERE pad = ?", (number,))
    for number, day in ageing.ended.items():
        connection.execute("INSERT OR REPLACE INTO ended (pad, day, kept) VALUES (?, ?, 1)", (number, day))


def life_of(connection: Connection, number: int) -> Life:
    row = connection.execute(
        "SELECT (SELECT unused FROM idle WHERE pad = ?1), EXISTS (SELECT 1 FROM ended WHERE pad = ?1)",
        (number,),
    ).fetchone()
    return Life(row[0], bool(row[1]))


def counted_day(connection: Connection) -> int | None:
    row = connection.execute("SELECT day FROM counted_day").fetchone()
    return int(row[0]) if row else None


ARCHIVED: Final = """
SELECT number, pad_id, genesis FROM pad WHERE number IN (SELECT pad FROM ended WHERE kept = 1 AND day <= ?)"""
