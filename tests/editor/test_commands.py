"""Keys to texts: what every command does, in the words of the person who presses the keys."""

from __future__ import annotations

import pytest
from editor.dsl import KEYMAP, Session, check, paste, pause, remote, run

from cryptpad_tui.editor.commands import COMMANDS
from cryptpad_tui.editor.effects import CopyToTerminal, Notice, OpenPrompt, ReadOnly
from cryptpad_tui.editor.keymap import (
    FORBIDDEN,
    ForbiddenKey,
    KeyConflict,
    Keymap,
    UnknownCommand,
    is_legacy,
    keys_page,
    label_of,
)


@pytest.mark.parametrize(
    ("before", "keys", "after"),
    [
        ("ab|c", "left", "a|bc"),
        ("ab|c", "right", "abc|"),
        ("a\n|b", "left", "a|\nb"),
        ("a|\nb", "right", "a\n|b"),
        ("|a", "left", "|a"),
        ("a|", "right", "a|"),
        ("x👨‍👩‍👧|y", "left", "x|👨‍👩‍👧y"),
        ("x|🇩🇪y", "right", "x🇩🇪|y"),
        ("e\u0301|", "left", "|e\u0301"),
        ("abc\nd|ef", "up", "a|bc\ndef"),
        ("a|bc\nd", "down", "abc\nd|"),
        ("abc|\nd\nefg", "down down", "abc\nd\nefg|"),
        ("漢|字\nabcd", "down", "漢字\nab|cd"),
        ("ab|cd\n漢字", "down", "abcd\n漢|字"),
        ("a|bc\nd", "down up", "a|bc\nd"),
        ("ab|c", "up", "|abc"),
        ("a|bc", "down", "abc|"),
        ("one two| three", "ctrl+right", "one two three|"),
        ("one two, th|ree", "ctrl+left ctrl+left", "one |two, three"),
        ("one|\ntwo", "ctrl+right", "one\n|two"),
        ("one\n|two", "ctrl+left", "one|\ntwo"),
        ("it|'s here", "ctrl+right", "it's| here"),
        ("|漢字かな", "ctrl+right", "漢字|かな"),
        ("|-- x", "ctrl+right", "-- x|"),
        ("  ab|c", "home", "  |abc"),
        ("  |abc", "home", "|  abc"),
        ("|  abc", "home", "  |abc"),
        ("a|bc", "end", "abc|"),
        ("a\nb|\nc", "alt+u", "|a\nb\nc"),
        ("a|\nb\nc", "alt+d", "a\nb\nc|"),
    ],
)
def test_motions(before: str, keys: str, after: str) -> None:
    check(before, *keys.split(), after)


@pytest.mark.parametrize(
    ("before", "keys", "after"),
    [
        ("ab|c", "shift+left", "a[|b]c"),
        ("a|bc", "shift+right shift+right", "a[bc|]"),
        ("a[b|]c", "left", "a|bc"),
        ("a[|b]c", "right", "ab|c"),
        ("a[bc|]\nd", "down", "abc\nd|"),
        ("a|b\ncd", "shift+down", "a[b\nc|]d"),
        ("a|b", "shift+home", "[|a]b"),
        ("one t|wo", "ctrl+shift+left", "one [|t]wo"),
        ("on|e two", "ctrl+a", "[one two|]"),
        ("on|e two", "alt+w", "[one|] two"),
        ("one|, two", "alt+w", "[one|], two"),
        ("a\nb|c\nd", "alt+l", "a\n[bc\n|]d"),
        ("a\nb|c\nd", "alt+l alt+l", "a\n[bc\nd|]"),
        ("a[b|]c", "escape", "ab|c"),
        ("a|bc", "alt+a right right", "a[bc|]"),
        ("a|bc", "ctrl+@ end alt+a left", "ab|c"),
        ("a|b c", "alt+a ctrl+right ctrl+right", "a[b c|]"),
    ],
)
def test_selecting(before: str, keys: str, after: str) -> None:
    check(before, *keys.split(), after)


