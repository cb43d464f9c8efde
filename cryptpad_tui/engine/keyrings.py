"""The keys of a pad's epochs as this vault keeps them: found once, durable before anything is read with them.

Kept as a setting of the encrypted vault. An owner's are computed; they are kept all the same, so that an old
epoch needs no record to be read again. Nothing here is ever shown.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cryptpad_tui.crypto.keys import EditKeys, ViewKeys, edit_seed_of, identity_of, pseudonym_of
from cryptpad_tui.pad.keyring import KeyRing
from cryptpad_tui.vault.records import PadRecord

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

_EDIT, _VIEW = "edit", "view"


def ring_of(engine: Engine, record: PadRecord) -> KeyRing:
    """Every key of this pad that this vault has, and the means to find those of the next epoch."""
    pad_id, account_root = record.pad_id, engine.vault.account_root
    is_owner = record.role == "owner"
    keys = _stored(engine, pad_id)
    own: ViewKeys
    if is_owner:
        own = EditKeys.from_seed(edit_seed_of(record.secret, 0))
    else:
        own = EditKeys.from_seed(record.secret) if record.role == _EDIT else ViewKeys(record.secret)
    keys.setdefault(0 if is_owner else record.epoch, own)
    return KeyRing(
        keys,
        record.kind,
        owner_root=record.secret if is_owner else None,
        openers=(pseudonym_of(account_root, pad_id), identity_of(account_root)),
        learned=lambda epoch, found: _keep(engine, pad_id, epoch, found),
        recall=lambda: _stored(engine, pad_id),
    )


def secret_of(keys: ViewKeys) -> tuple[str, bytes]:
    """The role that keys give, and the seed that says all of them."""
    return (_EDIT, keys.edit_seed) if isinstance(keys, EditKeys) else (_VIEW, keys.view_seed)


def keep(engine: Engine, record: PadRecord) -> None:
    """Keep the keys of a record that another is to replace."""
    ring = ring_of(engine, record)
    for epoch in ring.epochs:
        keys = ring.known(epoch)
        if keys is not None:
            _keep(engine, record.pad_id, epoch, keys)


def forget(engine: Engine, pad_id: bytes) -> None:
    engine.vault.set_setting(_name(pad_id), None)


def _stored(engine: Engine, pad_id: bytes) -> dict[int, ViewKeys]:
    found: dict[int, ViewKeys] = {}
    for epoch, (role, seed) in json.loads(engine.vault.setting(_name(pad_id)) or "{}").items():
        raw = bytes.fromhex(seed)
        found[int(epoch)] = EditKeys.from_seed(raw) if role == _EDIT else ViewKeys(raw)
    return found


def _keep(engine: Engine, pad_id: bytes, epoch: int, keys: ViewKeys) -> None:
    stored = json.loads(engine.vault.setting(_name(pad_id)) or "{}")
    role, seed = secret_of(keys)
    stored[str(epoch)] = [role, seed.hex()]
    engine.vault.set_setting(_name(pad_id), json.dumps(stored))


def _name(pad_id: bytes) -> str:
    return f"epoch-keys/{pad_id.hex()}"
