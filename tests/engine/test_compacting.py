"""Edits of ended commands become one, without holding the vault, and never at the price of anybody's edit."""

from __future__ import annotations

import threading

import pytest

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.engine import Engine, compacting, creating, keeping
from cryptpad_tui.engine.pending import PendingEdits
from cryptpad_tui.pad.stored_fold import CHECKPOINT_TAIL_BYTES
from cryptpad_tui.vault.padstore import VaultPadStore
from support.relay import RelayProcess
from support.sessions import MakeEngine, append


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compacting, "COMPACT_ROWS", 8)
    monkeypatch.setattr(compacting, "PART_BYTES", 200)


async def left_by(make_engine: MakeEngine, count: int = 10) -> tuple[Engine, bytes]:
    """A pad with the edits of a command that ended."""
    anna = make_engine("Anna")
    pad_id = anna.create_pad("Log").pad_id
    for number in range(count):
        with anna.borrowed(pad_id) as session:
            append(session, f"line {number}\n")
    await anna.close()
    return make_engine("Anna"), pad_id


def rows_of(engine: Engine, pad_id: bytes) -> list[int]:
    return [len(row.update) for row in engine.vault.store(pad_id).journal_after(0)]


async def test_what_ended_commands_left_becomes_a_few_edits(make_engine: MakeEngine) -> None:
    anna, pad_id = await left_by(make_engine)
    assert len(rows_of(anna, pad_id)) > 8
    with anna.borrowed(pad_id) as session:
        assert session.view.text() == "".join(f"line {number}\n" for number in range(10))
        assert len(rows_of(anna, pad_id)) < 8
        append(session, "more")
    assert (await left_over(make_engine, pad_id)).endswith("line 9\nmore")


async def left_over(make_engine: MakeEngine, pad_id: bytes) -> str:
    with make_engine("Anna").borrowed(pad_id) as session:
        return session.view.text()


async def test_another_window_that_writes_meanwhile_loses_nothing(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, pad_id = await left_by(make_engine)
    other = make_engine("Anna")
    make_again = PendingEdits.make_again

    def interrupted(pending: PendingEdits, *given: object, **named: int) -> None:
        make_again(pending, *given, **named)  # type: ignore[arg-type]
        monkeypatch.setattr(PendingEdits, "make_again", make_again)
        monkeypatch.setattr(compacting, "COMPACT_ROWS", 1_000)
        # In a thread of its own, as a window is: it does not wait, since nobody holds the vault.
        window = threading.Thread(target=lambda: keeping.set_template(other, pad_id, on=True))
        window.start()
        window.join(5)
        assert not window.is_alive()
        with other.borrowed(pad_id) as session:
            append(session, "of the other window")

    monkeypatch.setattr(PendingEdits, "make_again", interrupted)
    with anna.borrowed(pad_id) as session:
        assert session.view.text().endswith("line 9\nof the other window")
        append(session, "!")
    assert (await left_over(make_engine, pad_id)).endswith("line 9\nof the other window!")
    assert anna.listing_of(pad_id).template


async def test_a_long_drive_is_checkpointed_by_its_length_not_by_each_part(
    make_engine: MakeEngine, relay: RelayProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = list[int]()
    set_checkpoint = VaultPadStore.set_checkpoint

    def counted(store: VaultPadStore, n: int, state: bytes) -> None:
        saved.append(len(state))
        set_checkpoint(store, n, state)

    anna = make_engine("Anna", relay_url=relay.url)
    with anna.drive_session.replica.store.transaction():
        for _ in range(1_200):
            record = creating.new_record(anna, PadKind.TEXT, anna.rng(32))
            anna.drive.put(record)
        anna.drive_session.flush()
    monkeypatch.setattr(VaultPadStore, "set_checkpoint", counted)
    assert not (await anna.sync([anna.drive_session.pad_id], wait_s=60)).waiting
    assert len(saved) <= 3
    assert saved[-1] > CHECKPOINT_TAIL_BYTES
