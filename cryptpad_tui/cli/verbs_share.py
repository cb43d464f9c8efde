"""The verbs about links: share, join. A link goes out on standard output and comes in on standard
input, never through an argument."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from cryptpad_tui.cli import diagnostics, output
from cryptpad_tui.cli.errors import WrongUse
from cryptpad_tui.cli.link_input import new_link_passphrase, opened, read_link_text
from cryptpad_tui.cli.root import VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources
from cryptpad_tui.cli.table import table
from cryptpad_tui.cli.text_input import stdin_is_terminal
from cryptpad_tui.cli.vault_access import in_vault, telling_of_waits
from cryptpad_tui.host.loopback import ONLY_HERE, is_only_here

if TYPE_CHECKING:
    from cryptpad_tui.crypto.links import Link
    from cryptpad_tui.engine import Engine, PadListing
    from cryptpad_tui.engine.link_book import BookLink
    from cryptpad_tui.engine.linking import LinkFacts

LOCK_FILE: Final = "The passphrase of a locked link, from a file that only you can read; -: standard input."
_WAIT_S: Final = 10.0


@click.command("share", cls=VerbCommand)
@click.argument("pad")
@click.option("--view", is_flag=True, help="A link that can read and not write.")
@click.option("--label", default="", metavar="TEXT", help="Name it on your list: it can be ended alone.")
@click.option("--locked", is_flag=True, help="Ask for a passphrase that opens this one link.")
@click.option("--lock-file", type=click.Path(path_type=Path), metavar="FILE", help=LOCK_FILE)
@click.option("--qr", is_flag=True, help="Draw it as a QR code, too.")
@click.option("--code", is_flag=True, help="A one-time code to read aloud, and wait until it is used.")
@click.option("--list", "as_list", is_flag=True, help="List the named links instead.")
@click.option("--json", "as_json", is_flag=True, help="With --list: print one JSON value.")
@unlocks
def share_verb(
    sources: SecretSources,
    pad: str,
    view: bool,
    label: str,
    locked: bool,
    lock_file: Path | None,
    qr: bool,
    code: bool,
    as_list: bool,
    as_json: bool,
) -> None:
    """Print a link to PAD. Whoever has the link has the pad: give it on a way that you trust."""
    makes = view or bool(label) or locked or qr or lock_file is not None
    if (as_list and (makes or code)) or (code and (locked or qr or lock_file is not None)):
        raise WrongUse("--list goes alone, and --code with --view and --label only")
    if as_json and not as_list:
        raise WrongUse("--json goes with --list")
    if as_list:
        _list_links(sources, pad, as_json=as_json)
    elif code:
        _share_by_code(sources, pad, view=view, label=label)
    else:
        passphrase = new_link_passphrase(lock_file) if locked or lock_file is not None else None
        _share_link(sources, pad, {"view": view, **_named(label, passphrase)}, qr=qr)


def _named(label: str, passphrase: bytes | None = None) -> dict[str, Any]:
    """Only what is asked for."""
    return {**({"label": label} if label else {}), **({"passphrase": passphrase} if passphrase else {})}


def _share_link(sources: SecretSources, pad: str, wish: dict[str, Any], *, qr: bool) -> None:
    async def work(engine: Engine) -> str:
        found = engine.find(pad)
        async with telling_of_waits(engine):
            made = await engine.make_link(found.pad_id, wait_s=_WAIT_S, **wish)
        if output.is_terminal() and is_only_here(found.relay):
            diagnostics.note(ONLY_HERE)
        return made

    link = in_vault(sources, work)
    if qr:
        _draw(link)
    output.write_line(link)


def _draw(link: str) -> None:
    """The code, or why there is none: half of one would be read as nothing, or as something else."""
    from cryptpad_tui.cli.qr import misfit, qr_lines

    lines = qr_lines(link)
    why_not = misfit(lines, *shutil.get_terminal_size()) if output.is_terminal() else ""
    if why_not:
        diagnostics.note(why_not)
    else:
        output.write_lines(lines)


def _list_links(sources: SecretSources, pad: str, *, as_json: bool) -> None:
    async def work(engine: Engine) -> tuple[list[BookLink], int]:
        from cryptpad_tui.engine import membership

        pad_id = engine.find(pad).pad_id
        return membership.links(engine, pad_id), membership.members(engine, pad_id).epoch

    from cryptpad_tui.cli.link_words import link_objects, link_rows

    links, epoch = in_vault(sources, work)
    if as_json:
        output.write_json_object(link_objects(links, epoch))
        return
    if not links:
        diagnostics.note("no link of this pad has a name; `share PAD --label TEXT` makes one that has")
        return
    head = ("name", "right", "lock", "made", "state", "id")
    output.write_lines(table(head, link_rows(links, epoch), flexible=0))


def _share_by_code(sources: SecretSources, pad: str, *, view: bool, label: str) -> None:
    from cryptpad_tui.cli.verbs_devices import show_code
    from cryptpad_tui.engine.codes import give_link

    async def work(engine: Engine) -> None:
        pad_id = engine.find(pad).pad_id
        await give_link(
            engine, pad_id, view=view, show=lambda made: show_code(made, "join --code"), **_named(label)
        )

    in_vault(sources, work)
    diagnostics.note("the other has the link")


@click.command("join", cls=VerbCommand)
@click.option("--code", is_flag=True, help="Read a one-time code instead of a link.")
@click.option("--relay", metavar="URL", help="With --code: the relay of who shows it, if it is not yours.")
@click.option("--lock-file", type=click.Path(path_type=Path), metavar="FILE", help=LOCK_FILE)
@click.option("--show", is_flag=True, help="Say what the link gives, and join nothing.")
@click.option("--json", "as_json", is_flag=True, help="With --show: print one JSON value.")
@click.option("--yes", is_flag=True, help="At a terminal: do not ask before joining.")
@unlocks
def join_verb(
    sources: SecretSources,
    code: bool,
    relay: str | None,
    lock_file: Path | None,
    show: bool,
    as_json: bool,
    yes: bool,
) -> None:
    """Read a link from standard input, add its pad to your drive and print the pad's short id."""
    if relay is not None and not code:
        raise WrongUse("--relay without --code")
    if as_json and not show:
        raise WrongUse("--json goes with --show")
    if show and code:
        raise WrongUse("a code is used up when it is entered, so --show goes with a link")
    link = None if code else _read_link(lock_file)
    by_code = _code_reader(relay) if code else None
    if show and link is not None:
        _show_link(sources, link, as_json=as_json)
        return
    is_asked = not yes and not code and stdin_is_terminal()

    async def work(engine: Engine) -> str | None:
        async with telling_of_waits(engine):
            found: Link | str | None = await by_code(engine) if by_code else link
            assert found is not None
            if is_asked and not isinstance(found, str) and not await _agreed(engine, found):
                return None
            joined = await engine.join(found, wait_s=_WAIT_S)
        _tell_start(engine, joined)
        return joined.short_id

    short_id = in_vault(sources, work)
    if short_id is not None:
        output.write_line(short_id)


