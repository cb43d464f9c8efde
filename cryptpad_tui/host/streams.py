"""Standard error is ours alone: libraries below Python that print to it reach nobody.

The document engine prints a panic, with a backtrace, before Python can catch it. On a screen that would tear
the picture; in a command it would break the promise of one line an event.
"""

from __future__ import annotations

import os
import sys

STDERR_FD = 2


def keep_stderr_ours() -> None:
    """Move Python's stderr to a descriptor that nothing else knows. Once, before anything prints."""
    try:
        private = os.dup(STDERR_FD)
        nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return
    os.dup2(nowhere, STDERR_FD)
    os.close(nowhere)
    before = sys.stderr
    stream = open(  # noqa: SIM115 - it lives as long as the process
        private, "w", encoding=before.encoding, errors=before.errors, buffering=1
    )
    sys.stderr = sys.__stderr__ = stream  # type: ignore[misc]
