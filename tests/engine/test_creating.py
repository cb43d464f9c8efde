"""A pad is made wholly or not at all, wherever the disk fills."""

from __future__ import annotations

from typing import Any

import pytest

from cryptpad_tui.crdt.errors import UncleanText
from cryptpad_tui.crdt.kinds import ENTRIES_ROOT
from cryptpad_tui.engine import Engine, PadSession
from cryptpad_tui.vault.errors import DiskFull
from cryptpad_tui.vault.padstore import VaultPadStore
from support.sessions import MakeEngine, append


def titles(engine: Engine) -> list[str]:
    return sorted(line.title for line in engine.listing())


def entries(engine: Engine) -> dict[str, Any]:
    return engine.drive._view.map_items(ENTRIES_ROOT)


def fill_the_disk(monkeypatch: pytest.MonkeyPatch, at_write: int) -> None:
    """From the n-th journal write on there is no room; 3 is after both, as where COMMIT finds none."""
    write, flush, done = VaultPadStore.append_journal, PadSession.flush, [0]

    def no_room(*values: Any) -> list[int]:
        done[0] += 1
        if done[0] >= at_write:
            raise DiskFull
        return write(*values)

    def then_full(session: PadSession) -> None:
        flush(session)
        if at_write == 3 and done[0] == 2:
            raise DiskFull

    monkeypatch.setattr(VaultPadStore, "append_journal", no_room)
    monkeypatch.setattr(PadSession, "flush", then_full)


@pytest.mark.parametrize("at_write", [1, 2, 3])
@pytest.mark.parametrize("with_loop", [False, True])
async def test_a_disk_that_fills_on_the_way_leaves_no_half_of_a_pad(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch, at_write: int, with_loop: bool
) -> None:
    anna = make_engine("Anna")
    if with_loop:
        await anna.start()
    first = anna.create_pad("first", text="1\n")
    before, records = entries(anna), anna.vault.pads()
    with monkeypatch.context() as full:
        fill_the_disk(full, at_write)
        with pytest.raises(DiskFull):
            anna.create_pad("second", text="2\n")
    assert titles(anna) == ["first"]
    assert (entries(anna), anna.vault.pads()) == (before, records)
    third = anna.create_pad("third", text="3\n")
    other = make_engine("Anna")
    assert titles(other) == titles(anna) == ["first", "third"]
    assert entries(other) == entries(anna)
    assert other.open_pad(third.pad_id).view.text() == "3\n"
    assert other.open_pad(first.pad_id).view.text() == "1\n"


async def test_the_drive_goes_on_as_the_same_writer_after_a_pad_that_was_not_made(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its registration went with the transaction: without another, it would count as a dead window's."""
    anna = make_engine("Anna")
    with monkeypatch.context() as full:
        fill_the_disk(full, 3)
        with pytest.raises(DiskFull):
            anna.create_pad("first")
    anna.create_pad("second")
    drive = next(iter(anna.open_pads))
    assert drive.replica.writer
    assert anna.is_live_writer(drive.pad_id, drive.replica.writer.pk)


def test_a_text_that_no_pad_can_carry_makes_none(make_engine: MakeEngine) -> None:
    anna = make_engine("Anna")
    with pytest.raises(UncleanText):
        anna.create_pad("bad", text="\x1b[2J")
    assert anna.listing() == []
    session = anna.open_pad(anna.create_pad("good").pad_id)
    append(session, "text\n")
    session.flush()
    assert titles(make_engine("Anna")) == ["good"]
