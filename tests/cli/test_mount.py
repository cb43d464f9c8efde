"""A drive folder and a folder on disk in step, by real processes, with what other programs do to files."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli.fakes import Person

from cryptpad_tui.mounting.disk import MARKER
from cryptpad_tui.vault.vault import Vault
from support import zygote
from support.zygote import Piped, Started


@pytest.fixture(scope="module")
def person(bytecode: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Person:
    """Somebody whose vault a keyfile opens: a passphrase costs each command 0.2 s."""
    base = tmp_path_factory.mktemp("mona")
    vault, _ = Vault.create(
        base / "vault", b"x", name="Mona", relay_url=None, kdf_memory_mib=64, keyfile=base / "keyfile"
    )
    vault.close()
    environ = {"CRYPTPAD_TUI_HOME": str(base / "vault"), "CRYPTPAD_TUI_KEYFILE": str(base / "keyfile")}
    return Person(base / "vault", {**bytecode, **environ})


@pytest.fixture
def folder(person: Person, tmp_path: Path) -> tuple[str, Path]:
    """A folder of the drive and one on disk, both empty."""
    (tmp_path / "notes").mkdir()
    person.does("mkdir", tmp_path.name)
    return tmp_path.name, tmp_path / "notes"


@pytest.fixture
def mounted(person: Person, folder: tuple[str, Path]) -> Iterator[Started]:
    """`mount-dir` at work."""
    piped = mount(person, *folder)
    assert "in step" in piped.stderr.readline()
    yield piped.process
    piped.process.send_signal(signal.SIGTERM)
    piped.end(20)


def mount(person: Person, name: str, disk: Path) -> Piped:
    return zygote.shared().pipe(("mount-dir", name, str(disk)), env=person.environ, cwd=person.home.parent)


def until(happens: Callable[[], bool], within_s: float = 20) -> None:
    end = time.monotonic() + within_s
    while not happens():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.2)


def as_rsync_does(source: Path, target: Path) -> None:
    """By rsync itself, or where that is not installed, by its steps: a hidden file, old times, renamed."""
    if rsync := shutil.which("rsync"):
        subprocess.run([rsync, "-a", f"{source}/", f"{target}/"], check=True)
        return
    target.mkdir()
    for file in source.iterdir():
        beside = target / f".{file.name}.Xy12Zz"
        shutil.copy2(file, beside)
        time.sleep(0.6)
        beside.rename(target / file.name)


def test_other_programs_files_and_other_windows_pads_follow_each_other(
    person: Person, folder: tuple[str, Path], mounted: Started
) -> None:
    name, disk = folder
    plan = person.does("new", "Plan", "--into", name, "--from", "-", stdin=b"one\ntwo\nthree\n")
    file = disk / "Plan.md"
    until(file.exists)
    assert file.read_text() == "one\ntwo\nthree\n"
    # sed replaces the file, vim renames it away and writes another; a second window types in between.
    subprocess.run(["sed", "-i", "s/two/TWO/", str(file)], check=True)
    person.does("append", plan, stdin=b"four\n")
    merged = "one\nTWO\nthree\nfour\n"
    until(lambda: file.read_text() == merged and person.does("cat", plan) + "\n" == merged)
    if vim := shutil.which("vim"):
        subprocess.run([vim, "-u", "NONE", "-es", "-c", "1s/one/ONE/", "-c", "wq", str(file)], check=False)
        until(lambda: person.does("cat", plan).startswith("ONE\nTWO"))
    if git := shutil.which("git"):
        identity = ["-c", "user.name=Mona", "-c", "user.email=mona@example.org"]
        for words in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "before"]):
            subprocess.run([git, "-C", str(disk), *words], check=True)
        kept = file.read_text()
        file.write_text("rubbish\n")
        until(lambda: person.does("cat", plan) == "rubbish")
        subprocess.run([git, "-C", str(disk), "checkout", "-q", "--", "."], check=True)
        until(lambda: person.does("cat", plan) + "\n" == kept)
    (disk.parent / "from").mkdir()
    (disk.parent / "from" / "Synced.md").write_text("from elsewhere\n")
    os.utime(disk.parent / "from" / "Synced.md", (1, 1))
    as_rsync_does(disk.parent / "from", disk / "sub")
    until(lambda: "Synced" in person.does("ls", name, "--tree"))
    # A rename goes both ways, and a binary that lands on a pad's file is kept beside.
    (disk / "Plan.md").rename(disk / "Idea.md")
    until(lambda: "Idea" in person.does("ls", name))
    before = person.does("cat", plan)
    (disk / "Idea.md").write_bytes(b"\x00\xff binary")
    until(lambda: bool(list(disk.glob("Idea (conflict *).md"))) and (disk / "Idea.md").exists())
    assert (disk / "Idea.md").read_text() == before + "\n"
    (beside,) = disk.glob("Idea (conflict *).md")
    assert beside.read_bytes() == b"\x00\xff binary"
    person.does("rename", plan, "Thought")
    until((disk / "Thought.md").exists)
    assert person.does("cat", plan) == before
    # What is in step stays as it is: no echo.
    listed = person.does("log", plan, "--json")
    stamps = {path: path.stat().st_mtime_ns for path in disk.rglob("*.md")}
    time.sleep(1.5)
    assert {path: path.stat().st_mtime_ns for path in disk.rglob("*.md")} == stamps
    assert person.does("log", plan, "--json") == listed
    mounted.send_signal(signal.SIGTERM)
    assert mounted.wait(20) == 0


def test_what_both_sides_did_while_nothing_ran_is_merged_by_the_next_run(
    person: Person, folder: tuple[str, Path]
) -> None:
    name, disk = folder
    plan = person.does("new", "Plan", "--into", name, "--from", "-", stdin=b"one\ntwo\n")
    person.does("mount-dir", name, str(disk), "--once")
    (disk / "Plan.md").write_text("zero\none\ntwo\n")
    person.does("append", plan, stdin=b"three\n")
    (disk / "Other.md").write_text("a new file\n")
    person.does("mount-dir", name, str(disk), "--once")
    assert person.does("cat", plan) == "zero\none\ntwo\nthree" == (disk / "Plan.md").read_text().rstrip()
    assert person.does("cat", f"{name}/Other") == "a new file"
    (disk / "Other.md").unlink()
    person.does("rm", plan)
    person.does("mount-dir", name, str(disk), "--once")
    assert sorted(path.name for path in disk.iterdir()) == [MARKER]
    assert {"Plan", "Other"} <= {
        line.split("/")[-1].split()[0] for line in person.does("trash").splitlines()[1:]
    }
    other = person.run("mount-dir", "/", str(disk), "--once")
    assert other.code == 1
    assert "another folder" in other.err


def test_what_the_disk_refuses_is_said_and_stops_nothing(person: Person, folder: tuple[str, Path]) -> None:
    name, disk = folder
    person.does("new", "Inside", "--into", f"{name}/sub", "--from", "-", stdin=b"inside\n")
    person.does("new", "Beside", "--into", name, "--from", "-", stdin=b"beside\n")
    (disk / "sub").write_bytes(b"\x00 a file where the drive has a folder")
    ended = person.run("mount-dir", name, str(disk), "--once")
    assert ended.code == 0
    assert "sub/Inside.md: " in ended.err
    assert (disk / "Beside.md").read_text() == "beside\n"
    assert (disk / "sub").read_bytes().startswith(b"\x00")


def test_a_folder_that_no_drive_has_is_said_and_stops_nothing(
    person: Person, folder: tuple[str, Path]
) -> None:
    name, disk = folder
    deep = disk.joinpath(*["f"] * 64)
    deep.mkdir(parents=True)
    (deep / "Deep.md").write_text("deep\n")
    (disk / "Beside.md").write_text("beside\n")
    ended = person.run("mount-dir", name, str(disk), "--once")
    assert ended.code == 0
    assert "at most 64 deep" in ended.err
    assert person.does("cat", f"{name}/Beside") == "beside"
    assert (deep / "Deep.md").read_text() == "deep\n"


def test_a_kill_in_the_middle_neither_loses_an_edit_nor_makes_one_twice(
    person: Person, folder: tuple[str, Path]
) -> None:
    name, disk = folder
    for number in range(6):
        (disk / f"f{number}.md").write_text(f"file {number}\n")
    pads = [person.does("new", f"p{n}", "--into", name, "--from", "-", stdin=b"pad\n") for n in range(3)]
    for pause in (0.0, 0.15, 0.4):
        for number in range(6):
            with (disk / f"f{number}.md").open("a") as stream:
                stream.write(f"at {pause}\n")
        person.does("append", pads[0], stdin=f"here at {pause}\n".encode())
        mounting = mount(person, name, disk)
        mounting.stderr.readline()
        time.sleep(0.3 + pause)
        mounting.kill()
    person.does("mount-dir", name, str(disk), "--once")
    for number in range(6):
        expected = f"file {number}\nat 0.0\nat 0.15\nat 0.4\n"
        assert (disk / f"f{number}.md").read_text() == expected
        assert person.does("cat", f"{name}/f{number}") == expected.rstrip()
    assert (disk / "p0.md").read_text() == "pad\nhere at 0.0\nhere at 0.15\nhere at 0.4\n"
    listed = [line.split()[1] for line in person.does("ls", name).splitlines()[1:]]
    assert len(listed) == len(set(listed)) == 9
