"""T52 and T54 on the running program: what the system and other users can read of it, from outside."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cryptpad_tui.crdt.child import LoadingChild
from cryptpad_tui.crypto.links import decode_link
from support import zygote
from support.relay_process import RelayProcess, relay_process
from support.terminal import Terminal

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        not Path("/proc/self/limits").exists(), reason="processes are looked at through /proc"
    ),
]
PROGRAM = [sys.executable, "-m", "cryptpad_tui"]
PASSPHRASE = "the-passphrase-of-row-fifty-four"


def run(home: Path, *verb: str, stdin: str = "") -> str:
    """A verb that is given its passphrase by a private file."""
    secret = home.parent / "secret"
    if not secret.exists():
        secret.touch(mode=0o600)
        secret.write_text(PASSPHRASE)
    environ = {"CRYPTPAD_TUI_HOME": str(home), "CRYPTPAD_TUI_PASSPHRASE_FILE": str(secret)}
    code, out, err = zygote.shared().run(
        verb, stdin=stdin.encode(), env={**os.environ, **environ}, cwd=home.parent
    )
    assert code == 0, err.decode()
    return out.decode()


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[RelayProcess]:
    with relay_process(tmp_path / "relay-data") as process:
        yield process


@pytest.fixture
def home(tmp_path: Path, relay: RelayProcess) -> Path:
    home = tmp_path / "home"
    run(home, "init", "--name", "Anna", "--relay", relay.url, "--kdf-memory", "64")
    run(home, "new", "Minutes", "--from", "-", stdin="first row\n")
    return home


def family(pid: int) -> list[int]:
    """A process and everything that descends from it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += family(int(child))
    return found


def core_limit(pid: int) -> list[str]:
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    return next(line for line in lines if line.startswith("Max core file size")).split()[4:6]


def exposed(pid: int) -> bytes:
    """What every process of the machine (arguments) or of this user (environment) can read."""
    return Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()


def test_t52_t54_the_running_app_leaves_no_core_and_shows_no_secret(home: Path, relay: RelayProcess) -> None:
    link = run(home, "share", "Minutes").strip()
    secrets = [PASSPHRASE.encode(), link.encode(), link[40:90].encode(), decode_link(link).seed]
    secrets.append(decode_link(link).seed.hex().encode())
    with Terminal([*PROGRAM, "edit", "Minutes"], env={"CRYPTPAD_TUI_HOME": str(home)}) as terminal:
        terminal.wait_for("Passphrase")
        terminal.send(PASSPHRASE + "\r")
        terminal.wait_for("first row")
        terminal.wait_for("synced")
        everybody = family(terminal.pid)
        assert [core_limit(pid) for pid in everybody] == [["0", "0"]] * len(everybody)
        for pid in [*everybody, relay.process.pid]:
            assert not [secret for secret in secrets if secret in exposed(pid)]


def test_t52_the_process_that_loads_foreign_bytes_leaves_no_core_and_inherits_nothing() -> None:
    child = LoadingChild()
    try:
        child.warm_up()
        pid = child.pid
        assert pid is not None
        child.load(0)  # type: ignore[arg-type]
        assert core_limit(pid) == ["0", "0"]
        names = {part.split(b"=")[0] for part in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")}
        assert names - {b"", b"LC_CTYPE"} == {b"PATH", b"RUST_BACKTRACE"}
    finally:
        child.close()


def test_t54_a_link_is_joined_from_a_pipe_and_shown_nowhere(
    home: Path, relay: RelayProcess, tmp_path: Path
) -> None:
    """The joining process is looked at while it waits for the link, and while it works."""
    link = run(home, "share", "Minutes").strip()
    other = tmp_path / "other"
    run(other, "init", "--name", "Boris", "--relay", relay.url, "--kdf-memory", "64")
    environ = {
        **os.environ,
        "CRYPTPAD_TUI_HOME": str(other),
        "CRYPTPAD_TUI_PASSPHRASE_FILE": str(tmp_path / "secret"),
    }
    joining = subprocess.Popen(
        [*PROGRAM, "join"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
    )
    try:
        assert joining.stdin is not None
        joining.stdin.write(link + "\n")
        joining.stdin.close()
        seen = b""
        while joining.poll() is None:
            try:
                seen += b"".join([exposed(pid) for pid in family(joining.pid)])
            except (FileNotFoundError, ProcessLookupError):
                break
        assert joining.wait(30) == 0
        assert seen
        assert link.encode() not in seen
        assert PASSPHRASE.encode() not in seen
    finally:
        joining.kill()
        joining.wait()
        assert joining.stdout is not None
        joining.stdout.close()


def test_t54_what_is_exposed_would_be_found() -> None:
    """The tests above look where a secret in arguments or environment stands."""
    for arguments, environ in ((["canary"], {}), ([], {"SECRET": "canary"})):
        waiting = [sys.executable, "-c", "print(flush=True); input()", *arguments]
        with subprocess.Popen(
            waiting, env={**os.environ, **environ}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            assert b"canary" in exposed(process.pid)
            process.kill()


def test_t54_a_link_in_the_arguments_is_refused(home: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "join", "pad1:AAAA"],
        env={**os.environ, "CRYPTPAD_TUI_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 2
    assert "pad1:AAAA" not in done.stdout + done.stderr
