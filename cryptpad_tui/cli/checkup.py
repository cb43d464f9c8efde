"""What the doctor finds: one function a subject, each giving findings and changing nothing."""

from __future__ import annotations

import asyncio
import locale
import platform
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from cryptpad_tui.cli.version import VERSION
from cryptpad_tui.host.terminal_probe import TerminalAnswers

_MIN_COLUMNS, _MIN_ROWS = 80, 24
_RELAY_WAIT_S: Final = 5.0
_OSC52_WORDS: Final = "a copy is offered to the terminal by OSC 52, up to 74,994 bytes"


class Grade(Enum):
    """`FAIL` stops the program, `WARN` takes something away."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    grade: Grade
    subject: str
    sentence: str


def check_program() -> Iterator[Finding]:
    """The interpreter and the libraries that cannot be done without."""
    place = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    yield Finding(Grade.OK, "program", f"cryptpad-tui {VERSION}, {place}")
    yield _check_sealing()
    yield _check_database()


def _check_sealing() -> Finding:
    key, nonce = bytes(32), bytes(24)
    try:
        from nacl.bindings import (
            crypto_aead_xchacha20poly1305_ietf_decrypt,
            crypto_aead_xchacha20poly1305_ietf_encrypt,
        )

        sealed = crypto_aead_xchacha20poly1305_ietf_encrypt(b"self-test", b"ad", nonce, key)
        opened = crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, b"ad", nonce, key)
    except Exception as error:
        return Finding(Grade.FAIL, "sealing", f"libsodium failed its test ({type(error).__name__})")
    return Finding(Grade.OK if opened == b"self-test" else Grade.FAIL, "sealing", "libsodium seals and opens")


def _check_database() -> Finding:
    import apsw

    encrypts = apsw.Connection(":memory:").execute("PRAGMA cipher='chacha20'").fetchall() == [("chacha20",)]
    sentence = "the database encrypts" if encrypts else "the database cannot encrypt: install apsw-sqlite3mc"
    return Finding(Grade.OK if encrypts else Grade.FAIL, "database", sentence)


def check_terminal(environ: Mapping[str, str], answers: TerminalAnswers | None) -> Iterator[Finding]:
    """Whether a screen can be drawn, and how well."""
    term = environ.get("TERM", "")
    if answers is None or term in ("", "dumb", "unknown"):
        yield Finding(Grade.WARN, "terminal", "no terminal for the app here; the other verbs work")
        return
    size = shutil.get_terminal_size()
    fits = size.columns >= _MIN_COLUMNS and size.lines >= _MIN_ROWS
    name = answers.name or environ.get("TERM_PROGRAM", "") or "of unknown make"
    where = ", at the other end of a network" if environ.get("SSH_CONNECTION") else ""
    inside = ", inside tmux" if environ.get("TMUX") else ""
    words = f"{name}, TERM={term}, {size.columns}x{size.lines}{inside}{where}"
    yield Finding(Grade.OK if fits else Grade.WARN, "terminal", words + ("" if fits else "; 80x24 is better"))
    yield _check_colours(environ, term)
    yield _check_encoding()
    if not answers.answered:
        yield Finding(Grade.WARN, "answers", "the terminal said nothing of itself, which is no harm")
        return
    keys = (
        "tells all keys apart"
        if answers.kitty_keys
        else "sends some keys alike; every command has one that works"
    )
    yield Finding(Grade.OK, "keys", keys)
    frames = "shows a frame at once" if answers.synchronized else "does not say that it shows a frame at once"
    yield Finding(Grade.OK, "frames", frames)
    shown = answers.pictures or answers.inline_pictures
    pictures = "shows pictures of attached files" if shown else "shows no pictures; files can be saved"
    yield Finding(Grade.OK, "pictures", pictures)


def _check_colours(environ: Mapping[str, str], term: str) -> Finding:
    if "NO_COLOR" in environ:
        return Finding(Grade.OK, "colours", "none, as NO_COLOR asks")
    if environ.get("COLORTERM", "").lower() in ("truecolor", "24bit") or "direct" in term:
        return Finding(Grade.OK, "colours", "16 million")
    if "256color" in term:
        return Finding(Grade.OK, "colours", "256; COLORTERM=truecolor would say that there are more")
    return Finding(Grade.WARN, "colours", "16, as far as TERM says")


def _check_encoding() -> Finding:
    encoding = locale.getpreferredencoding(False)
    if encoding.lower().replace("-", "") == "utf8":
        return Finding(Grade.OK, "encoding", "UTF-8")
    return Finding(Grade.WARN, "encoding", f"{encoding}; set LANG to a UTF-8 locale to see every character")


def check_clipboard(environ: Mapping[str, str], answers: TerminalAnswers | None) -> Iterator[Finding]:
    """Where a copy would go."""
    if answers is None:
        return
    if environ.get("TMUX"):
        found = shutil.which("tmux")
        words = "a copy goes to tmux, and on to the terminal where `set-clipboard` lets it"
        yield Finding(Grade.OK if found else Grade.WARN, "clipboard", words if found else "tmux is not found")
    elif answers.clipboard:
        yield Finding(Grade.OK, "clipboard", f"{_OSC52_WORDS}; it says that it takes it")
    else:
        yield Finding(Grade.WARN, "clipboard", f"{_OSC52_WORDS}; it does not say that it takes it")


def check_vault(directory: Path, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Whether the vault's place is safe; its content is not looked at."""
    from cryptpad_tui.host import files, filesystems, process
    from cryptpad_tui.host.errors import UnsafePath

    try:
        files.check_private_dir(directory)
        kind = filesystems.network_kind(directory)
        if kind:
            yield Finding(Grade.FAIL, "vault", f"{directory} is on a network file system ({kind})")
        elif (directory / "vault.hdr").exists():
            yield Finding(Grade.OK, "vault", f"{directory}, private, on a local disk")
        else:
            yield Finding(Grade.WARN, "vault", f"{directory} has none; make one with `cryptpad-tui init`")
    except FileNotFoundError:
        yield Finding(Grade.WARN, "vault", f"{directory} is not there; make one with `cryptpad-tui init`")
    except (UnsafePath, OSError) as error:
        yield Finding(Grade.FAIL, "vault", str(error))
    if process.runtime_dir(environ) is None:
        yield Finding(
            Grade.WARN, "memory", "XDG_RUNTIME_DIR is no private folder in memory; nothing is put there"
        )
    else:
        yield Finding(Grade.OK, "memory", "there is a private folder in memory")


async def check_relay(url: str) -> Finding:
    """Whether a relay greets at `url`, and who it says it is. Proves nothing of a pad."""
    from cryptpad_tui.sync.connection import RelayUnreachable, open_connection

    try:
        async with asyncio.timeout(_RELAY_WAIT_S + 1):
            connection = await open_connection(url, timeout_s=_RELAY_WAIT_S)
            try:
                key = connection.greeting.relay_pk.hex()[:16]
            finally:
                await connection.close()
    except (RelayUnreachable, TimeoutError, OSError) as error:
        return Finding(Grade.FAIL, "relay", f"{url} does not answer ({error or type(error).__name__})")
    return Finding(Grade.OK, "relay", f"{url} answers; its key begins {key}")
