"""Opening a long rich text after its window was killed: bar P6 where nothing was left in order.

    python -m benchmarks.killed [--quick]

A person types in the pad, or somebody else does while it is open or closed here, and the app is ended by
kill -9 behind that many edits; then it is opened from the list, once: the clock and the processor.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from benchmarks import people
from benchmarks.people import Person, program
from benchmarks.start import FIRST_LINE, P6_SIZES, make_large_pad, open_from_list
from benchmarks.table import Row, heading, line, row
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.engine import Engine
from support.relay import RelayProcess
from support.terminal import Terminal, key

_WORDS = "plain words that are typed on, "
_BATCH = 20


def run(*, quick: bool = False) -> Iterator[Row]:
    """Keys by oneself, then edits of somebody else."""
    for name, (size_bytes, limit) in list(P6_SIZES.items())[: 1 if quick else None]:
        yield from own_keys(name, size_bytes, limit, (65,) if quick else (1, 65, 500, 5_000))
        yield from edits_of_others(name, size_bytes, limit, (65,) if quick else (65, 500))


def own_keys(name: str, size_bytes: int, limit: float, counts: tuple[int, ...]) -> Iterator[Row]:
    """With a relay, so that most of what was typed is in the log when the app dies."""
    with people.temporary() as folder, people.private_runtime() as runtime, _relay(folder) as relay:
        anna = Person.make(folder, "Anna", runtime, relay_url=relay.url)
        asyncio.run(make_large_pad(anna, PadKind.RICHTEXT, size_bytes))
        open_from_list(anna)
        for count in counts:
            _killed(anna, partial(_type, count=count), is_open=True)
            yield from _rows(anna, f"{name} of rich text after kill -9 behind {count:,} keys", limit)


def edits_of_others(name: str, size_bytes: int, limit: float, counts: tuple[int, ...]) -> Iterator[Row]:
    """Each an entry of its own, at places all over the text."""
    with people.temporary() as folder, people.private_runtime() as runtime, _relay(folder) as relay:
        anna = Person.make(folder, "Anna", runtime, relay_url=relay.url)
        asyncio.run(make_large_pad(anna, PadKind.RICHTEXT, size_bytes))
        boris = Person.make(folder, "Boris", runtime, relay_url=relay.url)
        asyncio.run(_join(boris, anna))
        open_from_list(anna)
        for is_open in (True, False):
            for count in counts:
                what = f"{count} edits of another, {'open' if is_open else 'in the background'}"
                _killed(anna, partial(_edit_as, person=boris, count=count), is_open=is_open)
                yield from _rows(anna, f"{name} of rich text after kill -9 behind {what}", limit)


def _relay(folder: Path) -> AbstractContextManager[RelayProcess]:
    return people.relay(folder / "relay-data")


def _rows(person: Person, what: str, limit: float) -> Iterator[Row]:
    clock, cpu = open_from_list(person)
    yield row("P6", what, clock, "ms", limit)
    yield row("P6", f"{what}: processor", cpu, "ms")


def _killed(person: Person, work: Callable[[Terminal], None], *, is_open: bool) -> None:
    with Terminal(program(), env=person.environ(), cwd=people.ROOT) as terminal:
        terminal.wait_for("The large pad", 30)
        terminal.pump(0.5)
        if is_open:
            terminal.send(key("enter"))
            terminal.wait_for(FIRST_LINE, 60)
            # Until it is loaded: what is typed before waits for that.
            terminal.pump(3.0)
        work(terminal)
        terminal.signal(signal.SIGKILL)


def _type(terminal: Terminal, *, count: int) -> None:
    for _ in range(5):
        terminal.measure(key("down"), quiet_s=0.05)
    for n in range(count):
        letter = "enter" if n % 60 == 59 else ""
        terminal.measure(key(letter) if letter else _WORDS[n % len(_WORDS)], quiet_s=0.001)
    terminal.pump(0.2)


def _edit_as(terminal: Terminal, *, person: Person, count: int) -> None:
    asyncio.run(_edit(person, count, lambda: terminal.pump(0.01, 0.5)))
    terminal.pump(2.0, 20)


async def _edit(person: Person, count: int, between: Callable[[], object]) -> None:
    engine = person.engine()
    with engine.borrowed(_pad_of(engine)) as session:
        lines = len(session.view.lines)
        for n in range(count):
            place = Position((n * 7919) % lines, 0)
            session.view.replace(place, place, "b")
            session.flush()
            session.seal()
            if n % _BATCH == _BATCH - 1 or n == count - 1:
                report = await engine.sync([session.pad_id], wait_s=300)
                assert not report.waiting, report
                between()
    await engine.close()


async def _join(person: Person, owner: Person) -> None:
    of, engine = owner.engine(), person.engine()
    await engine.join(await of.make_link(_pad_of(of), view=False))
    await engine.close()
    await of.close()


def _pad_of(engine: Engine) -> bytes:
    return next(line.pad_id for line in engine.listing() if line.kind is PadKind.RICHTEXT)


def main() -> int:
    print(heading())
    for one in run(quick="--quick" in sys.argv):
        print(line(one), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
