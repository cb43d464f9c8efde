"""The verbs that change pads: new, write, append, rename. Saved here first, then sent for at most 2 s."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cryptpad_relay.protocol.term_safe import term_safe
from cryptpad_tui.cli import diagnostics, output
from cryptpad_tui.cli.errors import WrongUse
from cryptpad_tui.cli.root import VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources
from cryptpad_tui.cli.text_input import read_text, require_title, stdin_is_terminal
from cryptpad_tui.cli.vault_access import in_vault, send_or_say

if TYPE_CHECKING:
    from cryptpad_tui.crdt.view import ViewDocument
    from cryptpad_tui.engine import Engine, PadListing, PadSession

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
@click.option("--into", "folder", default="", metavar="FOLDER", help="Its folder, as Work/Notes.")
@click.option("--template", metavar="PAD", help="Begin with the text of this pad, and its kind.")
@unlocks
def new_verb(
    sources: SecretSources, title: str, source: Path | None, kind: str, folder: str, template: str | None
) -> None:
    """Make a pad with TITLE and print its short id."""
    title = require_title(title)
    if template is not None and source is not None:
        raise WrongUse("--from and --template")
    text = "" if source is None else read_text(None if source == _STDIN else source)

    async def work(engine: Engine) -> None:
        from cryptpad_tui.crdt.kinds import PadKind
        from cryptpad_tui.engine import keeping

        pad = await _begun_with(engine, template, title) or engine.create_pad(
            title, kind=PadKind[kind.upper()], text=text
        )
        if folder:
            keeping.move_pad(engine, pad.pad_id, keeping.make_folder(engine, folder))
        output.write_line(pad.short_id)
        await send_or_say(engine, pad.pad_id)
        if template is not None:
            from cryptpad_tui.cli.verbs_files import send_its_files

            await send_its_files(engine, pad.pad_id)

    in_vault(sources, work)


async def _begun_with(engine: Engine, template: str | None, title: str) -> PadListing | None:
    """A pad like the template, at the top of the drive."""
    if template is None:
        return None
    from cryptpad_tui.drive.tree import TOP
    from cryptpad_tui.engine import keeping

    made = await duplicated(engine, engine.find(template).pad_id, title)
    keeping.move_pad(engine, made.pad_id, TOP)
    return made


async def duplicated(engine: Engine, pad_id: bytes, title: str) -> PadListing:
    """A pad of one's own like another; names the files of it that nobody who is here has."""
    from cryptpad_tui.engine.files.copying import duplicate

    copied = await duplicate(engine, pad_id, title)
    for ref in copied.missing:
        diagnostics.note(f"{term_safe(ref.name)}: its bytes are not here, so the copy has none of it")
    return copied.pad


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
    edited(sources, reference, lambda session: change(session.view, read_text() if piped is None else piped))


Then = Callable[["Engine", "PadSession"], bool]
"""What follows a change of a pad once it is durable; whether there is mail to send."""


def edited(
    sources: SecretSources, reference: str, change: Callable[[PadSession], None], then: Then | None = None
) -> None:
    """Change a pad that takes edits, make it durable, and send it or say why not."""

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
            change(session)
            session.flush()
            has_mail = then is not None and then(engine, session)
        finally:
            session.close()
        await send_or_say(engine, pad.pad_id)
        if has_mail:
            from cryptpad_tui.cli.verbs_contacts import settle_quickly

            await settle_quickly(engine)

    in_vault(sources, work)


@click.command("rename", cls=VerbCommand)
@click.argument("pad")
@click.argument("title")
@unlocks
def rename_verb(sources: SecretSources, pad: str, title: str) -> None:
    """Give PAD another TITLE, for everybody; of a pad that you may only view, your own name for it. A folder
    is renamed for you alone."""
    title = require_title(title)

    async def work(engine: Engine) -> None:
        from cryptpad_tui.engine import keeping

        found, folder = keeping.find_any(engine, pad)
        if found is None:
            keeping.rename_folder(engine, folder, title)
            return
        engine.rename(found.pad_id, title)
        await send_or_say(engine, found.pad_id)

    in_vault(sources, work)
