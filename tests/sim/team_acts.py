"""What people of a team do, one act at a time, each by what their own client shows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.drive.tree import TOP, shared_id_of
from cryptpad_tui.engine import Engine, asking, membership, owning
from cryptpad_tui.engine.folders import agreeing, placing
from cryptpad_tui.engine.listing import tree_of
from cryptpad_tui.engine.teams import acting
from cryptpad_tui.engine.teams.book import roster_in
from cryptpad_tui.people.roster import TeamRoster
from cryptpad_tui.people.roster_ops import Rank
from sim import acts, team_hostile
from sim.team_client import FAILURES, TeamMachine, TeamWindow

if TYPE_CHECKING:
    from sim.team_world import TeamWorld

LIES: Final = 8
MISCHIEF: Final = 10
"""How often somebody who keeps to no rule does so, in runs with one."""
SAYS_YES: Final = 0.85
RANKS: Final = (Rank.VIEWER, Rank.EDITOR, Rank.EDITOR, Rank.ADMIN)


def act(world: TeamWorld) -> None:
    """One random act."""
    weights = {name: weight for name, (_, weight) in ACTS.items()}
    weights["lie"] = LIES if world.lying else 0
    weights["mischief"] = MISCHIEF if any(person.is_hostile for person in world.people) else 0
    (name,) = world.rng.choices(list(weights), list(weights.values()))
    world.note(name)
    ACTS[name][0](world)


def _somebody(world: TeamWorld) -> TeamWindow | None:
    """A window whose person waits for nothing."""
    windows = [window for window in world.team_windows() if not window.busy]
    return world.rng.choice(windows) if windows else None


def _member(world: TeamWorld) -> tuple[TeamWindow, Engine, TeamRoster] | None:
    """Somebody with what their client shows of the team."""
    window = _somebody(world)
    if window is None:
        return None
    engine = window.engine
    assert engine
    found: list[TeamRoster] = []

    def read() -> None:
        try:
            found.append(roster_in(engine, world.team))
        except FAILURES as error:
            world.note(f"{window}: no roster: {type(error).__name__}")

    window.run_as(read)
    return (window, engine, found[0]) if found else None


def _other(world: TeamWorld, window: TeamWindow) -> TeamMachine:
    return world.rng.choice([person for person in world.people if person is not window.machine])


def _at_once(window: TeamWindow, what: str, work: Callable[[], object]) -> None:
    """A deed that asks no relay."""

    def run() -> None:
        try:
            work()
        except FAILURES as error:
            window.world.note(f"{window}: {what}: {type(error).__name__}")
            return
        window.world.note(f"{window}: {what}: done")

    window.run_as(run)


# -- the roster


def _invite(world: TeamWorld) -> None:
    if (found := _member(world)) is None:
        return
    window, engine, roster = found
    outside = [person for person in world.people if person.ident_pk not in roster.seats]
    person = world.rng.choice(outside or world.people)
    rank = world.rng.choice(RANKS)
    if person is not window.machine:
        invited = acting.invite(engine, world.team, person.contact_id, rank)
        window.attempt(f"invites {person.name} as {rank.word}", invited)


def _role(world: TeamWorld) -> None:
    if (found := _member(world)) is None:
        return
    window, engine, _ = found
    person, rank = _other(world, window), world.rng.choice((*RANKS, Rank.OWNER))
    set_ = acting.set_role(engine, world.team, person.ident_pk.hex(), rank)
    window.attempt(f"{person.name} is to be {rank.word}", set_)


def _remove(world: TeamWorld) -> None:
    if (found := _member(world)) is None:
        return
    window, engine, _ = found
    person = _other(world, window)
    _at_once(window, f"{person.name} goes", lambda: acting.remove(engine, world.team, person.ident_pk.hex()))


def _leave(world: TeamWorld) -> None:
    if (found := _member(world)) is not None:
        window, engine, _ = found
        _at_once(window, "leaves", lambda: acting.leave(engine, world.team))


def _ask(world: TeamWorld) -> None:
    if (found := _member(world)) is not None:
        window, engine, _ = found
        _at_once(window, "asks to write", lambda: asking.ask(engine, world.team))


def _answer(world: TeamWorld) -> None:
    """Somebody who has not the team may be invited."""
    windows = [each for each in world.windows() if isinstance(each, TeamWindow) and each.engine]
    ready = [window for window in windows if not window.busy and not window.dead]
    if not ready:
        return
    window, yes = world.rng.choice(ready), world.rng.random() < SAYS_YES

    def pick() -> None:
        letters = window.letters()
        if letters:
            item = world.rng.choice(letters)
            window.attempt(f"says {'yes' if yes else 'no'} to {item.kind}", window.answer(item, yes=yes))

    window.run_as(pick)


# -- keys


def _new_keys(world: TeamWorld) -> None:
    """An owner's, of the folder and so of what is in it."""
    if (window := _somebody(world)) is not None and window.engine:
        history = world.rng.random() < 0.8
        window.attempt("other keys", membership.revoke(window.engine, world.team, history=history))