@pytest.mark.parametrize(
    ("before", "keys", "after"),
    [
        ("a|c", "b", "ab|c"),
        ("a[b|]c", "x", "ax|c"),
        ("ab|c", "backspace", "a|c"),
        ("a\n|b", "backspace", "a|b"),
        ("|a", "backspace", "|a"),
        ("x👍🏽|y", "backspace", "x|y"),
        ("x👨‍👩‍👧|", "backspace", "x|"),
        ("❤️|", "backspace", "|"),
        ("a|\nb", "delete", "a|b"),
        ("a|🇩🇪b", "ctrl+d", "a|b"),
        ("a[b|]c", "delete", "a|c"),
        ("one two|", "ctrl+w", "one |"),
        ("|one two", "alt+t", "| two"),
        ("one [tw|]o", "ctrl+w", "one |o"),
        ("ab|cd", "ctrl+u", "|cd"),
        ("a\n|b", "ctrl+u", "a|b"),
        ("ab|cd", "ctrl+k", "ab|"),
        ("ab|\ncd", "ctrl+k", "ab|cd"),
        ("a|b", "enter", "a\n|b"),
        ("  a|b", "enter", "  a\n  |b"),
        ("\ta|", "enter", "\ta\n\t|"),
        ("- a|", "enter", "- a\n- |"),
        ("- a\n- |", "enter", "- a\n|"),
        ("3. a|b", "enter", "3. a\n4. |b"),
        ("  - [x] a‸", "enter", "  - [x] a\n  - [ ] ‸"),
        ("> a|", "enter", "> a\n> |"),
        ("> |", "enter", "|"),
        ("> - a|", "enter", "> - a\n> - |"),
        ("|- a", "enter", "\n|- a"),
        ("  a|", "alt+j", "  a\n|"),
        ("a|", "tab", "a   |"),
        ("|", "tab", "    |"),
        ("- a\n- |", "tab", "- a\n    - |"),
        ("    - |x", "shift+tab", "- |x"),
        ("[a\n\nb|]", "tab", "    [a\n\n    b|]"),
        ("  a|", "alt+i", "      a|"),
        ("      a|", "alt+e", "  a|"),
        ("[    a\n  b\nc|]", "shift+tab", "[a\nb\nc|]"),
        ("\ta|", "shift+tab", "a|"),
        ("a\nb|c\nd", "alt+k", "a\nd|"),
        ("a\nb|c", "alt+k", "a|"),
        ("a|", "alt+k", "|"),
        ("a\n[b\nc|]\nd", "alt+k", "a\nd|"),
        ("a\n[b\n|]c", "alt+k", "a\n|c"),
        ("a\nb|b\nc", "alt+shift+u", "b|b\na\nc"),
        ("a\nb|b\nc", "alt+shift+d", "a\nc\nb|b"),
        ("|a\nb", "alt+shift+u", "|a\nb"),
        ("a\nb|", "alt+shift+d", "a\nb|"),
        ("a\n[b\nc|]\nd", "alt+shift+u", "[b\nc|]\na\nd"),
        ("a\n[b\n|]c", "alt+shift+d", "a\nc\n[b|]"),
        ("a\nb|c", "alt+shift+c", "a\nbc\nb|c"),
    ],
)
def test_editing(before: str, keys: str, after: str) -> None:
    check(before, *keys.split(), after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("- ⟦ ] a‸", "- ⟦x] a‸"),
        ("- ⟦x] a‸", "- ⟦ ] a‸"),
        ("- a‸", "- ⟦ ] a‸"),
        ("  1. a‸b", "  1. ⟦ ] a‸b"),
        ("a‸", "- ⟦ ] a‸"),
        ("‸", "- ⟦ ] ‸"),
        ("> - ⟦ ] ‸a", "> - ⟦x] ‸a"),
    ],
)
def test_tasks(before: str, after: str) -> None:
    # The opening bracket of a box is written ⟦ here: it would be the mark of a selection.
    def boxed(text: str) -> str:
        return text.replace("⟦", "[")

    text, caret = boxed(before).replace("‸", ""), before.index("‸")
    session = Session("|").do(paste(text))
    session.editor.run("goto.line", "1")
    for _ in range(caret):
        session.do("right")
    session.do("alt+x")
    head = session.editor.state.head
    assert session.text[: head.col] + "‸" + session.text[head.col :] == boxed(after)


