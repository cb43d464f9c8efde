"""The verbs about the account's root: rotate-account here, `device follow` on each machine that comes along.

The step itself needs the vault alone, as `vault rekey` does. The words that make others believe it are
printed and read, never given as arguments.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeVar

import click

from cryptpad_tui.cli import diagnostics, output
from cryptpad_tui.cli.errors import WrongUse
from cryptpad_tui.cli.root import VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources
from cryptpad_tui.cli.text_input import read_line, stdin_is_terminal
from cryptpad_tui.cli.vault_access import run_on, tell, unlock

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine
    from cryptpad_tui.engine.moving import Moved

T = TypeVar("T")
T2 = TypeVar("T2")
_WORDS_LIMIT: Final = 256


@click.command("rotate-account", cls=VerbCommand)
@click.option(
    "--keep", multiple=True, metavar="NAME", help="A machine that comes along; the rest stay behind."
)
@click.option("--all", "everything", is_flag=True, help="Begin pads anew that others are in, too.")
@click.option("--finish", is_flag=True, help="Wait no more for machines that have not come.")
@click.option("--again", is_flag=True, help="Also where it was done less than a day ago.")
@click.option("--yes", is_flag=True, help="Do not ask first.")
@unlocks
def rotate_account_verb(
    sources: SecretSources, keep: tuple[str, ...], everything: bool, finish: bool, again: bool, yes: bool
) -> None:
    """Give the account another root, because a machine that holds it was lost, or the kit's page was.

    Pads of yours that nobody else is in begin anew; the lost machine can open nothing of that. Once begun,
    the same command goes on with it. Prints the words that `device follow` asks for on machines to keep."""
    from cryptpad_tui.engine import rotating

    async def begin(engine: Engine) -> str | None:
        told = rotating.moving(engine)
        if told is not None:
            if keep:
                raise WrongUse("it was begun already, with its machines; without --keep it goes on")
            return told.words if told.waits_for else None
        if finish:
            raise WrongUse("--finish goes with a change that was begun")
        if not again:
            rotating.require_not_just_done(engine)
        return await _switch(engine, keep, yes=yes)

    words, done = _in_two(sources, begin, lambda engine: _go_on(engine, everything, finish))
    if words and done.waits_for:
        output.write_line(words)
    _say(done)


async def _switch(engine: Engine, keep: tuple[str, ...], *, yes: bool) -> str | None:
    from cryptpad_tui.engine import devices, rotating

    lines = [devices.find(engine, name) for name in keep]
    if any(line.is_this for line in lines):
        raise devices.ThisDevice
    await rotating.ready(engine, lines)
    left = [each for each in devices.devices(engine) if not each.is_this and each not in lines]
    behind = ", ".join(output.safe_line(each.name) for each in left) or "no machine that is on the list"
    diagnostics.note(f"left behind: {behind}")
    for sentence in rotating.WHAT_IT_DOES:
        diagnostics.note(sentence)
    if not yes:
        if not stdin_is_terminal():
            raise WrongUse("nobody can take it back, so it needs --yes")
        if not click.confirm("Give the account another root?", err=True):
            raise click.Abort
    with engine.vault.alone():
        return rotating.switch(engine, lines)


async def _go_on(engine: Engine, everything: bool, finish: bool) -> Moved:
    from cryptpad_tui.engine import moving
    from cryptpad_tui.engine.files.sending import send_waiting

    done = await moving.go_on(engine, everything=everything, give_up=finish)
    if (await send_waiting(engine)).waiting:
        diagnostics.note("files that were sealed again wait for the relay: `cryptpad-tui sync` sends them")
    return done


def _say(done: Moved) -> None:
    if done.anew:
        diagnostics.note(f"{_count(done.anew)} of yours began anew; those of before are in the trash")
    for titles, what in (
        (done.stay, "stays as it is, since others are in it"),
        (done.broken, "stays as it is, since nobody has all of it"),
        (done.shared, "began anew, and who was in it needs a new link"),
        (done.lost, "could not be taken along, since nobody has its bytes"),
    ):
        for title in titles:
            diagnostics.note(f"{what}: {output.safe_line(title)}")
    if done.stay or done.broken:
        diagnostics.note(
            "whoever has the old root goes on reading and changing what stays, and can destroy it; no change"
            " of keys ends that, since they have the owner's key, too: `duplicate` makes a pad that they"
            " cannot open"
        )
    if done.later:
        diagnostics.note(f"{_count(done.later)} not here yet; `cryptpad-tui sync` goes on")
    if done.waits_for:
        diagnostics.note(
            f"{len(done.waits_for)} of your machines must still come: enter the words there with"
            " `cryptpad-tui device follow`; `rotate-account --finish` waits no more"
        )
    elif done.is_done:
        diagnostics.note("the drive of before is deleted at its relay")
    else:
        diagnostics.note("not everything is done; `cryptpad-tui sync` goes on with it")
    diagnostics.note("the kit of before opens nothing any more: make it again, `cryptpad-tui kit`")


@click.command("follow", cls=VerbCommand)
@unlocks
def follow_verb(sources: SecretSources) -> None:
    """Go along with the account to its other root: reads the words that `rotate-account` showed."""

    async def turn(engine: Engine) -> None:
        from cryptpad_tui.engine import coming_along

        tell(engine, await engine.sync(wait_s=30.0))
        if coming_along.waiting(engine) is None:
            raise coming_along.NoWord
        typed = await asyncio.to_thread(_typed_words)
        with engine.vault.alone():
            coming_along.follow(engine, typed)

    async def fetch(engine: Engine) -> bool:
        from cryptpad_tui.engine import coming_along

        return await coming_along.go_on(engine)

    _, is_done = _in_two(sources, turn, fetch)
    diagnostics.note("this machine went along; the kit of before opens nothing any more")
    if not is_done:
        diagnostics.note("not everything has come yet; the next `cryptpad-tui sync` goes on")


def _typed_words() -> str:
    return read_line(_WORDS_LIMIT, "the four words that the other machine shows").decode("utf-8", "replace")


def _in_two(
    sources: SecretSources,
    first: Callable[[Engine], Awaitable[T]],
    then: Callable[[Engine], Awaitable[T2]],
) -> tuple[T, T2]:
    """One part, and another with the vault opened again: nothing of before is in memory any more."""
    from cryptpad_tui.vault.headerfile import read_header
    from cryptpad_tui.vault.vault import Vault

    vault = unlock(sources)
    directory, key = vault.directory, vault.sealing_key()
    found = asyncio.run(run_on(vault, first))
    again = Vault.open_held(directory, read_header(directory).vault_id, key)
    return found, asyncio.run(run_on(again, then))


def _count(pads: int) -> str:
    return f"{pads} pad" if pads == 1 else f"{pads} pads"
