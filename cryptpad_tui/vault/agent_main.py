"""The agent's process: holds one vault's key in memory and gives it to processes of the same user.

It forgets when its time is over (time asleep counts), when it is told to, when it is asked to end, and soon
after its socket is gone: nobody could tell it to any more. It writes nothing anywhere, and has no key but the
one that came through its standard input.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptpad_tui.host import process
from cryptpad_tui.vault.agent import READY, REQUEST_BYTES, WAIT_S, Op, peer_uid
from cryptpad_tui.vault.header import MASTER_KEY_BYTES, VAULT_ID_BYTES

_BOOT_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
LOOKS_S: Final = 10.0
"""How often it looks whether anybody can still reach it."""
MOST_CALLERS: Final = 16
"""At once; of more, who has waited longest goes."""


class Holder:
    """The key and its time. Shown by nothing."""

    def __init__(self, vault_id: bytes, key: bytearray, seconds: int) -> None:
        self._vault_id = vault_id
        self.__key = key
        self._end_boot = time.clock_gettime(_BOOT_CLOCK) + seconds
        # Where the machine's clock stops in its sleep, the clock on the wall still tells.
        self._end_wall = time.time() + seconds

    def __repr__(self) -> str:
        return "Holder()"

    def left_s(self) -> float:
        return min(self._end_boot - time.clock_gettime(_BOOT_CLOCK), self._end_wall - time.time())

    def answer(self, request: bytes) -> bytes:
        """Empty for what is not for this vault, or too late, or nothing that is known."""
        if len(request) != REQUEST_BYTES or not self.__key:
            return b""
        left = self.left_s()
        if request[0] == Op.FORGET:
            self.forget()
            return bytes(8)
        if request[1:] != self._vault_id or left <= 0:
            return b""
        if request[0] == Op.KEY:
            return bytes(self.__key)
        return int(left).to_bytes(8) if request[0] == Op.LEFT else b""

    def forget(self) -> None:
        self.__key[:] = bytes(len(self.__key))
        self.__key.clear()

    @property
    def is_over(self) -> bool:
        return not self.__key or self.left_s() <= 0


class Callers:
    """Who asks: each has its own time, so that one who sends nothing keeps nobody else waiting."""

    def __init__(self, listener: socket.socket, holder: Holder) -> None:
        listener.setblocking(False)
        self._listener, self._holder = listener, holder
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ)
        self._asking: dict[socket.socket, tuple[bytearray, float]] = {}

    def step(self, wait_s: float) -> None:
        """Take what has come, or wait so long for it."""
        ends = [until - time.monotonic() for _, until in self._asking.values()]
        for key, _ in self._selector.select(max(0.0, min([wait_s, *ends]))):
            with contextlib.suppress(OSError):
                if key.fileobj is self._listener:
                    self._admit()
                elif isinstance(key.fileobj, socket.socket) and key.fileobj in self._asking:
                    self._hear(key.fileobj)
        now = time.monotonic()
        for link in [link for link, (_, until) in self._asking.items() if until <= now]:
            self._leave(link)

    def close(self) -> None:
        for link in list(self._asking):
            self._leave(link)
        self._selector.close()

    def _admit(self) -> None:
        link, _ = self._listener.accept()
        if peer_uid(link) != os.geteuid():
            link.close()
            return
        if len(self._asking) >= MOST_CALLERS:
            self._leave(next(iter(self._asking)))
        link.setblocking(False)
        self._asking[link] = bytearray(), time.monotonic() + WAIT_S
        self._selector.register(link, selectors.EVENT_READ)

    def _hear(self, link: socket.socket) -> None:
        request = self._asking[link][0]
        try:
            part = link.recv(REQUEST_BYTES - len(request))
            request += part
            if len(request) == REQUEST_BYTES:
                link.send(self._holder.answer(bytes(request)))
        except BlockingIOError:
            return
        except OSError:
            part = b""
        if not part or len(request) == REQUEST_BYTES:
            self._leave(link)

    def _leave(self, link: socket.socket) -> None:
        del self._asking[link]
        self._selector.unregister(link)
        link.close()


def serve(listener: socket.socket, holder: Holder, is_there: Callable[[], bool] = lambda: True) -> None:
    """Until the key is forgotten, or nobody can reach this process: at logout its folder goes away."""
    with contextlib.closing(Callers(listener, holder)) as callers:
        while not holder.is_over and is_there():
            # Wakes now and then: a wall clock that was set forward ends the time too.
            callers.step(min(max(holder.left_s(), 0.0), LOOKS_S))


def _keep_in_memory(key: bytearray) -> None:
    """Out of the swap, where the system allows it: best effort."""
    buffer = (ctypes.c_char * len(key)).from_buffer(key)
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mlock(ctypes.byref(buffer), ctypes.c_size_t(len(key)))
    del buffer


def _listen(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.fspath(path))
    os.chmod(path, 0o600)
    listener.listen(16)
    return listener


def _detach() -> None:
    """Say that it listens, and keep nothing of the one who started us."""
    sys.stdout.buffer.write(READY)
    sys.stdout.flush()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)


def main() -> int:
    process.harden()
    path, seconds = Path(sys.argv[1]), int(sys.argv[2])
    given = bytearray(sys.stdin.buffer.read(VAULT_ID_BYTES + MASTER_KEY_BYTES + 1))
    if len(given) != VAULT_ID_BYTES + MASTER_KEY_BYTES or seconds <= 0:
        return 1
    if os.fork():
        # The one who started us waits for this process, and for the other's word that it listens.
        os._exit(0)
    holder, listener = _holder(given, seconds), _listen(path)
    inode = path.lstat().st_ino
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: _end(holder, path, inode))
    _detach()
    try:
        serve(listener, holder, lambda: _is_at(path, inode))
    finally:
        _end(holder, path, inode)
    return 0


def _holder(given: bytearray, seconds: int) -> Holder:
    key = bytearray(given[VAULT_ID_BYTES:])
    _keep_in_memory(key)
    vault_id = bytes(given[:VAULT_ID_BYTES])
    given[:] = bytes(len(given))
    return Holder(vault_id, key, seconds)


def _end(holder: Holder, path: Path, inode: int) -> None:
    holder.forget()
    with contextlib.suppress(OSError):
        # Another agent may have taken the place.
        if _is_at(path, inode):
            path.unlink()
    os._exit(0)


def _is_at(path: Path, inode: int) -> bool:
    """Whether our socket still has its name; it keeps its inode as long as it listens."""
    try:
        return path.lstat().st_ino == inode
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
