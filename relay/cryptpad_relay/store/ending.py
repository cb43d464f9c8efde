"""Erasing what a deleted pad holds: all but GENESIS and the owner's records, which say who deleted it.

Inside the transaction that the record itself is made durable in. Never decides that a pad has ended.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

from cryptpad_relay.store.ageing import KEEPS_ITS_ROWS

_PLACED: Final = (
    "DELETE FROM entry WHERE place BETWEEN ?1 AND ?2 AND place NOT IN"
    " (SELECT place FROM record WHERE place BETWEEN ?1 AND ?2)",
    "DELETE FROM snapshot WHERE place BETWEEN ?1 AND ?2",
    "DELETE FROM writer WHERE hello BETWEEN ?1 AND ?2",
    "DELETE FROM lost_chunk WHERE place BETWEEN ?1 AND ?2",
)


class Connection(Protocol):
    """The database, inside a transaction."""

    def execute(self, statement: str, values: tuple[int, ...] = (), /) -> Any: ...


def end_pad(connection: Connection, number: int, first: int, span: int) -> None:
    """Keep the owner's records of pad `number`, whose places begin at `first`, and nothing else."""
    for statement in _PLACED:
        connection.execute(statement, (first, first + span))
    connection.execute("DELETE FROM chunk WHERE pad = ?", (number,))
    connection.execute("UPDATE ended SET kept = 0 WHERE pad = ?", (number,))
    for table in _own_tables(connection):
        connection.execute(f"DELETE FROM {table} WHERE pad = ?", (number,))


def _own_tables(connection: Connection) -> list[str]:
    """Other tables with rows of pads: what is added to a pad later goes with it too."""
    rows = connection.execute(
        "SELECT m.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS column"
        " WHERE m.type = 'table' AND column.name = 'pad'"
        f" AND m.name NOT IN ('chunk', 'writer', 'record_kind', '{KEEPS_ITS_ROWS}')"
    )
    return [name for (name,) in rows.fetchall()]
