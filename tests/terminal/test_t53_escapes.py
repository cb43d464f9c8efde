"""T53: nothing that comes from outside commands the terminal: raw bytes of a real pseudo-terminal.

Text, titles, names, marks, notices, alarms, failures and log lines; the window's title and the clipboard.
Each door is run twice: as it is, and without its defences, which shows that the attack would arrive.
"""

from __future__ import annotations

import base64
import re
import sys
from pathlib import Path

import pytest

from support.terminal import Terminal
from support.warm_terminal import WarmTerminal

pytestmark = pytest.mark.e2e
PROBE = str(Path(__file__).with_name("hostile_probe.py"))
GRAMMAR = re.compile(
    rb"\x1b\[[0-9;]*[mHABCDGKMLrP@JX]"  # looks, moves, erasing, moving rows and cells
    rb"|\x1b\[\?(?:25|1049|1000|1002|1004|1006|2004|2026|7)[hl]|\x1b\[\?2026\$p"  # modes
    rb"|\x1b\[[<>][0-9]*u|\x1b\]22;[a-z]+\x07"  # keys, the shape of the mouse pointer
)
"""Everything that the app and its framework say to a terminal by themselves."""
COPY = re.compile(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07")
TITLE = re.compile(rb"\x1b\][012];|\x1b\[2[0-3];?[012]?t")
BARE = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*\x07")
COMMANDS = frozenset("\x00\x07\x08\x0b\x0c\x1b\x7f\u202e\u2028\u200e") | {
    chr(code) for code in range(0x80, 0xA0)
}


def strange(terminal: Terminal) -> set[bytes]:
    """Sequences that are none of ours, and bare control characters."""
    found = {sequence for sequence in terminal.sequences if not GRAMMAR.fullmatch(sequence)}
    text = BARE.sub(b"", bytes(terminal.raw)).decode("utf-8", "replace")
    return found | {char.encode() for char in set(text) & COMMANDS}


def see_every_screen(terminal: Terminal) -> None:
    """The drive, a pad with somebody in it, an alarm, the share screen, a rename that fails, the help."""
    terminal.wait_for("EVIL")
    terminal.press("enter")
    terminal.wait_for("first row")
    terminal.wait_for("ALARM")
    terminal.pump(quiet_s=0.3)
    terminal.press("f1")
    terminal.pump(quiet_s=0.2)
    terminal.press("escape")
    terminal.pump(quiet_s=0.2)


def probe(*arguments: str) -> Terminal:
    if "--unsafe" in arguments:
        # The defences are taken out before anything that holds them is loaded.
        return Terminal([sys.executable, PROBE, *arguments], rows=24, cols=100)
    return WarmTerminal([PROBE, *arguments], rows=24, cols=100)


@pytest.mark.parametrize("painting", ["", "--no-diff"])
def test_t53_no_screen_lets_anything_from_outside_command_the_terminal(painting: str) -> None:
    with probe("screen", painting) as terminal:
        see_every_screen(terminal)
        assert "EVE" in terminal.text()
        assert strange(terminal) == set()
        assert not TITLE.search(terminal.raw)


def test_t53_without_the_defences_the_attack_reaches_the_terminal() -> None:
    with probe("screen", "--unsafe") as terminal:
        terminal.wait_for(lambda t: strange(t) and TITLE.search(t.raw) and COPY.search(t.raw))


def test_t53_the_clipboard_gets_what_was_selected_and_only_when_asked() -> None:
    with probe("screen") as terminal:
        terminal.wait_for("EVIL")
        terminal.press("enter")
        terminal.wait_for("first row")
        terminal.press("shift+right", "shift+right")
        terminal.pump(quiet_s=0.3)
        assert not COPY.search(terminal.raw)
        terminal.press("ctrl+c")
        terminal.wait_for(lambda t: COPY.search(t.raw))
        copies = COPY.findall(bytes(terminal.raw))
        assert [base64.b64decode(copy) for copy in copies] == [b"fi"]
        assert {sequence for sequence in strange(terminal) if not COPY.fullmatch(sequence)} == set()


def test_t53_no_verb_lets_anything_from_outside_command_the_terminal() -> None:
    with probe("verbs", "ls", "status", "sync", "log aaaaaaaa", "rename nowhere x") as terminal:
        terminal.wait_exit()
        assert "EVIL" in terminal.text()
        assert strange(terminal) == set()
        assert terminal.sequences == []
    with probe("verbs", "--alarm", "sync") as terminal:
        assert terminal.wait_exit() == 6
        assert "EVIL" in terminal.text()
        assert strange(terminal) == set()


def test_t53_without_term_safe_verbs_would_pass_the_attack_on() -> None:
    with probe("verbs", "--unsafe", "ls", "status", "log aaaaaaaa", "sync") as terminal:
        terminal.wait_exit()
        assert terminal.raw.count(b"\x1b]0;owned\x07") >= 4
