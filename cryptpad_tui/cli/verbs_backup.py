"""The verbs against loss: backup, and restore, which also takes pads out of the trash."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from cryptpad_tui.cli import diagnostics
from cryptpad_tui.cli.errors import AmbiguousRestore, FileUnreadable, WrongUse
from cryptpad_tui.cli.root import VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources, ask_secret, new_passphrase, read_passphrase_file
from cryptpad_tui.cli.vault_access import in_vault, make_engine, unlock

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine
    from cryptpad_tui.engine.restoring import RestoreReport
    from cryptpad_tui.vault.restore import Restored
    from cryptpad_tui.vault.sealed_file import SealedReader
    from cryptpad_tui.vault.vault import Vault

_FILE = click.Path(path_type=Path)
_ATTEMPTS: Final = 3
_UNSENT_TWICE: Final = (
    "it holds {} that no relay had; they are sent from here. If the machine of the backup still works, sync"
    " there first, or their text comes twice"
)


@click.command("backup", cls=VerbCommand)
@click.argument("file", type=_FILE)
@click.option(
    "--own-passphrase", is_flag=True, help="Ask for a passphrase of its own, instead of what opens the vault."
)
@click.option(
    "--backup-passphrase-file", type=_FILE, metavar="FILE", help="The same, read from FILE (mode 0600)."
)
@unlocks
def backup_verb(
    sources: SecretSources, file: Path, own_passphrase: bool, backup_passphrase_file: Path | None
) -> None:
    """Write keys, pads and what waits into FILE, sealed, and read it back. Replaces an earlier backup."""
    from cryptpad_tui.cli.version import VERSION
    from cryptpad_tui.vault.backup import make_backup

    vault = unlock(sources)
    try:
        own = None
        if own_passphrase or backup_passphrase_file is not None:
            own = new_passphrase(backup_passphrase_file)
        made = make_backup(vault, file, version=VERSION, passphrase=own)
    finally:
        vault.close()
    opens = "its own passphrase opens it" if own else "it opens with what opens the vault today"
    diagnostics.note(f"{_count(made.pads, 'pad')} in {made.size_bytes} bytes, read back and whole; {opens}")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


@click.command("restore", cls=VerbCommand)
@click.argument("what", metavar="PAD|FILE")
@click.option(
    "--backup-passphrase-file",
    type=_FILE,
    metavar="FILE",
    help="What opens the backup, where the vault's own does not (mode 0600).",
)
@click.option(
    "--recovery-file", type=_FILE, metavar="FILE", help="Open the backup with the recovery key in FILE."
)
@unlocks
def restore_verb(
    sources: SecretSources, what: str, backup_passphrase_file: Path | None, recovery_file: Path | None
) -> None:
    """Take PAD, or a folder with all in it, out of the trash; or bring back what a backup FILE holds.

    Without a vault, FILE becomes one, opened by what opens FILE. A vault in use keeps all it has.
    """
    from cryptpad_tui.host import paths
    from cryptpad_tui.vault.backup import is_backup

    if not is_backup(Path(what)):
        if backup_passphrase_file or recovery_file:
            raise WrongUse("options of a backup, and what is none")
        in_vault(sources, lambda engine: _out_of_trash(engine, what))
    elif (paths.vault_dir() / paths.HEADER_NAME).exists():
        _into_vault(sources, what, _secrets(sources, backup_passphrase_file, recovery_file))
    else:
        _into_nothing(Path(what), _secrets(sources, backup_passphrase_file, recovery_file))


async def _out_of_trash(engine: Engine, what: str) -> None:
    from cryptpad_tui.engine import UnknownPad, keeping
    from cryptpad_tui.vault.errors import NotABackup

    try:
        found, folder = keeping.find_trashed(engine, what)
    except UnknownPad:
        if os.path.lexists(what):
            raise NotABackup(what) from None
        raise
    if found is not None:
        keeping.restore(engine, found.pad_id)
    else:
        keeping.restore_folder(engine, folder)


# -- what opens a backup

KeyOf = Callable[["SealedReader"], bytes]


def _secrets(sources: SecretSources, passphrase_file: Path | None, recovery_file: Path | None) -> KeyOf:
    """The backup's key by what was named, else by what opens the vault, else by asking."""

    def key_of(reader: SealedReader) -> bytes:
        from cryptpad_tui.vault import headerfile
        from cryptpad_tui.vault.errors import WrongSecret
        from cryptpad_tui.vault.header import SlotType
        from cryptpad_tui.vault.recovery import parse_recovery_key
        from cryptpad_tui.vault.slots import open_slot

        if recovery_file is not None:
            text = read_passphrase_file(recovery_file).decode("utf-8", "replace")
            return open_slot(reader.header, SlotType.RECOVERY_KEY, parse_recovery_key(text))
        if passphrase_file is not None:
            return open_slot(reader.header, SlotType.PASSPHRASE, read_passphrase_file(passphrase_file))
        try:
            if sources.keyfile is not None:
                return open_slot(reader.header, SlotType.KEYFILE, headerfile.read_keyfile(sources.keyfile))
            if (given := sources.passphrase()) is not None:
                return open_slot(reader.header, SlotType.PASSPHRASE, given)
        except WrongSecret:
            diagnostics.note("what was given does not open the backup")
        for _ in range(_ATTEMPTS - 1):
            try:
                return open_slot(reader.header, SlotType.PASSPHRASE, ask_secret("Passphrase of the backup: "))
            except WrongSecret:
                diagnostics.note("that passphrase does not open the backup; try again")
        return open_slot(reader.header, SlotType.PASSPHRASE, ask_secret("Passphrase of the backup: "))

    return key_of


