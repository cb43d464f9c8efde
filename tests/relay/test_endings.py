"""How pads end at a relay, after a time without use too, and what its operator keeps; over both stores."""

from __future__ import annotations

import pytest

from cryptpad_relay import endings
from cryptpad_relay.limits import Limits
from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.errors import Code, Malformed
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.owner_records import IDLE_BYTES, MAX_IDLE_DAYS, IdleRecord, parse_record
from cryptpad_relay.protocol.records import RecordKind
from cryptpad_relay.store.base import Store
from support.forge import Desk, DeskClient, Forge, ForgedPad, ForgedWriter
from support.forge_records import forge_delete, forge_expire, forge_idle

DAY_S = 86_400


def pass_days(desk: Desk, days: int) -> None:
    """The relay runs on; its clock is its own."""
    for _ in range(days):
        desk.unix_s += DAY_S
        # What a day's first look counts, the look of a minute later sees.
        for _ in range(2):
            desk.now += 60
            desk.hub.tick(desk.now)
            while desk.commit():
                pass


def bodies(desk: Desk, pad: ForgedPad) -> int:
    """How many entries the store holds beside the owner's records."""
    row = desk.hub.store.find(pad.pad_id)
    assert row
    index = desk.hub.store.pad_index(row)
    return len(list(index.read(0, 1_000))) - index.record_count()


def is_gone(desk: Desk, pad: ForgedPad) -> bool:
    client = desk.connect()
    answer = client.ask(Op.SUB, client.sub_body(pad))
    client.session.closed()
    return answer.op == Op.ERR and frames.Error.decode(answer.body).code is Code.DELETED


@pytest.fixture
def used(desk: Desk, client: DeskClient, pad: ForgedPad) -> ForgedPad:
    """A pad with an entry, that ends after 30 days without use; nobody has it open."""
    pass_days(desk, 1)
    writer = ForgedWriter(pad, bytes([1]) * 32)
    assert client.append(forge_idle(pad, 30), writer.hello(pad.start)).code is Code.OK
    client.session.closed()
    return pad


def test_what_nobody_uses_for_so_many_days_ends(desk: Desk, used: ForgedPad) -> None:
    pass_days(desk, 30)
    assert bodies(desk, used) == 1
    pass_days(desk, 1)
    assert is_gone(desk, used)
    assert bodies(desk, used) == 0
    pass_days(desk, 2)
    assert is_gone(desk, used)
    answer = desk.connect()
    body = frames.OwnerRec(used.pad_id, 0, used.proof(answer.greeting.relay_nonce, answer.greeting.relay_pk))
    records = frames.OwnerRecords.decode(answer.ask(Op.OWNER_REC, body.encode()).body).records
    assert isinstance(parse_record(records[-1]), IdleRecord), "its owner's word is what is left"


def test_opening_it_begins_the_count_again_and_so_does_having_it_open(desk: Desk, used: ForgedPad) -> None:
    pass_days(desk, 29)
    reader = desk.connect()
    reader.subscribe(used)
    pass_days(desk, 40)
    reader.session.closed()
    pass_days(desk, 30)
    assert not is_gone(desk, used)
    pass_days(desk, 30)
    assert bodies(desk, used) == 1
    pass_days(desk, 1)
    assert is_gone(desk, used)


def test_the_owner_takes_it_back(desk: Desk, used: ForgedPad) -> None:
    owner = desk.connect()
    owner.subscribe(used)
    row = desk.hub.store.find(used.pad_id)
    assert row
    last = desk.hub.store.pad_index(row).newest_record(RecordKind.IDLE)
    assert last
    assert owner.append(forge_idle(used, 0, last.entry_id)).code is Code.OK
    owner.session.closed()
    pass_days(desk, 100)
    assert not is_gone(desk, used)


def test_days_on_which_the_relay_did_not_run_or_its_clock_jumped_are_nobodys(
    desk: Desk, used: ForgedPad, store: Store
) -> None:
    """Coming back after a year, a relay must not find everybody's pads unused."""
    for jump in (365, -3_650, 3_650):
        desk.unix_s += jump * DAY_S
        pass_days(desk, 1)
        assert not is_gone(desk, used)
    again = Desk(store, desk.forge)
    again.unix_s = desk.unix_s + 365 * DAY_S
    pass_days(again, 1)
    assert not is_gone(again, used)


