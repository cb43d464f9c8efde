"""Pictures by the protocols of terminals: a file's bytes as base64 in commands, nothing else.

Not one byte of a file reaches the terminal as it is. The terminal decodes what somebody else made, so only
kinds and sizes that are known are shown, and only where a person asked to see it. Nothing is decoded here.
"""

from __future__ import annotations

import base64
import contextlib
import os
import struct
from collections.abc import Iterator
from enum import Enum
from typing import Final, NamedTuple

from cryptpad_tui.host.files import write_all

MAX_BYTES: Final = 16 * 2**20
MAX_SIDE: Final = 8_192
_PART: Final = 4_096
_USUAL_CELL: Final = (9, 18)
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


class Room(NamedTuple):
    """The cells that a picture may take, and the pixels of one; zero where the terminal does not say."""

    columns: int
    rows: int
    cell_width: int = 0
    cell_height: int = 0


def cells_of(picture: Shown, room: Room) -> tuple[int, int]:
    """Columns and rows in which a picture keeps its proportions and is no larger than it is.

    Both are named to the terminal: kitty before 0.27 distorts a picture that it is told one of.
    """
    wide, high = (room.cell_width, room.cell_height) if room.cell_width and room.cell_height else _USUAL_CELL
    across, down = max(1, room.columns) * wide, max(1, room.rows) * high
    scale = min(1.0, across / picture.width, down / picture.height)
    columns = round(picture.width * scale / wide)
    rows = round(picture.height * scale / high)
    return max(1, min(columns, room.columns)), max(1, min(rows, room.rows))


def picture_commands(picture: Shown, protocol: Protocol, room: Room) -> Iterator[bytes]:
    """Show it at the cursor, no larger than its room."""
    data = picture.data
    columns, rows = cells_of(picture, room)
    encoded = base64.standard_b64encode(data)
    if protocol is Protocol.INLINE:
        control = f"inline=1;size={len(data)};width={columns};height={rows};preserveAspectRatio=1"
        yield b"\x1b]1337;File=" + control.encode("ascii") + b":" + encoded + b"\x07"
        return
    for at in range(0, len(encoded), _PART):
        more = int(at + _PART < len(encoded))
        control = f"a=T,f=100,t=d,q=2,c={columns},r={rows},m={more}" if at == 0 else f"m={more},q=2"
        yield b"\x1b_G" + control.encode("ascii") + b";" + encoded[at : at + _PART] + b"\x1b\\"


def room_of(descriptor: int) -> Room:
    """What a terminal has for a picture, but for a line of words and one between."""
    import fcntl
    import termios

    asked = fcntl.ioctl(descriptor, termios.TIOCGWINSZ, bytes(8))
    rows, columns, across, down = struct.unpack("HHHH", asked)
    if not rows or not columns:
        size = os.get_terminal_size(descriptor)
        rows, columns, across, down = size.lines, size.columns, 0, 0
    return Room(columns, max(1, rows - 2), across // columns, down // rows)


def show(descriptors: tuple[int, int], picture: Shown, protocol: Protocol, caption: str) -> None:
    """Draw it, and wait for a key; the caption must be safe for a terminal."""
    typed, drawn = descriptors
    size = os.get_terminal_size(drawn)
    # Before anything is drawn: a key that is pressed at once must neither be echoed nor get lost.
    with _key_by_key(typed):
        write_all(drawn, CLEAR)
        for command in picture_commands(picture, protocol, room_of(drawn)):
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
