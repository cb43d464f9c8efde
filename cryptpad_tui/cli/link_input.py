"""Links and their passphrases as they come in: a prompt, standard input or a private file; no argument."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptpad_tui.cli import diagnostics
from cryptpad_tui.cli.errors import (
    EmptySecret,
    InputTooLong,
    LinkTooLong,
    LinkWantsPassphrase,
    NobodyToAsk,
    PassphrasesDiffer,
)
from cryptpad_tui.cli.secret_sources import ask_secret, read_passphrase_file
from cryptpad_tui.cli.text_input import read_bytes, stdin_is_terminal

if TYPE_CHECKING:
    from cryptpad_tui.crypto.links import Link
    from cryptpad_tui.crypto.locked_links import LockedLink

LINK_LIMIT: Final = 16 * 1024
STDIN: Final = Path("-")
_ATTEMPTS: Final = 3


def read_link_text() -> tuple[str, bytes | None]:
    """A link, and what stood on a second line of the input, which only a locked link has a use for."""
    if stdin_is_terminal():
        diagnostics.note(
            "paste the link, then press Enter; it is not shown, and Ctrl+C leaves everything as it was"
        )
        return ask_secret("Link: ").decode("utf-8", "replace"), None
    try:
        raw = read_bytes(None, LINK_LIMIT, "the link")
    except InputTooLong:
        raise LinkTooLong() from None
    first, _, rest = raw.strip().partition(b"\n")
    from cryptpad_tui.crypto.links import SCHEME

    if rest and first.startswith(SCHEME.encode()) and _is_locked(first):
        return first.decode("utf-8", "replace"), rest.removesuffix(b"\r")
    return raw.decode("utf-8", "replace"), None


def _is_locked(raw: bytes) -> bool:
    from cryptpad_tui.crypto.errors import BadLink
    from cryptpad_tui.crypto.links import body_of, is_locked

    try:
        return is_locked(body_of(raw.decode("ascii", "replace")))
    except BadLink:
        return False


def new_link_passphrase(path: Path | None) -> bytes:
    """For a link that is made: from the file, from standard input (`-`), or asked for twice."""
    if path == STDIN:
        chosen = read_bytes(None, LINK_LIMIT, "the link's passphrase").removesuffix(b"\n").removesuffix(b"\r")
    elif path is not None:
        chosen = read_passphrase_file(path)
    else:
        diagnostics.note("tell it to the one person whom the link is for, on another way than the link")
        chosen = ask_secret("The link's passphrase: ")
        if chosen and ask_secret("The same again: ") != chosen:
            raise PassphrasesDiffer()
    if not chosen:
        raise EmptySecret()
    return chosen


def opened(link: Link | LockedLink, given: bytes | None, path: Path | None) -> Link:
    """The link itself; a locked one by what was given, the file, or the person, who may try three times.

    Raises LinkStaysLocked, LinkTooCostly or NobodyToAsk.
    """
    from cryptpad_tui.crypto.errors import LinkStaysLocked
    from cryptpad_tui.crypto.locked_links import LockedLink

    if not isinstance(link, LockedLink):
        return link
    if given is None and path is not None:
        given = read_passphrase_file(path)
    if given is not None:
        return link.unlock(given)
    for _ in range(_ATTEMPTS - 1):
        try:
            return link.unlock(_ask())
        except LinkStaysLocked:
            diagnostics.note("that passphrase does not open it; try again")
    return link.unlock(_ask())


def _ask() -> bytes:
    try:
        return ask_secret("The link is locked. Its passphrase: ")
    except NobodyToAsk:
        raise LinkWantsPassphrase from None
