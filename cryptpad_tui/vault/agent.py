"""The agent that holds a vault's key for scripts, seen from who asks: where it is, what it is asked.

A socket in a folder that is ours alone; both ends ask the kernel whose process the other is. One request a
connection: an op and the vault's id, 17 bytes. The answer to KEY is 32 bytes, to FORGET and LEFT eight;
nothing where it holds another vault's key. It is started by `unlock` alone, never because a key is wanted.
"""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.labels import hash_parts
from cryptpad_tui.host import files
from cryptpad_tui.host.process import runtime_dir
from cryptpad_tui.vault.errors import AgentDidNotStart, VaultDamaged, VaultError, WrongSecret
from cryptpad_tui.vault.header import MASTER_KEY_BYTES, VAULT_ID_BYTES
from cryptpad_tui.vault.seam import host_errors_translated

if TYPE_CHECKING:
    from cryptpad_tui.vault.vault import Vault

SOCKET_LABEL: Final = "pad1/agentsocket"
REQUEST_BYTES: Final = 1 + VAULT_ID_BYTES
WAIT_S: Final = 2.0
READY: Final = b"ready\n"
_COMMAND: Final = (sys.executable, "-m", "cryptpad_tui.vault.agent_main")
_INHERITED: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "PYTHONPYCACHEPREFIX")
_DARWIN_PEER: Final = (0, 1)
"""SOL_LOCAL, LOCAL_PEERCRED: struct xucred, whose second u32 is the user."""


class Op(IntEnum):
    KEY = 1
    FORGET = 2
    LEFT = 3


def socket_path(directory: Path, environ: Mapping[str, str] = os.environ, *, make: bool = False) -> Path:
    """Where the agent of this vault is, or would be. VaultUnsafe where others could use the folder.

    `make`: make the folders that are missing.
    """
    folder = runtime_dir(environ)
    if folder is None:
        # A socket has no content, so a disk is good enough for it.
        folder = Path(tempfile.gettempdir()) / f"cryptpad-tui-{os.geteuid()}"
    with host_errors_translated():
        for each in (folder, folder / "agent"):
            if make:
                files.ensure_private_dir(each)
            elif os.path.lexists(each):
                files.check_private_dir(each)
    return folder / "agent" / hash_parts(SOCKET_LABEL, os.fsencode(directory.resolve()), size=8).hex()


def peer_uid(link: socket.socket) -> int:
    """The user whose process is at the other end."""
    if sys.platform == "darwin":
        return int(struct.unpack_from("=II", link.getsockopt(*_DARWIN_PEER, 128))[1])
    return int(struct.unpack("3i", link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1])


def held_key(directory: Path, vault_id: bytes) -> bytes | None:
    """The master key of the vault with this id, where an agent holds it."""
    answer = _ask(directory, Op.KEY, vault_id)
    return answer if len(answer) == MASTER_KEY_BYTES else None


def may_hold(directory: Path) -> bool:
    """Whether anything listens where an agent of this vault would: looked at by who must not wait."""
    try:
        return os.path.lexists(socket_path(directory))
    except VaultError:
        return False


def open_held(directory: Path) -> Vault | None:
    """The vault opened by the key that an agent holds; None where none does, or a passphrase must decide."""
    from cryptpad_tui.vault.headerfile import read_header
    from cryptpad_tui.vault.vault import Vault

    vault_id = read_header(directory).vault_id
    key = held_key(directory, vault_id)
    if key is None:
        return None
    try:
        return Vault.open_held(directory, vault_id, key)
    except (WrongSecret, VaultDamaged):
        # Another key was given to the vault meanwhile: a passphrase decides.
        return None


def seconds_left(directory: Path, vault_id: bytes) -> int | None:
    """How long the agent still holds the key; None where there is none."""
    answer = _ask(directory, Op.LEFT, vault_id)
    return int.from_bytes(answer) if len(answer) == 8 else None


def forget(directory: Path) -> bool:
    """Have the agent here forget and end, whatever key it holds; False where there is none."""
    return len(_ask(directory, Op.FORGET, bytes(VAULT_ID_BYTES))) == 8


def _ask(directory: Path, op: Op, vault_id: bytes) -> bytes:
    try:
        path = socket_path(directory)
    except VaultError:
        # Somebody else took the place: no agent of ours is there, and nothing else must fail for it.
        return b""
    try:
        with socket.socket(socket.AF_UNIX) as link:
            until = time.monotonic() + WAIT_S
            link.settimeout(WAIT_S)
            link.connect(os.fspath(path))
            if peer_uid(link) != os.geteuid():
                return b""
            link.sendall(bytes([op]) + vault_id)
            answer = b""
            # All of it in this time: whoever took the place must not hold up a verb byte by byte.
            while (left_s := until - time.monotonic()) > 0 and len(answer) <= MASTER_KEY_BYTES:
                link.settimeout(left_s)
                part = link.recv(64)
                if not part:
                    return answer
                answer += part
            return b""
    except OSError:
        return b""


def start(directory: Path, vault_id: bytes, master_key: bytes, seconds: int) -> None:
    """Start an agent in the place of one that there may be. The key goes through a pipe, never a file."""
    forget(directory)
    path = socket_path(directory, make=True)
    environ = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    with subprocess.Popen(
        [*_COMMAND, os.fspath(path), str(seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=environ,
        start_new_session=True,
    ) as process:
        said, _ = process.communicate(vault_id + master_key)
    if said != READY:
        raise AgentDidNotStart()
