"""Programs without the price of starting Python and loading everything for each: forks of one warm process.

Each is a process of its own, with its own arguments, folder, environment and streams, and ends as
Python ends. A test about starting, terminals or what a process holds starts Python itself.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import fcntl
import functools
import gc
import importlib
import marshal
import os
import signal
import socket
import subprocess
import sys
import tempfile
import termios
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

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


class Zygote:
    """The warm process of one program; it ends with the one that made it, however that ends."""

    def __init__(self, program: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="zygote-", ignore_cleanup_errors=True)
        self.address = str(Path(self._folder.name) / "socket")
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__)), self.address, program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "PYTHONWARNINGS": "error"},
            start_new_session=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"

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

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
        self._folder.cleanup()


@functools.cache
def shared(program: str = "cryptpad-tui") -> Zygote:
    """The one of this test process."""
    made = Zygote(program)
    atexit.register(made.close)
    return made


def _serve(address: str) -> None:
    """Fork for each connection; returns in the fork that is to run the command, and at the end."""
    import select

    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(16)
    os.write(1, b"ready\n")
    signal.signal(signal.SIGCHLD, _reap)
    while True:
        readable, _, _ = select.select([listener, 0], [], [])
        if 0 in readable:
            os._exit(0)
        link, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _watch(link)
            return
        link.close()


def _reap(_number: int, _frame: object) -> None:
    # Waited for, so that what they cost is counted with what the tests cost.
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _watch(link: socket.socket) -> None:
    """In a fork: read what is wanted, fork again and tell how that ended; returns in the second fork."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    head, ancillary, _, _ = link.recvmsg(4, socket.CMSG_SPACE(3 * 4))
    descriptors = array.array("i")
    descriptors.frombytes(ancillary[0][2])
    wanted = b""
    while len(wanted) < int.from_bytes(head, "big"):
        wanted += link.recv(65_536)
    pid = os.fork()
    if pid:
        for descriptor in (0, 1, 2, *descriptors):
            os.close(descriptor)
        link.sendall(pid.to_bytes(4, "big"))
        _, status = os.waitpid(pid, 0)
        # Whoever asked may be gone, or may not care how it ended.
        with contextlib.suppress(OSError):
            link.sendall(os.waitstatus_to_exitcode(status).to_bytes(4, "big", signed=True))
        os._exit(0)
    link.close()
    _become(descriptors, *marshal.loads(wanted))


def _become(
    descriptors: Sequence[int], arguments: list[str], cwd: str, environ: dict[str, str], terminal: bool
) -> None:
    for target, descriptor in enumerate(descriptors):
        os.dup2(descriptor, target)
        os.close(descriptor)
    if terminal:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(line_buffering=True, write_through=True)  # type: ignore[union-attr]
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv[1:] = arguments


def _warm_client() -> Callable[[], object]:
    from cryptpad_tui.cli.verb_table import VERBS
    from support import kept_keys

    passwords = importlib.import_module("cryptpad_tui.vault.passwords")
    passwords.argon2id.kdf = kept_keys.keeping(Path(sys.argv[1]).parent)
    # For a relay that is gone it would be half a minute.
    importlib.import_module("cryptpad_tui.cli.vault_access").FIRST_SYNC_S = 5.0
    for module in ("engine", "vault.vault", "cli.run", "cli.root", *[f"cli.{verb.module}" for verb in VERBS]):
        importlib.import_module(f"cryptpad_tui.{module}")
    return importlib.import_module("cryptpad_tui.__main__").main


def _warm_python() -> Callable[[], object]:
    """What `python ARGUMENTS` does, with the app and its screens loaded already."""
    import runpy

    for module in ("ui.running", "ui.demo", "__main__"):
        importlib.import_module(f"cryptpad_tui.{module}")
    importlib.import_module("support.parsed_sheets").keep()
    importlib.import_module("support.scene_app").show_once()

    def main() -> None:
        del sys.argv[0]
        if sys.argv[0] == "-m":
            del sys.argv[0]
            # It is loaded already, under its own name.
            sys.modules.pop(sys.argv[0], None)
            sys.modules.pop(f"{sys.argv[0]}.__main__", None)
            runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
        elif sys.argv[0] == "-c":
            exec(compile(sys.argv.pop(1), "<string>", "exec"), {"__name__": "__main__"})
        else:
            sys.path.insert(0, str(Path(sys.argv[0]).parent))
            runpy.run_path(sys.argv[0], run_name="__main__")

    return main


def _warm_relay() -> Callable[[], object]:
    return importlib.import_module("cryptpad_relay.cli").main


PROGRAMS = {"cryptpad-tui": _warm_client, "cryptpad-relay": _warm_relay, "python": _warm_python}


if __name__ == "__main__":
    # The folder of the tests instead of this file's own, which Python put there.
    sys.path[0] = str(Path(__file__).parents[1])
    address, program = sys.argv[1:]
    main = PROGRAMS[program]()
    # A fork that walked over all this when it ends would copy it, for four times the work of most commands.
    gc.collect()
    gc.freeze()
    _serve(address)
    sys.argv[0] = program
    sys.exit(main())
