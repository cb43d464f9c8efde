"""vault.hdr on the disk, and the files of people that open it. Reads are bounded, replacement is atomic."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cryptpad_tui.host import files
from cryptpad_tui.host.entropy import Rng
from cryptpad_tui.host.errors import UnsafePath
from cryptpad_tui.host.paths import DATABASE_NAME, HEADER_NAME
from cryptpad_tui.vault.errors import HeaderMissing, NoVault
from cryptpad_tui.vault.header import MAX_HEADER_BYTES, Header
from cryptpad_tui.vault.header_pair import Headers, encode_headers, parse_headers
from cryptpad_tui.vault.seam import host_errors_translated

_KEYFILE_BYTES: Final = 32
_KEYFILE_LIMIT: Final = 4_096


def read_header(directory: Path) -> Header:
    """The header, of an interrupted rekey the one before; raises what read_headers does."""
    return read_headers(directory).current


def read_headers(directory: Path) -> Headers:
    """Raises NoVault or HeaderMissing where there is none, and whatever parse_headers raises."""
    path = directory / HEADER_NAME
    with host_errors_translated():
        try:
            raw = files.read_private_head(path, MAX_HEADER_BYTES)
        except FileNotFoundError:
            missing = HeaderMissing if os.path.lexists(directory / DATABASE_NAME) else NoVault
            raise missing(str(directory)) from None
    return parse_headers(raw)


def write_header(directory: Path, header: Header, pending: Header | None = None) -> None:
    """Call it inside header_locked: after a crash the header is the old one or this one."""
    path = directory / HEADER_NAME
    with host_errors_translated():
        files.remove_leftovers(path)
        files.replace_private_file(path, encode_headers(Headers(header, pending)))


@contextlib.contextmanager
def header_locked(directory: Path, *, shared: bool = False) -> Iterator[None]:
    """Whoever reads the header to write it again does so alone, and while nobody is just coming in.

    `shared`: for who comes in, between reading the header and being seen among the vault's processes.
    """
    with contextlib.ExitStack() as stack:
        with host_errors_translated():
            stack.enter_context(files.locked_dir(directory, shared=shared))
        yield


def read_keyfile(path: Path) -> bytes:
    """Its whole content is the secret: at least 32 bytes, which must be random."""
    with host_errors_translated():
        secret = files.read_secret_file(path, _KEYFILE_LIMIT)
        if len(secret) < _KEYFILE_BYTES:
            raise UnsafePath(path, f"a keyfile has at least {_KEYFILE_BYTES} random bytes")
        return secret


def make_or_read_keyfile(path: Path, rng: Rng) -> bytes:
    """Use the keyfile that is there, or make one."""
    if not os.path.lexists(path):
        with host_errors_translated():
            files.create_private_file(path, rng(_KEYFILE_BYTES).hex().encode() + b"\n")
    return read_keyfile(path)
