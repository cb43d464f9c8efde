"""Two relays, and an owner who moves the pad between them in the middle of everything.

At each moment one of them takes what is written. Who was away, or came back with a backup, finds the way by
the relay that the pad left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.errors import Malformed, Refused
from cryptpad_relay.protocol.records import RecordKind, record_kind
from cryptpad_relay.store.base import StoredEntry
from cryptpad_tui.engine import relocating, whereabouts
from cryptpad_tui.engine.errors import EngineError, RelayUnreachable
from cryptpad_tui.pad.alarms import Alarm
from cryptpad_tui.pad.moves import MoveError
from sim.client import Machine, Window

if TYPE_CHECKING:
    from sim.liar import LyingRelay
    from sim.world import World

HERE: Final = "ws://relay"
THERE: Final = "ws://other"
AWAY: Final = 0.4
"""How often somebody is away while the pad moves."""
FAILURES: Final = (EngineError, MoveError, RelayUnreachable, Alarm, Refused, Malformed)


def move(world: World) -> None:
    """One of the owner's windows does it, as far as it comes."""
    windows = [window for window in world.machines[0].windows.values() if window.session and not window.dead]
    if windows:
        window = world.rng.choice(windows)
        if len(world.machines) > 1 and world.rng.random() < AWAY:
            _goes_away(world, world.rng.choice(world.machines[1:]))
        window.spawn(_move(world, window))


def _goes_away(world: World, machine: Machine) -> None:
    machine.offline = True
    world.network.cut(lambda link: isinstance(link.owner, Window) and link.owner.machine is machine)
    world.note(f"{machine.name} is away")


async def _move(world: World, window: Window) -> None:
    engine = window.engine
    assert engine
    record = engine.vault.pad(world.pad_id)
    assert record
    url = HERE if record.relay_url == THERE else THERE
    try:
        await relocating.move(engine, world.pad_id, url)
    except FAILURES as error:
        world.note(f"{window}: not moved to {url}: {type(error).__name__}")
        return
    world.moved += 1
    world.note(f"{window}: moved to {url}")


def tell_where(world: World) -> None:
    """Who was told a lie about it hears the address from somebody, as people do when a relay is no good.

    Again for as long as they are elsewhere: some had no window open when the others talked.
    """
    if not world.lying or not world.moving:
        return
    home = next((url for url, relay in world.relays.items() if relay.log(world.pad_id) == log(world)), HERE)
    for window in world.windows():
        record = window.engine and window.engine.vault.pad(world.pad_id)
        if record and record.relay_url != home:
            window.spawn(_follow(world, window, home))


async def _follow(world: World, window: Window, url: str) -> None:
    assert window.engine
    try:
        await whereabouts.follow(window.engine, world.pad_id, url)
    except FAILURES as error:
        world.note(f"{window}: not followed to {url}: {type(error).__name__}")


def any_relay(world: World) -> LyingRelay:
    """One of them, where there are several."""
    relays = list(world.relays.values())
    return relays[0] if len(relays) == 1 else world.rng.choice(relays)


def log(world: World) -> list[StoredEntry]:
    """What is durable of the pad, wherever it is: the relay that it left has a beginning of it."""
    return max((relay.log(world.pad_id) for relay in world.relays.values()), key=_reach)


def _reach(entries: Sequence[StoredEntry]) -> tuple[int, int]:
    kinds = Counter(record_kind(stored.raw) for stored in entries)
    return kinds[RecordKind.MOVE], len(entries)


def split_at(world: World) -> int:
    """The first place for which two relays have different entries; 0 where there is none."""
    logs = [relay.log(world.pad_id) for relay in world.relays.values()]
    for n, places in enumerate(zip(*logs, strict=False), 1):
        if len({stored.entry_id for stored in places}) > 1:
            return n
    return 0
