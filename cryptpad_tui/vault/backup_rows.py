"""Which rows of a vault a backup holds, and how they stand in it. Pure but for the reading of rows.

A stream: for each table u8 0 | u8 number | name and columns, before its first row; for each row u8 1 |
u8 number | values; at the end u8 2 | u64 count of rows. Columns go by name, so that a later version reads
what an earlier one wrote. What is not in here can be made again from what is. Whoever adds a table says here
which of the two it is: a test asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptpad_relay.protocol.labels import u8, u32, u64
from cryptpad_tui.vault.database import Database, Value
from cryptpad_tui.vault.errors import BackupDamaged

ABOUT: Final = "about"
"""No table of the vault: when the backup was made, and by which version."""
PAD: Final = "pad"
VAULT_TABLES: Final = {"secret": "name", "setting": "key", "alarm": "id"}
"""Tables of the vault as a whole, with what orders them."""
PAD_TABLES: Final = {
    "log": "n",
    "proven_head": "n",
    "checkpoint": "n",
    "signed_head": "n",
    "writer": "writer_pk",
    "journal": "id",
    "outbox": "id",
    "roster": "op_id",
}
"""Tables whose rows belong to a pad, with what orders them."""
LISTING: Final = "listing"
_HELD: Final = frozenset({"pad", *VAULT_TABLES, *PAD_TABLES, LISTING})
DERIVED: Final = frozenset({"drive_field", "picture", "picture_step", "search_due", "lease"})
"""Made again from pads, or true of a running process alone."""
LOCAL: Final = frozenset({"mounted"})
"""About folders of one machine."""
FILE: Final = "file"
"""No table of the vault: a piece of a file beside it, whose bytes are sealed already."""
FILES_FOLDER: Final = "files"
FILE_PIECE_BYTES: Final = 262_144
_MAX_VALUE: Final = 1 << 30
_NULL, _INT, _TEXT, _BLOB = range(4)


@dataclass(frozen=True, slots=True)
class BackupRow:
    """A row with the names of its columns. Secret."""

    table: str
    values: dict[str, Value]

    def __repr__(self) -> str:
        return f"BackupRow({self.table})"


def columns_of(database: Database, table: str) -> list[str]:
    return [str(row[1]) for row in database.rows(f"PRAGMA table_info({table})")]


def vault_rows(database: Database) -> Iterator[BackupRow]:
    """All rows that a backup holds: the account, then pad after pad, then the rest. Inside a snapshot."""
    for table, order in VAULT_TABLES.items():
        yield from _rows(database, table, f"SELECT {{}} FROM {table} ORDER BY {order}")
    # The drive comes last: where it is merged with another, the pads that it names are there already.
    for (number,) in database.rows("SELECT id FROM pad WHERE NOT forgotten ORDER BY kind=2, id"):
        yield from pad_rows(database, number)


def file_rows(directory: Path) -> Iterator[BackupRow]:
    """The sealed copies of files, in pieces: those that wait for a relay are nowhere else."""
    for path in sorted((directory / FILES_FOLDER).glob("[0-9a-f]" * 64)):
        try:
            file = path.open("rb")
        except FileNotFoundError:
            continue
        with file:
            while piece := file.read(FILE_PIECE_BYTES):
                yield BackupRow(FILE, {"name": path.name, "data": piece})


def pad_rows(database: Database, number: Value) -> Iterator[BackupRow]:
    """A pad's own row, then all that belong to it."""
    yield from _rows(database, PAD, "SELECT {} FROM pad WHERE id=?", (number,))
    for table, order in PAD_TABLES.items():
        yield from _rows(database, table, f"SELECT {{}} FROM {table} WHERE pad=? ORDER BY {order}", (number,))
    query = f"SELECT {{}} FROM {LISTING} WHERE pad_id=(SELECT pad_id FROM pad WHERE id=?)"
    yield from _rows(database, LISTING, query, (number,))


