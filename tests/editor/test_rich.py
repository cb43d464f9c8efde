"""Rich text in the editor: what is seen is the document, and keys do in it what people know."""

from __future__ import annotations

import random

import pytest
from editor.dsl import Act, Session, marked, paste
from editor.test_editor import drawn, styles_at

from cryptpad_tui.crdt.kinds import BLOCK_KEYS, INLINE_KEYS, PadKind
from cryptpad_tui.crdt.line_index import LineIndex
from cryptpad_tui.crdt.mark_index import MarkIndex
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor.commands import COMMANDS
from cryptpad_tui.editor.layout import Layout


def rich(text: str = "|", **options: object) -> Session:
    return Session(text, kind=PadKind.RICHTEXT, **options)  # type: ignore[arg-type]


def run(name: str, argument: str = "") -> Act:
    return lambda session: session.editor.run(name, argument)


def blocks(session: Session) -> list[dict[str, object]]:
    marks = session.document.marks
    assert marks is not None
    return [dict(line.block) for line in marks.lines(0, 1_000)]


def runs(session: Session) -> list[tuple[str, dict[str, object]]]:
    return [(text, dict(marks)) for text, marks in session.document.runs()]


# -- signs that become formats


@pytest.mark.parametrize(
    ("typed", "block"),
    [
        ("# ", {"header": 1}),
        ("### ", {"header": 3}),
        ("- ", {"list": "bullet"}),
        ("* ", {"list": "bullet"}),
        ("1. ", {"list": "ordered"}),
        ("[] ", {"list": "unchecked"}),
        ("[x] ", {"list": "checked"}),
        ("> ", {"blockquote": True}),
        ("```", {"code-block": "plain"}),
    ],
)
def test_a_sign_typed_at_the_start_of_a_line_becomes_its_format(typed: str, block: dict[str, object]) -> None:
    session = rich("|").do(*typed, *"Tea")
    assert session.text == "Tea\n"
    assert blocks(session) == [block, {}]


@pytest.mark.parametrize(
    ("typed", "kind"), [("[x] ", "checked"), ("[] ", "unchecked"), ("[ ] ", "unchecked")]
)
def test_a_task_is_typed_in_any_list_as_deep_as_the_item_was(typed: str, kind: str) -> None:
    session = rich("|").do(*"- one", "enter", "tab", *typed, *"two")
    assert session.text == "one\ntwo\n"
    assert blocks(session)[1] == {"list": kind, "indent": 1}


@pytest.mark.parametrize("before", ["x|", "####### |"])
def test_a_sign_elsewhere_stays_what_it_is(before: str) -> None:
    session = rich(before).do("-", " ")
    assert session.text == before.replace("|", "- ")
    assert blocks(session) == [{}]


def test_undo_gives_the_typed_sign_back() -> None:
    session = rich("|").do("#", " ")
    session.clock += 10
    session.do("ctrl+z")
    assert session.text == "# "
    assert blocks(session) == [{}]


# -- Enter


def test_enter_goes_on_with_a_list_and_leaves_it_from_an_empty_item() -> None:
    session = rich("|").do(*"- one", "enter", *"two", "enter", "enter", *"after")
    assert session.text == "one\ntwo\nafter\n"
    assert blocks(session) == [{"list": "bullet"}, {"list": "bullet"}, {}, {}]


def test_enter_behind_a_heading_begins_a_paragraph() -> None:
    session = rich("|").do(*"# Title", "enter", *"text")
    assert session.text == "Title\ntext\n"
    assert blocks(session) == [{"header": 1}, {}, {}]


def test_enter_inside_a_heading_makes_two() -> None:
    session = rich("|").do(*"# Title", "left", "left", "enter")
    assert session.text == "Tit\nle\n"
    assert blocks(session)[:2] == [{"header": 1}, {"header": 1}]


def test_enter_before_a_heading_puts_a_paragraph_above() -> None:
    session = rich("|").do(*"# Title", "home", "enter")
    assert session.text == "\nTitle\n"
    assert blocks(session)[:2] == [{}, {"header": 1}]


