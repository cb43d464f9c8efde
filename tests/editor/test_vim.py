"""The vim map: what keys do, modes, repeating, registers, rich text, and that no keys break it."""

from __future__ import annotations

import time

import pytest
from editor.dsl import remote, steady
from editor.vim_cases import CASES, OURS, Case
from editor.vim_dsl import VimSession
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import AttributeValue, Position
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.editor.editor import Editor
from cryptpad_tui.editor.effects import AskScreen, CopyToTerminal, Notice, ReadOnly
from cryptpad_tui.editor.vim.context import Mode
from cryptpad_tui.editor.vim.ex import ExError, parsed
from cryptpad_tui.editor.vim.keys import VimKeys
from cryptpad_tui.editor.vim.registers import Registers


def _named(case: Case) -> str:
    return f"{case.before} {case.keys}".encode("unicode_escape").decode()


@pytest.mark.parametrize("case", CASES, ids=_named)
def test_keys_do_what_vim_does(case: Case) -> None:
    assert VimSession(case.before).press(case.keys).shown == case.after


@pytest.mark.parametrize("case", OURS, ids=_named)
def test_keys_do_what_suits_pads_better(case: Case) -> None:
    assert VimSession(case.before, language="markdown").press(case.keys).shown == case.after


def _indents(case: Case) -> bool:
    """In rich text indentation is a block format."""
    return any(sign in case.keys for sign in (">>", "<<", ">j", "Vj>", "><")) or (
        (case.before.startswith("  ") or "\n  " in case.before or "\n\t" in case.before)
        and any(sign in case.keys for sign in "oOScJ\r")
    )


@pytest.mark.parametrize("case", [case for case in CASES if not _indents(case)], ids=_named)
def test_rich_text_has_the_same_keys(case: Case) -> None:
    session = VimSession(case.before, kind=PadKind.RICHTEXT).press(case.keys)
    assert session.shown == case.after
    assert session.document.marks is not None


# -- modes and the status line


@pytest.mark.parametrize(
    ("keys", "status"),
    [
        ("", ""),
        ("i", "-- INSERT --"),
        ("v", "-- VISUAL --"),
        ("V", "-- VISUAL LINE --"),
        ("2d", "2d"),
        ('"a2d', '"a2d'),
        ("d<Esc>", ""),
        ("qa", "recording @a"),
        ("cw", "-- INSERT --"),
        ("vc", "-- INSERT --"),
        ("vd", ""),
        ("vV", "-- VISUAL LINE --"),
        ("vv", ""),
        ("R", ""),
    ],
)
def test_the_status_says_the_mode_and_the_keys_that_wait(keys: str, status: str) -> None:
    assert VimSession("|one two").press(keys).vim.status == status


def test_a_line_is_shown_while_it_is_written_and_can_be_taken_back() -> None:
    session = VimSession("|one two").press(":s/on")
    assert session.vim.prompt == ":s/on"
    assert session.press("<BS><C-u>x").vim.prompt == ":x"
    assert session.press("<Esc>").vim.prompt is None
    assert session.shown == "|one two"


def test_a_search_that_is_taken_back_leaves_everything_as_it_was() -> None:
    session = VimSession("|one two").press("d/tw<Esc>")
    assert (session.shown, session.vim.status) == ("|one two", "")


def marked(session: VimSession) -> list[str]:
    rows = session.editor.frame().rows
    return [span.text for row in rows for span in row.spans if "find" in span.styles]


def test_a_search_marks_what_it_finds_while_it_is_written_and_goes_back_when_it_is_left() -> None:
    session = VimSession("|one\n" + "x\n" * 50 + "two tea")
    session.press("/t")
    assert (session.editor.state.head, marked(session)) == (Position(0, 0), ["t", "t"])
    session.press("w")
    assert marked(session) == ["tw"]
    session.press("[")
    assert marked(session) == [], "half a pattern"
    session.press("<Esc>")
    assert (session.editor.state.viewport.top, session.editor.state.find) == (Position(0, 0), None)
    session.press("/tea<CR>:s/x/y/<CR>?t<Esc>")
    assert marked(session) == ["tea"], "what was searched for before"


