"""The verbs that bring files in and pads out: import, export. What a format cannot hold is said on stderr."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from cryptpad_tui.cli import diagnostics, output
from cryptpad_tui.cli.errors import FileUnreadable, WrongUse
from cryptpad_tui.cli.root import VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources
from cryptpad_tui.cli.text_input import require_title
from cryptpad_tui.cli.vault_access import in_vault, send_or_say

if TYPE_CHECKING:
    from cryptpad_tui.convert.reading import ForeignReader
    from cryptpad_tui.engine import Engine, PadListing
    from cryptpad_tui.engine.exchange.sources import Source

_STDOUT: Final = Path("-")


_pandoc_option = click.option(
    "--pandoc", "pandoc", is_flag=True, help="Let the program pandoc convert docx and odt."
)


@click.command("import", cls=VerbCommand)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE|DIR...")
@click.option(
    "--into", "folder", default="", metavar="FOLDER", help="The folder of the drive, as Work/Notes."
)
@_pandoc_option
@unlocks
def import_verb(sources: SecretSources, paths: tuple[Path, ...], folder: str, pandoc: bool) -> None:
    """Make a pad of each file and print its short id; of a folder or a zip, of each file in it."""
    folder = folder.strip("/")
    if folder:
        require_title(folder)
    from cryptpad_tui.convert.reading import ForeignReader
    from cryptpad_tui.engine.exchange.sources import MAX_FILES, sources_of

    with ForeignReader() as reader:
        found = [one for path in paths for one in sources_of(path, folder, reader)]
        if len(found) > MAX_FILES:
            raise WrongUse(f"these are {len(found)} files; at most {MAX_FILES} at once")
        # They start while the passphrase is asked for, before there is a key.
        reader.warm_up(one.suffix for one in found)
        in_vault(sources, lambda engine: _import_all(engine, reader, found, pandoc=pandoc))


async def _import_all(engine: Engine, reader: ForeignReader, found: list[Source], *, pandoc: bool) -> None:
    from cryptpad_tui.engine.exchange.importing import NOT_IMPORTED

    refused, made = 0, []
    for source in found:
        try:
            pad = await _import_one(engine, reader, source, pandoc=pandoc)
        except NOT_IMPORTED as error:
            refused += 1
            diagnostics.warn(f"{source.shown}: {diagnostics.explain(error)[1]}")
            continue
        output.write_line(pad.short_id)
        made.append(pad.pad_id)
    if made:
        await send_or_say(engine, *made)
    if refused:
        raise FileUnreadable(f"{refused} of {len(found)} files were not imported")


async def _import_one(engine: Engine, reader: ForeignReader, source: Source, *, pandoc: bool) -> PadListing:
    from cryptpad_tui.engine.exchange.importing import make_pad, read_file

    try:
        read = await asyncio.to_thread(read_file, source, reader, pandoc=pandoc)
    except asyncio.CancelledError:
        # The thread ends with the process that it waits for.
        reader.close()
        raise
    for note in read.notes:
        diagnostics.note(f"{source.shown}: {note}")
    _say_lost(source.shown, read.lost)
    return await make_pad(engine, read)


@click.command("export", cls=VerbCommand)
@click.argument("pad")
@click.option(
    "--format",
    "wanted",
    type=click.Choice(("md", "html", "txt", "docx", "odt", "pdf", "json", "zip")),
    help="What to make; else by the name of the file, else md.",
)
@click.option(
    "-o",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    default=_STDOUT,
    metavar="FILE",
    help="Where to write; - is standard output.",
)
@_pandoc_option
@unlocks
def export_verb(sources: SecretSources, pad: str, wanted: str | None, target: Path, pandoc: bool) -> None:
    """Write PAD as a file of another format. What the format cannot hold is named on standard error."""

    async def work(engine: Engine) -> None:
        from cryptpad_tui.engine.exchange import exporting
        from cryptpad_tui.engine.exchange.zipping import save_zip

        found = engine.find(pad)
        if not found.kind.has_text:
            raise WrongUse("a file is no text to write in another format; `cryptpad-tui download` gives it")
        chosen = wanted or exporting.format_by_name(target)
        if chosen == "zip":
            if target == _STDOUT:
                raise WrongUse("an archive goes to a file: -o FILE.zip")
            for missing in await save_zip(engine, found.pad_id, target):
                diagnostics.note(f"{found.short_id}: left out: the file {missing}, whose bytes are not there")
            return
        made = exporting.written(
            await exporting.take_with_pictures(engine, found.pad_id, chosen), chosen, pandoc=pandoc
        )
        _say_lost(found.short_id, made.lost)
        if target == _STDOUT:
            output.write_bytes(made.data)
        else:
            exporting.save(target, made.data)

    in_vault(sources, work)


def _say_lost(what: str, lost: tuple[str, ...]) -> None:
    if lost:
        diagnostics.note(f"{what}: left out: {', '.join(lost)}")
