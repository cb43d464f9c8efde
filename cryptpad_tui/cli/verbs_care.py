"""The verb about the vault's own file: vault check, vault compact, vault rekey."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cryptpad_tui.cli import diagnostics, output
from cryptpad_tui.cli.diagnostics import ExitCode
from cryptpad_tui.cli.errors import KeyfileUnnamed, WrongUse
from cryptpad_tui.cli.root import SubGroup, VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources, new_passphrase
from cryptpad_tui.cli.vault_access import in_vault, unlock

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine
    from cryptpad_tui.vault.header import SlotType

_FILE = click.Path(path_type=Path)


@click.group("vault", cls=SubGroup, no_args_is_help=False)
def vault_verb() -> None:
    """The file of your vault: check, compact, rekey."""


@vault_verb.command("check", cls=VerbCommand)
@unlocks
def vault_check(sources: SecretSources) -> ExitCode:
    """Read the whole vault: every page, every sealed entry, every pad's text against its history."""

    async def work(engine: Engine) -> tuple[int, list[tuple[str, str]]]:
        from cryptpad_tui.engine.checking import check_vault

        return len(engine.vault.pads()) - 1, check_vault(engine)

    pads, found = in_vault(sources, work)
    for short_id, problem in found:
        diagnostics.say("alarm", f"{problem} (pad {short_id})" if short_id != "-" else problem)
    if found:
        diagnostics.note(
            "the vault was changed here, by a failing disk or by somebody who had it open. Copy what you"
            " need, check the disk, and `restore` a backup"
        )
        return ExitCode.FAILED
    output.write_line(f"ok    {max(pads, 0)} {'pad' if pads == 1 else 'pads'}, all of it as it was stored")
    return ExitCode.DONE


@vault_verb.command("compact", cls=VerbCommand)
@unlocks
def vault_compact(sources: SecretSources) -> None:
    """Make the vault's file as small as what is in it."""
    from cryptpad_tui.vault.care import compact

    vault = unlock(sources)
    try:
        before, after = compact(vault)
    finally:
        vault.close()
    diagnostics.note(f"vault.db had {before} bytes and has {after}")


@vault_verb.command("rekey", cls=VerbCommand)
@click.option(
    "--new-passphrase-file",
    type=_FILE,
    metavar="FILE",
    help="Read the next passphrase from FILE.",
)
@click.option("--keep-keyfile", type=_FILE, metavar="FILE", help="The vault's keyfile, to open it still.")
@click.option("--drop-keyfile", is_flag=True, help="No keyfile opens the vault any more.")
@unlocks
def vault_rekey(
    sources: SecretSources, new_passphrase_file: Path | None, keep_keyfile: Path | None, drop_keyfile: bool
) -> None:
    """Encrypt the vault with another key, for when a passphrase, keyfile or recovery key leaked.

    Nothing that opened it before, and no copy of its header, opens it then. A new recovery key is printed
    where it had one. Nobody else may have the vault open.
    """
    from cryptpad_tui.engine.kits import MADE
    from cryptpad_tui.host import paths
    from cryptpad_tui.vault import agent
    from cryptpad_tui.vault.header import SlotType
    from cryptpad_tui.vault.recovery import format_recovery_key
    from cryptpad_tui.vault.rekey import rekey, slot_types

    if keep_keyfile is not None and drop_keyfile:
        raise WrongUse("--keep-keyfile and --drop-keyfile")
    vault = unlock(sources, by_agent=False)
    try:
        kinds = slot_types(vault.directory)
        keyfile = keep_keyfile or sources.keyfile
        if SlotType.KEYFILE in kinds and keyfile is None and not drop_keyfile:
            raise KeyfileUnnamed()
        secrets = _secrets(sources, new_passphrase_file, None if drop_keyfile else keyfile, kinds)
        # The recovery key on the kit's page opens nothing any more.
        vault.set_setting(MADE, None)
        rekey(vault, secrets)
    finally:
        vault.close()
    agent.forget(paths.vault_dir())
    diagnostics.note(
        "the vault has another key. Backups and copies made before still open with what opened them: make a"
        " backup now, and destroy those"
    )
    if SlotType.RECOVERY_KEY in secrets:
        diagnostics.note("the recovery key of before opens nothing any more; write this one on paper")
        output.write_line(format_recovery_key(secrets[SlotType.RECOVERY_KEY]))


def _secrets(
    sources: SecretSources, new_file: Path | None, keyfile: Path | None, kinds: frozenset[SlotType]
) -> dict[SlotType, bytes]:
    """What is to open the vault: the same kinds of secret as before."""
    from cryptpad_tui.host.entropy import random_bytes
    from cryptpad_tui.vault import headerfile
    from cryptpad_tui.vault.header import SlotType
    from cryptpad_tui.vault.recovery import RECOVERY_SECRET_BYTES

    known = None if new_file is not None else sources.passphrase()
    secrets = {SlotType.PASSPHRASE: known or new_passphrase(new_file)}
    if SlotType.RECOVERY_KEY in kinds:
        secrets[SlotType.RECOVERY_KEY] = random_bytes(RECOVERY_SECRET_BYTES)
    if SlotType.KEYFILE in kinds and keyfile is not None:
        secrets[SlotType.KEYFILE] = headerfile.read_keyfile(keyfile)
    return secrets
