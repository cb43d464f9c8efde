"""Where the secret that opens the vault comes from: a file, the environment's file, or the person.

A secret is never an argument. A file that others can read is refused, and a prompt goes to the terminal
itself, whatever standard input and output are.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptpad_tui.cli.errors import EmptySecret, FileUnreadable, NobodyToAsk, PassphrasesDiffer, WrongUse

PASSPHRASE_VARIABLE: Final = "CRYPTPAD_TUI_PASSPHRASE_FILE"
KEYFILE_VARIABLE: Final = "CRYPTPAD_TUI_KEYFILE"
_SECRET_LIMIT: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class SecretSources:
    """At most one of the two; neither means: ask."""

    passphrase_file: Path | None = None
    keyfile: Path | None = None

    def passphrase(self) -> bytes | None:
        """What the file holds, None where there is no file."""
        return None if self.passphrase_file is None else read_passphrase_file(self.passphrase_file)


def choose_sources(
    passphrase_file: Path | None, keyfile: Path | None, environ: Mapping[str, str] = os.environ
) -> SecretSources:
    """Options win over the environment, and the passphrase over the keyfile there."""
    if passphrase_file is not None and keyfile is not None:
        raise WrongUse("--passphrase-file and --keyfile")
    if passphrase_file is not None or keyfile is not None:
        return SecretSources(passphrase_file, keyfile)
    if environ.get(PASSPHRASE_VARIABLE):
        return SecretSources(passphrase_file=Path(environ[PASSPHRASE_VARIABLE]))
    if environ.get(KEYFILE_VARIABLE):
        return SecretSources(keyfile=Path(environ[KEYFILE_VARIABLE]))
    return SecretSources()


def read_passphrase_file(path: Path) -> bytes:
    """Its content without the last line end; refused unless it is ours alone (mode 0600)."""
    from cryptpad_tui.host import files

    try:
        raw = files.read_secret_file(path, _SECRET_LIMIT)
    except OSError as error:
        raise FileUnreadable(f"{path}: {error.strerror or type(error).__name__}") from None
    return raw.removesuffix(b"\n").removesuffix(b"\r")


def new_passphrase(path: Path | None) -> bytes:
    """A passphrase to be set: from the file, or asked for twice."""
    if path is not None:
        chosen = read_passphrase_file(path)
    else:
        chosen = ask_secret("New passphrase: ")
        if chosen and ask_secret("The same again: ") != chosen:
            raise PassphrasesDiffer()
    if not chosen:
        raise EmptySecret()
    return chosen


def ask_secret(prompt: str) -> bytes:
    """One line from the terminal, which does not show it; NobodyToAsk where there is none."""
    import termios

    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        raise NobodyToAsk() from None
    try:
        before = termios.tcgetattr(terminal)
        hidden = [*before]
        hidden[3] &= ~termios.ECHO
        try:
            termios.tcsetattr(terminal, termios.TCSAFLUSH, hidden)
            os.write(terminal, prompt.encode())
            return _read_line(terminal)
        finally:
            termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
            os.write(terminal, b"\n")
    finally:
        os.close(terminal)


def _read_line(terminal: int) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(terminal, 4096)
        if not part:
            if not line:
                raise NobodyToAsk("the terminal ended")
            break
        line += part
        if len(line) > _SECRET_LIMIT:
            raise NobodyToAsk("far too long")
    return line.rstrip(b"\r\n")
