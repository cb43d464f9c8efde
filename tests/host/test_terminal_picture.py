"""A picture on a real pseudo-terminal: commands of kitty's protocol, a caption, a key, and all is gone."""

from __future__ import annotations

import base64
import fcntl
import os
import pty
import re
import select
import struct
import termios
import threading
from collections.abc import Iterator

import pytest

from cryptpad_tui.host import terminal_picture
from cryptpad_tui.ui.file_errands import why_no_pictures

PNG = struct.pack(">8sI4sII", b"\x89PNG\r\n\x1a\n", 13, b"IHDR", 640, 200) + bytes(range(256)) * 40


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """The side of the terminal, and that of the program."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


def read_until(descriptor: int, end: bytes) -> bytes:
    read = b""
    while not read.endswith(end):
        assert select.select([descriptor], [], [], 5)[0], read[-200:]
        read += os.read(descriptor, 65_536)
    return read


def test_what_reaches_a_terminal_is_the_protocol_and_nothing_else(terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    before = termios.tcgetattr(theirs)
    picture = terminal_picture.Shown(PNG, "png", 640, 200)
    arguments = ((theirs, theirs), picture, terminal_picture.Protocol.KITTY, "plan.png")
    shows = threading.Thread(target=terminal_picture.show, args=arguments, daemon=True)
    shows.start()
    drawn = read_until(ours, b"(any key: back)")
    found = re.fullmatch(
        rb"\x1b\[2J\x1b\[H((?:\x1b_G[a-zA-Z0-9=,]+;[A-Za-z0-9+/=]{1,4096}\x1b\\)+)"
        rb"\x1b\[24;1Hplan\.png  \(any key: back\)",
        drawn,
    )
    assert found is not None
    commands = re.findall(rb"\x1b_G([^;]+);([^\x1b]+)\x1b\\", found[1])
    assert base64.b64decode(b"".join([part for _, part in commands])) == PNG
    assert commands[0][0] == b"a=T,f=100,t=d,q=2,c=71,r=11,m=1"
    assert [control for control, _ in commands[1:]] == [b"m=1,q=2"] * (len(commands) - 2) + [b"m=0,q=2"]
    os.write(ours, b"q")
    assert read_until(ours, terminal_picture.CLEAR) == terminal_picture.FORGET + terminal_picture.CLEAR
    shows.join(5)
    assert not shows.is_alive()
    assert termios.tcgetattr(theirs) == before


def test_a_picture_keeps_its_proportions_whatever_a_cell_is() -> None:
    room = terminal_picture.Room(108, 32, 7, 18)
    columns, rows = terminal_picture.cells_of(terminal_picture.Shown(PNG, "png", 1280, 818), room)
    assert abs(columns * 7 / (rows * 18) - 1280 / 818) < 0.05
    assert columns <= 108
    assert rows <= 32
    assert terminal_picture.cells_of(terminal_picture.Shown(PNG, "png", 16, 16), room) == (2, 1)
    assert terminal_picture.cells_of(terminal_picture.Shown(PNG, "png", 8000, 3), room) == (108, 1)
    assert terminal_picture.cells_of(terminal_picture.Shown(PNG, "png", 3, 8000), room) == (1, 32)


def test_a_terminal_that_says_its_pixels_is_believed(terminal: tuple[int, int]) -> None:
    _, theirs = terminal
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 800, 480))
    assert terminal_picture.room_of(theirs) == (80, 22, 10, 20)


def test_a_person_inside_tmux_is_told_why_there_is_no_picture() -> None:
    assert why_no_pictures({"TMUX": "/tmp/tmux-0/default,1,0"}).startswith("tmux keeps pictures from")
    assert why_no_pictures({"STY": "1.pts"}).startswith("screen keeps pictures from")
    assert why_no_pictures({}).startswith("This terminal shows no pictures.")
