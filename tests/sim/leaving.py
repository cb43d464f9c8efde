"""The owner changes the pad's keys in the middle of everything: some stay by slot, one may be out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.errors import Malformed, Refused
from cryptpad_relay.protocol.owner_records import EpochRecord, parse_record
from cryptpad_relay.protocol.records import RecordKind, record_kind
from cryptpad_tui.crypto.keys import Role, identity_of, pseudonym_of
from cryptpad_tui.crypto.slots import open_slot
from cryptpad_tui.engine import membership
from cryptpad_tui.engine.errors import EngineError, RelayUnreachable
from cryptpad_tui.pad.alarms import Alarm
from cryptpad_tui.pad.keyring import KeyRing
from sim.client import Machine, Window

if TYPE_CHECKING:
    from sim.world import World

DROPS: Final = 0.3
"""How often somebody is left out."""
RETURNS: Final = 0.5
"""How often somebody who was left out is taken back with the next change."""
SECRETS: Final = ("edit_seed", "view_seed", "read_key", "presence_key", "meta_key")


def revoke(world: World) -> None:
    """One of the owner's windows does it, as far as it comes."""
    windows = [window for window in world.machines[0].windows.values() if window.session and not window.dead]
    if windows:
        window = world.rng.choice(windows)
        staying = {identity: machine for identity, machine in world.identities.items() if machine.number}
        dropped = world.rng.choice(sorted(staying)) if staying and world.rng.random() < DROPS else b""
        window.spawn(_revoke(world, window, staying, dropped))


async def _revoke(world: World, window: Window, staying: dict[bytes, Machine], dropped: bytes) -> None:
    engine = window.engine
    assert engine
    for identity, machine in sorted(staying.items()):
        comes_back = world.rng.random() < RETURNS
        if identity != dropped and not machine.out and (comes_back or not _is_left_out(world, machine)):
            role = Role.VIEW if machine.role == "view" else Role.EDIT
            membership.keep(engine, world.pad_id, identity, role=role)
    try:
        after = await membership.revoke(
            engine, world.pad_id, drop=[dropped], history=world.rng.random() < 0.7
        )
    except (EngineError, RelayUnreachable, Alarm, Refused, Malformed) as error:
        world.note(f"{window}: no other keys: {type(error).__name__}")
        return
    world.note(f"{window}: epoch {after.epoch}")
    note_secrets(world, window)


def note_secrets(world: World, window: Window) -> None:
    """No key of a later epoch may be on any wire either."""
    assert window.session
    ring = window.session.replica.ring
    for epoch in ring.epochs:
        keys = ring.known(epoch)
        for name in SECRETS:
            secret = getattr(keys, name, None)
            if secret:
                world.network.tape.secrets[secret] = f"{name} of epoch {epoch}"


def is_out(world: World, machine: Machine) -> bool:
    """Whether the newest keys are not for this machine, or the link that it was given opens nothing."""
    out = machine.out or _is_left_out(world, machine)
    if out:
        # What was typed there since, nobody else ever gets.
        world.tokens.doubtful |= machine.typed
    return out


def _is_left_out(world: World, machine: Machine) -> bool:
    raws = [each.raw for each in world.relay.log(world.pad_id)]
    newest = next((raw for raw in reversed(raws) if record_kind(raw) == RecordKind.EPOCH), None)
    if newest is None or machine.number == 0:
        return False
    record = parse_record(newest)
    assert isinstance(record, EpochRecord)
    openers = pseudonym_of(machine.account_root, world.pad_id), identity_of(machine.account_root)
    slots = [(sealed, opener) for sealed in record.slots for opener in openers]
    by_slot = any(open_slot(sealed, world.pad_id, record.epoch, opener) for sealed, opener in slots)
    # Or by a link of this epoch.
    return not by_slot and not any(s.replica.ring.known(record.epoch) for s in machine.sessions())


def ring_of(world: World) -> KeyRing:
    """Every epoch's keys, as the owner computes them."""
    return KeyRing({0: world.keys}, world.kind, owner_root=world.owner_root)