def test_enter_behind_a_done_task_begins_an_open_one() -> None:
    session = rich("|").do(*"[x] done", "enter", *"open")
    assert blocks(session)[:2] == [{"list": "checked"}, {"list": "unchecked"}]


def test_an_empty_item_goes_out_one_level_at_a_time() -> None:
    session = rich("|").do(*"- a", "enter", "tab", *"b", "enter", "enter", *"c")
    assert blocks(session)[:3] == [
        {"list": "bullet"},
        {"list": "bullet", "indent": 1},
        {"list": "bullet"},
    ]


def test_code_has_empty_lines_and_is_left_from_the_second_at_its_end() -> None:
    session = rich("|").do(
        *"```", "enter", *"one", "enter", "enter", *"two", "enter", "enter", "enter", *"after"
    )
    assert session.text == "one\n\ntwo\nafter\n"
    assert blocks(session) == [{"code-block": "plain"}] * 3 + [{}, {}]


def test_a_language_behind_the_sign_of_code_names_it() -> None:
    session = rich("|").do(*"```Python", "enter", *"go", "enter", *"x")
    assert session.text == "go\nx\n"
    assert blocks(session)[:2] == [{"code-block": "python"}] * 2
    session = rich("|").do(*"```")
    session.clock += 10
    session.do(*"python")
    session.clock += 10
    assert session.do("enter", "ctrl+z").text == "python\n"
    assert rich("|").do(*"```python x", "enter").text == "python x\n\n"


def test_enter_inside_code_never_leaves_it() -> None:
    session = rich("|").do(*"```a", "enter", *"b", "up", "end", "enter", "enter", "enter", *"c")
    assert session.text == "a\n\n\nc\nb\n"
    assert {str(block) for block in blocks(session)[:5]} == {str({"code-block": "plain"})}


# -- Backspace and Delete


def test_backspace_at_the_start_takes_the_format_before_it_joins_lines() -> None:
    session = rich("|").do(*"one", "enter", *"- two", "home", "backspace")
    assert session.text == "one\ntwo\n"
    assert blocks(session) == [{}, {}, {}]
    session.do("backspace")
    assert session.text == "onetwo\n"


def test_a_paragraph_joined_to_a_heading_becomes_part_of_it() -> None:
    session = rich("|").do(*"# Title", "enter", *"text", "home", "backspace")
    assert session.text == "Titletext\n"
    assert blocks(session)[0] == {"header": 1}


def test_a_heading_joined_to_an_empty_line_stays_a_heading() -> None:
    session = rich("|").do("enter", *"# Title", "home", "up", "delete")
    assert session.text == "Title\n"
    assert blocks(session)[0] == {"header": 1}


# -- Tab


def test_tab_nests_a_list_item_at_most_eight_deep() -> None:
    session = rich("|").do(*"- a", *["tab"] * 12)
    assert blocks(session)[0] == {"list": "bullet", "indent": 8}
    session.do(*["shift+tab"] * 12)
    assert blocks(session)[0] == {"list": "bullet"}


def test_tab_goes_through_the_cells_of_a_table() -> None:
    session = rich("a|").do(run("format.table", "2x2"), *"one", "tab", *"two", "tab", *"three", "shift+tab")
    assert session.text.startswith("a\none\ntwo\nthree\n\n")
    assert [block.get("table") for block in blocks(session)[1:5]] == [
        "1/100/100",
        "1/100/200",
        "1/200/100",
        "1/200/200",
    ]
    assert session.editor.selected_text() == "two"


def test_tab_in_a_paragraph_is_a_tab() -> None:
    assert rich("|").do("tab").text == "    "


# -- marks


def test_bold_is_switched_on_and_off_over_a_selection() -> None:
    session = rich("one [two|] three").do(run("format.bold"))
    assert runs(session) == [("one ", {}), ("two", {"bold": True}), (" three", {})]
    session.do(run("format.bold"))
    assert runs(session) == [("one two three", {})]


