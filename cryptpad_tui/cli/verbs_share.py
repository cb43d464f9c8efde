"""The verbs that need a relay: share, join, sync. A link goes out on standard output and comes in on standard
input, never through an argument."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

import click

from cryptpad_tui.cli import diagnostics, output
from cryptpad_tui.cli.diagnostics import ExitCode
from cryptpad_tui.cli.errors import InputTooLong, LinkTooLong, RelayUnreachable, StillWaiting, WrongUse
from cryptpad_tui.cli.root import VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources, ask_secret
from cryptpad_tui.cli.text_input import read_bytes, stdin_is_terminal
from cryptpad_tui.cli.vault_access import in_vault, tell, telling_of_waits
from cryptpad_tui.cli.verbs_files import send_files, tell_of_files

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine, PadListing, SyncReport
    from cryptpad_tui.engine.files.sending import SendReport

_LINK_LIMIT: Final = 16 * 1024
_WAIT_S: Final = 10.0
_LONGEST_WAIT_S: Final = 86_400.0


@click.command("share", cls=VerbCommand)
@click.argument("pad")
@click.option("--view", is_flag=True, help="A link that can read and not write.")
@click.option("--code", is_flag=True, help="A one-time code to read aloud, and wait until it is used.")
@unlocks
def share_verb(sources: SecretSources, pad: str, view: bool, code: bool) -> None:
    """Print a link to PAD. Whoever has the link has the pad: give it on a way that you trust."""
    if code:
        _share_by_code(sources, pad, view=view)
        return

    async def work(engine: Engine) -> str:
        pad_id = engine.find(pad).pad_id
        async with telling_of_waits(engine):
            return await engine.make_link(pad_id, view=view, wait_s=_WAIT_S)

    output.write_line(in_vault(sources, work))


def _share_by_code(sources: SecretSources, pad: str, *, view: bool) -> None:
    from cryptpad_tui.cli.verbs_devices import show_code
    from cryptpad_tui.engine.codes import give_link

    async def work(engine: Engine) -> None:
        pad_id = engine.find(pad).pad_id
        await give_link(engine, pad_id, view=view, show=lambda made: show_code(made, "join --code"))

    in_vault(sources, work)
    diagnostics.note("the other has the link")


@click.command("join", cls=VerbCommand)
@click.option("--code", is_flag=True, help="Read a one-time code instead of a link.")
@click.option("--relay", metavar="URL", help="With --code: the relay of who shows it, if it is not yours.")
@unlocks
def join_verb(sources: SecretSources, code: bool, relay: str | None) -> None:
    """Read a link from standard input, add its pad to your drive and print the pad's short id."""
    from cryptpad_tui.crypto.links import decode_link

    if relay is not None and not code:
        raise WrongUse("--relay without --code")
    link_text = "" if code else _read_link()
    by_code = _code_reader(relay) if code else None
    if not code:
        decode_link(link_text)

    async def work(engine: Engine) -> str:
        async with telling_of_waits(engine):
            link = await by_code(engine) if by_code else link_text
            joined = await engine.join(link, wait_s=_WAIT_S)
        _tell_start(engine, joined)
        return joined.short_id

    output.write_line(in_vault(sources, work))


def _code_reader(relay: str | None) -> Callable[[Engine], Awaitable[str]]:
    """Read the code now; the link it stands for comes when the vault is open."""
    from cryptpad_tui.cli.verbs_devices import read_code, require_relay

    url, code = require_relay(relay) if relay else None, read_code()

    async def take(engine: Engine) -> str:
        from cryptpad_tui.engine.codes import take_link_here

        return await take_link_here(engine, code, url=url)

    return take


def _tell_start(engine: Engine, joined: PadListing) -> None:
    """By whom the start was made that the text here stands on, where that is not the whole history."""
    from cryptpad_tui.engine.verifying import start_of

    session = engine.open_pad(joined.pad_id)
    start = start_of(session)
    session.close()
    if start is not None:
        diagnostics.note(f"{joined.short_id} {start.sentence}")


def _read_link() -> str:
    if stdin_is_terminal():
        diagnostics.note(
            "paste the link, then press Enter; it is not shown, and Ctrl+C leaves everything as it was"
        )
        raw = ask_secret("Link: ")
    else:
        try:
            raw = read_bytes(None, _LINK_LIMIT, "the link")
        except InputTooLong:
            raise LinkTooLong() from None
    return raw.decode("utf-8", "replace")


@click.command("sync", cls=VerbCommand)
@click.argument("pads", nargs=-1, metavar="[PAD...]")
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(0, _LONGEST_WAIT_S),
    default=_WAIT_S,
    show_default=True,
    metavar="SECONDS",
    help="How long to try.",
)
@unlocks
def sync_verb(sources: SecretSources, pads: tuple[str, ...], wait_s: float) -> ExitCode:
    """Send what waits and fetch what is new, of every PAD or of all; 0 only when nothing waits and every log
    checked out."""

    async def work(engine: Engine) -> tuple[SyncReport, SendReport]:
        pad_ids = [engine.find(pad).pad_id for pad in pads]
        relays = [pad.relay for pad in engine.listing() if not pad_ids or pad.pad_id in pad_ids]
        if not any(relays) and (pad_ids or engine.relay_url() is None):
            diagnostics.note(
                "no pad here has a relay, so there is nothing to do; see `cryptpad-tui relay set`"
            )
        async with telling_of_waits(engine):
            report = await engine.sync(pad_ids or None, wait_s=wait_s)
        tell(engine, report)
        files = await send_files(engine, pad_ids or None)
        tell_of_files(files)
        return report, files

    report, files = in_vault(sources, work)
    if report.alarms:
        return ExitCode.ALARM
    if report.unreachable:
        raise RelayUnreachable(_waiting_words(report.waiting))
    if report.waiting:
        raise StillWaiting(_waiting_words(report.waiting))
    if files.refused:
        raise StillWaiting(f"{files.refused} refused")
    return ExitCode.DONE


def _waiting_words(waiting: int) -> str:
    return f"{waiting} waiting" if waiting else ""
        from cryptpad_tui.engine import owed

            if not pad_ids and not report.unreachable:
                await owed.see_to(engine)
