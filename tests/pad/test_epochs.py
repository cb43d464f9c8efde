"""A pad whose owner changes its keys: who stays loses nothing, who goes reads and writes nothing more."""

from __future__ import annotations

import pytest

from cryptpad_relay.protocol.errors import Code, Malformed, Refused
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto.errors import BadLink
from cryptpad_tui.crypto.keys import EditKeys, Role, ViewKeys
from cryptpad_tui.pad import flows
from cryptpad_tui.pad.epochs import HistoryClosed, NoStartYet, Removed, decode_closed, encode_closed
from cryptpad_tui.pad.flows import Pin
from cryptpad_tui.pad.keyring import KeyRing
from cryptpad_tui.pad.outgoing import SealResult
from support.epochs import Guest, Table
from support.pads import ListRelay, load_here


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def anna(table: Table) -> Guest:
    """The owner, whose pad is at the relay."""
    anna = Guest(table, "Anna", 1, owner=True)
    anna.write("Anna. ")
    return anna


def test_who_stays_goes_on_with_what_was_and_what_comes(table: Table, anna: Guest) -> None:
    boris = Guest(table, "Boris", 2)
    boris.write("Boris. ")
    record = anna.rotate(boris.kept())
    assert (record.epoch, len(record.slots)) == (1, 8)
    boris.write("Boris again. ")
    anna.write("Anna again. ")
    boris.arrive()
    assert boris.canonical() == anna.canonical() == "Anna. Boris. Boris again. Anna again. "
    assert boris.replica.fold.epoch == 1
    assert {writer.name for writer in boris.replica.fold.everybody.values()} >= {"Anna", "Boris"}


def test_r14_r15_a_member_who_was_away_returns_by_slot_and_loses_no_unsent_edit(
    table: Table, anna: Guest
) -> None:
    boris = Guest(table, "Boris", 2)
    boris.write("Boris. ")
    boris.type("unsent. ")
    boris.replica.queue.seal_pending()
    assert boris.store.outbox()
    boris.type("typed. ")
    anna.rotate(boris.kept())
    anna.rotate(boris.kept())
    anna.write("Anna again. ")
    boris.restart()
    boris.arrive()
    assert boris.send() is Code.OK
    boris.arrive()
    anna.arrive()
    assert boris.canonical() == anna.canonical()
    for piece in ("unsent. ", "typed. ", "Anna again. ", "Boris. "):
        assert anna.canonical().count(piece) == 1
    assert not boris.store.outbox()
    assert not boris.store.journal_after(0)