def test_a_partly_bold_selection_becomes_bold() -> None:
    session = rich("[on|]e two").do(run("format.bold"), "ctrl+a", run("format.bold"))
    assert runs(session) == [("one two", {"bold": True})]


def test_a_mark_without_a_selection_is_for_what_is_typed_next() -> None:
    session = rich("a|").do(run("format.italic"), "b", "c", run("format.italic"), "d")
    assert runs(session) == [("a", {}), ("bc", {"italic": True}), ("d", {})]


def test_moving_the_caret_forgets_a_mark_that_was_not_used() -> None:
    session = rich("ab|").do(run("format.italic"), "left", "right", "c")
    assert runs(session) == [("abc", {})]


def test_marks_never_touch_line_ends() -> None:
    session = rich("[one\ntwo|]\n").do(run("format.bold"))
    assert blocks(session) == [{}, {}, {}]
    assert runs(session) == [("one", {"bold": True}), ("\n", {}), ("two", {"bold": True}), ("\n", {})]


def test_text_typed_behind_a_link_is_not_part_of_it() -> None:
    session = rich("[here|]").do(run("format.link", "https://example.org"), "right", "!")
    assert runs(session) == [("here", {"link": "https://example.org"}), ("!", {})]


def test_an_address_pasted_over_a_selection_becomes_its_link() -> None:
    session = rich("see [this|]").do(paste("https://example.org/a?b=c"))
    assert runs(session) == [("see ", {}), ("this", {"link": "https://example.org/a?b=c"})]


def test_a_link_is_taken_away_with_the_caret_anywhere_in_it() -> None:
    session = rich("[here|] x").do(run("format.link", "https://example.org"), "left", "right")
    session.do(run("format.bold"), run("format.link", "none"))
    assert all("link" not in marks for _, marks in runs(session))


def test_script_goes_up_down_and_back() -> None:
    session = rich("[2|]").do(run("format.script"))
    assert runs(session) == [("2", {"script": "sup"})]
    session.do(run("format.script"))
    assert runs(session) == [("2", {"script": "sub"})]
    session.do(run("format.script"))
    assert runs(session) == [("2", {})]


def test_pasted_lines_go_on_with_the_list_they_are_pasted_into() -> None:
    session = rich("|").do(*"- a", paste("b\nc"))
    assert session.text == "ab\nc\n"
    assert blocks(session)[:2] == [{"list": "bullet"}, {"list": "bullet"}]


def test_one_undo_takes_a_whole_format_step_back() -> None:
    session = rich("one\ntwo|")
    session.clock += 10
    session.do("ctrl+a", run("format.bullets"))
    assert blocks(session) == [{"list": "bullet"}, {"list": "bullet"}, {}]
    session.clock += 10
    session.do("ctrl+z")
    assert session.text == "one\ntwo"
    assert blocks(session) == [{}, {}]


def test_a_view_only_pad_is_not_formatted() -> None:
    session = rich("[one|]")
    session.document.read_only = True
    assert session.editor.run("format.bold")
    assert runs(session) == [("one", {})]


# -- markdown writes the signs


def test_the_same_command_writes_markdowns_sign() -> None:
    session = Session("one [two|]").do(run("format.bold"))
    assert session.marked == "one **[two|]**"
    session = Session("one [two|]").do(run("format.link", "https://example.org"))
    assert session.text == "one [two](https://example.org)"


# -- what is seen


def test_a_document_is_seen_without_markup() -> None:
    session = rich("|", width=30, height=9)
    session.do(
        *"# Plan",
        "enter",
        *"- tea",
        "enter",
        "tab",
        *"green",
        "enter",
        "shift+tab",
        *"milk",
        "enter",
        "enter",
    )
    session.do(*"> wise", "enter", "enter", *"[] buy", "enter", "enter", *"end")
    assert drawn(session.editor.frame()) == [
        "Plan", "• tea", "  ◦ green", "• milk", "│ wise", "☐ buy", "end", "", "",
    ]  # fmt: skip
    assert styles_at(session.editor.frame(), 0, 0) == ("heading.1",)