def test_lines_that_others_change_while_replacing_asks_stay_as_they_are() -> None:
    session = VimSession("|a\na\na").press(":%s/a/b/c<CR>y")
    assert (session.vim.prompt or "").startswith(":replace with “b”?")
    remote((1, 0), (1, 0), "A")(session)
    session.press("yy")
    assert session.text == "b\nAa\nb"
    assert Notice("Lines that somebody else changed meanwhile were left as they are.") in session.effects


def test_keys_of_the_app_are_left_to_it() -> None:
    session = VimSession("|one")
    for key in ("f1", "ctrl+q", "ctrl+s", "ctrl+p", "f6", "alt+x"):
        assert session.vim.press(key, None) is None
    assert session.press("i").vim.press("ctrl+s", None) is None


def test_escape_is_always_the_maps() -> None:
    """The default map leaves the pad by it."""
    assert VimSession("|one").vim.press("escape", "\x1b") is not None


def test_what_the_mouse_or_the_default_keys_select_is_visual_mode() -> None:
    session = VimSession("|one two").do("alt+w")
    assert session.vim.mode is Mode.VISUAL
    assert session.press("d").shown == "| two"


def test_a_click_ends_visual_mode() -> None:
    session = VimSession("|one two").press("vl")
    session.editor.click(5, 0)
    assert session.vim.mode is Mode.NORMAL
    assert session.press("x").shown == "one t|o"