@pytest.mark.parametrize("how", ["deleted", "expired", "unused"])
def test_an_archive_keeps_the_sealed_bytes_for_its_days_and_gives_them_to_nobody(
    store: Store, how: str
) -> None:
    desk = Desk(store, Forge(), limits=Limits(archive_days=10))
    pad = desk.forge.pad()
    client = desk.connect()
    client.create(pad)
    client.subscribe(pad)
    pass_days(desk, 1)
    head = client.append(ForgedWriter(pad, bytes([1]) * 32).hello(pad.start)).positions[-1]
    ends = {
        "deleted": lambda: forge_delete(pad, head),
        "expired": lambda: forge_expire(pad, int((desk.unix_s + DAY_S) * 1_000)),
        "unused": lambda: forge_idle(pad, 1),
    }
    assert client.append(ends[how]()).code is Code.OK
    client.session.closed()
    pass_days(desk, {"deleted": 0, "expired": 1, "unused": 2}[how])
    assert is_gone(desk, pad)
    assert bodies(desk, pad) == 1
    client = desk.connect()
    assert client.refusal(Op.CREATE, pad.genesis).code is Code.DELETED
    pass_days(desk, 9)
    assert bodies(desk, pad) == 1
    pass_days(desk, 1)
    assert bodies(desk, pad) == 0
    assert is_gone(desk, pad)


def test_an_operator_who_keeps_no_archive_any_more_has_it_erased(store: Store) -> None:
    desk = Desk(store, Forge(), limits=Limits(archive_days=1_000))
    pad = desk.forge.pad()
    client = desk.connect()
    client.create(pad)
    client.subscribe(pad)
    head = client.append(ForgedWriter(pad, bytes([1]) * 32).hello(pad.start)).positions[-1]
    client.append(forge_delete(pad, head))
    assert bodies(desk, pad) == 1
    without = Desk(store, desk.forge)
    pass_days(without, 1)
    assert bodies(without, pad) == 0


@pytest.mark.parametrize("wrong", ["length", "days"])
def test_what_is_no_idle_record_is_refused(pad: ForgedPad, wrong: str) -> None:
    raw = forge_idle(pad, 30)
    assert len(raw) == IDLE_BYTES == 144
    with pytest.raises(Malformed):
        parse_record(raw + b"\0" if wrong == "length" else forge_idle(pad, MAX_IDLE_DAYS + 1))


def test_only_the_owner_says_so(client: DeskClient, pad: ForgedPad, desk: Desk) -> None:
    assert client.append(forge_idle(pad, 1, sign_with=desk.forge.bytes(32))).code is Code.BAD_SIGNATURE


@pytest.mark.parametrize("bounded", [True, False])
def test_of_very_many_pads_with_a_day_only_some_are_looked_at_in_one_minute(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, bounded: bool
) -> None:
    """T43: who makes a million of them would hold the relay for a minute each minute. All have their turn."""
    if bounded:
        monkeypatch.setattr(endings, "DUE_AT_ONCE", 2)
    pads = [desk.forge.pad() for _ in range(5)]
    client = desk.connect()
    for pad in pads:
        client.create(pad)
        client.subscribe(pad)
        assert client.append(forge_expire(pad, int(desk.unix_s * 1_000) + 1)).code is Code.OK
    client.session.closed()
    desk.unix_s += 1

    def erased() -> int:
        desk.now += 60
        desk.hub.tick(desk.now)
        while desk.commit():
            pass
        rows = [desk.hub.store.find(pad.pad_id) for pad in pads]
        return sum([row is not None and desk.hub.store.pad_index(row).life().has_ended for row in rows])

    assert [erased(), erased(), erased()] == ([2, 4, 5] if bounded else [5, 5, 5])
    assert all(is_gone(desk, pad) for pad in pads)
