"""Loads foreign snapshots, and what follows them, in one warm process without keys (protocol §9).

What the child says about bytes is a verdict that any client would reach; that it died, took too long
or too much memory is a condition of this machine, and must never be taken for a verdict.
The calls block: an event loop gives them to a thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from cryptpad_tui.crdt.child_wire import (
    LOADED,
    MAX_FRAME_BYTES,
    MAX_REPLY_BYTES,
    REFUSED,
    Entry,
    Loaded,
    LoadRequest,
)
from cryptpad_tui.crdt.errors import CannotLoadHere, InvalidUpdate
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.host.errors import ChildFailed
from cryptpad_tui.host.keyless import KeylessProcess, command_of
from cryptpad_tui.host.keyless_wire import BadFrame, Cutter

MEMORY_BYTES = 2 * 1024 * 1024 * 1024
TIMEOUT_S = 60.0


class LoadingChild:
    """Starts the child when it is first needed, keeps it warm, replaces it when it fails."""

    def __init__(
        self,
        *,
        memory_bytes: int = MEMORY_BYTES,
        timeout_s: float = TIMEOUT_S,
        now: Callable[[], float] = time.monotonic,
        command: Sequence[str] | None = None,
    ) -> None:
        self._process = KeylessProcess(
            [*(command or command_of("cryptpad_tui.crdt.child_main")), str(memory_bytes), str(timeout_s)],
            timeout_s=timeout_s,
            most_answered=MAX_REPLY_BYTES,
            now=now,
        )

    @property
    def pid(self) -> int | None:
        return self._process.pid

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
        try:
            reply = self._process.ask(request)
        except ChildFailed as exc:
            raise CannotLoadHere(type(exc).__name__) from None
        return _read_reply(reply, len(entries))

    def warm_up(self) -> None:
        """Start the child before it is needed."""
        self._process.warm_up()

    def close(self) -> None:
        """End the child, also where it is at work for another thread, which then meets CannotLoadHere."""
        self._process.close()


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
