"""A real relay process on a free port of this machine, ended by its id."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path


class RelayProcess:
    """`cryptpad-relay serve` in its own process; `restart` keeps the port and the data."""

    program: tuple[str, ...] = ("-m", "cryptpad_relay")
    arguments: tuple[str, ...] = ()

    def __init__(self, data: Path) -> None:
        self.data = data
        self.address = "127.0.0.1:0"
        self.url = ""
        self._process: subprocess.Popen[str] | None = None
        self.start()

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def start(self) -> None:
        log = (self.data.parent / f"{self.data.name}.log").open("a")
        self._process = subprocess.Popen(
            [
                sys.executable,
                *self.program,
                "serve",
                "--listen",
                self.address,
                "--data",
                str(self.data),
                *self.arguments,
            ],
            stdout=subprocess.PIPE,
            stderr=log,
            stdin=subprocess.DEVNULL,
            text=True,
            env={"PATH": os.environ["PATH"]},
        )
        log.close()
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line.startswith("relay ready on ws://"), line
        self.url = line.removeprefix("relay ready on ").strip()
        self.address = self.url.removeprefix("ws://")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it; returns its exit code."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.send_signal(how)
        code = process.wait(10)
        assert process.stdout
        process.stdout.close()
        return code

    def kill(self) -> None:
        self.stop(signal.SIGKILL)
