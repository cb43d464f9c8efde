"""Files of strangers cost what their size does, however small they are packed; no address becomes another."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO

import pytest

from cryptpad_tui.convert import archive, docx_in, html_style, model, odt_in
from cryptpad_tui.convert.errors import NotConverted
from cryptpad_tui.convert.formats import write_rich
from cryptpad_tui.convert.formats_in import read_rich
from cryptpad_tui.convert.html_in import from_html
from cryptpad_tui.convert.links import address_of
from cryptpad_tui.convert.markdown_out import to_markdown
from cryptpad_tui.convert.model import Losses, Piece, marks_of, paragraph

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x08\0\0\0\x08" + bytes(100)
RELS = "word/_rels/document.xml.rels"
IMAGE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"
BODY = {"docx": "word/document.xml", "odt": "content.xml"}
both = pytest.mark.parametrize("kind", ["docx", "odt"])


def made(kind: str, body: str, *, added: dict[str, bytes] | None = None, **swaps: tuple[str, str]) -> bytes:
    """An honest file of one paragraph, which `body` replaces, with words of its parts exchanged."""
    with zipfile.ZipFile(BytesIO(write_rich([paragraph([Piece("hello")])], kind, title="x").data)) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    xml = parts[BODY[kind]].decode()
    start = xml.index("<w:p>" if kind == "docx" else "<text:p")
    end = xml.index("hello") + xml[xml.index("hello") :].index("p>") + 2
    parts[BODY[kind]] = (xml[:start] + body + xml[end:]).encode()
    for name, (before, after) in swaps.items():
        path = {"rels": RELS, "styles": "word/styles.xml", "types": "[Content_Types].xml"}.get(
            name, BODY[kind]
        )
        assert before.encode() in parts[path]
        parts[path] = parts[path].replace(before.encode(), after.encode(), 1)
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as new:
        for name, data in {**parts, **(added or {})}.items():
            new.writestr(name, data)
    return out.getvalue()


def note(notes: list[str], one: str) -> bool:
    notes.append(one)
    return False


@contextmanager
def quick(seconds: float = 1.5) -> Iterator[None]:
    started = time.process_time()
    yield
    assert time.process_time() - started < seconds


def test_many_pieces_of_one_look_are_joined_once() -> None:
    with quick():
        assert len(paragraph([Piece("x" * 40)] * 60_000).text) == 2_400_000


def test_a_class_that_every_tag_names_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def declared(style: str) -> tuple[tuple[html_style.Mark, ...], tuple[html_style.Mark, ...]]:
        asked.append(style)
        return (("bold", True),), ()

    monkeypatch.setattr(html_style, "declared", declared)
    read = from_html("<style>.a{x:y} .b{z:w}</style><p>" + '<b class="a b">t</b>' * 50)
    assert read.paragraphs[0].pieces[0].marks == (("bold", True),)
    assert len(asked) == 2


def test_what_a_field_leads_to_is_read_once_and_not_for_each_run() -> None:
    field = '<w:r><w:fldChar w:fldCharType="begin"/><w:instrText>%s</w:instrText>'
    field += '<w:fldChar w:fldCharType="separate"/></w:r>'
    link = field % 'HYPERLINK "https://example.org/"' + "<w:r><w:t>go</w:t></w:r>"
    data = made("docx", "<w:p>" + link + field % (" " * 1_999) * 18 + "<w:r/>" * 40_000 + "</w:p>")
    with quick(2.5):
        read = read_rich("x.docx", data)
    assert dict(read.paragraphs[0].pieces[0].marks)["link"] == "https://example.org/"


@both
def test_a_picture_that_is_shown_often_is_unpacked_once(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = {
        "docx": '<w:p xmlns:a="a">'
        + '<w:r><w:drawing><a:blip r:embed="rIdX"/></w:drawing></w:r>' * 30
        + "</w:p>",
        "odt": "<text:p>"
        + '<draw:frame><draw:image xlink:href="Pictures/a.png"/></draw:frame>' * 30
        + "</text:p>",
    }
    place = {"docx": "word/media/a.png", "odt": "Pictures/a.png"}[kind]
    swaps: dict[str, tuple[str, str]] = {}
    if kind == "docx":
        relation = f'<Relationship Id="rIdX" Type="{IMAGE}" Target="media/a.png"/></Relationships>'
        default = '<Default Extension="png" ContentType="image/png"/><Default'
        swaps = {"rels": ("</Relationships>", relation), "types": ("<Default", default)}
    unpacked: list[str] = []
    read = archive.Archive.read
    monkeypatch.setattr(
        archive.Archive, "read", lambda self, one: note(unpacked, one.name) or read(self, one)
    )
    found = read_rich(f"x.{kind}", made(kind, shown[kind], added={place: PNG}, **swaps))
    assert len(found.pictures) == 1
    assert found.paragraphs[0].text == model.OBJECT * 30
    assert unpacked.count(place) == 1


def test_all_that_an_odt_says_is_repeated_has_one_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(odt_in, "_ALL_REPEATED", 100)
    cell = '<table:table-cell table:number-columns-repeated="60"><text:p>%s</text:p></table:table-cell>'
    table = "<table:table><table:table-row>%s</table:table-row></table:table>"
    assert len(read_rich("x.odt", made("odt", table % (cell % "" * 5))).paragraphs) == 60 + 4
    long = read_rich("x.odt", made("odt", table % (cell % ("long " * 1_000))))
    assert len(long.paragraphs) == 1


def test_a_style_with_very_much_in_it_is_looked_through_once() -> None:
    start = "<office:automatic-styles>"
    lists = '<text:list-style style:name="L">' + "<text:x/>" * 20_000 + "</text:list-style>"
    base = '<style:style style:family="text" style:name="B">' + "<style:x/>" * 20_000 + "</style:style>"
    styles = [
        f'<style:style style:family="text" style:name="s{at}" style:parent-style-name="B"/>'
        for at in range(1_500)
    ]
    spans = [f'<text:span text:style-name="s{at}">a</text:span>' for at in range(1_500)]
    body = '<text:list text:style-name="L"/>' * 1_500 + f"<text:p>{''.join(spans)}</text:p>"
    data = made("odt", body, main=(start, start + lists + base + "".join(styles)))
    with quick():
        assert len(read_rich("x.odt", data).paragraphs[0].text) == 1_500


@both
def test_the_name_of_a_style_is_looked_at_as_far_as_one_goes(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    for module in (docx_in, odt_in):
        monkeypatch.setattr(module, "heading_level", lambda style: int(note(seen, style)))
    long = "A" * 100_000
    if kind == "docx":
        style = f'<w:style w:type="paragraph" w:styleId="X"><w:name w:val="{long}"/></w:style></w:styles>'
        body = '<w:p><w:pPr><w:pStyle w:val="X"/></w:pPr></w:p>'
        data = made("docx", body, styles=("</w:styles>", style))
    else:
        data = made("odt", f'<text:p text:style-name="{long}">a</text:p>')
    read_rich(f"x.{kind}", data)
    assert 100 < max(map(len, seen)) < 1_000


def test_an_address_without_end_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    clean = model.clean
    monkeypatch.setattr(model, "clean", lambda text: clean(text) if not note(read, text) else "")
    assert address_of("a" * 5_000_000, Losses()) == ""
    assert address_of("  https://example.org/ ", Losses()) == "https://example.org/"
    assert max(map(len, read)) < 100


@both
def test_so_many_elements_and_no_more(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = made(kind, "<w:p/>" if kind == "docx" else "<text:p/>")
    read_rich(f"x.{kind}", data)
    monkeypatch.setattr(archive, "MAX_TAGS", 40)
    with pytest.raises(NotConverted, match="elements"):
        read_rich(f"x.{kind}", data)


@both
def test_the_name_of_a_part_has_an_end(kind: str) -> None:
    with pytest.raises(NotConverted, match="name"):
        read_rich(f"x.{kind}", made(kind, "", added={"/media/" * 8_000 + ".png": b""}))


def test_an_index_without_end_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: object) -> None:
        raise AssertionError("the index was read")

    monkeypatch.setattr(zipfile.ZipFile, "__init__", read)
    with pytest.raises(NotConverted, match="too many parts"):
        archive.Archive(b"PK\x01\x02" * (archive.MAX_INDEXED + 1))


def chained(length: int) -> dict[str, bytes]:
    """Parts of which each names the next."""
    told = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship'
    parts: dict[str, bytes] = {}
    for at in range(length):
        parts[f"word/p{at}.xml"] = b"<a/>"
        parts[f"word/_rels/p{at}.xml.rels"] = (
            f'{told} Id="r" Type="x" Target="p{at + 1}.xml"/></Relationships>'.encode()
        )
    return {**parts, f"word/p{length}.xml": b"<a/>"}


@pytest.mark.parametrize(
    ("swaps", "added"),
    [
        ({"types": ("wordprocessingml.styles+xml", "wordprocessingml.other+xml")}, {}),
        ({"types": ("wordprocessingml.numbering+xml", "wordprocessingml.other+xml")}, {}),
        (
            {
                "rels": (
                    "</Relationships>",
                    '<Relationship Id="r9" Type="x" Target="p0.xml"/></Relationships>',
                )
            },
            1_200,
        ),
    ],
)
def test_whatever_the_library_stumbles_on_is_a_damaged_file(
    swaps: dict[str, tuple[str, str]], added: dict[str, bytes] | int
) -> None:
    parts = chained(added) if isinstance(added, int) else added
    with pytest.raises(NotConverted):
        read_rich("x.docx", made("docx", "<w:p/>", added=parts, **swaps))


def test_a_heading_of_signs_is_written_in_linear_time() -> None:
    with quick():
        made = to_markdown([paragraph([Piece("#" * 60_000 + "x")], {"header": 1})])
    assert made.data.startswith(b"# ")


@pytest.mark.parametrize("wanted", ["docx", "odt", "html", "md"])
@pytest.mark.parametrize(
    "address",
    [
        "java\ufffescript:alert(1)",
        "ms-\uffffmsdt:/id x",
        "/\ufffe/host/share",
        "\ufffefile:///etc/passwd",
        "javascript&colon;alert(1)",
        "&#106;avascript:alert(1)",
        "java\tscript:alert(1)",
    ],
)
def test_no_address_becomes_another_one_on_its_way_out(wanted: str, address: str) -> None:
    """A co-author may forge any; XML holds no noncharacter, and markdown knows HTML's names of characters."""
    data = write_rich([paragraph([Piece("go", marks_of({"link": address}))])], wanted, title="x").data
    if wanted in BODY:
        with zipfile.ZipFile(BytesIO(data)) as parts:
            data = b"".join(
                [parts.read(name) for name in parts.namelist() if name.endswith((".xml", ".rels"))]
            )
    for forged in (
        b"javascript:",
        b"ms-msdt:",
        b'"//host',
        b"file:///",
        b"](javascript",
        b"](&#106;",
        b"(<java",
    ):
        assert forged not in data


def test_the_checks_of_this_file_fail_without_the_defence(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that would be missed: an address that is looked at before it is cut."""
    from cryptpad_tui.convert import links

    never: Callable[[str], None] = lambda address: None  # noqa: E731
    monkeypatch.setattr(links, "_NO_CHARACTERS", never)
    with pytest.raises(AssertionError):
        test_no_address_becomes_another_one_on_its_way_out("odt", "java\ufffescript:alert(1)")
