"""The verb that brings everything in step: pads, files, keys that are due, and the mail of contacts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from cryptpad_tui.cli import diagnostics, output
from cryptpad_tui.cli.diagnostics import ExitCode
from cryptpad_tui.cli.errors import RelayUnreachable, StillWaiting
from cryptpad_tui.cli.root import VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources
from cryptpad_tui.cli.vault_access import in_vault, tell, telling_of_waits
from cryptpad_tui.cli.verbs_files import send_files, tell_of_files

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine, SyncReport
    from cryptpad_tui.engine.files.sending import SendReport

_WAIT_S: Final = 10.0
_LONGEST_WAIT_S: Final = 86_400.0


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
        from cryptpad_tui.engine import owed

        found = [engine.find(pad) for pad in pads]
        pad_ids = [pad.pad_id for pad in found]
        relays = [pad.relay for pad in found or engine.listing()]
        if not any(relays) and (pad_ids or engine.relay_url() is None):
            diagnostics.note(
                "no pad here has a relay, so there is nothing to do; see `cryptpad-tui relay set`"
            )
        async with telling_of_waits(engine):
            report = await engine.sync(pad_ids or None, wait_s=wait_s)
            if not pad_ids and not report.unreachable:
                for sentence in await owed.see_to(engine):
                    diagnostics.note(sentence)
        tell(engine, report)
        if not pad_ids and not report.unreachable:
            await _exchange_mail(engine)
        await _change_due_keys(engine)
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


async def _exchange_mail(engine: Engine) -> None:
    """What contacts sent, and what waits for them; a mailbox in trouble is no trouble of the pads."""
    from cryptpad_tui.engine import inbox
    from cryptpad_tui.engine.limited import is_limited
    from cryptpad_tui.engine.mailbox import is_used

    if is_limited(engine.vault) or not is_used(engine):
        return
    before = engine.people.open_count()
    try:
        report = await inbox.look(engine)
    except Exception as error:
        if diagnostics.meaning(error) is None:
            raise
        diagnostics.note(f"your mailbox: {diagnostics.explain(error)[1]}")
        return
    for words in report.words:
        diagnostics.note(output.safe_line(words))
    if (came := engine.people.open_count() - before) > 0:
        diagnostics.note(f"{came} new in your inbox; `cryptpad-tui inbox` lists what is there")


async def _change_due_keys(engine: Engine) -> None:
    """An owner whose app is never open has their keys changed by the command that cron runs."""
    from cryptpad_tui.engine import schedule
    from cryptpad_tui.engine.folders import changing

    for sentence in await changing.finish(engine):
        diagnostics.note(sentence)
    if not schedule.is_due(engine):
        return
    for pad_id in await schedule.rotate_due(engine):
        short_id = engine.listing_of(pad_id).short_id
        diagnostics.note(f"{short_id} its keys were due, and are changed; links without a name ended")


def _waiting_words(waiting: int) -> str:
    return f"{waiting} waiting" if waiting else ""
