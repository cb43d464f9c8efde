"""A drive of ten thousand pads: bar P12.

    python -m benchmarks.drive [--quick]

The pads are made in the vault's tables and the drive's document, with texts in the index, in a vault that
opens by keyfile: Argon2 is no part of it. Words are as frequent as in a language: the n-th is n times as rare
as the first. Measured in this process after the imports, then as real commands.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import accumulate, islice

from benchmarks import people
from benchmarks.people import Person, program
from benchmarks.table import Row, heading, line, middle, row
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.engine import Engine, creating, searching
from cryptpad_tui.vault.records import ListingRow
from cryptpad_tui.vault.search import DuePad

PADS = 10_000
QUICK_PADS = 2_000
RUNS = 5
_LINES = 20
_WORDS = [f"word{number}" for number in range(5_000)]
_WEIGHTS = list(accumulate(1 / (number + 1) for number in range(len(_WORDS))))
QUESTIONS = ("word30", '"word3 word5"', "word77*", "title:pad tag:t3", "word1 word9 word40", "needle77")


def run(*, quick: bool = False) -> Iterator[Row]:
    """P12."""
    pads = QUICK_PADS if quick else PADS
    with people.temporary() as folder, people.private_runtime() as runtime:
        person = Person.make(folder, "Keeper", runtime)
        asyncio.run(_fill(person, pads))
        yield from _in_one_process(person, pads)
        for what, *arguments in (("ls", "ls"), ("search word30", "search", "word30")):
            took = middle([_real(person, *arguments) for _ in range(3)])
            yield row("P12", f"`{what}` of {pads:,} pads, whole command", took, "ms")


def _in_one_process(person: Person, pads: int) -> Iterator[Row]:
    opened = [_timed(lambda: asyncio.run(_open_and_list(person))) for _ in range(RUNS)]
    yield row("P12", f"{pads:,} pads: vault open to list", middle(opened), "ms", 1_000)
    engine = person.engine()
    yield row("P12", "  the list again", middle([_timed(engine.listing) for _ in range(RUNS)]), "ms")
    for question in QUESTIONS:
        ask = partial(searching.search, engine, question, limit=20)
        yield row("P12", f"search: {question}", middle([_timed(ask) for _ in range(RUNS)]), "ms", 50)
    yield row(
        "P12", "  opening the drive's document, before the first change", _timed(lambda: engine.drive), "ms"
    )
    asyncio.run(engine.close())


async def _open_and_list(person: Person) -> None:
    engine = person.engine()
    engine.listing()
    await engine.close()


async def _fill(person: Person, pads: int) -> None:
    engine = person.engine()
    numbers = iter(range(pads))
    while batch := list(islice(numbers, 1_000)):
        with engine.drive_session.replica.store.transaction():
            for number in batch:
                _add(engine, number)
            engine.drive_session.flush()
    await engine.close()


def _add(engine: Engine, number: int) -> None:
    record = creating.new_record(engine, PadKind.TEXT, engine.rng(32))
    engine.vault.put_pad(record)
    engine.drive.put(record)
    engine.drive.set_folder(record.pad_id, f"Folder {number % 97}/Inner {number % 5}")
    engine.drive.tag(record.pad_id, [f"t{number % 10}"], [])
    text = random.Random(number)
    body = "\n".join(" ".join(text.choices(_WORDS, cum_weights=_WEIGHTS, k=9)) for _ in range(_LINES))
    title = f"Pad {number}"
    engine.vault.put_listing(ListingRow(record.pad_id, title, 0, "owner", number, len(body), removed=False))
    due = DuePad(number + 1, record.pad_id, 0)
    engine.vault.put_search_text(due, title=title, tags=f"t{number % 10}", body=f"{body}\nneedle{number}")
    assert engine.vault.search_due_of(record.pad_id) is None


def _timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1e3


def _real(person: Person, *arguments: str) -> float:
    environ = people.child_environ(person.environ(keyfile=True))

    def command() -> None:
        subprocess.run(
            program(*arguments), env=environ, check=True, cwd=people.ROOT, stdout=subprocess.DEVNULL
        )

    return _timed(command)


def main() -> int:
    print(heading())
    for one in run(quick="--quick" in sys.argv):
        print(line(one), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
