"""Keys in the pad editor, in a real process and a real terminal: bars P1, P2, P3 and P4.

    python -m benchmarks.editor_keys [--keys N] [--quick] [--json]

Prints one row a measurement with its bar beside it, and vim's bytes where vim is installed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, median
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from benchmarks.editor_app import sample  # noqa: E402
from support.terminal import KeyCost, Terminal, key  # noqa: E402

SIZES = {"10 kB": 10_000, "1 MB": 1_000_000, "10 MB": 10_000_000}
TEXT = "a plain row that is typed, one letter after the other, into the middle "


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement beside its bar; `passed` is None where there is nothing to pass."""

    bar: str
    what: str
    value: float
    unit: str
    limit: float | None
    passed: bool | None


class Kind(NamedTuple):
    """A kind of pad: the flags of its editor, and what its rows are called."""

    flags: tuple[str, ...]
    name: str

    def of(self, what: str) -> str:
        return f"{what}{self.name}"


TEXT_KIND = Kind((), "")
RICH_KIND = Kind(("--rich",), ", rich text")


def row(bar: str, what: str, value: float, unit: str, limit: float | None = None) -> Row:
    """A row that passes when the value is within the limit."""
    return Row(bar, what, round(value, 2), unit, limit, None if limit is None else value <= limit)


def editor(size_bytes: int, *flags: str) -> Terminal:
    """The editor's process, settled in the middle of the document."""
    command = [sys.executable, "-m", "benchmarks.editor_app", str(size_bytes), *flags]
    terminal = Terminal(command, cwd=ROOT)
    terminal.wait_for("Ln ", 120)
    terminal.pump(0.3)
    return terminal


def typed(terminal: Terminal, keys: int) -> list[KeyCost]:
    """Type letters into one-row lines: sixteen, then the next such line."""
    costs: list[KeyCost] = []
    for n in range(keys):
        costs.append(terminal.measure(TEXT[n % len(TEXT)], quiet_s=0.03))
        if n % 16 == 15:
            for _ in range(16):
                terminal.measure(key("backspace"), quiet_s=0.02)
    return costs


