"""Another program edits a text: a file that lives in memory, for as long as that program runs (protocol §18).

The folder is ours alone and goes with everything in it, also when the program is killed; what a crash of
ours left is removed by the next start. The text must never reach a disk unless the caller was told to allow
it, and a title never reaches the arguments, which everybody on the machine can read.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shlex
import shutil
import signal
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Final

from cryptpad_tui.host import process
from cryptpad_tui.host.errors import HostError
from cryptpad_tui.host.files import create_private_file, ensure_private_dir, locked_dir

MAX_BYTES: Final = 64 * 1024 * 1024
_FOLDER: Final = "edit"
_PREFIX: Final = "pad-"
_LOCK: Final = "lock"
_VIM: Final = (
    *("-n", "-i", "NONE", "-c", "set noundofile nobackup nowritebackup"),
    # Before the file and whatever a vimrc says: others write these lines, and some of them are commands.
    *("--cmd", "set modelines=0 nomodeline"),
)
_EMACS: Final = (
    "--eval",
    "(setq make-backup-files nil auto-save-default nil create-lockfiles nil"
    " enable-local-variables nil enable-local-eval nil)",
)
_MICRO: Final = ("-backup", "false", "-savecursor", "false", "-savehistory", "false", "-saveundo", "false")


class NoEditor(HostError):
    """No editor is known here. Set VISUAL or EDITOR to the program that you want, as in: export EDITOR=vim"""


class NoMemoryFolder(HostError):
    """This machine offers no folder that lives in memory, so the text would be written to a disk, readable.
    Set XDG_RUNTIME_DIR to a folder of yours on tmpfs (mode 0700), or log in in a way that sets it."""


class EditorDidNotStart(HostError):
    """The editor did not start, and the pad is as it was. Check what VISUAL or EDITOR names."""


class EditedTooLong(HostError):
    """The editor left more than 64 MiB, and the pad is as it was. Import large files with the import verb."""


@dataclass(frozen=True, slots=True)
class Edited:
    """What an editor left: the file's content, and how it ended (0 well, -9 killed)."""

    data: bytes = field(repr=False)
    code: int


def editor_command(environ: Mapping[str, str] = os.environ) -> list[str]:
    """The person's editor with what keeps it from writing copies and obeying the text; raises NoEditor."""
    wanted = environ.get("VISUAL") or environ.get("EDITOR") or _usual()
    try:
        words = shlex.split(wanted)
    except ValueError:
        words = []
    if not words or shutil.which(words[0], path=environ.get("PATH")) is None:
        raise NoEditor(wanted) if wanted else NoEditor
    return [*words, *_quiet_options(words[0], environ)]


def _usual() -> str:
    return next((name for name in ("vim", "vi", "nano") if shutil.which(name)), "")


def _quiet_options(program: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """By the program that a name really stands for: `vi` is often vim, and knows its options only then."""
    found = shutil.which(program, path=environ.get("PATH")) or program
    names = {os.path.basename(os.path.realpath(found)), os.path.basename(program)}
    for prefixes, options in ((("vim", "nvim"), _VIM), (("emacs",), _EMACS), (("micro",), _MICRO)):
        if any(name.startswith(prefixes) and not name.startswith("emacsclient") for name in names):
            return options
    return ()


def place_to_edit(environ: Mapping[str, str] = os.environ, *, disk: Path | None = None) -> Path:
    """The folder for texts that are being edited; raises NoMemoryFolder unless `disk` allows another."""
    base = process.runtime_dir(environ) or disk
    if base is None:
        raise NoMemoryFolder
    ensure_private_dir(base / _FOLDER)
    return base / _FOLDER


def remove_leftovers(*bases: Path | None) -> int:
    """Remove the texts of editors that are gone; how many there were. One that still runs keeps its own."""
    removed = 0
    for base in bases:
        if base is not None and (base / _FOLDER).is_dir() and not (base / _FOLDER).is_symlink():
            with locked_dir(base / _FOLDER):
                removed += sum(_remove_if_left(folder) for folder in (base / _FOLDER).glob(f"{_PREFIX}*"))
    return removed


def _remove_if_left(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            return False
        with contextlib.suppress(FileNotFoundError), open(folder / _LOCK, "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
        return True
    return False


async def edit_text(
    text: bytes, command: list[str], place: Path, *, suffix: str, terminal: tuple[int, int] | None = None
) -> Edited:
    """Let `command` edit a file that holds `text`. `terminal`: the descriptors to type and to draw at."""
    with _folder(place) as (folder, lock):
        path = folder / f"pad{suffix}"
        create_private_file(path, text)
        code = await _run([*command, str(path)], lock, terminal)
        return Edited(_content(path), code)


@contextlib.contextmanager
def _folder(place: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    """A folder of one's own with a lock that lives as long as somebody edits in it."""
    with contextlib.ExitStack() as stack:
        with locked_dir(place):
            folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            lock = stack.enter_context((folder / _LOCK).open("xb"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder, lock


async def _run(command: list[str], lock: IO[bytes], terminal: tuple[int, int] | None) -> int:
    keyboard, screen = terminal or (None, None)
    with _keyboard_signals_are_the_childs():
        try:
            # The child holds the lock too: if this process dies, its text stays until the editor is closed.
            child = await asyncio.create_subprocess_exec(
                *command, stdin=keyboard, stdout=screen, stderr=screen, pass_fds=(lock.fileno(),)
            )
        except OSError as error:
            raise EditorDidNotStart(error.strerror or type(error).__name__) from None
        try:
            return await child.wait()
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()


@contextlib.contextmanager
def _keyboard_signals_are_the_childs() -> Iterator[None]:
    """Ctrl+C in the editor must not end the app around it. A handler, since a child inherits ignoring."""
    before: dict[signal.Signals, Callable[[int, FrameType | None], object] | int | None] = {}
    for number in (signal.SIGINT, signal.SIGQUIT):
        with contextlib.suppress(ValueError):
            before[number] = signal.signal(number, lambda *_: None)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, signal.SIG_DFL if handler is None else handler)


def _content(path: Path) -> bytes:
    """What is at the path: an editor may have put another file there in place of ours."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise EditorDidNotStart("the file is gone") from error
    with open(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise EditorDidNotStart("the file is no file")
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise EditedTooLong
    return data
