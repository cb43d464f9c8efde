"""Shell completion: scripts load in their shells, names are quoted for them, a locked vault says none."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from cli.fakes import PASSPHRASE, Command, Person
from click.shell_completion import ShellComplete
from hypothesis import given
from hypothesis import strategies as st

from cryptpad_tui.cli import completing, run
from cryptpad_tui.cli.root import SubGroup, root
from cryptpad_tui.cli.run import COMPLETION_VARIABLE
from cryptpad_tui.cli.shell_scripts import SCRIPTS
from cryptpad_tui.cli.shell_words import behind, quoted, read_line
from cryptpad_tui.cli.verb_table import VERBS
from cryptpad_tui.drive.names import Named, completions
from cryptpad_tui.engine import listing
from cryptpad_tui.engine.errors import EngineError
from cryptpad_tui.vault import agent
from cryptpad_tui.vault.vault import Vault

TITLES = st.text(st.sampled_from("aB /'\"\\$`!*?;:=-~é#&|(\u202e\n\x1b"), max_size=8)


def completed(*words: str) -> list[str]:
    """What a shell would offer for the last word."""
    complete = ShellComplete(root, {}, "cryptpad-tui", COMPLETION_VARIABLE)
    return [item.value for item in complete.get_completions(list(words[:-1]), words[-1])]


def offered(line: str) -> list[str]:
    return [offer.value or offer.kind for offer in completing.offers(read_line(line))]


def test_verbs_options_and_files_are_completed_by_the_parser() -> None:
    assert set(completed("")) == {verb.name for verb in VERBS}
    assert offered("cryptpad-tui s") == ["search", "share", "sync", "status"]
    assert offered("cryptpad-tui relay s") == ["set", "show", "stop"]
    assert "--json" in offered("cryptpad-tui ls --")
    assert offered("cryptpad-tui import ") == ["file"]


def test_a_shell_with_an_earlier_script_gets_its_answer(anna: Person) -> None:
    words = {"COMP_WORDS": "cryptpad-tui sy", "COMP_CWORD": "1", COMPLETION_VARIABLE: "bash_complete"}
    ended = anna.run(environ=words)
    assert (ended.code, ended.text, ended.err) == (0, "plain,sync", "")


def parameters() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(root)
    for verb in VERBS:
        command = root.get_command(context, verb.name)
        assert command is not None
        inner = command.commands if isinstance(command, SubGroup) else {}
        for name, below in inner.items():
            yield f"{verb.name} {name}", below
        yield verb.name, command


def test_every_verb_that_takes_a_pad_is_known_to_take_one() -> None:
    for name, command in parameters():
        arguments = [each.name for each in command.params if isinstance(each, click.Argument)]
        takes_a_pad = bool(arguments) and arguments[0] in ("pad", "pads")
        assert not takes_a_pad or completing.PAD in completing.PLACES.get(name, ("",))[0], name
        options = [each for each in command.params if isinstance(each, click.Option)]
        for option in options if name in completing.PLACES else []:
            known = [said for said in option.opts if said in completing.FLAGS]
            assert option.is_flag or not known or (name, known) == ("move", ["--follow"]), (name, known)


@given(st.lists(TITLES, min_size=1, max_size=3), st.sampled_from(["", "'", '"']))
def test_what_is_typed_is_read_as_a_shell_reads_it(names: list[str], quote: str) -> None:
    words = [name.replace("\n", "") for name in names]
    line = " ".join(["cryptpad-tui", *[shlex.quote(word) for word in words[:-1]], quote])
    read = read_line(line + quoted(words[-1], quote))
    assert (read.words, read.begun, read.quote) == (tuple(words[:-1]), words[-1], quote)
    # Of a double quotation mark shlex knows less than bash does, which has a test of its own.
    if quote != '"':
        assert shlex.split(quote + quoted(words[-1], quote) + (quote or "''")) == [words[-1]]


def test_a_name_is_never_more_than_one_word_to_bash(tmp_path: Path) -> None:
    names = [
        "it's",
        '"$HOME"',
        "`touch x`",
        "$(touch x)",
        "a;b|c&d",
        "*?[a]",
        "a: b=c",
        "~root",
        "#no",
        "{1,2}",
        "é ü",
    ]
    script = "\n".join(
        f"printf '%s\\n' {mark}{quoted(name, mark)}{mark}" for name in names for mark in ("", "'", '"')
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script], capture_output=True, text=True, cwd=tmp_path, timeout=20, check=True
    )
    assert done.stdout.splitlines() == [name for name in names for _ in range(3)]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("mark", ["", "'", '"'])
def test_no_name_asks_bash_for_its_history(mark: str, tmp_path: Path) -> None:
    """A title such as `!cr:gs/ /;id;/` would be a command: whatever one typed before, taken apart."""
    names = ["notes!cr:gs/ /;touch x;/", "!!", "a!", "!-1", "!$!"]
    script = ["set -o history -o histexpand", "echo cryptpad-tui before"]
    script += [f"printf '%s\\n' {mark}{quoted(name, mark)}{mark}" for name in names]
    done = subprocess.run(
        ["bash", "--norc"],
        input="\n".join(script) + "\n",
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=20,
    )
    assert done.stdout.splitlines()[1:] == names
    assert not list(tmp_path.iterdir())


def test_bash_gets_what_is_behind_the_colon_that_it_cut_at() -> None:
    assert behind("a\\:\\ b", "a\\:\\ b", "b") == "b"
    assert behind("a\\:b", "a:", ":") == "a\\:b"
    assert behind("Plan", "Pl", "Pl") == "Plan"


@given(st.lists(st.tuples(TITLES, st.sampled_from(["", "A", "A/b", "-x"])), max_size=6), TITLES)
def test_each_name_that_is_offered_leads_to_its_pad_and_shows_as_it_is(
    said: list[tuple[str, str]], begun: str
) -> None:
    pads = [Named(bytes([at]) * 32, title or "untitled", folder) for at, (title, folder) in enumerate(said)]
    lines = [SimpleNamespace(pad_id=pad.pad_id, title=pad.title, path=pad.path) for pad in pads]
    by_short = {short: pad for pad, short in listing.short_ids([pad.pad_id for pad in pads]).items()}
    for start in {begun, "", "A/"}:
        for name, about in completions(pads, start):
            assert name.startswith(start)
            assert name.isprintable()
            assert not name.startswith("-")
            assert "\u202e" not in name
            meant = listing.find(lines, name).pad_id  # type: ignore[arg-type]
            assert meant in (by_short.get(about), by_short.get(name))


def test_no_pad_is_left_without_a_name() -> None:
    pads = [
        Named(bytes([at]) * 32, title, "") for at, title in enumerate(["Plan", "Plan", "\u202eevil", "-x"])
    ]
    names = [name for name, _ in completions(pads, "")]
    assert len(set(names)) == 4
    with pytest.raises(EngineError):
        listing.find([], "Plan")


@pytest.fixture
def drive(anna: Person, monkeypatch: pytest.MonkeyPatch) -> Person:
    """A drive of which this process could have the key, had `unlock` left it."""
    for title in ("Shopping list", "It's"):
        anna.does("new", title, "--into", "Work/Notes")
    gone = anna.does("new", "Gone")
    anna.does("rm", gone)
    for name, value in anna.environ.items():
        if name.startswith(("CRYPTPAD_TUI_", "XDG_")):
            monkeypatch.setenv(name, value)
    monkeypatch.setattr("cryptpad_tui.host.process.harden", lambda: None)
    return anna


def test_pads_and_folders_are_offered_where_the_key_is_held(
    drive: Person, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent, "may_hold", lambda directory: True)
    monkeypatch.setattr(
        agent, "open_held", lambda directory: Vault.open(directory, passphrase=PASSPHRASE.encode())
    )
    assert offered("cryptpad-tui cat Sh") == ["Shopping list"]
    assert offered("cryptpad-tui cat --json Work/") == ["Work/Notes/It's", "Work/Notes/Shopping list"]
    assert offered("cryptpad-tui new x --into Wo") == ["Work", "Work/Notes"]
    assert offered("cryptpad-tui mv It\\'s W") == ["Work", "Work/Notes"]
    assert offered("cryptpad-tui restore ") == ["Gone", "file"]
    monkeypatch.setenv("COMP_LINE", "cryptpad-tui cat It")
    assert command(run.ASK, "bash").text.split("\t")[:2] == ["plain", "It\\'s"]


def test_a_locked_vault_says_nothing_and_asks_nothing(drive: Person) -> None:
    ended = drive.run(run.ASK, "bash", environ={"COMP_LINE": "cryptpad-tui cat "})
    assert (ended.code, ended.out, ended.err) == (0, b"", "")
    ended = drive.run(
        run.ASK, "bash", environ={"COMP_LINE": "cryptpad-tui cat ", "CRYPTPAD_TUI_HOME": "/nowhere"}
    )
    assert (ended.code, ended.out, ended.err) == (0, b"", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_loads_in_its_shell(command: Command, shell: str) -> None:
    script = command("completion", shell).text
    assert run.ASK in script
    assert "cryptpad-tui" in script
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    done = subprocess.run(
        [shell, "-n"], input=script, text=True, capture_output=True, timeout=20, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def answering(folder: Path, *lines: str) -> dict[str, str]:
    """An environment in which the program answers a Tab with these lines."""
    program = folder / "cryptpad-tui"
    program.write_text("#!/bin/sh\nprintf '%s\\n' " + " ".join([shlex.quote(line) for line in lines]) + "\n")
    program.chmod(0o700)
    return {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(folder)}


def test_bash_takes_a_name_with_spaces_as_one(tmp_path: Path) -> None:
    environ = answering(tmp_path, "plain\tShopping\\ list\tmzxw6ytb", "plain\t*\tx")
    ask = "COMP_WORDS=(cryptpad-tui cat Sh) COMP_CWORD=2 COMP_LINE='cryptpad-tui cat Sh' COMP_POINT=19"
    script = f"{SCRIPTS['bash']}\n{ask}\n_cryptpad_tui_complete\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n"
    done = subprocess.run(
        ["bash", "--norc", "-c", script], capture_output=True, text=True, env=environ, timeout=20, check=True
    )
    assert (done.stdout.splitlines(), done.stderr) == (["Shopping\\ list", "*"], "")


@pytest.mark.skipif(shutil.which("fish") is None, reason="no fish here")
def test_fish_takes_it_with_what_it_is(tmp_path: Path) -> None:
    environ = answering(tmp_path, "plain\tShopping list\tmzxw6ytb")
    script = f"{SCRIPTS['fish']}\ncomplete -C 'cryptpad-tui cat Sh'\n"
    done = subprocess.run(
        ["fish", "--no-config", "-c", script],
        capture_output=True,
        text=True,
        env=environ,
        timeout=20,
        check=True,
    )
    assert done.stdout.splitlines() == ["Shopping list\tmzxw6ytb"]
