"""`export --format zip`: a text and the files attached to it, streamed into one archive, whole or not."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, cast

from cryptpad_tui.cli import diagnostics
from cryptpad_tui.cli.errors import FileUnreadable, WrongUse

if TYPE_CHECKING:
    from cryptpad_tui.crdt.view import ViewDocument
    from cryptpad_tui.engine import Engine, PadListing
    from cryptpad_tui.host.target_file import TargetFile


class _Sink(io.RawIOBase):
    """What a ZipFile writes to: it is never asked to go back."""

    def __init__(self, target: TargetFile) -> None:
        self._target = target

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        raw = bytes(cast(bytes, data))
        self._target.write(raw)
        return len(raw)


async def write_zip(engine: Engine, pad: PadListing, target: Path) -> None:
    """Raises FileUnreadable where something has that name."""
    from cryptpad_tui.engine.files.exporting import archive_names, write_files
    from cryptpad_tui.engine.files.names import refs_in
    from cryptpad_tui.host.target_file import target_file

    if target == Path("-"):
        raise WrongUse("an archive goes to a file: -o FILE.zip")
    try:
        with target_file(target) as out, engine.borrowed(pad.pad_id) as session:
            refs = refs_in(session.view)
            with zipfile.ZipFile(_Sink(out), "w", zipfile.ZIP_STORED) as archive:
                name, data = _text(session.view, pad, archive_names(refs))
                archive.writestr(name, data)
                lost = await write_files(engine, pad.pad_id, refs, archive)
            out.keep(overwrite=False)
    except FileExistsError:
        raise FileUnreadable(f"{target} is there already; choose another name") from None
    except OSError as error:
        raise FileUnreadable(f"{target}: {error.strerror or type(error).__name__}") from None
    for missing in lost:
        diagnostics.note(f"{pad.short_id}: left out: the file {missing}, whose bytes are not there")


def _text(view: ViewDocument, pad: PadListing, places: dict[bytes, str]) -> tuple[str, bytes]:
    from cryptpad_tui.convert.formats import write_rich
    from cryptpad_tui.convert.model import paragraphs_of
    from cryptpad_tui.crdt.kinds import PadKind
    from cryptpad_tui.engine.files.exporting import runs_with_names, text_with_places
    from cryptpad_tui.engine.files.names import safe_name

    stem = safe_name(pad.title)[:80]
    if pad.kind is PadKind.RICHTEXT:
        made = write_rich(paragraphs_of(runs_with_names(view, places)), "html", title=pad.title, pandoc=False)
        return f"{stem}.html", made.data
    return f"{stem}.md", text_with_places(view.text(), places).encode()