def _read_link(lock_file: Path | None) -> Link:
    from cryptpad_tui.crypto.locked_links import read_link

    text, given = read_link_text()
    return opened(read_link(text), given, lock_file)


async def _look(engine: Engine, link: Link) -> LinkFacts:
    from cryptpad_tui.engine.linking import look

    return await look(engine, link, wait_s=_WAIT_S)


def _show_link(sources: SecretSources, link: Link, *, as_json: bool) -> None:
    from cryptpad_tui.cli.link_words import facts_lines, facts_object

    facts = in_vault(sources, lambda engine: _look(engine, link))
    if as_json:
        output.write_json_object(facts_object(facts))
    else:
        output.write_lines(facts_lines(facts))


async def _agreed(engine: Engine, link: Link) -> bool:
    """Whether the person who pasted the link wants what it gives."""
    from cryptpad_tui.cli.link_words import facts_lines

    for line in facts_lines(await _look(engine, link)):
        diagnostics.note(line)
    return click.confirm("Join it?", default=True, err=True)


def _code_reader(relay: str | None) -> Callable[[Engine], Awaitable[str]]:
    """Read the code now; the link it stands for comes when the vault is open."""
    from cryptpad_tui.cli.verbs_devices import read_code, require_relay

    url, code = require_relay(relay) if relay else None, read_code()

    async def take(engine: Engine) -> str:
        from cryptpad_tui.engine.codes import take_link_here

        return await take_link_here(engine, code, url=url)

    return take


def _tell_start(engine: Engine, joined: PadListing) -> None:
    """By whom the start was made that the text here stands on, where that is not the whole history; and what
    went wrong on the way.
    """
    from cryptpad_tui.engine.verifying import start_of

    session = engine.open_pad(joined.pad_id)
    start = start_of(session)
    for notice in session.take_notices():
        diagnostics.note(f"{joined.short_id} {notice.line}")
    session.close()
    if start is not None:
        diagnostics.note(f"{joined.short_id} {start.sentence}")
