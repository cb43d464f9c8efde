"""Pictures by kitty's graphics protocol: a PNG file's bytes as base64 in commands, nothing else.

Not one byte of a file reaches the terminal as it is. The terminal decodes what somebody else made, so only
PNG of bounded size is shown, and only where a person asked to see it.
"""

from __future__ import annotations

import base64
import contextlib
import os
import struct
from collections.abc import Iterator
from typing import Final

MAX_BYTES: Final = 16 * 2**20
MAX_SIDE: Final = 8_192
_PART: Final = 4_096
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_HEADER: Final = struct.Struct(">8sI4sII")
CLEAR: Final = b"\x1b[2J\x1b[H"
FORGET: Final = b"\x1b_Ga=d,d=A\x1b\\"
"""Takes every picture off the terminal again."""


def is_picture(data: bytes) -> bool:
    """Whether it is a PNG file of a size that is shown."""
    if len(data) < _HEADER.size or len(data) > MAX_BYTES:
        return False
    signature, length, kind, width, height = _HEADER.unpack_from(data)
    sides = 0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE
    return bool(signature == _PNG and length == 13 and kind == b"IHDR" and sides)


def picture_commands(data: bytes, columns: int, rows: int) -> Iterator[bytes]:
    """Show it at the cursor, no larger than so many cells; `data` must be a picture."""
    _, _, _, width, height = _HEADER.unpack_from(data)
    # A cell is about twice as high as it is wide.
    side = f"r={max(1, rows)}" if height * columns > width * rows * 2 else f"c={max(1, columns)}"
    encoded = base64.standard_b64encode(data)
    for at in range(0, len(encoded), _PART):
        more = int(at + _PART < len(encoded))
        control = f"a=T,f=100,t=d,q=2,{side},m={more}" if at == 0 else f"m={more},q=2"
        yield b"\x1b_G" + control.encode("ascii") + b";" + encoded[at : at + _PART] + b"\x1b\\"


def show(descriptors: tuple[int, int], data: bytes, caption: str) -> None:
    """Draw it, and wait for a key; the caption must be safe for a terminal."""
    typed, drawn = descriptors
    size = os.get_terminal_size(drawn)
    # Before anything is drawn: a key that is pressed at once must neither be echoed nor get lost.
    with _key_by_key(typed):
        _write(drawn, CLEAR)
        for command in picture_commands(data, size.columns, size.lines - 2):
            _write(drawn, command)
        _write(drawn, f"\x1b[{size.lines};1H{caption[: size.columns - 20]}  (any key: back)".encode())
        os.read(typed, 1)
    _write(drawn, FORGET + CLEAR)


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


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
