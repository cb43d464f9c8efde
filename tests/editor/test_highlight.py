"""Markdown lines get names for their parts; lexing a little at a time says what lexing everything says."""

from __future__ import annotations

import itertools
import time

import pytest
from editor.dsl import steady
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptpad_tui.crdt.line_index import LineIndex
from cryptpad_tui.crdt.values import Change, Origin, Position, TextEdit
from cryptpad_tui.editor.highlight import Highlighter
from cryptpad_tui.editor.markdown_lexer import MarkdownLexer, PlainLexer
from cryptpad_tui.editor.spans import STYLES, Spans, StyleSpan, flattened


def styled(text: str) -> list[list[tuple[str, str]]]:
    """For each line the styled pieces: (text, innermost style)."""
    lines = LineIndex(text)
    found = Highlighter(lines, MarkdownLexer()).spans(0, len(lines))
    return [[(lines[i][s.start : s.end], s.styles[-1]) for s in spans] for i, spans in enumerate(found)]


def line(text: str) -> list[tuple[str, str]]:
    return styled(text)[-1]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("plain words, no signs", []),
        ("# Title", [("#", "heading.mark"), (" Title", "heading.1")]),
        ("###### Six ##", [("######", "heading.mark"), (" Six", "heading.6"), (" ##", "heading.mark")]),
        ("#hashtag", []),
        ("**b**", [("**", "mark"), ("b", "strong"), ("**", "mark")]),
        ("_e_", [("_", "mark"), ("e", "emphasis"), ("_", "mark")]),
        ("~~s~~", [("~~", "mark"), ("s", "strike"), ("~~", "mark")]),
        ("snake_case_name and 2 * 3 * 4", []),
        (r"\*not\*", [(r"\*", "escape"), (r"\*", "escape")]),
        ("`a*b*`", [("`", "code.mark"), ("a*b*", "code"), ("`", "code.mark")]),
        ("``a`b``", [("``", "code.mark"), ("a`b", "code"), ("``", "code.mark")]),
        ("a ` b", []),
        ("<https://x.org>", [("<https://x.org>", "link.url")]),
        ("see https://x.org/a_b_c.", [("https://x.org/a_b_c", "link.url")]),
        ("<b>x</b> &amp;", [("<b>", "html"), ("</b>", "html"), ("&amp;", "entity")]),
        ("a <!-- b --> c", [("<!-- b -->", "comment")]),
        ("- [ ] open", [("-", "list.mark"), ("[ ]", "task.open")]),
        ("- [x] done", [("-", "list.mark"), ("[x]", "task.done"), (" done", "task.text")]),
        ("12. twelve", [("12.", "list.mark")]),
        ("-not a list", []),
        ("---x", []),
        ("* * *", [("* * *", "rule")]),
        ("> quoted", [(">", "quote.mark"), (" quoted", "quote")]),
        ("[^1]: note", [("[^1]:", "footnote")]),
        ("text[^1]", [("[^1]", "footnote")]),
        ("[r]: http://x", [("[r]:", "link.mark"), ("http://x", "link.url")]),
    ],
)
def test_one_line(text: str, pieces: list[tuple[str, str]]) -> None:
    assert line("first\n\n" + text) == pieces


def test_a_link_has_a_text_and_a_target() -> None:
    assert line('[a *b*](http://x_y_z "t")') == [
        ("[", "link.mark"),
        ("a ", "link.text"),
        ("*", "mark"),
        ("b", "emphasis"),
        ("*", "mark"),
        ("](", "link.mark"),
        ('http://x_y_z "t"', "link.url"),
        (")", "link.mark"),
    ]
    assert line("![alt](a(b)c.png)")[1] == ("alt", "image")


def test_strong_emphasis_nests() -> None:
    spans = Highlighter(LineIndex("***x***"), MarkdownLexer()).spans(0, 1)[0]
    inner = next(s for s in spans if s.start == 3)
    assert set(inner.styles) >= {"strong", "emphasis"}


