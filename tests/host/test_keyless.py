"""Processes without keys: whatever takes one over finds nothing there and reaches nothing from there."""

from __future__ import annotations

import json
import os
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cryptpad_tui.host import syscalls
from cryptpad_tui.host.errors import (
    ChildEnded,
    ChildFailed,
    ChildNotStarted,
    ChildTalkedTooMuch,
    ChildTooSlow,
)
from cryptpad_tui.host.keyless import KeylessProcess, command_of

Make = Callable[..., KeylessProcess]
THIEF = """
import ctypes, json, os, socket, sys
from cryptpad_tui.host import keyless_child, syscalls

def tried(attempt):
    try:
        return attempt()
    except (OSError, ValueError) as error:
        return type(error).__name__

def asked_agent(path):
    with socket.socket(socket.AF_UNIX) as agent:
        agent.connect(path)
        return agent.recv(100).decode()

def memory_of(pid):
    piece = ctypes.create_string_buffer(8)
    vector = (ctypes.c_void_p * 2)(ctypes.addressof(piece), 8)
    call = ctypes.CDLL(None, use_errno=True).process_vm_readv
    return "denied" if call(pid, vector, 1, vector, 1, 0) < 0 else "read"

def inherited():
    found = []
    for descriptor in range(3, 200):
        try:
            found.append(os.read(descriptor, 100).decode())
        except OSError:
            pass
    return found

def thief(request):
    said = json.loads(request)
    return json.dumps({
        "environ": dict(os.environ), "descriptors": inherited(),
        "file": tried(lambda: open(said["file"]).read()),
        "written": tried(lambda: open(said["file"] + ".new", "w").name),
        "agent": tried(lambda: asked_agent(said["agent"])),
        "program": tried(lambda: os.posix_spawn("/bin/true", ["true"], {}) and "started"),
        "signal": tried(lambda: os.kill(os.getppid(), 0)),
        "memory": memory_of(os.getpid()),
    }).encode()

if len(sys.argv) > 1:
    syscalls.seal = lambda: True
keyless_child.serve(thief, memory_bytes=1 << 30, most_asked=10_000, answer_s=10)
"""
STANDS = "import os, sys, time; out = sys.stdout.buffer; out.write(bytes(4)); out.flush(); "
NEXT = "sys.stdin.buffer.read(5); "


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[KeylessProcess] = []

    def one(script: str, *arguments: str, timeout_s: float = 10.0) -> KeylessProcess:
        command = [sys.executable, "-P", "-c", script, *arguments]
        made.append(KeylessProcess(command, timeout_s=timeout_s, most_answered=100_000))
        return made[-1]

    yield one
    for each in made:
        each.close()


def stolen(process: KeylessProcess, folder: Path) -> dict[str, object]:
    """What a parser that was taken over finds, beside a file with a secret and an agent that gives one."""
    (folder / "vault").write_text("secret")
    descriptor = os.open(folder / "vault", os.O_RDONLY)
    os.set_inheritable(descriptor, True)
    with socket.socket(socket.AF_UNIX) as agent:
        agent.bind(str(folder / "agent"))
        agent.listen()

        def give() -> None:
            try:
                with agent.accept()[0] as asking:
                    asking.sendall(b"secret")
            except OSError:
                return

        giving = threading.Thread(target=give)
        giving.start()
        asked = {"file": str(folder / "vault"), "agent": str(folder / "agent")}
        found = json.loads(process.ask(json.dumps(asked).encode()))
        agent.shutdown(socket.SHUT_RDWR)
        giving.join(10)
    os.close(descriptor)
    assert isinstance(found, dict)
    return found


