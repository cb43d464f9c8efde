"""HTML of strangers: nothing runs or is fetched, only the vocabulary comes in, and nothing takes long."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptpad_tui.convert import html_guard
from cryptpad_tui.convert.delta_in import from_delta, is_delta
from cryptpad_tui.convert.errors import NotConverted
from cryptpad_tui.convert.html_in import from_html
from cryptpad_tui.convert.html_out import to_html
from cryptpad_tui.convert.markdown_in import from_markdown
from cryptpad_tui.convert.model import Piece, Read, marks_of, paragraph, runs_of
from cryptpad_tui.crdt.clean import require_clean, require_formats
from cryptpad_tui.crdt.kinds import BLOCK_KEYS, INLINE_KEYS, PadKind

SCHEMES = ("http:", "https:", "mailto:", "ftp:", "gemini:", "pad1:", "#", "/", "?")
VALUES: dict[str, object] = {
    "list": {"bullet", "ordered", "checked", "unchecked"},
    "align": {"center", "right", "justify"},
    "script": {"sup", "sub"},
    "header": set(range(1, 7)),
    "indent": set(range(1, 9)),
}


def require_legal(read: Read) -> None:
    """Only keys of the vocabulary, each where it belongs, with a value that it can have."""
    for text, attributes in runs_of(read.paragraphs):
        require_clean(text)
        require_formats(PadKind.RICHTEXT, attributes)
        assert set(attributes) <= (BLOCK_KEYS if text == "\n" else INLINE_KEYS - {"object"})
        assert "\n" not in text or text == "\n"
        for key, value in attributes.items():
            assert value in VALUES.get(key, {value}), (key, value)
            if key == "link":
                assert ":" not in str(value).split("/")[0] or str(value).startswith(SCHEMES), value


HOSTILE = [
    ("<script>steal()</script>x", "x", "scripts"),
    ("<SCRIPT SRC=//evil.example/x.js></SCRIPT>x", "x", "scripts"),
    ("<p onclick='steal()' onload=x>x</p>", "x", "scripts"),
    ("<style>@import 'https://evil.example';</style>x", "x", "styles"),
    ("<svg onload=steal()><text>y</text></svg>x", "x", "drawings"),
    ("<math><mi>y</mi></math>x", "x", "formulas"),
    ("<iframe src=https://evil.example>y</iframe>x", "x", "frames"),
    ("<object data=x><embed src=y></object>x", "x", "embedded objects"),
    ("<embed src=https://evil.example>x", "x", "embedded objects"),
    ("<a href='javascript:steal()'>x</a>", "x", "links of unknown kinds"),
    ("<a href='JaVa\tScRiPt:steal()'>x</a>", "x", "links of unknown kinds"),
    ("<a href='&#x6A;avascript&colon;steal()'>x</a>", "x", "links of unknown kinds"),
    ("<a href='\x01javascript:steal()'>x</a>", "x", "links of unknown kinds"),
    ("<a href='data:text/html,<script>'>x</a>", "x", "links of unknown kinds"),
    ("<a href='vbscript:x'>x</a>", "x", "links of unknown kinds"),
    ("<a href='file:///etc/passwd'>x</a>", "x", "links of unknown kinds"),
    ("<a href='//evil.example/x'>x</a>", "x", "links of unknown kinds"),
    ("<a href='\\\\evil.example\\x'>x</a>", "x", "links of unknown kinds"),
    ("<img src='data:image/png;base64,AAAA' alt=x>", "x", "images"),
    ("<img src=https://tracker.example/1.png alt=x>", "x", "images (kept as links)"),
    ("<form action=https://evil.example>x<button>y</button></form>", "x", "forms"),
    ("<media-tag src=/blob/1 data-crypto-key=cryptpad:k>y</media-tag>x", "x", "attachments"),
    ("<video src=y>y</video>x", "x", "videos and sounds"),
    ("<table><tr><td colspan=2>x</table>", "x", "joined cells"),
]


@pytest.mark.parametrize(("page", "text", "words"), HOSTILE)
def test_what_runs_or_calls_out_is_left_out_and_named(page: str, text: str, words: str) -> None:
    read = from_html(page)
    require_legal(read)
    assert ["".join(one.text for one in read.paragraphs), words in read.lost] == [text, True]


@pytest.mark.parametrize("page", [page for page, _, _ in HOSTILE])
def test_markdown_that_holds_it_is_no_worse(page: str) -> None:
    require_legal(from_markdown(f"{page}\n\na {page} b\n\n> {page}\n"))


@pytest.mark.parametrize(
    "page",
    [
        "<form><p>a</form>b",
        "<head><title>t</title>a",
        "<svg/>a",
        "<embed>a",
        "<![foo[a",
        "<![CDATA[x]]>a",
        "<?php echo 1 ?>a",
        "<!-- never closed a",
        "<a <b <c a",
        "<table><td>a",
        "</p></li></table>a",
    ],
)
def test_what_is_unfinished_or_broken_hides_nothing_that_follows(page: str) -> None:
    read = from_html(page)
    require_legal(read)
    assert "a" in "".join(one.text for one in read.paragraphs)


tags = st.sampled_from(
    [
        "p",
        "div",
        "b",
        "i",
        "u",
        "s",
        "code",
        "pre",
        "ul",
        "ol",
        "li",
        "table",
        "tr",
        "td",
        "th",
        "h1",
        "h6",
        "blockquote",
        "a",
        "span",
        "font",
        "img",
        "br",
        "hr",
        "script",
        "style",
        "svg",
    ]
)
values = st.sampled_from(
    ["", "javascript:x", "https://a.example", "color:red;text-align:center", "ql-indent-9 ql-align-left",
     "mso-list:l0 level9 lfo1", "language-x", "lst-kix_a-9", "font-weight:bold;color:#12", "checked", "99999"]
)  # fmt: skip
names = st.sampled_from(
    ["href", "style", "class", "onclick", "src", "data-list", "align", "color", "colspan"]
)
pieces_of_pages = st.one_of(
    st.builds(lambda tag, name, value: f'<{tag} {name}="{value}">', tags, names, values),
    st.builds(lambda tag: f"</{tag}>", tags),
    st.text(max_size=6),
    st.sampled_from(["<", ">", "&", "<!--", "-->", "<![", "]]>", "<?", "\n", "\0", "￼", "\ufffe"]),
)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(st.lists(pieces_of_pages, max_size=25).map("".join))
def test_whatever_a_page_is_only_the_vocabulary_comes_in(page: str) -> None:
    require_legal(from_html(page))
    require_legal(from_markdown(page))


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 12)
    | st.sampled_from(["red", "x\n", "javascript:x", "super", "bullet"]),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=3,
)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(
    st.lists(
        st.tuples(
            st.text("ab\n\0￼\r", max_size=5),
            st.dictionaries(
                st.sampled_from(sorted(BLOCK_KEYS | INLINE_KEYS | {"font", "size"})), json_values, max_size=4
            ),
        ),
        max_size=6,
    )
)
def test_whatever_a_delta_says_only_the_vocabulary_comes_in(ops: list[tuple[str, dict[str, object]]]) -> None:
    data = json.dumps({"ops": [{"insert": text, "attributes": given} for text, given in ops]}).encode()
    assert is_delta(data)
    require_legal(from_delta(data))


@pytest.mark.parametrize(
    "unit",
    [
        "<a",
        "<!--",
        "<?",
        "</",
        "<![CDATA[",
        "<",
        "<!",
        "&",
        "<a b='",
        "<script>",
        "<b>x",
        "</b>",
        "<li>x",
        "<td>x",
    ],
)
@pytest.mark.parametrize("end", ["", ">", "-->"])
def test_time_grows_with_the_length_alone(unit: str, end: str) -> None:
    def seconds(length: int) -> float:
        started = time.process_time()
        from_html(unit * (length // len(unit)) + end)
        return time.process_time() - started

    seconds(1_000)
    assert seconds(40_000) < 12 * seconds(10_000) + 0.2


def test_a_page_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_guard, "MAX_TAGS", 10)
    with pytest.raises(NotConverted):
        from_html("<b>" * 11)


def test_tags_that_are_too_deep_keep_their_text() -> None:
    read = from_html("<div>" * 5_000 + "x" + "</div>" * 5_000 + "<p>y</p>")
    assert [one.text for one in read.paragraphs] == ["x", "y"]


def test_a_link_that_a_co_author_forged_is_not_written_to_a_page() -> None:
    made = to_html([paragraph([Piece("x", marks_of({"link": "javascript:steal()"}))])])
    assert b"javascript" not in made.data
    assert made.lost == ("links of unknown kinds",)
