"""docs/cli.md is true: its commands run from the first to the last, and its tables are the program's own."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from cli.fakes import Command, FakeEngine

from cryptpad_tui.cli.diagnostics import ExitCode
from cryptpad_tui.cli.json_shapes import log_object, status_object
from cryptpad_tui.cli.screen_request import ScreenRequest
from cryptpad_tui.cli.verb_table import VERBS
from cryptpad_tui.engine import LogLine
from cryptpad_tui.pad.alarms import SENTENCES
from support import zygote

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()


def blocks(info: str) -> list[str]:
    return re.findall(rf"^```{info}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def commands(block: str) -> list[str]:
    return [line for line in block.splitlines() if re.search(r"(^|[ (])cryptpad-tui( |$)", line)]


@pytest.mark.e2e
def test_every_command_of_the_page_runs(bytecode: dict[str, str], tmp_path: Path) -> None:
    program = tmp_path / "bin" / "cryptpad-tui"
    program.parent.mkdir()
    warm = tmp_path / "warm"
    # The page's vaults are made with the cheapest passphrase check that is allowed.
    program.write_text(
        f'#!/bin/sh\n[ "$1" != init ] || set -- "$@" --kdf-memory 64\nexec {shlex.quote(str(warm))} "$@"\n'
    )
    warm.write_text(zygote.CLIENT)
    for script_file in (program, warm):
        script_file.chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    environ = {**bytecode, "HOME": str(home), "PATH": f"{program.parent}:{bytecode['PATH']}", "TERM": "xterm"}
    environ["ZYGOTE"] = zygote.shared().address
    script = "set -eu\n" + "".join(
        f"echo '== {number}' >&2\n{block}" for number, block in enumerate(blocks("sh"))
    )
    try:
        done = subprocess.run(
            ["/bin/sh"],
            input=script,
            text=True,
            capture_output=True,
            env=environ,
            cwd=home,
            timeout=300,
            check=False,
        )
    finally:
        stop = {**environ, "CRYPTPAD_TUI_HOME": str(home / "anna")}
        subprocess.run(
            [str(program), "relay", "stop"], env=stop, capture_output=True, timeout=60, check=False
        )
    assert done.returncode == 0, done.stderr
    assert (home / "copy.md").read_bytes() == b"oat milk\ntea\nbread\n"
    assert (home / "link.txt").read_text().startswith("pad1:")
    assert done.stdout.count("oat milk") == 1
    assert "ok    relay" in done.stdout


def test_every_verb_is_on_the_page_as_a_command() -> None:
    shown = "\n".join(
        line for info in ("sh", "sh screen") for block in blocks(info) for line in commands(block)
    )
    for verb in VERBS:
        assert f"cryptpad-tui {verb.name}" in shown, verb.name


def test_the_screens_of_the_page_are_asked_for(engine: FakeEngine, command: Command) -> None:
    shown: list[ScreenRequest] = []
    lines = commands(blocks("sh screen")[0])
    for line in lines:
        assert command(*shlex.split(line)[1:], shown=shown).code == 0
    assert len(shown) == len(lines)


def first_cells(after: str) -> set[str]:
    """The words in the first column of the table that follows."""
    table = PAGE.partition(after)[2].partition("|---|---|\n")[2].partition("\n\n")[0]
    cells = [row.split("|")[1] for row in table.splitlines()]
    return {word.strip(" `") for cell in cells for word in cell.split(",")}


def test_every_field_of_the_json_is_on_the_page(engine: FakeEngine) -> None:
    pad = engine.add("A")
    status = status_object(Path("/v"), "A", None, [pad])
    pads = status["pads"]
    assert isinstance(pads, list)
    of_ls = first_cells("`ls` is a list of pads")
    of_log = first_cells("`log` is a list of entries")
    assert first_cells("`status` is an object") == set(status)
    extra = set(re.findall(r"`(\w+)`", PAGE.partition("| `pads` |")[2].splitlines()[0]))
    assert set(pads[0]) <= of_ls | extra
    assert of_ls <= set(pads[0])
    assert of_log == set(log_object(LogLine(1, "hello", "A", "k", True, False, 1, None)))


def test_exit_codes_and_alarms_are_the_programs_own() -> None:
    assert first_cells("## Exit codes") == {str(int(code)) for code in ExitCode} | {"3"}
    for code, sentence in SENTENCES.items():
        assert f"| {code.value} | {sentence} |" in PAGE
