"""The agent gives its key to its user's processes, for its vault and time, and then has it no more."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from vault.helpers import Template

from cryptpad_tui.vault import agent, agent_main
from cryptpad_tui.vault.agent import Op
from cryptpad_tui.vault.agent_main import Holder
from cryptpad_tui.vault.headerfile import read_header
from cryptpad_tui.vault.vault import Vault

ID, KEY = b"i" * 16, b"k" * 32


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    # A socket's path has about a hundred bytes; those of tests that run side by side are long.
    short = Path(tempfile.mkdtemp(prefix="agent-"))
    monkeypatch.setattr("tempfile.tempdir", str(short))
    yield tmp_path / "vault"
    agent.forget(tmp_path / "vault")
    shutil.rmtree(short)


def agent_pid(home: Path) -> int:
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(str(agent.socket_path(home)))
        return int(struct.unpack("3i", link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0])


def until_gone(pid: int) -> None:
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
            return
        time.sleep(0.01)
    raise AssertionError("it is still there")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.e2e
def test_it_opens_its_vault_in_private_and_forgets_on_lock_on_sigterm_and_in_time(
    home: Path, template: Template
) -> None:
    shutil.copytree(template.directory, home)
    vault = Vault.open(home, keyfile=template.keyfile)
    vault_id, key = read_header(home).vault_id, vault.sealing_key()
    vault.close()
    agent.start(home, vault_id, key, 600)
    path, pid = agent.socket_path(home), agent_pid(home)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == stat.S_IMODE(path.parents[1].stat().st_mode) == 0o700
    assert agent.held_key(home, b"another vault's ") is None
    assert 590 < (agent.seconds_left(home, vault_id) or 0) <= 600
    Vault.open_held(home, vault_id, agent.held_key(home, vault_id) or b"").close()
    limits = Path(f"/proc/{pid}/limits").read_text()
    assert re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE)
    assert (
        key.hex() not in Path(f"/proc/{pid}/cmdline").read_text() + Path(f"/proc/{pid}/environ").read_text()
    )
    assert agent.forget(home)
    until_gone(pid)
    assert agent.held_key(home, vault_id) is None
    assert not path.exists()

    agent.start(home, vault_id, key, 600)
    pid = agent_pid(home)
    agent.start(home, vault_id, key, 600)
    until_gone(pid)
    pid = agent_pid(home)
    os.kill(pid, signal.SIGTERM)
    until_gone(pid)
    assert not path.exists()

    agent.start(home, vault_id, key, 1)
    pid = agent_pid(home)
    until_gone(pid)
    assert agent.held_key(home, vault_id) is None


def test_another_users_process_gets_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    listener = agent_main._listen(tmp_path / "s")
    holder = Holder(ID, bytearray(KEY), 60)
    callers = agent_main.Callers(listener, holder)
    for uid, answer in ((os.geteuid(), KEY), (os.geteuid() + 1, b"")):
        monkeypatch.setattr(agent_main, "peer_uid", lambda link, uid=uid: uid)
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(str(tmp_path / "s"))
            link.sendall(bytes([Op.KEY]) + ID)
            callers.step(1.0)
            callers.step(0.0 if uid != os.geteuid() else 1.0)
            try:
                got = link.recv(64)
            except ConnectionResetError:
                got = b""
            assert got == answer
    monkeypatch.setattr(agent, "peer_uid", lambda link: os.geteuid() + 1)
    monkeypatch.setattr(agent, "socket_path", lambda directory: tmp_path / "s")
    assert agent.held_key(tmp_path, ID) is None
    callers.close()
    listener.close()


def test_who_sends_byte_by_byte_or_nothing_keeps_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(agent_main, "WAIT_S", 1.0)
    listener = agent_main._listen(tmp_path / "s")
    callers = agent_main.Callers(listener, Holder(ID, bytearray(KEY), 60))
    slow = [socket.socket(socket.AF_UNIX) for _ in range(agent_main.MOST_CALLERS + 4)]
    for link in slow:
        link.connect(str(tmp_path / "s"))
        callers.step(1.0)
    slow[-1].sendall(bytes([Op.KEY]))
    callers.step(1.0)
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(str(tmp_path / "s"))
        link.sendall(bytes([Op.KEY]) + ID)
        began = time.monotonic()
        callers.step(1.0)
        callers.step(1.0)
        assert link.recv(64) == KEY
        assert time.monotonic() - began < 0.8
    # Each byte gains no time: after its time it is gone, whatever it sends.
    time.sleep(0.5)
    slow[-1].sendall(ID[:1])
    callers.step(0.0)
    time.sleep(0.6)
    callers.step(0.0)
    assert slow[-1].recv(64) == b""
    assert callers._asking == {}
    callers.close()
    for link in (*slow, listener):
        link.close()


def test_whoever_took_the_agents_place_holds_no_verb_up_byte_by_byte(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(agent, "WAIT_S", 0.2)
    monkeypatch.setattr(agent, "socket_path", lambda directory: tmp_path / "s")
    listener = agent_main._listen(tmp_path / "s")

    def drip() -> None:
        link, _ = listener.accept()
        with link, contextlib.suppress(OSError):
            for _ in range(40):
                link.sendall(b"k")
                time.sleep(0.05)

    thread = threading.Thread(target=drip)
    thread.start()
    began = time.monotonic()
    assert agent.held_key(tmp_path, ID) is None
    assert time.monotonic() - began < 1.0
    thread.join()
    listener.close()


def test_one_whose_place_is_gone_holds_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`lock` reaches whoever has the place: two that were started at once must not both go on."""
    monkeypatch.setattr(agent_main, "LOOKS_S", 0.01)
    first = agent_main._listen(tmp_path / "s")
    inode = (tmp_path / "s").lstat().st_ino
    second = agent_main._listen(tmp_path / "s")
    holder = Holder(ID, bytearray(KEY), 3)
    began = time.monotonic()
    agent_main.serve(first, holder, lambda: agent_main._is_at(tmp_path / "s", inode))
    assert time.monotonic() - began < 2
    (tmp_path / "s").unlink()
    assert not agent_main._is_at(tmp_path / "s", inode)
    for listener in (first, second):
        listener.close()