def test_several_tasks_at_once() -> None:
    session = Session("[- a\n\n- b|]").do("alt+x")
    assert session.text == "- [ ] a\n\n- [ ] b"
    assert session.do("ctrl+a", "alt+x").text == "- [x] a\n\n- [x] b"
    assert session.do("ctrl+z").text == "- [ ] a\n\n- [ ] b"


def test_tabs_where_tabs_are_the_indentation() -> None:
    check("a|", "tab", "a\t|", indent="\t")
    check("[a\nb|]", "tab", "\t[a\n\tb|]", indent="\t")


def test_lists_do_not_go_on_in_plain_text() -> None:
    check("- a|", "enter", "- a\n|", language="text")


# -- the clipboard


def test_copy_and_paste() -> None:
    session = check("Hel[lo|] x", "ctrl+c", "end", "ctrl+v", "Hello xlo|")
    assert session.effects == [CopyToTerminal("lo")]


def test_cut_and_paste() -> None:
    check("[ab|]c", "ctrl+x", "end", "ctrl+v", "cab|")


def test_without_a_selection_the_line_is_copied_and_goes_above() -> None:
    session = check("a\nb|c\nd", "ctrl+c", "down", "ctrl+v", "a\nbc\nbc\nd|")
    assert session.effects == [CopyToTerminal("bc\n")]
    check("a\nb|c", "ctrl+x", "ctrl+v", "bc\na|")
    check("a|", "ctrl+x", "|")


def test_an_empty_clipboard_says_what_to_do() -> None:
    (notice,) = Session("a|").do("ctrl+v").effects
    assert isinstance(notice, Notice)


def test_pasting_cleans_and_says_so() -> None:
    session = Session("|").do(paste("a\r\nb\x1b[31m\x00\x9bc\rd\te"))
    assert session.text == "a\nb[31mc\nd\te"
    assert session.effects == [
        Notice("Windows line ends were changed to LF. 3 control characters were left out.")
    ]


def test_the_bare_returns_of_a_terminal_are_not_worth_a_note() -> None:
    session = Session("|").do(paste("a\rb"))
    assert (session.text, session.effects) == ("a\nb", [])


@pytest.mark.parametrize("bad", ["\ud800", "\x7f", "\x08", "\x85"])
def test_nothing_unclean_reaches_the_document(bad: str) -> None:
    session = Session("a|").do(paste(bad), lambda s: s.editor.type(bad))
    assert session.text == "a"
    assert len(session.effects) == 2


def test_a_paste_is_one_undo_step() -> None:
    check("a|", "x", paste("one\ntwo"), "y", "ctrl+z", "ctrl+z", "ax|")


# -- undo


def test_undo_takes_typing_back_and_redo_brings_it_again() -> None:
    check("a|", "b", "c", "ctrl+z", "a|")
    check("a|", "b", "c", "ctrl+z", "ctrl+y", "abc|")


def test_moving_the_caret_ends_an_undo_step() -> None:
    check("a|", "b", "left", "right", "c", "ctrl+z", "ab|")


def test_undo_goes_to_where_the_text_changed() -> None:
    check("one\ntwo\nthree|", pause, "!", "alt+u", "ctrl+z", "one\ntwo\nthree|")
    check("one [two|] three", "delete", "alt+d", "ctrl+z", "one two| three")


