"""Who was taken out of a pad, with the relay's full help: they read, write, backdate and fork in vain."""

from __future__ import annotations

import pytest

from adversary.sabotage import Patch, both, nothing
from cryptpad_relay.protocol.entry import Kind, parse_entry
from cryptpad_relay.protocol.errors import Code, Refused
from cryptpad_relay.protocol.owner_records import EpochRecord
from cryptpad_tui.crypto.errors import BadLink, SealBroken
from cryptpad_tui.crypto.keys import EditKeys, SigningSeed, keys_match, owner_key
from cryptpad_tui.crypto.sealing import open_sealed
from cryptpad_tui.crypto.slots import open_slot
from cryptpad_tui.pad import flows, flows_epoch, flows_keys, record_steps
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.epochs import Ended, Removed
from cryptpad_tui.pad.flows_epoch import Plan, make_epoch
from cryptpad_tui.pad.writer import Base, Writer
from support.epochs import OWNER_ROOT, Guest, Table
from support.forge import Desk


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def anna(table: Table) -> Guest:
    anna = Guest(table, "Anna", 1, owner=True)
    anna.write("Anna. ")
    return anna


@pytest.fixture
def carla(table: Table, anna: Guest) -> Guest:
    """An editor by a link, who is about to be out."""
    carla = Guest(table, "Carla", 3)
    carla.write("Carla. ")
    return carla


def test_t17_who_is_out_reads_nothing_that_comes_after(anna: Guest, carla: Guest) -> None:
    """The relay gives them every byte: no slot, no entry, no piece and not even the list of members opens."""
    boris = Guest(anna.table, "Boris", 2)
    boris.write("Boris. ")
    record = anna.rotate(boris.kept())
    anna.write("secret. ")
    ring = carla.replica.ring
    assert ring.find(record) is None
    ring.learn([record])
    assert ring.roster(record).members == ()
    held = [keys for epoch in ring.epochs if (keys := ring.known(epoch))]
    fresh = [parse_entry(row.entry) for row in anna.store.log_after(record.close_n + 1, 99)]
    assert {entry.kind for entry in fresh} == {Kind.HELLO, Kind.SNAPSHOT, Kind.UPDATE}
    for keys in held:
        for key in (keys.read_key, keys.meta_key, keys.presence_key, keys.view_seed):
            with pytest.raises(SealBroken):
                open_sealed(key, record.associated_data, record.sealed)
            for entry in fresh:
                with pytest.raises(SealBroken):
                    open_sealed(key, entry.associated_data, entry.sealed)


def backdated(carla: Guest, base: Base) -> list[bytes]:
    """A writer of the old epoch and what it writes, based where the relay likes."""
    keys = carla.replica.ring.newest_keys
    assert isinstance(keys, EditKeys)
    writer = Writer(carla.replica.pad_id, 0, keys, rng=carla.rng)
    hello = writer.hello(base, carla.identity, "Carla", bytes(3))
    carla.view.rebase(carla.replica.canonical_state(), writer.client_id)
    end = carla.view.lines.end
    carla.view.replace(end, end, "BACKDATED")
    return [hello.raw, writer.update(base, tuple(carla.view.take_updates())).raw]


@both
def test_t17_a_backdated_entry_of_the_closed_epoch(
    anna: Guest, carla: Guest, monkeypatch: Patch, defended: bool
) -> None:
    """R+X: an old certificate, and a base of before the close."""
    carla.arrive()
    base = carla.replica.base()
    if not defended:
        monkeypatch.setattr(record_steps, "step_epoch", nothing)
        monkeypatch.setattr("cryptpad_tui.pad.owner_records.OwnerBook.folded", nothing)
    record = anna.rotate(snapshot=False)
    fold = anna.replica.fold
    entries = backdated(carla, base)
    heads = fold.heads_after(entries)
    folded, problem = anna.replica.fold_entries(record.close_n + 2, entries, heads[-1])
    if defended:
        assert isinstance(problem, Alarm)
        assert problem.code is AlarmCode.BAD_ENTRY
        assert folded == []
        assert "BACKDATED" not in anna.canonical()
    else:
        assert "BACKDATED" in anna.canonical()


