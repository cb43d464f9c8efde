"""Another key for the vault: what opened it before opens it no more, and a death changes nothing or all."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from vault.helpers import PASSPHRASE, Template, make_pad_record

from cryptpad_tui.vault import headerfile
from cryptpad_tui.vault.errors import (
    NoSuchSlot,
    RekeyDone,
    RekeyNotDone,
    VaultInUse,
    VaultTooNew,
    WrongPassphrase,
    WrongSecret,
)
from cryptpad_tui.vault.header import SlotType, parse_header
from cryptpad_tui.vault.rekey import rekey
from cryptpad_tui.vault.vault import Vault

OpenVault = Callable[..., Vault]
NEXT = b"another passphrase altogether"
KILLED = """
import os, signal, sys
from pathlib import Path
from cryptpad_tui.vault.header import SlotType
from cryptpad_tui.vault.rekey import rekey
from cryptpad_tui.vault.vault import Vault
directory, keyfile, last = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
vault = Vault.open(directory, keyfile=keyfile)
secrets = {SlotType.PASSPHRASE: b"another passphrase altogether", SlotType.KEYFILE: b"k" * 32}
rekey(vault, secrets, step=lambda name: os.kill(os.getpid(), signal.SIGKILL) if name == last else None)
"""


def open_with_key(directory: Path, secret: bytes) -> Vault:
    """By the keyfile's slot, which costs no password hash."""
    keyfile = directory.parent / f"key-{secret[:4].hex()}"
    keyfile.write_bytes(secret)
    keyfile.chmod(0o600)
    return Vault.open(directory, keyfile=keyfile)


def test_rekeyed_it_opens_with_what_was_chosen_and_nothing_of_before(
    template: Template, vault_dir: Path, open_vault: OpenVault
) -> None:
    vault = open_vault()
    vault.put_pad(make_pad_record(1))
    old_key, old_id = vault.sealing_key(), headerfile.read_header(vault_dir).vault_id
    old_header = (vault_dir / "vault.hdr").read_bytes()
    rekey(vault, {SlotType.PASSPHRASE: NEXT})
    opened = Vault.open(vault_dir, passphrase=NEXT)
    assert opened.pad(make_pad_record(1).pad_id) == make_pad_record(1)
    assert opened.account_root == template.account_root
    assert opened.sealing_key() != old_key
    opened.close()
    with pytest.raises(WrongPassphrase):
        Vault.open(vault_dir, passphrase=PASSPHRASE)
    for other in ({"keyfile": template.keyfile}, {"recovery_key": template.recovery_key}):
        with pytest.raises(NoSuchSlot):
            Vault.open(vault_dir, **other)  # type: ignore[arg-type]
    with pytest.raises(WrongSecret):
        Vault.open_held(vault_dir, old_id, old_key)
    # The header that leaked opens nothing any more, though its passphrase opens the header.
    (vault_dir / "vault.hdr").write_bytes(old_header)
    with pytest.raises(Exception, match=r"vault\.db"):
        Vault.open(vault_dir, keyfile=template.keyfile)


def test_it_is_refused_while_another_window_is_open(vault_dir: Path, open_vault: OpenVault) -> None:
    window, other = open_vault(), open_vault()
    before = {path.name: path.read_bytes() for path in vault_dir.glob("vault.hdr")}
    with pytest.raises(VaultInUse):
        rekey(other, {SlotType.PASSPHRASE: NEXT})
    window.put_pad(make_pad_record(2))
    assert {path.name: path.read_bytes() for path in vault_dir.glob("vault.hdr")} == before
    window.close()


@pytest.mark.parametrize("last", ["pending", "copied", "changed", "checked", "renamed", "done"])
def test_killed_at_any_step_it_is_done_or_not_begun(
    template: Template, vault_dir: Path, open_vault: OpenVault, last: str
) -> None:
    vault = open_vault()
    vault.put_pad(make_pad_record(1))
    vault.close()
    program = [sys.executable, "-c", KILLED, str(vault_dir), str(template.keyfile), last]
    assert subprocess.run(program, check=False).returncode == -signal.SIGKILL
    kept = Path(shutil.copytree(vault_dir, vault_dir.parent / "kept"))
    is_done = last in ("renamed", "done")
    old, new = template.keyfile.read_bytes(), b"k" * 32
    right, wrong = (new, old) if is_done else (old, new)
    if last != "done":
        with pytest.raises(VaultTooNew):
            parse_header((vault_dir / "vault.hdr").read_bytes())
        with pytest.raises(RekeyDone if is_done else RekeyNotDone):
            open_with_key(kept, wrong)
        assert (kept / "vault.hdr").read_bytes() == (vault_dir / "vault.hdr").read_bytes()
    opened = open_with_key(vault_dir, right)
    assert opened.pad(make_pad_record(1).pad_id) == make_pad_record(1)
    opened.close()
    with pytest.raises(WrongSecret):
        open_with_key(vault_dir, wrong)
    assert {path.name for path in vault_dir.iterdir()} == {"vault.hdr", "vault.db", "run"}
    assert os.listdir(vault_dir / "run") == []
    parse_header((vault_dir / "vault.hdr").read_bytes())
