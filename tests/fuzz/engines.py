"""Two engine processes beside the fuzzer: they must survive what the validator lets pass, and agree."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from cryptpad_relay.protocol.labels import u32
from cryptpad_tui.crdt.child import LoadingChild
from cryptpad_tui.crdt.child_wire import LoadRequest
from cryptpad_tui.crdt.kinds import PadKind

MEMORY_BYTES = 1 << 30
MAX_PEAK_KIB = 256 * 1024
MAX_PROCESSOR_MS = 1_000
PATIENCE_S = 30.0
"""Of the clock on the wall, which other programs share; the bound above is of the processor's time."""


class Read(NamedTuple):
    """What one process read out of some updates."""

    digest: bytes
    state: bytes


class Engine:
    """The engine without the validator, in a process of its own."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, kind: PadKind, updates: Sequence[bytes], *, snapshot: bytes = b"") -> Read:
        """AssertionError where the engine raises, dies, or takes more than it may."""
        request = LoadRequest(kind, {}, snapshot, [(0, [update]) for update in updates]).encode()
        reply = self._exchange(u32(len(request)) + request)
        status, spent_ms = reply[0], int.from_bytes(reply[1:5], "big")
        peak_kib = int.from_bytes(reply[5:9], "big")
        assert not status, f"the engine raised {reply[41:]!r}"
        assert spent_ms <= MAX_PROCESSOR_MS, f"the engine took {spent_ms} ms"
        assert peak_kib <= MAX_PEAK_KIB, f"the engine took {peak_kib} KiB"
        return Read(reply[9:41], reply[41:])

    def _exchange(self, request: bytes) -> bytes:
        process = self._process or self._start()
        assert process.stdin is not None
        process.stdin.write(request)
        reply = self._bytes(process, int.from_bytes(self._bytes(process, 4), "big"))
        return reply

    def _bytes(self, process: subprocess.Popen[bytes], size: int) -> bytes:
        assert process.stdout is not None
        received = b""
        while len(received) < size:
            ready, _, _ = select.select([process.stdout], [], [], PATIENCE_S)
            piece = os.read(process.stdout.fileno(), size - len(received)) if ready else b""
            if not piece:
                self.close()
                raise AssertionError("the engine hangs" if not ready else "the engine ended its process")
            received += piece
        return received

    def _start(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("engine_child.py")), str(MEMORY_BYTES)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        return self._process

    def close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()


@cache
def engines() -> tuple[Engine, Engine]:
    return Engine(), Engine()


@cache
def loading_child() -> LoadingChild:
    """The product's own: validator and engine."""
    return LoadingChild(memory_bytes=MEMORY_BYTES, timeout_s=PATIENCE_S)


def close_all() -> None:
    for engine in engines():
        engine.close()
    loading_child().close()
