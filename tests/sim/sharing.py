"""The owner shares and takes back: named links that end one by one, and rights that become less and more.

What a change of keys gave to whom is read from the records in the log, with everybody's secrets; nobody may
have more than that, and who was to get something got it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.errors import Malformed, Refused
from cryptpad_tui.crypto.keys import EditKeys, Role
from cryptpad_tui.crypto.links import decode_link
from cryptpad_tui.engine import membership
from cryptpad_tui.engine.errors import EngineError, RelayUnreachable
from cryptpad_tui.pad.alarms import Alarm
from sim import leaving
from sim.client import Window

if TYPE_CHECKING:
    from sim.world import World

FAILURES: Final = (EngineError, RelayUnreachable, Alarm, Refused, Malformed)
MAX_MACHINES: Final = 6
READS: Final = 0.3
"""How often a named link is for reading."""


def share(world: World) -> None:
    """One of the owner's windows gives a link a name, or ends one, or changes who may write."""
    window = leaving.owners_window(world)
    if window is None:
        return
    act = world.rng.choice((_give, _end, _change))
    world.note(act.__name__.strip("_"))
    act(world, window)


def _give(world: World, window: Window) -> None:
    if len(world.machines) < MAX_MACHINES:
        world.named += 1
        is_view = world.rng.random() < READS
        window.spawn(world.invite(window, view=is_view, label=f"link {world.named}"))


def _end(world: World, window: Window) -> None:
    """Whoever came by it and is on no list goes with it; the others are kept."""
    labels = sorted({machine.label for machine in world.machines if machine.label})
    if not labels or world.changing or world.rotating:
        return
    label = world.rng.choice(labels)
    gone = [machine for machine in world.machines if machine.label == label]

    async def end() -> int:
        assert window.engine
        leaving.keep_all(world, window.engine, without=gone)
        await membership.end_link(window.engine, world.pad_id, label)
        return membership.members(window.engine, world.pad_id).epoch

    def judge(epoch: int) -> None:
        for machine in gone:
            opener = decode_link(machine.link).opener()
            if opener and leaving.granted(world, [opener], epoch):
                world.checks.fail(f"{label} was ended, and opens epoch {epoch}")

    window.spawn(_do(world, window, f"{label} ends", end(), judge))


def _change(world: World, window: Window) -> None:
    """Who wrote may read from the next keys on, and who read may write."""
    known = {machine: identity for identity, machine in world.identities.items() if machine.number}
    inside = [machine for machine in world.machines if machine in known and not machine.out]
    if not inside or world.changing or world.rotating:
        return
    machine = world.rng.choice(inside)
    role = Role.EDIT if machine.role == "view" else Role.VIEW
    if role is Role.VIEW:
        machine.note_folded()
        machine.was_demoted = True

    heard = 0

    async def change() -> int:
        nonlocal heard
        assert window.engine
        assert window.session
        heard = window.session.replica.fold.epoch
        leaving.keep_all(world, window.engine, without=[machine])
        membership.keep(window.engine, world.pad_id, known[machine], role=role)
        return (await membership.revoke(window.engine, world.pad_id)).epoch

    def judge(epoch: int) -> None:
        found = leaving.granted(world, leaving.own_openers(world, machine), epoch)
        machine.role = "view" if found is Role.VIEW else "edit"
        # Where the list was of before the newest record, as in a vault that came back, the record's counts.
        if found is not role and heard == epoch - 1:
            world.checks.fail(f"{machine.name} was to {role.name} from epoch {epoch}, and may {found}")

    window.spawn(_do(world, window, f"{machine.name} may {role.name}", change(), judge))


async def _do(
    world: World, window: Window, what: str, change: Coroutine[None, None, int], judge: Callable[[int], None]
) -> None:
    """One at a time: two lists at once would be two owners who want different things."""
    world.changing = True
    try:
        epoch = await change
    except FAILURES as error:
        world.note(f"{window}: {what}: not done: {type(error).__name__}")
        return
    finally:
        world.changing = False
    world.shared += 1
    world.note(f"{window}: {what}: epoch {epoch}")
    leaving.note_secrets(world, window)
    if world.honest:
        judge(epoch)


def judge(world: World) -> None:
    """Nobody has keys that no record and no link gave them."""
    for machine in world.machines[1:]:
        rights = leaving.rights_of(world, machine)
        for session in machine.sessions():
            for epoch in session.replica.ring.epochs:
                keys = session.replica.ring.known(epoch)
                role = Role.EDIT if isinstance(keys, EditKeys) else Role.VIEW
                if keys and not any(of >= epoch and (role in given) for of, given in rights):
                    world.checks.fail(
                        f"{machine.name} may {role.name} in epoch {epoch}, which nobody gave it"
                    )


def keeps_unsent(world: World, window: Window) -> bool:
    """Whether somebody who only reads from now on has something of before on the screen."""
    assert window.engine
    is_reader = window.session is not None and not window.session.can_edit
    return is_reader and window.engine.vault.waiting(world.pad_id) > 0


def doubt(world: World) -> None:
    """What somebody had not sent when they were to read from then on, nobody else ever gets."""
    for machine in world.machines:
        if machine.was_demoted:
            world.tokens.doubtful |= machine.typed - machine.folded
