"""A pad's record in the vault: made for a pad of one's own, and read for its keys. Pure."""

from __future__ import annotations

from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.records import Genesis, parse_genesis
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto.keys import EditKeys, ViewKeys, edit_seed_of, keys_match, owner_key
from cryptpad_tui.vault.records import PadRecord


def own_record(genesis: Genesis, kind: PadKind, owner_root: bytes, *, created_ms: int) -> PadRecord:
    """The record of a pad that is made here and known nowhere else yet."""
    return PadRecord(
        pad_id=genesis.pad_id,
        genesis=genesis.raw,
        kind=int(kind),
        role="owner",
        secret=owner_root,
        epoch=0,
        relay_url=None,
        relay_pk=b"",
        pin_n=0,
        pin_head=b"",
        uploaded=False,
        created_ms=created_ms,
    )


def keys_of(record: PadRecord) -> ViewKeys:
    """The keys that a pad's record holds, by its role."""
    if record.role == "owner":
        return EditKeys.from_seed(edit_seed_of(record.secret, record.epoch))
    return EditKeys.from_seed(record.secret) if record.role == "edit" else ViewKeys(record.secret)


def fits(record: PadRecord) -> bool:
    """Whether the keys are this pad's, as far as its birth tells: fields of two devices may be mixed."""
    try:
        genesis = parse_genesis(record.genesis, record.pad_id)
        kind = PadKind(record.kind)
        if record.role == "owner":
            return owner_key(record.secret).public == genesis.owner_pk
        keys = keys_of(record)
        return record.role in ("edit", "view") and (record.epoch > 0 or keys_match(keys, genesis, kind))
    except (Malformed, ValueError):
        return False
