"""A real terminal for tests and benchmarks: a pseudo-terminal with an emulator behind it.

It spawns a command, answers what a terminal answers, feeds what the command writes to pyte, counts bytes
and measures keys. It never sleeps where it can wait for a condition, and it ends only its own process.

    with Terminal([sys.executable, "-m", "some.app"]) as terminal:
        terminal.wait_for("Ready")
        terminal.send("hello")
        terminal.wait_for(lambda t: "hello" in t.row(3))
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple

from support.emulator import TokenStream, new_screen
from support.zygote import Started

KEYS = {
    "up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D", "home": "\x1b[H", "end": "\x1b[F",
    "pageup": "\x1b[5~", "pagedown": "\x1b[6~", "delete": "\x1b[3~", "enter": "\r", "escape": "\x1b",
    "tab": "\t", "shift+tab": "\x1b[Z", "backspace": "\x7f",
    "ctrl+home": "\x1b[1;5H", "ctrl+end": "\x1b[1;5F",
    "shift+right": "\x1b[1;2C", "shift+left": "\x1b[1;2D", "shift+down": "\x1b[1;2B", "shift+up": "\x1b[1;2A",
    "ctrl+right": "\x1b[1;5C", "ctrl+left": "\x1b[1;5D", "f1": "\x1bOP", "f2": "\x1bOQ", "f4": "\x1bOS",
    "f3": "\x1bOR", "f5": "\x1b[15~", "f6": "\x1b[17~", "f7": "\x1b[18~", "f8": "\x1b[19~", "f9": "\x1b[20~",
    "f10": "\x1b[21~", "f11": "\x1b[23~", "f12": "\x1b[24~",
}  # fmt: skip
"""What a terminal sends for a named key; `key("ctrl+s")` makes the rest."""

_UNSET = ("NO_COLOR", "COLORTERM", "SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "TMUX", "STY", "TERM_PROGRAM")
_DEADLINE_S = 15.0


class Cell(NamedTuple):
    """What one cell of the screen shows."""

    text: str
    fg: str
    bg: str
    bold: bool
    italic: bool
    underline: bool
    reverse: bool
    strike: bool

    def seen(self) -> tuple[object, ...]:
        """What a person sees of it: a blank has no colour of its own."""
        if self.text == " " and not (self.underline or self.reverse or self.strike):
            return (" ", self.bg)
        return tuple(self)


@dataclass(frozen=True, slots=True)
class KeyCost:
    """What one key cost: until the first and the last byte of the answer, and how many bytes."""

    first_ms: float
    last_ms: float
    size_bytes: int
    raw: bytes


class WaitTimedOut(AssertionError):
    """The terminal did not show what the test waits for; the message holds the screen."""


def key(name: str) -> str:
    """The bytes that a legacy terminal sends for a key such as `down`, `ctrl+s`, `alt+x` or `x`."""
    if name in KEYS:
        return KEYS[name]
    if name.startswith("ctrl+") and len(name) == 6:
        return chr(ord(name[5].upper()) & 0x1F)
    if name.startswith("alt+"):
        return "\x1b" + key(name[4:])
    assert len(name) == 1, f"no such key: {name}"
    return name


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without what makes two machines paint differently."""
    env = {name: value for name, value in os.environ.items() if name not in _UNSET and "TEXTUAL" not in name}
    env.update(PYTHONUNBUFFERED="1", TZ="UTC", LANG="C.UTF-8", LC_ALL="C.UTF-8")
    env.update(extra or {})
    return env


