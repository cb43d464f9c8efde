"""What other programs write, in their own words: Google Docs, LibreOffice, Word, CryptPad, Quill, GitHub."""

# ruff: noqa: E501
# Lines as those programs write them.

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from convert.nearby import nearby

from cryptpad_tui.convert import formats, reading
from cryptpad_tui.convert.errors import NeedsPandoc, NotConverted
from cryptpad_tui.convert.formats import write_rich
from cryptpad_tui.convert.formats_in import is_rich, read_rich
from cryptpad_tui.convert.model import Piece, marks_of, paragraph

FIXTURES = Path(__file__).parent / "fixtures"
Shape = list[tuple[str, dict[str, object]]]

GOOGLE = """<html><head><meta content="text/html; charset=UTF-8" http-equiv="content-type"><style type="text/css">
@import url(https://themes.googleusercontent.com/fonts/css?kit=x);.lst-kix_q1-0>li:before{content:"- "}
.c1{font-weight:700}.c2{color:#000000;font-weight:400;text-decoration:none;font-size:11pt;font-style:normal}
.c3{font-style:italic;color:#ff0000}.c5{text-align:center}</style></head><body class="c9 doc-content">
<p class="c0 title"><span class="c2">Plan</span></p><h2 class="c4"><span class="c2">Part</span></h2>
<p class="c5"><span class="c1">Bold</span><span class="c2"> and </span><span class="c3">red</span></p>
<ul class="c6 lst-kix_q1-0 start"><li class="c7"><span class="c2">one</span></li></ul>
<ul class="c6 lst-kix_q1-1 start"><li class="c8"><span class="c2">deep</span></li></ul>
<p class="c0"><span><a class="c3" href="https://example.org/">link</a></span></p></body></html>"""
LIBRE = """<!DOCTYPE html><html><head><meta name="generator" content="LibreOffice 7.4"/><style type="text/css">
p { line-height: 115% }</style></head><body lang="en-US" link="#000080" dir="ltr"><h1 class="western">Head</h1>
<p align="right" style="margin-bottom: 0in">right <font color="#c9211e">red</font>
<font face="Liberation Mono, monospace"><span style="font-family: Liberation Mono">code</span></font></p>
<ol>\n\t<li><p style="margin-bottom: 0in">one</p></li>\n\t<ol>\n\t\t<li><p>two</p></li>\n\t</ol>\n</ol>
<table width="100%" cellpadding="4"><col width="128*"/><tr valign="top"><td width="50%"><p>a</p></td>
<td width="50%"><p><br/></p></td></tr></table></body></html>"""
WORD = """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><!--[if gte mso 9]><xml></xml><![endif]-->
<style><!-- p.MsoNormal {margin:0cm;} --></style></head><body lang=EN-GB style='tab-interval:36.0pt'>
<div class=WordSection1><p class=MsoNormal><b>Bold</b><o:p></o:p></p>
<p class=MsoListParagraphCxSpFirst style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><![if !supportLists]><span
style='mso-list:Ignore'>1.<span style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp; </span></span><![endif]>first</p>
<p class=MsoListParagraphCxSpLast style='mso-list:l0 level2 lfo2'><![if !supportLists]><span
style='mso-list:Ignore'>·<span>&nbsp;</span></span><![endif]>second</p></div></body></html>"""
CRYPTPAD = """<!DOCTYPE html><html><head><meta charset="utf-8"></head><body><h1>Pad</h1>
<p style="text-align:center"><strong>b</strong><em>i</em><u>u</u><s>s</s><sub>1</sub></p>
<p><span style="color:#e74c3c"><span style="background-color:#f1c40f">x</span></span></p>
<ul class="todo-list"><li><input type="checkbox" checked="checked">done</li><li><input type="checkbox">open</li></ul>
<p><media-tag src="https://files.example/blob/ab/abc" data-crypto-key="cryptpad:k"></media-tag>after</p>
</body></html>"""
QUILL = """<ol><li data-list="bullet"><span class="ql-ui" contenteditable="false"></span>a</li>
<li data-list="ordered" class="ql-indent-1">b</li><li data-list="checked">c</li></ol>
<div class="ql-code-block-container"><div class="ql-code-block" data-language="python">x = 1</div>
<div class="ql-code-block" data-language="python">  y</div></div><p class="ql-align-right">r</p>"""


