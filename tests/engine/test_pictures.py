"""Pictures of imported files are files of their pad; exported, they go where the format can hold them."""

from __future__ import annotations

import zipfile
from functools import partial
from pathlib import Path

import pytest
from engine.conftest import MakeEngine

from cryptpad_tui.convert.formats_in import read_rich
from cryptpad_tui.convert.reading import ForeignReader
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.engine import Engine
from cryptpad_tui.engine.exchange import exporting, importing
from cryptpad_tui.engine.exchange.sources import Source
from cryptpad_tui.engine.exchange.zipping import save_zip
from cryptpad_tui.engine.files import making
from cryptpad_tui.engine.files.book import FileBook, FileState
from cryptpad_tui.engine.files.choosing import files_of, show_at_end
from cryptpad_tui.engine.files.kept import KeptFiles
from cryptpad_tui.engine.files.reading import read_whole

FIXTURE = Path(__file__).parent.parent / "convert" / "fixtures" / "libreoffice-pictures.docx"


def read_fixture() -> importing.ReadFile:
    with ForeignReader() as reader:
        return importing.read_file(Source("x", FIXTURE.name, "Home", FIXTURE.read_bytes), reader)


def objects(engine: Engine, pad_id: bytes) -> list[str]:
    with engine.borrowed(pad_id) as session:
        return [str(marks["object"]) for _, marks in session.view.runs() if "object" in marks]


async def test_an_imported_documents_pictures_are_files_of_its_pad_and_go_out_again(
    make_engine: MakeEngine, tmp_path: Path
) -> None:
    anna = make_engine("Anna")
    pad = await importing.make_pad(anna, read_fixture())
    refs = {ref.name: ref for ref in files_of(anna, pad.pad_id)}
    assert (sorted(refs), pad.path) == (["blue.png", "red.png"], "Home/libreoffice-pictures")
    red, blue = [f"file:{refs[name].file_id.hex()}" for name in ("red.png", "blue.png")]
    assert objects(anna, pad.pad_id) == [red, blue, red]
    assert {note.state for note in FileBook(anna.vault).notes(pad.pad_id)} == {FileState.WAITING}
    data = {name: await read_whole(anna, pad.pad_id, ref) for name, ref in refs.items()}
    for wanted in ("html", "docx", "odt"):
        taken = await exporting.take_with_pictures(anna, pad.pad_id, wanted)
        made = exporting.written(taken, wanted)
        again = read_rich(f"x.{wanted}", made.data)
        assert {one.name: one.data for one in again.pictures} == data
        assert made.lost == ()
    taken = await exporting.take_with_pictures(anna, pad.pad_id, "md")
    assert "A red one red.png here" in exporting.written(taken, "md").data.decode()
    assert "attached files but for their names" in taken.lost[0]
    assert await save_zip(anna, pad.pad_id, tmp_path / "pad.zip") == []
    with zipfile.ZipFile(tmp_path / "pad.zip") as archive:
        assert archive.read("files/red.png") == data["red.png"]
        assert b'<img src="files/red.png" alt="red.png">' in archive.read("libreoffice-pictures.html")


async def test_who_fails_on_the_way_leaves_neither_pad_nor_picture(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = make_engine("Anna")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(making, "put_ref", fail)
        with pytest.raises(OSError, match="No space"):
            await importing.make_pad(anna, read_fixture())
    assert anna.listing() == []
    assert list(FileBook(anna.vault).notes()) == []
    making.collect(anna)
    assert list(KeptFiles(anna.vault.directory).directory.iterdir()) == []


async def test_what_only_calls_itself_a_picture_or_is_too_large_stays_a_name(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = make_engine("Anna")
    pad = await importing.make_pad(anna, read_fixture())
    no_picture = b"<svg onload='x()'/>"
    ref = making.attach(anna, pad.pad_id, "evil.png", len(no_picture), partial(_once, [no_picture]))
    with anna.borrowed(pad.pad_id) as session:
        show_at_end(session.view, ref)
    taken = await exporting.take_with_pictures(anna, pad.pad_id, "html")
    made = exporting.written(taken, "html")
    assert b"evil.png" in made.data
    assert b"svg" not in made.data
    assert "attached files but for their names" in made.lost[0]
    monkeypatch.setitem(exporting._MOST_PICTURED, "html", 80)
    assert len((await exporting.take_with_pictures(anna, pad.pad_id, "html")).pictures) == 1
    assert pad.kind is PadKind.RICHTEXT


async def test_pictures_of_a_markdown_pad_go_into_its_documents(make_engine: MakeEngine) -> None:
    anna = make_engine("Anna")
    data = {one.name: one.data for one in read_fixture().pictures}
    pad = anna.create_pad("Walk", text="# Walk\n\nThe hut:\n\n")
    for name in sorted(data):
        ref = making.attach(anna, pad.pad_id, name, len(data[name]), partial(_once, [data[name]]))
        with anna.borrowed(pad.pad_id) as session:
            show_at_end(session.view, ref)
            session.view.replace(session.view.lines.end, session.view.lines.end, "\n")
    with anna.borrowed(pad.pad_id) as session:
        end = session.view.lines.end
        session.view.replace(end, end, "![no file of this pad](pad-file:" + "00" * 32 + ")\n")
    for wanted in ("html", "docx", "odt"):
        taken = await exporting.take_with_pictures(anna, pad.pad_id, wanted)
        made = exporting.written(taken, wanted)
        again = read_rich(f"x.{wanted}", made.data)
        assert {one.name: one.data for one in again.pictures} == data
        assert "images (kept as links)" in made.lost
    taken = await exporting.take_with_pictures(anna, pad.pad_id, "md")
    assert "](pad-file:" in exporting.written(taken, "md").data.decode()


def _once(parts: list[bytes], size: int) -> bytes:
    return parts.pop() if parts else b""
