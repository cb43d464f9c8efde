"""README.md is true: every command on it is one of those that are tried here."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
from cli.fakes import Person

from support.relay_process import relay_process

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "README.md").read_text()
TARGETS = {"make run", "make demo"}
RELAY = "cryptpad-relay serve --listen 127.0.0.1:8765 --data DIR"
JOIN = "cryptpad-tui join"
RICH = "cryptpad-tui new TITLE --kind richtext"
LIST = "cryptpad-tui ls"


def test_every_command_of_the_page_is_tried_here() -> None:
    blocks = "".join(re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
    in_blocks = {line.partition("#")[0].strip() for line in blocks.splitlines() if line.strip()}
    in_words = set(re.findall(r"`(cryptpad-(?:tui|relay) [^`]+)`", PAGE))
    assert in_blocks | in_words == {*TARGETS, RELAY, JOIN, RICH, LIST}


def test_make_starts_the_app_and_the_demo() -> None:
    if shutil.which("make") is None:
        pytest.skip("no make here")
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    started = {}
    for command in TARGETS:
        dry = [*shlex.split(command), "-n", "-o", ".venv/run"]
        # These tests may run below make themselves, which it tells by variables.
        environ = {
            name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
        }
        done = subprocess.run(
            dry, cwd=ROOT, capture_output=True, text=True, timeout=20, check=True, env=environ
        )
        started[command] = done.stdout.split()
    assert started == {
        "make run": [".venv/bin/cryptpad-tui"],
        "make demo": [".venv/bin/python", "-m", "cryptpad_tui.ui.demo"],
    }
    assert {"cryptpad-tui", "cryptpad-relay"} <= set(scripts)
    assert find_spec("cryptpad_tui.ui.demo") is not None


@pytest.mark.e2e
def test_a_pad_is_made_listed_and_joined_at_a_relay_of_ones_own(anna: Person, tmp_path: Path) -> None:
    _, serve, _, _, data, directory = shlex.split(RELAY)
    assert (serve, data) == ("serve", "--data")
    with relay_process(tmp_path / directory) as relay:
        assert relay.first_line.startswith("relay ready on ws://127.0.0.1:")
        anna.does("relay", "set", relay.url)
        try:
            pad = anna.does(*shlex.split(RICH)[1:]).strip()
            assert pad in anna.does(*shlex.split(LIST)[1:])
            link = anna.does("share", pad)
            ended = anna.run(*shlex.split(JOIN)[1:], stdin=link.encode())
            assert (ended.code, ended.text) == (0, pad)
        finally:
            anna.does("relay", "set", "none")


def test_every_file_that_the_page_leads_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#:]+)", PAGE):
        assert (ROOT / target).is_file(), target
