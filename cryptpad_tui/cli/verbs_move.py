"""`move`: one's own pads to another relay, with everybody in them; and following a pad that was moved."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

from cryptpad_tui.cli import diagnostics, output
from cryptpad_tui.cli.errors import WrongUse
from cryptpad_tui.cli.root import VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources
from cryptpad_tui.cli.vault_access import in_vault

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine
    from cryptpad_tui.engine.relocating import MoveReport


@click.command("move", cls=VerbCommand)
@click.argument("pad", required=False)
@click.option("--all", "everything", is_flag=True, help="Every pad of your own, and the drive.")
@click.option("--to", metavar="URL", help="The relay to move to; the one of now must still answer.")
@click.option("--follow", metavar="URL", help="Go on at this relay, to which the pad's owner moved it.")
@click.option(
    "--old-is-gone", is_flag=True, help="With --to: the relay of now will never answer again. Read the page."
)
@click.option("--erase-old", is_flag=True, help="With --to: erase there what the pad leaves behind.")
@unlocks
def move_verb(
    sources: SecretSources,
    pad: str | None,
    everything: bool,
    to: str | None,
    follow: str | None,
    old_is_gone: bool,
    erase_old: bool,
) -> None:
    """Bring PAD, or all, to another relay; everybody in it goes on there by themselves. Prints ids."""
    if (pad is None) == (not everything):
        raise WrongUse("say one pad, or --all")
    if (to is None) == (follow is None):
        raise WrongUse("say --to URL, or --follow URL where somebody else moved it")
    if (follow is not None and (old_is_gone or erase_old)) or (old_is_gone and erase_old):
        raise WrongUse("--old-is-gone and --erase-old go with --to, one of them")
    from cryptpad_tui.cli.verbs_vault import parse_relay

    url = parse_relay(to or follow or "")
    if url is None:
        raise WrongUse("a pad moves to a relay, not to none")

    async def work(engine: Engine) -> None:
        if follow is not None:
            await _follow(engine, pad, url)
        elif pad is not None:
            await _move_one(engine, engine.find(pad).pad_id, url, old_is_gone, erase_old)
        else:
            await _move_all(engine, url, old_is_gone, erase_old)

    in_vault(sources, work)


async def _move_one(engine: Engine, pad_id: bytes, url: str, old_is_gone: bool, erase: bool) -> None:
    from cryptpad_tui.engine import relocating

    report = await relocating.move(engine, pad_id, url, old_is_gone=old_is_gone, erase=erase)
    _say(engine, report)
    diagnostics.note(relocating.WHAT_MOVING_DOES if not old_is_gone else relocating.WITHOUT_THE_OLD)
    await _tell_contacts(engine)


async def _move_all(engine: Engine, url: str, old_is_gone: bool, erase: bool) -> None:
    from cryptpad_tui.engine import moving_house, relocating

    def done(report: MoveReport) -> None:
        _say(engine, report)

    outcome = await moving_house.move_all(engine, url, old_is_gone=old_is_gone, erase=erase, done=done)
    for pad_id, why in outcome.failed:
        diagnostics.warn(f"{_title(engine, pad_id)} stays where it is: {output.safe_line(why)}")
    if outcome.others:
        many = "1 pad belongs" if outcome.others == 1 else f"{outcome.others} pads belong"
        diagnostics.note(f"{many} to others, who alone can move them")
    if outcome.failed:
        raise moving_house.NotAllMoved
    diagnostics.note(relocating.WHAT_MOVING_DOES if not old_is_gone else relocating.WITHOUT_THE_OLD)
    diagnostics.note(
        "your drive and what you make from here on are at the other relay; print a kit again, and if you have"
        " a login, make it again"
    )
    await _tell_contacts(engine)


async def _follow(engine: Engine, pad: str | None, url: str) -> None:
    from cryptpad_tui.engine import moving_house, whereabouts

    if pad is not None:
        pad_id = engine.find(pad).pad_id
        await whereabouts.follow(engine, pad_id, url)
        output.write_line(engine.listing_of(pad_id).short_id)
        return
    followed = await moving_house.follow_all(engine, url)
    for pad_id in followed.found:
        _write_id(engine, pad_id)
    for pad_id, why in followed.failed:
        diagnostics.warn(f"{_title(engine, pad_id)} was not followed: {output.safe_line(why)}")
    if followed.failed:
        raise moving_house.NotAllFollowed


def _say(engine: Engine, report: MoveReport) -> None:
    drive = report.pad_id == engine.drive_session.pad_id
    if not drive:
        _write_id(engine, report.pad_id)
    for name in report.absent_files:
        diagnostics.warn(f"the file {output.safe_line(name)} is neither here nor at the relay before")
    for name in report.broken_files:
        diagnostics.warn(
            f"the file {output.safe_line(name)} stayed behind: what the pad says about it does not fit its"
            " bytes, so nobody could open it; whoever attached it may attach it again"
        )
    if report.is_left:
        diagnostics.note("the relay before is not asked to erase what it has yet: `cryptpad-tui sync` does")
    if report.told:
        diagnostics.note(
            f"{report.told} of your contacts are told of {_title(engine, report.pad_id)} by mail"
        )


def _write_id(engine: Engine, pad_id: bytes) -> None:
    """Of a pad in the trash, which no list shows, nothing."""
    from cryptpad_tui.engine.errors import UnknownPad

    with contextlib.suppress(UnknownPad):
        output.write_line(engine.listing_of(pad_id).short_id)


def _title(engine: Engine, pad_id: bytes) -> str:
    from cryptpad_tui.engine.errors import UnknownPad

    try:
        return output.safe_line(engine.listing_of(pad_id).title) or "a pad without a title"
    except UnknownPad:
        return "your drive" if pad_id == engine.drive_session.pad_id else "a pad in the trash"


async def _tell_contacts(engine: Engine) -> None:
    from cryptpad_tui.cli.verbs_contacts import settle_quickly
    from cryptpad_tui.engine import outbox

    if outbox.has_waiting(engine):
        await settle_quickly(engine)
