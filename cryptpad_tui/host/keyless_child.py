"""Inside a process without keys: it confines itself, says that it stands, and answers until it is left.

All that it will ever need is loaded before that: afterwards it has its two pipes, its memory and no way to
anything else, whatever the bytes that it reads make of it. It must never be given a key or an address.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NoReturn

from cryptpad_tui.host import process, syscalls
from cryptpad_tui.host.keyless_wire import LENGTH_BYTES, framed

_FILES: Final = 16
_ALL_SECONDS: Final = 3600
"""Of the processor, for the whole of a life: nothing goes on for ever, though nobody is left to end it."""


def serve(
    answer: Callable[[bytes], bytes], *, memory_bytes: int, most_asked: int, answer_s: float
) -> NoReturn:
    """Answer frames of at most `most_asked` bytes, each in so many seconds of the processor."""
    bound(memory_bytes)
    syscalls.seal()
    _write(b"")
    while True:
        size = int.from_bytes(_read(LENGTH_BYTES), "big")
        if size > most_asked:
            os._exit(1)
        request = _read(size)
        signal.setitimer(signal.ITIMER_PROF, answer_s)
        reply = answer(request)
        signal.setitimer(signal.ITIMER_PROF, 0)
        _write(reply)


def bound(memory_bytes: int) -> None:
    """Bound what this process may take; where a system lacks a bound, the parent's clock is left."""
    process.harden()
    wanted = {
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_CPU: _ALL_SECONDS,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: _FILES,
        resource.RLIMIT_NPROC: 0,
    }
    for limit, value in wanted.items():
        with suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, value))


def _read(size: int) -> bytes:
    data = sys.stdin.buffer.read(size)
    if len(data) != size:
        # The parent is gone.
        os._exit(0)
    return data


def _write(data: bytes) -> None:
    sys.stdout.buffer.write(framed(data))
    sys.stdout.buffer.flush()
