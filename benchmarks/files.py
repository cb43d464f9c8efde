"""Files up and down, beside `age` piped to disk: row F1.

    python -m benchmarks.files [--quick]

`age` seals a stream and writes it. `upload` seals, writes the sealed copy with an fsync, sends it and waits
until a relay has all of it on its disk; `download` fetches, opens and writes with an fsync. Memory is the
largest of each end. The relay lies on the same disk and has the same processors: a real one is elsewhere.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import people
from benchmarks.people import Person, program
from benchmarks.table import Row, heading, line, row

MIB = 2**20
SIZE = 1_024 * MIB
QUICK_SIZE = 32 * MIB
MEMORY_MIB = 100
_CHILD = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE)
sys.stdout.buffer.write(done.stdout)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
sys.exit(done.returncode)
"""


def run(*, quick: bool = False) -> Iterator[Row]:
    """F1."""
    size = QUICK_SIZE if quick else SIZE
    with (
        people.temporary() as folder,
        people.private_runtime() as runtime,
        people.relay(folder / "relay") as relay,
    ):
        source = folder / "source.bin"
        _fill(source, size)
        yield from _age(folder, source, size)
        person = Person.make(folder, "Keeper", runtime, relay_url=relay.url)
        took, [short_id, memory] = _timed(person, "upload", str(source))
        yield row(
            "F1", f"upload of {size // MIB} MiB, sealed and on the relay's disk", size / MIB / took, "MiB/s"
        )
        yield row("F1", "  memory of the client", float(memory), "MiB", MEMORY_MIB)
        shutil.rmtree(person.home / "files")
        took, [memory] = _timed(person, "download", short_id, "-o", str(folder / "again.bin"))
        yield row("F1", f"download of {size // MIB} MiB", size / MIB / took, "MiB/s")
        yield row("F1", "  memory of the client", float(memory), "MiB", MEMORY_MIB)
        yield row("F1", "  memory of the relay, both ways", _high_water_mib(relay.pid), "MiB", MEMORY_MIB)


def _age(folder: Path, source: Path, size: int) -> Iterator[Row]:
    if shutil.which("age") is None or shutil.which("age-keygen") is None:
        print("F1: age is not installed (the Debian package age), so its rows are left out", file=sys.stderr)
        return
    key, sealed, opened = folder / "age.key", folder / "sealed.age", folder / "opened.bin"
    made = subprocess.run(["age-keygen", "-o", str(key)], capture_output=True, text=True, check=True)
    recipient = made.stderr.rpartition(" ")[2].strip()
    for what, command in (
        ("age, sealing to disk", f"age -r {recipient} < {source} > {sealed} && sync {sealed}"),
        ("age, opening to disk", f"age -d -i {key} < {sealed} > {opened} && sync {opened}"),
    ):
        began = time.perf_counter()
        subprocess.run(["/bin/sh", "-c", command], check=True)
        yield row("F1", what, size / MIB / (time.perf_counter() - began), "MiB/s")
    sealed.unlink()
    opened.unlink()


def _timed(person: Person, *arguments: str) -> tuple[float, list[str]]:
    """Seconds, and what was printed with the memory after it."""
    command = [sys.executable, "-c", _CHILD, *program(*arguments)]
    environ = people.child_environ(person.environ(keyfile=True))
    began = time.perf_counter()
    done = subprocess.run(command, env=environ, stdout=subprocess.PIPE, text=True, check=True)
    return time.perf_counter() - began, done.stdout.split()


def _high_water_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(one.split()[1]) for one in lines if one.startswith("VmHWM")) / 1_024


def _fill(path: Path, size: int) -> None:
    with path.open("wb") as stream:
        for _ in range(size // MIB):
            stream.write(os.urandom(MIB))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true")
    print(heading())
    for one in run(quick=parser.parse_args().quick):
        print(line(one), flush=True)