def shape(page: str) -> Shape:
    read = read_rich("x.html", page.encode())
    return [(one.text.strip(), dict(one.block)) for one in read.paragraphs if one.text.strip() or one.block]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (GOOGLE, [
            ("Plan", {}), ("Part", {"header": 2}), ("Bold and red", {"align": "center"}), ("one", {"list": "bullet"}),
            ("deep", {"list": "bullet", "indent": 1}), ("link", {}),
        ]),
        (LIBRE, [
            ("Head", {"header": 1}), ("right red code", {"align": "right"}), ("one", {"list": "ordered"}),
            ("two", {"list": "ordered", "indent": 1}), ("a", {"table": "1/1/1"}), ("", {"table": "1/1/2"}),
        ]),
        (WORD, [
            ("Bold", {}), ("first", {"list": "ordered"}), ("second", {"list": "bullet", "indent": 1}),
        ]),
        (CRYPTPAD, [
            ("Pad", {"header": 1}), ("bius1", {"align": "center"}), ("x", {}), ("done", {"list": "checked"}),
            ("open", {"list": "unchecked"}), ("after", {}),
        ]),
        (QUILL, [
            ("a", {"list": "bullet"}), ("b", {"list": "ordered", "indent": 1}), ("c", {"list": "checked"}),
            ("x = 1", {"code-block": "python"}), ("y", {"code-block": "python"}), ("r", {"align": "right"}),
        ]),
    ],
    ids=["google", "libreoffice", "word", "cryptpad", "quill"],
)  # fmt: skip
def test_a_page_of_another_program_has_its_structure(page: str, expected: Shape) -> None:
    assert shape(page) == expected


def test_marks_that_google_puts_into_classes_come_in() -> None:
    found = read_rich("x.html", GOOGLE.encode()).paragraphs[2].pieces
    assert [dict(piece.marks) for piece in found] == [
        {"bold": True},
        {},
        {"italic": True, "color": "#ff0000"},
    ]


def test_a_delta_of_quill_becomes_rich_text() -> None:
    delta = (
        b'{"ops":[{"insert":"a"},{"insert":"b","attributes":{"script":"super","font":"serif"}},{"insert":"\\n",'
        b'"attributes":{"list":"bullet","indent":1}},{"insert":{"image":"https://x.example/1.png"}},'
        b'{"insert":"c\\n","attributes":{"code-block":true}}]}'
    )
    assert is_rich("x.json", delta)
    assert not is_rich("x.json", b'{"ops": 3}')
    read = read_rich("x.json", delta)
    assert [(one.text, dict(one.block)) for one in read.paragraphs] == [
        ("ab", {"list": "bullet", "indent": 1}),
        ("c", {"code-block": "plain"}),
    ]
    assert read.lost == ("formats that a pad does not have", "images")


def docx_with(body: str, numbering: str = "") -> bytes:
    """A Word file whose body another program wrote."""
    out = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(write_rich([], "docx", title="").data)) as old,
        zipfile.ZipFile(out, "w") as new,
    ):
        for name in old.namelist():
            data = old.read(name)
            if name == "word/document.xml":
                data = data.replace(b"<w:body>", b"<w:body>" + body.encode())
            if name == "word/numbering.xml" and numbering:
                head, _, tail = data.rpartition(b"</w:numbering>")
                data = head + numbering.encode() + b"</w:numbering>" + tail
            new.writestr(name, data)
    return out.getvalue()


def test_the_ways_of_word_itself_are_understood() -> None:
    body = (
        '<w:p><w:pPr><w:pStyle w:val="Title"/></w:pPr><w:r><w:t>T</w:t></w:r></w:p>'
        '<w:p><w:pPr><w:pStyle w:val="ListBullet"/></w:pPr><w:r><w:t>☐ task</w:t></w:r></w:p>'
        '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>HYPERLINK "https://x.example/"'
        '</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:rPr><w:color w:val="0563C1"/>'
        '<w:u w:val="single"/></w:rPr><w:t>go</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>'
        "<w:p><w:ins><w:r><w:rPr><w:b/></w:rPr><w:t>new</w:t></w:r></w:ins><w:del><w:r><w:delText>old</w:delText>"
        '</w:r></w:del><w:r><w:rPr><w:b w:val="0"/></w:rPr><w:br/><w:t>line</w:t></w:r></w:p>'
    )
    read = read_rich("x.docx", docx_with(body))
    assert [(one.text, dict(one.block)) for one in read.paragraphs] == [
        ("T", {"header": 1}),
        ("task", {"list": "bullet"})
        if not read.paragraphs[1].get("list")
        else ("task", {"list": "unchecked"}),
        ("go", {}),
        ("new", {}),
        ("line", {}),
    ]
    assert [dict(piece.marks) for piece in read.paragraphs[2].pieces] == [{"link": "https://x.example/"}]
    assert dict(read.paragraphs[3].pieces[0].marks) == {"bold": True}


