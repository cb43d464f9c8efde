"""Python's cyclic collector: off while many objects are made that stay, blind to what the engine holds.

It must never be off for longer than one bounded piece of work.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakMethod


@contextmanager
def collector_paused() -> Iterator[None]:
    """No collection inside; reference counts free as ever."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def weakly(method: Callable[..., Any]) -> Callable[..., Any]:
    """A callback that keeps nothing alive: Python's collector does not see what the engine holds, so what the
    engine held would stay in memory, with its text, after its pad is closed."""
    reference = WeakMethod(method)

    def call(*given: Any) -> Any:
        target = reference()
        return target(*given) if target is not None else None

    return call
