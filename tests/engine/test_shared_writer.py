"""Decision 13: commands that end at once share a writer, and neither a copy nor a backup can sign with it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cryptpad_tui.crypto.keys import EditKeys
from cryptpad_tui.engine import shared_writer
from cryptpad_tui.engine.shared_writer import SharedWriter, borrow
from cryptpad_tui.pad.writer import Base
from support.pads import seeded

PAD_ID = bytes(32)
KEYS = EditKeys.from_seed(bytes(32))


class Desk:
    """A vault's folder and what it stored of its writers."""

    def __init__(self, root: Path) -> None:
        self.vault_dir = root / "vault"
        self.vault_dir.mkdir(exist_ok=True)
        self.runtime = root / "runtime"
        self.runtime.mkdir(mode=0o700, exist_ok=True)
        self.tails: dict[bytes, tuple[int, bytes]] = {}

    def borrow(self, seed: int) -> SharedWriter:
        shared = borrow(
            self.vault_dir, bytes(32), PAD_ID, 0, KEYS, self.tails.get, rng=seeded(seed), runtime=self.runtime
        )
        assert shared is not None
        return shared

    def sign(self, shared: SharedWriter, text: bytes) -> None:
        entry = shared.writer.update(Base(0, bytes(32)), (text,))
        self.tails[shared.writer.pk] = (entry.seq, entry.entry_id)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_the_next_command_goes_on_with_the_same_writer(desk: Desk) -> None:
    first = desk.borrow(1)
    desk.sign(first, b"one")
    first.release()
    second = desk.borrow(2)
    assert (second.writer.pk, second.writer.seq, second.writer.last_id) == (
        first.writer.pk,
        1,
        first.writer.last_id,
    )
    second.release()


def test_a_command_that_runs_meanwhile_does_without(desk: Desk) -> None:
    first = desk.borrow(1)
    with pytest.raises(AssertionError):
        desk.borrow(2)
    first.release()


def test_a_file_behind_its_vault_abandons_the_writer(desk: Desk) -> None:
    """kill -9 after signing: the vault knows a seq that the file does not."""
    first = desk.borrow(1)
    first.release()
    second = desk.borrow(2)
    desk.sign(second, b"signed, and never written down in the file")
    shared_writer.os.close(second._descriptor)
    third = desk.borrow(3)
    assert third.writer.pk != second.writer.pk
    third.release()


def test_a_vault_behind_the_file_abandons_the_writer(desk: Desk) -> None:
    """R5: a restored backup of the vault."""
    first = desk.borrow(1)
    desk.sign(first, b"one")
    first.release()
    desk.tails.clear()
    second = desk.borrow(2)
    assert second.writer.pk != first.writer.pk
    second.release()


def test_a_copied_file_opens_nowhere_else(desk: Desk) -> None:
    first = desk.borrow(1)
    desk.sign(first, b"one")
    first.release()
    path = next((desk.runtime / "writers").iterdir())
    copy = path.with_name("copy")
    shutil.copy2(path, copy)
    path.unlink()
    copy.rename(path)
    second = desk.borrow(2)
    assert second.writer.pk != first.writer.pk
    second.release()


def test_the_file_shows_no_key(desk: Desk) -> None:
    first = desk.borrow(1)
    first.release()
    content = next((desk.runtime / "writers").iterdir()).read_bytes()
    assert first._seed not in content
    assert first._seed.hex() not in repr(first)
