"""Who wrote what: the writers of an epoch as the fold knows them, and their key-free table (protocol §11)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import Final

from cryptpad_relay.protocol.errors import Malformed

TABLE_ROW: Final = struct.Struct(">32s64s32sQ32sQ")
FACT_ROW: Final = struct.Struct(">BI32s")


class WriterStatus(IntEnum):
    LIVE = 0
    TERMINATED = 1
    """Made an entry that voids itself; nothing after it counts."""
    SUPERSEDED = 2
    """Its owner replaced it and said so."""
    RETIRED = 3


@dataclass(slots=True)
class WriterState:
    """What the fold knows of one writer key at its position."""

    writer_pk: bytes
    cert: bytes
    hello_id: bytes
    client_id: int
    last_seq: int
    last_id: bytes
    last_n: int
    base_n: int
    ident_pk: bytes = bytes(32)
    status: WriterStatus = WriterStatus.LIVE
    name: str = ""
    """As the HELLO says; a label, never an identity. Empty until the HELLO was read here."""
    rgb: bytes = bytes(3)

    def table_row(self) -> bytes:
        """What the relay knows of a writer too, 176 bytes."""
        return TABLE_ROW.pack(
            self.writer_pk, self.cert, self.hello_id, self.last_seq, self.last_id, self.last_n
        )


def ordered(writers: Iterable[WriterState]) -> list[WriterState]:
    return sorted(writers, key=lambda writer: writer.writer_pk)


def encode_table(writers: Iterable[WriterState]) -> bytes:
    """The table of a snapshot, ordered by writer key."""
    return b"".join([writer.table_row() for writer in ordered(writers)])


def encode_facts(writers: Iterable[WriterState], clocks: Mapping[int, int]) -> bytes:
    """What only key holders know of each writer, in the table's order (37 bytes a writer)."""
    return b"".join(
        [
            FACT_ROW.pack(writer.status, clocks.get(writer.client_id, 0), writer.ident_pk)
            for writer in ordered(writers)
        ]
    )


@dataclass(frozen=True, slots=True)
class TableRow:
    writer_pk: bytes
    cert: bytes
    hello_id: bytes
    last_seq: int
    last_id: bytes
    last_n: int


def decode_table(raw: bytes) -> list[TableRow]:
    """The rows of a table chunk; raises Malformed where it is not rows in strictly ascending order."""
    if len(raw) % TABLE_ROW.size:
        raise Malformed("table size")
    rows = [TableRow(*fields) for fields in TABLE_ROW.iter_unpack(raw)]
    if any(a.writer_pk >= b.writer_pk for a, b in pairwise(rows)):
        raise Malformed("table order")
    return rows


@dataclass(frozen=True, slots=True)
class FactRow:
    status: WriterStatus
    last_clock: int
    ident_pk: bytes


def decode_facts(raw: bytes) -> list[FactRow]:
    if len(raw) % FACT_ROW.size:
        raise Malformed("facts size")
    try:
        return [FactRow(WriterStatus(s), clock, ident) for s, clock, ident in FACT_ROW.iter_unpack(raw)]
    except ValueError:
        raise Malformed("writer status") from None
