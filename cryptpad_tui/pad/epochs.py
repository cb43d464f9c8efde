"""A fold's epochs: which keys count at its position, who wrote before, and what stops who has no keys.

Plain state; `pad.fold` folds. What the writers of a closed epoch did stays; they do nothing more.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.owner_records import DeleteRecord, EpochRecord, ExpireRecord, IdleRecord
from cryptpad_relay.protocol.records import Genesis
from cryptpad_tui.crypto.errors import BadLink
from cryptpad_tui.crypto.keys import client_id_of
from cryptpad_tui.pad.writers import WriterState, WriterStatus, ordered

CLOSED_ROW: Final = struct.Struct(">32sQ32sQI32s")


@dataclass(frozen=True, slots=True)
class EpochMark:
    """An epoch: its number, the position of its record (0: the pad's birth), and the keys that it names."""

    number: int
    n: int
    cap_pk: bytes
    fetch_pk: bytes

    @classmethod
    def first(cls, genesis: Genesis) -> EpochMark:
        return cls(0, 0, genesis.cap_pk, genesis.fetch_pk)

    @classmethod
    def of(cls, record: EpochRecord) -> EpochMark:
        return cls(record.epoch, record.close_n + 1, record.cap_pk, record.fetch_pk)


class Removed(Exception):
    """The pad's owner changed its keys, and you are not among those who got the new ones. What was here by
    then stays here, with what you wrote since; you can neither read nor change what others write from now on.
    If that is a mistake, ask the owner for a new link.
    """

    def __init__(self, record: EpochRecord) -> None:
        super().__init__(" ".join((type(self).__doc__ or "").split()))
        self.record = record


class KeysChangedSince(BadLink):
    """The pad's owner changed its keys since the link was made; a slot of the link's own may hold others."""

    def __init__(self, genesis: Genesis, record: EpochRecord) -> None:
        super().__init__("the pad's owner has changed its keys since it was made: ask for a new link")
        self.genesis, self.record = genesis, record


class HistoryClosed(Exception):
    """What was written here before its owner changed the keys is not for newcomers, so it cannot be read."""


class NoStartYet(Exception):
    """The pad's owner has just changed its keys, and the first snapshot under them is not at the relay yet.
    It is tried again by itself; nothing is lost.
    """


class Ended(Exception):
    """The pad's owner deleted it, for everybody. Your copy is here whole."""

    def __init__(self, record: DeleteRecord | ExpireRecord | IdleRecord) -> None:
        super().__init__(" ".join((type(self).__doc__ or "").split()))
        self.record = record


class Expired(Ended):
    """The pad's owner let it end, on a day or after a time without use, and the relay deleted it. Your copy
    is here whole.
    """


def encode_closed(closed: Iterable[WriterState], clocks: Mapping[int, int]) -> bytes:
    """The rows of closed epochs that follow a snapshot's facts, 116 bytes a writer."""
    return b"".join(
        [
            CLOSED_ROW.pack(
                writer.writer_pk,
                writer.last_seq,
                writer.last_id,
                writer.client_id,
                clocks.get(writer.client_id, 0),
                writer.ident_pk,
            )
            for writer in ordered(closed)
        ]
    )


def decode_closed(raw: bytes, pad_id: bytes) -> tuple[dict[bytes, WriterState], dict[int, int]]:
    """The writers of closed epochs, and the clocks of their client ids; raises Malformed."""
    if len(raw) % CLOSED_ROW.size:
        raise Malformed("closed writers")
    closed: dict[bytes, WriterState] = {}
    clocks: dict[int, int] = {}
    last = b""
    for writer_pk, last_seq, last_id, client_id, clock, ident_pk in CLOSED_ROW.iter_unpack(raw):
        if writer_pk <= last or client_id in clocks or client_id != client_id_of(pad_id, writer_pk):
            raise Malformed("closed writers")
        last = writer_pk
        clocks[client_id] = clock
        closed[writer_pk] = WriterState(
            writer_pk=writer_pk,
            cert=b"",
            hello_id=b"",
            client_id=client_id,
            last_seq=last_seq,
            last_id=last_id,
            last_n=0,
            base_n=0,
            ident_pk=ident_pk,
            status=WriterStatus.TERMINATED,
        )
    return closed, clocks