def percentile(values: Sequence[float], part: float) -> float:
    """The value below which `part` of the values are."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def latency_rows(keys: int, sizes: Sequence[str], kind: Kind) -> list[Row]:
    """P1 and P2."""
    rows: list[Row] = []
    p50: dict[str, float] = {}
    for name in sizes:
        with editor(SIZES[name], *kind.flags) as terminal:
            typed(terminal, 10)
            cpu = terminal.cpu_s()
            costs = typed(terminal, keys)
            cpu = terminal.cpu_s() - cpu
            first = [cost.first_ms for cost in costs]
            p50[name] = median(first)
            rows += [
                row("P1", f"typed key p50, {kind.of(name)}", p50[name], "ms", 5),
                row("P1", f"typed key p99, {kind.of(name)}", percentile(first, 0.99), "ms", 20),
                row("P1", f"cpu per key, {kind.of(name)}", cpu / (keys * 2) * 1e3, "ms"),
                row("P2", f"typed key, mean, {kind.of(name)}", mean(c.size_bytes for c in costs), "B", 90),
            ]
            rows += motion_rows(terminal, kind.of(name))
            rows.append(row("", f"memory, {kind.of(name)}", terminal.rss_kib() / 1024, "MiB"))
    if len(sizes) > 1:
        rows.append(
            row("P1", f"p50 {kind.of(sizes[-1])} / {sizes[0]}", p50[sizes[-1]] / p50[sizes[0]], "x", 1.5)
        )
    return rows


def motion_rows(terminal: Terminal, name: str) -> list[Row]:
    """Caret down within the page and past its end, and page down."""
    terminal.pump(1.2)
    down = [terminal.measure(key("down"), quiet_s=0.05).size_bytes for _ in range(30)]
    terminal.pump(1.2)
    pages = [terminal.measure(key("pagedown"), quiet_s=0.1) for _ in range(8)]
    return [
        row("P2", f"caret down, mean of 30 with scrolling, {name}", mean(down), "B", 120),
        row("P2", f"page down, mean, {name}", mean(c.size_bytes for c in pages), "B", 3000),
        row("P1", f"page down p50, {name}", median(c.first_ms for c in pages), "ms"),
    ]


def co_editor_rows(keys: int, sizes: Sequence[str], kind: Kind) -> list[Row]:
    """P3: typing while somebody else types ten characters a second elsewhere."""
    rows: list[Row] = []
    for name in sizes:
        with editor(SIZES[name], "--remote", *kind.flags) as terminal:
            first = [cost.first_ms for cost in typed(terminal, keys)]
            rows.append(row("P3", f"typed key p50 with a co-editor, {kind.of(name)}", median(first), "ms", 8))
            rows.append(
                row("P3", f"typed key p99 with a co-editor, {kind.of(name)}", percentile(first, 0.99), "ms")
            )
    return rows


def idle_rows(seconds: float, kind: Kind) -> list[Row]:
    """P4: nobody does anything."""
    rows: list[Row] = []
    for what, flags, limit in (("alone", (), 0.0), ("co-editor present", ("--present",), 20.0)):
        with editor(SIZES["1 MB"], *flags, *kind.flags) as terminal:
            terminal.pump(1.0, 6.0)
            size, cpu, start = terminal.size_bytes, terminal.cpu_s(), time.perf_counter()
            terminal.pump(seconds, seconds)
            elapsed = time.perf_counter() - start
            used = (terminal.cpu_s() - cpu) / elapsed * 100
            rows.append(
                row("P4", f"idle, {kind.of(what)}", (terminal.size_bytes - size) / elapsed, "B/s", limit)
            )
            rows.append(row("P4", f"idle, {kind.of(what)}, processor", used, "%", 1.0))
    return rows


def vim_rows() -> list[Row]:
    """vim's bytes for the same keys."""
    vim = shutil.which("vim") or shutil.which("vim.tiny")
    if vim is None:
        return []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sample.md"
        path.write_text(sample(SIZES["1 MB"]))
        with Terminal(
            [vim, "-N", "-u", "NONE", "-i", "NONE", "-n", "+set ruler wrap", str(path)]
        ) as terminal:
            terminal.wait_for("Part 1")
            terminal.send("7000G20li")
            terminal.pump(0.3)
            keys = [terminal.measure(char, quiet_s=0.03).size_bytes for char in TEXT[:48]]
            down = [terminal.measure(key("down"), quiet_s=0.05).size_bytes for _ in range(30)]
            pages = [terminal.measure(key("pagedown"), quiet_s=0.1).size_bytes for _ in range(8)]
    return [
        row("", "vim: typed key, mean", mean(keys), "B"),
        row("", "vim: caret down, mean of 30 with scrolling", mean(down), "B"),
        row("", "vim: page down, mean", mean(pages), "B"),
    ]


def run(keys: int = 200, *, quick: bool = False) -> list[dict[str, object]]:
    """Every measurement, as values for the results file; prints the table meanwhile."""
    sizes = ["10 kB"] if quick else list(SIZES)
    idle_s = 3.0 if quick else 10.0
    rows: list[Row] = []
    for measure in (
        lambda: latency_rows(keys, sizes, TEXT_KIND),
        lambda: co_editor_rows(keys, sizes, TEXT_KIND),
        lambda: idle_rows(idle_s, TEXT_KIND),
        lambda: latency_rows(keys, sizes, RICH_KIND),
        lambda: co_editor_rows(keys, sizes, RICH_KIND),
        lambda: idle_rows(idle_s, RICH_KIND),
        vim_rows,
    ):
        for one in measure():
            rows.append(one)
            limit = "" if one.limit is None else f"<= {one.limit:g}"
            verdict = {None: "", True: "ok", False: "MISSED"}[one.passed]
            print(f"{one.bar:3} {one.what:55} {one.value:10g} {one.unit:4} {limit:8} {verdict}", flush=True)
    return [asdict(one) for one in rows]


def main() -> int:
    """Print the table, and the rows as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = run(options.keys, quick=options.quick)
    if options.json:
        print(json.dumps(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