def _in_step(world: TeamWorld) -> None:
    if (window := _somebody(world)) is not None:
        window.attempt("sync", window.in_step())


# -- pads


def _make_pad(world: TeamWorld) -> None:
    if world.made >= MAX_PADS or (window := _somebody(world)) is None:
        return

    def work() -> None:
        assert window.engine
        path = tree_of(window.engine).path(shared_id_of(world.team))
        world.make_pad(window, path)

    _at_once(window, "makes a pad", work)


def _bring_pad(world: TeamWorld) -> None:
    """One of their own, that stood elsewhere."""
    _place(world, lambda engine: shared_id_of(world.team), "brings a pad", is_inside=False)


def _take_pad(world: TeamWorld) -> None:
    _place(world, lambda engine: TOP, "takes a pad out", is_inside=True)


def _place(world: TeamWorld, into: Callable[[Engine], str], what: str, *, is_inside: bool) -> None:
    if (window := _somebody(world)) is None:
        return

    def work() -> None:
        engine = window.engine
        assert engine
        inside = set(agreeing.inside(engine, world.team))
        pads = [pad.pad_id for pad in engine.vault.pads() if pad.kind in (PadKind.TEXT, PadKind.RICHTEXT)]
        chosen = sorted([pad_id for pad_id in pads if (pad_id in inside) == is_inside])
        if chosen:
            pad_id = world.rng.choice(chosen)
            world.logs.pads[pad_id].was_loose = True
            placing.move_pads(engine, [pad_id], into(engine))

    _at_once(window, what, work)


def _offer_pad(world: TeamWorld) -> None:
    """A pad of the team gets another owner, beside the one that it has."""
    if (window := _somebody(world)) is None or not window.session or not window.engine:
        return
    offered = owning.offer(window.engine, window.session.pad_id, _other(world, window).contact_id)
    window.attempt("offers a pad", offered)


def _look(world: TeamWorld) -> None:
    windows = [each for each in world.windows() if isinstance(each, TeamWindow) and each.engine]
    if windows:
        window = world.rng.choice(windows)
        window.run_as(window.look)


MAX_PADS: Final = 4
_FATE: Final = (
    "type", "paste", "delete", "undo", "title", "format", "move", "quit", "kill", "power cut", "disk full",
    "back up", "restore", "cut", "offline", "relay down", "relay disk", "lie", "wait",
)  # fmt: skip
"""What happens as it does in runs about one pad."""
ACTS: Final[dict[str, tuple[Callable[[TeamWorld], None], float]]] = {
    **{name: acts.ACTS[name] for name in _FATE},  # type: ignore[dict-item]
    "open window": (acts._open_window, 6),  # type: ignore[dict-item]
    "look": (_look, 8),
    "invite": (_invite, 5),
    "role": (_role, 5),
    "remove": (_remove, 5),
    "leave": (_leave, 2),
    "ask": (_ask, 3),
    "answer": (_answer, 12),
    "new keys": (_new_keys, 2),
    "sync": (_in_step, 8),
    "make pad": (_make_pad, 2),
    "bring pad": (_bring_pad, 1),
    "take pad": (_take_pad, 1),
    "offer pad": (_offer_pad, 1),
    "mischief": (team_hostile.mischief, 0),
}
