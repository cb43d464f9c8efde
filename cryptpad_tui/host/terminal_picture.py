"""Pictures by the protocols of terminals: a file's bytes as base64 in commands, nothing else.

Not one byte of a file reaches the terminal as it is. The terminal decodes what somebody else made, so only
kinds and sizes that are known are shown, and only where a person asked to see it. Nothing is decoded here.
"""

from __future__ import annotations

import base64
import contextlib
import os
from collections.abc import Iterator
from enum import Enum
from typing import Final, NamedTuple

from cryptpad_tui.host.files import write_all

MAX_BYTES: Final = 16 * 2**20
MAX_SIDE: Final = 8_192
_PART: Final = 4_096
CLEAR: Final = b"\x1b[2J\x1b[H"
FORGET: Final = b"\x1b_Ga=d,d=A\x1b\\"
"""Takes every picture of kitty's protocol off the terminal again."""


class Protocol(Enum):
    """How a terminal takes pictures, and which kinds it takes as they are."""

    KITTY = frozenset({"png"})
    INLINE = frozenset({"png", "jpg", "gif"})
    """iTerm2's, which WezTerm, mintty and Konsole know as well."""


class Shown(NamedTuple):
    """A picture whose first bytes were looked at."""

    data: bytes
    kind: str
    width: int
    height: int


def is_shown(picture: Shown, protocol: Protocol) -> bool:
    """Whether it is of a kind and a size that is sent."""
    sides = 0 < picture.width <= MAX_SIDE and 0 < picture.height <= MAX_SIDE
    return sides and picture.kind in protocol.value and len(picture.data) <= MAX_BYTES


def picture_commands(picture: Shown, protocol: Protocol, columns: int, rows: int) -> Iterator[bytes]:
    """Show it at the cursor, no larger than so many cells."""
    data, _, width, height = picture
    columns, rows = max(1, columns), max(1, rows)
    encoded = base64.standard_b64encode(data)
    if protocol is Protocol.INLINE:
        control = f"inline=1;size={len(data)};width={columns};height={rows};preserveAspectRatio=1"
        yield b"\x1b]1337;File=" + control.encode("ascii") + b":" + encoded + b"\x07"
        return
    # A cell is about twice as high as it is wide.
    side = f"r={rows}" if height * columns > width * rows * 2 else f"c={columns}"
    for at in range(0, len(encoded), _PART):
        more = int(at + _PART < len(encoded))
        control = f"a=T,f=100,t=d,q=2,{side},m={more}" if at == 0 else f"m={more},q=2"
        yield b"\x1b_G" + control.encode("ascii") + b";" + encoded[at : at + _PART] + b"\x1b\\"


def show(descriptors: tuple[int, int], picture: Shown, protocol: Protocol, caption: str) -> None:
    """Draw it, and wait for a key; the caption must be safe for a terminal."""
    typed, drawn = descriptors
    size = os.get_terminal_size(drawn)
    # Before anything is drawn: a key that is pressed at once must neither be echoed nor get lost.
    with _key_by_key(typed):
        write_all(drawn, CLEAR)
        for command in picture_commands(picture, protocol, size.columns, size.lines - 2):
            write_all(drawn, command)
        write_all(drawn, f"\x1b[{size.lines};1H{caption[: size.columns - 20]}  (any key: back)".encode())
        os.read(typed, 1)
    write_all(drawn, (FORGET if protocol is Protocol.KITTY else b"") + CLEAR)


@contextlib.contextmanager
def _key_by_key(descriptor: int) -> Iterator[None]:
    import termios
    import tty

    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor, termios.TCSAFLUSH)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSAFLUSH, before)
