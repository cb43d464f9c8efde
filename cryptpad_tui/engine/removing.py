"""Taking a limited device out of the account: the drive's keys change without it, then those of own pads.

First the drive's, or it would read there the keys that the pads get next. What is begun is remembered in the
vault, and done by asking again, by `sync` or by the app. Nothing here takes back what that device has read.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.engine import devices, limited, membership
from cryptpad_tui.engine.devices import DeviceLine, HoldsTheRoot, ThisDevice
from cryptpad_tui.engine.errors import EngineError, RelayUnreachable
from cryptpad_tui.pad.alarms import Alarm

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

PLAN: Final = "device/removing"
"""The setting with the devices that are to be cut off the drive, and whether pads change their keys, too."""
OWED: Final = "device/owed/"
"""How the settings begin that name the pads whose keys are still to be changed."""
Told = Callable[[int, int], None]


def untold(done: int, left: int) -> None:
    """For who does not follow."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What a limited device can still open when it is cut off the drive."""

    own: int
    """Pads of one's own, whose keys can be changed."""
    others: int
    """Pads of other people, whose owners alone can change the keys."""


def sentences(name: str, found: Reach, *, rekeyed: bool, left: int = 0) -> list[str]:
    """What removing a limited device did, and what it cannot undo. The name is raw."""
    said = [
        f"{name} is out: it gets nothing of the drive from here on, no pad that is made and no keys."
        " What it has read or copied, nobody can take back."
    ]
    if found.own and not rekeyed:
        said.append(
            f"It still reads and writes {_pads(found.own)} of yours, whose keys were left as they are: end"
            " that with `cryptpad-tui revoke PAD --links`."
        )
    elif found.own:
        said.append(
            f"The keys of {_pads(found.own - left)} of yours changed: links to them that you gave away have"
            " ended, and members stay in."
        )
    if left:
        said.append(f"{_pads(left)} could not be reached: `cryptpad-tui sync` goes on with them.")
    if found.others:
        said.append(
            f"It holds links to {_pads(found.others)} of other people, too. Only their owners can change"
            " those keys: tell them."
        )
    return said


def _pads(count: int) -> str:
    return f"{count} pad" if count == 1 else f"{count} pads"


def reach(engine: Engine) -> Reach:
    pads = [pad for pad in engine.vault.pads() if pad.kind != PadKind.DRIVE and pad.uploaded]
    own = sum(pad.role == "owner" for pad in pads)
    return Reach(own, len(pads) - own)


@dataclass(frozen=True, slots=True)
class Removed:
    """Which device went, and how many pads still have the keys that it knows."""

    line: DeviceLine
    left: int = 0


async def remove(
    engine: Engine, reference: str, *, wiped: bool = False, rekey_pads: bool = True, told: Told = untold
) -> Removed:
    """Take a device out; raises HoldsTheRoot where it holds the account's root and is not `wiped`.

    A limited one is cut off: everything new is closed to it when this returns. Raises LimitedDevice on one.
    """
    limited.require_account(engine)
    if engine.relay_url() is not None:
        # What it is called, it says itself.
        await engine.sync([engine.drive_session.pad_id])
    line = devices.find(engine, reference)
    if line.is_this:
        raise ThisDevice
    if line.holds == devices.HOLDS_ROOT:
        if not wiped:
            raise HoldsTheRoot
        devices.end_line(engine, line.id)
        return Removed(line)
    with engine.drive_session.replica.store.transaction():
        devices.end_line(engine, line.id)
        _write_plan(engine, {**_plan(engine), line.id: rekey_pads and not wiped})
    left = await go_on(engine, told=told)
    return Removed(line, left)


def is_owed(engine: Engine) -> bool:
    """Whether something that was begun here is not done."""
    return bool(_plan(engine) or engine.vault.settings_under(OWED))


async def go_on(engine: Engine, *, told: Told = untold) -> int:
    """Do what is left; how many pads could not be done yet. Of the drive it raises what `revoke` does."""
    plan = _plan(engine)
    if plan:
        drive = engine.drive_session
        await membership.revoke(engine, drive.pad_id)
        with drive.replica.store.transaction():
            for device in plan:
                # Again, under keys that it does not have: it may have written itself back until here.
                devices.end_line(engine, device)
            for pad_id in _own_pads(engine) if any(plan.values()) else ():
                engine.vault.set_setting(OWED + pad_id.hex(), "1")
            _write_plan(engine, {})
        await engine.sync([drive.pad_id])
    return await _change_pads(engine, told)


async def _change_pads(engine: Engine, told: Told) -> int:
    owed = sorted(engine.vault.settings_under(OWED))
    left = 0
    for done, name in enumerate(owed, 1):
        pad_id = bytes.fromhex(name.removeprefix(OWED))
        try:
            if engine.vault.pad(pad_id) is not None:
                await membership.revoke(engine, pad_id)
        except (EngineError, RelayUnreachable, Alarm):
            left += 1
            continue
        engine.vault.set_setting(name, None)
        told(done, len(owed))
    return left


def _own_pads(engine: Engine) -> list[bytes]:
    return [
        pad.pad_id
        for pad in engine.vault.pads()
        if pad.role == "owner" and pad.uploaded and pad.kind != PadKind.DRIVE
    ]


def _plan(engine: Engine) -> dict[str, bool]:
    plan: dict[str, bool] = json.loads(engine.vault.setting(PLAN) or "{}")
    return plan


def _write_plan(engine: Engine, plan: dict[str, bool]) -> None:
    engine.vault.set_setting(PLAN, json.dumps(plan) if plan else None)