def test_undo_of_a_multi_line_command_is_one_step() -> None:
    check("[a\nb\nc|]", "tab", "ctrl+z", "|a\nb\nc")
    check("a\nb|\nc", "alt+shift+u", "ctrl+z", "a\n|b\nc")


def test_undo_leaves_what_others_wrote() -> None:
    check("a|", "x", remote((0, 0), (0, 0), "THEIRS "), "ctrl+z", "THEIRS a|")


def test_nothing_to_undo_says_so() -> None:
    session = Session("|").do("ctrl+y")
    assert session.effects == [Notice("There is nothing of yours to redo.")]


# -- others write at the same time


@pytest.mark.parametrize(
    ("before", "step", "after"),
    [
        ("abcd|ef", remote((0, 1), (0, 5), ""), "a|f"),
        ("abc\ndef\nghi|jkl", remote((0, 3), (2, 1), ""), "abchi|jkl"),
        ("abc\nd|ef\nghi", remote((0, 3), (2, 0), ""), "abc|ghi"),
        ("ab|cd", remote((0, 2), (0, 2), "XY"), "ab|XYcd"),
        ("ab|cd", remote((0, 1), (0, 1), "\n"), "a\nb|cd"),
        ("ab|cd", remote((0, 0), (0, 0), "x\ny"), "x\nyab|cd"),
        ("a[bc|]d", remote((0, 1), (0, 1), "X"), "aX[bc|]d"),
        ("a[bc|]d", remote((0, 3), (0, 3), "X"), "a[bc|]Xd"),
        ("a[|bc]d", remote((0, 1), (0, 1), "X"), "aX[|bc]d"),
        ("a[bc|]d", remote((0, 2), (0, 2), "X"), "a[bXc|]d"),
        ("a[bc|]d", remote((0, 0), (0, 4), ""), "|"),
        ("a[bc|]d", remote((0, 2), (0, 4), "Z"), "a[b|]Z"),
        ("e|x", remote((0, 1), (0, 1), "\u0301"), "e\u0301|x"),
    ],
)
def test_the_caret_stays_at_its_text(before: str, step: str, after: str) -> None:
    check(before, step, after)


def test_typing_goes_on_where_the_caret_is_after_others_wrote() -> None:
    check("one|", "x", remote((0, 0), (0, 0), "zero\n"), "y", "zero\nonexy|")


def test_a_moved_line_keeps_what_others_write_into_it() -> None:
    session = Session("a\nb|c\nd")
    session.sync()
    session.do("alt+shift+u")
    session.other.replace(*(2 * [session.other.lines.clamp(session.editor.state.head._replace(line=1))]), "!")
    for update in session.other.take_updates():
        session.document.apply(update)
    assert session.text == "b!c\na\nd"


# -- going to places


def test_go_to_a_line() -> None:
    check("a\nb\nc|", run("goto.line", "2"), "a\n|b\nc")
    check("a\nb\nc|", run("goto.line", "99"), "a\nb\n|c")
    check("a\nb|", run("goto.line", "0"), "|a\nb")
    assert Session("a|").do("ctrl+g").effects == [OpenPrompt("goto")]
    assert isinstance(Session("a|").do(run("goto.line", "x\u00b2")).effects[0], Notice)


def test_find_next_and_previous_go_round() -> None:
    session = Session("one two One|\ntwo")
    session.editor.find_start()
    assert session.editor.find_update("one")
    assert session.marked == "[one|] two One\ntwo"
    session.editor.find_accept()
    assert session.do("f3").marked == "one two [One|]\ntwo"
    assert session.do("f3").marked == "[one|] two One\ntwo"
    assert session.do("alt+p").marked == "one two [One|]\ntwo"
    assert session.do("alt+p").marked == "[one|] two One\ntwo"


