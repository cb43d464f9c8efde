"""A failing screen tells nothing, foreign text commands nothing, and the terminal is left as it was."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from textual.app import ComposeResult
from textual.widgets import Input, Static
from textual.worker import WorkerFailed

from cryptpad_tui.ui.safe_app import SafeApp
from cryptpad_tui.ui.terminal import UnsuitableTerminal, refuse_unsuitable_terminal
from support.terminal import Terminal, key
from support.warm_terminal import WarmTerminal

PROBE = str(Path(__file__).with_name("editor_probe.py"))
GRAMMAR = re.compile(
    rb"\x1b\[[0-9;]*[mHABCDGKMLrP@]"  # looks, moves, erasing, moving rows and cells
    rb"|\x1b\[\?(?:25|1049|1000|1002|1004|1006|2004|7)[hl]|\x1b\[\?2026\$p"  # modes, set once
    rb"|\x1b\[[<>][0-9]*u|\x1b\]22;[a-z]+\x07"  # keys, the shape of the mouse pointer
)


def probe(*arguments: str, **options: dict[str, str]) -> Terminal:
    """The editor in a real terminal, on its first frame."""
    terminal = WarmTerminal([PROBE, *arguments], **options)  # type: ignore[arg-type]
    terminal.wait_for("rest" if "hostile" in arguments else "line 0" if "plain" in arguments else "ready")
    return terminal


@pytest.mark.e2e
def test_crash_output_is_one_line_without_text_of_the_pad_or_local_variables() -> None:
    with probe("plain") as terminal:
        mark = terminal.size_bytes
        terminal.press("f4")
        assert terminal.wait_exit() == 1
        last_words = bytes(terminal.raw[mark:]).decode()
        assert "line 3" not in last_words
        assert "Traceback" not in last_words
        assert "decrypted" not in last_words
        lines = [line for line in terminal.display() if line]
        assert "".join(lines).startswith(
            "cryptpad-tui: error: the screen failed (ValueError at editor_probe.py:"
        )
        assert "saved" in "".join(lines)


@pytest.mark.e2e
@pytest.mark.parametrize("flag", ["", "--no-diff"])
def test_no_escape_of_text_names_or_titles_reaches_the_terminal(flag: str) -> None:
    with probe("hostile", *([flag] if flag else [])) as terminal:
        terminal.press("f5")
        terminal.wait_for("EVE")
        terminal.pump(0.1)
        strange = {sequence for sequence in terminal.sequences if not GRAMMAR.fullmatch(sequence)}
        assert strange == set()
        text = re.sub(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\].*?\x07", b"", bytes(terminal.raw)).decode()
        assert not set(text) & set("\x07\x1b\x9b\u202e\u2028\u200b\u200e")


@pytest.mark.e2e
def test_the_terminal_is_left_as_it_was_when_the_app_is_told_to_stop() -> None:
    with probe("plain") as terminal:
        terminal.signal(signal.SIGTERM)
        assert terminal.wait_exit() == 128 + signal.SIGTERM
        assert terminal.text().strip() == ""
        for ending in (b"\x1b[0m", b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1004l", b"\x1b[?2004l", b"\x1b[?7h"):
            assert ending in bytes(terminal.raw)[-200:]
        assert terminal.cursor_visible


@pytest.mark.e2e
def test_the_mouse_is_never_tracked_in_motion_and_not_at_all_when_it_is_not_wanted() -> None:
    with probe("plain") as terminal:
        assert b"\x1b[?1002h" in terminal.raw
        assert b"\x1b[?1003h" not in terminal.raw
    with probe("plain", "--no-mouse") as terminal:
        assert b"\x1b[?1002h" not in terminal.raw
        assert b"\x1b[?1000h" not in terminal.raw


@pytest.mark.e2e
def test_ctrl_l_paints_everything_anew_and_a_resize_too() -> None:
    with probe("plain") as terminal:
        whole = terminal.text()
        terminal.screen.erase_in_display(2)
        terminal.send(key("ctrl+l"))
        terminal.wait_for(lambda t: t.text() == whole)
        terminal.screen.erase_in_display(2)
        terminal.resize(24, 80)
        terminal.wait_for(lambda t: t.text() == whole)


@pytest.mark.e2e
def test_what_another_program_left_is_painted_over_when_the_app_comes_back() -> None:
    with probe("plain") as terminal:
        whole = terminal.text()
        terminal.press("f2")
        terminal.wait_for(lambda t: b"somebody else's program" in t.raw)
        terminal.wait_for(lambda t: t.text() == whole)
        assert terminal.cursor_visible


@pytest.mark.e2e
def test_typing_under_a_message_leaves_the_message_and_the_text_whole() -> None:
    with probe("plain") as terminal:
        terminal.press("f6")
        terminal.wait_for("a message over the text")
        terminal.send(key("pagedown") + "typed")
        terminal.wait_for("typed")
        terminal.pump(0.1)
        shown = terminal.picture()
        terminal.send(key("ctrl+l"))
        terminal.pump(0.2)
        assert terminal.picture() == shown
        assert "a message over the text" in terminal.text()


@pytest.mark.e2e
def test_a_burst_of_keys_is_few_frames_and_ends_right() -> None:
    with probe("plain") as terminal:
        mark = terminal.size_bytes
        terminal.send("0123456789" * 6)
        terminal.wait_for("0123456789" * 6 + "line 0")
        terminal.pump(0.1)
        assert terminal.size_bytes - mark < 60 * 20
        assert terminal.cursor == (60, 0)


@pytest.mark.parametrize("term", ["", "dumb", "unknown"])
def test_a_terminal_that_cannot_draw_is_refused_with_the_verbs_that_work_there(term: str) -> None:
    with pytest.raises(UnsuitableTerminal, match="cryptpad-tui ls"):
        refuse_unsuitable_terminal({"TERM": term}, is_terminal=True)


def test_without_a_terminal_there_is_no_screen() -> None:
    with pytest.raises(UnsuitableTerminal):
        refuse_unsuitable_terminal({"TERM": "xterm"}, is_terminal=False)
    refuse_unsuitable_terminal({"TERM": "xterm"}, is_terminal=True)


def test_a_standard_input_that_is_closed_is_no_terminal() -> None:
    command = f"{sys.executable} -m cryptpad_tui <&-"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=20)
    assert ended.returncode == 1
    assert ended.stderr.startswith("cryptpad-tui: error: This terminal cannot show a screen")


def test_a_terminal_that_is_not_known_is_not_trusted_to_erase_in_colour() -> None:
    # The terminal's description is read once in a process, so another one is asked.
    question = "from cryptpad_tui.ui.terminal import erases_with_background as e; print(e({!r}))"
    for term, answer in (("no-such-terminal", "False\n"), ("xterm-256color", "True\n")):
        command = [sys.executable, "-c", question.format(term)]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == answer


class FieldsApp(SafeApp):
    def compose(self) -> ComposeResult:
        yield Input()
        yield Static("\x1b[31mred\x9b1m\u202e")


async def test_no_cursor_blinks_and_no_widget_paints_control_characters() -> None:
    async with FieldsApp().run_test() as pilot:
        assert pilot.app.query_one(Input).cursor_blink is False
        painted = "".join(
            segment.text for strip in pilot.app.screen._compositor.render_strips() for segment in strip
        )
        assert "red" in painted
        assert not set(painted) & set("\x1b\x9b\u202e")


async def test_brackets_in_a_message_are_brackets() -> None:
    async with FieldsApp().run_test(notifications=True) as pilot:
        pilot.app.notify("[red]not a colour[/")
        await pilot.pause()
        assert [notification.markup for notification in pilot.app._notifications] == [False]


async def test_over_ssh_nothing_is_animated() -> None:
    assert FieldsApp(environ={"SSH_CONNECTION": "1 2 3 4", "TERM": "xterm"}).animation_level == "none"


async def test_no_color_selects_a_theme_of_the_terminals_own_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert FieldsApp().theme == "ansi-dark"


async def test_what_a_failure_says_names_its_kind_and_place_but_never_its_message() -> None:
    try:
        raise KeyError("the secret title")
    except KeyError as error:
        line = SafeApp.failure_line(error)
    assert "KeyError at test_safe_app.py:" in line
    assert "secret" not in line
    assert "\n" not in line


def test_a_failure_of_a_task_is_named_as_what_it_was() -> None:
    error = KeyError("the secret title")
    assert SafeApp.failure_line(WorkerFailed(error)) == SafeApp.failure_line(error)
    assert "KeyError" in SafeApp.failure_line(WorkerFailed(error))


def test_an_exported_columns_does_not_nail_the_size_down() -> None:
    with WarmTerminal([PROBE, "plain"], env={"COLUMNS": "80", "LINES": "24"}) as terminal:
        terminal.wait_for("ready")
        terminal.resize(30, 100)
        terminal.wait_for(lambda t: t.row(29).startswith("ready"))
