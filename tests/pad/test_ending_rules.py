"""When a pad has ended by its owner's word, and when keys were hidden: docs/protocol.md §13, §14."""

from __future__ import annotations

import pytest
from pad.test_joining import grow

from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.owner_records import (
    EpochFields,
    EpochRecord,
    delete_body,
    epoch_before_seal,
    expire_body,
    idle_body,
    parse_record,
)
from cryptpad_tui.crypto.keys import owner_key
from cryptpad_tui.pad import flows_keys
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.epochs import Ended, Expired
from cryptpad_tui.pad.flows_keys import DAY_MS
from support.pads import OWNER_ROOT, ListRelay, Person, relay_for

OTHER = b"\7" * 32
NOW = 1_000 * DAY_MS


@pytest.fixture
def pad() -> tuple[Person, ListRelay]:
    anna = Person("Anna", 1)
    relay = relay_for(anna)
    grow(anna, relay, 2)
    return anna, relay


def end_of(pad: tuple[Person, ListRelay], *bodies: tuple[str, bytes], used_ms: int = NOW) -> type | None:
    """What is said of a pad that the relay calls deleted, with these records in order."""
    anna, relay = pad
    relay.records = []
    for label, body in bodies:
        previous = parse_record(relay.records[-1]).entry_id if relay.records else relay.pad_id
        linked = body[:44] + previous + body[76:]
        relay.records.append(linked + owner_key(OWNER_ROOT).sign(label, linked))
    anna.replica.used_ms = used_ms
    try:
        relay.play(flows_keys.ended(anna.replica, now_ms=NOW))
    except (Ended, Alarm) as end:
        return type(end)
    return None


def test_only_the_owners_word_ends_a_pad(pad: tuple[Person, ListRelay]) -> None:
    pad_id = pad[1].pad_id
    names = pad_id, 0, bytes(32)

    def expire(at_ms: int) -> tuple[str, bytes]:
        return labels.EXPIRE, expire_body(*names, at_ms)

    def idle(days: int) -> tuple[str, bytes]:
        return labels.IDLE, idle_body(*names, days)

    delete = labels.DELETE, delete_body(*names, 1, bytes(32), 5)
    assert end_of(pad) is None
    assert end_of(pad, delete) is Ended
    assert end_of(pad, (labels.VOID, delete[1])) is Alarm
    assert end_of(pad, expire(NOW)) is Expired
    assert end_of(pad, expire(NOW + 1)) is None
    assert end_of(pad, expire(0)) is None
    assert end_of(pad, expire(1), expire(NOW + 1)) is None
    assert end_of(pad, expire(1), expire(0)) is None
    assert end_of(pad, idle(10), used_ms=NOW - 10 * DAY_MS) is Expired
    assert end_of(pad, idle(10), used_ms=NOW - 10 * DAY_MS + 1) is None
    assert end_of(pad, idle(0), used_ms=0) is None
    assert end_of(pad, idle(1), idle(0), used_ms=0) is None


def test_a_change_of_keys_that_closed_another_log_was_hidden(pad: tuple[Person, ListRelay]) -> None:
    anna, relay = pad
    fold = anna.replica.fold

    def closing(n: int, head: bytes) -> EpochRecord:
        fields = EpochFields(
            relay.pad_id, 1, relay.pad_id, bytes(16), OTHER, OTHER, bytes(16), bytes(32), n, head, 0
        )
        record = parse_record(epoch_before_seal(fields, (), 100) + bytes(164))
        assert isinstance(record, EpochRecord)
        return record

    flows_keys._check_not_hidden(anna.replica, closing(fold.n, fold.head))
    flows_keys._check_not_hidden(anna.replica, closing(fold.n + 5, OTHER))
    for wrong in (closing(fold.n, OTHER), closing(fold.n - 1, relay.heads[-2]), closing(fold.n - 1, OTHER)):
        with pytest.raises(Alarm) as caught:
            flows_keys._check_not_hidden(anna.replica, wrong)
        assert caught.value.code is AlarmCode.FORK
