"""Commands without the price of starting Python and loading everything for each: forks of one warm process.

Each command is a process of its own, with its own arguments, folder, environment and streams, and ends as
Python ends. A test about starting, terminals or signals starts Python itself.
"""

from __future__ import annotations

import array
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
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

CLIENT = f"""#!{sys.executable} -IS
import marshal, os, sys, _socket
link = _socket.socket(_socket.AF_UNIX)
link.connect(os.environ["ZYGOTE"])
wanted = marshal.dumps((sys.argv[1:], os.getcwd(), dict(os.environ)))
link.sendmsg(
    [len(wanted).to_bytes(4, "big") + wanted],
    [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, b"".join([i.to_bytes(4, sys.byteorder) for i in range(3)]))],
)
answer = link.recv(1)
sys.exit(answer[0] if answer else 70)
"""
"""A program that runs its arguments in the zygote whose socket the environment names."""


class Zygote:
    """The warm process; it ends with the one that made it, however that ends."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="zygote-", ignore_cleanup_errors=True)
        self.address = str(Path(self._folder.name) / "socket")
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__)), self.address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "PYTHONWARNINGS": "error"},
            start_new_session=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"

    def run(
        self,
        arguments: Sequence[str],
        *,
        stdin: bytes,
        env: Mapping[str, str],
        cwd: Path,
        timeout_s: float = 60.0,
    ) -> tuple[int, bytes, bytes]:
        """Exit code, standard output and standard error of `cryptpad-tui ARGUMENTS`."""
        with contextlib.ExitStack() as stack:
            streams = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
            streams[0].write(stdin)
            streams[0].seek(0)
            with socket.socket(socket.AF_UNIX) as link:
                link.settimeout(timeout_s)
                link.connect(self.address)
                wanted = marshal.dumps((list(arguments), str(cwd), dict(env)))
                socket.send_fds(link, [len(wanted).to_bytes(4, "big")], [each.fileno() for each in streams])
                link.sendall(wanted)
                code = link.recv(1)[0]
            for stream in streams[1:]:
                stream.seek(0)
            return code, streams[1].read(), streams[2].read()

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
        self._folder.cleanup()


@functools.cache
def shared() -> Zygote:
    """The one of this test process."""
    made = Zygote()
    atexit.register(made.close)
    return made


def _serve(address: str) -> None:
    """Fork for each connection; returns in the fork that is to run the command, and at the end."""
    import select

    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(16)
    os.write(1, b"ready\n")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
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
        _, status = os.waitpid(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        link.sendall(bytes([code if code >= 0 else 128 - code]))
        os._exit(0)
    link.close()
    _become(descriptors, *marshal.loads(wanted))


def _become(descriptors: Sequence[int], arguments: list[str], cwd: str, environ: dict[str, str]) -> None:
    for target, descriptor in enumerate(descriptors):
        os.dup2(descriptor, target)
        os.close(descriptor)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = ["cryptpad-tui", *arguments]


def _warm_up() -> Any:
    import importlib

    from cryptpad_tui.cli.verb_table import VERBS
    from support import kept_keys

    passwords = importlib.import_module("cryptpad_tui.vault.passwords")
    passwords.argon2id.kdf = kept_keys.keeping(Path(sys.argv[1]).parent)
    for module in ("engine", "vault.vault", "cli.run", "cli.root", *[f"cli.{verb.module}" for verb in VERBS]):
        importlib.import_module(f"cryptpad_tui.{module}")
    return importlib.import_module("cryptpad_tui.__main__").main


if __name__ == "__main__":
    # The folder of the tests instead of this file's own, which Python put there.
    sys.path[0] = str(Path(__file__).parents[1])
    main = _warm_up()
    _serve(sys.argv[1])
    sys.exit(main())
