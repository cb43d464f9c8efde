"""The owner voids an entry: the record is made from what this client verified, and brought to the relay.

It must never sign for an entry that the relay alone described: the entry is in this vault's log, or it is the
next one and passes every check that needs no key.
"""

from __future__ import annotations

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.entry import Entry, parse_entry
from cryptpad_relay.protocol.errors import Code, Malformed, Refused
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.labels import VOID
from cryptpad_relay.protocol.records import parse_void, void_body
from cryptpad_tui.crypto.keys import SigningSeed
from cryptpad_tui.pad.alarms import NeedsProof
from cryptpad_tui.pad.asking import Flow, Request, one_entry, prove
from cryptpad_tui.pad.owner_records import VOIDABLE, verified_records, voids_in
from cryptpad_tui.pad.replica import Replica


class NotVoidable(Exception):
    """That position cannot be voided: only text changes and snapshots can, once. Nothing was changed."""


def void_entry(replica: Replica, owner: SigningSeed, n: int) -> Flow[bytes]:
    """Append a VOID of the entry at n; returns the record. Raises NotVoidable, Alarm or Refused."""
    entry = yield from _target(replica, n)
    if entry.kind not in VOIDABLE:
        raise NotVoidable(f"position {n} holds a {entry.kind.name.lower()}")
    request = frames.OwnerRec(replica.pad_id, replica.fetch_epoch, replica.fetch_proof)
    answer = frames.OwnerRecords.decode((yield Request(Op.OWNER_REC, request.encode())))
    records = verified_records(replica.genesis, answer.records)
    if any(record.void_n == n for record in voids_in(records)):
        raise NotVoidable(f"position {n} is void already")
    previous = records[-1].entry_id if records else replica.pad_id
    body = void_body(replica.pad_id, replica.epoch, previous, n, entry.entry_id)
    raw = parse_void(body + owner.sign(VOID, body)).raw
    appended = frames.Appended.decode((yield Request(Op.APPEND, frames.Append((raw,)).encode())))
    if appended.code != Code.OK:
        raise Refused(appended.code, appended.retry_ms)
    return raw


def _target(replica: Replica, n: int) -> Flow[Entry]:
    fold = replica.require_stored()
    stored = replica.stored_entry(n)
    if stored is not None:
        try:
            return parse_entry(stored)
        except Malformed:
            raise NotVoidable(f"position {n} holds a record of the owner") from None
    if n != fold.n + 1:
        raise NotVoidable(f"position {n} is not in the history that this machine verified")
    raw = yield from one_entry(replica.pad_id, n)
    while True:
        try:
            return fold.peek(raw)
        except NeedsProof as need:
            yield from prove(fold, need.n)