def test_pandoc_is_asked_only_when_a_person_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def answer(data: bytes, arguments: list[str]) -> bytes:
        asked.append(arguments)
        return b"<p>by pandoc</p>"

    monkeypatch.setattr(formats, "by_pandoc", answer)
    monkeypatch.setattr(reading, "by_pandoc", answer)
    found = [paragraph([Piece("x", marks_of({"bold": True}))])]
    data = write_rich(found, "docx", title="").data
    assert list(read_rich("x.docx", data).paragraphs) == found
    assert not asked
    found_by_pandoc = nearby().rich("docx", data, pandoc=True)
    assert found_by_pandoc is not None
    assert found_by_pandoc.runs[0][0] == "by pandoc"
    assert found_by_pandoc.lost == ("what pandoc leaves out (it does not say)",)
    assert write_rich(found, "odt", title="", pandoc=True).lost == (
        "what pandoc leaves out (it does not say)",
    )
    assert [arguments[:4] for arguments in asked] == [
        ["-f", "docx", "-t", "html"],
        ["-f", "html", "-t", "odt"],
    ]


def test_without_pandoc_only_pdf_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    for wanted in ("md", "html", "txt", "docx", "odt", "json"):
        assert write_rich([paragraph([Piece("x")])], wanted, title="").data
    for refused in ({"wanted": "pdf"}, {"wanted": "docx", "pandoc": True}):
        with pytest.raises(NeedsPandoc):
            write_rich([], title="", **refused)  # type: ignore[arg-type]
    with pytest.raises(NotConverted):
        nearby().rich("odt", b"no zip", pandoc=True)


@pytest.mark.parametrize("kind", ["docx", "odt"])
def test_a_document_that_pandoc_wrote_has_its_structure(kind: str) -> None:
    read = read_rich(f"x.{kind}", (FIXTURES / f"pandoc.{kind}").read_bytes())
    found = [(one.text.strip(), dict(one.block)) for one in read.paragraphs]
    assert found[:20] == [
        ("Head", {"header": 1}),
        ("para bold it st code link un H2O", {}),
        ("one", {"list": "ordered"}),
        ("a", {"list": "bullet", "indent": 1}),
        ("b", {"list": "bullet", "indent": 1}),
        ("two", {"list": "ordered"}),
        ("x", {"list": "ordered", "indent": 1}),
        ("y", {"list": "ordered", "indent": 1}),
        ("text", {}),
        ("again", {"list": "ordered"}),
        ("open", {"list": "unchecked"}),
        ("done", {"list": "checked"}),
        ("quote b", {"blockquote": True}),
        ("def f():", {"code-block": "plain"}),
        ('return "  "', {"code-block": "plain"}),
        ("", {"code-block": "plain"}),
        ("x", {"code-block": "plain"}),
        ("", {"rule": True}),
        ("a", {"table": "1/1/1"}),
        ("b", {"table": "1/1/2"}),
    ]
    marks = [dict(piece.marks) for piece in read.paragraphs[1].pieces if piece.marks]
    link = {"link": "https://example.org/a?b=c&d"}
    assert marks[:5] == [{"bold": True}, {"italic": True}, {"strike": True}, {"code": True}, link]
    assert "footnotes" in read.lost


@pytest.mark.parametrize("kind", ["docx", "odt", "html"])
def test_a_document_that_libreoffice_wrote_has_its_structure_and_marks(kind: str) -> None:
    read = read_rich(f"x.{kind}", (FIXTURES / f"libreoffice.{kind}").read_bytes())
    assert [(one.text.strip(), dict(one.block)) for one in read.paragraphs] == [
        ("Garden plan", {"header": 1}),
        ("Plain, bold, italic, under, struck, H2O, m2, red and a link.", {}),
        ("Beds", {"header": 2}),
        ("north", {"list": "ordered"}),
        ("peas", {"list": "ordered", "indent": 1}),
        ("south", {"list": "ordered"}),
        ("rake", {"list": "bullet"}),
        ("centred 茶", {"align": "center"}),
        ("quoted", {"blockquote": True}),
        ("Seed", {"table": "1/1/1"}),
        ("Price", {"table": "1/1/2"}),
        ("Peas", {"table": "1/2/1"}),
        ("3 €", {"table": "1/2/2"}),
        ("", {"rule": True}),
        ("sow()", {"code-block": "plain"}),
    ]
    assert [(piece.text, dict(piece.marks)) for piece in read.paragraphs[1].pieces if piece.marks] == [
        ("bold", {"bold": True}),
        ("italic", {"italic": True}),
        ("under", {"underline": True}),
        ("struck", {"strike": True}),
        ("2", {"script": "sub"}),
        ("2", {"script": "sup"}),
        ("red", {"color": "#c9211e"}),
        ("link", {"link": "https://example.org/seeds"}),
    ]
    assert set(read.lost) <= {"styles"}
