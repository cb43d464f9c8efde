"""Programs without the price of starting Python and loading everything for each: forks of one warm process.

Each is a process of its own, with its own arguments, folder, environment and streams, and ends as
Python ends. A test about starting, terminals or what a process holds starts Python itself.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import marshal
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

PROGRAMS = ("cryptpad-tui", "cryptpad-relay", "python")
_WARM_S = 60.0
CLIENT = f"""#!{sys.executable} -IS
import marshal, os, sys, _socket
link = _socket.socket(_socket.AF_UNIX)
link.connect(os.environ["ZYGOTE"])
wanted = marshal.dumps((sys.argv[1:], os.getcwd(), dict(os.environ), False))
link.sendmsg(
    [len(wanted).to_bytes(4, "big") + wanted],
    [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, b"".join([i.to_bytes(4, sys.byteorder) for i in range(3)]))],
)
link.recv(4)
answer = int.from_bytes(link.recv(4) or bytes([0, 0, 0, 70]), "big", signed=True)
sys.exit(answer if answer >= 0 else 128 - answer)
"""
"""A program that runs its arguments in the zygote whose socket the environment names."""


class Started:
    """A process that the zygote forked: what a test asks of a `Popen`."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self.pid = int.from_bytes(link.recv(4, socket.MSG_WAITALL), "big")
        self.returncode: int | None = None

    def poll(self) -> int | None:
        with contextlib.suppress(TimeoutError):
            self.wait(0.0)
        return self.returncode

    def wait(self, timeout_s: float | None = None) -> int:
        """Its exit code, negative where a signal ended it."""
        if self.returncode is None:
            # Not `settimeout(0)`, which is another error where nothing has come.
            self._link.settimeout(timeout_s if timeout_s != 0 else 1e-6)
            code = self._link.recv(4, socket.MSG_WAITALL)
            assert len(code) == 4, "the zygote is gone"
            self.returncode = int.from_bytes(code, "big", signed=True)
            self._link.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Piped:
    """A started process without input, whose output and errors are read as they come."""

    def __init__(self, process: Started, stdout: TextIO, stderr: TextIO) -> None:
        self.process, self.stdout, self.stderr = process, stdout, stderr

    def end(self, timeout_s: float = 60.0) -> tuple[int, str, str]:
        """Its exit code, and what was not read yet, once it ended."""
        with self.stdout, self.stderr:
            said, errors = self.stdout.read(), self.stderr.read()
        return self.process.wait(timeout_s), said, errors

    def kill(self) -> None:
        """End it, if it has not ended."""
        self.process.kill()
        self.process.wait()
        self.stdout.close()
        self.stderr.close()


class Zygote:
    """The warm process of one program, by its socket."""

    def __init__(self, address: str) -> None:
        self.address = address
        deadline = time.monotonic() + _WARM_S
        while not self._listens():
            assert time.monotonic() < deadline, "the zygote is not there"
            time.sleep(0.01)

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as link, contextlib.suppress(FileNotFoundError, ConnectionError):
            link.connect(self.address)
            return True
        return False

    def start(
        self,
        arguments: Sequence[str],
        streams: Sequence[int],
        *,
        env: Mapping[str, str],
        cwd: Path,
        terminal: bool = False,
    ) -> Started:
        """`PROGRAM ARGUMENTS` with these as its standard streams; `terminal`: which control it."""
        link = socket.socket(socket.AF_UNIX)
        link.connect(self.address)
        wanted = marshal.dumps((list(arguments), str(cwd), dict(env), terminal))
        socket.send_fds(link, [len(wanted).to_bytes(4, "big")], streams)
        link.sendall(wanted)
        return Started(link)

    def pipe(self, arguments: Sequence[str], *, env: Mapping[str, str], cwd: Path) -> Piped:
        """`PROGRAM ARGUMENTS`, to be read while it runs."""
        (out, says), (err, warns) = os.pipe(), os.pipe()
        with open(os.devnull) as nothing, open(says, "w"), open(warns, "w"):
            process = self.start(arguments, [nothing.fileno(), says, warns], env=env, cwd=cwd)
        return Piped(process, open(out, encoding="utf-8"), open(err, encoding="utf-8"))

    def run(
        self,
        arguments: Sequence[str],
        *,
        stdin: bytes,
        env: Mapping[str, str],
        cwd: Path,
        timeout_s: float = 60.0,
    ) -> tuple[int, bytes, bytes]:
        """Exit code, standard output and standard error of `PROGRAM ARGUMENTS`."""
        with contextlib.ExitStack() as stack:
            streams = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
            streams[0].write(stdin)
            streams[0].seek(0)
            started = self.start(arguments, [each.fileno() for each in streams], env=env, cwd=cwd)
            code = started.wait(timeout_s)
            for stream in streams[1:]:
                stream.seek(0)
            return code if code >= 0 else 128 - code, streams[1].read(), streams[2].read()


class Nursery:
    """Starts zygotes in a folder of its own; they end with the process that made it, however that ends."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="zygotes-", ignore_cleanup_errors=True)
        self.path = self._folder.name
        self._started: list[subprocess.Popen[bytes]] = []
        atexit.register(self.close)

    def start(self, program: str) -> None:
        """Begin to warm one up; whoever uses it waits until it is."""
        command = [
            sys.executable,
            str(Path(__file__).with_name("zygote_process.py")),
            _address(self.path, program),
            program,
        ]
        env = {"PATH": os.environ["PATH"], "PYTHONWARNINGS": "error"}
        self._started.append(
            subprocess.Popen(command, stdin=subprocess.PIPE, env=env, start_new_session=True)
        )

    def close(self) -> None:
        for process in self._started:
            assert process.stdin is not None
            process.stdin.close()
            process.wait()
        self._folder.cleanup()


def _address(folder: str, program: str) -> str:
    return str(Path(folder) / program)


@functools.cache
def _own() -> Nursery:
    return Nursery()


_given: list[str] = []


def use(folder: str) -> None:
    """The zygotes that another process started there, instead of own ones."""
    _given.append(folder)


@functools.cache
def shared(program: str = "cryptpad-tui") -> Zygote:
    """The one of this test run."""
    if not _given:
        _own().start(program)
    return Zygote(_address(_given[-1] if _given else _own().path, program))
