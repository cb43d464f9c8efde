"""What a command imports, seen from outside: `--version` nothing heavy, and no verb a screen."""

from __future__ import annotations

import subprocess
import sys

import pytest
from cli.fakes import Person

SCREENS = {"textual", "rich", "cryptpad_tui.ui", "cryptpad_tui.editor"}
CODES = {"spake2", "cryptography"}
HEAVY = SCREENS | {
    "click",
    "asyncio",
    "pycrdt",
    "apsw",
    "nacl",
    "websockets",
    "platformdirs",
    "logging",
    "importlib.metadata",
    "cryptpad_tui.engine",
    "cryptpad_tui.vault",
}
PROBE = """
import sys
sys.argv[1:] = {arguments!r}
from cryptpad_tui.__main__ import main
code = main()
print(code, *sorted(sys.modules), file=sys.stderr)
"""


def modules_after(*arguments: str, environ: dict[str, str] | None = None) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(arguments=list(arguments))],
        capture_output=True,
        text=True,
        env=environ,
        check=True,
        timeout=60,
    )
    code, *names = done.stderr.splitlines()[-1].split()
    assert code == "0", done.stderr
    return set(names)


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_the_quick_answers_import_nothing_heavy(argument: str) -> None:
    assert modules_after(argument) & HEAVY == set()


def test_the_completion_script_needs_no_vault() -> None:
    found = modules_after("completion", "bash")
    assert found & (HEAVY - {"click", "logging"}) == set()


def test_the_help_of_a_verb_needs_neither_engine_nor_screen() -> None:
    found = modules_after("sync", "--help")
    assert found & (SCREENS | {"cryptpad_tui.engine", "pycrdt", "apsw"}) == set()


@pytest.mark.parametrize("verb", [("ls",), ("sync",), ("doctor",)])
def test_no_verb_imports_a_screen_or_what_only_codes_need(verb: tuple[str, ...], anna: Person) -> None:
    assert modules_after(*verb, environ=anna.environ) & (SCREENS | CODES) == set()
