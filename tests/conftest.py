"""What every test process does once, so that a run of thousands of tests ends in minutes.

It must never touch what a test checks: here is only what the interpreter keeps and how it cleans up.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis.internal.conjecture import providers

from support import kept_signatures, zygote

if TYPE_CHECKING:
    from xdist.workermanage import WorkerController

# Hundreds of processes are started; without kept bytecode each would compile the program anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

ZYGOTES = "zygotes"
NURSERY = pytest.StashKey[zygote.Nursery]()
SOAKING = "CRYPTPAD_TUI_SOAK" in os.environ
"""`make soak`: other examples in each run, and far more of them."""
settings.register_profile("steady", deadline=None, derandomize=True, max_examples=60)
settings.register_profile("soak", deadline=None, max_examples=5_000)
settings.load_profile("soak" if SOAKING else "steady")
if not SOAKING:
    # Examples would differ by what a worker happens to have loaded, and reading all of that takes seconds.
    providers._get_local_constants = lambda: providers._local_constants

if "TESTS_IN_A_SMALL_PROCESS" not in os.environ:
    kept_signatures.keep()

HUNG_S = 240.0
"""A test that waits for what never comes fails, with where it stood, instead of holding the run up."""


def pytest_make_parametrize_id(val: object) -> str | None:
    """No name of a test holds megabytes: each worker tells the names of all."""
    long = isinstance(val, str | bytes) and len(val) > 120
    return f"{type(val).__name__} of {len(val)}" if long else None


def pytest_configure(config: pytest.Config) -> None:
    """Warm processes are for all workers together: warming one up costs more than most tests."""
    given = getattr(config, "workerinput", {}).get(ZYGOTES)
    if given:
        zygote.use(given)
    elif getattr(config.option, "numprocesses", None):
        nursery = config.stash[NURSERY] = zygote.Nursery()
        for program in zygote.PROGRAMS:
            nursery.start(program)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    """Tell a worker where they are."""
    node.workerinput[ZYGOTES] = node.config.stash[NURSERY].path


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
