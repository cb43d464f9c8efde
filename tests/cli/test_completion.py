"""Shell completion: the scripts load in their shells, and verbs and options are completed, titles never."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from cli.fakes import Command, Person
from click.shell_completion import ShellComplete

from cryptpad_tui.cli.root import root
from cryptpad_tui.cli.run import COMPLETION_VARIABLE
from cryptpad_tui.cli.verb_table import VERBS


def completed(*words: str) -> list[str]:
    """What a shell would offer for the last word."""
    complete = ShellComplete(root, {}, "cryptpad-tui", COMPLETION_VARIABLE)
    return [item.value for item in complete.get_completions(list(words[:-1]), words[-1])]


def test_verbs_and_options_are_completed_and_titles_are_not() -> None:
    assert set(completed("")) == {verb.name for verb in VERBS}
    assert completed("s") == ["search", "share", "sync", "status"]
    assert completed("relay", "s") == ["set", "show", "stop"]
    assert "--json" in completed("ls", "--")
    assert completed("cat", "") == []


def test_a_shell_gets_its_answer_from_the_program(anna: Person) -> None:
    words = {"COMP_WORDS": "cryptpad-tui sy", "COMP_CWORD": "1", COMPLETION_VARIABLE: "bash_complete"}
    ended = anna.run(environ=words)
    assert (ended.code, ended.text, ended.err) == (0, "plain,sync", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_loads_in_its_shell(command: Command, shell: str) -> None:
    script = command("completion", shell).text
    assert "_CRYPTPAD_TUI_COMPLETE" in script
    assert "cryptpad-tui" in script
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    done = subprocess.run(
        [shell, "-n"], input=script, text=True, capture_output=True, timeout=20, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
