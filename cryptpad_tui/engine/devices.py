"""The devices of an account, as its drive lists them: each enters itself, and what it holds is said.

A device that came by code or kit holds the account's root, unless it was let in as a limited one: then one
that holds the root vouches for it. Only who is vouched for gets later keys: any device may write the list.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.kinds import ENTRIES_ROOT
from cryptpad_tui.crypto.account import device_key_of, former_key
from cryptpad_tui.crypto.errors import SealBroken
from cryptpad_tui.crypto.sealing import open_sealed
from cryptpad_tui.drive.entry_fields import bytes_of
from cryptpad_tui.engine import limited, vouching
from cryptpad_tui.engine.errors import EngineError
from cryptpad_tui.engine.keyrings import FORMER_ROOTS
from cryptpad_tui.engine.member_book import BookMember
from cryptpad_tui.engine.vouching import HOLDS_PADS as HOLDS_PADS

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.vault.vault import Vault

PREFIX: Final = "device-"
"""How the entry of a device begins in the drive; then 32 hex characters."""
OWN_ID: Final = "device/id"
OWN_NAME: Final = "device/name"
OWN_ROOT: Final = "device/root"
"""The root of this device's own keys, which no other device has."""
FORMER: Final = "former-"
"""How the entries begin that keep the roots which the account had before, sealed to the present one."""
PINS: Final = "device/pin/"
"""How the settings begin that remember the key that each device had when it was first seen."""
HOLDS_ROOT: Final = "account"
MAX_NAME_CHARS: Final = 64


class UnknownDevice(EngineError):
    """No device, or several, are called so. `cryptpad-tui device list` shows them. Nothing was changed."""


class ThisDevice(EngineError):
    """That is this device. Nothing was changed; to leave it, delete its vault when another has everything."""


class HoldsTheRoot(EngineError):
    """That device holds the account's root, from which every key of yours follows, so taking it off the list
    would protect nothing. Nothing was changed. If its vault is wiped, `--wiped` ends its line. If it is lost,
    `cryptpad-tui rotate-account` gives your account another root, and leaves it behind."""


@dataclass(frozen=True, slots=True)
class DeviceLine:
    """One device, as the drive lists it. The name is raw."""

    id: str
    name: str
    added_ms: int
    holds: str
    """account: the root of all keys. pads: the keys of pads and drive alone."""
    is_this: bool
    came: bool = True
    """Whether it was seen after it was let in."""
    key: bytes = b""
    """The public half of its own key; empty where it never said one."""
    vouched: bool = False
    """Whether a device that holds the account's root let it in, by its signature."""


def own_id(vault: Vault) -> str | None:
    return vault.setting(limited.ID) or vault.setting(OWN_ID)


def own_name(vault: Vault) -> str:
    return (vault.setting(OWN_NAME) or platform.node() or "a machine")[:MAX_NAME_CHARS]


def enter(engine: Engine) -> None:
    """Put this device on the drive's list, once; it stays off it where somebody ended its line."""
    if limited.is_limited(engine.vault):
        _enter_limited(engine)
    elif not engine.vault.setting(OWN_ID) or not engine.vault.setting(OWN_ROOT):
        _enter_account(engine)


def _enter_account(engine: Engine) -> None:
    vault, root = engine.vault, engine.rng(32)
    own = vault.setting(OWN_ID) or engine.rng(16).hex()
    values: dict[str, str | int] = {"key": device_key_of(root).public.hex()}
    view = engine.drive_session.view
    if not view.map_value(ENTRIES_ROOT, f"{PREFIX}{own}/added"):
        values |= {"name": own_name(vault), "added": engine.wall_ms(), "holds": HOLDS_ROOT}
    with engine.drive_session.replica.store.transaction():
        write(engine, own, values)
        vault.set_setting(OWN_ID, own)
        vault.set_setting(OWN_ROOT, root.hex())


def _enter_limited(engine: Engine) -> None:
    """Its line is there already; only it can say what it is called, and that it came."""
    own, view = engine.vault.setting(limited.ID) or "", engine.drive_session.view
    if engine.drive_session.can_edit and not view.map_value(ENTRIES_ROOT, f"{PREFIX}{own}/came"):
        write(engine, own, {"name": own_name(engine.vault), "came": 1})


