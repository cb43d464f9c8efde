"""The owner's own records, made and brought to the relay: other keys, the pad's end, the day of its end.

An EPOCH closes exactly the log that was verified here, so that it voids nothing acknowledged. What it seals
never leaves this machine but in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.chain import SignedHead
from cryptpad_relay.protocol.errors import Code, Refused
from cryptpad_relay.protocol.frames import Greeting, Op
from cryptpad_relay.protocol.freeze import Freeze, freeze_parts
from cryptpad_relay.protocol.labels import DELETE, EPOCH_RECORD, EXPIRE, FREEZE, IDLE
from cryptpad_relay.protocol.owner_records import (
    DeleteRecord,
    EpochFields,
    EpochRecord,
    ExpireRecord,
    IdleRecord,
    OwnerRecord,
    delete_body,
    epoch_before_seal,
    expire_body,
    idle_body,
    parse_record,
)
from cryptpad_tui.crypto.keys import EditKeys, Role, SigningSeed, edit_seed_of, owner_key
from cryptpad_tui.crypto.sealing import SEAL_OVERHEAD, RandomBytes, seal
from cryptpad_tui.crypto.slots import Slot, box_key_of, padded_slots, seal_slot
from cryptpad_tui.pad import flows
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.asking import Flow, Request
from cryptpad_tui.pad.flows_keys import owner_records
from cryptpad_tui.pad.replica import Replica
from cryptpad_tui.pad.roster import Member, Roster

ATTEMPTS_BEFORE_FREEZE: Final = 3
ATTEMPTS: Final = 6


@dataclass(frozen=True, slots=True)
class Kept:
    """A member as the next epoch is sealed to them; `box_pk` is empty where only the identity is known."""

    ident_pk: bytes
    role: Role
    box_pk: bytes = b""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the next epoch is to be: who stays, and whether newcomers may read the history."""

    members: tuple[Kept, ...] = ()
    history: bool = True
    note: str = field(default="", repr=False)
    links: tuple[Kept, ...] = ()
    """Links that go on: each has a slot, and none is on the roster that readers see."""


def make_epoch(
    replica: Replica, owner_root: bytes, plan: Plan, previous: bytes, relay_id: bytes, *, rng: RandomBytes
) -> EpochRecord:
    """An EPOCH record that closes this client's position; each has a salt, and so keys, of its own."""
    fold, salt = replica.require_stored(), rng(16)
    keys = EditKeys.from_seed(edit_seed_of(owner_root, fold.epoch + 1, salt))
    fields = EpochFields(
        pad_id=fold.pad_id,
        epoch=fold.epoch + 1,
        previous=previous,
        record_salt=salt,
        cap_pk=keys.cap.public,
        fetch_pk=keys.fetch.public,
        kcv=keys.key_check(fold.kind),
        relay_id=relay_id,
        close_n=fold.n,
        close_head=fold.head,
        policy=fold.genesis.policy,
    )
    sealed = [
        seal_slot(each.box_pk or box_key_of(each.ident_pk), fold.pad_id, _slot(each, fields, keys), rng=rng)
        for each in (*plan.members, *plan.links)
    ]
    members = tuple([Member(each.ident_pk, each.role) for each in plan.members])
    roster = Roster(members, fold.keys.view_seed if plan.history else None, plan.note).encode()
    slots = padded_slots(sealed, fold.pad_id, rng=rng)
    before_seal = epoch_before_seal(fields, slots, len(roster) + SEAL_OVERHEAD)
    body = before_seal + seal(keys.meta_key, before_seal, roster, rng=rng)
    record = parse_record(body + owner_key(owner_root).sign(EPOCH_RECORD, body))
    assert isinstance(record, EpochRecord)
    return record


def _slot(member: Kept, fields: EpochFields, keys: EditKeys) -> Slot:
    seed = keys.edit_seed if member.role is Role.EDIT else keys.view_seed
    return Slot(member.role, fields.epoch, seed)


