"""A real relay process on a free port of this machine, ended by its id.

It is forked from a warm one; what a relay holds, and what starts it, is looked at in relay_process.py.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from support.zygote import Started, shared


class RelayProcess:
    """`cryptpad-relay serve` in its own process; `restart` keeps the port and the data."""

    program: tuple[str, ...] = ()
    """Another program than the relay itself, for Python to start."""
    arguments: tuple[str, ...] = ()

    def __init__(self, data: Path) -> None:
        self.data = data
        self.address = "127.0.0.1:0"
        self.url = ""
        self._process: Started | subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def start(self) -> None:
        arguments = ["serve", "--listen", self.address, "--data", str(self.data), *self.arguments]
        reading, writing = os.pipe()
        with (
            open(reading) as said,
            open(writing, "w") as saying,
            open(os.devnull) as nothing,
            open(self.data.parent / f"{self.data.name}.log", "a") as log,
        ):
            self._process = self._spawn(arguments, [each.fileno() for each in (nothing, saying, log)])
            saying.close()
            line = said.readline()
        assert line.startswith("relay ready on ws://"), line
        self.url = line.removeprefix("relay ready on ").strip()
        self.address = self.url.removeprefix("ws://")

    def _spawn(self, arguments: list[str], streams: list[int]) -> Started | subprocess.Popen[bytes]:
        env = {"PATH": os.environ["PATH"]}
        if not self.program:
            return shared("cryptpad-relay").start(arguments, streams, env=env, cwd=Path.cwd())
        command = [sys.executable, *self.program, *arguments]
        stdin, stdout, stderr = streams
        return subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=stderr, env=env)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it; returns its exit code."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.send_signal(how)
        return process.wait(10)

    def kill(self) -> None:
        self.stop(signal.SIGKILL)
