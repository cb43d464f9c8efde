"""Work done in a process that is killed before its nth step: before whatever somebody outside could notice.

Steps are commits and single writes of a database, what is sent to a relay, and what makes files durable. To
be killed behind one is to be killed before the next. A child is forked from the test, so none costs a start.
"""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cryptpad_tui.sync.connection import RelayConnection
from cryptpad_tui.vault.database import Database

_FILE_STEPS = ("rename", "fsync", "link", "unlink", "write")
_WRITES = ("INSERT", "UPDATE", "DELETE")
MOST_STEPS = 400
STRIDE = 1 if os.environ.get("CRYPTPAD_TUI_SOAK") else 6
"""For work of many steps, each of which costs a tenth of a second: `make soak` takes every one."""


class Dying:
    """Ends this process by signal 9 before the nth step."""

    here: Dying
    """The one of this process."""

    def __init__(self, at: int, *, counts: bool) -> None:
        """`counts`: from the beginning, and not from `begin` on."""
        self._left, self._counts = at, counts
        Dying.here = self

    @classmethod
    def begin(cls) -> None:
        """What comes now is the work; what was before only led to it."""
        cls.here._counts = True

    def step(self) -> None:
        if not self._counts:
            return
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1

    def watched(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def calling(*values: Any, **named: Any) -> Any:
            self.step()
            return call(*values, **named)

        return calling

    def install(self, *, files: bool) -> None:
        """In the process that is to die."""
        connect, request, post = Database._connect, RelayConnection.request, RelayConnection.post

        def connected(path: Path, key: bytes) -> Database:
            database = connect(path, key)
            database._connection = _Connection(database._connection, self)  # type: ignore[assignment]
            return database

        async def asked(connection: RelayConnection, *values: Any, **named: Any) -> bytes:
            self.step()
            return await request(connection, *values, **named)

        async def posted(connection: RelayConnection, *values: Any) -> None:
            self.step()
            await post(connection, *values)

        Database._connect = staticmethod(connected)  # type: ignore[method-assign, assignment]
        RelayConnection.request = asked  # type: ignore[method-assign, assignment]
        RelayConnection.post = posted  # type: ignore[method-assign, assignment]
        for name in _FILE_STEPS if files else ():
            setattr(os, name, self.watched(getattr(os, name)))


class _Connection:
    def __init__(self, inner: Any, dying: Dying) -> None:
        self._inner, self._dying = inner, dying

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def execute(self, query: str, *values: Any) -> Any:
        is_write = query.startswith(_WRITES) and not self._inner.in_transaction
        if query != "COMMIT" and not is_write:
            return self._inner.execute(query, *values)
        return self._dying.watched(self._inner.execute)(query, *values)


def killed_at(step: int, work: Callable[[], object], *, files: bool = False, later: bool = False) -> bool:
    """Whether it died; if it did not, all of it is done. `later`: steps count from `Dying.begin` on."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            Dying(step, counts=not later).install(files=files)
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert ended in (0, -signal.SIGKILL)
    return ended != 0


def each_step(
    work: Callable[[int], object], *, files: bool = False, later: bool = False, stride: int = 1
) -> Iterator[tuple[int, bool]]:
    """Do `work(step)` again and again, killed one step later each time, and the last time not at all. Each
    time the step, and whether it died."""
    for step in range(0, MOST_STEPS, stride):
        died = killed_at(step, lambda step=step: work(step), files=files, later=later)  # type: ignore[misc]
        yield step, died
        if not died:
            return
    raise AssertionError("there is no end to its steps")
