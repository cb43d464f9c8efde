"""Files on the command line, by real processes: killed at any moment, and never held whole in memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cryptpad_tui.vault.vault import Vault
from support import zygote
from support.relay import RelayProcess

pytestmark = pytest.mark.e2e
BIG_BYTES = 40 * 2**20
CLIENT_MIB, RELAY_MIB = 80, 70
"""Less than each needs for itself and the whole file; a gigabyte stays under it too (benchmarks, F1)."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One vault and one relay for all tests here: making them costs as much as a test."""
    return tmp_path_factory.mktemp("files")


@pytest.fixture(scope="module")
def relay(folder: Path) -> Iterator[RelayProcess]:
    process = RelayProcess(folder / "relay-data")
    yield process
    process.kill()


@pytest.fixture(scope="module")
def environ(folder: Path, relay: RelayProcess) -> dict[str, str]:
    """A vault that a keyfile opens."""
    vault, _ = Vault.create(
        folder / "home", b"x", name="Anna", relay_url=relay.url, kdf_memory_mib=64, keyfile=folder / "key"
    )
    vault.close()
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
    home, keyfile = str(folder / "home"), str(folder / "key")
    return {**kept, "CRYPTPAD_TUI_HOME": home, "CRYPTPAD_TUI_KEYFILE": keyfile}


def start(environ: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "cryptpad_tui", *arguments]
    return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def does(environ: dict[str, str], *arguments: str) -> str:
    code, out, err = zygote.shared().run(arguments, stdin=b"", env=environ, cwd=Path.cwd())
    assert code == 0, err.decode()
    return out.decode().strip()


def high_water_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1_024


MEASURED = """
import resource, subprocess, sys
done = subprocess.run([sys.executable, "-m", "cryptpad_tui", *sys.argv[1:]], stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
sys.exit(done.returncode)
"""
"""A child of a small process: what a fork of this one would count is this one's memory."""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc to read memory from")
def test_a_long_file_goes_up_and_down_in_little_memory_at_both_ends(
    environ: dict[str, str], relay: RelayProcess, folder: Path, tmp_path: Path
) -> None:
    def measured(*arguments: str) -> list[str]:
        command = [sys.executable, "-c", MEASURED, *arguments]
        return subprocess.run(command, env=environ, stdout=-1, text=True, check=True).stdout.split()

    big, again = tmp_path / "big.bin", tmp_path / "again.bin"
    with big.open("wb") as stream:
        stream.truncate(BIG_BYTES)
        stream.write(b"begins")
    short_id, up_mib = measured("upload", str(big))
    for copy in (folder / "home/files").iterdir():
        copy.unlink()
    [down_mib] = measured("download", short_id, "-o", str(again))
    assert subprocess.run(["cmp", str(big), str(again)], check=False).returncode == 0
    assert max(float(up_mib), float(down_mib)) < CLIENT_MIB
    assert high_water_mib(relay.pid) < RELAY_MIB


def test_what_is_killed_at_any_moment_is_done_by_the_next(
    environ: dict[str, str], folder: Path, tmp_path: Path
) -> None:
    """Killed while it is made, sealed or sent, and then while it is fetched: one entry, and whole."""
    source, target = tmp_path / "movie.bin", tmp_path / "out" / "movie.bin"
    source.write_bytes(os.urandom(3 * 2**20))
    killed = start(environ, "upload", str(source))
    time.sleep(0.7)
    killed.send_signal(signal.SIGKILL)
    printed = killed.communicate(timeout=30)[0].strip()
    short_id = does(environ, "upload", str(source)) if killed.returncode else printed
    assert printed in ("", short_id)
    assert len(list((folder / "home/files").iterdir())) == 1
    does(environ, "files", short_id, "--free")
    target.parent.mkdir()
    killed = start(environ, "download", short_id, "-o", str(target))
    until = time.monotonic() + 20
    while not list(target.parent.iterdir()) and time.monotonic() < until:
        time.sleep(0.005)
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=30)
    assert not target.exists() or target.read_bytes() == source.read_bytes()
    assert all(path.stat().st_mode & 0o077 == 0 for path in target.parent.iterdir())
    does(environ, "download", short_id, "-o", str(target))
    assert target.read_bytes() == source.read_bytes()
