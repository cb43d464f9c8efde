"""The contract of contract.md, from outside: real processes, a real vault, no relay."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli.fakes import Command, Inside, MakePerson, Person

from cryptpad_tui.cli.help_text import help_text
from cryptpad_tui.cli.verb_table import VERBS


def test_version_is_the_packages_own(anna: Person) -> None:
    from importlib.metadata import version

    assert anna.start("--version").out == f"cryptpad-tui {version('cryptpad-tui')}\n".encode()


def test_version_answers_quickly(anna: Person) -> None:
    """P5's bar is 120 ms, here of the processor: how long one waits for it is up to the other programs."""
    took = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        anna.start("--version")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    assert min(took) < 0.12, took


def test_help_fits_one_screen_and_has_an_example_a_verb() -> None:
    lines = help_text().split("\n")
    assert len(lines) < 24, "the prompt below it takes a line"
    others = " ".join(lines[1:-2]).replace(",", "").split()
    assert max(map(len, lines)) <= 80
    for verb in VERBS:
        own = [line for line in lines if line.startswith(f"  {verb.name} ")]
        assert len(own) == (0 if verb.rare else 1)
        assert own or verb.name in others


def test_every_verb_has_help_and_an_example(command: Command) -> None:
    for verb in VERBS:
        ended = command(verb.name, "--help")
        assert ended.code == 0
        assert f"Example: cryptpad-tui {verb.example}" in " ".join(ended.text.split())
        below = ended.text.partition("Commands:")[2]
        assert "..." not in below
        assert not below or ended.text.count("\n") < 24, verb.name


def test_a_second_init_leaves_the_vault_as_it_is(anna: Person, inside: Inside) -> None:
    before = (anna.home / "vault.hdr").read_bytes()
    ended = inside(anna, "init", "--name", "Eve", "--kdf-memory", "64")
    assert (ended.code, len(ended.lines)) == (1, 1)
    assert (anna.home / "vault.hdr").read_bytes() == before


