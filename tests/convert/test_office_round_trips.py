"""docx and odt, out and in again: all that they can say comes back."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest
from convert.documents import aligned, depths, documents, nested, office_marks, tables, with_looks
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptpad_tui.convert.formats import write_rich
from cryptpad_tui.convert.formats_in import read_rich
from cryptpad_tui.convert.model import Paragraph, Piece, paragraph, runs_of
from cryptpad_tui.crdt.clean import require_clean, require_formats
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import AttributeValue

steady = settings(deadline=None, derandomize=True, max_examples=25)
both = pytest.mark.parametrize("kind", ["docx", "odt"])
looks = st.lists(aligned, min_size=1, max_size=4)
steps = st.lists(st.integers(0, 8), min_size=1, max_size=4)


def there_and_back(found: list[Paragraph], kind: str) -> list[Paragraph]:
    written = write_rich(found, kind, title="A <title> & more")
    assert not written.lost
    read = read_rich(f"x.{kind}", written.data)
    assert not read.lost
    for text, attributes in runs_of(read.paragraphs):
        require_clean(text)
        require_formats(PadKind.RICHTEXT, attributes)
    return list(read.paragraphs)


@both
@steady
@given(found=documents(office_marks), deep=depths, looks=looks, steps=steps)
def test_everything_that_it_can_say_comes_back(
    kind: str, found: list[Paragraph], deep: list[int], looks: list[str | None], steps: list[int]
) -> None:
    found = with_looks(nested(found, deep), looks, steps)
    assert there_and_back(found, kind) == found


@both
@steady
@given(found=tables(office_marks))
def test_tables_come_back(kind: str, found: list[Paragraph]) -> None:
    assert there_and_back(found, kind) == found


@both
@pytest.mark.parametrize(
    "block",
    [
        {"list": "ordered", "indent": 3},
        {"list": "checked"},
        {"code-block": "c++"},
        {"rule": True},
        {"blockquote": True, "align": "justify"},
        {"header": 6},
        {"indent": 8},
    ],
)
def test_each_block_format_comes_back(kind: str, block: dict[str, AttributeValue]) -> None:
    found = [paragraph([] if "rule" in block else [Piece("x")], block), paragraph([Piece("end")])]
    assert there_and_back(found, kind) == found


@both
def test_cells_are_written_in_the_order_of_their_numbers_and_missing_ones_are_empty(kind: str) -> None:
    cells = {"7/2/10": "d", "7/1/2": "a", "7/2/2": "c", "7/3/2": "e"}
    found = [paragraph([Piece(text)], {"table": place}) for place, text in cells.items()]
    back = there_and_back(found, kind)
    assert [(one.get("table"), one.text) for one in back] == [
        ("1/1/1", "a"),
        ("1/1/2", ""),
        ("1/2/1", "c"),
        ("1/2/2", "d"),
        ("1/3/1", "e"),
        ("1/3/2", ""),
    ]


def test_a_numbered_list_after_other_text_counts_from_one_in_word() -> None:
    item = paragraph([Piece("x")], {"list": "ordered"})
    data = write_rich([item, item, paragraph([Piece("t")]), item], "docx", title="").data
    with zipfile.ZipFile(BytesIO(data)) as archive:
        body = archive.read("word/document.xml").decode()
        numbering = archive.read("word/numbering.xml").decode()
    assert [body.count(f'w:numId w:val="{number}"') for number in (1, 2, 3)] == [2, 1, 0]
    assert numbering.count('<w:startOverride w:val="1"/>') == 2


@both
def test_what_it_cannot_say_is_named(kind: str) -> None:
    found = [
        paragraph([Piece("￼", (("object", "file:1"),)), Piece("a\ufffe", (("color", "not-a-colour"),))]),
        paragraph([Piece("b", (("link", "javascript:alert(1)"),))], {"code-block": "no language at all"}),
    ]
    written = write_rich(found, kind, title="x")
    assert set(written.lost) == {
        "attachments",
        "characters that are none",
        "colours",
        "links of unknown kinds",
        "names of languages",
    }
    assert b"javascript" not in b"".join(parts_of(written.data))
    assert [one.text for one in read_rich(f"x.{kind}", written.data).paragraphs] == ["a", "b"]


@both
def test_text_can_never_become_markup(kind: str) -> None:
    text = "</w:t></text:p><w:p> &amp; ]]> <!DOCTYPE x> {title} {body} %s"
    found = [paragraph([Piece(text, (("link", "https://x.example/?a='<>&b={c}"),))])]
    assert there_and_back(found, kind)[0].text == text


@both
def test_an_empty_pad_is_an_empty_document(kind: str) -> None:
    assert there_and_back([], kind) == []


def parts_of(data: bytes) -> list[bytes]:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return [archive.read(name) for name in archive.namelist()]
