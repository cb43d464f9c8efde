"""The devices of an account, as its drive lists them: each enters itself, and what it holds is said.

A device that came by code or kit holds the account's root. Taking such a one off the list would take nothing
from whoever has it, and this module says so instead of pretending.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.kinds import ENTRIES_ROOT
from cryptpad_tui.engine.errors import EngineError

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

PREFIX: Final = "device-"
"""How the entry of a device begins in the drive; then 32 hex characters."""
OWN_ID: Final = "device/id"
OWN_NAME: Final = "device/name"
HOLDS_ROOT: Final = "account"
MAX_NAME_CHARS: Final = 64


class UnknownDevice(EngineError):
    """No device, or several, are called so. `cryptpad-tui device list` shows them. Nothing was changed."""


class ThisDevice(EngineError):
    """That is this device. Nothing was changed; to leave it, delete its vault when another has everything."""


class HoldsTheRoot(EngineError):
    """That device holds the account's root, from which every key of yours follows, so taking it off the list
    would protect nothing. Nothing was changed. If its vault is wiped, `--wiped` ends its line. If it is lost,
    its passphrase is what stands before your pads: `revoke` and `destroy` do not stop it, so move what
    matters into pads of a new account. Changing the account's root itself is not in this version."""


@dataclass(frozen=True, slots=True)
class DeviceLine:
    """One device, as the drive lists it. The name is raw."""

    id: str
    name: str
    added_ms: int
    holds: str
    """account: the root of all keys."""
    is_this: bool


def enter(engine: Engine) -> None:
    """Put this device on the drive's list, once; it stays off it where somebody ended its line."""
    vault = engine.vault
    if vault.setting(OWN_ID):
        return
    own = engine.rng(16).hex()
    name = (vault.setting(OWN_NAME) or platform.node() or "a machine")[:MAX_NAME_CHARS]
    values = {"name": name, "added": engine.wall_ms(), "holds": HOLDS_ROOT}
    with engine.drive_session.replica.store.transaction():
        engine.drive_session.view.set_maps(
            ENTRIES_ROOT, {f"{PREFIX}{own}/{key}": value for key, value in values.items()}
        )
        engine.drive_session.flush()
        vault.set_setting(OWN_ID, own)


def devices(engine: Engine) -> list[DeviceLine]:
    """In the order in which they came."""
    found: dict[str, dict[str, object]] = {}
    for key, value in engine.drive_session.view.map_items(ENTRIES_ROOT).items():
        entry, _, name = key.partition("/")
        if entry.startswith(PREFIX):
            found.setdefault(entry.removeprefix(PREFIX), {})[name] = value
    own = engine.vault.setting(OWN_ID)
    lines = [_line(each, values, own) for each, values in found.items() if not values.get("gone")]
    return sorted(lines, key=lambda line: (line.added_ms, line.id))


def remove(engine: Engine, reference: str, *, wiped: bool) -> DeviceLine:
    """End a device's line, by name or the beginning of its id; raises HoldsTheRoot unless it is `wiped`."""
    lines = devices(engine)
    named = [line for line in lines if line.name == reference]
    if len(reference) >= 8:
        named = named or [line for line in lines if line.id.startswith(reference.lower())]
    if len(named) != 1:
        raise UnknownDevice
    [line] = named
    if line.is_this:
        raise ThisDevice
    if not wiped:
        raise HoldsTheRoot
    engine.drive_session.view.set_map(ENTRIES_ROOT, f"{PREFIX}{line.id}/gone", 1)
    engine.drive_session.flush()
    return line


def _line(id_: str, values: dict[str, object], own: str | None) -> DeviceLine:
    added = values.get("added")
    return DeviceLine(
        id=id_,
        name=str(values.get("name") or id_[:8]),
        added_ms=int(added) if isinstance(added, int | float) else 0,
        holds=str(values.get("holds") or HOLDS_ROOT),
        is_this=id_ == own,
    )