def _rows(database: Database, table: str, query: str, values: Sequence[Value] = ()) -> Iterator[BackupRow]:
    # Numbers of rows and of pads mean nothing in another file, and a process is dead there.
    names = [name for name in columns_of(database, table) if name not in ("id", "pad", "token")]
    for row in database.each(query.format(", ".join(names)), values):
        yield BackupRow(table, dict(zip(names, row, strict=True)))


class RowEncoder:
    """Rows to bytes; names a table before its first row."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._numbers: dict[tuple[str, ...], int] = {}
        self.count = 0

    def put(self, row: BackupRow) -> None:
        shape = (row.table, *row.values)
        number = self._numbers.get(shape)
        if number is None:
            number = self._numbers[shape] = len(self._numbers)
            self._write(u8(0) + u8(number) + _value("\n".join(shape)))
        self._write(u8(1) + u8(number) + b"".join([_value(value) for value in row.values.values()]))
        self.count += 1

    def finish(self) -> None:
        self._write(u8(2) + u64(self.count))


def _value(value: Value) -> bytes:
    if value is None:
        return u8(_NULL)
    if isinstance(value, int):
        return u8(_INT) + value.to_bytes(8, signed=True)
    raw = value.encode() if isinstance(value, str) else value
    return u8(_TEXT if isinstance(value, str) else _BLOB) + u32(len(raw)) + raw


class _Stream:
    """Pieces read as one run of bytes."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._held = bytearray()
        self._at = 0

    def take(self, size: int) -> bytes:
        if self._at + size > len(self._held):
            del self._held[: self._at]
            self._at = 0
            while len(self._held) < size:
                piece = next(self._pieces, None)
                if piece is None:
                    raise BackupDamaged("its rows end too early")
                self._held += piece
        taken = bytes(self._held[self._at : self._at + size])
        self._at += size
        return taken

    def value(self) -> Value:
        kind = self.take(1)[0]
        if kind == _NULL:
            return None
        if kind == _INT:
            return int.from_bytes(self.take(8), signed=True)
        size = int.from_bytes(self.take(4))
        if kind not in (_TEXT, _BLOB) or size > _MAX_VALUE:
            raise BackupDamaged("a row of no known form")
        raw = self.take(size)
        try:
            return raw if kind == _BLOB else raw.decode("utf-8", "strict")
        except UnicodeDecodeError:
            raise BackupDamaged("a row of no known form") from None

    def end(self) -> None:
        if self._at != len(self._held) or any(list(self._pieces)):
            raise BackupDamaged("something follows its last row")


def decode_rows(pieces: Iterator[bytes]) -> Iterator[BackupRow]:
    """What was put in; raises BackupDamaged where that is not whole."""
    stream, shapes, count = _Stream(pieces), dict[int, tuple[str, ...]](), 0
    while (mark := stream.take(1)[0]) != 2:
        number = stream.take(1)[0]
        if mark == 0:
            shapes[number] = tuple(str(stream.value()).split("\n"))
            continue
        if mark != 1 or number not in shapes:
            raise BackupDamaged("a row of no known table")
        table, *names = shapes[number]
        yield BackupRow(table, {name: stream.value() for name in names})
        count += 1
    if int.from_bytes(stream.take(8)) != count:
        raise BackupDamaged("rows are missing")
    stream.end()


def insert(database: Database, row: BackupRow, pad: int | None, known: dict[str, frozenset[str]]) -> int:
    """Put a row where a vault of this version has it; columns that it has no more are left out."""
    if row.table not in _HELD:
        raise BackupDamaged("rows of a table that no backup has")
    if row.table not in known:
        known[row.table] = frozenset(columns_of(database, row.table))
    columns = known[row.table]
    values = {name: value for name, value in row.values.items() if name in columns}
    if pad is not None:
        values["pad"] = pad
    marks = ", ".join("?" for _ in values)
    statement = f"INSERT INTO {row.table}({', '.join(values)}) VALUES({marks})"
    return database.insert(statement, list(values.values()))
