"""The verbs about one's other machines: device add, join, list, remove. A code is never an argument."""

from __future__ import annotations

import asyncio
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from cryptpad_tui.cli import diagnostics, output
from cryptpad_tui.cli.root import SubGroup, VerbCommand, sources_of, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources, new_passphrase
from cryptpad_tui.cli.text_input import read_line, require_name
from cryptpad_tui.cli.vault_access import first_sync, in_vault, send_or_say, send_quickly
from cryptpad_tui.cli.verbs_account import follow_verb

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine
    from cryptpad_tui.engine.codes import Account
    from cryptpad_tui.engine.devices import DeviceLine
    from cryptpad_tui.engine.enrolling import LetIn
    from cryptpad_tui.pad.codes import Code
    from cryptpad_tui.vault.tables import Tables
    from cryptpad_tui.vault.vault import Vault

_CODE_LIMIT: Final = 256
_TELL_FROM: Final = 20
_TELL_EACH: Final = 20
LIMITED_JOINED: Final = (
    "this machine is a limited device: it reads and writes your pads and makes new ones; what needs the"
    " account itself (changing keys, destroying, other machines, the kit) is done on a machine that holds it"
)


@click.group("device", cls=SubGroup)
def device_verb() -> None:
    """Your other machines: add one by a code, list them, end one's line."""


@device_verb.command("add", cls=VerbCommand)
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(1, 600),
    default=600,
    show_default=True,
    metavar="SECONDS",
    help="How long the code is good.",
)
@click.option(
    "--limited",
    is_flag=True,
    help="It gets the keys of your pads and not your account's: `device remove` can cut it off later.",
)
@unlocks
def add_verb(sources: SecretSources, wait_s: float, limited: bool) -> None:
    """Print a one-time code, and wait until `device join` on the new machine has taken it. The new machine
    becomes this account, with every pad: tell the code to nobody else.

    A limited machine reads and writes all your pads, and makes new ones. It cannot change a pad's keys, take
    people out, destroy pads, let machines in or make a recovery kit."""
    from cryptpad_tui.engine.codes import give_account
    from cryptpad_tui.engine.enrolling import give_limited

    async def work(engine: Engine) -> None:
        def show(code: Code) -> None:
            show_code(code, "device join")

        if limited:
            await give_limited(engine, show=show, wait_s=wait_s)
            await send_or_say(engine, engine.drive_session.pad_id)
        else:
            await give_account(engine, show=show, wait_s=wait_s)

    in_vault(sources, work)
    what = "the keys of your pads" if limited else "the account"
    diagnostics.note(f"the new machine has {what}; `cryptpad-tui device list` shows it once it is there")


@device_verb.command("join", cls=VerbCommand)
@click.option("--relay", required=True, metavar="URL", help="The relay of the machine that shows the code.")
@click.option("--device", metavar="NAME", default=None, help="What to call this machine (its host name).")
@click.option(
    "--kdf-memory",
    type=int,
    metavar="MIB",
    default=256,
    show_default=True,
    help="Memory that guessing the passphrase costs: 64 to 1024.",
)
@click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Read the passphrase from FILE (mode 0600).",
)
def join_device_verb(relay: str, device: str | None, kdf_memory: int, passphrase_file: Path | None) -> None:
    """Read a code from standard input, and make this machine's vault for the account that it stands for."""
    from cryptpad_tui.engine.enrolling import take_device
    from cryptpad_tui.host import paths, process
    from cryptpad_tui.vault.errors import VaultExists

    process.harden()
    directory, name = paths.vault_dir(), require_name(device or platform.node() or "a machine")
    url = require_relay(relay)
    if (directory / paths.HEADER_NAME).exists():
        raise VaultExists(str(directory))
    code = read_code()
    secret = new_passphrase(passphrase_file or sources_of(None, None).passphrase_file)
    taken = asyncio.run(take_device(url, code))
    vault = _make_vault(directory, secret, taken, url, kdf_memory, name)
    diagnostics.note(f"the vault of this machine is in {directory}")
    first_sync(vault)