def rotate(
    replica: Replica,
    owner_root: bytes,
    plan: Plan,
    greeting: Greeting,
    *,
    rng: RandomBytes,
    after: int | None = None,
) -> Flow[EpochRecord]:
    """Begin an epoch for those who stay; it is folded here when this returns. Raises Alarm or Refused.

    `after`: the epoch that the plan was made in. Where another owner began one meanwhile, their word on who
    stays is newer than this plan, and it is Refused.

    Compare-and-set: others may write meanwhile, so it is tried again, and after some failures in a freeze.
    """
    for attempt in range(ATTEMPTS):
        if attempt >= ATTEMPTS_BEFORE_FREEZE:
            yield from freeze(replica, owner_root, greeting)
        yield from settle(replica, greeting, rng=rng)
        if after is not None and replica.fold.epoch != after:
            raise Refused(Code.BAD_BASE)
        previous = yield from _last_record_id(replica)
        record = make_epoch(replica, owner_root, plan, previous, greeting.relay_pk, rng=rng)
        code = yield from _append(record.raw)
        if code is Code.OK:
            n, head = record.close_n + 1, replica.fold.heads_after([record.raw])[0]
            yield from flows.take(replica, n, (record.raw,), head)
            return record
        if code is not Code.BAD_BASE:
            raise Refused(code)
    raise Refused(Code.RETRY, 1_000)


def delete(replica: Replica, owner_root: bytes, *, now_ms: int) -> Flow[DeleteRecord]:
    """End the pad for everybody. Raises Refused."""

    def body(previous: bytes) -> bytes:
        fold = replica.fold
        return delete_body(fold.pad_id, fold.epoch, previous, fold.n, fold.head, now_ms)

    record = yield from _sign_and_append(replica, owner_key(owner_root), body, DELETE)
    assert isinstance(record, DeleteRecord)
    return record


def expire(replica: Replica, owner_root: bytes, unix_ms: int) -> Flow[ExpireRecord]:
    """Name the day on which the relay deletes the pad; 0 takes it back. Raises Refused."""

    def body(previous: bytes) -> bytes:
        return expire_body(replica.pad_id, replica.fold.epoch, previous, unix_ms)

    record = yield from _sign_and_append(replica, owner_key(owner_root), body, EXPIRE)
    assert isinstance(record, ExpireRecord)
    return record


def expire_unused(replica: Replica, owner_root: bytes, days: int) -> Flow[IdleRecord]:
    """Let the relay delete the pad after so many days without use; 0 takes it back. Raises Refused."""

    def body(previous: bytes) -> bytes:
        return idle_body(replica.pad_id, replica.fold.epoch, previous, days)

    record = yield from _sign_and_append(replica, owner_key(owner_root), body, IDLE)
    assert isinstance(record, IdleRecord)
    return record


def _sign_and_append(
    replica: Replica, owner: SigningSeed, body: Callable[[bytes], bytes], label: str
) -> Flow[OwnerRecord]:
    previous = yield from _last_record_id(replica)
    signed = body(previous)
    raw = signed + owner.sign(label, signed)
    code = yield from _append(raw)
    if code is not Code.OK:
        raise Refused(code)
    return parse_record(raw)


def _append(raw: bytes) -> Flow[Code]:
    appended = frames.Appended.decode((yield Request(Op.APPEND, frames.Append((raw,)).encode())))
    return Code(appended.code)


def _last_record_id(replica: Replica) -> Flow[bytes]:
    records = yield from owner_records(replica)
    return records[-1].entry_id if records else replica.pad_id


def freeze(replica: Replica, owner_root: bytes, greeting: Greeting) -> Flow[None]:
    """Ask that others wait for a moment, so that the owner's record finds its place."""
    parts = freeze_parts(replica.pad_id, greeting.relay_nonce, greeting.relay_pk)
    signature = owner_key(owner_root).sign(FREEZE, *parts)
    yield Request(Op.FREEZE, Freeze(replica.pad_id, signature).encode())


def settle(replica: Replica, greeting: Greeting, *, rng: RandomBytes) -> Flow[None]:
    """Fold to the relay's present end, which it signs; raises Alarm."""
    pad_id, challenge = replica.pad_id, replica.witness.challenge(rng)
    body = yield Request(Op.STH, frames.SthRequest(pad_id, challenge).encode())
    answer = frames.SthReply.decode(body)
    signed = SignedHead(pad_id, answer.n, answer.head, answer.unix_ms, challenge, answer.signature)
    if not signed.verify(greeting.relay_pk):
        raise Alarm(AlarmCode.WRONG_RELAY, "its signature does not verify")
    replica.take_signed(signed)
    yield from flows.catch_up(replica, answer.n, answer.head)
