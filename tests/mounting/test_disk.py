"""The folder on disk: what is seen, what is left alone, and that nothing is written elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cryptpad_tui.mounting import disk as disk_module
from cryptpad_tui.mounting.disk import MARKER, Disk
from cryptpad_tui.mounting.errors import (
    MountedAlready,
    MountGone,
    NoSuchDirectory,
    StaleFile,
    TooLargeForFile,
    TooManyFiles,
)
from cryptpad_tui.mounting.names import MAX_DEPTH


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


@pytest.fixture
def disk(root: Path) -> Iterator[Disk]:
    opened = Disk(root)
    yield opened
    opened.close()


def rested(disk: Disk) -> dict[str, str | None]:
    disk.look()
    return {path: file.text for path, file in disk.look().items()}


def test_a_file_is_seen_once_it_rests(disk: Disk, root: Path) -> None:
    (root / "a.md").write_text("one")
    assert disk.look() == {}
    (root / "a.md").write_text("one two")
    assert disk.look() == {}
    assert disk.look()["a.md"].text == "one two"
    # Gone for a moment, as where a program replaces it, is not gone.
    (root / "a.md").rename(root / "a.md~")
    assert "a.md" in disk.look()
    (root / "a.md~").rename(root / "a.md")
    assert rested(disk) == {"a.md": "one two"}
    (root / "a.md").unlink()
    disk.look()
    assert disk.look() == {}


def test_hidden_files_backups_and_probes_are_none_of_ours(disk: Disk, root: Path) -> None:
    for name in (".git", ".a.md.swp", "a.md~", "#a.md#", "4913"):
        (root / name).write_text("x")
    (root / ".hidden").mkdir()
    (root / ".hidden" / "b.md").write_text("x")
    assert rested(disk) == {}


def test_a_folder_named_by_a_year_is_no_probe(disk: Disk, root: Path) -> None:
    (root / "2025").mkdir()
    (root / "2025" / "a.md").write_text("x")
    assert set(rested(disk)) == {"2025/a.md"}


def test_links_are_seen_and_never_followed(disk: Disk, root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("secret")
    (root / "link.md").symlink_to(outside / "secret.md")
    (root / "folder").symlink_to(outside)
    assert rested(disk) == {"link.md": None, "folder": None}
    with pytest.raises((StaleFile, NotADirectoryError)):
        disk.write("folder/secret.md", "changed", None)
    with pytest.raises(StaleFile):
        disk.write("link.md", "changed", None)
    assert (outside / "secret.md").read_text() == "secret"
    assert sorted(os.listdir(outside)) == ["secret.md"]


def test_a_folder_that_becomes_a_link_leads_nowhere(disk: Disk, root: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (root / "sub").mkdir()
    (root / "sub" / "a.md").write_text("a")
    stamp = (rested(disk), disk.look()["sub/a.md"].stamp)[1]
    (root / "sub").rename(tmp_path / "moved")
    (root / "sub").symlink_to(tmp_path / "outside")
    for change in (
        lambda: disk.write("sub/a.md", "b", stamp),
        lambda: disk.remove("sub/a.md", stamp),
        lambda: disk.move("sub/a.md", "b.md"),
    ):
        with pytest.raises((StaleFile, NotADirectoryError)):
            change()
    assert os.listdir(tmp_path / "outside") == []
    assert (tmp_path / "moved" / "a.md").read_text() == "a"


def test_nothing_is_written_over_what_was_not_seen(disk: Disk, root: Path) -> None:
    (root / "a.md").write_text("one")
    rested(disk)
    stamp = disk.look()["a.md"].stamp
    (root / "a.md").write_text("somebody else's")
    for change in (lambda: disk.write("a.md", "two", stamp), lambda: disk.remove("a.md", stamp)):
        with pytest.raises(StaleFile):
            change()
    with pytest.raises(StaleFile):
        disk.write("a.md", "two", None)
    (root / "b.md").write_text("b")
    with pytest.raises(StaleFile):
        disk.move("a.md", "b.md")
    assert (root / "a.md").read_text() == "somebody else's"
    assert sorted(os.listdir(root)) == [MARKER, "a.md", "b.md"]


def test_mode_and_line_ends_stay_and_a_new_file_is_private(disk: Disk, root: Path) -> None:
    (root / "a.md").write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    (root / "a.md").chmod(0o640)
    rested(disk)
    file = disk.look()["a.md"]
    assert (file.text, file.crlf) == ("one\ntwo\n", True)
    disk.write("a.md", "one\n2\n", file.stamp, crlf=True)
    assert (root / "a.md").read_bytes() == b"one\r\n2\r\n"
    assert (root / "a.md").stat().st_mode & 0o777 == 0o640
    disk.write("sub/new.md", "x", None)
    assert (root / "sub" / "new.md").stat().st_mode & 0o777 == 0o600


def test_what_no_pad_can_hold_says_why(disk: Disk, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_module, "MAX_FILE_BYTES", 100)
    (root / "long.md").write_text("x" * 101)
    (root / "escape.md").write_bytes(b"\x1b[31m")
    (root / "latin.md").write_bytes(b"\xe9")
    os.mkfifo(root / "pipe.md")
    assert rested(disk) == dict.fromkeys(["long.md", "escape.md", "latin.md", "pipe.md"])
    assert all(file.why for file in disk.look().values())


def test_a_folder_that_is_gone_or_another_one_is_not_an_empty_one(disk: Disk, root: Path) -> None:
    (root / "a.md").write_text("a")
    rested(disk)
    aside = root.with_name("aside")
    root.rename(aside)
    with pytest.raises(MountGone):
        disk.look()
    root.mkdir()
    with pytest.raises(MountGone):
        disk.look()
    root.rmdir()
    aside.rename(root)
    (root / MARKER).unlink()
    with pytest.raises(MountGone):
        disk.look()


def test_one_at_a_time_and_a_crash_leaves_nothing(disk: Disk, root: Path, tmp_path: Path) -> None:
    with pytest.raises(MountedAlready):
        Disk(root)
    with pytest.raises(NoSuchDirectory):
        Disk(tmp_path / "nowhere")
    (root / ".cryptpad-tui-new-0011").write_text("half")
    rested(disk)
    assert os.listdir(root) == [MARKER]


def test_a_folder_with_too_many_files_is_refused(
    disk: Disk, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_module, "MAX_FILES", 2)
    for number in range(3):
        (root / f"{number}.md").write_text("x")
    with pytest.raises(TooManyFiles):
        disk.look()


@pytest.mark.parametrize("crlf", [False, True])
@pytest.mark.parametrize("text", ["\ufeffa\nb\n", "\ufeff\ufeff", "", "a\n\n\u2028\u200b\ufffe", "\ufeff"])
def test_what_is_written_is_read_as_it_was(disk: Disk, text: str, *, crlf: bool) -> None:
    """Else it looks like an edit, and where the pad can only be read a copy is kept aside at each look."""
    disk.write("a.md", text, None, crlf=crlf)
    assert rested(disk) == {"a.md": text}


def test_no_file_is_written_that_would_not_be_read(
    disk: Disk, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_module, "MAX_FILE_BYTES", 9)
    stamp = disk.write("a.md", "1\n2\n3\n", None)
    for text, crlf in (("0123456789", False), ("1\n2\n3\n4", True)):
        with pytest.raises(TooLargeForFile):
            disk.write("a.md", text, stamp, crlf=crlf)
    assert [each.name for each in root.iterdir() if each.name != MARKER] == ["a.md"]
    assert rested(disk) == {"a.md": "1\n2\n3\n"}


def test_a_file_in_the_deepest_folder_is_seen(disk: Disk) -> None:
    path = "/".join(["f" * 100] * MAX_DEPTH + ["a.md"])
    disk.write(path, "x", None)
    assert rested(disk) == {path: "x"}


def test_what_changes_while_it_is_read_does_not_rest(
    disk: Disk, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that empties a file and fills it again must not empty the pad between the two."""
    file, opened = root / "a.md", os.open
    file.write_text("whole")
    os.utime(file, ns=(1, 1))
    assert rested(disk) == {"a.md": "whole"}
    file.write_text("other")
    os.utime(file, ns=(2, 2))
    disk.look()

    def emptied_first(path: str, flags: int, *rest: int, **more: int) -> int:
        if path == "a.md":
            file.write_text("")
        return opened(path, flags, *rest, **more)

    disk._read.clear()
    monkeypatch.setattr(os, "open", emptied_first)
    assert disk.look()["a.md"].text == "whole"
    monkeypatch.undo()
    file.write_text("other\n")
    assert rested(disk) == {"a.md": "other\n"}


def test_a_pipe_in_place_of_a_file_is_no_empty_text(disk: Disk, root: Path) -> None:
    disk.write("a.md", "whole", None)
    (root / "a.md").unlink()
    os.mkfifo(root / "a.md")
    assert rested(disk) == {"a.md": None}