def test_r15_without_making_them_again_pending_edits_are_refused_for_ever(
    table: Table, anna: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    boris = Guest(table, "Boris", 2)
    boris.write("Boris. ")
    boris.type("unsent. ")
    boris.replica.queue.seal_pending()
    anna.rotate(boris.kept())
    monkeypatch.setattr(type(boris.replica.queue), "is_behind", lambda self: False)
    boris.arrive()
    assert boris.send() is Code.WRONG_EPOCH


def test_a_window_that_crosses_late_leaves_what_another_has_signed_since(table: Table, anna: Guest) -> None:
    """It waits for its turn; else the same edits would be signed twice."""
    boris = Guest(table, "Boris", 2)
    boris.write("Boris. ")
    anna.rotate(boris.kept())
    other = Guest(table, "Boris", 4, store=boris.store, identity=boris.identity)
    other.arrive()
    other.type("signed. ")
    other.remake(with_outbox=False)
    assert other.replica.queue.seal_pending() is SealResult.SEALED
    boris.type("typed. ")
    boris.replica.follow_store()
    boris.show(boris.replica.take_folded())
    assert boris.replica.fold.epoch == 1
    assert boris.replica.queue.seal_pending() is SealResult.WAIT
    assert other.send() is Code.OK
    boris.arrive()
    assert boris.send() is Code.OK
    anna.arrive()
    assert anna.canonical().count("signed. ") == anna.canonical().count("typed. ") == 1


def test_a_window_that_crosses_late_waits_for_one_that_can_still_sign(table: Table, anna: Guest) -> None:
    """What that one typed is not made again under it, each time that either looks."""
    boris = Guest(table, "Boris", 2)
    boris.write("Boris. ")
    anna.rotate(boris.kept())
    other = Guest(table, "Boris", 4, store=boris.store, identity=boris.identity)
    other.arrive()
    other.remake(with_outbox=False)
    other.type("typed there. ")
    boris.replica.follow_store()
    assert boris.replica.fold.epoch == 1
    live = {other.replica.queue.writer.pk}  # type: ignore[union-attr]
    boris.replica.queue._is_live = live.__contains__
    assert boris.replica.queue.seal_pending() is SealResult.WAIT
    live.clear()
    assert boris.replica.queue.seal_pending() is SealResult.REMAKE


def test_who_is_left_out_gets_the_word_and_keeps_what_there_was(table: Table, anna: Guest) -> None:
    carla = Guest(table, "Carla", 3)
    carla.write("Carla. ")
    carla.type("unsent. ")
    anna.rotate()
    anna.write("secret. ")
    with pytest.raises(Removed, match="not among those"):
        carla.arrive()
    assert carla.text() == "Anna. Carla. unsent. "
    assert carla.canonical() == "Anna. Carla. "
    assert carla.store.journal_after(0)
    carla.restart()
    with pytest.raises(Removed):
        carla.arrive()
    assert carla.text() == "Anna. Carla. unsent. "


def test_the_one_who_is_left_out_while_connected_hears_it_with_the_record(table: Table, anna: Guest) -> None:
    carla = Guest(table, "Carla", 3)
    carla.write("Carla. ")
    record = anna.rotate(snapshot=False)
    n, head = record.close_n + 1, anna.replica.fold.head
    folded, problem = carla.replica.fold_entries(n, [record.raw], head)
    assert isinstance(problem, Removed)
    assert folded == []
    assert carla.replica.fold.n == record.close_n


def test_the_record_in_the_log_is_word_enough_where_the_relay_denies_it(table: Table, anna: Guest) -> None:
    """Else they would be told to wait for a snapshot that cannot come, or be led around the record to one by
    somebody else who is out."""
    carla = Guest(table, "Carla", 3)
    carla.write("Carla. ")
    anna.rotate(snapshot=False)
    relay = ListRelay(anna.replica.pad_id, anna.genesis.raw)
    for row in anna.store.log_after(0, 100):
        relay.append(row.entry)
    relay.records.clear()
    connected = relay.play(flows.subscribe(carla.replica, relay.greeting, rng=carla.rng))
    with pytest.raises(Removed):
        relay.play(flows.join(carla.replica, connected, Pin(0, b""), load_here))


def test_old_links_open_nothing_and_new_ones_do(table: Table, anna: Guest) -> None:
    old = [anna.link(), anna.link(view=True)]
    anna.rotate()
    anna.write("Anna again. ")
    for epoch, keys in old:
        stranger = Guest(table, "Dora", 4, keys=keys, epoch=epoch)
        with pytest.raises(BadLink, match="changed its keys"):
            stranger.play(flows.fetch_genesis(stranger.replica.pad_id, epoch, keys, stranger.client.greeting))
    for view in (False, True):
        epoch, keys = anna.link(view=view)
        dora = Guest(table, "Dora", 5 + view, keys=keys, epoch=epoch)
        dora.play(flows.fetch_genesis(dora.replica.pad_id, epoch, keys, dora.client.greeting))
        dora.arrive()
        assert dora.canonical() == anna.canonical()
        assert dora.replica.can_edit != view
        if not view:
            dora.write("Dora. ")
            anna.arrive()
            assert "Dora. " in anna.canonical()


@pytest.mark.parametrize("history", [True, False])
def test_a_newcomer_reads_the_history_only_where_the_owner_gave_it(
    table: Table, anna: Guest, history: bool
) -> None:
    anna.rotate(history=history)
    epoch, keys = anna.link()
    dora = Guest(table, "Dora", 4, keys=keys, epoch=epoch)
    dora.arrive()
    assert dora.canonical() == "Anna. "
    assert (dora.replica.ring.known(0) is not None) == history
    fold = dora.replica.new_fold()
    rows = anna.store.log_after(0, 2)
    if history:
        assert fold.step(rows[0].entry).entry.entry_id == rows[0].entry_id
    else:
        with pytest.raises(HistoryClosed):
            fold.step(rows[0].entry)


@pytest.mark.parametrize("history", [True, False])
def test_who_was_left_out_and_is_back_goes_on_with_what_was_written_meanwhile(
    table: Table, anna: Guest, history: bool
) -> None:
    """With the history between, or from a snapshot behind it."""
    carla = Guest(table, "Carla", 3)
    carla.write("Carla. ")
    anna.rotate(history=history)
    anna.write("secret. ")
    carla.type("unsent. ")
    with pytest.raises(Removed):
        carla.arrive()
    anna.rotate(carla.kept(), history=history, snapshot=False)
    if not history:
        with pytest.raises(NoStartYet):
            carla.arrive()
        assert carla.canonical() == "Anna. Carla. "
    anna.snapshot()
    carla.restart()
    carla.arrive()
    assert carla.send() is Code.OK
    anna.arrive()
    assert carla.canonical() == anna.canonical() == "Anna. Carla. secret. unsent. "
    assert not carla.store.outbox()
    assert bool(carla.replica.judgement.take_notices()) != history


@pytest.mark.parametrize("history", [True, False])
def test_another_window_follows_the_one_that_came_back_after_its_person_was_left_out(
    table: Table, anna: Guest, history: bool
) -> None:
    """Else what is pending there would be read, and made again, on a log that does not hold its places."""
    carla = Guest(table, "Carla", 3)
    carla.write("Carla. ")
    anna.rotate(history=history)
    anna.write("secret. ")
    anna.rotate(carla.kept(), history=history)
    other = Guest(table, "Carla", 4, store=carla.store, identity=carla.identity)
    other.learned = carla.learned
    other.restart()
    other.arrive()
    carla.replica.follow_store()
    carla.show(carla.replica.take_folded())
    assert carla.replica.fold.head == other.replica.fold.head
    assert carla.canonical() == other.canonical() == anna.canonical()


def test_nothing_is_signed_before_the_epochs_own_record_is_here(table: Table, anna: Guest) -> None:
    """It would stand on a base of before the epoch, as if its author had seen another log."""
    anna.rotate()
    epoch, keys = anna.link()
    dora = Guest(table, "Dora", 4, keys=keys, epoch=epoch)
    dora.type("early. ")
    assert dora.replica.queue.seal_pending() is SealResult.WAIT
    dora.arrive()
    assert dora.send() is Code.OK
    assert dora.canonical() == "Anna. early. "


def test_a_newcomer_without_history_waits_for_the_first_snapshot(table: Table, anna: Guest) -> None:
    anna.rotate(history=False, snapshot=False)
    epoch, keys = anna.link()
    dora = Guest(table, "Dora", 4, keys=keys, epoch=epoch)
    with pytest.raises(NoStartYet):
        dora.arrive()
    anna.snapshot()
    dora.arrive()
    assert dora.canonical() == "Anna. "


def test_a_reader_stays_a_reader_and_an_editor_can_become_one(table: Table, anna: Guest) -> None:
    boris, view = Guest(table, "Boris", 2), anna.link(view=True)
    reader = Guest(table, "Emil", 6, keys=view[1])
    reader.arrive()
    boris.write("Boris. ")
    anna.rotate(boris.kept(Role.VIEW), reader.kept(Role.VIEW))
    anna.write("more. ")
    for person in (boris, reader):
        person.arrive()
        assert person.canonical() == anna.canonical()
        assert type(person.replica.ring.newest_keys) is ViewKeys
        assert not person.replica.can_edit
    anna.rotate(boris.kept(Role.EDIT))
    boris.write("Boris again. ")
    assert "Boris again. " in boris.canonical()


def test_writers_that_came_back_from_storage_know_who_wrote_before(table: Table, anna: Guest) -> None:
    boris = Guest(table, "Boris", 2)
    boris.write("Boris. ")
    anna.rotate(boris.kept())
    anna.write("Anna again. ")
    before = {pk: each.client_id for pk, each in anna.replica.fold.everybody.items()}
    anna.restart()
    assert {pk: each.client_id for pk, each in anna.replica.fold.everybody.items()} == before
    assert anna.replica.fold.epoch == 1
    epoch, keys = anna.link()
    dora = Guest(table, "Dora", 4, keys=keys, epoch=epoch)
    dora.arrive()
    shown = {pk: each.client_id for pk, each in dora.replica.fold.everybody.items()}
    assert set(before.items()) <= set(shown.items())
    anna.replica.require_stored()
    anna.replica.fold.mark_checkpoint()
    dora.replica.fold.mark_checkpoint()
    n = anna.replica.fold.n
    assert anna.replica.fold.digests[n].content_digest == dora.replica.fold.digests[n].content_digest


def test_others_may_write_while_the_owner_rotates(table: Table, anna: Guest) -> None:
    """Compare-and-set fails, each time with another salt; the freeze ends it."""
    boris = Guest(table, "Boris", 2)
    boris.write("Boris. ")
    anna.arrive()
    ask, salts, freezes = anna.client.ask, [], []

    def contended(op: int, body: bytes):  # type: ignore[no-untyped-def]
        if op == 3 and b"PAD1\x02" in body[:12]:
            salts.append(body[6 + 76 : 6 + 92])
            boris.connect()
            boris.arrive()
            boris.type("x")
            boris.replica.queue.seal_pending()
            sent = boris.play(flows.send(boris.replica, boris.store.outbox()))
            assert (sent.code is Code.RETRY) == bool(freezes)
        if op == 10:
            freezes.append(op)
        return ask(op, body)

    anna.client.ask = contended  # type: ignore[method-assign]
    anna.connect = lambda: None  # type: ignore[method-assign]
    record = anna.rotate(boris.kept(), snapshot=False)
    assert (len(set(salts)), len(salts), len(freezes)) == (4, 4, 1)
    del anna.client.ask, anna.connect
    boris.arrive()
    assert boris.send() is Code.OK
    anna.arrive()
    assert anna.canonical() == boris.canonical() == "Anna. Boris. xxxx"
    assert record.close_n == 7


def test_a_relay_from_a_backup_of_before_gets_the_epoch_back(table: Table, anna: Guest) -> None:
    boris = Guest(table, "Boris", 2)
    boris.write("Boris. ")
    anna.arrive()
    backup = table.store.crash()
    anna.rotate(boris.kept())
    anna.write("Anna again. ")
    boris.arrive()
    table.start(backup)
    boris.arrive()
    anna.arrive()
    assert table.desk.hub.open_pad(anna.replica.pad_id).log.epoch.number == 1  # type: ignore[union-attr]
    assert anna.canonical() == boris.canonical() == "Anna. Boris. Anna again. "


def test_a_refusal_of_who_knows_no_other_keys_is_no_removal(table: Table, anna: Guest) -> None:
    anna.arrive()
    ask = anna.client.ask

    def refuse(op: int, body: bytes):  # type: ignore[no-untyped-def]
        if op == 2:
            raise Refused(Code.NOT_AUTHORISED)
        return ask(op, body)

    anna.connect = lambda: None  # type: ignore[method-assign]
    anna.client.ask = refuse  # type: ignore[method-assign]
    with pytest.raises(Refused):
        anna.arrive()


def test_a_closed_writer_cannot_be_said_to_have_written_as_another(table: Table, anna: Guest) -> None:
    """A snapshot's maker says which text is by whom among those whose certificates count no more."""
    anna.arrive()
    [writer] = anna.replica.fold.writers.values()
    raw = encode_closed([writer], {writer.client_id: 5})
    closed, clocks = decode_closed(raw, anna.replica.pad_id)
    assert (list(closed), clocks) == ([writer.writer_pk], {writer.client_id: 5})
    other = bytearray(raw)
    other[72 + 7] ^= 1
    with pytest.raises(Malformed):
        decode_closed(bytes(other), anna.replica.pad_id)


def test_keys_that_another_window_found_are_known_here_too() -> None:
    first, second = EditKeys.from_seed(bytes(32)), EditKeys.from_seed(bytes([1]) * 32)
    durable = {0: first}
    ring = KeyRing({0: first}, PadKind.TEXT, recall=lambda: durable)
    assert ring.known(1) is None
    durable[1] = second
    assert ring.known(1) == second
    assert ring.newest == 1
