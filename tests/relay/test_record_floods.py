"""What an owner's records may cost a relay: the same for each, however many stand in a pad and how large.

Work is counted in steps of the store's engine, which are the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from cryptpad_relay.epochs import epoch_at, first_epoch
from cryptpad_relay.padlog import PadLog
from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.errors import Code
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.owner_records import parse_record
from cryptpad_relay.protocol.records import RecordKind
from cryptpad_relay.store.base import EntryRow
from cryptpad_relay.store.sqlite import SqliteStore
from support.forge import Desk, DeskClient, Forge, ForgedPad
from support.forge_records import forge_epoch, forge_idle

RECORDS = 400
STEPS_EACH = 400
"""An append of one record costs about 110: reading each one before it would cost thousands."""


class Meter:
    """A relay whose store counts what it does."""

    def __init__(self, path: Path) -> None:
        self.store = SqliteStore(path)
        self.desk = Desk(self.store, Forge())
        self.pad = self.desk.forge.pad()
        self.client = self.desk.connect()
        self.client.create(self.pad)
        self.client.subscribe(self.pad)
        self.steps = 0
        self.store._reading.set_progress_handler(self._count, 10)

    def _count(self) -> int:
        self.steps += 10
        return 0

    def of(self, body: bytes, op: Op, client: DeskClient) -> int:
        before = self.steps
        client.ask(op, body)
        return self.steps - before


@pytest.fixture
def meter(tmp_path: Path) -> Iterator[Meter]:
    meter = Meter(tmp_path / "relay.db")
    yield meter
    meter.store.close()


def records(pad: ForgedPad, count: int) -> list[bytes]:
    raws, previous = list[bytes](), None
    for days in range(1, count + 1):
        raws.append(forge_idle(pad, days, previous))
        record = parse_record(raws[-1])
        assert record
        previous = record.entry_id
    return raws


def by_reading_all(self: PadLog, rows: Sequence[EntryRow]) -> None:
    """The defence taken out: after each record of a batch, all of them are read."""
    for row in rows:
        for stored in self.index.records_back():
            assert stored.raw
        self._staged_ids.pop(row.entry_id, None)
    self.committed_epoch = first_epoch(self.genesis)
    self.committed = frames.PadHead(rows[-1].n, rows[-1].head)


@pytest.mark.parametrize("defended", [True, False])
def test_many_records_in_one_frame_cost_what_as_many_frames_do(
    meter: Meter, defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T43: sixty kilobytes once held a relay for seconds, six hundred for a minute."""
    if not defended:
        monkeypatch.setattr(PadLog, "settle", by_reading_all)
    body = frames.Append(tuple(records(meter.pad, RECORDS))).encode()
    steps = meter.of(body, Op.APPEND, meter.client)
    assert (steps < RECORDS * STEPS_EACH) == defended, steps


def test_opening_a_pad_costs_the_same_however_many_records_it_has(meter: Meter) -> None:
    """T43: CREATE of a pad that is there costs no token, so it must cost little."""
    raws = records(meter.pad, RECORDS)
    costs = []
    for at in (0, RECORDS // 2):
        assert meter.client.append(*raws[at : at + RECORDS // 2]).code is Code.OK
        meter.client.session.closed()
        other = meter.desk.connect()
        costs.append(meter.of(meter.pad.genesis, Op.CREATE, other))
        meter.client = meter.desk.connect()
        meter.client.subscribe(meter.pad)
    # Counting them is all that grows.
    assert costs[1] < costs[0] + 10 * RECORDS


def test_the_kinds_of_records_are_found_in_data_of_before(tmp_path: Path) -> None:
    meter = Meter(tmp_path / "relay.db")
    first = forge_idle(meter.pad, 7)
    assert meter.client.append(first).code is Code.OK
    record = parse_record(first)
    assert record
    end = meter.client.append(first).positions[0]
    second, rotated = forge_epoch(meter.pad, end, record.entry_id)
    assert meter.client.append(second).code is Code.OK
    meter.store._writing.execute("DELETE FROM record_kind")
    meter.store.close()
    store = SqliteStore(tmp_path / "relay.db")
    row = store.find(meter.pad.pad_id)
    assert row
    index, genesis = store.pad_index(row), PadLog(store.pad_index(row)).genesis
    assert [(found := index.newest_record(RecordKind.IDLE)) and found.raw, index.epoch_number()] == [first, 1]
    epochs = [epoch_at(genesis, index, number) for number in (0, 1, 2)]
    assert [each and each.n for each in epochs] == [0, 2, None]
    assert rotated.epoch == 1
    store.close()
