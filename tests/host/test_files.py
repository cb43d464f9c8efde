"""T50: private files are made private, and refused when they are not."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cryptpad_tui.host import files, filesystems
from cryptpad_tui.host.errors import UnsafePath


@pytest.fixture(params=[0o000, 0o022, 0o777], ids=lambda mask: f"umask {mask:03o}")
def any_umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.fixture
def room(tmp_path: Path) -> Path:
    path = tmp_path / "room"
    files.ensure_private_dir(path)
    return path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("any_umask")
def test_what_is_made_is_private_whatever_the_umask(tmp_path: Path) -> None:
    room = tmp_path / "a" / "b"
    files.ensure_private_dir(room)
    files.create_private_file(room / "made", b"one")
    files.replace_private_file(room / "made", b"two")
    assert [mode(path) for path in (tmp_path / "a", room, room / "made")] == [0o700, 0o700, 0o600]
    assert files.read_private_file(room / "made", 3) == b"two"


def test_a_symlinked_folder_is_refused(room: Path) -> None:
    (room.parent / "link").symlink_to(room)
    with pytest.raises(UnsafePath):
        files.ensure_private_dir(room.parent / "link")


def test_a_dangling_symlink_is_not_followed_to_make_a_folder(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnsafePath):
        files.ensure_private_dir(tmp_path / "link")
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_others_may_open_is_refused(room: Path) -> None:
    room.chmod(0o710)
    with pytest.raises(UnsafePath, match="0710"):
        files.check_private_dir(room)


def test_a_folder_that_everybody_may_rename_is_refused(room: Path) -> None:
    room.parent.chmod(0o777)
    with pytest.raises(UnsafePath, match="rename"):
        files.check_private_dir(room)
    room.parent.chmod(0o1777)
    files.check_private_dir(room)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_strangers_folder_and_file_are_refused(room: Path) -> None:
    files.create_private_file(room / "file", b"x")
    os.chown(room / "file", 12_345, -1)
    with pytest.raises(UnsafePath, match="another user"):
        files.read_private_file(room / "file", 10)
    with pytest.raises(UnsafePath, match="another user"):
        files.check_private_file(room / "file")
    os.chown(room, 12_345, -1)
    with pytest.raises(UnsafePath, match="another user"):
        files.check_private_dir(room)


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o660, 0o622])
def test_a_file_that_others_may_use_is_refused(room: Path, bits: int) -> None:
    files.create_private_file(room / "file", b"x")
    (room / "file").chmod(bits)
    for refuse in (
        lambda: files.read_private_file(room / "file", 10),
        lambda: files.check_private_file(room / "file"),
    ):
        with pytest.raises(UnsafePath, match="others"):
            refuse()


def test_links_fifos_and_folders_are_no_files(room: Path) -> None:
    files.create_private_file(room / "file", b"x")
    (room / "symlink").symlink_to(room / "file")
    os.mkfifo(room / "fifo", 0o600)
    (room / "folder").mkdir(0o700)
    for name in ("symlink", "fifo", "folder"):
        with pytest.raises(UnsafePath):
            files.read_private_file(room / name, 10)
        with pytest.raises(UnsafePath):
            files.check_private_file(room / name)
        with pytest.raises(UnsafePath):
            files.replace_private_file(room / name, b"y")
    assert files.read_private_file(room / "file", 10) == b"x"


def test_a_file_with_two_names_is_refused(room: Path) -> None:
    files.create_private_file(room / "file", b"x")
    os.link(room / "file", room / "second")
    for name in ("file", "second"):
        with pytest.raises(UnsafePath, match="hard link"):
            files.read_private_file(room / name, 10)
        with pytest.raises(UnsafePath, match="hard link"):
            files.replace_private_file(room / name, b"y")


def test_an_overlong_file_is_refused_and_its_head_can_be_read(room: Path) -> None:
    files.create_private_file(room / "file", b"12345678")
    assert files.read_private_file(room / "file", 8) == b"12345678"
    with pytest.raises(UnsafePath, match="7 bytes"):
        files.read_private_file(room / "file", 7)
    assert files.read_private_head(room / "file", 7) == b"1234567"


def test_creation_never_takes_a_name_that_is_there(room: Path) -> None:
    (room / "link").symlink_to(room / "elsewhere")
    with pytest.raises(FileExistsError):
        files.create_private_file(room / "link", b"x")
    assert not (room / "elsewhere").exists()


def test_a_failed_replacement_leaves_the_old_file_and_nothing_else(
    room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.create_private_file(room / "file", b"old")

    def fail(descriptor: int) -> None:
        raise OSError(28, "no space")

    monkeypatch.setattr(files, "sync_descriptor", fail)
    with pytest.raises(OSError, match="no space"):
        files.replace_private_file(room / "file", b"other")
    assert files.read_private_file(room / "file", 10) == b"old"
    assert os.listdir(room) == ["file"]


def test_bytes_are_on_disk_before_the_name_changes(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    real_sync, real_rename, real_sync_dir = files.sync_descriptor, os.rename, files.sync_dir

    def sync(descriptor: int) -> None:
        steps.append("sync file")
        real_sync(descriptor)

    def rename(source: Path, target: Path) -> None:
        steps.append("rename")
        real_rename(source, target)

    def sync_dir(path: Path) -> None:
        steps.append("sync folder")
        real_sync_dir(path)

    monkeypatch.setattr(files, "sync_descriptor", sync)
    monkeypatch.setattr(os, "rename", rename)
    monkeypatch.setattr(files, "sync_dir", sync_dir)
    files.replace_private_file(room / "file", b"x")
    assert steps == ["sync file", "sync folder", "rename", "sync folder"]


def test_leftovers_of_a_crash_are_removed_and_nothing_else(room: Path) -> None:
    for name in ("file", "file.new-0011", "file.newer", "other.new-1"):
        files.create_private_file(room / name, b"x")
    files.remove_leftovers(room / "file")
    assert sorted(os.listdir(room)) == ["file", "file.newer", "other.new-1"]


def test_network_file_systems_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert filesystems.network_kind(tmp_path) is None
    for magic, kind in ((0x6969, "NFS"), (0xFF534D42, "SMB"), (0x01021997, "9p"), (0x65735546, "FUSE")):
        raw = magic.to_bytes(8, "little") + bytes(112)
        monkeypatch.setattr(filesystems, "_statfs", lambda path, raw=raw: raw)
        monkeypatch.setattr(sys, "byteorder", "little")
        assert filesystems.network_kind(tmp_path) == kind


def test_macs_file_systems_are_told_by_name_and_flag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def raw(name: bytes, *, local: bool) -> bytes:
        flags = (0x1000 if local else 0).to_bytes(4, "little")
        return bytes(64) + flags + bytes(4) + name.ljust(16, b"\0") + bytes(2_000)

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(sys, "byteorder", "little")
    for name, local, expected in (
        (b"apfs", True, None),
        (b"nfs", False, "nfs"),
        (b"smbfs", False, "smbfs"),
        (b"macfuse", True, "macfuse"),
    ):
        status = raw(name, local=local)
        monkeypatch.setattr(filesystems, "_statfs", lambda path, status=status: status)
        assert filesystems.network_kind(tmp_path) == expected


@pytest.mark.skipif(not Path("/usr/bin/stat").exists(), reason="no stat command to compare with")
@pytest.mark.parametrize("path", ["/", "/proc", "/dev/shm", "/tmp"])
def test_the_magic_number_is_the_one_that_stat_prints(path: str) -> None:
    if not Path(path).exists():
        pytest.skip(f"no {path}")
    printed = subprocess.run(["stat", "-f", "-c", "%t", path], capture_output=True, text=True, check=False)
    if printed.returncode != 0:
        pytest.skip("another kind of stat command")
    assert filesystems._linux_magic(filesystems._statfs(Path(path))) == int(printed.stdout, 16)


@pytest.mark.parametrize("defended", [True, False])
def test_t50_a_file_that_others_may_have_written_is_not_believed(
    room: Path, defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.create_private_file(room / "file", b"theirs")
    os.link(room / "file", room / "second")
    (room / "file").chmod(0o666)
    if not defended:
        monkeypatch.setattr(files, "_check_private_regular", lambda path, status: None)
        assert files.read_private_file(room / "file", 10) == b"theirs"
        return
    with pytest.raises(UnsafePath):
        files.read_private_file(room / "file", 10)