@pytest.mark.parametrize("fence", ["```", "~~~", "````"])
def test_a_fence_holds_everything_until_it_closes(fence: str) -> None:
    found = styled(f"{fence}python\n# no *heading*\n``\n{fence}\n# yes")
    assert found[0] == [(fence, "code.fence"), ("python", "code.info")]
    assert found[1] == [("# no *heading*", "code.block")]
    assert found[2] == [("``", "code.block")]
    assert found[3] == [(fence, "code.fence")]
    assert found[4][0] == ("#", "heading.mark")


def test_a_fence_in_a_quote_ends_with_the_quote() -> None:
    found = styled("> ```\n> code\n# out")
    assert found[1][-1][1] == "code.block"
    assert found[2][0] == ("#", "heading.mark")


def test_a_fence_in_a_list_item() -> None:
    found = styled("- ```\n  code\n  ```\n- *x*")
    assert found[1] == [("  code", "code.block")]
    assert found[3][0] == ("-", "list.mark")


def test_front_matter_only_at_the_start() -> None:
    found = styled("---\ntitle: x\ntags:\n - a\n---\n# T")
    assert found[0] == [("---", "front.mark")]
    assert found[1] == [("title:", "front.key"), (" x", "front")]
    assert found[4] == [("---", "front.mark")]
    assert found[5][0] == ("#", "heading.mark")
    assert styled("---\nSome prose (no matter).\n*x*")[2] != [("*x*", "front")]
    assert styled("x\n\n---\ntitle: x")[3] == []


def test_setext_headings_look_at_the_line_below() -> None:
    assert styled("Title\n=====\n") == [[("Title", "heading.1")], [("=====", "heading.mark")], []]
    assert styled("Title\n---\n")[0] == [("Title", "heading.2")]
    assert styled("\n---\n")[1] == [("---", "rule")]


def test_tables() -> None:
    found = styled("| a | b |\n|---|:-:|\n| 1 | *2* |\n\n| no table |")
    assert ("|", "table.mark") in found[0]
    assert (" a ", "table.header") in found[0]
    assert found[1] == [("|---|:-:|", "table.mark")]
    assert ("2", "emphasis") in found[2]
    assert found[2][0] == ("|", "table.mark")
    assert found[4] == []


def test_indented_code_needs_a_blank_line_and_no_list() -> None:
    assert styled("para\n    lazy")[1] == []
    assert styled("\n    code")[1] == [("    code", "code.block")]
    assert styled("- item\n\n    still the item")[2] == []
    assert styled("- item\n\n      code")[2] == [("      code", "code.block")]


def test_comments_run_over_lines() -> None:
    found = styled("<!-- a\n*b*\nc --> *d*\n*e*")
    assert found[1] == [("*b*", "comment")]
    assert found[2][0] == ("c -->", "comment")
    assert ("d", "emphasis") in found[2]
    assert ("e", "emphasis") in found[3]


def test_plain_text_has_no_styles() -> None:
    assert Highlighter(LineIndex("# a\n*b*"), PlainLexer()).spans(0, 2) == [(), ()]


HOSTILE = ["*", "_", "`", "[", "![", "<", "](", "> ", "- ", "\\", "|", "a*", "~~", "&", "<!--", "[x](", "_a "]
HOSTILE += ["``` ", " ", "\t", "](<", "(", '[a](b "', "http://", "*_", "www.", "``", "\u0301", "[^a]"]


