"""Frames reach the terminal in their order, and a terminal that stands still stops nobody."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from cryptpad_tui.ui.terminal_writer import _MAX_PENDING_BYTES, TerminalWriter


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Both ends of a terminal that takes 64 kB before it stands still."""
    reader, writer = os.pipe()
    yield reader, writer
    for end in (reader, writer):
        os.close(end)


def read(reader: int, size_bytes: int) -> bytes:
    data = b""
    while len(data) < size_bytes:
        data += os.read(reader, size_bytes - len(data))
    return data


def test_a_short_frame_is_there_when_write_returns(pipe: tuple[int, int]) -> None:
    reader, fileno = pipe
    os.set_blocking(reader, False)
    writer = TerminalWriter(fileno, lost=lambda: None)
    writer.write("x")
    assert os.read(reader, 10) == b"x"


def test_what_was_written_first_arrives_first_though_the_terminal_is_slow(pipe: tuple[int, int]) -> None:
    reader, fileno = pipe
    writer = TerminalWriter(fileno, lost=lambda: None)
    writer.start()
    parts = [f"{n}:" + "é" * (n * 300 % 5000) for n in range(100)]
    for part in parts:
        writer.write(part)
    whole = "".join(parts).encode()
    assert read(reader, len(whole)) == whole
    writer.stop()


def test_a_terminal_that_stands_still_loses_frames_and_whoever_remembers_them_is_told(
    pipe: tuple[int, int],
) -> None:
    reader, fileno = pipe
    lost: list[None] = []
    writer = TerminalWriter(fileno, lost=lambda: lost.append(None))
    writer.start()
    frame = "x" * (_MAX_PENDING_BYTES // 4)
    for _ in range(8):
        writer.write(frame)
    assert lost
    read(reader, len(frame) * (8 - len(lost)))
    writer.stop()