# -- lines behind a colon


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        (":w", ["pad.save"]),
        (":q", ["pad.close"]),
        (":q!", ["pad.close"]),
        (":wq", ["pad.save", "pad.close"]),
        (":x", ["pad.save", "pad.close"]),
        (":qa", ["app.quit"]),
        ("ZZ", ["pad.close"]),
    ],
)
def test_saving_and_leaving_are_asked_of_the_screen(line: str, asked: list[str]) -> None:
    keys = line if line == "ZZ" else f"{line}<CR>"
    assert VimSession("|one").press(keys).effects == [AskScreen(name) for name in asked]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (":frob<CR>", "There is no command :frob."),
        (":w name<CR>", "no file name"),
        (":!rm -rf /<CR>", "There is no command :!rm."),
        (":9,12d<CR>", "There is no line 9"),
        (":2,1d<CR>", "behind the last"),
        (":s<CR>", "Write what to replace"),
        (":s/x/y/q<CR>", "not q"),
        (":s/(/y/<CR>", "Not found"),
        (":s/\\(/y/<CR>", "no pattern"),
        (":s/o/\\9/<CR>", "does not fit"),
        ("/nothing<CR>", "Not found."),
        ("n", "Nothing was searched"),
        ("p", "Nothing was yanked"),
        ('"xp', "nothing in this register"),
        ("@z", "no such macro"),
        ("u", "nothing of yours"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(keys: str, said: str) -> None:
    session = VimSession("|one two\nthree").press(keys)
    notices = [effect.text for effect in session.effects if isinstance(effect, Notice)]
    assert notices
    assert said in notices[-1]
    assert notices[-1].endswith(".") or "Not found" in notices[-1]


def test_noh_takes_the_marks_of_a_search_away_and_n_brings_them_back() -> None:
    session = VimSession("|x foo foo").press("/foo<CR>")
    assert session.editor.state.find is not None
    assert session.press(":noh<CR>").editor.state.find is None
    assert session.press("n").shown == "x foo |foo"
    assert session.editor.state.find is not None


def test_how_many_were_replaced_is_said() -> None:
    session = VimSession("|a a\na").press(":%s/a/b/g<CR>")
    assert Notice("Replaced 3 in 2 lines.") in session.effects
    assert session.press("u").text == "a a\na"


@pytest.mark.parametrize(
    "line", ["1,", "%", ",", "5,6", "'<d", "s", "s/", "s//", ">>>>x", "1;2p", "+++", "$-1"]
)
def test_half_a_line_is_a_value_or_a_sentence(line: str) -> None:
    try:
        parsed(line, 0, 3)
    except ExError as error:
        said = str(error)
    else:
        said = "."
    assert said.endswith(".")


# -- registers and the clipboard


def test_the_plus_register_is_the_terminals_clipboard() -> None:
    session = VimSession("|one two").press('"+yw')
    assert session.effects == [CopyToTerminal("one ")]
    assert session.press('$"+p').text == "one twoone "


def test_registers_are_shared_by_all_pads_and_never_shown() -> None:
    registers = Registers()
    first, second = VimSession("|secret"), VimSession("|x")
    first.vim = VimKeys(first.editor, registers=registers)
    second.vim = VimKeys(second.editor, registers=registers)
    first.press("yw")
    assert second.press("p").text == "xsecret"
    assert "secret" not in repr(registers)
    assert "secret" not in repr(registers.get("0"))


def test_deleted_lines_move_through_the_numbers() -> None:
    session = VimSession("|a\nb\nc").press('dddd"2p')
    assert session.text == "c\na"


def test_a_paste_of_the_terminal_is_text_in_every_mode() -> None:
    session = VimSession("|one")
    session.vim.paste("dd\n")
    assert session.text == "dd\none"
    session.press("i")
    session.vim.paste("x")
    session.press("<Esc>.")
    assert session.text.count("x") == 2


# -- others, and reading only


def test_edits_of_others_move_the_caret_and_what_is_selected_with_the_text() -> None:
    session = VimSession("one |two three").press("ve")
    remote((0, 0), (0, 0), "zero\n")(session)
    assert session.press("d").shown == "zero\none | three"


def test_undo_takes_back_own_edits_only() -> None:
    session = VimSession("|one two").press("dw")
    remote((0, 3), (0, 3), "!")(session)
    assert session.press("u").text == "one two!"


def test_a_reader_is_told_once_and_stays_in_normal_mode() -> None:
    session = VimSession("|one two")
    session.document.read_only = True
    for keys in ("i", "x", "dd", "p", "J", "~", "rx", "o", "A", "vd", ":s/o/x/<CR>", ">>", "u"):
        session.effects.clear()
        session.press(keys)
        assert [e for e in session.effects if not isinstance(e, Notice)] in ([ReadOnly()], []), keys
        session.press("<Esc>")
        assert (session.text, session.vim.mode) == ("one two", Mode.NORMAL), keys
    assert session.press("yw").vim.mode is Mode.NORMAL


def formatted(text: str, *formats: tuple[Position, Position, dict[str, AttributeValue]]) -> VimSession:
    session = VimSession(text, kind=PadKind.RICHTEXT)
    for start, end, attributes in formats:
        session.document.format(start, end, attributes)
    return session


OUTLINE = (
    "|one\ntwo big\nthree\n",
    (Position(0, 3), Position(1, 0), {"header": 1}),
    (Position(1, 4), Position(1, 7), {"bold": True}),
    (Position(1, 7), Position(2, 0), {"list": "bullet"}),
    (Position(2, 5), Position(3, 0), {"list": "bullet", "indent": 1}),
)


@pytest.mark.parametrize(
    ("keys", "lines"),
    [
        ("jyyjp", ["one H", "two B *", "three *1", "two B *", ""]),
        ("jyyP", ["one H", "two B *", "two B *", "three *1", ""]),
        ("jddGp", ["one H", "three *1", "", "two B *", ""]),
        ("ddp", ["two B *", "one H", "three *1", ""]),
        ('j"addj"ap', ["one H", "three *1", "", "two B *", ""]),
        ("jVjyGp", ["one H", "two B *", "three *1", "", "two B *", "three *1", ""]),
        ("jVGd", ["one H", ""]),
        ("jjjdd", ["one H", "two B *", "three *1", ""]),
        ("jwyiwggPa<Esc>", ["Bone H", "two B *", "three *1", ""]),
        ("jwviwyggVp", ["B H", "two B *", "three *1", ""]),
    ],
)
def test_what_is_yanked_and_put_in_rich_text_keeps_its_formats(keys: str, lines: list[str]) -> None:
    """B is the bold word, H a heading, * an item of a list and how deep it is."""
    session = formatted(*OUTLINE).press(keys)
    marks = session.document.marks
    assert marks is not None
    shown = []
    for number in range(len(session.document.lines)):
        text, found = session.document.lines[number], marks.line(number)
        for run in reversed(found.runs):
            assert (text[run.start : run.end], run.marks) == ("big", (("bold", True),))
            text = text[: run.start] + "B" + text[run.end :]
        block = dict(found.block)
        sign = "H" if block.get("header") else ""
        sign += f"*{int(block.get('indent') or 0) or ''}" if block.get("list") else ""
        shown.append(f"{text} {sign}".strip())
    assert shown == lines


def test_rich_text_keeps_its_marks() -> None:
    session = VimSession("|one two", kind=PadKind.RICHTEXT)
    session.document.format(Position(0, 0), Position(0, 3), {"bold": True})
    session.press("ylp~wcwx<Esc>0iz<Esc>")
    marks = session.document.marks
    assert marks is not None
    assert session.text == "zoOne x"
    assert [dict(marks.marks_at(Position(0, col))).get("bold") for col in range(7)] == [True] * 5 + [None] * 2


# -- bounds


@pytest.mark.parametrize(
    "keys", ["999999999ix<Esc>", "yy999999p", "999999999x", "qa@aq@a", "99999@a", "9999999G"]
)
def test_great_counts_cost_little(keys: str) -> None:
    session = VimSession("|one two\nthree")
    started = time.process_time()
    session.press(keys)
    assert time.process_time() - started < 3
    assert len(session.text) < 1_100_000


def test_a_key_costs_the_same_in_a_large_pad() -> None:
    document = ViewDocument(client_id=1, kind=PadKind.TEXT)
    document.replace(Position(0, 0), Position(0, 0), "some words in a line of text here\n" * 60_000)
    vim = VimKeys(Editor(document, language="text"))
    vim.press("G", "G")
    started = time.process_time()
    for char in "ggjwdwxp$hbu30000Gddpyyjp>>..u":
        vim.press(char, char)
    assert (time.process_time() - started) / 30 < 0.02


# -- any keys

_KEYS = [*"hjklwbeWBE0^$gG{}()fFtT;,%HMLiaIAoOxXr~JsSCDYpPuvV\"ayq@.dcyd>< 123nN*#/:m'`[]z", "<Esc>", "<Esc>",
         "<CR>", "<C-r>", "<C-d>", "<C-u>", "<C-f>", "<BS>", "iw", "a(", "ip", "it", "gu", "gU", "dd", "x",
         ":s/o/é/g<CR>",
         "/o<CR>", "<C-e>"]  # fmt: skip
_TEXTS = ["|", "|one two\n\n  (three) four.\nfive", "a |日本 é👩‍👩‍👧 x\n\tb\n", '|<b>x</b> "q" \n\n\n']


@settings(steady, max_examples=150)
@given(
    st.sampled_from(_TEXTS),
    st.lists(st.sampled_from(_KEYS), max_size=25),
    st.sampled_from([PadKind.TEXT, PadKind.RICHTEXT]),
)
def test_no_keys_break_it_and_undo_gives_the_text_back(text: str, keys: list[str], kind: PadKind) -> None:
    session = VimSession(text, kind=kind)
    before = session.text
    session.document.end_undo_group()
    for key in keys:
        session.press(key)
        _check_caret(session)
    session.press("<Esc><Esc><Esc>")
    assert session.vim.mode is Mode.NORMAL
    _check_caret(session)
    for _ in range(500):
        if session.text == before or not session.document.undo():
            break
    assert session.text == before


def _check_caret(session: VimSession) -> None:
    lines = session.editor.state.lines
    place = session.editor.state.drawn_caret
    assert lines.clamp(place) == place
    if session.vim.mode is Mode.NORMAL:
        assert place.col < max(1, len(lines[place.line]))
        assert session.editor.state.selection.primary.empty
