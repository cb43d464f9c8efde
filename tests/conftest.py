"""What every test process does once, so that a run of thousands of tests ends in minutes.

It must never touch what a test checks: here is only what the interpreter keeps and how it cleans up.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Generator

import pytest

# Hundreds of processes are started; without kept bytecode each would compile the program anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

HUNG_S = 240.0
"""A test that waits for what never comes fails, with where it stood, instead of holding the run up."""


def pytest_collection_finish() -> None:
    """Take the modules and the collected tests out of the collector's sight: they stay to the end.

    It would walk over all of them again and again. A test that looks for what is in memory unfreezes first.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    def hung(_number: int, _frame: object) -> None:
        raise TimeoutError(f"{item.nodeid} was not done after {HUNG_S:.0f} s")

    before = signal.signal(signal.SIGALRM, hung)
    # Again each second: an event loop keeps what is raised in a callback to itself.
    signal.setitimer(signal.ITIMER_REAL, HUNG_S, 1.0)
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
