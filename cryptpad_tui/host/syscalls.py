"""What a process on Linux may still ask of the kernel, once it has said so: memory, time, and its open pipes.

It opens no file, no socket and no other process's memory, and starts nothing, whatever takes it over; nothing
lifts that again. Other systems have no such thing that costs no program of its own: there it says so.
"""

from __future__ import annotations

import ctypes
import platform
import struct
import sys
from typing import Final

_PR_SET_SECCOMP: Final = 22
_PR_SET_NO_NEW_PRIVS: Final = 38
_MODE_FILTER: Final = 2
_LOAD, _IS_EQUAL, _RETURN = 0x20, 0x15, 0x06
"""Of the kernel's packet filter: take a word, compare it, answer."""
_NUMBER_AT, _MACHINE_AT = 0, 4
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050001, 0x80000000
"""Refused calls fail with EPERM, so that honest code meets an error that it knows."""

_ALLOWED: Final = (
    *("read", "write", "readv", "writev", "close", "fstat", "lseek"),
    *("mmap", "mprotect", "munmap", "mremap", "madvise", "brk"),
    *("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall", "setitimer"),
    *("futex", "sched_yield", "getpid", "gettid", "getrusage", "getrandom"),
    *("clock_gettime", "gettimeofday", "nanosleep", "clock_nanosleep", "exit", "exit_group"),
)
_MACHINES: Final = {
    "x86_64": (0xC000003E, (
        *(0, 1, 19, 20, 3, 5, 8),
        *(9, 10, 11, 25, 28, 12),
        *(13, 14, 15, 131, 219, 38),
        *(202, 24, 39, 186, 98, 318),
        *(228, 96, 35, 230, 60, 231),
    )),
    "aarch64": (0xC00000B7, (
        *(63, 64, 65, 66, 57, 80, 62),
        *(222, 226, 215, 216, 233, 214),
        *(134, 135, 139, 132, 128, 103),
        *(98, 124, 172, 178, 165, 278),
        *(113, 169, 101, 115, 93, 94),
    )),
}  # fmt: skip
"""What the kernel calls each machine, and its numbers for what is allowed, in that order."""


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def can_seal() -> bool:
    """Whether this is a system whose numbers are known here."""
    return sys.platform == "linux" and sys.maxsize > 2**32 and platform.machine() in _MACHINES


def seal() -> bool:
    """Give up all but what is allowed, for good; False where this system cannot."""
    if not can_seal():
        return False
    machine = _MACHINES[platform.machine()]
    steps = _steps(*machine)
    program = _Program(len(steps), b"".join([struct.pack("=HBBI", *step) for step in steps]))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    prctl.argtypes = (ctypes.c_int, *[ctypes.c_ulong] * 4)
    if prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(program), 0, 0) == 0)


def _steps(machine: int, numbers: tuple[int, ...]) -> list[tuple[int, int, int, int]]:
    """The filter: another machine's calls end the process, a number of the list leads to the last step."""
    count = len(numbers)
    return [
        (_LOAD, 0, 0, _MACHINE_AT),
        (_IS_EQUAL, 1, 0, machine),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
        *[(_IS_EQUAL, count - at, 0, number) for at, number in enumerate(numbers)],
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]
