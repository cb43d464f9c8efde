"""Owner records as a relay sees them: real signatures, random bytes for slots and seals."""

from __future__ import annotations

from dataclasses import replace

from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.frames import PadHead
from cryptpad_relay.protocol.freeze import Freeze, freeze_parts
from cryptpad_relay.protocol.owner_records import (
    EpochFields,
    delete_body,
    epoch_before_seal,
    expire_body,
    idle_body,
)
from cryptpad_relay.protocol.records import UNBOUND
from support.forge import DeskClient, ForgedPad

SEALED_BYTES = 200


def forge_epoch(
    pad: ForgedPad, closes: PadHead, previous: bytes | None = None, *, slots: int = 8, **wrong: object
) -> tuple[bytes, ForgedPad]:
    """An EPOCH record after `closes`, and the pad with the keys of that epoch."""
    rotated = replace(pad, cap_seed=pad.forge.bytes(32), fetch_seed=pad.forge.bytes(32), epoch=pad.epoch + 1)
    fields = EpochFields(
        pad.pad_id,
        rotated.epoch,
        previous or pad.pad_id,
        pad.forge.bytes(16),
        labels.public_key(rotated.cap_seed),
        labels.public_key(rotated.fetch_seed),
        pad.forge.bytes(16),
        UNBOUND,
        closes.n,
        closes.head,
        0,
    )
    sign_with = wrong.pop("sign_with", pad.owner_seed)
    assert isinstance(sign_with, bytes)
    fields = replace(fields, **wrong)  # type: ignore[arg-type]
    sealed_slots = tuple([pad.forge.bytes(128) for _ in range(slots)])
    body = epoch_before_seal(fields, sealed_slots, SEALED_BYTES) + pad.forge.bytes(SEALED_BYTES)
    return body + labels.sign_parts(sign_with, labels.EPOCH_RECORD, body), rotated


def forge_delete(
    pad: ForgedPad, seen: PadHead, previous: bytes | None = None, *, sign_with: bytes = b""
) -> bytes:
    body = delete_body(pad.pad_id, pad.epoch, previous or pad.pad_id, seen.n, seen.head, 1)
    return body + labels.sign_parts(sign_with or pad.owner_seed, labels.DELETE, body)


def forge_expire(
    pad: ForgedPad, unix_ms: int, previous: bytes | None = None, *, sign_with: bytes = b""
) -> bytes:
    body = expire_body(pad.pad_id, pad.epoch, previous or pad.pad_id, unix_ms)
    return body + labels.sign_parts(sign_with or pad.owner_seed, labels.EXPIRE, body)


def forge_idle(pad: ForgedPad, days: int, previous: bytes | None = None, *, sign_with: bytes = b"") -> bytes:
    body = idle_body(pad.pad_id, pad.epoch, previous or pad.pad_id, days)
    return body + labels.sign_parts(sign_with or pad.owner_seed, labels.IDLE, body)


def forge_freeze(pad: ForgedPad, client: DeskClient, *, sign_with: bytes = b"") -> bytes:
    parts = freeze_parts(pad.pad_id, client.greeting.relay_nonce, client.greeting.relay_pk)
    return Freeze(pad.pad_id, labels.sign_parts(sign_with or pad.owner_seed, labels.FREEZE, *parts)).encode()
