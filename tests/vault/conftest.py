"""One vault is made for the whole run, as Argon2 is slow on purpose; tests get copies, opened by keyfile."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from vault.helpers import DATABASE_KEY, PASSPHRASE, Template

from cryptpad_tui.vault.database import Database
from cryptpad_tui.vault.vault import Vault


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    base = tmp_path_factory.mktemp("template")
    vault, recovery_key = Vault.create(
        base / "vault",
        PASSPHRASE,
        name="Anna",
        relay_url="ws://127.0.0.1:9",
        kdf_memory_mib=64,
        recovery=True,
        keyfile=base / "keyfile",
    )
    root = vault.account_root
    vault.close()
    assert recovery_key is not None
    return Template(base / "vault", base / "keyfile", recovery_key, root)


@pytest.fixture
def vault_dir(template: Template, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template.directory, tmp_path / "vault"))


@pytest.fixture
def open_vault(template: Template, vault_dir: Path) -> Iterator[Callable[..., Vault]]:
    """Opens the test's copy of the vault by keyfile; several calls are several windows."""
    opened: list[Vault] = []

    def make(directory: Path = vault_dir, now: Callable[[], int] = lambda: 1_000) -> Vault:
        vault = Vault.open(directory, keyfile=template.keyfile, now=now)
        opened.append(vault)
        return vault

    yield make
    for vault in opened:
        vault.close()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    (tmp_path / "db").mkdir(mode=0o700)
    made = Database.create(tmp_path / "db" / "vault.db", DATABASE_KEY)
    yield made
    made.close()
