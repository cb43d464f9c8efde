"""What the doctor learns from a terminal: parsed by shape, bounded, and silence is an answer too."""

from __future__ import annotations

import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptpad_tui.cli.checkup import Grade, check_clipboard, check_terminal
from cryptpad_tui.host.terminal_probe import TerminalAnswers, _read_answers, parse_answers, questions
from support.terminal import Terminal

KITTY = b"\x1bP>|kitty(0.35.2)\x1b\\\x1b[?0u\x1b[?2026;2$y\x1b[?62;52;c"


def test_a_modern_terminals_answers_are_understood() -> None:
    assert parse_answers(KITTY) == TerminalAnswers(True, "kitty(0.35.2)", True, True, True)


@pytest.mark.parametrize(
    "raw", [b"", b"hello", b"\x1b[?2026;0$y", b"\x1bP>|\x1b[2J\x1b\\", b"\x1b[?" + b"1" * 99 + b"c"]
)
def test_what_is_no_answer_is_dropped(raw: bytes) -> None:
    assert parse_answers(raw) == TerminalAnswers()


@given(st.binary())
def test_no_bytes_break_it(raw: bytes) -> None:
    assert parse_answers(raw).name.isprintable()


def test_a_terminal_that_would_show_the_questions_is_not_asked() -> None:
    assert questions({"TERM": "dumb"}) == questions({}) == questions({"TERM": "linux"}) == b""
    assert b"2026" not in questions({"TERM": "xterm", "TERM_PROGRAM": "Apple_Terminal"})
    assert questions({"TERM": "xterm"}).endswith(b"\x1b[c")


def test_a_real_terminal_is_asked_and_left_as_it_was() -> None:
    code = (
        "from cryptpad_tui.host.terminal_probe import ask_terminal; import sys\n"
        "print('asking', flush=True); print(ask_terminal(timeout_s=10)); sys.stdin.readline()"
    )
    with Terminal([sys.executable, "-c", code], cols=200, answers=False) as terminal:
        terminal.wait_for(lambda t: b"\x1b[c" in t.raw)
        terminal.send(KITTY)
        terminal.wait_for("name='kitty(0.35.2)'")
        terminal.send("typed")
        terminal.wait_for("typed")


def test_a_terminal_that_is_not_asked_is_not_waited_for() -> None:
    code = "from cryptpad_tui.host.terminal_probe import ask_terminal; print(ask_terminal(timeout_s=99))"
    with Terminal([sys.executable, "-c", code], term="linux", cols=200) as terminal:
        terminal.wait_for("answered=False")


def test_a_silent_terminal_is_waited_for_only_so_long() -> None:
    reader, writer = os.pipe()
    clock = iter([0.0, 0.5, 1.5]).__next__
    assert _read_answers(reader, 0.6, clock) == b""
    os.write(writer, b"\x1b[?1u half an answer")
    os.close(writer)
    assert _read_answers(reader, 10, lambda: 0.0) == b"\x1b[?1u half an answer"
    os.close(reader)


def test_without_a_terminal_one_finding_says_so() -> None:
    (finding,) = check_terminal({"TERM": "xterm"}, None)
    assert finding.grade is Grade.WARN
    assert list(check_clipboard({}, None)) == []


def test_what_the_environment_says_is_told() -> None:
    environ = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "SSH_CONNECTION": "x"}
    told = {finding.subject: finding.sentence for finding in check_terminal(environ, parse_answers(KITTY))}
    assert "kitty" in told["terminal"]
    assert "other end of a network" in told["terminal"]
    assert told["colours"] == "16 million"
    (clipboard,) = check_clipboard(environ, parse_answers(KITTY))
    assert clipboard.grade is Grade.OK
    (silent,) = check_clipboard(environ, TerminalAnswers())
    assert silent.grade is Grade.WARN
