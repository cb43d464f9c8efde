"""The owner changes the pad's keys in the middle of everything: some stay by slot, one may be out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.errors import Malformed, Refused
from cryptpad_relay.protocol.owner_records import EpochRecord, parse_record
from cryptpad_relay.protocol.records import RecordKind, record_kind
from cryptpad_tui.crypto.keys import Role, SigningSeed, identity_of, pseudonym_of
from cryptpad_tui.crypto.links import decode_link
from cryptpad_tui.crypto.slots import open_slot
from cryptpad_tui.engine import membership
from cryptpad_tui.engine.errors import EngineError, RelayUnreachable
from cryptpad_tui.pad.alarms import Alarm
from cryptpad_tui.pad.keyring import KeyRing
from sim import moves
from sim.client import Machine, Window

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine
    from sim.world import World

DROPS: Final = 0.3
"""How often somebody is left out."""
RETURNS: Final = 0.5
"""How often somebody who was left out is taken back with the next change."""
_WITHIN: Final = {Role.EDIT: frozenset({Role.EDIT, Role.VIEW}), Role.VIEW: frozenset({Role.VIEW})}
"""What a right holds."""
SECRETS: Final = ("edit_seed", "view_seed", "read_key", "presence_key", "meta_key")


def owners_window(world: World) -> Window | None:
    windows = [window for window in world.machines[0].windows.values() if window.session and not window.dead]
    return world.rng.choice(windows) if windows else None


def revoke(world: World) -> None:
    """One of the owner's windows does it, as far as it comes."""
    window = owners_window(world)
    if window and not world.changing:
        staying = {identity: machine for identity, machine in world.identities.items() if machine.number}
        dropped = world.rng.choice(sorted(staying)) if staying and world.rng.random() < DROPS else b""
        window.spawn(_revoke(world, window, staying, dropped))


async def _revoke(world: World, window: Window, staying: dict[bytes, Machine], dropped: bytes) -> None:
    engine = window.engine
    assert engine
    world.rotating += 1
    try:
        keep_all(world, engine, without=[staying[dropped]] if dropped else [])
        after = await membership.revoke(
            engine, world.pad_id, drop=[dropped], history=world.rng.random() < 0.7
        )
    except (EngineError, RelayUnreachable, Alarm, Refused, Malformed) as error:
        world.note(f"{window}: no other keys: {type(error).__name__}")
        return
    finally:
        world.rotating -= 1
    world.note(f"{window}: epoch {after.epoch}")
    note_secrets(world, window)


def keep_all(world: World, engine: Engine, *, without: Sequence[Machine]) -> None:
    """Everybody who is in stays with the rights they have, and some who were left out come back."""
    staying = {identity: machine for identity, machine in world.identities.items() if machine.number}
    for identity, machine in sorted(staying.items()):
        comes_back = world.rng.random() < RETURNS
        if machine not in without and not machine.out and (comes_back or not _is_left_out(world, machine)):
            role = Role.VIEW if machine.role == "view" else Role.EDIT
            membership.keep(engine, world.pad_id, identity, role=role)


def epochs_in(world: World) -> list[EpochRecord]:
    raws = [each.raw for each in moves.log(world)]
    found = [parse_record(raw) for raw in raws if record_kind(raw) is RecordKind.EPOCH]
    return [record for record in found if isinstance(record, EpochRecord)]


def own_openers(world: World, machine: Machine) -> list[SigningSeed]:
    """What opens slots for somebody, but for the link that they came by."""
    return [pseudonym_of(machine.account_root, world.pad_id), identity_of(machine.account_root)]


def granted(world: World, openers: Sequence[SigningSeed], epoch: int) -> Role | None:
    """What the record of an epoch gives to whoever has these."""
    for record in epochs_in(world):
        for sealed in record.slots if record.epoch == epoch else ():
            for opener in openers:
                slot = open_slot(sealed, world.pad_id, epoch, opener)
                if slot is not None:
                    return slot.role
    return None


def rights_of(world: World, machine: Machine) -> list[tuple[int, frozenset[Role]]]:
    """(epoch, roles) that a link or a record gave: each is good for the epochs before it, too."""
    rights = [(link.epoch, _WITHIN[link.role]) for link in map(decode_link, machine.links)]
    for record in epochs_in(world):
        name = machine.number, record.entry_id
        if name not in world.grants:
            openers = [*own_openers(world, machine), *openers_of_links(machine)]
            world.grants[name] = granted(world, openers, record.epoch)
        role = world.grants[name]
        if role is not None:
            rights.append((record.epoch, _WITHIN[role]))
    return rights


def openers_of_links(machine: Machine) -> list[SigningSeed]:
    return [opener for link in machine.links if (opener := decode_link(link).opener())]


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
    records = epochs_in(world)
    if not records or machine.number == 0:
        return False
    record = records[-1]
    openers = [*own_openers(world, machine), *openers_of_links(machine)]
    slots = [(sealed, opener) for sealed in record.slots for opener in openers]
    by_slot = any(open_slot(sealed, world.pad_id, record.epoch, opener) for sealed, opener in slots)
    # Or by a link of this epoch.
    return not by_slot and not any(s.replica.ring.known(record.epoch) for s in machine.sessions())


def ring_of(world: World) -> KeyRing:
    """Every epoch's keys, as the owner computes them."""
    return KeyRing({0: world.keys}, world.kind, owner_root=world.owner_root)
