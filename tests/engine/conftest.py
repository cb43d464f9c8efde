"""Real vaults (but for the stretching of passphrases), real engines and a real relay."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from cryptpad_tui.engine import Engine
from cryptpad_tui.vault import passwords
from cryptpad_tui.vault.vault import Vault
from support import kept_keys
from support.relay import RelayProcess

PASSPHRASE = b"correct horse"
MakeEngine = Callable[..., Engine]
MakeDevice = Callable[[Engine, str], Engine]


@pytest.fixture(autouse=True)
def passphrases(monkeypatch: pytest.MonkeyPatch) -> None:
    """At once: a tenth of a second for each vault would be a third of these tests."""
    monkeypatch.setattr(passwords.argon2id, "kdf", kept_keys.cheap)


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[RelayProcess]:
    process = RelayProcess(tmp_path / "relay-data")
    yield process
    # Not asked to end: it would wait for the goodbyes of engines whose loop is gone.
    process.kill()


@pytest_asyncio.fixture
async def make_engine(tmp_path: Path) -> AsyncIterator[MakeEngine]:
    """make_engine("Anna", relay_url=...) opens, or makes, that person's vault."""
    engines: list[Engine] = []

    def make(name: str, *, relay_url: str | None = None) -> Engine:
        home = tmp_path / name
        if home.exists():
            vault = Vault.open(home, passphrase=PASSPHRASE)
        else:
            vault, _ = Vault.create(home, PASSPHRASE, name=name, relay_url=relay_url, kdf_memory_mib=64)
        engine = Engine(vault)
        engines.append(engine)
        return engine

    yield make
    for engine in engines:
        await engine.close()


@pytest.fixture
def second(tmp_path: Path, make_engine: MakeEngine) -> MakeDevice:
    """Another home with the same account, as `device join` and a recovery kit make it."""

    def make(of: Engine, name: str) -> Engine:
        vault, _ = Vault.create(
            tmp_path / name,
            PASSPHRASE,
            name=of.name(),
            relay_url=of.relay_url(),
            kdf_memory_mib=64,
            account_root=of.vault.account_root,
        )
        vault.close()
        return make_engine(name)

    return make
