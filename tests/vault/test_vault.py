"""A vault is made once, opens with any of its secrets and no other, and locks."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from vault.helpers import PASSPHRASE, Template, make_pad_record

from cryptpad_tui.host import files
from cryptpad_tui.vault.errors import (
    DiskFull,
    MistypedRecoveryKey,
    NoSuchSlot,
    NoVault,
    VaultDamaged,
    VaultError,
    VaultExists,
    VaultLocked,
    VaultUnsafe,
    WrongKeyfile,
    WrongPassphrase,
    WrongRecoveryKey,
)
from cryptpad_tui.vault.header import SlotType
from cryptpad_tui.vault.headerfile import read_header, write_header
from cryptpad_tui.vault.keys import MasterKey
from cryptpad_tui.vault.recovery import format_recovery_key
from cryptpad_tui.vault.vault import Vault

OpenVault = Callable[..., Vault]


def snapshot(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}


def test_each_of_its_secrets_opens_it(template: Template, vault_dir: Path) -> None:
    for secret in (
        {"passphrase": PASSPHRASE},
        {"recovery_key": template.recovery_key.lower()},
        {"keyfile": template.keyfile},
    ):
        vault = Vault.open(vault_dir, **secret)
        assert vault.account_root == template.account_root
        assert (vault.setting("name"), vault.setting("relay_url")) == ("Anna", "ws://127.0.0.1:9")
        vault.close()


def test_no_other_secret_opens_it_and_nothing_changes(vault_dir: Path, tmp_path: Path) -> None:
    before = snapshot(vault_dir)
    files.create_private_file(tmp_path / "other", bytes(32))
    files.create_private_file(tmp_path / "short", bytes(31))
    for refusal, secret in (
        (WrongPassphrase, {"passphrase": PASSPHRASE + b" "}),
        (WrongRecoveryKey, {"recovery_key": format_recovery_key(bytes(16))}),
        (MistypedRecoveryKey, {"recovery_key": "correct horse"}),
        (WrongKeyfile, {"keyfile": tmp_path / "other"}),
        (VaultUnsafe, {"keyfile": tmp_path / "short"}),
    ):
        with pytest.raises(refusal):
            Vault.open(vault_dir, **secret)
    assert snapshot(vault_dir) == before


def test_exactly_one_secret_is_asked_for(template: Template, vault_dir: Path) -> None:
    with pytest.raises(ValueError):
        Vault.open(vault_dir)
    with pytest.raises(ValueError):
        Vault.open(vault_dir, passphrase=PASSPHRASE, keyfile=template.keyfile)


def test_a_keyfile_that_others_may_read_opens_nothing(
    template: Template, vault_dir: Path, tmp_path: Path
) -> None:
    loose = shutil.copy(template.keyfile, tmp_path / "loose")
    Path(loose).chmod(0o644)
    with pytest.raises(VaultUnsafe):
        Vault.open(vault_dir, keyfile=Path(loose))


def test_a_second_vault_is_never_made_over_the_first(vault_dir: Path) -> None:
    before = snapshot(vault_dir)
    with pytest.raises(VaultExists):
        Vault.create(vault_dir, b"other", name="Eve", relay_url=None, kdf_memory_mib=64)
    assert snapshot(vault_dir) == before


def test_there_is_no_vault_where_none_was_made(tmp_path: Path) -> None:
    for place in (tmp_path / "missing", tmp_path):
        tmp_path.chmod(0o700)
        with pytest.raises(NoVault):
            Vault.open(place, passphrase=b"x")


def test_a_vault_whose_making_failed_is_no_vault_and_can_be_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(directory: Path, header: object) -> None:
        raise DiskFull()

    with monkeypatch.context() as patch:
        patch.setattr("cryptpad_tui.vault.headerfile.write_header", fail)
        with pytest.raises(DiskFull):
            Vault.create(tmp_path / "v", b"x", name="A", relay_url=None, kdf_memory_mib=64)
    assert snapshot(tmp_path / "v") == {}
    (tmp_path / "v" / "vault.db").write_bytes(b"of a vault whose header can still be restored")
    vault, recovery_key = Vault.create(tmp_path / "v", b"x", name="A", relay_url=None, kdf_memory_mib=64)
    assert (recovery_key, vault.setting("relay_url")) == (None, None)
    vault.close()
    assert b"of a vault whose header can still be restored" in snapshot(tmp_path / "v").values()


def test_the_passphrase_changes_and_the_rest_stays(template: Template, vault_dir: Path) -> None:
    vault = Vault.open(vault_dir, recovery_key=template.recovery_key)
    before = snapshot(vault_dir)["vault.hdr"]
    with pytest.raises(WrongPassphrase):
        vault.change_passphrase(b"wrong", b"next")
    assert snapshot(vault_dir)["vault.hdr"] == before
    vault.change_passphrase(PASSPHRASE, b"next")
    vault.close()
    with pytest.raises(WrongPassphrase):
        Vault.open(vault_dir, passphrase=PASSPHRASE)
    Vault.open(vault_dir, passphrase=b"next").close()
    Vault.open(vault_dir, keyfile=template.keyfile).close()
    slot = read_header(vault_dir).slot(SlotType.PASSPHRASE)
    assert slot is not None
    assert slot.cost is not None
    assert slot.cost.log2_memory == 26


def test_the_passphrase_is_reset_only_by_who_came_in_otherwise(
    template: Template, vault_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = Vault.open(vault_dir, recovery_key=template.recovery_key)
    vault.reset_passphrase(b"next")
    vault.close()
    vault = Vault.open(vault_dir, passphrase=b"next")
    with pytest.raises(NoSuchSlot):
        vault.reset_passphrase(b"third")
    vault.close()


def test_a_fresh_recovery_key_replaces_the_printed_one(
    template: Template, vault_dir: Path, open_vault: OpenVault
) -> None:
    fresh = open_vault().make_recovery_key()
    with pytest.raises(WrongRecoveryKey):
        Vault.open(vault_dir, recovery_key=template.recovery_key)
    Vault.open(vault_dir, recovery_key=fresh).close()


def test_a_header_that_cannot_be_written_leaves_the_old_one(
    vault_dir: Path, open_vault: OpenVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = open_vault()
    before = snapshot(vault_dir)

    def full(descriptor: int, data: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.write", full)
        with pytest.raises(DiskFull):
            vault.make_recovery_key()
    assert snapshot(vault_dir) == before


def test_leftovers_of_a_crash_while_the_header_was_replaced_go_away(
    vault_dir: Path, open_vault: OpenVault
) -> None:
    vault = open_vault()
    files.create_private_file(vault_dir / "vault.hdr.new-0011223344556677", b"half")
    vault.make_recovery_key()
    assert not list(vault_dir.glob("vault.hdr.new-*"))


def test_the_header_of_another_vault_does_not_fit(
    template: Template, vault_dir: Path, tmp_path: Path
) -> None:
    vault, _ = Vault.create(tmp_path / "b", b"b", name="B", relay_url=None, kdf_memory_mib=64)
    vault.close()
    write_header(vault_dir, read_header(tmp_path / "b"))
    with pytest.raises(VaultDamaged):
        Vault.open(vault_dir, passphrase=b"b")


def test_a_locked_vault_gives_nothing(open_vault: OpenVault) -> None:
    vault = open_vault()
    vault.put_pad(make_pad_record(1))
    pad_id = make_pad_record(1).pad_id
    store = vault.store(pad_id)
    vault.close()
    vault.close()
    calls: list[Callable[[], object]] = [
        lambda: vault.account_root,
        lambda: vault.setting("name"),
        lambda: vault.pads(),
        lambda: vault.acquire_lease(pad_id),
        lambda: vault.process_token(),
        lambda: vault.make_recovery_key(),
        lambda: vault.data_version(),
        lambda: store.append_journal(b"w", [b"u"]),
        lambda: store.outbox(),
    ]
    for call in calls:
        with pytest.raises(VaultLocked):
            call()


def test_no_repr_and_no_error_shows_a_secret(template: Template, open_vault: OpenVault) -> None:
    vault = open_vault()
    master_key = vault._master_key
    secrets = [master_key.reveal(), master_key.database_key(), vault.account_root]
    shown = [
        repr(vault),
        repr(master_key),
        repr(vault._database),
        repr(vault.store),
        repr(make_pad_record(1)),
    ]
    shown += [repr(read_header(vault.directory)), repr(vault._leases), repr(vault._process)]
    with pytest.raises(VaultError) as refusal:
        vault.store(b"missing" * 4)
    shown += [repr(refusal.value), str(refusal.value)]
    for text in shown:
        for secret in (*secrets, b"\xaa" * 32):
            assert secret.hex() not in text
            assert repr(secret)[2:-1] not in text
    with pytest.raises(TypeError):
        pickle.dumps(MasterKey(bytes(32)))


def test_a_wiped_key_is_gone() -> None:
    key = MasterKey(b"k" * 32)
    key.wipe()
    with pytest.raises(VaultLocked):
        key.database_key()
