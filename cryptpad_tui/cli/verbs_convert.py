"""The verbs that bring files in and pads out: import, export. What a format cannot hold is said on stderr."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from cryptpad_tui.cli import diagnostics, output
from cryptpad_tui.cli.errors import CliError, FileUnreadable, WrongUse
from cryptpad_tui.cli.root import VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources
from cryptpad_tui.cli.text_input import MAX_INPUT_BYTES, clean_text, read_bytes, require_title
from cryptpad_tui.cli.vault_access import in_vault, send_or_say

if TYPE_CHECKING:
    from cryptpad_tui.convert.model import Converted
    from cryptpad_tui.engine import Engine, PadListing

_STDOUT: Final = Path("-")
MAX_FILES: Final = 10_000


@click.command("import", cls=VerbCommand)
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE|DIR...")
@click.option(
    "--into", "folder", default="", metavar="FOLDER", help="The folder of the drive, as Work/Notes."
)
@unlocks
def import_verb(sources: SecretSources, paths: tuple[Path, ...], folder: str) -> None:
    """Make a pad of each file and print its short id; of a folder, of each file in it."""
    folder = folder.strip("/")
    if folder:
        require_title(folder)
    found = [one for path in paths for one in _files(path, folder)]
    if len(found) > MAX_FILES:
        raise WrongUse(f"these are {len(found)} files; at most {MAX_FILES} at once")

    async def work(engine: Engine) -> None:
        refused, made = 0, []
        for path, into in found:
            try:
                pad = _import_one(engine, path, into)
            except CliError as error:
                refused += 1
                diagnostics.warn(f"{path}: {_sentence(error)}")
                continue
            output.write_line(pad.short_id)
            made.append(pad.pad_id)
        if made:
            await send_or_say(engine, *made)
        if refused:
            raise FileUnreadable(f"{refused} of {len(found)} files were not imported")

    in_vault(sources, work)


def _files(path: Path, folder: str) -> Iterator[tuple[Path, str]]:
    """The files to import, each with its folder in the drive; links and hidden files of folders are not."""
    if not path.is_dir():
        yield path, folder
        return
    for directory, names, files in os.walk(path):
        names[:] = sorted(name for name in names if not name.startswith("."))
        inside = Path(directory).relative_to(path.parent if path.name else path)
        into = "/".join([part for part in (folder, *inside.parts) if part not in ("", ".", "..")])
        for name in sorted(files):
            file = Path(directory) / name
            if not name.startswith(".") and file.is_file() and not file.is_symlink():
                yield file, into


def _import_one(engine: Engine, path: Path, folder: str) -> PadListing:
    from cryptpad_tui.convert.formats import RICH_SUFFIXES, read_rich
    from cryptpad_tui.convert.model import runs_of
    from cryptpad_tui.crdt.kinds import PadKind

    data = read_bytes(path, MAX_INPUT_BYTES, "the file")
    title = require_title(path.stem or path.name)
    if path.suffix.lower() not in RICH_SUFFIXES:
        cleaned = clean_text(data)
        for note in cleaned.notes:
            diagnostics.note(f"{path}: {note}")
        return engine.create_pad(title, text=cleaned.text, folder=folder)
    read = read_rich(path.name, data)
    _say_lost(str(path), read.lost)
    return engine.create_pad(title, kind=PadKind.RICHTEXT, runs=runs_of(read.paragraphs), folder=folder)


@click.command("export", cls=VerbCommand)
@click.argument("pad")
@click.option(
    "--format",
    "wanted",
    type=click.Choice(("md", "html", "txt", "docx", "odt", "pdf", "json")),
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
@unlocks
def export_verb(sources: SecretSources, pad: str, wanted: str | None, target: Path) -> None:
    """Write PAD as a file of another format. What the format cannot hold is named on standard error."""
    chosen = wanted or _by_name(target)

    async def work(engine: Engine) -> None:
        found = engine.find(pad)
        made = _converted(engine, found, chosen)
        _say_lost(found.short_id, made.lost)
        if target == _STDOUT:
            output.write_bytes(made.data)
        else:
            _write_file(target, made.data)

    in_vault(sources, work)


def _by_name(target: Path) -> str:
    suffix = target.suffix.lower().removeprefix(".")
    return {"htm": "html", "markdown": "md"}.get(suffix, suffix if suffix in _FORMATS else "md")


_FORMATS: Final = frozenset({"md", "html", "txt", "docx", "odt", "pdf", "json"})


def _converted(engine: Engine, pad: PadListing, wanted: str) -> Converted:
    from cryptpad_tui.convert.formats import write_markdown, write_rich
    from cryptpad_tui.convert.model import paragraphs_of
    from cryptpad_tui.crdt.kinds import PadKind

    session = engine.open_pad(pad.pad_id)
    try:
        if pad.kind is PadKind.RICHTEXT:
            return write_rich(paragraphs_of(session.view.runs()), wanted, title=pad.title)
        return write_markdown(session.view.text(), wanted, title=pad.title)
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


def _sentence(error: CliError) -> str:
    return error.detail or " ".join((type(error).__doc__ or "").split())