class Terminal:
    """One command in a pseudo-terminal of `rows` x `cols`."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        rows: int = 24,
        cols: int = 80,
        term: str = "xterm-256color",
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        answers_sync: bool = False,
        answers: bool = True,
    ) -> None:
        """`answers` False: whoever uses it answers the program's questions."""
        self.rows, self.cols = rows, cols
        self._may_answer = answers
        self.screen = new_screen(cols, rows)
        self.raw = bytearray()
        self.exit_code: int | None = None
        self._tokens = TokenStream(self.screen, answers_sync=answers_sync)
        self._master, slave = os.openpty()
        self._set_size(slave)
        self.started = time.perf_counter()
        self._process = self._start(
            list(command), slave, clean_environment({"TERM": term, **(env or {})}), cwd
        )
        os.close(slave)
        self.pid = self._process.pid

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(
        self, command: list[str], slave: int, env: dict[str, str], cwd: str | os.PathLike[str] | None
    ) -> subprocess.Popen[bytes] | Started:
        return subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=env,
            cwd=cwd,
            start_new_session=True,
            preexec_fn=_take_terminal,
        )

    # ---- what the person does

    def send(self, keys: str | bytes) -> None:
        """Write to the command's input, reading its output meanwhile so that neither side blocks."""
        data = keys.encode() if isinstance(keys, str) else keys
        while data:
            readable, writable, _ = select.select([self._master], [self._master], [], 1.0)
            if readable:
                self._read()
            if writable:
                data = data[os.write(self._master, data[:4096]) :]

    def press(self, *names: str) -> None:
        """Send named keys, one write each."""
        for name in names:
            self.send(key(name))

    def paste(self, text: str) -> None:
        """Send a bracketed paste."""
        self.send("\x1b[200~" + text + "\x1b[201~")

    def mouse(self, x: int, y: int, *, button: int = 0, release: bool = False) -> None:
        """Send one SGR mouse report (cells from 0; buttons 64, 65: the wheel; +32: motion)."""
        self.send(f"\x1b[<{button};{x + 1};{y + 1}{'m' if release else 'M'}")

    def resize(self, rows: int, cols: int) -> None:
        """Change the window's size, as a person who drags its corner."""
        self.pump(quiet_s=0.02)
        self.rows, self.cols = rows, cols
        self.screen.resize(rows, cols)
        self._set_size(self._master)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGWINCH)

    # ---- what the person sees

    def wait_for(
        self,
        condition: str | re.Pattern[str] | Callable[[Terminal], object],
        timeout_s: float = _DEADLINE_S,
        *,
        reason: str = "",
    ) -> None:
        """Read until the screen shows the text or pattern, or the condition holds."""
        deadline = time.perf_counter() + timeout_s
        while not self._holds(condition):
            left = deadline - time.perf_counter()
            # A condition may look beyond this terminal, so it is asked again though nothing came.
            silent = left <= 0 or not self._read_for(min(left, 0.25))
            if left <= 0 or (silent and self._ended() and not self._holds(condition)):
                raise WaitTimedOut(f"{reason or condition!r} did not come; the screen:\n{self.text()}")

    def wait_gone(self, text: str, timeout_s: float = _DEADLINE_S) -> None:
        """Read until the screen does not show `text`."""
        self.wait_for(lambda terminal: text not in terminal.text(), timeout_s)

    def pump(self, quiet_s: float = 0.1, timeout_s: float = _DEADLINE_S) -> bytes:
        """Read until the command is silent for `quiet_s`; what it wrote. For counting, not for waiting."""
        mark, deadline = len(self.raw), time.perf_counter() + timeout_s
        while time.perf_counter() < deadline and self._read_for(quiet_s):
            pass
        return bytes(self.raw[mark:])

    def wait_exit(self, timeout_s: float = _DEADLINE_S) -> int:
        """Read until the command ends; its exit code (negative: the signal)."""
        deadline = time.perf_counter() + timeout_s
        while not self._ended():
            if time.perf_counter() > deadline:
                raise WaitTimedOut(f"the command did not end; the screen:\n{self.text()}")
            self._read_for(0.05)
        while self._read_for(0.0):
            pass
        assert self.exit_code is not None
        return self.exit_code

    def display(self) -> list[str]:
        """The rows of the screen, without the blanks at their ends."""
        return [row.rstrip() for row in self.screen.display]

    def text(self) -> str:
        """The whole screen as one string."""
        return "\n".join(self.display())

    def row(self, y: int) -> str:
        """One row of the screen."""
        return self.display()[y]

    def cells(self) -> list[list[Cell]]:
        """Every cell of the screen, with its colours."""
        buffer = self.screen.buffer
        return [[_cell(buffer[y][x]) for x in range(self.cols)] for y in range(self.rows)]

    def picture(self) -> list[list[tuple[object, ...]]]:
        """The screen as a person sees it; two equal pictures cannot be told apart."""
        return [[cell.seen() for cell in row] for row in self.cells()]

    @property
    def cursor(self) -> tuple[int, int]:
        """Where the cursor is: column and row, from 0."""
        return min(self.screen.cursor.x, self.cols - 1), self.screen.cursor.y

    @property
    def cursor_visible(self) -> bool:
        """Whether the cursor is shown."""
        return not self.screen.cursor.hidden

    @property
    def size_bytes(self) -> int:
        """How many bytes the command wrote so far."""
        return len(self.raw)

    @property
    def sequences(self) -> list[bytes]:
        """Every escape sequence that the command wrote, in order."""
        return self._tokens.sequences

    # ---- what it costs

    def measure(self, keys: str | bytes, *, quiet_s: float = 0.08) -> KeyCost:
        """Send one key and time its answer."""
        data = keys.encode() if isinstance(keys, str) else keys
        mark, start = len(self.raw), time.perf_counter()
        os.write(self._master, data)
        first = last = None
        while self._read_for(quiet_s if first else 2.0):
            last = time.perf_counter()
            first = first or last
        ms = [((at or start) - start) * 1e3 for at in (first, last)]
        raw = bytes(self.raw[mark:])
        return KeyCost(ms[0], ms[1], len(raw), raw)

    def cpu_s(self) -> float:
        """Processor seconds that the command has used."""
        with open(f"/proc/{self.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_kib(self) -> int:
        """Resident memory of the command."""
        with open(f"/proc/{self.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))

    # ---- life

    def signal(self, number: int) -> None:
        """Send a signal to the command alone."""
        self._process.send_signal(number)

    def close(self) -> None:
        """End the command, by its id, and free the terminal."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self.exit_code = self._process.returncode
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def _holds(self, condition: str | re.Pattern[str] | Callable[[Terminal], object]) -> bool:
        if isinstance(condition, str):
            return condition in self.text()
        if isinstance(condition, re.Pattern):
            return condition.search(self.text()) is not None
        return bool(condition(self))

    def _ended(self) -> bool:
        self.exit_code = self._process.poll()
        return self.exit_code is not None

    def _read_for(self, timeout_s: float) -> bool:
        """Whether anything came within the time."""
        deadline = time.perf_counter() + timeout_s
        while True:
            left = max(0.0, deadline - time.perf_counter())
            if select.select([self._master], [], [], min(left, 0.2))[0]:
                return self._read()
            if left <= 0 or self._ended():
                return False

    def _read(self) -> bool:
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return False
        self.raw += data
        answers = self._tokens.feed(data)
        if answers and self._may_answer:
            os.write(self._master, answers)
        return bool(data)

    def _set_size(self, fd: int) -> None:
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", self.rows, self.cols, 0, 0))


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _cell(char: object) -> Cell:
    return Cell(
        char.data,  # type: ignore[attr-defined]
        char.fg,  # type: ignore[attr-defined]
        char.bg,  # type: ignore[attr-defined]
        char.bold,  # type: ignore[attr-defined]
        char.italics,  # type: ignore[attr-defined]
        char.underscore,  # type: ignore[attr-defined]
        char.reverse,  # type: ignore[attr-defined]
        char.strikethrough,  # type: ignore[attr-defined]
    )
