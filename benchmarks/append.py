"""A pad that cron appends to for years: bar P14.

    python -m benchmarks.append [--quick]

Real `cryptpad-tui append` runs at the beginning and at the end; the thousands between go through the same
function, which opens and closes the vault each time, in one process. The vault opens by keyfile, so that
Argon2 is no part of it, and the commands find a private folder in memory as a login gives one. Twice: a pad
that stays on this machine, and a shorter history of one that a relay takes at once.
"""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from statistics import mean

from benchmarks import people
from benchmarks.people import Person, program
from benchmarks.table import Row, heading, line, middle, row
from support.terminal import Terminal, key

REAL = 100
QUICK_REAL = 12
APPENDS = 10_000
QUICK_APPENDS = 1_000
RELAYED = 1_000
QUICK_RELAYED = 200
KEYS = 100
_TITLE = "Log of the cron job"
_BY_KEY = "typed by a person, one letter after the other "


def run(*, quick: bool = False) -> Iterator[Row]:
    """P14."""
    real = QUICK_REAL if quick else REAL
    with people.temporary() as folder, people.private_runtime() as runtime:
        person = Person.make(folder, "Cron", runtime)
        yield from _history(person, "kept here", QUICK_APPENDS if quick else APPENDS, real)
        costs = _keys_in(person, KEYS // 2 if quick else KEYS)
        yield row("P14", "a key in that pad, p50", middle(costs), "ms", 5)
        with people.relay(folder / "relay-data") as relay:
            sender = Person.make(folder, "Sender", runtime, relay_url=relay.url)
            yield from _history(sender, "sent at once", QUICK_RELAYED if quick else RELAYED, real // 2)


def _history(person: Person, what: str, appends: int, real: int) -> Iterator[Row]:
    pad = asyncio.run(_make_pad(person))
    first = [_append_for_real(person, pad, n) for n in range(real)]
    between = _append_in_one_process(person, pad, appends - 2 * real)
    last = [_append_for_real(person, pad, appends - real + n) for n in range(real)]
    text, waiting = asyncio.run(_end_of(person, pad))
    assert text.count("\n") == appends, text.count("\n")
    yield row("P14", f"first {real} appends, {what}, median", middle(first), "ms")
    yield row("P14", f"last {real} of {appends:,} appends, {what}, median", middle(last), "ms")
    yield row("P14", f"last to first, {what}", middle(last) / middle(first), "x", 1.5)
    yield row("P14", f"  first {real} without a start, {what}, mean", mean(between[:real]), "ms")
    yield row("P14", f"  last {real} without a start, {what}, mean", mean(between[-real:]), "ms")
    yield row("P14", f"  changes that wait in the end, {what}", waiting, "")


async def _make_pad(person: Person) -> str:
    engine = person.engine()
    pad = engine.create_pad(_TITLE)
    if engine.relay_url():
        await engine.sync()
    await engine.close()
    return pad.short_id


async def _end_of(person: Person, pad: str) -> tuple[str, int]:
    engine = person.engine()
    session = engine.open_pad(engine.find(pad).pad_id)
    text, waiting = session.view.text(), session.waiting
    await engine.close()
    return text, waiting


def _append_for_real(person: Person, pad: str, n: int) -> float:
    """Milliseconds of one `cryptpad-tui append`."""
    environ = people.child_environ(person.environ(keyfile=True))
    start = time.perf_counter()
    subprocess.run(program("append", pad), input=_entry(n), env=environ, check=True, cwd=people.ROOT)
    return (time.perf_counter() - start) * 1e3


def _append_in_one_process(person: Person, pad: str, count: int) -> list[float]:
    """Milliseconds of each, without a process's start."""
    command = [sys.executable, "-m", "benchmarks.append", "--same-function", pad, str(count)]
    environ = people.child_environ(person.environ(keyfile=True))
    done = subprocess.run(command, env=environ, check=True, cwd=people.ROOT, stdout=subprocess.PIPE)
    times: list[float] = json.loads(done.stdout)
    return times


def append_many(pad: str, count: int) -> list[float]:
    """What `cryptpad-tui append` calls, so many times."""
    from cryptpad_tui.cli.run import run as run_command

    stdin, times = sys.stdin, []
    try:
        for n in range(count):
            start = time.perf_counter()
            sys.stdin = io.TextIOWrapper(io.BytesIO(_entry(n)))
            code = run_command(["append", pad], lambda request: 1)
            assert code == 0, code
            times.append(round((time.perf_counter() - start) * 1e3, 3))
    finally:
        sys.stdin = stdin
    return times


def _entry(n: int) -> bytes:
    return b"2026-01-01T00:00:00Z backup %06d of 17 files went well\n" % n


def _keys_in(person: Person, keys: int) -> list[float]:
    """Milliseconds until the first byte of the answer to each key, at the end of the pad in the app."""
    with Terminal(program("edit", _TITLE), env=person.environ(), cwd=people.ROOT) as terminal:
        terminal.wait_for("went well", 30)
        terminal.pump(0.5)
        terminal.send(key("ctrl+end"))
        terminal.pump(0.5)
        for n in range(10):
            terminal.measure(_BY_KEY[n], quiet_s=0.03)
        return [terminal.measure(_BY_KEY[n % len(_BY_KEY)], quiet_s=0.03).first_ms for n in range(keys)]


def main() -> int:
    if sys.argv[1:2] == ["--same-function"]:
        print(json.dumps(append_many(sys.argv[2], int(sys.argv[3]))))
        return 0
    print(heading())
    for one in run(quick="--quick" in sys.argv):
        print(line(one), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
