"""What the drive says of one pad: its keys as fields, and back.

The owner's root of a pad of one's own is written only sealed, so that a device which holds seeds alone can
read the drive and owns nothing by it. Pure; never writes an older seed over a newer one.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Protocol

from cryptpad_relay.protocol.records import GENESIS_BYTES
from cryptpad_tui.vault.records import PadRecord

FIELDS: Final = (
    "genesis",
    "kind",
    "role",
    "secret",
    "epoch",
    "relay",
    "relay_pk",
    "pin_n",
    "pin_head",
    "created_ms",
)
ROLES: Final = frozenset({"owner", "edit", "view"})
OWN: Final = "own"
"""The owner's root, sealed: devices that hold the account's root read it, and nobody else."""
_SEEDS: Final = ("secret", "epoch", "relay", "relay_pk", "removed")
"""What a device writes about a pad whose owner's root it does not have."""


class OwnerSeal(Protocol):
    """How this device keeps the roots of its account's own pads from devices that hold only seeds."""

    def close(self, pad_id: bytes, owner_root: bytes) -> bytes: ...
    def open(self, pad_id: bytes, sealed: bytes) -> bytes | None:
        """None where this device cannot."""

    def newest(self, record: PadRecord) -> tuple[int, bytes]:
        """The newest epoch of a pad of one's own, and its edit seed."""


def fields_of(
    record: PadRecord, known: Mapping[str, object], seal: OwnerSeal | None, owner_root: bytes | None
) -> dict[str, str | int]:
    """The fields to write, where `known` is there: OWN and the epoch.

    `owner_root`: of a pad that is made here and whose owner's root stays nowhere on this device.
    """
    values: dict[str, str | int] = {
        "genesis": text_of(record.genesis),
        "kind": record.kind,
        "role": record.role,
        "secret": text_of(record.secret),
        "epoch": record.epoch,
        "relay": record.relay_url or "",
        "relay_pk": text_of(record.relay_pk),
        "pin_n": record.pin_n,
        "pin_head": text_of(record.pin_head),
        "created_ms": record.created_ms,
        "removed": 0,
    }
    own = known.get(OWN)
    if seal is not None and record.role == "owner":
        owner_root = record.secret
        epoch, seed = seal.newest(record)
        values |= {"secret": text_of(seed), "epoch": epoch}
    elif owner_root is None and own is not None:
        values = {name: values[name] for name in _SEEDS}
    if seal is not None and owner_root is not None:
        values["role"] = "owner"
        if _opened(record.pad_id, own, seal) != owner_root:
            values[OWN] = text_of(seal.close(record.pad_id, owner_root))
    epoch_known = known.get("epoch")
    if own is not None and isinstance(epoch_known, int | float) and epoch_known > int(values["epoch"]):
        values = {name: value for name, value in values.items() if name not in ("secret", "epoch")}
    return values


def record_from(
    pad_id: bytes, values: Mapping[str, object], own: object, seal: OwnerSeal | None
) -> PadRecord:
    """As this device may use the pad; without the owner's root that is an edit right to one's own.

    Raises ValueError where the fields make no sense.
    """
    record = _plain_record(pad_id, values)
    if record.role != "owner":
        return record
    if own is None:
        return replace(record, epoch=0)
    root = _opened(pad_id, own, seal)
    return replace(record, role="edit") if root is None else replace(record, secret=root, epoch=0)


def _opened(pad_id: bytes, own: object, seal: OwnerSeal | None) -> bytes | None:
    try:
        return seal.open(pad_id, bytes_of(own)) if seal is not None and own is not None else None
    except ValueError:
        return None


def _plain_record(pad_id: bytes, values: Mapping[str, object]) -> PadRecord:
    def number(name: str, below: int = 2**53) -> int:
        found = int(str(values[name]).partition(".")[0])
        if not 0 <= found < below:
            raise ValueError(name)
        return found

    def raw(name: str, *sizes: int) -> bytes:
        found = bytes_of(values[name])
        if len(found) not in sizes:
            raise ValueError(name)
        return found

    role = str(values["role"])
    if role not in ROLES:
        raise ValueError("role")
    return PadRecord(
        pad_id=pad_id,
        genesis=raw("genesis", GENESIS_BYTES),
        kind=number("kind", 256),
        role=role,
        secret=raw("secret", 32),
        epoch=number("epoch", 2**32),
        relay_url=str(values["relay"]) or None,
        relay_pk=raw("relay_pk", 0, 32),
        pin_n=number("pin_n", 2**63),
        pin_head=raw("pin_head", 0, 16),
        uploaded=False,
        created_ms=number("created_ms"),
    )


def pad_id_of(entry: str) -> bytes | None:
    """The pad that an entry is of; None for folders, devices and what nobody wrote who means well."""
    try:
        raw = bytes.fromhex(entry)
    except ValueError:
        return None
    return raw if len(raw) == 32 and raw.hex() == entry else None


def text_of(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def bytes_of(text: object) -> bytes:
    """Raises ValueError."""
    return base64.b64decode(str(text), validate=True)
