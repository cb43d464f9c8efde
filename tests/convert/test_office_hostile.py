"""docx and odt of strangers: what would grow, call out or run is refused or left out, and named."""

from __future__ import annotations

import struct
import time
import zipfile
from collections.abc import Callable
from io import BytesIO

import pytest

from cryptpad_tui.convert import archive, docx_in
from cryptpad_tui.convert.errors import NotConverted
from cryptpad_tui.convert.formats import write_rich
from cryptpad_tui.convert.formats_in import read_rich
from cryptpad_tui.convert.model import Piece, paragraph

both = pytest.mark.parametrize("kind", ["docx", "odt"])
BODY = {"docx": "word/document.xml", "odt": "content.xml"}
TEXT = [paragraph([Piece("hello")])]


def made(kind: str, **changes: bytes | Callable[[bytes], bytes]) -> bytes:
    """An honest file with some parts changed or added; `BODY` stands for its main part."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(write_rich(TEXT, kind, title="x").data)) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    for name, change in changes.items():
        name = BODY[kind] if name == "BODY" else name
        parts[name] = change(parts[name]) if callable(change) else change
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in parts.items():
            new.writestr(name, data)
    return out.getvalue()


def refused(kind: str, data: bytes, words: str) -> None:
    with pytest.raises(NotConverted, match=words):
        read_rich(f"x.{kind}", data)


LAUGHS = b'<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
FILE = b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]>'


def with_doctype(doctype: bytes) -> Callable[[bytes], bytes]:
    def change(xml: bytes) -> bytes:
        head, _, rest = xml.partition(b"?>")
        return head + b"?>" + doctype + rest.replace(b"hello", b"&b;&f;")

    return change


@both
@pytest.mark.parametrize("doctype", [LAUGHS, FILE])
def test_xml_that_declares_entities_is_refused(kind: str, doctype: bytes) -> None:
    refused(kind, made(kind, BODY=with_doctype(doctype)), "entities")


@both
@pytest.mark.parametrize("encoding", ["utf-16", "utf-7", "cp037"])
def test_xml_in_another_encoding_cannot_hide_a_document_type(kind: str, encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'
    refused(kind, made(kind, BODY=text.encode(encoding)), "UTF-8")
    refused(kind, made(kind, BODY=text.encode()), "UTF-8")


@both
def test_a_bomb_is_refused_by_its_ratio_and_by_its_size(kind: str) -> None:
    refused(kind, made(kind, BODY=b"<x>" + b" " * (archive.MAX_XML_BYTES // 2) + b"</x>"), "grow")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archive.Limits.__init__, "__defaults__", (archive.MAX_PARTS, 1_000, archive.MAX_RATIO))
        refused(kind, made(kind), "unpacked")


@both
def test_a_part_that_lies_about_its_size_is_refused(kind: str) -> None:
    data = bytearray(made(kind, BODY=b"<x>" + bytes(range(32, 60)) * 4_000 + b"</x>"))
    at = data.index(b"PK\x01\x02")
    while data[at + 46 : at + 46 + len(BODY[kind])] != BODY[kind].encode():
        at = data.index(b"PK\x01\x02", at + 4)
    data[at + 24 : at + 28] = struct.pack("<I", 10)
    with pytest.raises(NotConverted):
        read_rich(f"x.{kind}", bytes(data))


@both
def test_too_many_parts_and_two_of_one_name_are_refused(kind: str) -> None:
    many = made(kind, **{f"junk/{number}.xml": b"<x/>" for number in range(archive.MAX_PARTS)})
    refused(kind, many, "parts")
    out = BytesIO(made(kind))
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(out, "a") as more:
        more.writestr(BODY[kind], b"<x/>")
    refused(kind, out.getvalue(), "same name")


@both
def test_a_protected_file_is_refused(kind: str) -> None:
    data = bytearray(made(kind))
    at = -1
    while (at := data.find(b"PK\x01\x02", at + 1)) >= 0:
        data[at + 8] |= 1
    refused(kind, bytes(data), "password")


def test_an_odt_that_says_it_is_encrypted_is_refused() -> None:
    manifest = b"<manifest><encryption-data/></manifest>"
    refused("odt", made("odt", **{"META-INF/manifest.xml": manifest}), "password")


@both
def test_damaged_files_are_refused(kind: str) -> None:
    whole = made(kind)
    assert read_rich(f"x.{kind}", whole).paragraphs[0].text == "hello"
    cases = [b"", b"PK", b"\xd0\xcf\x11\xe0 an old Word file", whole[: len(whole) // 2], b"<html>"]
    for data in [*cases, made(kind, BODY=b"<a><b></a>"), made(kind, BODY=b""), made(kind, BODY=b"<a/>")]:
        with pytest.raises(NotConverted):
            read_rich(f"x.{kind}", data)


@both
def test_xml_that_is_too_deep_is_refused(kind: str) -> None:
    deep = b"<a>" * 100_000 + b"</a>" * 100_000
    with pytest.raises(NotConverted):
        read_rich(f"x.{kind}", made(kind, BODY=lambda xml: xml.replace(b"hello", deep)))


def test_what_word_files_carry_beside_text_is_left_out_and_named() -> None:
    extras = {
        "word/vbaProject.bin": b"MZ",
        "word/embeddings/oleObject1.bin": b"MZ",
        "word/media/image1.png": b"\x89PNG",
    }
    run = (
        b"hello</w:t></w:r><w:r><w:drawing/><w:object/><w:footnoteReference/><w:commentReference/></w:r>"
        b"<w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:r><w:t>"
    )
    read = read_rich("x.docx", made("docx", BODY=lambda xml: xml.replace(b"hello", run), **extras))
    assert [one.text for one in read.paragraphs] == ["hello"]
    assert set(read.lost) == {
        "macros",
        "embedded objects",
        "images",
        "footnotes",
        "comments",
        "text deleted by a tracked change",
    }


def test_what_odt_files_carry_beside_text_is_left_out_and_named() -> None:
    extras = {"Basic/Standard/Module1.xml": b"<x/>", "Pictures/1.png": b"", "Object 1/content.xml": b"<x/>"}
    run = (
        b'hello<draw:frame xmlns:draw="urn:x"><draw:image xlink:href="https://tracker.example/1.png"/>'
        b"</draw:frame><office:annotation><text:p>psst</text:p></office:annotation>"
        b"<text:note><text:note-body><text:p>note</text:p></text:note-body></text:note>"
    )
    read = read_rich("x.odt", made("odt", BODY=lambda xml: xml.replace(b"hello", run), **extras))
    assert [one.text for one in read.paragraphs] == ["hello"]
    assert set(read.lost) == {"macros", "embedded objects", "images", "comments", "footnotes"}


def test_no_part_but_checked_xml_reaches_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    opened = docx_in._opened
    monkeypatch.setattr(docx_in, "_opened", lambda safe: seen.append(safe) or opened(safe))
    read_rich("x.docx", made("docx", **{"word/media/evil.svg": b"<svg onload='x()'/>"}))
    with zipfile.ZipFile(BytesIO(seen[0])) as given:
        assert given.read("word/media/evil.svg") == b""


def test_an_external_template_or_image_is_never_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something was to be opened")

    rels = (
        b'<Relationship Id="rIdEvil" TargetMode="External" Target="https://tracker.example/t.dotm"'
        b' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate"/>'
        b"</Relationships>"
    )
    name = "word/_rels/document.xml.rels"
    data = made("docx", **{name: lambda xml: xml.replace(b"</Relationships>", rels)})
    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    assert read_rich("x.docx", data).paragraphs[0].text == "hello"


def test_what_an_odt_says_to_repeat_is_bounded() -> None:
    cell = b'<table:table-cell table:number-columns-repeated="99999"><text:p>x</text:p></table:table-cell>'
    nest = cell.replace(b"<text:p>x</text:p>", b"%s")
    deep = b"<text:p>x</text:p>"
    for _ in range(20):
        deep = (
            b"<table:table><table:table-row>"
            + nest.replace(b"%s", deep)
            + b"</table:table-row></table:table>"
        )
    spaces = b'<text:p>a<text:s text:c="99999999"/>b<text:s text:c="999"/>c</text:p>'
    body = b"</text:p>" + deep + spaces + b"<text:p>"
    started = time.monotonic()
    read = read_rich("x.odt", made("odt", BODY=lambda xml: xml.replace(b"hello", body)))
    assert time.monotonic() - started < 5
    assert sum(len(one.text) for one in read.paragraphs) < 2_000


def test_links_of_unknown_kinds_are_text_alone() -> None:
    for kind, link in (("docx", b'w:anchor="x"'), ("odt", b'xlink:href="javascript:alert(1)"')):
        tag = b"w:hyperlink" if kind == "docx" else b"text:a"
        around = (
            b"</w:t></w:r><%s %s><w:r><w:t>go</w:t></w:r></%s><w:r><w:t>"
            if kind == "docx"
            else b"<%s %s>go</%s>"
        )
        data = made(kind, BODY=lambda xml, a=around, t=tag, k=link: xml.replace(b"hello", a % (t, k, t)))
        read = read_rich(f"x.{kind}", data)
        links = [value for one in read.paragraphs for piece in one.pieces for _, value in piece.marks]
        assert links == (["#x"] if kind == "docx" else [])
        assert read.paragraphs[0].text == "go"
