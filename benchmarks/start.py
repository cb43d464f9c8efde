"""Starting and opening: bars P5 and P6.

    python -m benchmarks.start [--quick]

P5: `cryptpad-tui --version`, and the app's first frame, in real processes. P6: a pad chosen in the list of an
unlocked vault, until its text is on the screen; each time in a fresh app, so that nothing is warm.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import people
from benchmarks.editor_app import rich_sample, sample
from benchmarks.people import Person, program
from benchmarks.table import Row, heading, line, middle, row
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.engine.exchange.importing import ReadFile, make_pad
from support.terminal import Terminal, key

P6_SIZES = {"1 MB": (1_000_000, 300.0), "10 MB": (10_000_000, 1_500.0)}
_BARE_TEXTUAL = """
from textual.app import App
from textual.widgets import Static

class Bare(App):
    def compose(self):
        yield Static("Passphrase")

Bare().run()
"""
FIRST_LINE = "Part 1: what we agreed"


def run(*, quick: bool = False) -> Iterator[Row]:
    """P5, then P6."""
    yield from p5(runs=5 if quick else 15)
    yield from p6(runs=1 if quick else 3)


def p5(runs: int) -> Iterator[Row]:
    python = _times(runs, lambda: _run_command([sys.executable, "-c", "pass"]))
    version = _times(runs, lambda: _run_command(program("--version")))
    yield row("P5", "a bare Python, for comparison", middle(python), "ms")
    yield row("P5", "cryptpad-tui --version", middle(version), "ms", 120)
    for what, module in (("engine", "cryptpad_tui.engine"), ("app", "cryptpad_tui.ui.app")):
        command = [sys.executable, "-c", f"import {module}"]
        imports = middle(_times(max(3, runs // 3), lambda command=command: _run_command(command)))
        yield row("P5", f"import of the {what}, bare Python taken off", imports - middle(python), "ms")
    with people.temporary() as folder, people.private_runtime() as runtime:
        fresh = {"CRYPTPAD_TUI_HOME": str(folder / "none"), "XDG_RUNTIME_DIR": str(runtime)}
        locked = Person.make(folder, "Anna", runtime).environ()
        del locked["CRYPTPAD_TUI_PASSPHRASE_FILE"]
        bare = [sys.executable, "-c", _BARE_TEXTUAL]
        frames: dict[str, list[float]] = {"bare": [], "fresh": [], "locked": []}
        for _ in range(max(3, runs // 2)):
            frames["bare"].append(_first_frame(bare, {}, "Passphrase"))
            frames["fresh"].append(_first_frame(program(), fresh, "cryptpad-tui"))
            frames["locked"].append(_first_frame(program(), locked, "Passphrase"))
        yield row("P5", "first frame of the app, no vault yet", middle(frames["fresh"]), "ms", 500)
        yield row("P5", "first frame of the app, locked vault", middle(frames["locked"]), "ms", 500)
        yield row("P5", "first frame of a bare Textual app", middle(frames["bare"]), "ms")


def p6(runs: int) -> Iterator[Row]:
    for kind, called in ((PadKind.TEXT, ""), (PadKind.RICHTEXT, ", rich text")):
        for name, (size_bytes, limit) in P6_SIZES.items():
            what = f"open a pad of {name} from the list"
            with people.temporary() as folder, people.private_runtime() as runtime:
                alone = Person.make(folder, "Anna", runtime)
                asyncio.run(make_large_pad(alone, kind, size_bytes))
                yield from _opened(alone, f"{what}, never sent{called}", runs, limit)
                with people.relay(folder / "relay-data") as relay:
                    synced = Person.make(folder, "Boris", runtime, relay_url=relay.url)
                    asyncio.run(make_large_pad(synced, kind, size_bytes))
                    yield from _opened(synced, f"{what}, synced{called}", runs, limit)


async def make_large_pad(person: Person, kind: PadKind, size_bytes: int) -> None:
    engine = person.engine()
    rich = kind is PadKind.RICHTEXT
    text, runs = ("", rich_sample(size_bytes)) if rich else (sample(size_bytes), [])
    await make_pad(engine, ReadFile("The large pad", "", kind, text=text, runs=runs))
    if engine.relay_url():
        # 10 MB of rich text are 900 entries, each signed, checked and folded between two keys.
        report = await engine.sync(wait_s=300)
        assert (report.waiting, report.unreachable) == (0, False), report
    await engine.close()


def _opened(person: Person, what: str, runs: int, limit: float) -> Iterator[Row]:
    """The clock, and the processor's time, which other work on the machine does not change as much."""
    first, *again = [open_from_list(person) for _ in range(1 + runs)]
    yield row("P6", f"{what}, the first time", first[0], "ms")
    yield row("P6", f"{what}, the first time: processor", first[1], "ms")
    yield row("P6", what, middle([clock for clock, _ in again]), "ms", limit)
    yield row("P6", f"{what}: processor", middle([cpu for _, cpu in again]), "ms")


def open_from_list(person: Person) -> tuple[float, float]:
    """Milliseconds from Enter in the list to the pad's first line on the screen; then the pad is left."""
    with Terminal(program(), env=person.environ(), cwd=people.ROOT) as terminal:
        terminal.wait_for("The large pad", 30)
        terminal.pump(0.5)
        start, cpu = time.perf_counter(), terminal.cpu_s()
        terminal.send(key("enter"))
        terminal.wait_for(FIRST_LINE, 60)
        took = (time.perf_counter() - start) * 1e3, (terminal.cpu_s() - cpu) * 1e3
        terminal.pump(2.0)
        terminal.send(key("escape"))
        terminal.wait_gone(FIRST_LINE, 60)
        terminal.send(key("ctrl+q"))
        terminal.pump(2.0)
        if "Quit?" in terminal.text():
            # Thousands of keys are not sent in so short a time.
            terminal.send(key("enter"))
        terminal.wait_exit(60)
        return took


def _first_frame(command: list[str], environ: dict[str, str], shows: str) -> float:
    """Milliseconds from starting an app to its first frame."""
    with Terminal(command, env=environ, cwd=people.ROOT) as terminal:
        terminal.wait_for(shows, 30)
        return (time.perf_counter() - terminal.started) * 1e3


def _run_command(command: list[str]) -> None:
    environ = people.child_environ({})
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environ, cwd=Path(people.ROOT))


def _times(runs: int, work: Callable[[], None]) -> list[float]:
    work()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1e3)
    return times


def main() -> int:
    print(heading())
    for one in run(quick="--quick" in sys.argv):
        print(line(one), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
