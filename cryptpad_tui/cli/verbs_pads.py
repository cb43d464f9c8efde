"""The verbs that change pads: new, write, append, rename, rm. Saved here first, then sent for at most 2 s."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cryptpad_tui.cli import diagnostics, output
from cryptpad_tui.cli.root import VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources
from cryptpad_tui.cli.text_input import read_text, require_title, stdin_is_terminal
from cryptpad_tui.cli.vault_access import in_vault, send_or_say, send_quickly

if TYPE_CHECKING:
    from cryptpad_tui.crdt.view import ViewDocument
    from cryptpad_tui.engine import Engine

_STDIN = Path("-")


@click.command("new", cls=VerbCommand)
@click.argument("title")
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Its text; - reads standard input.",
)
@click.option(
    "--kind", type=click.Choice(("text", "richtext")), default="text", help="What it holds; text unless told."
)
@unlocks
def new_verb(sources: SecretSources, title: str, source: Path | None, kind: str) -> None:
    """Make a pad with TITLE and print its short id."""
    title = require_title(title)
    text = "" if source is None else read_text(None if source == _STDIN else source)

    async def work(engine: Engine) -> None:
        from cryptpad_tui.crdt.kinds import PadKind

        pad = engine.create_pad(title, kind=PadKind[kind.upper()], text=text)
        output.write_line(pad.short_id)
        await send_or_say(engine, pad.pad_id)

    in_vault(sources, work)


@click.command("write", cls=VerbCommand)
@click.argument("pad")
@unlocks
def write_verb(sources: SecretSources, pad: str) -> None:
    """Make PAD's text equal to standard input, by the smallest edits, so that a co-editor's stay."""
    _edit(sources, pad, lambda view, text: view.set_text(text))


@click.command("append", cls=VerbCommand)
@click.argument("pad")
@unlocks
def append_verb(sources: SecretSources, pad: str) -> None:
    """Add standard input to the end of PAD, byte for byte: no line end is added before or after it."""
    _edit(sources, pad, _append)


def _append(view: ViewDocument, text: str) -> None:
    view.replace(view.lines.end, view.lines.end, text)


def _edit(sources: SecretSources, reference: str, change: Callable[[ViewDocument, str], None]) -> None:
    """A pipe is read to its end before the vault is opened, a person's typing only once the pad is found."""
    piped = None if stdin_is_terminal() else read_text()

    async def work(engine: Engine) -> None:
        from cryptpad_tui.engine import NotAllowed
        from cryptpad_tui.pad.alarms import Alarm, AlarmCode

        pad = engine.find(reference)
        session = engine.open_pad(pad.pad_id)
        try:
            if not session.can_edit:
                raise NotAllowed
            if session.halted and session.alarm:
                raise Alarm(AlarmCode(session.alarm.code), "the pad takes no edits until you go on")
            change(session.view, read_text() if piped is None else piped)
            session.flush()
        finally:
            session.close()
        await send_or_say(engine, pad.pad_id)

    in_vault(sources, work)


@click.command("rename", cls=VerbCommand)
@click.argument("pad")
@click.argument("title")
@unlocks
def rename_verb(sources: SecretSources, pad: str, title: str) -> None:
    """Give PAD another TITLE, for everybody; of a pad that you may only view, your own name for it."""
    title = require_title(title)

    async def work(engine: Engine) -> None:
        found = engine.find(pad)
        engine.rename(found.pad_id, title)
        await send_or_say(engine, found.pad_id)

    in_vault(sources, work)


@click.command("rm", cls=VerbCommand)
@click.argument("pad")
@unlocks
def rm_verb(sources: SecretSources, pad: str) -> None:
    """Take PAD off your drive, with its keys. Others keep theirs, and the relay keeps what it has."""

    async def work(engine: Engine) -> None:
        found = engine.find(pad)
        # Edits that others wait for leave before the pad does.
        sent = not found.waiting or await send_quickly(engine, found.pad_id)
        engine.remove(found.pad_id)
        if not sent:
            diagnostics.warn(
                "the pad is off your drive; edits of it that the relay did not have went with it"
            )

    in_vault(sources, work)
