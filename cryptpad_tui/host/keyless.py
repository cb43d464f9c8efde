"""Starts and asks processes that hold no key: where the bytes of strangers meet a large parser, it is in one.

Each is a fresh interpreter, never a fork: it inherits no memory, no environment and no descriptor but two
pipes, and confines itself (`keyless_child.py`). What it answers is foreign again: a frame of bounded length,
for the caller to check. The calls block: an event loop gives them to a thread.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from cryptpad_tui.host.errors import (
    ChildEnded,
    ChildFailed,
    ChildNotStarted,
    ChildTalkedTooMuch,
    ChildTooSlow,
)
from cryptpad_tui.host.keyless_wire import LENGTH_BYTES, framed

_START_S: Final = 30.0
_PIECE_BYTES: Final = 64 * 1024


def command_of(module: str) -> list[str]:
    """How this interpreter runs a module of ours, from where it is installed and nowhere else."""
    own_site = ["-s"] if sys.flags.no_user_site else []
    return [sys.executable, "-E", "-P", *own_site, "-m", module]


class KeylessProcess:
    """Starts when it is first needed, stays warm, and is replaced when it fails."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        timeout_s: float,
        most_answered: int,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._command = [*command]
        self._timeout_s, self._most_answered = timeout_s, most_answered
        self._now = now
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stands = self._has_answered = False
        self._closes = 0

    @property
    def pid(self) -> int | None:
        process = self._process
        return None if process is None else process.pid

    def ask(self, request: bytes) -> bytes:
        """The answer to one request; raises ChildFailed.

        A process that ended over it is blamed on it only if it was fresh: else a fresh one is asked, once.
        """
        closes = self._closes
        with self._lock:
            was_fresh = not self._has_answered
            try:
                return self._asked(request, closes)
            except ChildEnded:
                if was_fresh or closes != self._closes:
                    raise
            return self._asked(request, closes)

    def warm_up(self) -> None:
        """Start it before it is needed."""
        with self._lock:
            self._running()

    def close(self) -> None:
        """End it, also where it is at work for another thread, which then meets ChildEnded."""
        self._closes += 1
        process = self._process
        if process is not None:
            process.kill()
        with self._lock:
            self._kill()

    def _asked(self, request: bytes, closes: int) -> bytes:
        try:
            process = self._running()
            if closes != self._closes:
                # It was closed before there was a process that could be ended.
                raise ChildEnded
            if not self._stands:
                self._greet(process)
            reply = self._exchange(process, framed(request), self._timeout_s)
        except (ChildEnded, OSError):
            # It bounds its own time on the processor, which a busy machine gives to others as well.
            raise ChildTooSlow if self._kill() == -signal.SIGPROF else ChildEnded from None
        except BaseException:
            self._kill()
            raise
        self._has_answered = True
        return reply

    def _greet(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until it stands: what fails before that is no fault of what it will be asked."""
        try:
            said = self._exchange(process, b"", _START_S)
        except (ChildFailed, OSError):
            raise ChildNotStarted from None
        if said:
            raise ChildNotStarted
        self._stands = True

    def _running(self) -> subprocess.Popen[bytes]:
        process = self._process
        if process is None or process.poll() is not None:
            self._kill()
            process = self._process = _started(self._command)
        return process

    def _exchange(self, process: subprocess.Popen[bytes], request: bytes, timeout_s: float) -> bytes:
        assert process.stdin is not None
        assert process.stdout is not None
        asked, said = process.stdin.fileno(), process.stdout.fileno()
        deadline = self._now() + timeout_s
        rest, received = memoryview(request), bytearray()
        ready = select.poll()
        ready.register(said, select.POLLIN)
        if rest:
            ready.register(asked, select.POLLOUT)
        while (left := deadline - self._now()) > 0:
            for descriptor, _ in ready.poll(min(left, 1.0) * 1000):
                if descriptor == said:
                    received += _piece(said)
                    if (reply := self._whole(received)) is not None:
                        return reply
                    continue
                rest = rest[os.write(asked, rest[:_PIECE_BYTES]) :]
                if not rest:
                    ready.unregister(asked)
        raise ChildTooSlow

    def _whole(self, received: bytearray) -> bytes | None:
        if len(received) < LENGTH_BYTES:
            return None
        size = int.from_bytes(received[:LENGTH_BYTES], "big")
        if size > self._most_answered or len(received) > LENGTH_BYTES + size:
            raise ChildTalkedTooMuch
        return bytes(received[LENGTH_BYTES:]) if len(received) == LENGTH_BYTES + size else None

    def _kill(self) -> int | None:
        """End it, and say how it ended; None where there is none."""
        process, self._process = self._process, None
        self._stands = self._has_answered = False
        if process is None:
            return None
        process.kill()
        code = process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        return code


def _piece(descriptor: int) -> bytes:
    piece = os.read(descriptor, _PIECE_BYTES)
    if not piece:
        raise ChildEnded
    return piece


def _started(command: list[str]) -> subprocess.Popen[bytes]:
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # What libraries below Python print goes there, and this terminal is not the child's.
            stderr=subprocess.DEVNULL,
            env={"PATH": os.defpath, "RUST_BACKTRACE": "0"},
            cwd="/",
            bufsize=0,
            start_new_session=True,
        )
    except OSError:
        raise ChildNotStarted from None
    assert process.stdin is not None
    assert process.stdout is not None
    os.set_blocking(process.stdin.fileno(), False)
    os.set_blocking(process.stdout.fileno(), False)
    return process