@pytest.mark.parametrize("sign", HOSTILE)
def test_hostile_lines_take_about_linear_time(sign: str) -> None:
    lexer = MarkdownLexer()
    began = time.process_time()
    lexer.spans(lexer.start, sign * (20_000 // len(sign)), "=" * 20_000)
    lexer.step(lexer.start, sign * (500_000 // len(sign)))
    assert time.process_time() - began < 2.0


def test_signs_that_find_no_partner_take_about_linear_time() -> None:
    lexer = MarkdownLexer()
    began = time.process_time()
    lexer.spans(lexer.start, "*a " * 1_600 + "b_ " * 1_600, None)
    assert time.process_time() - began < 0.25


def test_only_the_first_part_of_an_endless_line_is_looked_at_for_marks() -> None:
    spans = Highlighter(LineIndex("**b** " * 100_000), MarkdownLexer()).spans(0, 1)[0]
    assert 9_990 <= spans[-1].end <= 10_000


@pytest.mark.parametrize("text", ["|-" + " " * 60_000 + "x", "- " * 30_000 + "x", "|" + "-|" * 30_000 + "x"])
def test_a_hostile_table_row_takes_about_linear_time(text: str) -> None:
    lexer = MarkdownLexer()
    state = lexer.step(lexer.start, "a | b")
    began = time.process_time()
    lexer.step(state, text)
    lexer.spans(state, "a | b", text)
    assert time.process_time() - began < 1.0


# -- a little at a time

PIECES = ["", "# h", "```", "~~~", "> q", "> ```", "- i", "  - j", "    code", "---", "<!--", "-->", "a | b"]
PIECES += ["|---|--|", "text *e*", "1. n", "===", "title: x", "    ", "| r |"]
pieces = st.sampled_from(PIECES)


def from_scratch(lines: LineIndex) -> list[Spans]:
    lexer = MarkdownLexer()
    state, found = lexer.start, []
    texts = lines.lines(0, len(lines))
    for i, text in enumerate(texts):
        found.append(lexer.spans(state, text, texts[i + 1] if i + 1 < len(texts) else None))
        state = lexer.step(state, text)
    return found


def apply(lines: LineIndex, highlighter: Highlighter, *edits: TextEdit) -> None:
    for edit in edits:
        lines.replace(edit.start, edit.end, edit.text)
    highlighter.follow(Change(edits, Origin.REMOTE))


@settings(steady, max_examples=60)
@given(st.data())
def test_incremental_lexing_says_what_lexing_from_scratch_says(data: st.DataObject) -> None:
    part = data.draw(st.lists(pieces, min_size=1, max_size=20))
    lines = LineIndex("\n".join(part * data.draw(st.integers(1, 30))))
    highlighter = Highlighter(lines, MarkdownLexer())
    highlighter.refine(data.draw(st.sampled_from([0, 100, 1000])))
    for _ in range(data.draw(st.integers(1, 6))):
        edits, at = [], 0
        for _ in range(data.draw(st.integers(1, 3))):
            first = data.draw(st.integers(at, len(lines) - 1))
            last = min(first + data.draw(st.integers(0, 80)), len(lines) - 1)
            new = "\n".join(data.draw(st.lists(pieces, min_size=1, max_size=5)))
            edit = TextEdit(Position(first, 0), Position(last, len(lines[last])), new)
            lines.replace(edit.start, edit.end, edit.text)
            edits.append(edit)
            at = first + new.count("\n")
        highlighter.follow(Change(tuple(edits), Origin.REMOTE))
        for _ in range(data.draw(st.integers(0, 2))):
            highlighter.refine(data.draw(st.integers(1, 200)))
        if data.draw(st.booleans()):
            while highlighter.refine(100):
                pass
            assert highlighter.spans(0, len(lines)) == from_scratch(lines)
    while highlighter.refine(100):
        pass
    assert highlighter.spans(0, len(lines)) == from_scratch(lines)


class Counting(MarkdownLexer):
    def __init__(self) -> None:
        self.steps = 0

    def step(self, state, text):  # type: ignore[no-untyped-def]
        self.steps += 1
        return super().step(state, text)


def numbered(count: int) -> str:
    return "".join(f"some text {i}\n" for i in range(count))


def test_the_end_of_a_long_document_is_shown_without_lexing_all_of_it() -> None:
    lines = LineIndex(numbered(100_000) + "```\ncode\n```\n")
    lexer = Counting()
    highlighter = Highlighter(lines, lexer)
    shown = highlighter.spans(100_000, 100_003)
    assert lexer.steps < 300
    assert shown[1][0].styles == ("code.block",)


def test_a_key_press_lexes_a_bounded_number_of_lines() -> None:
    lines = LineIndex(numbered(20_000))
    lexer = Counting()
    highlighter = Highlighter(lines, lexer)
    while highlighter.refine(1000):
        pass
    lexer.steps = 0
    apply(lines, highlighter, TextEdit(Position(10_000, 4), Position(10_000, 4), "x"))
    assert lexer.steps <= 200
    lexer.steps = 0
    apply(lines, highlighter, TextEdit(Position(5, 0), Position(5, 0), "```\n"))
    assert lexer.steps <= 700
    assert highlighter.refine(1)  # the rest of the document is code: known in slices
    while highlighter.refine(1000):
        pass
    assert highlighter.spans(19_000, 19_001)[0][0].styles == ("code.block",)


def test_a_guess_gives_way_to_what_is_known() -> None:
    lines = LineIndex("```\n" + "code\n" * 5_000)
    highlighter = Highlighter(lines, MarkdownLexer())
    assert highlighter.spans(4_000, 4_001) == [()]
    while highlighter.refine(500):
        pass
    assert highlighter.spans(4_000, 4_001)[0][0].styles == ("code.block",)


ranges = st.lists(
    st.tuples(st.integers(0, 20), st.integers(0, 9), st.sampled_from("abc")).map(
        lambda r: StyleSpan(r[0], r[0] + r[1], (r[2],))
    ),
    max_size=8,
)


@steady
@given(ranges)
def test_flattened_spans_ascend_and_say_for_each_column_what_the_ranges_say(
    given_ranges: list[StyleSpan],
) -> None:
    spans = flattened(given_ranges)
    assert all(a.end <= b.start for a, b in itertools.pairwise(spans))
    for col in range(30):
        wanted = {name for r in given_ranges if r.start <= col < r.end for name in r.styles}
        found = [set(s.styles) for s in spans if s.start <= col < s.end]
        assert found == ([wanted] if wanted else [])


@steady
@given(st.lists(st.text("#*_`~[]()!<>-|\\ \tab1.:=x&;\"'/", max_size=40), max_size=8))
def test_any_line_gets_ascending_spans_of_known_styles(texts: list[str]) -> None:
    for text, spans in zip(texts, from_scratch(LineIndex("\n".join(texts))), strict=False):
        at = 0
        for start, end, names in spans:
            assert at <= start < end <= len(text)
            assert names
            assert set(names) <= STYLES
            at = end


@pytest.mark.parametrize("added", [20, 1, 70, -1, -20, -70])
def test_what_is_known_far_below_moves_with_its_lines(added: int) -> None:
    lines = LineIndex("text\n" * 310 + "```\n" + "code\n" * 10 + "```\n" + "text\n" * 400)
    highlighter = Highlighter(lines, MarkdownLexer())
    while highlighter.refine(1000):
        pass
    if added > 0:
        apply(lines, highlighter, TextEdit(Position(5, 0), Position(5, 0), "more\n" * added))
    else:
        apply(lines, highlighter, TextEdit(Position(5, 0), Position(5 - added, 0), ""))
    assert not highlighter.refine(0)
    right = from_scratch(lines)
    for first in range(0, len(lines) - 30, 7):
        assert highlighter.spans(first, first + 30) == right[first : first + 30]


@pytest.mark.parametrize("added", [200, -200])
def test_what_is_still_to_be_lexed_moves_with_its_lines(added: int) -> None:
    lines = LineIndex("text\n" * 3_000)
    highlighter = Highlighter(lines, MarkdownLexer())
    while highlighter.refine(1000):
        pass
    apply(lines, highlighter, TextEdit(Position(1, 0), Position(1, 0), "```\n"))
    if added > 0:
        apply(lines, highlighter, TextEdit(Position(5, 0), Position(5, 0), "more\n" * added))
    else:
        apply(lines, highlighter, TextEdit(Position(5, 0), Position(5 - added, 0), ""))
    while highlighter.refine(1000):
        pass
    assert highlighter.spans(0, len(lines)) == from_scratch(lines)
    assert highlighter.spans(2_700, 2_701)[0][0].styles == ("code.block",)