def test_t17_an_honest_relay_takes_nothing_from_who_is_out(anna: Guest, carla: Guest) -> None:
    carla.arrive()
    entries = backdated(carla, carla.replica.base())
    anna.rotate()
    helper = Guest(anna.table, "Helper", 9, keys=anna.link()[1], epoch=1)
    helper.arrive()
    appended = helper.play(flows_epoch._append(entries[0]))
    assert appended is Code.WRONG_EPOCH


@both
def test_t15_a_relay_that_hides_the_change_of_keys(
    table: Table, anna: Guest, carla: Guest, monkeypatch: Patch, defended: bool
) -> None:
    """Boris is kept on the old log, where Carla writes on: nobody else takes it, and he learns of it."""
    boris = Guest(table, "Boris", 2)
    boris.write("Boris. ")
    anna.arrive()
    other = Desk(table.store.crash(), table.forge)
    anna.rotate(boris.kept())
    anna.write("After. ")
    main, table.desk = table.desk, other
    carla.write("HIDDEN. ")
    boris.arrive()
    assert "HIDDEN. " in boris.canonical()
    table.desk = main
    if not defended:
        monkeypatch.setattr(flows_keys, "_check_not_hidden", nothing)
    with pytest.raises(Alarm) as caught:
        boris.arrive()
    told = "count for nobody else, by Carla" in caught.value.detail
    assert told == defended
    assert caught.value.code is AlarmCode.FORK or not defended
    anna.arrive()
    assert "HIDDEN" not in anna.canonical()
    assert "HIDDEN. " in boris.canonical()


@pytest.mark.parametrize("restarted", [False, True])
def test_t15_who_heard_of_the_change_of_keys_is_not_led_back(
    table: Table, anna: Guest, carla: Guest, restarted: bool
) -> None:
    """A relay that showed Boris the record, and then the old log, on which Carla writes on."""
    boris = Guest(table, "Boris", 2)
    boris.write("Boris. ")
    anna.arrive()
    other = Desk(table.store.crash(), table.forge)
    anna.rotate(boris.kept())
    boris.connect()
    flows_keys.prove(boris.replica, boris.client.greeting, 0)
    assert boris.play(flows_keys.learn(boris.replica))
    table.desk = other
    carla.write("HIDDEN. ")
    if restarted:
        boris.restart()
    with pytest.raises(Alarm) as caught:
        boris.arrive()
    assert caught.value.code is AlarmCode.ROLLBACK
    assert "HIDDEN" not in boris.canonical()


def test_t15_nothing_is_folded_behind_what_the_owner_closed(anna: Guest, carla: Guest) -> None:
    boris = Guest(anna.table, "Boris", 2)
    boris.write("Boris. ")
    carla.arrive()
    anna.arrive()
    record = make_epoch(
        anna.replica, OWNER_ROOT, Plan((boris.kept(),)), anna.replica.pad_id, bytes(32), rng=anna.rng
    )
    boris.replica.ring.learn([record])
    entries = backdated(carla, carla.replica.base())
    heads = boris.replica.fold.heads_after(entries)
    _, problem = boris.replica.fold_entries(record.close_n + 1, entries, heads[-1])
    assert isinstance(problem, Alarm)
    assert problem.code is AlarmCode.FORK
    assert "BACKDATED" not in boris.canonical()


def test_t15_a_newcomer_with_a_link_of_now_is_not_led_onto_the_old_log(
    table: Table, anna: Guest, carla: Guest
) -> None:
    anna.arrive()
    other = Desk(table.store.crash(), table.forge)
    anna.rotate()
    epoch, keys = anna.link()
    table.desk = other
    dora = Guest(table, "Dora", 4, keys=keys, epoch=epoch)
    with pytest.raises(Refused) as refused:
        dora.arrive()
    assert refused.value.code is Code.NOT_AUTHORISED