def test_a_needle_with_a_capital_minds_the_case() -> None:
    session = Session("|one One")
    session.editor.find_start()
    assert session.editor.find_update("One")
    assert session.marked == "one [One|]"


def test_what_is_not_found_leaves_the_caret() -> None:
    session = Session("on|e")
    session.editor.find_start()
    assert session.editor.find_update("one") is True
    assert session.editor.find_update("onex") is False
    assert session.marked == "on|e"
    session.editor.find_update("o")
    session.editor.find_cancel()
    assert session.marked == "on|e"


def test_signs_of_patterns_are_found_literally() -> None:
    session = Session("|a.c abc (.*)")
    session.editor.find_start()
    assert session.editor.find_update("(.*)")
    assert session.marked == "a.c abc [(.*)|]"


def test_finding_again_asks_when_nothing_was_searched() -> None:
    assert Session("a|").do("f3", "alt+p").effects == [OpenPrompt("find")] * 2


# -- reading only


def test_a_reader_is_told_and_nothing_changes() -> None:
    session = Session("a|b")
    session.document.read_only = True
    for name, command in COMMANDS.items():
        effects = session.editor.run(name)
        assert (effects == (ReadOnly(),)) == command.edits
    assert session.editor.type("x") == session.editor.paste("x") == (ReadOnly(),)
    assert session.text == "ab"


# -- the table


def test_every_command_can_be_reached_with_keys_that_every_terminal_sends() -> None:
    for name, command in COMMANDS.items():
        if name.startswith("select.") and f"cursor.{name[7:]}" in COMMANDS:
            continue  # the mark and a motion
        if name.startswith("format.") and not command.keys:
            continue  # by its name
        assert any(is_legacy(key) for key in command.keys), name
    assert is_legacy(KEYMAP.keys("select.mark")[0])


def test_the_key_to_show_is_one_that_every_terminal_sends() -> None:
    for command in COMMANDS.values():
        if any(is_legacy(key) for key in command.keys):
            assert is_legacy(command.keys[0]), command.name


def test_no_key_is_one_that_terminals_confuse() -> None:
    for command in COMMANDS.values():
        assert not FORBIDDEN & set(command.keys)


def test_every_command_that_changes_text_is_marked_so() -> None:
    for name, command in COMMANDS.items():
        session = Session("[ab\n- c\nd|]\ne").do("x", "ctrl+z")
        session.editor.run("select.line")
        before = session.text
        session.editor.run("clipboard.copy")
        session.editor.run(name)
        assert session.text == before or command.edits, name


def test_two_commands_on_one_key_are_an_error() -> None:
    with pytest.raises(KeyConflict) as caught:
        Keymap(COMMANDS.values(), {"clipboard.copy": ["ctrl+x"]})
    assert caught.value.key == "ctrl+x"


def test_confused_keys_and_unknown_commands_are_errors() -> None:
    with pytest.raises(ForbiddenKey):
        Keymap(COMMANDS.values(), {"clipboard.copy": ["ctrl+i"]})
    with pytest.raises(UnknownCommand):
        Keymap(COMMANDS.values(), {"no.such": ["f9"]})
    with pytest.raises(UnknownCommand):
        Session("|").editor.run("no.such")


def test_a_person_may_choose_keys() -> None:
    keymap = Keymap(COMMANDS.values(), {"clipboard.copy": ["f9"]})
    assert keymap.command("f9") == "clipboard.copy"
    assert keymap.command("ctrl+c") is None
    assert keymap.command("f9", context="drive") is None
    assert keymap.label("clipboard.copy") == "F9"


def test_keys_are_shown_as_people_write_them() -> None:
    assert label_of("ctrl+right") == "Ctrl+→"
    assert label_of("alt+shift+u") == "Alt+Shift+U"
    assert label_of("pageup") == "PgUp"
    page = keys_page(COMMANDS.values())
    assert "| Copy | `clipboard.copy` | Ctrl+C Alt+C (Ctrl+Ins) |" in page
