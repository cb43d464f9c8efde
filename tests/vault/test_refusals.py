"""T50: a vault that others could read, swap or damage is not opened, nor is a damaged or foreign one."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from vault.helpers import Template, make_pad_record

from cryptpad_tui.host import filesystems
from cryptpad_tui.vault.errors import VaultDamaged, VaultTooNew, VaultUnsafe
from cryptpad_tui.vault.schema import SCHEMA_VERSION
from cryptpad_tui.vault.vault import Vault

OpenVault = Callable[..., Vault]
FILES = ("vault.hdr", "vault.db")


@pytest.fixture
def refuse(template: Template, vault_dir: Path) -> Callable[[type[Exception]], None]:
    def check(kind: type[Exception], directory: Path = vault_dir) -> None:
        with pytest.raises(kind):
            Vault.open(directory, keyfile=template.keyfile)

    return check


Refuse = Callable[..., None]


def test_everything_it_makes_is_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        vault, _ = Vault.create(
            tmp_path / "v", b"x", name="A", relay_url=None, kdf_memory_mib=64, keyfile=tmp_path / "key"
        )
        vault.put_pad(make_pad_record(1))
        vault.make_recovery_key()
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "v").rglob("*")}
    assert {"vault.hdr", "vault.db", "vault.db-wal", "vault.db-shm", "run"} <= modes.keys()
    assert modes.pop("run") == 0o700
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE((tmp_path / "v").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    vault.close()


def test_a_folder_or_file_that_others_may_use_is_refused(vault_dir: Path, refuse: Refuse) -> None:
    for path, bits in (
        (vault_dir, 0o750),
        (vault_dir, 0o705),
        *((vault_dir / name, 0o640) for name in FILES),
    ):
        kept = stat.S_IMODE(path.stat().st_mode)
        path.chmod(bits)
        refuse(VaultUnsafe)
        path.chmod(kept)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_folder_or_file_of_another_user_is_refused(vault_dir: Path, refuse: Refuse) -> None:
    for path in (vault_dir, *(vault_dir / name for name in FILES)):
        os.chown(path, 12_345, -1)
        refuse(VaultUnsafe)
        os.chown(path, os.geteuid(), -1)


def test_a_symlinked_vault_is_refused(vault_dir: Path, refuse: Refuse, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(vault_dir)
    refuse(VaultUnsafe, tmp_path / "link")


@pytest.mark.parametrize("name", FILES)
def test_linked_and_special_files_are_refused(
    vault_dir: Path, refuse: Refuse, tmp_path: Path, name: str
) -> None:
    path, elsewhere = vault_dir / name, tmp_path / "elsewhere"
    os.link(path, elsewhere)
    refuse(VaultUnsafe)
    path.unlink()
    path.symlink_to(elsewhere)
    refuse(VaultUnsafe)
    path.unlink()
    os.mkfifo(path, 0o600)
    refuse(VaultUnsafe)


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_a_side_file_that_leads_elsewhere_is_refused(
    vault_dir: Path, refuse: Refuse, tmp_path: Path, suffix: str
) -> None:
    (vault_dir / f"vault.db{suffix}").symlink_to(tmp_path / "elsewhere")
    refuse(VaultUnsafe)
    assert not (tmp_path / "elsewhere").exists()


def test_a_network_file_system_is_refused_unless_asked_for(
    template: Template, vault_dir: Path, refuse: Refuse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filesystems, "network_kind", lambda path: "NFS")
    with pytest.raises(VaultUnsafe, match="NFS"):
        Vault.create(tmp_path / "there", b"x", name="A", relay_url=None, kdf_memory_mib=64)
    assert os.listdir(tmp_path / "there") == []
    refuse(VaultUnsafe)
    Vault.open(vault_dir, keyfile=template.keyfile, allow_network=True).close()


def test_a_truncated_empty_or_missing_file_is_damage(vault_dir: Path, refuse: Refuse) -> None:
    for name in FILES:
        path = vault_dir / name
        content = path.read_bytes()
        for length in (0, 1, 100, len(content) // 2, len(content) - 4_096, len(content) - 1):
            path.write_bytes(content[:length])
            refuse(VaultDamaged)
        path.write_bytes(content)
    (vault_dir / "vault.db").unlink()
    refuse(VaultDamaged)
    assert not (vault_dir / "vault.db").exists(), (
        "an empty database in its place would look like an empty vault"
    )


def test_a_foreign_file_is_damage_and_stays_as_it_is(vault_dir: Path, refuse: Refuse) -> None:
    for name in FILES:
        path = vault_dir / name
        content = path.read_bytes()
        for foreign in (b"SQLite format 3\0" + bytes(4_080), b"<html>" * 2_000, bytes(8_192)):
            path.write_bytes(foreign)
            refuse(VaultDamaged)
            assert path.read_bytes() == foreign
        path.write_bytes(content)


def test_a_flipped_byte_in_any_page_is_damage_when_it_is_read(
    template: Template, vault_dir: Path, open_vault: OpenVault
) -> None:
    vault = open_vault()
    vault.put_pad(make_pad_record(1))
    vault.store(make_pad_record(1).pad_id).append_journal(b"w" * 32, [b"x" * 3_000] * 8)
    vault.close()
    content = (vault_dir / "vault.db").read_bytes()
    noticed = 0
    for page in range(len(content) // 4_096):
        damaged = bytearray(content)
        damaged[page * 4_096 + 200] ^= 1
        (vault_dir / "vault.db").write_bytes(damaged)
        try:
            again = Vault.open(vault_dir, keyfile=template.keyfile)
        except VaultDamaged:
            noticed += 1
            continue
        with pytest.raises(VaultDamaged):
            again._database.rows("PRAGMA integrity_check")
        noticed += 1
        again.close()
    assert noticed == len(content) // 4_096


def test_pages_cannot_be_swapped_or_taken_from_another_time(vault_dir: Path, open_vault: OpenVault) -> None:
    vault = open_vault()
    vault.put_pad(make_pad_record(1))
    vault.store(make_pad_record(1).pad_id).append_journal(b"w" * 32, [b"x" * 3_000] * 8)
    vault.close()
    content = (vault_dir / "vault.db").read_bytes()
    pages = [content[at : at + 4_096] for at in range(0, len(content), 4_096)]
    pages[-1], pages[-2] = pages[-2], pages[-1]
    (vault_dir / "vault.db").write_bytes(b"".join(pages))
    again = open_vault()
    with pytest.raises(VaultDamaged):
        again._database.rows("PRAGMA integrity_check")


def test_newer_tables_are_refused_with_their_own_sentence(open_vault: OpenVault, refuse: Refuse) -> None:
    vault = open_vault()
    vault._database.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    vault.close()
    refuse(VaultTooNew)


def test_a_database_of_another_program_is_refused(open_vault: OpenVault, refuse: Refuse) -> None:
    vault = open_vault()
    vault._database.execute("PRAGMA application_id=1")
    vault.close()
    refuse(VaultDamaged)


def test_a_database_without_its_account_is_refused(
    open_vault: OpenVault, refuse: Refuse, vault_dir: Path
) -> None:
    vault = open_vault()
    vault._database.execute("DELETE FROM secret")
    vault.close()
    refuse(VaultDamaged)
    assert os.listdir(vault_dir / "run") == [], "a refused opening leaves no process behind"


def test_a_copy_is_a_vault_of_its_own(vault_dir: Path, open_vault: OpenVault, tmp_path: Path) -> None:
    """R5, the vault's part: in the copy everyone else is dead, and signed entries are the same bytes."""
    original = open_vault()
    original.put_pad(make_pad_record(1))
    pad_id = make_pad_record(1).pad_id
    original.register_writer(pad_id, b"w" * 32)
    original.store(pad_id).append_journal(b"w" * 32, [b"unsent"])
    assert original.acquire_lease(pad_id)
    copy = open_vault(Path(shutil.copytree(vault_dir, tmp_path / "copy")))
    owner = copy.writer_owner(pad_id, b"w" * 32)
    assert owner == original.process_token()
    assert not copy.is_alive(owner)
    assert original.is_alive(owner)
    assert copy.acquire_lease(pad_id)
    assert original.acquire_lease(pad_id)
    assert copy.store(pad_id).journal_after(0) == original.store(pad_id).journal_after(0)
    copy.set_setting("where", "copy")
    assert original.setting("where") is None
    assert copy.account_root == original.account_root
