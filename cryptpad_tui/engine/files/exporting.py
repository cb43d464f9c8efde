"""A pad with its files as one zip: the text, with links to them, and `files/` beside it. Streamed.

What leaves is plain: names are made safe, and a file that cannot be read is named and left out.
"""

from __future__ import annotations

import contextlib
import re
import zipfile
from collections.abc import Sequence
from pathlib import PurePath
from typing import IO, TYPE_CHECKING, Final
from urllib.parse import quote

from cryptpad_relay.protocol.errors import ProtocolError
from cryptpad_tui.convert.model import Picture, Shown
from cryptpad_tui.convert.pictures import MAX_BYTES, picture_of
from cryptpad_tui.crdt.values import Attributes
from cryptpad_tui.engine.errors import EngineError
from cryptpad_tui.engine.files.names import LINK_PATTERN, object_file_id, ref_of, refs_in, safe_name
from cryptpad_tui.engine.files.reading import read_pieces, read_whole
from cryptpad_tui.pad.objects import FileBroken, FileRef
from cryptpad_tui.sync.connection import RelayUnreachable

if TYPE_CHECKING:
    from cryptpad_tui.crdt.view import ViewDocument
    from cryptpad_tui.engine.engine import Engine

FOLDER: Final = "files"
PICTURE_TYPES: Final = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif"}
_UNNAMED: Final = "a file"


def archive_names(refs: Sequence[FileRef]) -> dict[bytes, str]:
    """Where each file lies in the archive; no two at one place, also where capitals make no difference."""
    names: dict[bytes, str] = {}
    used: set[str] = set()
    for ref in refs:
        name, file_id = PurePath(safe_name(ref.name)), ref.file_id.hex()
        # Whoever names a file may name it as another one would be called next.
        tries = (name.name, *(f"{name.stem}-{file_id[:size]}{name.suffix}" for size in (8, 16, 32, 64)))
        free = next((each for each in tries if each.casefold() not in used), f"{file_id}{name.suffix}")
        used.add(free.casefold())
        names[ref.file_id] = f"{FOLDER}/{free}"
    return names


def shown_in(view: ViewDocument) -> dict[str, FileRef]:
    """The pictures that a text shows, by what its objects or its markdown say; by their names alone."""
    if view.kind.format_keys:
        said = {str(marks["object"]) for _, marks in view.runs() if "object" in marks}
        refs = {one: ref_of(view, object_file_id(one) or b"") for one in said}
    else:
        refs = {
            found[0]: ref_of(view, bytes.fromhex(found[1])) for found in LINK_PATTERN.finditer(view.text())
        }
    return {one: ref for one, ref in refs.items() if ref and ref.mime in PICTURE_TYPES}


def pictures_beside(view: ViewDocument, places: dict[bytes, str]) -> Shown:
    """Those pictures as they lie in the archive."""
    return {
        said: Picture(b"", PICTURE_TYPES[ref.mime], 1, 1, safe_name(ref.name), quote(places[ref.file_id]))
        for said, ref in shown_in(view).items()
        if ref.file_id in places
    }


async def pictures_inside(engine: Engine, pad_id: bytes, most: int) -> Shown:
    """Those whose bytes are there and are a picture, as long as all together have at most so many bytes."""
    with engine.borrowed(pad_id) as session:
        wanted = shown_in(session.view)
    made: dict[str, Picture] = {}
    for said, ref in wanted.items():
        if ref.size > min(most, MAX_BYTES):
            continue
        with contextlib.suppress(EngineError, RelayUnreachable, FileBroken, ProtocolError):
            picture = picture_of(await read_whole(engine, pad_id, ref), safe_name(ref.name))
            if picture is not None:
                made[said] = picture
                most -= ref.size
    return made


def runs_with_names(
    view: ViewDocument, places: dict[bytes, str] | None = None, pictures: Shown | None = None
) -> list[tuple[str, Attributes]]:
    """Rich text with the names of its files in the place of objects but `pictures`; linked where `places`
    has them."""
    said = {ref.file_id: safe_name(ref.name) for ref in refs_in(view)}
    runs: list[tuple[str, Attributes]] = []
    for text, marks in view.runs():
        file_id = object_file_id(marks["object"]) if "object" in marks else None
        if "object" not in marks or str(marks["object"]) in (pictures or {}):
            runs.append((text, marks))
            continue
        place = (places or {}).get(file_id or b"")
        runs.append(
            (said.get(file_id or b"", _UNNAMED), {"link": place.replace(" ", "%20")} if place else {})
        )
    return runs


def text_with_places(text: str, places: dict[bytes, str]) -> str:
    """A text pad's links to files as links into the archive."""

    def place(found: re.Match[str]) -> str:
        return places.get(bytes.fromhex(found[1]), found[0]).replace(" ", "%20")

    return LINK_PATTERN.sub(place, text)


async def write_files(
    engine: Engine, pad_id: bytes, refs: Sequence[FileRef], archive: zipfile.ZipFile
) -> list[str]:
    """The names of those that could not be read, which are left out."""
    lost, places = list[str](), archive_names(refs)
    for ref in refs:
        pieces = read_pieces(engine, pad_id, ref)
        try:
            first = await anext(pieces)
        except (EngineError, RelayUnreachable, FileBroken, ProtocolError):
            lost.append(safe_name(ref.name))
            continue
        with archive.open(places[ref.file_id], "w", force_zip64=True) as member:
            _write(member, first)
            async for piece in pieces:
                _write(member, piece)
    return lost


def _write(member: IO[bytes], piece: bytes) -> None:
    member.write(piece)
