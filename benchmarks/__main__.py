"""`make bench`: every bar of docs/performance.md, one table, and benchmarks/results.json.

    python -m benchmarks [--quick] [--only P7,P14]

Nothing here is a test: machines are shared and noisy, so a missed bar asks for a second look, and peers are
measured in the same run where they are installed (`python -m benchmarks.relay_load --install`).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from typing import Any
from unittest.mock import patch

from benchmarks import append, drive, editor_keys, files, join, killed, latency, relay_load, start
from benchmarks.table import Row, heading, line, machine, row, write_results

P8_RATIO = 0.9
P15_RATIO = 1.3
QUICK_S = 5
_PEERS_BAR = {"cpu_s_per_100k": "P8", "p99_ms": "P9"}


def editor(only: frozenset[str], *, quick: bool) -> Iterator[Row]:
    """P1 to P4."""
    with redirect_stdout(sys.stderr):
        measured = editor_keys.run(keys=60 if quick else 200, quick=quick)
    for values in measured:
        one: Any = values
        yield Row(**one)


def beginning(only: frozenset[str], *, quick: bool) -> Iterator[Row]:
    if "P5" in only:
        yield from start.p5(runs=5 if quick else 15)
    if "P6" in only:
        yield from start.p6(runs=1 if quick else 3)
        yield from killed.run(quick=quick)


def joining(only: frozenset[str], *, quick: bool) -> Iterator[Row]:
    yield from join.run(quick=quick)


def relay(only: frozenset[str], *, quick: bool) -> Iterator[Row]:
    """P8 to P11 and P15."""
    generate = relay_load.generate

    def shorter(running: relay_load.Running, job: dict[str, Any]) -> dict[str, Any]:
        return generate(running, {**job, "seconds": min(job["seconds"], QUICK_S)} if quick else job)

    with redirect_stdout(sys.stderr), patch.object(relay_load, "generate", shorter):
        if only & {"P8", "P9"}:
            yield from _p8_p9(quick=quick)
        if "P10" in only:
            found = relay_load.p10()
            what = f"relay memory of each of {found['connections']} idle connections"
            yield row("P10", what, found["kib_per_connection"], "KiB", 40)
        if "P11" in only:
            found = relay_load.p11(5 if quick else 50)
            what = f"edits lost of {found['acknowledged']:,} acknowledged, {found['kills']} kill -9"
            yield row("P11", what, found["lost"], "", 0)
        if "P15" in only:
            yield from _p15()


def _p8_p9(*, quick: bool) -> Iterator[Row]:
    there = [name for name, place in relay_load.PEERS.items() if (relay_load.WORK / place).exists()]
    if quick:
        there = [name for name in there if name == "elva"]
    yield row("P9", "fsync of this disk, p50", relay_load.fsync_p50_ms(), "ms")
    found = relay_load.report_p8(["relay", *there], 1 if quick else 3)
    for name in ("relay", *there):
        unit = "CPU-s/100k"
        yield row("P8", f"50 clients, 5 writers, 200 edits/s: {name}", found[name]["cpu_s_per_100k"], unit)
    if "p8_ratio" in found:
        yield row("P8", "  relay to elva, which stores and checks nothing", found["p8_ratio"], "x", P8_RATIO)
    for name in ("relay", *there):
        limit = 25 if name == "relay" else None
        yield row("P9", f"latency of a delivery, p99: {name}", found[name]["p99_ms"], "ms", limit)


def _p15() -> Iterator[Row]:
    found = relay_load.p15()
    for name, limit in (("still", 10), ("typing", 16)):
        rate = found[name]["presence_bytes_per_client_s"] / 1e3
        yield row("P15", f"200 people present, {name}: presence to each", rate, "kB/s", limit)
    alone, present = found["typing, nobody present"]["cpu_s_per_100k"], found["typing"]["cpu_s_per_100k"]
    yield row("P15", "relay work with presence to without", present / alone, "x", P15_RATIO)


def person_to_person(only: frozenset[str], *, quick: bool) -> Iterator[Row]:
    yield from latency.run(quick=quick)


def appending(only: frozenset[str], *, quick: bool) -> Iterator[Row]:
    yield from append.run(quick=quick)


def drive_of_many(only: frozenset[str], *, quick: bool) -> Iterator[Row]:
    yield from drive.run(quick=quick)


def files_of_any_size(only: frozenset[str], *, quick: bool) -> Iterator[Row]:
    yield from files.run(quick=quick)


SUITES: Sequence[tuple[frozenset[str], Callable[..., Iterator[Row]]]] = (
    (frozenset({"P1", "P2", "P3", "P4"}), editor),
    (frozenset({"P5", "P6"}), beginning),
    (frozenset({"P7"}), joining),
    (frozenset({"P8", "P9", "P10", "P11", "P15"}), relay),
    (frozenset({"P12"}), drive_of_many),
    (frozenset({"P13"}), person_to_person),
    (frozenset({"P14"}), appending),
    (frozenset({"F1"}), files_of_any_size),
)
BARS = frozenset().union(*[bars for bars, _ in SUITES])


def main() -> int:
    """1 where a bar was missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="smaller loads, under four minutes in all")
    parser.add_argument("--only", default="", metavar="P7,P14", help="these bars alone")
    options = parser.parse_args()
    wanted = frozenset(options.only.upper().split(",")) if options.only else BARS
    if unknown := wanted - BARS:
        parser.error(f"no such bar: {', '.join(sorted(unknown))}")
    before, began, rows = machine(), time.perf_counter(), list[Row]()
    print(f"{before['processor']}, {before['cores']} cores, load {before['load_1_min']}", heading(), sep="\n")
    for bars, suite in SUITES:
        if not bars & wanted:
            continue
        for one in suite(bars & wanted, quick=options.quick):
            rows.append(one)
            print(line(one), file=sys.__stdout__, flush=True)
            write_results(rows, quick=options.quick, before=before)
    missed = [one for one in rows if one.passed is False]
    print(f"{len(rows)} figures in {time.perf_counter() - began:.0f} s, {len(missed)} bars missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
