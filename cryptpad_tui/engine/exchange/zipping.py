"""A text and the files attached to it, streamed into one archive, whole or not."""

from __future__ import annotations

import asyncio
import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, cast

from cryptpad_tui.convert.formats import write_rich
from cryptpad_tui.convert.model import paragraphs_of
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.engine.exchange.errors import FileNotWritten, NameTaken
from cryptpad_tui.engine.files.exporting import (
    archive_names,
    pictures_beside,
    runs_with_names,
    text_with_places,
    write_files,
)
from cryptpad_tui.engine.files.names import refs_in, safe_name
from cryptpad_tui.host.target_file import TargetFile, target_file

if TYPE_CHECKING:
    from cryptpad_tui.crdt.view import ViewDocument
    from cryptpad_tui.engine.engine import Engine


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


async def save_zip(engine: Engine, pad_id: bytes, path: Path) -> list[str]:
    """The names of files whose bytes are not there. Raises NameTaken or FileNotWritten."""
    try:
        with target_file(path) as out, engine.borrowed(pad_id) as session:
            refs = refs_in(session.view)
            with zipfile.ZipFile(_Sink(out), "w", zipfile.ZIP_STORED) as archive:
                name, data = await _text(session.view, session.kind, session.title(), archive_names(refs))
                archive.writestr(name, data)
                lost = await write_files(engine, pad_id, refs, archive)
            out.keep(overwrite=False)
    except FileExistsError:
        raise NameTaken(str(path)) from None
    except OSError as error:
        raise FileNotWritten(f"{path}: {error.strerror or type(error).__name__}") from None
    return lost


async def _text(view: ViewDocument, kind: PadKind, title: str, places: dict[bytes, str]) -> tuple[str, bytes]:
    stem = safe_name(title)[:80]
    if kind is not PadKind.RICHTEXT:
        return f"{stem}.md", text_with_places(view.text(), places).encode()
    shown = pictures_beside(view, places)
    runs = runs_with_names(view, places, shown)
    made = await asyncio.to_thread(
        lambda: write_rich(paragraphs_of(runs), "html", title=title, pictures=shown)
    )
    return f"{stem}.html", made.data