def _make_vault(
    directory: Path, secret: bytes, taken: Account | LetIn, url: str, kdf_memory: int, name: str
) -> Vault:
    """Wholly or not at all: `create` writes its header last."""
    from cryptpad_tui.engine.devices import OWN_NAME
    from cryptpad_tui.engine.enrolling import LetIn
    from cryptpad_tui.vault.vault import Vault

    def fill(tables: Tables) -> None:
        tables.set_setting(OWN_NAME, name)
        taken.fill(tables)

    vault, _ = Vault.create(
        directory,
        secret,
        name=taken.name,
        relay_url=taken.relay_url or url,
        kdf_memory_mib=kdf_memory,
        account_root=None if isinstance(taken, LetIn) else taken.root,
        fill=fill,
    )
    if isinstance(taken, LetIn):
        diagnostics.note(LIMITED_JOINED)
    return vault


@device_verb.command("list", cls=VerbCommand)
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@unlocks
def list_verb(sources: SecretSources, as_json: bool) -> None:
    """List the machines of this account; what the relay has is looked at first, for two seconds at most."""
    from cryptpad_tui.engine.devices import devices

    async def work(engine: Engine) -> list[DeviceLine]:
        if engine.relay_url() is not None:
            await send_quickly(engine, engine.drive_session.pad_id)
        return devices(engine)

    lines = in_vault(sources, work)
    if as_json:
        output.write_json_object([device_object(line) for line in lines])
    else:
        output.write_lines([_words(line) for line in lines])


def device_object(line: DeviceLine) -> dict[str, object]:
    from cryptpad_tui.cli.json_shapes import iso_time

    return {
        "id": line.id,
        "name": line.name,
        "added": iso_time(line.added_ms),
        "holds": line.holds,
        "this": line.is_this,
        "came": line.came,
    }


def _words(line: DeviceLine) -> str:
    from cryptpad_tui.cli.json_shapes import iso_time

    name = output.safe_line(line.name) + ("  (this one)" if line.is_this else "")
    name += "" if line.came else "  (let in, never seen)"
    holds = "the account" if line.holds == "account" else "pads alone "
    return f"{line.id[:8]}  {iso_time(line.added_ms)[:10]}  holds {holds}  {name}"


@device_verb.command("remove", cls=VerbCommand)
@click.argument("name")
@click.option("--wiped", is_flag=True, help="Its vault is destroyed: only take its line off the list.")
@click.option(
    "--keep-links",
    is_flag=True,
    help="Leave your pads' keys, so that links to them go on. It reads on there.",
)
@unlocks
def remove_verb(sources: SecretSources, name: str, wiped: bool, keep_links: bool) -> None:
    """Take a machine out of the account.

    A limited one is cut off: the drive's keys change without it, then those of your pads; links to them end.
    One that holds the account has the root of all keys: that takes `cryptpad-tui rotate-account`."""
    from cryptpad_tui.engine import removing

    async def work(engine: Engine) -> None:
        found = removing.reach(engine)
        done = await removing.remove(engine, name, wiped=wiped, rekey_pads=not keep_links, told=_told)
        await send_or_say(engine, engine.drive_session.pad_id)
        if done.line.holds == "pads" and not wiped:
            out = output.safe_line(done.line.name)
            for sentence in removing.sentences(out, found, rekeyed=not keep_links, left=done.left):
                diagnostics.note(sentence)

    in_vault(sources, work)


def _told(done: int, of: int) -> None:
    """Not each of a thousand: what a person wants is that it goes on."""
    if of > _TELL_FROM and done % _TELL_EACH == 0:
        diagnostics.note(f"changed the keys of {done} of {of} pads; stopped, `cryptpad-tui sync` goes on")


device_verb.add_command(follow_verb)


def show_code(code: Code, verb: str) -> None:
    """The code alone on standard output, at once: somebody waits for it."""
    output.write_line(code.text())
    diagnostics.note(f"enter it on the other machine with `cryptpad-tui {verb}`; one wrong guess ends it")


def read_code() -> Code:
    """From standard input; raises NotACode, which repeats nothing."""
    from cryptpad_tui.pad.codes import Code, NotACode

    raw = read_line(_CODE_LIMIT, "the code that the other machine shows, such as 42-cedar-tulip")
    try:
        return Code.parse(raw.decode("ascii"))
    except UnicodeDecodeError:
        raise NotACode from None


def require_relay(address: str) -> str:
    """The URL of a relay to ask; this machine's own where it is meant."""
    from cryptpad_tui.cli.errors import BadRelayAddress
    from cryptpad_tui.cli.verbs_vault import parse_relay

    url = parse_relay(address)
    if url is None or not url.startswith(("ws", "unix:")):
        raise BadRelayAddress
    return url