@pytest.mark.skipif(not syscalls.can_seal(), reason="this system cannot take system calls from a process")
def test_x6_a_parser_that_is_taken_over_finds_no_key_and_reaches_nothing(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRYPTPAD_TUI_PASSPHRASE", "secret")
    sealed, left_open = tmp_path / "sealed", tmp_path / "open"
    sealed.mkdir()
    left_open.mkdir()
    found = stolen(make(THIEF), sealed)
    assert "secret" not in str(found)
    refused = {"file", "written", "agent", "program", "signal"}
    assert {found[name] for name in refused} == {"PermissionError"}
    assert found["memory"] == "denied"
    assert found["descriptors"] == []
    assert not (sealed / "vault.new").exists()
    # Without what it gives up at its start it is a process of this user's like another.
    found = stolen(make(THIEF, "left open"), left_open)
    assert (found["file"], found["agent"], found["signal"]) == ("secret", "secret", None)
    assert "CRYPTPAD_TUI_PASSPHRASE" not in str(found["environ"])


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (STANDS + NEXT + "os.abort()", ChildEnded),
        (STANDS + "time.sleep(60)", ChildTooSlow),
        (STANDS + NEXT + "import signal; os.kill(os.getpid(), signal.SIGPROF)", ChildTooSlow),
        (STANDS + NEXT + "out.write(b'\\0\\1\\x86\\xa1' + bytes(100_001))", ChildTalkedTooMuch),
        (STANDS + NEXT + "out.write(b'\\0\\0\\0\\1' + b'two')", ChildTalkedTooMuch),
        (STANDS + NEXT + "out.write(b'\\0\\0\\0\\2' + b'1')", ChildEnded),
        ("import os; os.abort()", ChildNotStarted),
        ("import sys; sys.stdout.buffer.write(b'\\0\\0\\0\\1x')", ChildNotStarted),
    ],
    ids=["dies", "hangs", "counts out", "floods", "two answers", "half an answer", "no start", "no greeting"],
)  # fmt: skip
def test_a_process_that_fails_is_ended_and_said(make: Make, script: str, error: type[ChildFailed]) -> None:
    failing = make(script, timeout_s=0.3)
    with pytest.raises(error):
        failing.ask(b"x")
    assert failing.pid is None


def test_what_cannot_be_started_is_said() -> None:
    with pytest.raises(ChildNotStarted):
        KeylessProcess(["/nowhere/python"], timeout_s=1, most_answered=1).ask(b"")


def test_bytes_are_blamed_only_for_the_end_of_a_fresh_process(make: Make) -> None:
    """A process dies over the second request that it gets, whatever that is."""
    twice = STANDS + NEXT + "out.write(b'\\0\\0\\0\\1a'); out.flush(); " + NEXT + "os.abort()"
    tired = make(twice)
    first, second = tired.ask(b"x"), tired.ask(b"x")
    assert first == second == b"a"


def test_one_that_was_closed_at_work_does_not_begin_again(make: Make) -> None:
    slow = make(STANDS + NEXT + "out.write(b'\\0\\0\\0\\1a'); out.flush(); time.sleep(60)")
    slow.ask(b"x")
    met: list[BaseException] = []

    def ask() -> None:
        try:
            slow.ask(b"x")
        except ChildFailed as error:
            met.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join(0.2)
    slow.close()
    thread.join(10)
    assert [type(error) for error in met] == [ChildEnded]
    assert slow.pid is None


def test_a_module_is_run_from_where_it_is_installed_alone() -> None:
    command = command_of("cryptpad_tui.crdt.child_main")
    assert command[0] == sys.executable
    assert {"-E", "-P"} <= set(command)


@pytest.mark.parametrize(
    ("machine", "header"),
    [("x86_64", "x86_64-linux-gnu/asm/unistd_64.h"), ("aarch64", "asm-generic/unistd.h")],
)
def test_the_numbers_of_system_calls_are_those_of_the_kernels_headers(machine: str, header: str) -> None:
    path = Path("/usr/include") / header
    if not path.exists():
        pytest.skip("the kernel's headers are not installed")
    told = dict(re.findall(r"#define (?:__NR_|__NR3264_)(\w+)\s+(\d+)", path.read_text()))
    numbers = syscalls._MACHINES[machine][1]
    assert [told[name] for name in syscalls._ALLOWED] == [str(number) for number in numbers]