def test_t15_records_that_stop_before_the_links_epoch_are_not_believed(anna: Guest) -> None:
    """A relay that answers OWNER_REC without checking the proof, and leaves the newest record out."""
    anna.rotate()
    epoch, keys = anna.link()
    with pytest.raises(BadLink, match="does not know the keys"):
        flows._named_by(anna.genesis, epoch, [])
    assert isinstance(keys, EditKeys)


@both
def test_r06_a_refused_record_leaks_no_seed_of_the_accepted_one(
    anna: Guest, carla: Guest, monkeypatch: Patch, defended: bool
) -> None:
    """The relay keeps an attempt that it refused, in which Carla still had a slot, and shows it to her."""
    anna.arrive()
    rng = anna.rng
    if not defended:

        def same_salt(size: int) -> bytes:
            return bytes(16) if size == 16 else rng(size)

        anna.rng = same_salt
    pad_id, relay = anna.replica.pad_id, bytes(32)
    refused = make_epoch(anna.replica, OWNER_ROOT, Plan((carla.kept(),)), pad_id, relay, rng=anna.rng)
    accepted = make_epoch(anna.replica, OWNER_ROOT, Plan(()), pad_id, relay, rng=anna.rng)
    [slot] = [found for raw in refused.slots if (found := open_slot(raw, pad_id, 1, carla.identity))]
    assert keys_match(slot.keys(), refused, 0)
    assert keys_match(slot.keys(), accepted, 0) == (not defended)


def test_r14_without_their_slot_they_would_be_outside(anna: Guest, carla: Guest) -> None:
    anna.rotate()
    with pytest.raises(Removed):
        carla.arrive()
    anna.rotate(carla.kept())
    carla.arrive()
    assert carla.canonical() == anna.canonical()


@both
def test_t14_an_epoch_that_the_owner_did_not_sign(
    anna: Guest, carla: Guest, monkeypatch: Patch, defended: bool
) -> None:
    """Carla and the relay begin an epoch of their own, sealed to Anna too."""
    anna.arrive()
    forger = SigningSeed(bytes(range(7, 39)))
    monkeypatch.setattr(flows_epoch, "owner_key", lambda root: forger)
    forged = make_epoch(
        anna.replica, bytes(32), Plan((anna.kept(),)), anna.replica.pad_id, bytes(32), rng=carla.rng
    )
    assert forger.public != owner_key(OWNER_ROOT).public
    if not defended:
        monkeypatch.setattr(EpochRecord, "signature_ok", lambda self, owner_pk: True)
    head = anna.replica.fold.heads_after([forged.raw])[0]
    _, problem = anna.replica.fold_entries(forged.close_n + 1, [forged.raw], head)
    if defended:
        assert isinstance(problem, Alarm)
        assert problem.code is AlarmCode.BAD_RECORD
    else:
        assert problem is None
        assert anna.replica.fold.epoch == 1


@both
def test_t27_a_tombstone_is_the_owners_or_an_alarm(
    anna: Guest, carla: Guest, monkeypatch: Patch, defended: bool
) -> None:
    """Valid: the owner deleted it, and the copy stays. Forged: the relay is caught."""
    if not defended:
        monkeypatch.setattr(
            "cryptpad_relay.protocol.owner_records.DeleteRecord.signature_ok", lambda self, owner_pk: True
        )
        monkeypatch.setattr(flows_epoch, "owner_key", lambda root: carla.identity)
        carla.arrive()
        carla.play(flows_epoch.delete(carla.replica, bytes(32), now_ms=1))
    else:
        anna.arrive()
        carla.arrive()
        with pytest.raises(Refused):
            carla.play(flows_epoch.delete(carla.replica, bytes(32), now_ms=1))
        anna.play(flows_epoch.delete(anna.replica, OWNER_ROOT, now_ms=1))
    with pytest.raises(Ended):
        carla.arrive()
    assert carla.canonical() == "Anna. Carla. "
