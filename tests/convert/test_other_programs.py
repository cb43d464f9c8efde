"""What other programs write, in their own words: Google Docs, LibreOffice, Word, CryptPad, Quill, GitHub."""

# ruff: noqa: E501
# Lines as those programs write them.

from __future__ import annotations

import shutil
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from convert.nearby import nearby

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


def test_words_own_styles_of_lists_say_how_deep_an_item_is() -> None:
    from docx import Document

    document, out = Document(), BytesIO()
    names = ("List Bullet", "List Bullet 2", "List Bullet 3", "List Number", "List Number 2")
    for name in names:
        document.add_paragraph(name, style=name)
    document.save(out)
    read = read_rich("x.docx", out.getvalue())
    assert [(one.get("list"), one.get("indent")) for one in read.paragraphs] == [
        ("bullet", None), ("bullet", 1), ("bullet", 2), ("ordered", None), ("ordered", 1),
    ]  # fmt: skip


BY_PANDOC = "what pandoc leaves out (it does not say)"


def pandoc_that(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    """A program of that name, which does this."""
    program = folder / "pandoc"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_pandoc_is_asked_only_when_a_person_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pandoc_that(monkeypatch, tmp_path, f'echo "$*" >> {tmp_path}/asked; echo "<p>by pandoc</p>"')
    found = [paragraph([Piece("x", marks_of({"bold": True}))])]
    data = write_rich(found, "docx", title="").data
    assert list(read_rich("x.docx", data).paragraphs) == found
    assert not (tmp_path / "asked").exists()
    by_pandoc = nearby().rich("docx", data, pandoc=True)
    assert by_pandoc is not None
    assert (by_pandoc.runs[0][0], by_pandoc.lost) == ("by pandoc", (BY_PANDOC,))
    assert write_rich(found, "odt", title="", pandoc=True).lost == (BY_PANDOC,)
    asked = (tmp_path / "asked").read_text().splitlines()
    assert "--sandbox -f docx+empty_paragraphs -t html" in asked[0]
    assert "--sandbox -f html+empty_paragraphs -t odt" in asked[1]


def test_pandoc_hears_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CRYPTPAD_TUI_PASSPHRASE", "hunter2")
    pandoc_that(monkeypatch, tmp_path, "env")
    assert b"PATH=" in (heard := write_rich([], "odt", title="", pandoc=True).data)
    assert b"hunter2" not in heard


def test_a_page_of_ours_leaves_the_sandbox_where_that_lacks_pandocs_own_files_and_a_strangers_file_does_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """So it is with pandoc 2.17 as Debian has it."""
    lacks = 'case "$*" in *--sandbox*) echo "Could not find data file x" >&2; exit 97;; esac; echo made'
    pandoc_that(monkeypatch, tmp_path, lacks)
    assert write_rich([], "docx", title="", pandoc=True).data == b"made\n"
    with pytest.raises(NotConverted):
        nearby().rich("odt", write_rich([], "odt", title="").data, pandoc=True)
    pandoc_that(monkeypatch, tmp_path, "exit 1")
    with pytest.raises(NotConverted):
        write_rich([], "docx", title="", pandoc=True)


def test_pdf_is_made_by_the_first_engine_that_is_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pandoc_that(monkeypatch, tmp_path, 'echo "$*"')
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NeedsPandoc, match="weasyprint"):
        write_rich([], "pdf", title="")
    for name in ("pdflatex", "xelatex"):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o700)
    pandoc_that(monkeypatch, tmp_path, 'echo "$*"')
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    assert b"--pdf-engine=xelatex" in write_rich([], "pdf", title="").data


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


def test_what_libreoffice_says_of_a_whole_paragraph_comes_in() -> None:
    """It moves a mark of every letter to the paragraph, and draws Word's rules as lines below."""
    read = read_rich("x.odt", (FIXTURES / "libreoffice-whole.odt").read_bytes())
    found = [
        (dict(one.block), [(piece.text, dict(piece.marks)) for piece in one.pieces])
        for one in read.paragraphs
    ]
    assert found == [
        ({}, [("Whole bold", {"bold": True})]),
        ({}, [("Whole red", {"color": "#c9211e"})]),
        ({"align": "center"}, [("Struck all", {"strike": True})]),
        ({}, [("some ", {}), ("bold", {"bold": True})]),
        ({"rule": True}, []),
        ({"list": "unchecked"}, [("open", {})]),
        ({"list": "checked"}, [("done", {})]),
        ({"table": "1/1/1"}, [("cell", {"bold": True})]),
        ({"table": "1/1/2"}, [("plain", {})]),
        ({}, [("end", {})]),
    ]


def test_a_page_that_pandoc_wrote_has_its_languages_and_tasks() -> None:
    assert shape((FIXTURES / "pandoc.html").read_text())[:6] == [
        ("Head", {"header": 1}),
        ("done", {"list": "checked"}),
        ("open", {"list": "unchecked"}),
        ("def f():", {"code-block": "python"}),
        ("return 1", {"code-block": "python"}),
        ("ls", {"code-block": "bash"}),
    ]


def test_a_font_says_code_and_black_says_nothing() -> None:
    page = b'<p><font face="Courier New, serif">x()</font> <font color="#000000">y</font></p>'
    assert [dict(piece.marks) for piece in read_rich("x.html", page).paragraphs[0].pieces] == [
        {"code": True},
        {},
    ]


TASKS = [
    paragraph([Piece("open")], {"list": "unchecked"}),
    paragraph([Piece("done")], {"list": "checked"}),
    paragraph([Piece("\u2610 a sign of its own")], {"list": "checked"}),
    paragraph([Piece("\u2611 no task")], {"list": "bullet"}),
]


def test_tasks_of_a_page_show_their_boxes_and_come_back() -> None:
    page = write_rich(TASKS, "html", title="").data
    assert "\u2610 open".encode() in page
    assert "\u2611 done".encode() in page
    assert list(read_rich("x.html", page).paragraphs) == TASKS
    assert shape("<ul><li>\u2610 open<li>\u2612 done<li>plain</ul>") == [
        ("open", {"list": "unchecked"}),
        ("done", {"list": "checked"}),
        ("plain", {"list": "bullet"}),
    ]


@pytest.mark.skipif(shutil.which("pandoc") is None, reason="pandoc is not installed")
@pytest.mark.parametrize("kind", ["docx", "odt"])
def test_real_pandoc_gives_back_what_it_knows(kind: str) -> None:
    marks = [{"bold": True}, {"italic": True}, {"strike": True}, {"code": True}, {"script": "sup"}]
    found = [
        paragraph([Piece("Head")], {"header": 2}),
        paragraph([Piece(str(n), marks_of(said)) for n, said in enumerate(marks)]),
        paragraph([]),
        paragraph([Piece("one")], {"list": "ordered"}),
        paragraph([Piece("in")], {"list": "ordered", "indent": 1}),
        *TASKS[:2],
        paragraph([Piece("said")], {"blockquote": True}),
        paragraph([Piece("  x = 1")], {"code-block": "plain"}),
        paragraph([Piece("a")], {"table": "1/1/1"}),
        paragraph([Piece("b")], {"table": "1/1/2"}),
        paragraph([Piece("end")]),
    ]
    made = write_rich(found, kind, title="A title", pandoc=True).data
    assert list(read_rich(f"x.{kind}", made).paragraphs) == found
    read = nearby().rich(kind, write_rich(found, kind, title="").data, pandoc=True)
    assert read is not None
    lines = "".join([text for text, _ in read.runs]).splitlines()
    assert [line.strip() for line in lines if line] == [one.text.strip() for one in found if one.text]
