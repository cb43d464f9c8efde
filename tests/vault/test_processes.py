"""Several windows on one vault: who is alive, who sends, and who never gets robbed."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from vault.helpers import Template, make_pad_record

from cryptpad_tui.host.entropy import random_bytes
from cryptpad_tui.vault.errors import UnknownPad
from cryptpad_tui.vault.processes import ProcessLock
from cryptpad_tui.vault.vault import Vault
from support import zygote
from support.zygote import Piped

OpenVault = Callable[..., Vault]
PAD_ID = make_pad_record(1).pad_id


def start_holder(vault_dir: Path, keyfile: Path) -> tuple[Piped, str]:
    command = [str(Path(__file__).parent / "window.py"), "hold", str(vault_dir), str(keyfile)]
    window = zygote.shared("python").pipe(command, env=os.environ, cwd=Path.cwd())
    token = window.stdout.readline().split()[1]
    assert window.stdout.readline() == "lease True\n"
    return window, token


def test_a_lease_passes_on_at_death_and_never_for_silence(
    template: Template, vault_dir: Path, open_vault: OpenVault
) -> None:
    far_future = 1 << 50
    vault = open_vault(now=lambda: far_future)
    vault.put_pad(make_pad_record(1))
    window, token = start_holder(vault_dir, template.keyfile)
    try:
        assert vault.is_alive(token)
        assert not vault.acquire_lease(PAD_ID)
        window.process.send_signal(signal.SIGSTOP)
        assert vault.is_alive(token)
        assert not vault.acquire_lease(PAD_ID), "a suspended holder would send beside us when it wakes"
    finally:
        window.kill()
    assert not vault.is_alive(token)
    assert vault.acquire_lease(PAD_ID)
    assert vault.lease_heartbeat_ms(PAD_ID) == far_future


def test_a_lease_has_one_holder_and_is_given_back(open_vault: OpenVault) -> None:
    first, second = open_vault(), open_vault()
    first.put_pad(make_pad_record(1))
    first.put_pad(make_pad_record(2))
    assert first.process_token() != second.process_token()
    assert first.acquire_lease(PAD_ID)
    assert first.acquire_lease(PAD_ID)
    assert not second.acquire_lease(PAD_ID)
    assert second.acquire_lease(make_pad_record(2).pad_id), "leases are for one pad each"
    second.release_lease(PAD_ID)
    assert not second.acquire_lease(PAD_ID), "only the holder gives it back"
    first.release_lease(PAD_ID)
    assert second.acquire_lease(PAD_ID)
    second.close()
    assert first.acquire_lease(PAD_ID)
    with pytest.raises(UnknownPad):
        first.acquire_lease(b"x" * 32)


def test_the_heartbeat_is_the_holders_alone(open_vault: OpenVault) -> None:
    clock = [100]
    first, second = open_vault(now=lambda: clock[0]), open_vault(now=lambda: 900)
    first.put_pad(make_pad_record(1))
    assert first.lease_heartbeat_ms(PAD_ID) is None
    first.acquire_lease(PAD_ID)
    clock[0] = 200
    assert not second.acquire_lease(PAD_ID)
    assert first.lease_heartbeat_ms(PAD_ID) == 100
    assert first.acquire_lease(PAD_ID)
    assert second.lease_heartbeat_ms(PAD_ID) == 200


def test_a_writer_belongs_to_the_window_that_made_it(open_vault: OpenVault) -> None:
    first, second = open_vault(), open_vault()
    first.put_pad(make_pad_record(1))
    token = first.process_token()
    first.register_writer(PAD_ID, b"w" * 32)
    assert second.writer_owner(PAD_ID, b"w" * 32) == token
    assert second.writer_owner(PAD_ID, b"x" * 32) is None
    assert second.is_alive(token)
    first.close()
    assert second.writer_owner(PAD_ID, b"w" * 32) == token
    assert not second.is_alive(token)
    with pytest.raises(UnknownPad):
        second.register_writer(b"x" * 32, b"w" * 32)


def test_windows_notice_each_other(open_vault: OpenVault) -> None:
    first, second = open_vault(), open_vault()
    first.put_pad(make_pad_record(1))
    seen = second.data_version()
    assert second.data_version() == seen
    first.store(PAD_ID).append_journal(b"w" * 32, [b"typed in the first"])
    assert second.data_version() != seen
    assert [row.update for row in second.store(PAD_ID).journal_after(0)] == [b"typed in the first"]
    own = second.data_version()
    second.store(PAD_ID).append_journal(b"v" * 32, [b"x"])
    assert second.data_version() == own, "what one did oneself is no news"


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return tmp_path / "run"


def test_the_dead_are_swept_away_and_the_living_are_not(run_dir: Path) -> None:
    alive = ProcessLock.take(run_dir, random_bytes)
    for name in ("0" * 32, "starting-" + "1" * 32, "somebody's notes"):
        (run_dir / name).touch(0o600)
    other = ProcessLock.take(run_dir, random_bytes)
    assert sorted(os.listdir(run_dir)) == sorted([alive.token, other.token, "somebody's notes"])
    alive.release()
    alive.release()
    assert not other.is_alive(alive._token)
    other.release()
    assert os.listdir(run_dir) == ["somebody's notes"]


def test_asking_from_two_sides_at_once_does_not_revive_the_dead(run_dir: Path) -> None:
    asking = ProcessLock.take(run_dir, random_bytes)
    (run_dir / ("0" * 32)).touch(0o600)
    with open(run_dir / ("0" * 32), "rb") as probe:
        fcntl.flock(probe, fcntl.LOCK_SH)
        assert not asking.is_alive("0" * 32)
    asking.release()


@pytest.mark.parametrize(
    "token", ["", "../vault.hdr", "0" * 31, "0" * 33, "G" * 32, "0" * 32 + "\n", "/etc/passwd"]
)
def test_what_is_no_token_is_nobody(run_dir: Path, token: str) -> None:
    process = ProcessLock.take(run_dir, random_bytes)
    assert not process.is_alive(token)
    process.release()


def test_a_token_never_leads_out_of_its_folder(run_dir: Path) -> None:
    process = ProcessLock.take(run_dir, random_bytes)
    with open(run_dir.parent / "locked elsewhere", "wb") as elsewhere:
        fcntl.flock(elsewhere, fcntl.LOCK_EX)
        assert not process.is_alive("../locked elsewhere")
    process.release()


def test_not_knowing_is_not_death(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = ProcessLock.take(run_dir, random_bytes), ProcessLock.take(run_dir, random_bytes)

    def too_many_files(*_: object) -> int:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", too_many_files)
        assert first.is_alive(second.token)
    first.release()
    second.release()


def test_a_forked_child_does_not_keep_its_dead_parent_alive(run_dir: Path) -> None:
    watcher = ProcessLock.take(run_dir, random_bytes)
    program = f"""
import os, time
from pathlib import Path
from cryptpad_tui.vault.processes import ProcessLock
lock = ProcessLock.take(Path({str(run_dir)!r}), os.urandom)
if os.fork() == 0:
    print(lock._token, flush=True)
    time.sleep(600)
time.sleep(600)
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", program + "\n"], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert parent.stdout is not None
    token = parent.stdout.readline().strip()
    try:
        assert watcher.is_alive(token), "the child's copy is closed, the parent's lock stands"
        parent.kill()
        parent.wait()
        assert not watcher.is_alive(token)
    finally:
        os.killpg(parent.pid, signal.SIGKILL)
        parent.stdout.close()
        watcher.release()
