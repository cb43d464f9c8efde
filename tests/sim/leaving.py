"""The owner changes the pad's keys in the middle of everything: some stay by slot, one may be out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.errors import Malformed, Refused
from cryptpad_tui.crypto.keys import Role
from cryptpad_tui.engine import membership
from cryptpad_tui.engine.errors import EngineError, RelayUnreachable
from cryptpad_tui.engine.values import SyncWord
from cryptpad_tui.pad.alarms import Alarm
from cryptpad_tui.pad.keyring import KeyRing
from sim.client import Machine, Window

if TYPE_CHECKING:
    from sim.world import World

DROPS: Final = 0.3
"""How often somebody is left out."""
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
        if identity != dropped and not machine.out:
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
    """Whether the owner's word has reached this machine, or the link that it was given opens nothing."""
    machine.out = machine.out or any(session.standing is SyncWord.REMOVED for session in machine.sessions())
    if machine.out:
        # What was typed there since, nobody else ever gets.
        world.tokens.doubtful |= machine.typed
    return machine.out


def ring_of(world: World) -> KeyRing:
    """Every epoch's keys, as the owner computes them."""
    return KeyRing({0: world.keys}, world.kind, owner_root=world.owner_root)
