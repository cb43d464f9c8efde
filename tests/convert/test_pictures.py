"""Pictures go into files and come out of them as they are; what is none stays outside and is named."""

from __future__ import annotations

import base64
import struct
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cryptpad_tui.convert import pictures as pictures_module
from cryptpad_tui.convert.docx_out import to_docx
from cryptpad_tui.convert.formats import PICTURED, write_rich
from cryptpad_tui.convert.formats_in import read_rich
from cryptpad_tui.convert.html_in import from_html
from cryptpad_tui.convert.model import OBJECT, Losses, Paragraph, Picture, Piece, paragraph
from cryptpad_tui.convert.odt_out import to_odt
from cryptpad_tui.convert.pictures import Pictures, fitted, picture_of

FIXTURES = Path(__file__).parent / "fixtures"
PNG = struct.pack(">8sI4sII", b"\x89PNG\r\n\x1a\n", 13, b"IHDR", 24, 16) + b"the rest"
GIF = struct.pack("<6sHH", b"GIF89a", 3, 5) + b"the rest"
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(10) + b"\xff\xc2\0\x11\x08\0\x08\0\x07" + bytes(8)
A, B = f"file:{'a' * 64}", f"file:{'b' * 64}"


def data_address(data: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def objects(paragraphs: tuple[Paragraph, ...]) -> list[tuple[int, str]]:
    return [
        (line, str(dict(piece.marks)["object"]))
        for line, one in enumerate(paragraphs)
        for piece in one.pieces
        if "object" in dict(piece.marks)
    ]


@pytest.mark.parametrize("kind", ["odt", "docx", "html"])
def test_pictures_of_libreoffice_come_in(kind: str) -> None:
    name = f"libreoffice-pictures.{kind}"
    read = read_rich(name, (FIXTURES / name).read_bytes())
    assert [(one.name, one.width, one.height) for one in read.pictures] == [
        ("red.png", 24, 16), ("blue.png", 10, 12),
    ]  # fmt: skip
    assert [one.text for one in read.paragraphs] == [
        "Pictures", f"A red one {OBJECT} here.", f"item {OBJECT}", f"The red one again {OBJECT}", "end",
    ]  # fmt: skip
    assert objects(read.paragraphs) == [(1, "import:0"), (2, "import:1"), (3, "import:0")]
    assert "images" not in read.lost


@pytest.mark.parametrize("wanted", PICTURED)
def test_pictures_come_back_as_they_are(wanted: str) -> None:
    made = {A: picture_of(PNG, 'a "red" <one>'), B: picture_of(JPEG, "b")}
    shown = {said: one for said, one in made.items() if one}
    text = [
        paragraph([Piece("x "), Piece(OBJECT, (("object", A),))]),
        paragraph([Piece(OBJECT * 2, (("object", B),))], {"list": "bullet"}),
        paragraph([Piece(OBJECT, (("object", A),))], {"table": "1/1/1"}),
        paragraph([Piece(OBJECT, (("object", f"file:{'c' * 64}"),)), Piece("end")]),
    ]
    written = write_rich(text, wanted, title="t", pictures=shown)
    assert written.lost == ("attachments",)
    read = read_rich(f"x.{wanted}", written.data)
    assert [one.data for one in read.pictures] == [PNG, JPEG]
    assert [one.kind for one in read.pictures] == ["png", "jpg"]
    assert objects(read.paragraphs) == [(0, "import:0"), (1, "import:1"), (2, "import:0")]
    assert read.paragraphs[1].text == OBJECT * 2
    assert read.paragraphs[3].text == "end"
    assert read.pictures[0].name.startswith('a "red" <one>')


def test_a_page_holds_its_pictures_or_has_them_beside_it_and_names_are_no_markup() -> None:
    one = Picture(PNG, "png", 24, 16, name='"><script>x</script>.png')
    text = [paragraph([Piece(OBJECT, (("object", A),))])]
    page = write_rich(text, "html", title="t", pictures={A: one}).data.decode()
    assert data_address(PNG) in page
    assert "<script>" not in page
    beside = Picture(PNG, "png", 24, 16, name="a.png", place="files/a%20b.png")
    page = write_rich(text, "html", title="t", pictures={A: beside}).data.decode()
    assert '<img src="files/a%20b.png" alt="a.png">' in page
    assert "img-src data: 'self' file:" in page
    assert "img-src" not in write_rich(text, "html", title="t").data.decode()


@pytest.mark.parametrize(
    "data",
    [b"", b"<svg onload='x()'/>", PNG[:20], PNG[:16] + bytes(8), b"\xff\xd8\xff\xda" + bytes(20), b"BM"],
)
def test_what_is_no_picture_is_named_whatever_it_is_called(data: bytes) -> None:
    read = from_html(f'<p>x<img src="{data_address(data)}" alt="a"></p>')
    assert (read.pictures, "images" in read.lost) == ((), True)
    parts = {"word/media/image1.png": data}
    made = write_rich([paragraph([Piece(OBJECT, (("object", A),))])], "docx", title="", pictures={A: _png()})
    read = read_rich("x.docx", _with(made.data, parts))
    assert (read.pictures, "images" in read.lost) == ((), True)


def _png() -> Picture:
    return Picture(PNG, "png", 24, 16, name="a.png")


def _with(data: bytes, parts: dict[str, bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(out, "w") as made:
        for name in old.namelist():
            made.writestr(name, parts.get(name, old.read(name)))
    return out.getvalue()


def test_an_odt_takes_pictures_of_its_own_folder_alone() -> None:
    text = [paragraph([Piece(OBJECT, (("object", A),))])]
    made = to_odt(text, pictures={A: _png()}).data
    with zipfile.ZipFile(BytesIO(made)) as archive:
        content = archive.read("content.xml")
        assert b'full-path="Pictures/1.png"' in archive.read("META-INF/manifest.xml")
    for address in (b"https://tracker.example/1.png", b"../Pictures/1.png", b"/etc/passwd", b"meta.xml"):
        read = read_rich("x.odt", _with(made, {"content.xml": content.replace(b"Pictures/1.png", address)}))
        assert (read.pictures, read.lost) == ((), ("images",))


def test_so_many_and_so_large_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    losses = Losses()
    taken = Pictures(losses)
    monkeypatch.setattr(pictures_module, "MAX_PICTURES", 2)
    assert all(taken.piece(PNG + bytes([at])) for at in (0, 1, 0, 1))
    assert losses.words == ()
    assert taken.piece(PNG + b"\2") is None
    assert losses.words == ("images",)
    monkeypatch.setattr(pictures_module, "MAX_BYTES", len(PNG))
    assert picture_of(PNG) is not None
    assert picture_of(PNG + b"x") is None


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=100).map(lambda rest: JPEG[:3] + rest)))
@example(PNG)
@example(GIF)
@example(JPEG)
@example(b"\xff\xd8\xff\xc0\x00\x00\x00\x00\x01A\x00")
def test_bytes_of_strangers_are_measured_or_refused(data: bytes) -> None:
    found = picture_of(data)
    sizes = {PNG: (24, 16), GIF: (3, 5), JPEG: (7, 8)}
    assert data not in sizes or (found is not None and (found.width, found.height) == sizes[data])
    if found:
        width, height = fitted(found, width=6, height=8)
        assert 0 < width <= 6
        assert 0 < height <= 8


def test_no_library_looks_into_a_picture() -> None:
    broken = picture_of(PNG[:24] + b"\xff" * 50, "x")
    assert broken is not None
    text = [paragraph([Piece(OBJECT, (("object", A),))])]
    read = read_rich("x.docx", to_docx(text, pictures={A: broken}).data)
    assert [one.data for one in read.pictures] == [broken.data]
