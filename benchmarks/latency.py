"""From one person's key to the other person's screen, through a real relay: bar P13.

    python -m benchmarks.latency [--quick]

Twice: between two engines in two processes, and between two apps in two terminals. Keys come at irregular
times, as a person's do, since regular ones would always fall on the same place of a batch.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import people
from benchmarks.people import Person, program
from benchmarks.table import Row, heading, line, percentile, row
from cryptpad_tui.crdt.values import Change, Origin
from cryptpad_tui.engine import Engine, PadSession
from support.terminal import Terminal

KEYS = 100
QUICK_KEYS = 30
_PAUSE_S = (0.12, 0.32)
_SETTLE_S = 1.5
_WATCHED_S = 60.0
_TITLE = "Two screens"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def run(*, quick: bool = False) -> Iterator[Row]:
    """P13."""
    keys = QUICK_KEYS if quick else KEYS
    chance = random.Random(13)
    with people.temporary() as folder, people.relay(folder / "relay-data") as relay:
        anna = Person.make(folder, "Anna", folder, relay_url=relay.url)
        boris = Person.make(folder, "Boris", folder)
        asyncio.run(_share(anna, boris))
        engines = asyncio.run(between_engines(anna, boris, keys, chance))
        yield from _rows("engine to engine", engines)
        yield from _rows("terminal to terminal", between_terminals(anna, boris, keys, chance))


def _rows(what: str, delays_ms: list[float]) -> Iterator[Row]:
    yield row("P13", f"{what}, p50 of {len(delays_ms)} keys", percentile(delays_ms, 0.5), "ms", 150)
    yield row("P13", f"{what}, p99", percentile(delays_ms, 0.99), "ms", 300)


async def _share(anna: Person, boris: Person) -> None:
    hers, his = anna.engine(), boris.engine()
    pad = hers.create_pad(_TITLE, text="\n")
    await his.join(await hers.make_link(pad.pad_id, view=False))
    await hers.close()
    await his.close()


# -- two engines


async def between_engines(anna: Person, boris: Person, keys: int, chance: random.Random) -> list[float]:
    """Milliseconds of each key, in a process that types and one that watches; one clock serves both."""
    watcher = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.latency", "--watch", str(boris.home), str(boris.keyfile), str(keys),
        stdout=asyncio.subprocess.PIPE,
        cwd=people.ROOT,
    )  # fmt: skip
    assert watcher.stdout
    engine = anna.engine()
    try:
        session = await _online(engine)
        assert await asyncio.wait_for(watcher.stdout.readline(), 20) == b"ready\n"
        await asyncio.sleep(_SETTLE_S)
        typed = []
        for n in range(keys):
            typed.append(time.monotonic())
            end = session.view.lines.end
            session.view.replace(end, end, _LETTERS[n % 26])
            await asyncio.sleep(chance.uniform(*_PAUSE_S))
        seen = [float(await asyncio.wait_for(watcher.stdout.readline(), 10)) for _ in range(keys)]
    finally:
        await engine.close()
        if watcher.returncode is None:
            watcher.terminate()
        await watcher.wait()
    return [(then - at) * 1e3 for at, then in zip(typed, seen, strict=True)]


async def _online(engine: Engine) -> PadSession:
    await engine.start()
    session = engine.open_pad(engine.find(_TITLE).pad_id)
    while not session.attached_here:
        await asyncio.sleep(0.02)
    return session


async def watch(home: Path, keyfile: Path, keys: int) -> None:
    """Print when each of the next characters of somebody else arrived in this process's view."""
    engine = Person(home, keyfile, keyfile, home).engine()
    session = await _online(engine)
    seen: list[float] = []

    def note(change: Change) -> None:
        if change.origin is Origin.REMOTE:
            seen.extend([time.monotonic()] * sum(len(edit.text) for edit in change.edits))

    session.view.observe(note)
    print("ready", flush=True)
    deadline = time.monotonic() + _WATCHED_S
    while len(seen) < keys and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    print(*seen, sep="\n", flush=True)
    await engine.close()


# -- two terminals


def between_terminals(anna: Person, boris: Person, keys: int, chance: random.Random) -> list[float]:
    """Milliseconds of each key, from writing it to one terminal until the other one's screen shows it."""
    delays = []
    with (
        Terminal(program("edit", _TITLE), env=anna.environ(), cwd=people.ROOT) as hers,
        Terminal(program("edit", _TITLE), env=boris.environ(), cwd=people.ROOT) as his,
    ):
        for terminal in (hers, his):
            terminal.wait_for("●", 30, reason="the other one's presence")
        for terminal in (hers, his):
            terminal.pump(0.3, 3.0)
        for n in range(keys):
            if n % 26 == 0:
                word = ""
                hers.send("\r")
                hers.pump(0.3, 2.0)
                his.pump(0.5, 2.0)
            # No two rows begin alike, or an old one would answer for the letter that is still on its way.
            word += _LETTERS[(n + n // 26) % 26].upper()
            start = time.perf_counter()
            hers.send(word[-1])
            # A caret may stand behind the letters, but never among them.
            his.wait_for(lambda terminal, word=word: any(r.startswith(word) for r in terminal.display()), 5)
            delays.append((time.perf_counter() - start) * 1e3)
            hers.pump(0.02, 0.1)
            his.pump(0.05, chance.uniform(*_PAUSE_S))
    return delays


def main() -> int:
    if sys.argv[1:2] == ["--watch"]:
        asyncio.run(watch(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])))
        return 0
    print(heading())
    for one in run(quick="--quick" in sys.argv):
        print(line(one), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
