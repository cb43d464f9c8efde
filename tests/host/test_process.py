"""T52: no core dump, no tracing; and where the runtime folder may be."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from cryptpad_tui.host import filesystems, paths, process

HARDENED = """
import os, resource
from cryptpad_tui.host import process
before = process.is_dumpable()
process.harden()
print(before, process.is_dumpable(), resource.getrlimit(resource.RLIMIT_CORE), oct(os.umask(0)), flush=True)
os.abort()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the dumpable flag is Linux's")
def test_a_hardened_process_leaves_no_core_and_cannot_be_traced(tmp_path: Path) -> None:
    child = subprocess.run(
        [sys.executable, "-c", HARDENED], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert child.stdout.split("\n")[0] == "True False (0, 0) 0o77"
    assert child.returncode == -signal.SIGABRT
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the dumpable flag is Linux's")
def test_t52_without_hardening_it_may_be_traced_and_its_files_are_as_the_umask_says(tmp_path: Path) -> None:
    bare = HARDENED.replace("process.harden()\n", "").replace("os.abort()\n", "")
    child = subprocess.run(
        [sys.executable, "-c", bare], capture_output=True, text=True, cwd=tmp_path, umask=0o022, check=True
    )
    assert child.stdout.startswith("True True ")
    assert child.stdout.endswith("0o22\n")


@pytest.fixture
def memory_dir() -> Path:
    base = Path("/dev/shm")
    if not base.is_dir() or not filesystems.is_memory(base):
        pytest.skip("no file system in memory")
    made = base / f"cryptpad-tui-test-{uuid.uuid4().hex}"
    made.mkdir(0o700)
    return made


def test_the_runtime_folder_is_private_and_in_memory(memory_dir: Path) -> None:
    try:
        found = process.runtime_dir({"XDG_RUNTIME_DIR": str(memory_dir)})
        assert found == memory_dir / "cryptpad-tui"
        assert found.stat().st_mode & 0o777 == 0o700
        memory_dir.chmod(0o755)
        assert process.runtime_dir({"XDG_RUNTIME_DIR": str(memory_dir)}) is None
    finally:
        (memory_dir / "cryptpad-tui").rmdir()
        memory_dir.rmdir()


def test_there_is_no_runtime_folder_on_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private = tmp_path / "run"
    private.mkdir(0o700)
    monkeypatch.setattr(filesystems, "is_memory", lambda path: False)
    assert process.runtime_dir({"XDG_RUNTIME_DIR": str(private)}) is None
    assert list(private.iterdir()) == []


@pytest.mark.parametrize("value", ["", "relative/dir", "/does/not/exist"])
def test_there_is_no_runtime_folder_where_none_is_named(value: str) -> None:
    assert process.runtime_dir({"XDG_RUNTIME_DIR": value}) is None
    assert process.runtime_dir({}) is None


def test_home_is_the_variable_or_the_platforms_folder(tmp_path: Path) -> None:
    chosen = {"CRYPTPAD_TUI_HOME": str(tmp_path / "vault")}
    assert paths.home(chosen) == tmp_path / "vault"
    assert paths.vault_dir(chosen) == tmp_path / "vault"
    assert paths.relay_dir(chosen) == tmp_path / "vault" / "relay"
    assert paths.home({"CRYPTPAD_TUI_HOME": ""}) == paths.home({})
    assert paths.home({}).name == "cryptpad-tui"
    assert paths.home({"CRYPTPAD_TUI_HOME": "x"}).is_absolute()
