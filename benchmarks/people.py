"""What the benchmarks of the whole program share: throw-away vaults, a relay processes of the program.

Everything is made in folders that vanish afterwards, and every process that was started is ended by its id.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from cryptpad_tui.engine import Engine  # noqa: E402
from cryptpad_tui.vault.vault import Vault  # noqa: E402
from support.relay import RelayProcess  # noqa: E402

WORK = ROOT / "benchmarks" / ".work"
# As installed by pip, whose files come with their bytecode, whatever this shell says about writing it.
os.environ.update(PYTHONDONTWRITEBYTECODE="", PYTHONPYCACHEPREFIX=str(WORK / "pycache"))
PASSPHRASE = b"correct horse"
CHEAP_KDF_MIB = 64
"""The least that the program allows, so that a benchmark does not measure Argon2."""
_MEMORY = Path("/dev/shm")
_COMMAND = "from cryptpad_tui.__main__ import main; import sys; sys.exit(main())"


@dataclass(frozen=True, slots=True)
class Person:
    """A vault with both secrets in files, and how its owner calls the program."""

    home: Path
    keyfile: Path
    passphrase_file: Path
    runtime: Path

    @classmethod
    def make(cls, folder: Path, name: str, runtime: Path, *, relay_url: str | None = None) -> Person:
        base = folder / name
        base.mkdir(mode=0o700)
        person = cls(base / "home", base / "keyfile", base / "passphrase", runtime)
        person.passphrase_file.write_bytes(PASSPHRASE)
        person.passphrase_file.chmod(0o600)
        vault, _ = Vault.create(
            person.home,
            PASSPHRASE,
            name=name,
            relay_url=relay_url,
            kdf_memory_mib=CHEAP_KDF_MIB,
            keyfile=person.keyfile,
        )
        vault.close()
        return person

    def engine(self) -> Engine:
        return Engine(Vault.open(self.home, keyfile=self.keyfile))

    def environ(self, *, keyfile: bool = False) -> dict[str, str]:
        """For a process of the program: this vault, opened by passphrase as the app is, or by keyfile."""
        secret = ("KEYFILE", self.keyfile) if keyfile else ("PASSPHRASE_FILE", self.passphrase_file)
        return {
            "CRYPTPAD_TUI_HOME": str(self.home),
            f"CRYPTPAD_TUI_{secret[0]}": str(secret[1]),
            "XDG_RUNTIME_DIR": str(self.runtime),
        }


def program(*arguments: str) -> list[str]:
    """The installed command where there is one, as a person starts it."""
    installed = Path(sys.executable).with_name("cryptpad-tui")
    command = [str(installed)] if installed.exists() else [sys.executable, "-c", _COMMAND]
    return [*command, *arguments]


@contextmanager
def temporary() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="cryptpad-tui-bench-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def private_runtime() -> Iterator[Path]:
    """A folder in memory that is only ours, as a login gives one: commands share their writer there."""
    path = Path(tempfile.mkdtemp(prefix="cryptpad-tui-bench-", dir=_MEMORY if _MEMORY.is_dir() else None))
    path.chmod(0o700)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def relay(data: Path) -> Iterator[RelayProcess]:
    process = RelayProcess(data)
    try:
        yield process
    finally:
        process.stop()


def child_environ(extra: dict[str, str]) -> dict[str, str]:
    """This process's environment without settings of the program, and with `extra`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CRYPTPAD_")}
    return {**kept, **extra}
