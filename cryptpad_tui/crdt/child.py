"""One warm child process that loads foreign snapshots, and what follows them, under limits (protocol §9).

What the child says about bytes is a verdict that any client would reach; that it died, took too long
or too much memory is a condition of this machine, and must never be taken for a verdict.
The calls block: an event loop gives them to a thread.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from cryptpad_tui.crdt.child_wire import (
    LOADED,
    MAX_FRAME_BYTES,
    MAX_REPLY_BYTES,
    REFUSED,
    BadFrame,
    Cutter,
    Entry,
    Loaded,
    LoadRequest,
)
from cryptpad_tui.crdt.errors import CannotLoadHere, InvalidUpdate
from cryptpad_tui.crdt.kinds import PadKind

MEMORY_BYTES = 2 * 1024 * 1024 * 1024
TIMEOUT_S = 60.0
_CHILD = (sys.executable, "-P", "-m", "cryptpad_tui.crdt.child_main")
_PIECE_BYTES = 64 * 1024


class LoadingChild:
    """Starts the child when it is first needed, keeps it warm, replaces it when it fails."""

    def __init__(
        self,
        *,
        memory_bytes: int = MEMORY_BYTES,
        timeout_s: float = TIMEOUT_S,
        now: Callable[[], float] = time.monotonic,
        command: Sequence[str] = _CHILD,
    ) -> None:
        self._command = [*command, str(memory_bytes)]
        self._timeout_s = timeout_s
        self._now = now
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def load(
        self,
        kind: PadKind,
        *,
        snapshot: bytes = b"",
        clocks: Mapping[int, int] | None = None,
        entries: Sequence[Entry] = (),
    ) -> Loaded:
        """Load a snapshot and fold entries in the child.

        Raises InvalidUpdate if the snapshot is refused, CannotLoadHere if this machine cannot tell.
        """
        request = LoadRequest(kind, clocks or {}, snapshot, entries).encode()
        if len(request) > MAX_FRAME_BYTES:
            raise CannotLoadHere("over the size of one request")
        with self._lock:
            try:
                reply = self._exchange(len(request).to_bytes(4, "big") + request)
            except (OSError, BadFrame) as exc:
                self._kill()
                raise CannotLoadHere(type(exc).__name__) from None
            except BaseException:
                self._kill()
                raise
        return _read_reply(reply, len(entries))

    def warm_up(self) -> None:
        """Start the child before it is needed."""
        with self._lock:
            self._running()

    def close(self) -> None:
        """End the child, also where it is at work for another thread, which then meets CannotLoadHere."""
        process = self._process
        if process is not None:
            process.kill()
        with self._lock:
            self._kill()

    def _running(self) -> subprocess.Popen[bytes]:
        process = self._process
        if process is None or process.poll() is not None:
            self._kill()
            process = self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # A panic of the engine prints there, and this terminal is not the child's.
                stderr=subprocess.DEVNULL,
                env={"PATH": os.defpath, "RUST_BACKTRACE": "0"},
                cwd="/",
                bufsize=0,
            )
            assert process.stdin is not None
            assert process.stdout is not None
            os.set_blocking(process.stdin.fileno(), False)
            os.set_blocking(process.stdout.fileno(), False)
        return process

    def _exchange(self, request: bytes) -> bytes:
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        deadline = self._now() + self._timeout_s
        rest = memoryview(request)
        received = bytearray()
        while True:
            left = deadline - self._now()
            if left <= 0:
                raise CannotLoadHere("took too long")
            readable, writable, _ = select.select(
                [process.stdout], [process.stdin] if rest else [], [], min(left, 1.0)
            )
            if writable:
                rest = rest[os.write(process.stdin.fileno(), rest[:_PIECE_BYTES]) :]
            if readable:
                piece = os.read(process.stdout.fileno(), _PIECE_BYTES)
                if not piece:
                    raise CannotLoadHere("the child ended")
                received += piece
                if (reply := _whole_frame(received)) is not None:
                    return reply

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()


def _whole_frame(received: bytearray) -> bytes | None:
    if len(received) < 4:
        return None
    size = int.from_bytes(received[:4], "big")
    if size > MAX_REPLY_BYTES or len(received) > 4 + size:
        raise BadFrame("a reply of another size than it says")
    return bytes(received[4:]) if len(received) == 4 + size else None


def _read_reply(reply: bytes, entries: int) -> Loaded:
    cut = Cutter(reply)
    try:
        status = cut.number(1)
        if status == LOADED:
            return Loaded.decode(cut, entries)
        if status == REFUSED:
            raise InvalidUpdate(cut.reason())
    except BadFrame:
        raise CannotLoadHere("an answer that makes no sense") from None
    raise CannotLoadHere("not enough memory")
