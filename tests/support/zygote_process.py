"""The warm process that `support.zygote` starts: `zygote_process.py SOCKET PROGRAM` forks for each who asks.

It holds nothing of any test. A fork shares what was loaded until it writes there, so that is never cleared.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import fcntl
import gc
import importlib
import marshal
import os
import pkgutil
import select
import signal
import socket
import sys
import termios
import threading
from collections.abc import Callable, Sequence
from pathlib import Path


def _serve(address: str) -> None:
    """Fork for each connection and tell it how that ended; returns in the fork that is to run the command."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(16)
    ended, ending = socket.socketpair()
    ending.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(ending.fileno())
    links: dict[int, socket.socket] = {}
    while True:
        readable, _, _ = select.select([listener, ended, 0], [], [])
        if 0 in readable:
            os._exit(0)
        if ended in readable:
            ended.recv(4_096)
            _tell(links)
        if listener not in readable:
            continue
        link, _ = listener.accept()
        if (asked := _asked(link)) is None:
            link.close()
            continue
        descriptors, wanted = asked
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for each in (listener, ended, ending, link, *links.values()):
                each.close()
            _become(descriptors, *marshal.loads(wanted))
            return
        for descriptor in descriptors:
            os.close(descriptor)
        links[pid] = link
        with contextlib.suppress(OSError):
            link.sendall(pid.to_bytes(4, "big"))


def _asked(link: socket.socket) -> tuple[Sequence[int], bytes] | None:
    """The standard streams of a command, and what else there is to say about it; None: it was a look."""
    head, ancillary, _, _ = link.recvmsg(4, socket.CMSG_SPACE(3 * 4))
    if not head:
        return None
    descriptors = array.array("i")
    descriptors.frombytes(ancillary[0][2])
    wanted = b""
    while len(wanted) < int.from_bytes(head, "big"):
        wanted += link.recv(65_536)
    return descriptors, wanted


def _tell(links: dict[int, socket.socket]) -> None:
    """Tell who waits for a fork that ended how it ended."""
    with contextlib.suppress(ChildProcessError):
        while (done := os.waitpid(-1, os.WNOHANG))[0]:
            # Whoever asked may be gone, or may not care how it ended.
            with links.pop(done[0]) as link, contextlib.suppress(OSError):
                link.sendall(os.waitstatus_to_exitcode(done[1]).to_bytes(4, "big", signed=True))


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


def _end(main: Callable[[], object]) -> None:
    """What `sys.exit(main())` does, but modules are not cleared one by one: a fork would copy them for it."""
    try:
        sys.exit(main())  # type: ignore[arg-type]
    except SystemExit as ended:
        if not isinstance(ended.code, int | None):
            raise
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except OSError:
            # Python says so, with an exit code of its own.
            raise ended from None
        os._exit((ended.code or 0) & 0xFF)


def _warm_client() -> Callable[[], object]:
    from cryptpad_tui.cli.verb_table import VERBS
    from support import kept_keys

    passwords = importlib.import_module("cryptpad_tui.vault.passwords")
    passwords.argon2id.kdf = kept_keys.keeping(Path(sys.argv[1]).parent)
    # For a relay that is gone it would be half a minute.
    importlib.import_module("cryptpad_tui.cli.vault_access").FIRST_SYNC_S = 5.0
    for module in ("engine", "vault", "cli.run", "cli.root", *[f"cli.{verb.module}" for verb in VERBS]):
        loaded = importlib.import_module(f"cryptpad_tui.{module}")
        for part in pkgutil.walk_packages(getattr(loaded, "__path__", ()), f"{loaded.__name__}."):
            importlib.import_module(part.name)
    # What pycrdt loads with the first document in an event loop.
    importlib.import_module("anyio._backends._asyncio")
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
    _end(main)
