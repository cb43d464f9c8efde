"""F16: an owner whose program writes records of its own making: what a relay takes, every client can read.

Each record is signed by the pad's owner, whatever is in it. Were the two sides to judge differently, one
record would make all members accuse an honest relay.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Final

from fuzz.choices import Choices

from cryptpad_relay.protocol import frames, labels
from cryptpad_relay.protocol.errors import Code, Malformed
from cryptpad_relay.protocol.frames import Op, PadHead
from cryptpad_relay.protocol.move_record import move_body
from cryptpad_relay.protocol.owner_records import delete_body, expire_body, idle_body
from cryptpad_relay.protocol.records import RecordKind, parse_genesis, record_kind, void_body
from cryptpad_relay.store.memory import MemoryStore
from cryptpad_tui.pad.alarms import Alarm
from cryptpad_tui.pad.owner_records import (
    NeedsEntry,
    OwnerBook,
    epochs_in,
    lifetime_in,
    moves_in,
    verified_records,
    voids_in,
)
from support.forge import Desk, DeskClient, Forge, ForgedPad
from support.forge_records import forge_epoch

MAX_RECORDS: Final = 8
KINDS: Final = tuple(RecordKind)[1:]
SIGNED_AS: Final = {
    RecordKind.EPOCH: labels.EPOCH_RECORD,
    RecordKind.DELETE: labels.DELETE,
    RecordKind.VOID: labels.VOID,
    RecordKind.EXPIRE: labels.EXPIRE,
    RecordKind.IDLE: labels.IDLE,
    RecordKind.MOVE: labels.MOVE,
}


@dataclass(slots=True)
class Estate:
    """A pad at a relay, its owner's connection, and what a member makes of it."""

    desk: Desk
    pad: ForgedPad
    client: DeskClient
    book: OwnerBook
    log: list[bytes]

    @property
    def end(self) -> PadHead:
        row = self.desk.hub.store.find(self.pad.pad_id)
        assert row is not None
        return PadHead(*self.desk.hub.store.pad_index(row).end())


def fuzz_owner(data: bytes) -> None:
    """Records of all kinds in any order, honest but for some fields, and a changed byte before signing."""
    choices, forge = Choices(data), Forge(8)
    desk, pad = Desk(MemoryStore(), forge), forge.pad()
    client = desk.connect()
    client.create(pad)
    client.subscribe(pad)
    writer = pad.writer()
    log = [writer.hello(pad.start), writer.update(pad.start)]
    client.append(*log)
    estate = Estate(desk, pad, client, OwnerBook(parse_genesis(pad.genesis), 0), log)
    for _ in range(MAX_RECORDS):
        if not choices or not _step(choices, estate):
            break
    records = tuple([raw for raw in estate.log if record_kind(raw) is not None])
    verified = verified_records(parse_genesis(pad.genesis), records)
    assert lifetime_in(verified) == estate.book.lifetime
    assert (moves_in(verified) or [None])[-1] == estate.book.home
    assert len(epochs_in(verified)) == estate.book.epoch
    assert len(voids_in(verified)) == sum([raw[4] == RecordKind.VOID for raw in records])


def _step(choices: Choices, estate: Estate) -> bool:
    """Whether the pad goes on."""
    rotated = estate.pad
    kind = choices.pick(KINDS)
    if kind is RecordKind.EPOCH:
        raw, rotated = forge_epoch(
            estate.pad, estate.end, _previous(choices, estate), slots=choices.pick((8, 0, 16))
        )
        body = raw[:-64]
    else:
        body = _body(choices, estate, kind)
    if choices.below(3) == 2:
        at = choices.below(len(body))
        body = body[:at] + bytes([body[at] ^ (choices.byte() or 1)]) + body[at + 1 :]
    if choices.below(16) == 15:
        body = body[: choices.below(len(body))] + choices.take(40)
    raw = body + labels.sign_parts(estate.pad.owner_seed, SIGNED_AS.get(kind, labels.VOID), body)
    _hostile_reading(estate, raw)
    if not _appended(estate, raw) or raw in estate.log:
        # What the relay has already is acknowledged where it stands.
        return True
    n = estate.end.n
    estate.log.append(raw)
    try:
        record = estate.book.check(raw, n, trusted=False)
    except Alarm as alarm:
        raise AssertionError(f"a relay took what a member calls an attack: {alarm}") from None
    estate.book.folded(record, n)
    return record_kind(raw) is not RecordKind.DELETE and _came_back(estate, raw, rotated)


def _body(choices: Choices, estate: Estate, kind: RecordKind) -> bytes:
    pad, previous, number = estate.pad, _previous(choices, estate), int.from_bytes(choices.take(3))
    if kind is RecordKind.DELETE:
        return delete_body(pad.pad_id, pad.epoch, previous, *estate.end, number)
    if kind is RecordKind.EXPIRE:
        return expire_body(pad.pad_id, pad.epoch, previous, number << choices.below(40))
    if kind is RecordKind.IDLE:
        return idle_body(pad.pad_id, pad.epoch, previous, number)
    if kind is RecordKind.MOVE:
        other = Desk(MemoryStore(), pad.forge)
        receipt = other.hub.sign_head(pad.pad_id, estate.end, bytes(16))
        host = "".join([chr(0x21 + each % 0x5E) for each in choices.take(1 + choices.below(249))]) or "w"
        return move_body(pad.epoch, previous, receipt, other.hub.relay_pk, f"wss://{host}")
    target = choices.below(4)
    return void_body(pad.pad_id, pad.epoch, previous, target, _id_at(estate, target))


def _id_at(estate: Estate, n: int) -> bytes:
    row = estate.desk.hub.store.find(estate.pad.pad_id)
    assert row is not None
    return estate.desk.hub.store.pad_index(row).entry_id(n) or bytes(32)


def _previous(choices: Choices, estate: Estate) -> bytes:
    if choices.below(8) == 7:
        return choices.pick((bytes(32), estate.pad.pad_id))
    return estate.book.last_id or bytes(32)


def _hostile_reading(estate: Estate, raw: bytes) -> None:
    """A relay may show it anywhere: what comes of it is an alarm, never anything else."""
    for n in (1, 2**62):
        with contextlib.suppress(Alarm, NeedsEntry):
            record = estate.book.check(raw, n, trusted=False)
            if record.raw[4] == RecordKind.VOID:
                estate.book.target(record, estate.log[1])  # type: ignore[arg-type]
    with contextlib.suppress(Alarm):
        verified_records(parse_genesis(estate.pad.genesis), (raw,))


def _appended(estate: Estate, raw: bytes) -> bool:
    answer = estate.client.ask(Op.APPEND, frames.Append((raw,)).encode())
    if answer.op == Op.ERR:
        return False
    return frames.Appended.decode(answer.body).code is Code.OK


def _came_back(estate: Estate, raw: bytes, rotated: ForgedPad) -> bool:
    """After new keys a subscription is anew; where the record names others than these, nobody comes back."""
    if record_kind(raw) is not RecordKind.EPOCH:
        return True
    estate.pad, estate.client = rotated, estate.desk.connect()
    answer = estate.client.ask(Op.SUB, estate.client.sub_body(rotated))
    with contextlib.suppress(Malformed):
        return answer.op == Op.SUB | 0x80
    return False
