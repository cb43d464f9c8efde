"""C10, T26: killed at any moment, the vault opens again with everything that it acknowledged, once."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from vault.helpers import Template, make_pad_record

from cryptpad_tui.vault.vault import Vault
from support import zygote
from support.zygote import Piped

OpenVault = Callable[..., Vault]
TESTS = Path(__file__).parent.parent
KILLS = 6


def start_window(task: str, vault_dir: Path, keyfile: Path) -> Piped:
    window = [str(Path(__file__).parent / "window.py"), task, str(vault_dir), str(keyfile)]
    return zygote.shared("python").pipe(window, env=os.environ, cwd=Path.cwd())


def everything_in(vault: Vault) -> list[str]:
    store = vault.store(make_pad_record(1).pad_id)
    parts = [row.entry for row in store.log_after(0, 1 << 30)]
    parts += [row.entry for row in store.outbox()]
    parts += [row.update for row in store.journal_after(0)]
    return b"".join(parts).decode().split()


def test_kill_minus_nine_loses_nothing_acknowledged_and_doubles_nothing(
    template: Template, vault_dir: Path, open_vault: OpenVault
) -> None:
    random_source = random.Random(20)
    vault = open_vault()
    vault.put_pad(make_pad_record(1))
    vault.close()
    acknowledged: list[str] = []
    for _ in range(KILLS):
        window = start_window("work", vault_dir, template.keyfile)
        token = window.stdout.readline().split()[1]
        for _ in range(random_source.randrange(1, 60)):
            acknowledged.append(window.stdout.readline().strip())
        time.sleep(random_source.random() / 200)
        window.process.kill()
        acknowledged += window.end()[1].splitlines()

        vault = open_vault()
        assert not vault.is_alive(token)
        found = everything_in(vault)
        typed = [line.split()[1] for line in acknowledged if line.startswith("typed ")]
        assert set(typed) <= set(found)
        assert len(found) == len(set(found))
        assert len(found) <= len(typed) + KILLS, "at most the step that each kill interrupted"
        assert vault._database.rows("PRAGMA integrity_check") == [("ok",)]
        vault.close()
    assert {"sealed", "folded"} <= set(acknowledged)


def test_an_unacknowledged_transaction_leaves_no_half(
    template: Template, vault_dir: Path, open_vault: OpenVault
) -> None:
    vault = open_vault()
    vault.put_pad(make_pad_record(1))
    program = f"""
import os
from pathlib import Path
from cryptpad_tui.vault.vault import Vault
from vault.helpers import make_pad_record
vault = Vault.open(Path({str(vault_dir)!r}), keyfile=Path({str(template.keyfile)!r}))
store = vault.store(make_pad_record(1).pad_id)
with vault._database.transaction():
    store.append_journal(b"w" * 32, [b"x" * 100_000] * 60)
    os.kill(os.getpid(), 9)
"""
    killed = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": str(TESTS)}, check=False
    )
    assert killed.returncode == -9
    assert (vault_dir / "vault.db-wal").stat().st_size > 100_000, "the pages had left the process"
    store = vault.store(make_pad_record(1).pad_id)
    assert store.journal_after(0) == []
    assert store.append_journal(b"w" * 32, [b"y"])


@pytest.mark.parametrize("step", range(4))
def test_a_crash_while_the_vault_is_made_leaves_none_or_a_whole_one(tmp_path: Path, step: int) -> None:
    program = f"""
import os
from pathlib import Path
from cryptpad_tui.host import files
from cryptpad_tui.vault import vault as module
steps = [0]
def dying(function):
    def run(*args, **kwargs):
        if steps[0] == {step}:
            os.kill(os.getpid(), 9)
        steps[0] += 1
        return function(*args, **kwargs)
    return run
files.create_private_file = dying(files.create_private_file)
os.rename = dying(os.rename)
module.Vault.create(Path({str(tmp_path / "v")!r}), b"x", name="A", relay_url=None, kdf_memory_mib=64)
"""
    died = subprocess.run([sys.executable, "-c", program], check=False)
    assert died.returncode == -9
    if (tmp_path / "v" / "vault.hdr").exists():
        Vault.open(tmp_path / "v", passphrase=b"x").close()
    else:
        vault, _ = Vault.create(tmp_path / "v", b"x", name="A", relay_url=None, kdf_memory_mib=64)
        vault.close()
        assert not list((tmp_path / "v").glob("vault.hdr.new-*"))
