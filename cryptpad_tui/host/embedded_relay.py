"""This machine's own relay: one detached process for a home folder, which outlives the one that started it.

Whether it runs is told by one thing alone: the lock on `lock`, which the relay process inherits and the
kernel drops when it dies. The port is chosen once and stored, because links contain it. It has no key.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from cryptpad_tui.host import files
from cryptpad_tui.host.clock import ClockMs, monotonic_ms
from cryptpad_tui.host.errors import RelayDidNotStart, RelayDidNotStop, RelayPortTaken

RELAY_COMMAND: Final = (sys.executable, "-m", "cryptpad_relay", "serve")
HOST: Final = "127.0.0.1"
READY_LINE: Final = "relay ready on "
_POLL_S: Final = 0.02
_START_MS: Final = 15_000
_STOP_MS: Final = 10_000
_KILL_MS: Final = 2_000
_LOG_HEAD_BYTES: Final = 1 << 16
_INHERITED_VARIABLES: Final = frozenset({"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "PYTHONPATH"})
"""The relay lives long and needs little: whatever else is in the environment stays with its owner."""

# The shell leaves at once, so that the relay is nobody's child here: no zombie, and no warning at our exit.
_DETACH: Final = 'umask 077; log=$1; shift; "$@" </dev/null >"$log" 2>&1 & echo $!'


class EmbeddedRelay:
    """The relay whose data is in `directory`; made cheaply, holds nothing open."""

    def __init__(
        self,
        directory: Path,
        *,
        command: Sequence[str] = RELAY_COMMAND,
        environ: Mapping[str, str] = os.environ,
        now: ClockMs = monotonic_ms,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._directory = directory
        self._command = tuple(command)
        self._environ = environ
        self._now = now
        self._sleep = sleep

    @property
    def log_path(self) -> Path:
        """What the running relay, or the last one, printed."""
        return self._directory / "relay.log"

    def url(self) -> str | None:
        """The address that links carry, None before the first start."""
        port = self._stored_port()
        return None if port is None else f"ws://{HOST}:{port}"

    def is_running(self) -> bool:
        """Whether a relay process of this folder is alive, ready or not."""
        if not os.path.lexists(self._lock_path):
            return False
        # A shared lock, so that two who look do not take each other for the relay.
        descriptor = self._take_lock(fcntl.LOCK_SH)
        if descriptor is None:
            return True
        os.close(descriptor)
        return False

    def start_or_find(self) -> str:
        """The URL of the relay once it accepts; starts it where none runs. Blocks for a few 100 ms then."""
        files.ensure_private_dir(self._directory)
        deadline = self._now() + _START_MS
        has_started = False
        while self._now() < deadline:
            descriptor = self._take_lock(fcntl.LOCK_EX)
            if descriptor is not None:
                try:
                    if has_started:
                        raise RelayDidNotStart(f"see {self.log_path}")
                    self._spawn(descriptor)
                    has_started = True
                except OSError as error:
                    raise RelayDidNotStart(error.strerror or type(error).__name__) from error
                finally:
                    os.close(descriptor)
            url = self.url()
            if url is not None and self._has_said_ready(url):
                return url
            self._sleep(_POLL_S)
        raise RelayDidNotStart(f"not ready after {_START_MS // 1000} s, see {self.log_path}")

    def stop(self) -> bool:
        """Ask it to end, and wait; False when none ran. What it acknowledged is on its disk either way."""
        if not self.is_running():
            return False
        pid = self._running_pid()
        for signal_number, wait_ms in ((signal.SIGTERM, _STOP_MS), (signal.SIGKILL, _KILL_MS)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal_number)
            if self._wait_until_gone(wait_ms):
                return True
        raise RelayDidNotStop(f"process {pid}")

    @property
    def _lock_path(self) -> Path:
        return self._directory / "lock"

    @property
    def _pid_path(self) -> Path:
        return self._directory / "pid"

    def _take_lock(self, how: int) -> int | None:
        """A descriptor that holds the lock, None while a relay or another starter has it."""
        with contextlib.suppress(FileExistsError):
            files.create_private_file(self._lock_path, b"")
        files.check_private_file(self._lock_path)
        descriptor = os.open(self._lock_path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _spawn(self, lock: int) -> None:
        """Start the relay with `lock`: its copy of the descriptor keeps the lock for as long as it lives."""
        port = self._stored_port()
        if port is None:
            port = _free_port()
            files.replace_private_file(self._directory / "port", b"%d\n" % port)
        elif not _is_free(port):
            raise RelayPortTaken(f"port {port}")
        files.replace_private_file(self.log_path, b"")
        # A stale number must never meet a living lock: stop() would signal a stranger.
        self._pid_path.unlink(missing_ok=True)
        data = self._directory / "data"
        files.ensure_private_dir(data)
        pid = self._detach([*self._command, "--listen", f"{HOST}:{port}", "--data", str(data)], lock)
        files.replace_private_file(self._pid_path, pid)

    def _detach(self, arguments: Sequence[str], lock: int) -> bytes:
        """Run the command in a session of its own; returns its process id in decimal."""
        try:
            shell = subprocess.run(
                ["/bin/sh", "-c", _DETACH, "sh", str(self.log_path), *arguments],
                cwd=self._directory,
                env={name: value for name, value in self._environ.items() if name in _INHERITED_VARIABLES},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                pass_fds=(lock,),
                start_new_session=True,
                check=True,
                timeout=_START_MS / 1000,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise RelayDidNotStart(type(error).__name__) from error
        return shell.stdout

    def _stored_port(self) -> int | None:
        port = self._read_number("port")
        return port if port is not None and 1 <= port <= 65_535 else None

    def _running_pid(self) -> int:
        pid = self._read_number("pid")
        # 0 and negative numbers would signal whole groups of processes.
        if pid is None or not 1 < pid < 1 << 31:
            raise RelayDidNotStop(f"its process id is not in {self._pid_path}")
        return pid

    def _read_number(self, name: str) -> int | None:
        try:
            raw = files.read_private_file(self._directory / name, 32)
            return int(raw)
        except (FileNotFoundError, ValueError):
            return None

    def _has_said_ready(self, url: str) -> bool:
        try:
            printed = files.read_private_head(self.log_path, _LOG_HEAD_BYTES)
        except FileNotFoundError:
            return False
        return f"{READY_LINE}{url}".encode() in printed.splitlines()

    def _wait_until_gone(self, wait_ms: int) -> bool:
        deadline = self._now() + wait_ms
        while self.is_running():
            if self._now() >= deadline:
                return False
            self._sleep(_POLL_S)
        return True


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError:
            return False
        return True
