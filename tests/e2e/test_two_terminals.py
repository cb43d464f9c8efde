"""Two people at two real terminals, one real relay: the page they write together survives everything.

What a person does by hand before a release: write side by side, pull the relay away, go on, bring it back,
kill a terminal in mid-sentence, and look at what is there.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support import zygote
from support.relay import RelayProcess
from support.terminal import Terminal

pytestmark = pytest.mark.e2e
PROGRAM = [sys.executable, "-m", "cryptpad_tui"]


@dataclass
class Person:
    """A home folder with a vault, and what its owner does with it."""

    name: str
    home: Path
    passphrase_file: Path

    @property
    def env(self) -> dict[str, str]:
        return {
            "CRYPTPAD_TUI_HOME": str(self.home),
            "CRYPTPAD_TUI_PASSPHRASE_FILE": str(self.passphrase_file),
        }

    def run(self, *verb: str, stdin: str = "") -> str:
        code, out, err = zygote.shared().run(
            verb, stdin=stdin.encode(), env={**os.environ, **self.env}, cwd=self.home.parent
        )
        assert code == 0, err.decode()
        return out.decode()

    def open(self, pad: str) -> Terminal:
        return Terminal([*PROGRAM, "edit", pad], rows=24, cols=80, env=self.env)


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[RelayProcess]:
    process = RelayProcess(tmp_path / "relay-data")
    yield process
    process.kill()


@pytest.fixture
def people(tmp_path: Path, relay: RelayProcess) -> tuple[Person, Person]:
    """Anna has a pad; Boris joined it by her link."""
    passphrase = tmp_path / "passphrase"
    passphrase.touch(mode=0o600)
    passphrase.write_text("correct horse battery")
    anna, boris = (Person(name, tmp_path / name, passphrase) for name in ("Anna", "Boris"))
    for person in (anna, boris):
        person.run("init", "--name", person.name, "--relay", relay.url, "--kdf-memory", "64")
    anna.run("new", "Minutes", "--from", "-", stdin="# Minutes\n")
    boris.run("join", stdin=anna.run("share", "Minutes"))
    return anna, boris


def text_of(person: Person) -> str:
    return person.run("cat", "Minutes")


def test_a_page_written_together_over_a_relay_that_comes_and_goes(
    people: tuple[Person, Person], relay: RelayProcess
) -> None:
    anna, boris = people
    with anna.open("Minutes") as hers, boris.open("Minutes") as his:
        hers.wait_for("# Minutes")
        his.wait_for("# Minutes")
        his.send("Boris begins. ")
        hers.wait_for("Boris begins. ")
        hers.wait_for("Boris")
        hers.press("ctrl+end")
        hers.send("Anna goes on.")
        his.wait_for("Anna goes on.")
        hers.wait_for("synced")
        relay.kill()
        hers.wait_for("offline")
        his.wait_for("offline")
        hers.send(" Alone, she writes.")
        his.send("He too. ")
        hers.wait_for("waiting")
        relay.start()
        hers.wait_for("He too. ", timeout_s=40)
        his.wait_for("Alone, she writes.", timeout_s=40)
        hers.wait_for("synced", timeout_s=40)
        his.wait_for("synced", timeout_s=40)
        for terminal in (hers, his):
            terminal.press("ctrl+q")
            assert terminal.wait_exit() == 0
    assert text_of(anna) == text_of(boris)
    assert text_of(anna).count("He too. ") == text_of(anna).count("Alone, she writes.") == 1


def test_a_killed_terminal_loses_nothing_that_was_on_its_screen(
    people: tuple[Person, Person], relay: RelayProcess
) -> None:
    anna, boris = people
    relay.kill()
    with anna.open("Minutes") as hers:
        hers.wait_for("# Minutes")
        hers.send("in mid-sentence")
        hers.wait_for("waiting")
        hers.pump(quiet_s=0.5)
        hers.signal(signal.SIGKILL)
    assert "in mid-sentence" in text_of(anna)
    relay.start()
    anna.run("sync", "--wait", "20")
    boris.run("sync", "--wait", "20")
    assert text_of(boris) == text_of(anna)
    assert text_of(boris).count("in mid-sentence") == 1
