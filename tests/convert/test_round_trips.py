"""Out and in again: everything that a format can say comes back, and what it cannot is named."""

from __future__ import annotations

import pytest
from convert.documents import depths, documents, html_marks, md_marks, nested, tables
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptpad_tui.convert.html_in import from_html
from cryptpad_tui.convert.html_out import to_html
from cryptpad_tui.convert.markdown_in import from_markdown
from cryptpad_tui.convert.markdown_out import to_markdown
from cryptpad_tui.convert.model import Paragraph, Piece, paragraph, paragraphs_of, runs_of
from cryptpad_tui.crdt.clean import require_clean, require_formats
from cryptpad_tui.crdt.kinds import PadKind

steady = settings(deadline=None, derandomize=True, max_examples=60)


@steady
@given(documents(md_marks), depths)
def test_markdown_gives_back_what_it_can_say(found: list[Paragraph], deep: list[int]) -> None:
    found = nested(found, deep)
    written = to_markdown(found)
    back = from_markdown(written.data.decode())
    if not written.lost:
        assert list(back.paragraphs) == found, written.data.decode()
    assert [one.text for one in back.paragraphs] == [one.text for one in found], written.data.decode()


@steady
@given(documents(html_marks), depths)
def test_html_gives_back_what_it_can_say(found: list[Paragraph], deep: list[int]) -> None:
    found = nested(found, deep)
    written = to_html(found, title="<b>x</b>")
    assert not written.lost
    assert list(from_html(written.data.decode()).paragraphs) == found, written.data.decode()


@steady
@given(tables(md_marks))
def test_a_table_survives_markdown(found: list[Paragraph]) -> None:
    written = to_markdown(found)
    if not written.lost:
        assert list(from_markdown(written.data.decode()).paragraphs) == found, written.data.decode()


@steady
@given(tables(html_marks))
def test_a_table_survives_html(found: list[Paragraph]) -> None:
    written = to_html(found)
    assert list(from_html(written.data.decode()).paragraphs) == found, written.data.decode()


@steady
@given(documents(html_marks))
def test_runs_and_paragraphs_are_the_same_thing(found: list[Paragraph]) -> None:
    runs = runs_of(found)
    assert paragraphs_of(runs) == found
    for text, attributes in runs:
        require_clean(text)
        require_formats(PadKind.RICHTEXT, attributes)


@steady
@given(st.text(max_size=200))
def test_any_text_is_read_as_markdown_and_html_without_a_crash(text: str) -> None:
    for read in (from_markdown(text), from_html(text)):
        for run, attributes in runs_of(read.paragraphs):
            require_clean(run)
            require_formats(PadKind.RICHTEXT, attributes)


@pytest.mark.parametrize(
    ("block", "words"),
    [({"align": "center"}, "alignment"), ({"indent": 2}, "indentation of paragraphs")],
)
def test_what_markdown_cannot_say_is_named(block: dict[str, object], words: str) -> None:
    assert words in to_markdown([paragraph([Piece("a")], block)]).lost  # type: ignore[arg-type]


def test_colours_and_attachments_are_named_by_markdown() -> None:
    one = paragraph([Piece("a", (("color", "#ff0000"),)), Piece("￼", (("object", "file:1"),))])
    assert to_markdown([one]).lost == ("colours", "attachments")
