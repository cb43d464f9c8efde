"""The verbs of a login at the relay: login create, join, change, remove, status.

No passphrase, phrase or key is an argument. What is shown is shown once, before the relay is asked: a page
that came to nothing is said to be good for nothing, and a login whose page nobody has seen is never made.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from cryptpad_tui.cli import diagnostics, login_input, output
from cryptpad_tui.cli.errors import RelayUnreachable as NotReached
from cryptpad_tui.cli.root import SubGroup, VerbCommand, sources_of, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources
from cryptpad_tui.cli.vault_access import in_vault, send_or_say

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine
    from cryptpad_tui.engine.logins import LoginState
    from cryptpad_tui.people.login_keys import Credentials
    from cryptpad_tui.people.login_record import LoginRecord

_FILE: Final = click.Path(path_type=Path)
_MODES: Final = {1: "with a secret key", 2: "with a phrase alone"}
_OLD_WORDS: Final = (
    "the passphrase and page of before find nothing at the relay any more. Who used them has what they had:"
    " if somebody may know them, `cryptpad-tui rotate-account`, too"
)


@click.group("login", cls=SubGroup)
def login_verb() -> None:
    """A name and a passphrase that bring your drive to a new machine, with nothing else at hand."""


def _makes(function: Any) -> Any:
    """The options of what makes a login."""
    for option in (
        click.option(
            "--phrase",
            "words",
            is_flag=False,
            flag_value=6,
            type=click.IntRange(6, 16),
            metavar="WORDS",
            help="No secret key: a phrase of so many words (6) that is drawn for you.",
        ),
        click.option("--svg", is_flag=True, help="The page as A4 with a QR code, instead of text."),
        click.option(
            "-o", "--output", "path", type=_FILE, metavar="FILE", help="Write the page there (0600)."
        ),
        click.option(
            "--kdf-memory",
            type=int,
            metavar="MIB",
            help="Memory that guessing costs who has the page: 64 to 1024 (512).",
        ),
        click.option(
            "--login-passphrase-file",
            type=_FILE,
            metavar="FILE",
            help="Read the login's passphrase from FILE (mode 0600).",
        ),
    ):
        function = option(function)
    return function


@login_verb.command("create", cls=VerbCommand)
@click.argument("name")
@_makes
@unlocks
def create_verb(sources: SecretSources, name: str, **options: Any) -> None:
    """Keep a login for this account at its relay, and print its page with the secret key, once.

    A new machine then needs the relay, NAME, the passphrase and the page. The relay learns none of them."""
    _make(sources, login_input.Wish(name=name, **options), changing=False)


@login_verb.command("change", cls=VerbCommand)
@click.option("--name", metavar="NAME", help="Another name, too.")
@_makes
@unlocks
def change_verb(sources: SecretSources, name: str | None, **options: Any) -> None:
    """Give the login another passphrase and page; those of before end. The old passphrase is not needed."""
    _make(sources, login_input.Wish(name=name, **options), changing=True)


def _make(sources: SecretSources, wish: login_input.Wish, *, changing: bool) -> None:
    wish.check()

    async def work(engine: Engine) -> None:
        from cryptpad_tui.cli.json_shapes import iso_time
        from cryptpad_tui.engine import logins

        before = await logins.begin(engine, changing=changing)
        name = wish.name or (before.name if before else "")
        day = iso_time(engine.wall_ms())[:10]
        credentials = login_input.new_credentials(wish, name, logins.address(engine), day)
        await _set(engine, before, credentials, wish)
        await send_or_say(engine, engine.drive_session.pad_id)

    in_vault(sources, work)
    diagnostics.note(_OLD_WORDS if changing else "the login is made; try it before you need it")


async def _set(
    engine: Engine, before: LoginRecord | None, credentials: Credentials, wish: login_input.Wish
) -> None:
    """The page goes only where it is certain that the relay took nothing: it may be the one key to all."""
    from cryptpad_tui.engine import logins
    from cryptpad_tui.engine.errors import EngineError
    from cryptpad_tui.people.login_errors import LoginError, LoginUnsettled
    from cryptpad_tui.sync.connection import RelayUnreachable

    try:
        await logins.set_login(engine, before, credentials)
    except LoginUnsettled:
        raise
    except (EngineError, LoginError, RelayUnreachable):
        wish.unwrite()
        diagnostics.note("the page or phrase that was shown is good for nothing")
        raise


@login_verb.command("join", cls=VerbCommand)
@click.argument("name", required=False)
@click.option("--relay", metavar="URL", help="The relay of the login.")
@click.option(
    "--login-passphrase-file",
    type=_FILE,
    metavar="FILE",
    help="Read the login's passphrase from FILE (mode 0600).",
)
@click.option("--secret-key-file", type=_FILE, metavar="FILE", help="Read the secret key from FILE (0600).")
@click.option("--device", metavar="NAME", help="What to call this machine (its host name).")
@click.option(
    "--kdf-memory",
    type=int,
    metavar="MIB",
    default=256,
    show_default=True,
    help="Memory that guessing the vault's passphrase costs: 64 to 1024.",
)
@click.option(
    "--passphrase-file",
    type=_FILE,
    metavar="FILE",
    help="Read this vault's passphrase from FILE (mode 0600); without: asked for, or the login's.",
)
def join_verb(name: str | None, relay: str | None, **options: Any) -> None:
    """Make this machine's vault for the account of a login: with NAME and --relay, or from the login's page
    on standard input."""
    import asyncio

    from cryptpad_tui.engine import signing_in
    from cryptpad_tui.engine.devices import OWN_NAME
    from cryptpad_tui.host import paths, process
    from cryptpad_tui.vault.errors import VaultExists

    process.harden()
    directory = paths.vault_dir()
    if (directory / paths.HEADER_NAME).exists():
        raise VaultExists(str(directory))
    asked = login_input.known_credentials(
        name, relay, options["login_passphrase_file"], options["secret_key_file"]
    )
    device = login_input.device_name(options["device"])
    file = options["passphrase_file"] or sources_of(None, None).passphrase_file
    diagnostics.note("asking the relay; this takes a second or two")
    found = asyncio.run(signing_in.sign_in(asked.relay_url, asked.credentials))
    secret = login_input.vault_passphrase(file, asked.credentials.passphrase)
    vault = signing_in.make_vault(
        directory, secret, found, asked.relay_url, kdf_memory_mib=options["kdf_memory"]
    )
    vault.set_setting(OWN_NAME, device)
    diagnostics.note(f"the vault of this machine is in {directory}")
    login_input.first_sync_and_judge(vault)


@login_verb.command("remove", cls=VerbCommand)
@unlocks
def remove_verb(sources: SecretSources) -> None:
    """End the login: the relay forgets its block, and name, passphrase and page open nothing."""

    async def work(engine: Engine) -> None:
        from cryptpad_tui.engine import logins

        await logins.remove(engine)
        await send_or_say(engine, engine.drive_session.pad_id)

    in_vault(sources, work)
    diagnostics.note("the relay was told to forget it; machines that came in by it keep their vaults")


@login_verb.command("status", cls=VerbCommand)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@unlocks
def status_verb(sources: SecretSources, as_json: bool) -> None:
    """Say whether this account has a login, and whether the relay has its newest version."""

    async def work(engine: Engine) -> tuple[LoginState, str]:
        return await login_input.look(engine)

    state, url = in_vault(sources, work)
    record = state.record if state.record is not None and state.record.is_there else None
    if as_json:
        output.write_json_object(login_input.as_json(state, url))
    elif record is None:
        output.write_line("no login")
    else:
        day = login_input.day_of(record.made_ms)
        at = f"{output.safe_line(record.name)} at {output.safe_line(url)}"
        output.write_line(f"{at}, {_MODES[record.mode]}, version {record.version}, made {day}")
    _remark(state)


def _remark(state: LoginState) -> None:
    if state.came_back:
        diagnostics.warn(
            "the relay had a login again that had ended, as after its backup was restored; it is dropped."
            " Whoever knows its passphrase and page could use it meanwhile"
        )
    if state.record is not None and not state.asked:
        raise NotReached
    if state.record is not None and state.record.is_there and not state.is_kept:
        diagnostics.warn("the relay does not have it: `cryptpad-tui login change` makes it anew")
