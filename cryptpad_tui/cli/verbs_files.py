"""The verbs about files: upload, download, attach, files. Bytes are streamed; nothing is held whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from cryptpad_tui.cli import diagnostics, output
from cryptpad_tui.cli.errors import CliError, FileUnreadable, WrongUse
from cryptpad_tui.cli.progress import Progress
from cryptpad_tui.cli.root import VerbCommand, unlocks
from cryptpad_tui.cli.secret_sources import SecretSources
from cryptpad_tui.cli.table import table
from cryptpad_tui.cli.text_input import require_title
from cryptpad_tui.cli.vault_access import in_vault, send_quickly, telling_of_waits

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine, PadListing
    from cryptpad_tui.engine.files.sending import SendReport
    from cryptpad_tui.pad.objects import FileRef

_STDOUT: Final = Path("-")
_PATH: Final = click.Path(path_type=Path)


@click.command("upload", cls=VerbCommand)
@click.argument("paths", nargs=-1, required=True, type=_PATH, metavar="FILE...")
@click.option(
    "--into", "folder", default="", metavar="FOLDER", help="The folder of the drive, as Work/Notes."
)
@unlocks
def upload_verb(sources: SecretSources, paths: tuple[Path, ...], folder: str) -> None:
    """Take every FILE into your drive, sealed, and print its short id; again, it goes on where it was."""
    folder = folder.strip("/")
    if folder:
        require_title(folder)

    async def work(engine: Engine) -> None:
        made, refused = list[bytes](), 0
        for path in paths:
            try:
                pad = _keep(engine, path, folder)
            except (CliError, OSError) as error:
                refused += 1
                diagnostics.warn(_sentence(path, error))
                continue
            output.write_line(pad.short_id)
            made.append(pad.pad_id)
        if made:
            await _send(engine, made)
        if refused:
            raise FileUnreadable(f"{refused} of {len(paths)} files were not taken")

    in_vault(sources, work)


def _keep(engine: Engine, path: Path, folder: str) -> PadListing:
    from cryptpad_tui.engine.files.errors import NotAFile
    from cryptpad_tui.engine.files.making import make_file_pad, source_file, unfinished

    try:
        with source_file(path) as source:
            found = unfinished(engine, source, folder)
            if found is not None:
                return found
            progress = Progress("sealing", source.name, source.size)
            try:
                return make_file_pad(engine, source, folder=folder, told=progress)
            finally:
                progress.end()
    except NotAFile as error:
        raise FileUnreadable(f"{error}: not a plain file") from None


def _sentence(path: Path, error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{path}: {error.strerror or type(error).__name__}"
    return str(error) or type(error).__doc__ or ""


async def _send(engine: Engine, pad_ids: list[bytes]) -> None:
    """What can go goes, as long as it takes; what cannot waits, and is said to."""
    if not all(_has_relay(engine, pad_id) for pad_id in pad_ids):
        diagnostics.note("kept here, sealed; there is no relay to send it to. See `cryptpad-tui relay set`")
        return
    async with telling_of_waits(engine):
        reached = await send_quickly(engine, *pad_ids)
    if not reached:
        diagnostics.note("kept here, sealed; it waits for the relay and goes with `cryptpad-tui sync`")
        return
    tell_of_files(await send_files(engine, pad_ids))


def _has_relay(engine: Engine, pad_id: bytes) -> bool:
    record = engine.vault.pad(pad_id)
    return record is not None and engine.relay_of(record) is not None


async def send_files(engine: Engine, pad_ids: list[bytes] | None = None) -> SendReport:
    """Send files that wait, with a line of progress for each."""
    from cryptpad_tui.engine.files.sending import send_waiting

    shown: list[Progress] = []

    def show(ref: FileRef) -> Callable[[int], None]:
        shown.append(Progress("sending", ref.name, ref.size))
        return shown[-1]

    try:
        return await send_waiting(engine, pad_ids, shown=show)
    finally:
        if shown:
            shown[-1].end()


async def send_its_files(engine: Engine, pad_id: bytes) -> None:
    """What a pad that was made here has of its own, where there is a relay for it; says what waits."""
    from cryptpad_tui.engine.files.sending import waiting

    if waiting(engine, [pad_id]):
        tell_of_files(await send_files(engine, [pad_id]))


def tell_of_files(report: SendReport) -> None:
    """What was refused or waits, and the room before it is used up; raises the alarm of a relay that lied."""
    from cryptpad_tui.engine.files.names import size_words

    if report.alarm:
        raise report.alarm
    if report.refused:
        diagnostics.warn(report.problem)
    elif report.waiting:
        diagnostics.note(f"kept here, sealed; not sent yet: {report.problem or 'its pad waits'}")
    if report.room and report.room.is_short:
        used, allowed = size_words(report.room.used), size_words(report.room.allowed)
        diagnostics.note(f"files take {used} of the {allowed} that the relay allows there")


@click.command("download", cls=VerbCommand)
@click.argument("pad")
@click.option("--file", "wanted", default="", metavar="FILE", help="Which of the pad's files: name or id.")
@click.option(
    "-o", "target", type=_PATH, default=None, metavar="FILE",
    help="Where to write; - is standard output. Else under its own name, here.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Replace what has that name.")
@unlocks
def download_verb(sources: SecretSources, pad: str, wanted: str, target: Path | None, *, force: bool) -> None:
    """Write the file PAD, or a file attached to it, to disk: whole or not at all."""

    async def work(engine: Engine) -> None:
        from cryptpad_tui.engine.files.choosing import choose
        from cryptpad_tui.engine.files.names import safe_name
        from cryptpad_tui.engine.files.saving import save

        pad_id = engine.find(pad).pad_id
        ref = choose(engine, pad_id, wanted)
        if target == _STDOUT:
            return await write_out(engine, pad_id, ref)
        path = target or Path(safe_name(ref.name))
        path = path / safe_name(ref.name) if path.is_dir() else path
        progress = Progress("fetching", ref.name, ref.size)
        try:
            written = await save(engine, pad_id, ref, path, force=force, told=progress)
        except OSError as error:
            raise FileUnreadable(f"{path}: {error.strerror or type(error).__name__}") from None
        finally:
            progress.end()
        if not written:
            diagnostics.note(f"{path} is there already, with the same content")

    in_vault(sources, work)


async def write_out(engine: Engine, pad_id: bytes, ref: FileRef) -> None:
    """A file to standard output, piece after piece: each is checked before it leaves."""
    from cryptpad_tui.engine.files.reading import read_pieces

    async for piece in read_pieces(engine, pad_id, ref):
        output.write_bytes(piece)


@click.command("attach", cls=VerbCommand)
@click.argument("pad")
@click.argument("paths", nargs=-1, required=True, type=_PATH, metavar="FILE...")
@unlocks
def attach_verb(sources: SecretSources, pad: str, paths: tuple[Path, ...]) -> None:
    """Keep every FILE beside PAD and show it at the end of its text; print the ids of the files."""

    async def work(engine: Engine) -> None:
        pad_id = engine.find(pad).pad_id
        for path in paths:
            try:
                output.write_line(_attach(engine, pad_id, path).file_id.hex()[:16])
            except OSError as error:
                raise FileUnreadable(_sentence(path, error)) from None
        await _send(engine, [pad_id])

    in_vault(sources, work)


def _attach(engine: Engine, pad_id: bytes, path: Path) -> FileRef:
    from cryptpad_tui.engine.files.choosing import show_at_end
    from cryptpad_tui.engine.files.making import attach, source_file

    with source_file(path) as source, engine.borrowed(pad_id) as session:
        if not session.kind.has_text:
            raise WrongUse("a file has no text to show another in")
        progress = Progress("sealing", source.name, source.size)
        try:
            ref = attach(engine, pad_id, source.name, source.size, source.read, told=progress)
        finally:
            progress.end()
        show_at_end(session.view, ref)
        session.flush()
        return ref


@click.command("files", cls=VerbCommand)
@click.argument("pad")
@click.option("--look", is_flag=True, help="Ask the relay what it has.")
@click.option("--free", is_flag=True, help="Let go of copies here that the relay has whole.")
@click.option("--delete", "wanted", default="", metavar="FILE", help="Delete from the relay, for everybody.")
@click.option("--yes", is_flag=True, help="Do not ask again.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; docs/cli.md names the fields.")
@unlocks
def files_verb(
    sources: SecretSources, pad: str, wanted: str, *, look: bool, free: bool, yes: bool, as_json: bool
) -> None:
    """List the files of PAD, with where their bytes are; free the room they take, here or at the relay."""
    if wanted and not yes:
        raise WrongUse("deleting takes a file from everybody, for good; say so with --yes")

    async def work(engine: Engine) -> list[tuple[FileRef, str, bool]]:
        from cryptpad_tui.engine.files import sending
        from cryptpad_tui.engine.files.choosing import choose, files_of
        from cryptpad_tui.engine.files.names import size_words

        pad_id = engine.find(pad).pad_id
        if wanted:
            await sending.delete(engine, pad_id, choose(engine, pad_id, wanted).file_id)
        refs, there = files_of(engine, pad_id), dict[bytes, int]()
        if look or free:
            there = await sending.look(engine, pad_id, [ref.file_id for ref in refs])
        if free:
            freed = sending.forget_copies(engine, pad_id, there)
            diagnostics.note(f"{size_words(freed)} freed here; the relay has these files whole")
        return [(ref, *_place(engine, pad_id, ref, there)) for ref in refs]

    lines = in_vault(sources, work)
    if as_json:
        return output.write_json_object([_file_object(*line) for line in lines])
    rows = [
        (ref.file_id.hex()[:16], output.safe_line(ref.name), str(ref.size), output.safe_line(ref.mime), place,
         "yes" if here else "no")
        for ref, place, here in lines
    ]  # fmt: skip
    output.write_lines(table(("ID", "NAME", "BYTES", "TYPE", "RELAY", "HERE"), rows, flexible=1))


_SAID: Final = ("nothing", "a part", "all", "deleted")


def _place(engine: Engine, pad_id: bytes, ref: FileRef, there: dict[bytes, int]) -> tuple[str, bool]:
    from cryptpad_tui.engine.files.book import FileBook
    from cryptpad_tui.engine.files.kept import KeptFiles

    note = FileBook(engine.vault).note(pad_id, ref.file_id)
    known = note.state.value if note else "not asked"
    place = _SAID[there[ref.file_id]] if ref.file_id in there else known
    return place, KeptFiles(engine.vault.directory).has(ref.file_id)


def _file_object(ref: FileRef, place: str, here: bool) -> dict[str, object]:
    return {
        "id": ref.file_id.hex()[:16],
        "name": ref.name,
        "size_bytes": ref.size,
        "type": ref.mime,
        "relay": place,
        "here": here,
        "file_id": ref.file_id.hex(),
    }
