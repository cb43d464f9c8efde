"""The verbs about the vault itself: init, passphrase, relay."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import click

from cryptpad_tui.cli import diagnostics, output
from cryptpad_tui.cli.errors import BadRelayAddress
from cryptpad_tui.cli.kit_input import expect_drive, read_kit, say_what_is_missing
from cryptpad_tui.cli.root import SubGroup, VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources, ask_secret, new_passphrase, read_passphrase_file
from cryptpad_tui.cli.text_input import require_name
from cryptpad_tui.cli.vault_access import first_sync, in_vault, unlock
from cryptpad_tui.crypto.relay_address import is_relay_address

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine

THIS_MACHINE: Final = "this-machine"
_LOCAL: Final = "local"
"""What the engine calls this machine's own relay."""
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_FILE = click.Path(path_type=Path)


@click.command("init", cls=VerbCommand)
@click.option("--name", required=True, metavar="NAME", help="What others see beside your edits.")
@click.option(
    "--relay", metavar="URL", default="none", help=f"wss://HOST, {THIS_MACHINE}, or none (the default)."
)
@click.option(
    "--kdf-memory",
    type=int,
    metavar="MIB",
    default=256,
    show_default=True,
    help="Memory that guessing the passphrase costs: 64 to 1024.",
)
@click.option(
    "--keyfile", type=_FILE, metavar="FILE", help="Make a keyfile that unlocks too, or use the one there."
)
@click.option(
    "--recovery", is_flag=True, help="Print a recovery key, once: the way back after a lost passphrase."
)
@click.option("--from-kit", is_flag=True, help="For the account of a recovery kit, read from standard input.")
@click.option(
    "--passphrase-file", type=_FILE, metavar="FILE", help="Read the passphrase from FILE (mode 0600)."
)
def init_verb(
    name: str,
    relay: str,
    kdf_memory: int,
    keyfile: Path | None,
    recovery: bool,
    from_kit: bool,
    passphrase_file: Path | None,
) -> None:
    """Make a vault, where your keys and pads live, encrypted with a passphrase."""
    from cryptpad_tui.cli.root import sources_of
    from cryptpad_tui.host import paths, process
    from cryptpad_tui.vault.errors import VaultExists
    from cryptpad_tui.vault.vault import Vault

    process.harden()
    directory, relay_url = paths.vault_dir(), parse_relay(relay)
    require_name(name)
    if (directory / paths.HEADER_NAME).exists():
        raise VaultExists(str(directory))
    kit = read_kit() if from_kit else None
    aside = _set_aside_in(directory)
    vault, recovery_key = Vault.create(
        directory,
        new_passphrase(passphrase_file or sources_of(None, None).passphrase_file),
        name=name,
        relay_url=kit.relay_url if kit and relay_url is None else relay_url,
        kdf_memory_mib=kdf_memory,
        recovery=recovery,
        keyfile=keyfile,
        account_root=kit.account_root if kit else None,
        fill=lambda tables: expect_drive(tables, kit) if kit else None,
    )
    if kit is not None:
        say_what_is_missing(kit)
    if kit is not None and vault.setting("relay_url"):
        first_sync(vault)
    vault.close()
    for moved in sorted(_set_aside_in(directory) - aside):
        diagnostics.note(
            f"a vault.db without its vault.hdr lay there; it is kept as {moved}, for when its header turns up"
        )
    diagnostics.note(f"the vault is in {directory}; {_lost_words(recovery)}")
    if recovery_key is not None:
        output.write_line(recovery_key)


def _set_aside_in(directory: Path) -> set[str]:
    """Databases that lost their header: `init` moves them out of its way."""
    return {path.name for path in directory.glob("vault.db.aside-????????")}


def _lost_words(recovery: bool) -> str:
    if recovery:
        return (
            "write the recovery key on paper: it is shown this once and opens the vault like the passphrase"
        )
    return "a lost passphrase cannot be recovered (`init --recovery` would have printed a recovery key)"


def parse_relay(address: str) -> str | None:
    """The setting for what a person wrote; warns of an address that shows the network more than it must."""
    if address == "none":
        return None
    if address in (THIS_MACHINE, _LOCAL):
        return _LOCAL
    if not is_relay_address(address) or address.startswith("ssh:"):
        raise BadRelayAddress()
    parts = urlsplit(address)
    if parts.scheme == "ws" and parts.hostname not in _LOOPBACK:
        diagnostics.warn(
            "ws:// hides your text, but not who writes when, from the network; wss:// hides that too"
        )
    return address


@click.command("passphrase", cls=VerbCommand)
@click.option(
    "--new-passphrase-file",
    type=_FILE,
    metavar="FILE",
    help="Read the next passphrase from FILE (mode 0600).",
)
@click.option("--recovery", is_flag=True, help="Open with the recovery key instead of the passphrase.")
@click.option("--recovery-file", type=_FILE, metavar="FILE", help="The same, read from FILE (mode 0600).")
@unlocks
def passphrase_verb(
    sources: SecretSources, new_passphrase_file: Path | None, recovery: bool, recovery_file: Path | None
) -> None:
    """Change the vault's passphrase. Copies of the vault that exist already keep the one before."""
    from cryptpad_tui.host import paths, process
    from cryptpad_tui.vault.vault import Vault

    process.harden()
    if recovery or recovery_file is not None:
        key = ask_secret("Recovery key: ") if recovery_file is None else read_passphrase_file(recovery_file)
        vault = Vault.open(paths.vault_dir(), recovery_key=key.decode("utf-8", "replace"))
    elif sources.keyfile is not None:
        vault = unlock(sources)
    else:
        _change_known(sources.passphrase(), new_passphrase_file)
        return
    try:
        vault.reset_passphrase(new_passphrase(new_passphrase_file))
    finally:
        vault.close()


def _change_known(old: bytes | None, new_file: Path | None) -> None:
    from cryptpad_tui.host import paths
    from cryptpad_tui.vault.vault import Vault

    known = ask_secret("Passphrase: ") if old is None else old
    vault = Vault.open(paths.vault_dir(), passphrase=known)
    try:
        vault.change_passphrase(known, new_passphrase(new_file))
    finally:
        vault.close()


@click.group("relay", cls=SubGroup, no_args_is_help=False)
def relay_verb() -> None:
    """The relay that your pads meet others at: set URL, show, stop."""


@relay_verb.command("set", cls=VerbCommand)
@click.argument("url")
@unlocks
def relay_set(sources: SecretSources, url: str) -> None:
    """Use the relay at URL (or this-machine, or none) for pads without one, from the next sync on."""
    relay_url = parse_relay(url)

    async def work(engine: Engine) -> None:
        engine.set_relay(relay_url)

    in_vault(sources, work)


@relay_verb.command("show", cls=VerbCommand)
@click.option("--address", is_flag=True, help="The address itself, where it is this machine's own.")
@unlocks
def relay_show(sources: SecretSources, address: bool) -> None:
    """Print the relay's address."""
    from cryptpad_tui.cli.verbs_look import relay_words

    async def work(engine: Engine) -> str | None:
        url = engine.relay_url()
        return engine.resolve(url) if address and url else url

    output.write_line(output.safe_line(relay_words(in_vault(sources, work))))


@relay_verb.command("stop", cls=VerbCommand)
def relay_stop() -> None:
    """Stop the relay on this machine. What it has is on its disk, and it starts again when it is needed."""
    from cryptpad_tui.host import paths
    from cryptpad_tui.host.embedded_relay import EmbeddedRelay

    if not EmbeddedRelay(paths.relay_dir()).stop():
        diagnostics.note("no relay runs on this machine, so there was nothing to stop")
