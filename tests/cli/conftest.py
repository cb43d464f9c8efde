"""Runs the command line in this process with a fake engine, or as a process of its own with a real vault."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from cli.fakes import PASSPHRASE, Command, Ended, FakeEngine, Inside, MakePerson, Person

from cryptpad_tui.cli import vault_access
from cryptpad_tui.cli.run import run
from cryptpad_tui.cli.screen_request import ScreenRequest
from cryptpad_tui.vault import passwords
from support import kept_keys, zygote


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeEngine:
    """A fake engine behind every verb that opens the vault."""
    fake = FakeEngine()
    vault = SimpleNamespace(close=lambda: fake.calls.append("lock"))
    monkeypatch.setattr(vault_access, "unlock", lambda sources: vault)
    monkeypatch.setattr(vault_access, "make_engine", lambda _: fake)
    monkeypatch.setenv("CRYPTPAD_TUI_HOME", str(tmp_path / "home"))
    return fake


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Command:
    """Run a verb in this process."""
    from cryptpad_tui.cli import diagnostics

    # The hooks are this process's: pytest needs its own.
    monkeypatch.setattr(diagnostics, "silence_machinery", lambda: None)

    def call(*arguments: str, stdin: bytes = b"", shown: list[ScreenRequest] | None = None) -> Ended:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))

        def show(request: ScreenRequest) -> int:
            if shown is not None:
                shown.append(request)
            return 0

        code = run(arguments, show)
        captured = capfdbinary.readouterr()
        return Ended(int(code), captured.out, captured.err.decode())

    return call


@pytest.fixture
def inside(command: Command, monkeypatch: pytest.MonkeyPatch) -> Inside:
    """Run a person's command in this process, on the real vault."""
    from cryptpad_tui.host import process

    monkeypatch.setattr(process, "harden", lambda: None)
    monkeypatch.setattr(passwords.argon2id, "kdf", kept_keys.keeping(Path(zygote.shared().address).parent))

    def call(person: Person, *arguments: str, stdin: bytes = b"") -> Ended:
        for name, value in person.environ.items():
            if name.startswith("CRYPTPAD_TUI_"):
                monkeypatch.setenv(name, value)
        return command(*arguments, stdin=stdin)

    return call


@pytest.fixture(scope="session")
def bytecode() -> dict[str, str]:
    """An environment in which processes keep compiled modules, and with nothing of ours."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "PYTHONWARNINGS": "error"}


@pytest.fixture(scope="session")
def make_person(bytecode: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> MakePerson:
    """Makes a vault for somebody, with the cheapest passphrase check that is allowed."""

    def make(name: str, relay: str = "none") -> Person:
        directory = tmp_path_factory.mktemp(name)
        secret = directory / "passphrase"
        secret.write_text(PASSPHRASE + "\n")
        secret.chmod(0o600)
        environ = {
            **bytecode,
            "CRYPTPAD_TUI_HOME": str(directory / "home"),
            "CRYPTPAD_TUI_PASSPHRASE_FILE": str(secret),
        }
        person = Person(directory / "home", environ)
        person.does("init", "--name", name, "--relay", relay, "--kdf-memory", "64")
        return person

    return make


@pytest.fixture(scope="session")
def anna(make_person: MakePerson) -> Person:
    """Somebody without a relay."""
    return make_person("Anna")