def test_time_asleep_and_a_clock_set_forward_count(monkeypatch: pytest.MonkeyPatch) -> None:
    holder = Holder(ID, bytearray(KEY), 60)
    assert holder.answer(bytes([Op.KEY]) + ID) == KEY
    boot, wall = time.clock_gettime, time.time
    monkeypatch.setattr(time, "clock_gettime", lambda clock: boot(clock) + 61)
    assert holder.is_over
    assert holder.answer(bytes([Op.KEY]) + ID) == b""
    monkeypatch.setattr(time, "clock_gettime", boot)
    monkeypatch.setattr(time, "time", lambda: wall() + 61)
    assert holder.answer(bytes([Op.LEFT]) + ID) == b""


def test_what_is_no_request_gets_nothing_and_forgetting_is_for_good() -> None:
    holder = Holder(ID, bytearray(KEY), 60)
    ask = bytes([Op.KEY])
    for request in (b"", ask, bytes([9]) + ID, ask + ID + b"x", ask + KEY[:16]):
        assert holder.answer(request) == b""
    assert "k" * 8 not in repr(holder) + str(vars(Holder))
    assert holder.answer(bytes([Op.FORGET]) + bytes(16)) == bytes(8)
    assert holder.is_over
    assert holder.answer(bytes([Op.KEY]) + ID) == b""


def test_a_folder_that_others_could_use_is_no_place_for_it(home: Path, tmp_path: Path) -> None:
    place = agent.socket_path(home, make=True).parents[1]
    place.chmod(0o755)
    assert agent.held_key(home, ID) is None
    with pytest.raises(Exception, match="others may use it"):
        agent.socket_path(home)
    shutil.rmtree(place)
    place.symlink_to(tmp_path)
    with pytest.raises(Exception, match="link"):
        agent.socket_path(home)
    place.unlink()


def test_nothing_starts_it_by_itself(home: Path, template: Template) -> None:
    shutil.copytree(template.directory, home)
    assert agent.held_key(home, read_header(home).vault_id) is None
    assert not agent.forget(home)
    assert not agent.socket_path(home).parent.exists()
    program = [sys.executable, "-m", "cryptpad_tui.vault.agent_main", "x", "0"]
    assert subprocess.run(program, input=b"", check=False).returncode == 1


def test_a_vault_opens_by_the_key_that_is_held_and_by_no_other(
    home: Path, template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(template.directory, home)
    vault = Vault.open(home, keyfile=template.keyfile)
    key = vault.sealing_key()
    vault.close()
    for held, opens in ((key, True), (bytes(32), False), (None, False)):
        monkeypatch.setattr(agent, "held_key", lambda directory, vault_id, held=held: held)
        opened = agent.open_held(home)
        assert (opened is not None) == opens
        if opened is not None:
            opened.close()