def write(engine: Engine, device: str, values: Mapping[str, object]) -> None:
    """Fields of a device's line, durable when this returns."""
    fields = {f"{PREFIX}{device}/{name}": value for name, value in values.items()}
    engine.drive_session.view.set_maps(ENTRIES_ROOT, fields)
    engine.drive_session.flush()


def let_in(engine: Engine, device: str, key: bytes) -> None:
    """A line for a limited device, which the account's root vouches for."""
    write(engine, device, {"added": engine.wall_ms(), **vouching.let_in(engine, device, key)})


def devices(engine: Engine, *, gone: bool = False) -> list[DeviceLine]:
    """In the order in which they came; with those that were taken off the list if `gone`."""
    found = vouching.believed(engine, _written(engine))
    lines = [_line(engine, each, values) for each, values in found.items() if gone or not values.get("gone")]
    return sorted(lines, key=lambda line: (line.added_ms, line.id))


def _written(engine: Engine) -> dict[str, vouching.Values]:
    """What the list says, whoever wrote it."""
    rows = engine.drive.side_rows.starting(PREFIX)
    return {entry.removeprefix(PREFIX): dict(values) for entry, values in rows.items() if values}


def find(engine: Engine, reference: str) -> DeviceLine:
    """By name or the beginning of its id; raises UnknownDevice."""
    lines = devices(engine)
    if meant := [line for line in lines if line.id == reference]:
        return meant[0]
    named = [line for line in lines if line.name == reference]
    if len(reference) >= 8:
        # A name that is the beginning of another's id means neither.
        named += [line for line in lines if line.id.startswith(reference.lower()) and line not in named]
    if len(named) != 1:
        raise UnknownDevice
    return named[0]


def slot_members(engine: Engine) -> list[BookMember]:
    """Who gets the drive's next keys by slot: the limited devices that were vouched for and are not gone."""
    return [
        BookMember(line.key, "edit", line.name, b"")
        for line in devices(engine)
        if line.holds == HOLDS_PADS and line.vouched
    ]


def end_line(engine: Engine, device: str) -> None:
    """Take it off the list, and nothing else."""
    write(engine, device, vouching.ended(engine, device))


def note_keys(engine: Engine) -> None:
    """Remember the key that each device has when it is first seen: another one later is another's.

    And the roots that the account had, where this device came after they had gone.
    """
    if not limited.is_limited(engine.vault):
        _note_former(engine)
        vouching.note(engine, _written(engine))
    for line in devices(engine):
        if line.key and engine.vault.setting(PINS + line.id) is None:
            engine.vault.set_setting(PINS + line.id, line.key.hex())


def _note_former(engine: Engine) -> None:
    found = []
    for values in engine.drive.side_rows.starting(FORMER).values():
        for value in values.values():
            try:
                root = open_sealed(former_key(engine.vault.account_root), b"", bytes_of(value))
            except (SealBroken, ValueError):
                continue
            found.append(root.hex())
    stored = json.loads(engine.vault.setting(FORMER_ROOTS) or "[]")
    if set(found) - set(stored):
        engine.vault.set_setting(FORMER_ROOTS, json.dumps([*stored, *sorted(set(found) - set(stored))]))


def pinned_key(engine: Engine, line: DeviceLine) -> bytes:
    """The key that this device is known by here; empty where it changed since, or was never seen."""
    pinned = engine.vault.setting(PINS + line.id)
    return line.key if pinned and line.key.hex() == pinned else b""


def _line(engine: Engine, id_: str, values: vouching.Values) -> DeviceLine:
    added, holds = values.get("added"), str(values.get("holds") or HOLDS_ROOT)
    return DeviceLine(
        id=id_,
        name=str(values.get("name") or id_[:8]),
        added_ms=int(added) if isinstance(added, int | float) else 0,
        holds=holds,
        is_this=id_ == own_id(engine.vault),
        came=holds == HOLDS_ROOT or bool(values.get("came")),
        key=vouching.from_hex(values.get("key"), 32),
        vouched=vouching.is_let_in(engine, id_, values),
    )
