"""What people and fate do, one act at a time, drawn from the run's randomness."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from sim import leaving, moves, sharing
from sim.client import Machine, Window

if TYPE_CHECKING:
    from sim.world import World

JOURNAL_S: Final = 0.3
"""After so long an edit is on the disk, whatever happens then (contract.md: within 250 ms)."""
FORMATS: Final = ({"bold": True}, {"bold": None}, {"italic": True}, {"header": 2}, {"code": True})
LIES: Final = 12
"""How often a lying relay does."""
REVOKES: Final = 4
"""How often the owner changes the keys, in runs of that."""
SHARES: Final = 6
"""How often the owner gives or ends a named link, or changes a right, in runs of that."""
MOVES: Final = 4
"""How often the owner moves the pad to the other relay, in runs of that."""
MAX_MACHINES: Final = 5
MAX_WINDOWS: Final = 3


def act(world: World) -> None:
    """One random act."""
    weights = {name: weight for name, (_, weight) in ACTS.items()}
    weights["lie"] = LIES if world.lying else 0
    weights["revoke"] = REVOKES if world.revoking else 0
    weights["share"] = SHARES if world.sharing else 0
    weights["move house"] = MOVES if world.moving else 0
    (name,) = world.rng.choices(list(weights), list(weights.values()))
    world.note(name)
    ACTS[name][0](world)


def _editor(world: World) -> Window | None:
    """A window that can edit the pad."""
    windows = [
        window
        for window in world.windows()
        if window.session and window.session.can_edit and not window.session.view.read_only
    ]
    return world.rng.choice(windows) if windows else None


def _place(world: World, window: Window) -> tuple[Position, Position, str]:
    """A random range of the text, mostly short, and what stands there."""
    assert window.session
    lines, rng = window.session.view.lines, world.rng
    start = rng.randrange(lines.char_count + 1)
    end = min(lines.char_count, start + rng.choice((1, 2, 5, 20)))
    first, last = lines.position_at(start), lines.position_at(end)
    return first, last, lines.text(first, last)


# -- people


def _edit(world: World, work: Callable[[Window], None]) -> None:
    window = _editor(world)
    if window is None:
        return

    def run() -> None:
        work(window)
        assert window.session
        window.session.view.end_undo_group()
        if world.rng.random() < 0.5:
            window.session.flush()

    window.run_as(run)


def _type(world: World) -> None:
    _insert(world, world.rng.randrange(1, 4))


def _insert(world: World, copies: int, *, words: bool = False) -> None:
    def work(window: Window) -> None:
        assert window.session
        first, _, _ = _place(world, window)
        text = world.tokens.make(copies)
        machine = window.machine
        token = text[0]
        machine.typed.add(token)
        wounds = world.disk_troubles(machine)

        def settled() -> None:
            on_disk = window.session is not None and not window.session.not_saved
            if not window.dead and on_disk and world.disk_troubles(machine) == wounds:
                world.tokens.durable.add(token)

        world.loop.later(JOURNAL_S, settled)
        if words:
            text = " ".join(f"{each}{world.canary}{i}" for i, each in enumerate(text)) + "\n"
        window.session.view.replace(first, first, text)

    _edit(world, work)


def _paste(world: World) -> None:
    _insert(world, world.rng.choice((2, 20, 100)), words=True)


def _delete(world: World) -> None:
    def work(window: Window) -> None:
        assert window.session
        first, last, text = _place(world, window)
        world.tokens.touched(text)
        window.session.view.replace(first, last, "")

    _edit(world, work)


def _undo(world: World) -> None:
    def work(window: Window) -> None:
        assert window.session
        view = window.session.view
        before = view.text()
        view.undo() if world.rng.random() < 0.7 else view.redo()
        world.tokens.changed(before, view.text())

    _edit(world, work)


def _title(world: World) -> None:
    def work(window: Window) -> None:
        assert window.session
        key = world.rng.choice(("title", "title", "x", "y"))
        window.session.view.set_meta(key, f"{world.canary} {world.rng.randrange(100)}")

    _edit(world, work)


def _format(world: World) -> None:
    def work(window: Window) -> None:
        assert window.session
        if window.session.kind is PadKind.RICHTEXT:
            first, last, _ = _place(world, window)
            window.session.view.format(first, last, world.rng.choice(FORMATS))

    _edit(world, work)


def _move(world: World) -> None:
    window = _editor(world)
    if window and window.session:
        first, last, _ = _place(world, window)
        window.session.set_cursor(first, last)


# -- windows and machines


def _open_window(world: World) -> None:
    closed = [machine for machine in world.machines if not machine.windows]
    machine = world.rng.choice(closed or world.machines)
    if len(machine.windows) < MAX_WINDOWS:
        machine.open_window()


def _quit(world: World) -> None:
    windows = [window for window in world.windows() if window.engine]
    if windows:
        window = world.rng.choice(windows)
        window.spawn(window.quit())


def _kill(world: World) -> None:
    windows = list(world.windows())
    if windows:
        world.rng.choice(windows).die()


def _power_cut(world: World) -> None:
    """The process dies at one of its next commits."""
    world.rng.choice(world.machines).disk.die_at = world.rng.randrange(8)


def _disk_full(world: World) -> None:
    machine = world.rng.choice(world.machines)
    machine.disk.full = True
    world.wound(machine)
    world.loop.later(world.rng.uniform(0.1, 3.0), _disk_free, world, machine)


def _disk_free(world: World, machine: Machine) -> None:
    machine.disk.full = False
    world.wound(machine)


def _back_up(world: World) -> None:
    world.rng.choice(world.machines).back_up()


def _restore(world: World) -> None:
    machine = world.rng.choice(world.machines)
    if machine.backups:
        backup = machine.restore(world.rng.randrange(len(machine.backups)))
        world.checks.forget_audit(machine)
        # A vault that forgot cannot know what a relay that was rolled back lacks.
        folded = set() if world.lying else machine.folded
        world.tokens.doubtful |= machine.typed - backup.surely - folded
        # What waited then may since have been made again by another writer, which the backup cannot know.
        world.tokens.repeatable |= backup.waiting
        machine.open_window()


def _invite(world: World) -> None:
    """Somebody makes a link, and somebody else follows it."""
    windows = [window for window in world.windows() if window.session and window.session.can_edit]
    if windows and len(world.machines) < MAX_MACHINES:
        window = world.rng.choice(windows)
        window.spawn(world.invite(window, view=world.rng.random() < 0.3))


# -- the network and the relay


def _cut(world: World) -> None:
    windows = list(world.windows())
    if windows:
        window = world.rng.choice(windows)
        world.network.cut(lambda link: link.owner is window)


def _offline(world: World) -> None:
    machine = world.rng.choice(world.machines)
    machine.offline = not machine.offline
    if machine.offline:
        world.network.cut(lambda link: isinstance(link.owner, Window) and link.owner.machine is machine)


def _relay_down(world: World) -> None:
    relay = moves.any_relay(world)
    if world.rng.random() < 0.5:
        relay.die_between = True
    else:
        relay.crash()
    world.loop.later(world.rng.uniform(0.1, 10.0), relay.start)


def _relay_disk(world: World) -> None:
    moves.any_relay(world).fail_next_commit()


def _lie(world: World) -> None:
    moves.any_relay(world).lie()


def _wait(world: World) -> None:
    world.pause_s = world.rng.choice((2.0, 20.0, 100.0))


ACTS: Final[dict[str, tuple[Callable[[World], None], float]]] = {
    "type": (_type, 40),
    "paste": (_paste, 3),
    "delete": (_delete, 10),
    "undo": (_undo, 4),
    "title": (_title, 3),
    "format": (_format, 4),
    "move": (_move, 2),
    "open window": (_open_window, 9),
    "quit": (_quit, 2),
    "kill": (_kill, 2),
    "power cut": (_power_cut, 3),
    "disk full": (_disk_full, 1),
    "back up": (_back_up, 2),
    "restore": (_restore, 1.5),
    "invite": (_invite, 2),
    "cut": (_cut, 5),
    "offline": (_offline, 4),
    "relay down": (_relay_down, 2),
    "relay disk": (_relay_disk, 1),
    "lie": (_lie, 3),
    "wait": (_wait, 1.5),
    "revoke": (leaving.revoke, 0),
    "move house": (moves.move, 0),
    "share": (sharing.share, 0),
}
