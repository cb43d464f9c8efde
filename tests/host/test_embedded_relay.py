"""One relay for one home: found or started, outlives its starter, ends when asked."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cryptpad_tui.host import embedded_relay, files
from cryptpad_tui.host.embedded_relay import EmbeddedRelay
from cryptpad_tui.host.errors import RelayDidNotStart, RelayDidNotStop, RelayPortTaken

STAND_IN = (sys.executable, str(Path(__file__).parent / "stand_in_relay.py"))

Launch = Callable[..., EmbeddedRelay]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    made: list[EmbeddedRelay] = []

    def make(*extra: str, environ: dict[str, str] | None = None) -> EmbeddedRelay:
        relay = EmbeddedRelay(
            tmp_path / "relay",
            command=(*STAND_IN, *extra),
            environ=dict(os.environ) if environ is None else environ,
        )
        made.append(relay)
        return relay

    yield make
    for relay in made:
        if relay.is_running():
            relay.stop()


def accepts(url: str) -> bool:
    host, port = url.removeprefix("ws://").split(":")
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
    except OSError:
        return False
    return True


def test_it_starts_is_found_again_keeps_its_port_and_stops(launch: Launch) -> None:
    relay = launch()
    assert not relay.is_running()
    assert relay.url() is None
    assert not relay.stop()
    url = relay.start_or_find()
    assert accepts(url)
    pid = (relay.log_path.parent / "pid").read_text()
    second = launch()
    assert second.is_running()
    assert second.start_or_find() == url
    assert (relay.log_path.parent / "pid").read_text() == pid
    assert relay.stop()
    assert not second.is_running()
    assert not accepts(url)
    assert second.start_or_find() == url


def test_ten_starters_at_once_make_one_relay(launch: Launch) -> None:
    relays = [launch() for _ in range(10)]
    urls: list[str] = []
    threads = [threading.Thread(target=lambda r=relay: urls.append(r.start_or_find())) for relay in relays]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(urls) == 10
    assert len(set(urls)) == 1


def test_it_outlives_the_process_that_started_it(launch: Launch, tmp_path: Path) -> None:
    program = (
        "from pathlib import Path; from cryptpad_tui.host.embedded_relay import EmbeddedRelay\n"
        f"print(EmbeddedRelay(Path({str(tmp_path / 'relay')!r}), command={STAND_IN!r}).start_or_find())"
    )
    starter = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert launch().is_running()
    assert accepts(starter.stdout.strip())


def test_a_relay_that_dies_at_once_is_a_typed_error_that_names_the_log(launch: Launch) -> None:
    relay = launch("--fail")
    with pytest.raises(RelayDidNotStart, match=r"relay\.log"):
        relay.start_or_find()
    assert b"cannot" in relay.log_path.read_bytes()
    assert not relay.is_running()


def test_a_taken_port_is_never_exchanged_for_another(launch: Launch) -> None:
    relay = launch()
    url = relay.start_or_find()
    relay.stop()
    with socket.create_server(("127.0.0.1", int(url.rsplit(":", 1)[1]))), pytest.raises(RelayPortTaken):
        relay.start_or_find()
    assert relay.url() == url


def test_a_relay_that_ignores_the_request_is_ended(launch: Launch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_relay, "_STOP_MS", 50)
    relay = launch("--stubborn")
    relay.start_or_find()
    assert relay.stop()
    assert not relay.is_running()


def test_no_strange_process_is_signalled(launch: Launch, monkeypatch: pytest.MonkeyPatch) -> None:
    relay = launch()
    relay.start_or_find()
    pid_file = relay.log_path.parent / "pid"
    pid = pid_file.read_bytes()
    signalled: list[int] = []
    with monkeypatch.context() as patch:
        patch.setattr(os, "kill", lambda pid, number: signalled.append(pid))
        for foreign in (b"", b"0", b"-1", b"1", b"x", b"9" * 20):
            pid_file.write_bytes(foreign)
            with pytest.raises(RelayDidNotStop):
                relay.stop()
    assert signalled == []
    pid_file.write_bytes(pid)


def test_two_who_look_do_not_take_each_other_for_the_relay(launch: Launch) -> None:
    relay = launch()
    relay.start_or_find()
    relay.stop()
    with open(relay.log_path.parent / "lock", "rb") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        assert not relay.is_running()


def test_the_number_of_an_earlier_process_is_never_signalled(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = launch()
    relay.start_or_find()
    relay.stop()
    write = files.replace_private_file
    number: list[bytes] = []

    def lose_the_number(path: Path, data: bytes) -> None:
        if path.name != "pid":
            return write(path, data)
        number.append(data)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files, "replace_private_file", lose_the_number)
        with pytest.raises(RelayDidNotStart, match="No space"):
            relay.start_or_find()
    assert not (relay.log_path.parent / "pid").exists()
    with pytest.raises(RelayDidNotStop):
        relay.stop()
    write(relay.log_path.parent / "pid", number[0])


def test_the_long_lived_process_gets_no_secret_from_the_environment(launch: Launch, tmp_path: Path) -> None:
    relay = launch(environ={**os.environ, "PAD_PASSPHRASE": "canary", "CRYPTPAD_TUI_HOME": "canary"})
    relay.start_or_find()
    passed = json.loads((tmp_path / "relay" / "data" / "environ.json").read_text())
    assert "canary" not in passed.values()
    assert "PATH" in passed


def test_all_its_files_are_private(launch: Launch, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        launch().start_or_find()
    finally:
        os.umask(before)
    for path in (tmp_path / "relay").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_the_real_relay_starts_and_stops(tmp_path: Path) -> None:
    relay = EmbeddedRelay(tmp_path / "relay")
    url = relay.start_or_find()
    try:
        assert accepts(url)
    finally:
        assert relay.stop()
    assert not accepts(url)
