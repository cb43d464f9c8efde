"""A copy leaves only on request, by the one way that works, and the person is told."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from cryptpad_tui.ui.clipboard import OSC52_LIMIT_BYTES, Copied, offer, osc52


async def test_outside_tmux_the_text_goes_by_osc_52() -> None:
    written: list[str] = []
    assert await offer("hé", written.append, {}) is Copied.TERMINAL
    assert written == ["\x1b]52;c;aMOp\x07"]


async def test_a_text_too_long_for_terminals_is_not_sent_and_that_is_said() -> None:
    written: list[str] = []
    assert await offer("x" * (OSC52_LIMIT_BYTES + 1), written.append, {}) is Copied.TOO_LONG
    assert written == []
    assert osc52("x" * OSC52_LIMIT_BYTES) is not None


@pytest.fixture
def fake_tmux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tmux that keeps its arguments and its input."""
    script = tmp_path / "tmux"
    script.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/args\ncat > {tmp_path}/input\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


async def test_inside_tmux_the_text_goes_through_a_pipe_and_never_on_a_command_line(fake_tmux: Path) -> None:
    written: list[str] = []
    assert await offer("secret", written.append, {"TMUX": "/tmp/x,1,0"}) is Copied.TMUX
    assert written == []
    assert (fake_tmux / "args").read_text() == "load-buffer -w -\n"
    assert (fake_tmux / "input").read_text() == "secret"


async def test_a_tmux_that_refuses_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert await offer("secret", lambda text: None, {"TMUX": "/tmp/x,1,0"}) is Copied.FAILED
