"""Which limited devices the account let in and took out, by its root's own signatures.

Any device writes the drive's list, so a limited one could cross itself off it, call itself another kind of
device, or bring back one that was taken out. What was signed once is remembered in the vault and goes before
what the list says. Nothing here changes keys.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.labels import verify_parts
from cryptpad_tui.crypto.account import DEVICE_ENDED, DEVICE_SIGNATURE
from cryptpad_tui.crypto.keys import identity_of
from cryptpad_tui.engine.limited import is_limited

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

VOUCHED: Final = "device/vouched/"
"""How the settings begin that remember the key of each device that was let in, and the signature for it."""
ENDED: Final = "device/ended/"
"""The same for those that were taken out."""
HOLDS_PADS: Final = "pads"
Values = dict[str, object]
_ID: Final = re.compile(r"[0-9a-f]{32}")


def let_in(engine: Engine, device: str, key: bytes) -> Values:
    """What the list says of a device that the account lets in; remembered here."""
    signature = _sign(engine, DEVICE_SIGNATURE, device, key)
    engine.vault.set_setting(VOUCHED + device, f"{key.hex()} {signature}")
    return {"holds": HOLDS_PADS, "key": key.hex(), "vouched": signature}


def ended(engine: Engine, device: str) -> Values:
    """What it says of one that is taken out; remembered here."""
    signature = _sign(engine, DEVICE_ENDED, device)
    engine.vault.set_setting(ENDED + device, signature)
    return {"gone": 1, "ended": signature}


def believed(engine: Engine, found: dict[str, Values]) -> dict[str, Values]:
    """The list's lines as far as they can be believed, with those that were struck out by nobody's right."""
    lines = {id_: values for id_, values in found.items() if _ID.fullmatch(id_)}
    if is_limited(engine.vault):
        return lines
    for name, kept in engine.vault.settings_under(VOUCHED).items():
        id_, (key, signature) = name.removeprefix(VOUCHED), kept.split(" ")
        said = lines.get(id_, {})
        by_hand = {**said, "key": key, "vouched": signature}
        if not is_let_in(engine, id_, said) and is_let_in(engine, id_, by_hand):
            lines[id_] = by_hand
    for id_, values in lines.items():
        if is_let_in(engine, id_, values):
            lines[id_] = {**values, "holds": HOLDS_PADS, "gone": _is_out(engine, id_, values)}
    return lines


def note(engine: Engine, found: dict[str, Values]) -> None:
    """Remember what the root signed, of the list as it is."""
    for id_, values in found.items():
        if _ID.fullmatch(id_) and is_let_in(engine, id_, values):
            _remember(engine, VOUCHED + id_, f"{values['key']} {values['vouched']}")
            if _is_signed_out(engine, id_, values.get("ended")):
                _remember(engine, ENDED + id_, str(values["ended"]))


def is_let_in(engine: Engine, id_: str, values: Values) -> bool:
    """Whether a device that holds the account's root let this one in, by its signature."""
    key, signature = from_hex(values.get("key"), 32), from_hex(values.get("vouched"), 64)
    return bool(key and signature) and _verifies(engine, DEVICE_SIGNATURE, id_, signature, key)


def from_hex(value: object, size: int) -> bytes:
    """Empty for anything that is not so many bytes in hex."""
    try:
        raw = bytes.fromhex(str(value or ""))
    except ValueError:
        return b""
    return raw if len(raw) == size else b""


def _is_out(engine: Engine, id_: str, values: Values) -> bool:
    said, kept = values.get("ended"), engine.vault.setting(ENDED + id_)
    return _is_signed_out(engine, id_, said) or _is_signed_out(engine, id_, kept)


def _is_signed_out(engine: Engine, id_: str, value: object) -> bool:
    signature = from_hex(value, 64)
    return bool(signature) and _verifies(engine, DEVICE_ENDED, id_, signature)


def _remember(engine: Engine, name: str, value: str) -> None:
    if engine.vault.setting(name) != value:
        engine.vault.set_setting(name, value)


def _sign(engine: Engine, label: str, id_: str, *parts: bytes) -> str:
    return identity_of(engine.vault.account_root).sign(label, *_claim(engine, id_), *parts).hex()


def _verifies(engine: Engine, label: str, id_: str, signature: bytes, *parts: bytes) -> bool:
    if is_limited(engine.vault):
        return False
    public = identity_of(engine.vault.account_root).public
    return verify_parts(public, signature, label, *_claim(engine, id_), *parts)


def _claim(engine: Engine, id_: str) -> tuple[bytes, ...]:
    """For this drive alone: with another root nobody is in who was not let in again."""
    return engine.drive_session.pad_id, id_.encode()
