"""The keys of a pad's epochs as this vault keeps them: found once, durable before anything is read with them.

Kept as a setting of the encrypted vault. An owner's are computed; they are kept all the same, so that an old
epoch needs no record to be read again. Nothing here is ever shown.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto.account import device_key_of
from cryptpad_tui.crypto.keys import EditKeys, ViewKeys, edit_seed_of, identity_of, pseudonym_of
from cryptpad_tui.crypto.links import Link, slot_opener
from cryptpad_tui.crypto.slots import BoxOpener
from cryptpad_tui.engine.folders.holders import LateOpeners
from cryptpad_tui.pad.keyring import KeyRing
from cryptpad_tui.people.identity import mailbox_key_of
from cryptpad_tui.vault.records import PadRecord

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

_EDIT, _VIEW = "edit", "view"
DEVICE_ROOT = "limited/root"
"""The setting of a limited device's vault that opens its slots of the drive."""
FORMER_ROOTS = "account/former"
MAX_SLOT_SEEDS = 16
"""Links to one pad that somebody followed: each costs a trial at each slot."""


def ring_of(engine: Engine, record: PadRecord) -> KeyRing:
    """Every key of this pad that this vault has, and the means to find those of the next epoch."""
    pad_id = record.pad_id
    is_owner = record.role == "owner"
    keys = _with_own(_stored(engine, pad_id), record)
    device = engine.vault.setting(DEVICE_ROOT) if record.kind == PadKind.DRIVE else None
    openers = (
        *([device_key_of(bytes.fromhex(device))] if device else ()),
        *own_openers(engine, pad_id),
        *[slot_opener(seed) for seed in _slot_seeds(engine, pad_id)],
    )
    return KeyRing(
        keys,
        record.kind,
        owner_root=record.secret if is_owner else None,
        openers=LateOpeners(engine, pad_id, openers, lambda folder: all_keys(engine, folder)),
        learned=lambda epoch, found: _keep(engine, pad_id, epoch, found),
        recall=lambda: _stored(engine, pad_id),
    )


def own_openers(engine: Engine, pad_id: bytes) -> list[BoxOpener]:
    """What opens slots that are sealed for this person, by whichever of their keys somebody knew."""
    account_root = engine.vault.account_root
    return [
        pseudonym_of(account_root, pad_id),
        identity_of(account_root),
        *[
            opener
            for root in former_roots(engine)
            for opener in (pseudonym_of(root, pad_id), identity_of(root), mailbox_key_of(root))
        ],
        mailbox_key_of(account_root),
    ]


def all_keys(engine: Engine, pad_id: bytes) -> dict[int, ViewKeys]:
    """Every key of a pad that is durable here, by epoch; none where the pad is not here."""
    record = engine.vault.pad(pad_id)
    return {} if record is None else _with_own(_stored(engine, pad_id), record)


def _with_own(keys: dict[int, ViewKeys], record: PadRecord) -> dict[int, ViewKeys]:
    is_owner = record.role == "owner"
    own: ViewKeys
    if is_owner:
        own = EditKeys.from_seed(edit_seed_of(record.secret, 0))
    else:
        own = EditKeys.from_seed(record.secret) if record.role == _EDIT else ViewKeys(record.secret)
    at = 0 if is_owner else record.epoch
    known = keys.get(at)
    # The right to write may have come later than that to read, for the same epoch.
    grows = known is not None and isinstance(own, EditKeys) and own.view_seed == known.view_seed
    if known is None or grows:
        keys[at] = own
    return keys


def former_roots(engine: Engine) -> list[bytes]:
    """Roots that the account had: the owners of other pads know this person by what followed from them."""
    return [bytes.fromhex(each) for each in json.loads(engine.vault.setting(FORMER_ROOTS) or "[]")]


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


def keep_of_link(engine: Engine, link: Link) -> None:
    """What a followed link holds for good: the keys of its epoch, and its own, to which later may come."""
    _keep(engine, link.pad_id, link.epoch, link.keys(), spare=True)
    seeds = _slot_seeds(engine, link.pad_id)
    if link.slot_seed and link.slot_seed not in seeds:
        kept = [*seeds, link.slot_seed][-MAX_SLOT_SEEDS:]
        engine.vault.set_setting(_slots_name(link.pad_id), json.dumps([seed.hex() for seed in kept]))


def _slot_seeds(engine: Engine, pad_id: bytes) -> list[bytes]:
    stored: list[str] = json.loads(engine.vault.setting(_slots_name(pad_id)) or "[]")
    return [bytes.fromhex(seed) for seed in stored]


def forget(engine: Engine, pad_id: bytes) -> None:
    engine.vault.set_setting(_name(pad_id), None)
    engine.vault.set_setting(_slots_name(pad_id), None)


def _stored(engine: Engine, pad_id: bytes) -> dict[int, ViewKeys]:
    found: dict[int, ViewKeys] = {}
    for epoch, (role, seed) in json.loads(engine.vault.setting(_name(pad_id)) or "{}").items():
        raw = bytes.fromhex(seed)
        found[int(epoch)] = EditKeys.from_seed(raw) if role == _EDIT else ViewKeys(raw)
    return found


def _keep(engine: Engine, pad_id: bytes, epoch: int, keys: ViewKeys, *, spare: bool = False) -> None:
    """`spare`: where there are none of that epoch yet."""
    stored = json.loads(engine.vault.setting(_name(pad_id)) or "{}")
    if spare and str(epoch) in stored:
        return
    role, seed = secret_of(keys)
    stored[str(epoch)] = [role, seed.hex()]
    engine.vault.set_setting(_name(pad_id), json.dumps(stored))


def _slots_name(pad_id: bytes) -> str:
    return f"link-keys/{pad_id.hex()}"


def _name(pad_id: bytes) -> str:
    return f"epoch-keys/{pad_id.hex()}"
