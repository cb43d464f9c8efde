"""Out and in again: everything that a format can say comes back, and what it cannot is named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptpad_tui.convert.html_in import from_html
from cryptpad_tui.convert.html_out import to_html
from cryptpad_tui.convert.markdown_in import from_markdown
from cryptpad_tui.convert.markdown_out import to_markdown
from cryptpad_tui.convert.model import Paragraph, Piece, marks_of, paragraph, paragraphs_of, runs_of
from cryptpad_tui.crdt.clean import require_clean, require_formats
from cryptpad_tui.crdt.kinds import PadKind

steady = settings(deadline=None, derandomize=True, max_examples=60)

ALPHABET = "ab cé漢😀*_`[]()<>&#!~|\\\"'-+.1=:/x \t^$%{}"
texts = st.text(ALPHABET, min_size=1, max_size=12)
links = st.sampled_from(
    ["https://example.org/a?b=c&d=(e)", "mailto:a@example.org", "https://example.org/x_y*z"]
)
md_marks = st.fixed_dictionaries(
    {},
    optional={
        "bold": st.just(value=True),
        "italic": st.just(value=True),
        "strike": st.just(value=True),
        "underline": st.just(value=True),
        "code": st.just(value=True),
        "script": st.sampled_from(["sup", "sub"]),
        "link": links,
    },
)
html_marks = st.builds(
    lambda marks, more: {**marks, **more},
    md_marks,
    st.fixed_dictionaries({}, optional={"color": st.just("#ff8800"), "background": st.just("red")}),
)


def pieces(marks: st.SearchStrategy[dict[str, object]]) -> st.SearchStrategy[list[Piece]]:
    made = st.builds(lambda text, found: Piece(text, marks_of(found)), texts, marks)  # type: ignore[arg-type]
    return st.lists(made, min_size=1, max_size=4)


def documents(marks: st.SearchStrategy[dict[str, object]]) -> st.SearchStrategy[list[Paragraph]]:
    block = st.one_of(
        st.just({}),
        st.builds(lambda level: {"header": level}, st.integers(1, 6)),
        st.just({"blockquote": True}),
        st.builds(
            lambda kind: {"list": kind}, st.sampled_from(["bullet", "ordered", "checked", "unchecked"])
        ),
        st.just({"code-block": "python"}),
        st.just({"code-block": "plain"}),
    )

    def made(parts: list[Piece], found: dict[str, object]) -> Paragraph:
        if "code-block" in found:
            return paragraph([Piece(part.text) for part in parts], found)  # type: ignore[arg-type]
        return paragraph(parts, found)  # type: ignore[arg-type]

    return st.lists(st.builds(made, pieces(marks), block), max_size=6)


def nested(paragraphs: list[Paragraph], depths: list[int]) -> list[Paragraph]:
    """List items at depths that a nested list can have."""
    out: list[Paragraph] = []
    before = -1
    for i, one in enumerate(paragraphs):
        if one.get("list"):
            before = min(depths[i % len(depths)], before + 1)
            block = {**dict(one.block), "indent": before or None}
            out.append(replace(one, block=paragraph([], block).block))
        else:
            before = -1
            out.append(one)
    return out


depths = st.lists(st.integers(0, 3), min_size=1, max_size=5)


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
