"""T55 and protocol §18: where a text is while another program edits it, and what is left of it afterwards."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cryptpad_tui.host import external_editor, filesystems
from cryptpad_tui.host.external_editor import (
    Edited,
    EditedTooLong,
    EditorDidNotStart,
    NoEditor,
    NoMemoryFolder,
    edit_text,
    editor_command,
    place_to_edit,
    remove_leftovers,
)

CANARY = b"the canary of row fifty-five\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return place_to_edit({}, disk=tmp_path / "vault")


def script(tmp_path: Path, body: str) -> list[str]:
    """An editor: a shell script that gets the file as its first argument."""
    path = tmp_path / "editor.sh"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o700)
    return [str(path)]


async def test_the_file_is_ours_alone_and_gone_afterwards(tmp_path: Path, place: Path) -> None:
    seen = tmp_path / "seen"
    command = script(
        tmp_path, f'stat -c "%a" "$(dirname "$1")" "$1" > {seen}; cat "$1" >> {seen}; echo two >> "$1"'
    )
    edited = await edit_text(b"one\n", command, place, suffix=".md")
    assert edited == Edited(b"one\ntwo\n", 0)
    assert seen.read_text() == "700\n600\none\n"
    assert list(place.iterdir()) == []
    assert stat.S_IMODE(place.stat().st_mode) == 0o700


async def test_a_killed_editor_leaves_nothing_and_what_it_saved_comes_back(
    tmp_path: Path, place: Path
) -> None:
    """T55."""
    command = script(tmp_path, 'echo saved > "$1"; cp "$1" "$1~"; kill -9 $$')
    assert await edit_text(CANARY, command, place, suffix=".md") == Edited(b"saved\n", -signal.SIGKILL)
    assert list(place.iterdir()) == []


async def test_t55_without_clearing_up_the_text_stays_on_the_disk(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(external_editor.shutil, "rmtree", lambda path, **kwargs: None)
    command = script(tmp_path, "kill -9 $$")
    assert await edit_text(CANARY, command, place, suffix=".md") == Edited(CANARY, -signal.SIGKILL)
    assert [path.read_bytes() for path in place.rglob("pad.md")] == [CANARY]


async def test_an_app_that_ends_ends_its_editor_and_leaves_nothing(tmp_path: Path, place: Path) -> None:
    command = script(tmp_path, f"echo $$ > {tmp_path}/pid; exec sleep 60")
    task = asyncio.create_task(edit_text(CANARY, command, place, suffix=".md"))
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list(place.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


async def test_ctrl_c_in_the_editor_is_the_editors(tmp_path: Path, place: Path) -> None:
    command = script(tmp_path, "kill -INT $PPID; kill -QUIT $PPID; kill -INT $$; sleep 60")
    before = signal.getsignal(signal.SIGINT)
    assert (await edit_text(CANARY, command, place, suffix=".md")).code == -signal.SIGINT
    assert signal.getsignal(signal.SIGINT) is before


CRASHING = """
import asyncio, os, pathlib, sys
from cryptpad_tui.host.external_editor import edit_text, place_to_edit
place = place_to_edit({}, disk=pathlib.Path(sys.argv[1]))
asyncio.run(edit_text(b"left", sys.argv[2:], place, suffix=".md"))
"""


def test_what_a_crash_left_goes_at_the_next_start_but_not_under_an_open_editor(tmp_path: Path) -> None:
    command = script(tmp_path, f"echo $$ > {tmp_path}/pid; exec sleep 60")
    vault = tmp_path / "vault"
    with subprocess.Popen([sys.executable, "-c", CRASHING, str(vault), *command]) as app:
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            assert app.poll() is None
        editor = int((tmp_path / "pid").read_text())
        assert remove_leftovers(vault) == 0, "of an app that lives"
        app.kill()
        app.wait()
    try:
        assert remove_leftovers(vault, None) == 0, "of an editor that lives"
        assert [path.name for path in vault.glob("edit/*/pad.md")] == ["pad.md"]
    finally:
        os.kill(editor, signal.SIGKILL)
    while remove_leftovers(vault) == 0:
        pass
    assert list((vault / "edit").iterdir()) == []


def test_leftovers_behind_a_link_are_not_touched(tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "pad-x").mkdir(parents=True)
    base = tmp_path / "base"
    base.mkdir()
    (base / "edit").symlink_to(other)
    assert remove_leftovers(base) == 0
    (base / "edit").unlink()
    (base / "edit").mkdir(mode=0o700)
    (base / "edit" / "pad-y").symlink_to(other / "pad-x")
    assert remove_leftovers(base) == 0
    assert (other / "pad-x").is_dir()


@pytest.fixture
def memory_dir() -> Iterator[Path]:
    base = Path("/dev/shm")
    if not base.is_dir() or not filesystems.is_memory(base):
        pytest.skip("no file system in memory")
    made = base / f"cryptpad-tui-test-{os.getpid()}"
    made.mkdir(mode=0o700)
    yield made
    shutil.rmtree(made)


def test_the_text_goes_to_memory_and_to_a_disk_only_when_told(tmp_path: Path, memory_dir: Path) -> None:
    in_memory = {"XDG_RUNTIME_DIR": str(memory_dir)}
    assert place_to_edit(in_memory, disk=tmp_path).is_relative_to(memory_dir)
    on_disk = tmp_path / "run"
    on_disk.mkdir(mode=0o700)
    if not filesystems.is_memory(tmp_path):
        with pytest.raises(NoMemoryFolder):
            place_to_edit({"XDG_RUNTIME_DIR": str(on_disk)})
    with pytest.raises(NoMemoryFolder):
        place_to_edit({})
    assert "XDG_RUNTIME_DIR" in str(NoMemoryFolder.__doc__)
    assert place_to_edit({}, disk=tmp_path / "vault") == tmp_path / "vault" / "edit"


def fake_program(folder: Path, name: str, real: str | None = None) -> None:
    folder.mkdir(exist_ok=True)
    target = folder / (real or name)
    target.write_text("#!/bin/sh\n")
    target.chmod(0o700)
    if real:
        (folder / name).symlink_to(target)


@pytest.mark.parametrize(
    ("name", "real", "option"),
    [
        ("vim", None, "set noundofile nobackup nowritebackup"),
        ("nvim", None, "NONE"),
        ("vi", "vim.basic", "-n"),
        ("vi", "busybox", None),
        ("emacs", None, "--eval"),
        ("emacsclient", None, None),
        ("micro", None, "-backup"),
        ("nano", None, None),
    ],
)
def test_an_editor_is_told_to_write_no_copies(
    tmp_path: Path, name: str, real: str | None, option: str | None
) -> None:
    fake_program(tmp_path / "bin", name, real)
    command = editor_command({"EDITOR": name, "PATH": str(tmp_path / "bin")})
    assert command[0] == name
    assert (option in command) if option else command == [name]


def test_visual_goes_before_editor_and_may_have_arguments(tmp_path: Path) -> None:
    fake_program(tmp_path / "bin", "a b")
    environ = {"VISUAL": "'a b' --wait -x", "EDITOR": "ed", "PATH": str(tmp_path / "bin")}
    assert editor_command(environ) == ["a b", "--wait", "-x"]
    for wrong in ("no-such-editor", "'unclosed", " "):
        with pytest.raises(NoEditor):
            editor_command({"EDITOR": wrong, "PATH": str(tmp_path / "bin")})


async def test_what_cannot_be_read_back_is_refused(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(EditorDidNotStart):
        await edit_text(b"", [str(tmp_path / "none")], place, suffix=".md")
    for body in ('rm "$1"', 'rm "$1"; mkfifo "$1"', f'rm "$1"; ln -s {tmp_path}/x "$1"'):
        with pytest.raises(EditorDidNotStart):
            await edit_text(b"", script(tmp_path, body), place, suffix=".md")
    monkeypatch.setattr(external_editor, "MAX_BYTES", 8)
    with pytest.raises(EditedTooLong):
        await edit_text(b"", script(tmp_path, 'echo 123456789 > "$1"'), place, suffix=".md")
    assert list(place.iterdir()) == []


@pytest.mark.skipif(shutil.which("vim") is None, reason="no vim here")
async def test_real_vim_writes_no_swap_undo_or_history(tmp_path: Path, place: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    wrapper = script(
        tmp_path,
        f'HOME={home} exec vim -n -i NONE -c "set noundofile nobackup nowritebackup" -es '
        f'-c "normal Gonew" -c "w" -c "silent !ls -A $(dirname "$1") > {tmp_path}/names" -c "q" "$1"',
    )
    edited = await edit_text(b"old\n", wrapper, place, suffix=".md")
    assert edited.data == b"old\nnew\n"
    assert list(home.iterdir()) == []
    assert (tmp_path / "names").read_text().split() == ["lock", "pad.md"]


@pytest.mark.skipif(shutil.which("vim") is None, reason="no vim here")
@pytest.mark.parametrize("defended", [True, False])
async def test_real_vim_takes_no_orders_from_the_text(tmp_path: Path, place: Path, *, defended: bool) -> None:
    """Others may write into a pad what vim takes for settings: such lines have started programs before."""
    vimrc = tmp_path / "vimrc"
    vimrc.write_text("set nocompatible modeline\n")
    words = editor_command({"EDITOR": "vim", "PATH": os.environ["PATH"]})[1:]
    if not defended:
        words = words[: words.index("--cmd")]
    ends = ["-es", "-c", f"call writefile([&textwidth], '{tmp_path}/said')", "-c", "q"]
    await edit_text(b"# vim: set tw=33 :\n", ["vim", "-u", str(vimrc), *words, *ends], place, suffix=".md")
    assert (tmp_path / "said").read_text().strip() == ("0" if defended else "33")
