"""`make fuzz`: the targets one after the other, each with its share of the time; then honest updates.

Guided by coverage where atheris is installed (Linux on x86-64), else by seeded mutants of the corpus. It ends
with 1 at the first input that breaks a target, and prints where that input is.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from fuzz.engines import close_all
from fuzz.honest import accept
from fuzz.mutate import mutants
from fuzz.targets import TARGETS, corpus_of

from cryptpad_relay.protocol.labels import hash_parts
from cryptpad_tui.crdt.errors import InvalidUpdate

FOUND = Path(".fuzz")
HONEST_BATCH = 10_000


def main() -> int:
    options = _options()
    names = options.target or list(TARGETS)
    share_s = max(1, options.seconds // len(names))
    guided = find_spec("atheris") is not None
    if not guided:
        print("atheris has no build for this machine: mutants of the corpus, without guidance, instead")
    for name in names:
        executions, inputs = _guided(name, share_s) if guided else _unguided(name, share_s)
        print(f"{name:14}{executions:>10} executions{inputs:>7} new inputs in {FOUND / name}", flush=True)
    _honest(options.honest)
    close_all()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=600, help="shared among the targets")
    parser.add_argument("--honest", type=int, default=1_000_000, help="updates that must all be accepted")
    parser.add_argument("--target", action="append", choices=list(TARGETS), help="only this one; repeatable")
    return parser.parse_args()


def _guided(name: str, seconds: int) -> tuple[int, int]:
    before = _crashes()
    command = [sys.executable, "-m", "fuzz.guided", name, str(seconds), str(FOUND)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    output = done.stdout.decode("utf-8", "replace")
    crashes = sorted(_crashes() - before)
    if crashes or done.returncode:
        print(output[-4_000:])
        _give_up(name, crashes[0] if crashes else None)
    return _number(output, "number_of_executed_units"), _number(output, "new_units_added")


def _crashes() -> set[Path]:
    return set(FOUND.glob("crash-*")) if FOUND.is_dir() else set()


def _number(output: str, statistic: str) -> int:
    found = re.search(rf"stat::{statistic}:\s*(\d+)", output)
    return int(found[1]) if found else 0


def _unguided(name: str, seconds: int) -> tuple[int, int]:
    until, executions = time.monotonic() + seconds, 0
    for data in _inputs(name):
        if time.monotonic() > until:
            break
        try:
            TARGETS[name](data)
        except Exception as error:
            FOUND.mkdir(exist_ok=True)
            path = FOUND / f"crash-{name}-{hash_parts('pad1/fuzz', data).hex()[:16]}"
            path.write_bytes(data)
            print(f"{type(error).__name__}: {error}")
            _give_up(name, path)
        executions += 1
    return executions, 0


def _inputs(name: str) -> Iterator[bytes]:
    corpus = corpus_of(name)
    yield from corpus
    yield from mutants(corpus, seed=time.time_ns())


def _give_up(name: str, path: Path | None) -> None:
    close_all()
    where = f"the input is in {path}" if path else "it left no input"
    sys.exit(f"{name} failed; {where}")


def _honest(wanted: int) -> None:
    """Counted in batches, so that a long run shows that it lives."""
    accepted, seed = 0, 0
    while accepted < wanted:
        try:
            more, rooms = accept(min(HONEST_BATCH, wanted - accepted), seed)
        except InvalidUpdate as refusal:
            sys.exit(f"an honest update was refused ({refusal.reason}) in a room from seed {seed} on")
        accepted, seed = accepted + more, seed + rooms
        print(f"honest updates: {accepted} so far", end="\r", flush=True)
    print(f"honest updates: {accepted} accepted, 0 refused, in {seed} rooms")


if __name__ == "__main__":
    sys.exit(main())