# -- without a vault


def _into_nothing(path: Path, key_of: KeyOf) -> None:
    from cryptpad_tui.host import paths, process
    from cryptpad_tui.vault.backup import open_backup
    from cryptpad_tui.vault.restore import restore_new
    from cryptpad_tui.vault.sealed_file import SealedReader

    process.harden()
    try:
        with open_backup(path) as file:
            reader = SealedReader(file)
            key = key_of(reader)
            restored = restore_new(paths.vault_dir(), reader, key)
    except OSError as error:
        raise FileUnreadable(f"{path}: {error.strerror}") from None
    asyncio.run(_make_ready(reader.header.vault_id, key))
    diagnostics.note(
        f"{_backup_words(restored)}; it is the vault in {paths.vault_dir()}, opened by what opened the backup"
    )
    if restored.unsent:
        diagnostics.note(_UNSENT_TWICE.format(_count(restored.unsent, "edit")))


async def _make_ready(vault_id: bytes, key: bytes) -> None:
    """No first opening takes long; the vault is whole without it."""
    from cryptpad_tui.crdt.errors import DocumentError
    from cryptpad_tui.engine import pictures
    from cryptpad_tui.host import paths
    from cryptpad_tui.vault.errors import VaultError
    from cryptpad_tui.vault.vault import Vault

    with contextlib.suppress(VaultError, DocumentError):
        vault = Vault.open_held(paths.vault_dir(), vault_id, key)
        try:
            engine = make_engine(vault)
            try:
                pictures.keep_missing(engine)
            finally:
                await engine.close()
        finally:
            vault.close()


def _backup_words(restored: Restored) -> str:
    from cryptpad_tui.cli.json_shapes import iso_time

    when = iso_time(restored.made_ms)[:16].replace("T", " ")
    return f"the backup of {when} has {_count(restored.pads, 'pad')}"


# -- into a vault in use


def _into_vault(sources: SecretSources, what: str, key_of: KeyOf) -> None:
    from cryptpad_tui.engine.beside import backup_beside
    from cryptpad_tui.vault.backup import MARK, open_backup
    from cryptpad_tui.vault.headerfile import read_header
    from cryptpad_tui.vault.sealed_file import SealedReader
    from cryptpad_tui.vault.taking import is_unused, take_account

    vault = unlock(sources)
    try:
        with open_backup(Path(what)) as file:
            reader = SealedReader(file)
            is_own = reader.header.vault_id == read_header(vault.directory).vault_id
            key = vault.sealing_key() if is_own else key_of(reader)
            with backup_beside(vault.directory, reader, key) as (other, restored):
                takes_over = other.account_root != vault.account_root and is_unused(vault)
                if is_unused(vault) and vault.setting(MARK + reader.id.hex()) is None:
                    take_account(vault, other)
                report = asyncio.run(_merge(vault, other, what, reader.id.hex(), restored))
    finally:
        vault.close()
    _say(restored, report)
    if takes_over:
        diagnostics.note(
            "nothing was kept in this vault before, so it is the account of the backup from now on"
        )


async def _merge(vault: Vault, other: Vault, what: str, backup_id: str, restored: Restored) -> RestoreReport:
    from cryptpad_tui.engine import Engine, UnknownPad, keeping
    from cryptpad_tui.engine.restoring import restore_into

    engine, backup = make_engine(vault), Engine(other)
    try:
        if not what.startswith(("./", "../")):
            try:
                keeping.find_trashed(engine, what)
            except UnknownPad:
                pass
            else:
                raise AmbiguousRestore(what)
        return restore_into(engine, backup, backup_id, restored.made_ms)
    finally:
        await backup.close()
        await engine.close()


def _say(restored: Restored, report: RestoreReport) -> None:
    parts = [
        f"{_count(report.brought, 'pad')} came back",
        f"{report.merged} took in what the backup had more",
        f"{report.here} had all of it already",
    ]
    if report.copied:
        parts.append(f"{report.copied} differed and stand beside yours as copies")
    diagnostics.note(f"{_backup_words(restored)}: {', '.join(parts)}")
    if report.unsent:
        diagnostics.note(_UNSENT_TWICE.format(_count(report.unsent, "edit")))
    if report.other_account:
        diagnostics.note(
            "it is another account's: its pads are in your drive, and what you write in them is by you"
        )