def test_numbers_count_their_own_level() -> None:
    session = rich("|", width=30, height=8)
    session.do(*"1. a", "enter", *"b", "enter", "tab", *"x", "enter", *"y", "enter", "shift+tab", *"c")
    assert drawn(session.editor.frame())[:5] == ["1. a", "2. b", "  1. x", "  2. y", "3. c"]


def test_a_long_item_hangs_under_its_text_and_the_caret_with_it() -> None:
    session = rich("|", width=16, height=4).do(*"- one two three four")
    frame = session.editor.frame()
    assert drawn(frame)[:2] == ["• one two three ", "  four"]
    assert frame.caret == (6, 1)
    assert session.editor.position_at(2, 1) == Position(0, 14)
    assert session.editor.position_at(0, 0) == Position(0, 0)


def test_centred_text_stands_in_the_middle() -> None:
    session = rich("abcd|\n", width=21, height=2).do(run("format.align"))
    frame = session.editor.frame()
    assert drawn(frame)[0] == " " * 8 + "abcd"
    assert frame.caret == (12, 0)


@pytest.mark.parametrize("value", ["[bold]", "#12345", "red; blink", "#\x1b[31m", "url(x)"])
def test_a_colour_that_is_none_is_not_shown(value: str) -> None:
    session = rich("a\n|")
    session.document.format(Position(0, 0), Position(0, 1), {"color": value.replace("\x1b", "")})
    assert styles_at(session.editor.frame(), 0, 0) == ()


def test_hostile_block_values_are_drawn_as_something_harmless() -> None:
    session = rich("a\nb\n|", width=30)
    session.document.format(Position(0, 0), Position(1, 0), {"list": "🦆", "indent": 1e9})
    session.document.format(Position(1, 0), Position(2, 0), {"header": "x", "table": "///"})
    assert len(drawn(session.editor.frame())[0]) < 30


# -- whoever edits

_KEYS = (
    "enter", "backspace", "delete", "tab", "shift+tab", "left", "up", "down", "home", "end", "ctrl+z",
    "ctrl+y", "shift+right", "ctrl+a", "ctrl+x", "ctrl+v", "alt+x", "alt+h", "alt+o", "alt+q", "alt+k",
    "alt+shift+u", "alt+shift+c", "ctrl+w", "a", "é", "漢", " ", "#", "-", "`", "[", "]", "1", ".", ">",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(25))
def test_random_keys_keep_the_screen_and_the_document_in_step(seed: int) -> None:
    draw = random.Random(seed)
    session = rich("|", width=20, height=6)
    formats = [name for name in COMMANDS if name.startswith("format.")]
    for _ in range(120):
        session.clock += draw.random()
        if draw.random() < 0.25:
            session.do(
                run(draw.choice(formats), draw.choice(["", "none", "red", "2x2", "https://a.example"]))
            )
        else:
            session.do(draw.choice(_KEYS))
        document, state = session.document, session.editor.state
        assert document.marks is not None
        whole = MarkIndex(LineIndex(document.text()), document.runs())
        assert document.marks.lines(0, 10_000) == whole.lines(0, 10_000)
        frame = session.editor.frame()
        assert frame.caret is not None or not state.selection.primary.empty
        assert all(row.cells == sum(span.cells for span in row.spans) <= 20 for row in frame.rows)
        fresh = Layout(state.lines, 20, margins=state.layout.margins)
        assert fresh.row_at(state.head) == state.layout.row_at(state.head)
        for text, attributes in document.runs():
            allowed = BLOCK_KEYS if text == "\n" else BLOCK_KEYS | INLINE_KEYS
            assert set(attributes) <= allowed, marked(text, state.selection)
        session.sync()
    assert session.other.runs() == session.document.runs()