def test_init_needs_a_name_and_refuses_a_cheap_or_odd_passphrase_check(
    anna: Person, inside: Inside, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    person = Person(home, {**anna.environ, "CRYPTPAD_TUI_HOME": str(home)})
    assert inside(person, "init").code == 2
    for memory in ("32", "100", "2048"):
        ended = inside(person, "init", "--name", "A", "--kdf-memory", memory)
        assert (ended.code, len(ended.lines)) == (1, 1), memory
    assert inside(person, "init", "--name", "A", "--relay", "http://x", "--kdf-memory", "64").code == 2
    assert inside(person, "init", "--name", "A" * 65, "--kdf-memory", "64").code == 1
    assert inside(person, "ls").code == 1
    assert not (home / "vault.hdr").exists()


def test_a_pads_life_without_a_relay(make_person: MakePerson, inside: Inside) -> None:
    person = make_person("Berta")

    def does(*arguments: str, stdin: bytes = b"") -> bytes:
        ended = inside(person, *arguments, stdin=stdin)
        assert ended.code == 0, ended.err
        return ended.out

    text = "milk\n\ttea é 😀 \u202e".encode()
    made = inside(person, "new", "Shopping", "--from", "-", stdin=b"\xef\xbb\xbf" + text)
    assert (made.code, len(made.text), len(made.lines)) == (0, 8, 1)
    pad = made.text
    assert does("cat", pad) == does("cat", "Shopping") == text
    does("append", pad, stdin=b"\nmore")
    assert does("cat", pad) == text + b"\nmore"
    does("write", "Shopping", stdin=b"milk\n\ttea\n")
    assert does("cat", pad) == b"milk\n\ttea\n"
    does("rename", pad, "Errands")
    (line,) = json.loads(does("ls", "--json"))
    assert (line["id"], line["title"], line["sync"], line["right"]) == (pad, "Errands", "saved", "owner")
    assert line["size_bytes"] == 10
    assert line["pad_id"].startswith(pad)
    does("sync")
    assert json.loads(does("log", pad, "--json")) == []
    (pad_status,) = json.loads(does("status", "--json"))["pads"]
    assert (pad_status["id"], pad_status["alarms"], pad_status["log_n"]) == (pad, [], 0)
    does("new", "Errands")
    assert inside(person, "cat", "Errands").code == 1
    assert inside(person, "share", pad).code == 5
    does("rm", pad)
    assert inside(person, "cat", pad).code == 1
    assert len(json.loads(does("ls", "--json"))) == 1


@pytest.mark.parametrize("raw", [b"a\x00", b"\x1b[2J", b"\xff", b"\xc2\x9b", b"\x7f"])
def test_what_no_pad_can_hold_changes_nothing(anna: Person, inside: Inside, raw: bytes) -> None:
    ended = inside(anna, "new", "Never", "--from", "-", stdin=b"ok\n" + raw)
    assert (ended.code, ended.out, len(ended.lines)) == (1, b"", 1)
    assert "line 2, column" in ended.err


@pytest.fixture(scope="module")
def long_pad(anna: Person) -> str:
    return anna.does("new", "Long", "--from", "-", stdin=b"0123456789\n" * 50_000)


def test_a_reader_that_leaves_early_is_no_event(anna: Person, long_pad: str) -> None:
    command = f"{sys.executable} -m cryptpad_tui cat {long_pad} | head -c 5"
    done = subprocess.run(
        ["/bin/sh", "-c", command], env=anna.environ, capture_output=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == (b"01234", b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_an_output_that_is_full_is_a_failure(anna: Person, long_pad: str) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "cryptpad_tui", "cat", long_pad],
            stdout=full, stderr=subprocess.PIPE, env=anna.environ, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    assert b"could not be written" in done.stderr


@pytest.mark.parametrize(("verb", "closed"), [("append Long", "<&-"), ("ls", ">&-")])
def test_a_closed_stream_is_one_line(anna: Person, long_pad: str, verb: str, closed: str) -> None:
    command = f"{sys.executable} -m cryptpad_tui {verb} {closed}"
    done = subprocess.run(
        ["/bin/sh", "-c", command], env=anna.environ, capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (1, b"", 1)


def test_a_relay_that_never_answers_holds_nothing_up(anna: Person, inside: Inside) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        url = f"ws://127.0.0.1:{listener.getsockname()[1]}"
        try:
            assert inside(anna, "relay", "set", url).code == 0
            started = time.perf_counter()
            ended = inside(anna, "new", "Saved")
            assert (ended.code, len(ended.lines)) == (0, 1)
            assert time.perf_counter() - started < 6
            assert inside(anna, "sync", "--wait", "0.2").code == 5
        finally:
            inside(anna, "relay", "set", "none")


def test_ctrl_c_while_text_is_read_changes_nothing(anna: Person, inside: Inside, long_pad: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "cryptpad_tui", "write", long_pad],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=anna.environ,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(b"half")
    process.stdin.flush()
    wait_until_reading(process.pid)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, b"", b"")
    assert len(inside(anna, "cat", long_pad).out) == 550_000


def wait_until_reading(pid: int) -> None:
    """Until the process sleeps in a read of its standard input; without /proc, a moment."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            waits_in = Path(f"/proc/{pid}/wchan").read_text()
        except OSError:
            time.sleep(2)
            return
        if "pipe" in waits_in:
            return
        time.sleep(0.02)


def test_without_a_terminal_the_app_says_what_works_instead(anna: Person) -> None:
    ended = anna.start()
    assert (ended.code, len(ended.lines)) == (1, 1)
    assert "ls" in ended.err


def test_the_doctor_examines_without_a_terminal(anna: Person) -> None:
    ended = anna.run("doctor")
    assert ended.code == 0, ended.err
    grades = {line.split()[1]: line.split()[0] for line in ended.text.splitlines()}
    assert grades["sealing"] == grades["database"] == grades["vault"] == "ok"
    assert grades["relay"] == "warn"


def test_the_doctor_ends_in_5_when_the_relay_is_silent(anna: Person, inside: Inside) -> None:
    ended = inside(anna, "doctor", "--relay", "ws://127.0.0.1:9")
    assert ended.code == 5
    assert len(ended.lines) == 1


def test_the_doctor_ends_in_1_when_the_vaults_place_is_unsafe(inside: Inside, tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o755)
    environ = {"CRYPTPAD_TUI_HOME": str(tmp_path / "open"), "CRYPTPAD_TUI_PASSPHRASE_FILE": ""}
    ended = inside(Person(tmp_path, environ), "doctor")
    assert ended.code == 1
    assert len(ended.lines) == 1
