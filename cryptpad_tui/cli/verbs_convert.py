"""The verbs that bring files in and pads out: import, export. What a format cannot hold is said on stderr."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

import click

from cryptpad_tui.cli import diagnostics, output
from cryptpad_tui.cli.errors import CliError, FileUnreadable, WrongUse
from cryptpad_tui.cli.import_sources import MAX_FILES, Source, sources_of
from cryptpad_tui.cli.root import VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources
from cryptpad_tui.cli.text_input import clean_text, require_title
from cryptpad_tui.cli.vault_access import in_vault, send_or_say

if TYPE_CHECKING:
    from cryptpad_tui.convert.model import Converted
    from cryptpad_tui.engine import Engine, PadListing

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
    found = [one for path in paths for one in sources_of(path, folder)]
    if len(found) > MAX_FILES:
        raise WrongUse(f"these are {len(found)} files; at most {MAX_FILES} at once")

    async def work(engine: Engine) -> None:
        from cryptpad_tui.convert.errors import NeedsPandoc, NotConverted

        refused, made = 0, []
        for source in found:
            try:
                pad = _import_one(engine, source, pandoc=pandoc)
            except (CliError, NotConverted, NeedsPandoc) as error:
                refused += 1
                diagnostics.warn(f"{source.shown}: {_sentence(error)}")
                continue
            output.write_line(pad.short_id)
            made.append(pad.pad_id)
        if made:
            await send_or_say(engine, *made)
        if refused:
            raise FileUnreadable(f"{refused} of {len(found)} files were not imported")

    in_vault(sources, work)


def _import_one(engine: Engine, source: Source, *, pandoc: bool) -> PadListing:
    from cryptpad_tui.convert.formats import is_rich, read_rich
    from cryptpad_tui.convert.model import runs_of
    from cryptpad_tui.crdt.kinds import PadKind
    from cryptpad_tui.editor.code_languages import MARKDOWN, language_of_title

    data = source.read()
    name = PurePath(source.name)
    # The end of a program's name says what its text holds, so it stays in the title.
    rich = is_rich(source.name, data)
    is_code = language_of_title(name.name) != MARKDOWN and name.suffix.lower() not in (".txt", ".text")
    is_code = is_code and not rich
    title = require_title(name.name if is_code else name.stem or name.name)
    if source.folder:
        require_title(source.folder)
    if not rich:
        cleaned = clean_text(data)
        for note in cleaned.notes:
            diagnostics.note(f"{source.shown}: {note}")
        return engine.create_pad(title, text=cleaned.text, folder=source.folder)
    read = read_rich(source.name, data, pandoc=pandoc)
    _say_lost(source.shown, read.lost)
    return engine.create_pad(
        title, kind=PadKind.RICHTEXT, runs=runs_of(read.paragraphs), folder=source.folder
    )


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
    chosen = wanted or _by_name(target)

    async def work(engine: Engine) -> None:
        found = engine.find(pad)
        if not found.kind.has_text:
            raise WrongUse("a file is no text to write in another format; `cryptpad-tui download` gives it")
        if chosen == "zip":
            from cryptpad_tui.cli.zip_export import write_zip

            return await write_zip(engine, found, target)
        made = _converted(engine, found, chosen, pandoc=pandoc)
        _say_lost(found.short_id, made.lost)
        if target == _STDOUT:
            output.write_bytes(made.data)
        else:
            _write_file(target, made.data)

    in_vault(sources, work)


def _by_name(target: Path) -> str:
    suffix = target.suffix.lower().removeprefix(".")
    return {"htm": "html", "markdown": "md"}.get(suffix, suffix if suffix in _FORMATS else "md")


_FORMATS: Final = frozenset({"md", "html", "txt", "docx", "odt", "pdf", "json", "zip"})


def _converted(engine: Engine, pad: PadListing, wanted: str, *, pandoc: bool) -> Converted:
    from cryptpad_tui.convert.formats import write_markdown, write_rich
    from cryptpad_tui.convert.model import paragraphs_of
    from cryptpad_tui.crdt.kinds import PadKind
    from cryptpad_tui.engine.files.exporting import runs_with_names

    session = engine.open_pad(pad.pad_id)
    try:
        if pad.kind is PadKind.RICHTEXT:
            runs = session.view.runs()
            attached = any("object" in marks for _, marks in runs) and wanted != "json"
            # Their names stand for them: a picture that nobody can open is worse than a word.
            found = paragraphs_of(runs_with_names(session.view) if attached else runs)
            made = write_rich(found, wanted, title=pad.title, pandoc=pandoc)
            lost = ("attached files but for their names; --format zip has them",) if attached else ()
            return replace(made, lost=(*made.lost, *lost))
        return write_markdown(session.view.text(), wanted, title=pad.title, pandoc=pandoc)
    finally:
        session.close()


def _write_file(target: Path, data: bytes) -> None:
    """Whole or not at all, and never over what is there."""
    try:
        with open(target, "xb") as stream:
            try:
                stream.write(data)
                stream.flush()
            except OSError:
                target.unlink(missing_ok=True)
                raise
    except FileExistsError:
        raise FileUnreadable(f"{target} is there already; choose another name") from None
    except OSError as error:
        raise FileUnreadable(f"{target}: {error.strerror or type(error).__name__}") from None


def _say_lost(what: str, lost: tuple[str, ...]) -> None:
    if lost:
        diagnostics.note(f"{what}: left out: {', '.join(lost)}")


def _sentence(error: Exception) -> str:
    sentence = " ".join((type(error).__doc__ or "").split())
    if isinstance(error, CliError):
        return error.detail or sentence
    return f"{sentence} ({error})" if str(error) else sentence
