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


def serve(listener: socket.socket, holder: Holder, is_there: Callable[[], bool] = lambda: True) -> None:
    """Until the key is forgotten, or nobody can reach this process: at logout its folder goes away."""
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        while not holder.is_over and is_there():
            # Wakes now and then: a wall clock that was set forward ends the time too.
            if selector.select(min(max(holder.left_s(), 0.0), LOOKS_S)):
                with contextlib.suppress(OSError):
                    _serve_one(listener, holder)


def _serve_one(listener: socket.socket, holder: Holder) -> None:
    link, _ = listener.accept()
    with link:
        link.settimeout(WAIT_S)
        if peer_uid(link) != os.geteuid():
            return
        request = b""
        while len(request) < REQUEST_BYTES and (part := link.recv(REQUEST_BYTES - len(request))):
            request += part
        link.sendall(holder.answer(request))


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
