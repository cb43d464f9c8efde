"""A pad that moves, among relays that lie about it: hidden, forged, shortened, written to at two places."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adversary.sabotage import Patch, both, nothing
from cryptpad_relay import appending
from cryptpad_relay.protocol import frames, labels
from cryptpad_relay.protocol.errors import Code
from cryptpad_relay.protocol.frames import PadHead
from cryptpad_relay.protocol.move_record import MoveRecord, move_body, parse_move
from cryptpad_tui.crypto.keys import SigningSeed, owner_key
from cryptpad_tui.pad import flows_move
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.flows_move import NotMovedThere, OtherLogThere
from cryptpad_tui.pad.moves import Moved, Whereabouts, change_relay
from support.epochs import OWNER_ROOT, Guest, Table
from support.forge import Desk
from support.houses import URL, arrive, bring, follow, move, play


@pytest.fixture
def old() -> Table:
    return Table(1)


@pytest.fixture
def new() -> Table:
    return Table(2)


@pytest.fixture
def anna(old: Table) -> Guest:
    anna = Guest(old, "Anna", 1, owner=True)
    anna.write("Anna. ")
    return anna


@pytest.fixture
def boris(old: Table, anna: Guest) -> Guest:
    boris = Guest(old, "Boris", 2)
    boris.write("Boris. ")
    return boris


def go_along(guest: Guest, new: Table) -> MoveRecord:
    with pytest.raises(Moved) as moved:
        arrive(guest)
    follow(guest, moved.value.record, new)
    arrive(guest)
    return moved.value.record


def test_members_go_on_at_the_other_relay_with_what_they_had_not_sent(
    new: Table, anna: Guest, boris: Guest
) -> None:
    boris.type("unsent. ")
    boris.replica.queue.seal_pending()
    move(anna, new)
    go_along(boris, new)
    assert boris.send() is Code.OK
    arrive(anna)
    assert anna.text() == boris.text() == "Anna. Boris. unsent. "


def test_what_the_relay_that_is_left_signs_last_accuses_not_the_next_one(
    old: Table, new: Table, anna: Guest, boris: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its head with the record in it comes when that is folded, and the other relay has no record yet."""
    record = move(anna, new, record_too=False)
    with pytest.raises(Moved):
        arrive(boris)
    replica, witness = boris.replica, boris.replica.witness
    change_relay(witness, boris.store, record)
    end = PadHead(replica.fold.n, replica.fold.head)
    late = old.desk.hub.sign_head(replica.pad_id, end, bytes(16))
    with monkeypatch.context() as taken_out:
        taken_out.setattr(Whereabouts, "is_left_by", lambda place, fold: False)
        replica.take_signed(late)
        # RESTORE would show the other relay a word that it never gave.
        assert witness.confirmed == late
    change_relay(witness, boris.store, record)
    replica.take_signed(late)
    assert witness.confirmed == record.receipt
    follow(boris, record, new)
    arrive(boris)
    assert replica.fold.n == record.close_n + 1


def test_whoever_comes_first_brings_the_record_that_the_owner_could_not(
    new: Table, anna: Guest, boris: Guest
) -> None:
    move(anna, new, record_too=False)
    record = go_along(boris, new)
    assert boris.replica.fold.n == record.close_n + 1
    boris.type("after. ")
    assert boris.send() is Code.OK
    arrive(anna)
    assert anna.text() == boris.text()


def test_there_and_on_and_back_and_who_was_away_all_the_time(
    old: Table, new: Table, anna: Guest, boris: Guest
) -> None:
    third = Table(3)
    move(anna, new)
    anna.type("at two. ")
    arrive(anna)
    assert anna.send() is Code.OK
    last = move(anna, third)
    arrive(anna)
    anna.type("at three. ")
    assert anna.send() is Code.OK
    # The second relay is gone, and the third shows everything that came before it.
    follow(boris, last, third)
    boris.replica.place.ahead = None
    arrive(boris)
    assert boris.text() == anna.text() == "Anna. Boris. at two. at three. "
    home = boris.replica.fold.owner.home
    assert home is not None
    assert home.entry_id == last.entry_id


@both
def test_m1_a_relay_that_hides_the_move(
    old: Table, new: Table, anna: Guest, boris: Guest, monkeypatch: Patch, defended: bool
) -> None:
    """Boris is kept on the old log, where Carla writes on; nobody else takes it, and he learns of it."""
    carla = Guest(old, "Carla", 3)
    carla.write("Carla. ")
    arrive(boris)
    anna.arrive()
    other = Desk(old.store.crash(), old.forge)
    record = move(anna, new)
    if not defended:
        monkeypatch.setattr(flows_move, "check_extends", nothing)
    old.desk = other
    carla.write("CARLA ALONE. ")
    arrive(boris)
    assert "CARLA ALONE" in boris.text()
    greeting = (client := new.desk.connect()).greeting
    if not defended:
        assert play(client, flows_move.moved_there(boris.replica, 0, greeting)) == record
        return
    with pytest.raises(Alarm, match="it hid that the owner moved the pad") as caught:
        play(client, flows_move.moved_there(boris.replica, 0, greeting))
    assert caught.value.code is AlarmCode.FORK
    assert "Carla" in caught.value.detail
    arrive(anna)
    assert "CARLA ALONE" not in anna.text()


@both
def test_m2_a_relay_that_was_left_adds_nothing(
    old: Table, new: Table, anna: Guest, boris: Guest, monkeypatch: Patch, defended: bool
) -> None:
    """R+E: it takes what an editor writes behind the record, and shows it."""
    move(anna, new)
    monkeypatch.setattr(appending, "check_writable", lambda *args: None)
    if not defended:
        monkeypatch.setattr(Whereabouts, "check", nothing)
    carla = Guest(old, "Carla", 3)
    carla.write("BEHIND THE RECORD. ")
    if defended:
        with pytest.raises(Moved):
            arrive(boris)
        assert "BEHIND" not in boris.text()
    else:
        arrive(boris)
        assert "BEHIND" in boris.text()


def forged(anna: Guest, new: Table, key: SigningSeed, relay_seed: bytes | None = None) -> bytes:
    """A record of the right place and form; the receipt is the other relay's own."""
    fold = anna.replica.fold
    receipt = new.desk.hub.sign_head(fold.pad_id, frames.PadHead(fold.n, fold.head), bytes(16))
    if relay_seed is not None:
        body = receipt.pad_id + labels.u64(receipt.n) + receipt.head + labels.u64(receipt.unix_ms)
        signature = labels.sign_parts(relay_seed, labels.SIGNED_HEAD, body + receipt.challenge)
        receipt = replace(receipt, signature=signature)
    body = move_body(fold.epoch, fold.pad_id, receipt, new.desk.hub.relay_pk, URL)
    return body + key.sign(labels.MOVE, body)


@both
@pytest.mark.parametrize("forger", ["editor", "receipt"])
def test_m3_a_move_that_the_owner_or_the_other_relay_did_not_sign(
    new: Table, anna: Guest, boris: Guest, monkeypatch: Patch, defended: bool, forger: str
) -> None:
    arrive(boris)
    arrive(anna)
    owner = owner_key(OWNER_ROOT)
    raw = (
        forged(anna, new, SigningSeed(bytes(32)))
        if forger == "editor"
        else forged(anna, new, owner, bytes(32))
    )
    if not defended:
        monkeypatch.setattr(MoveRecord, "signature_ok", lambda *args: True)
    fold = boris.replica.fold
    folded, problem = boris.replica.fold_entries(fold.n + 1, [raw], fold.heads_after([raw])[0])
    if defended:
        assert isinstance(problem, Alarm)
        assert problem.code is AlarmCode.BAD_RECORD
        assert (folded, boris.replica.fold.owner.home) == ([], None)
    else:
        assert boris.replica.fold.owner.home == parse_move(raw)


@both
def test_m4_the_other_relay_shows_less_than_its_receipt(
    new: Table, anna: Guest, boris: Guest, defended: bool
) -> None:
    """For who was away, and has less than both: only the receipt tells."""
    dora = Guest(anna.table, "Dora", 5)
    dora.arrive()
    arrive(anna)
    bring(anna, new.desk.connect())
    short = new.store.crash()
    boris.write("more. ")
    arrive(boris)
    record = move(anna, new)
    new.start(short)
    follow(dora, record, new)
    follow(boris, record, new)
    if not defended:
        dora.replica.witness.go_on_with(None)
        arrive(dora)
        assert "more" not in dora.text()
        return
    for guest in (dora, boris):
        with pytest.raises(Alarm) as caught:
            arrive(guest)
        assert caught.value.code is AlarmCode.ROLLBACK
        assert "more" in boris.text()


@both
@pytest.mark.parametrize("knows_by", ["fold", "ahead"])
def test_m9_a_relay_that_was_left_hides_that_and_leads_nobody_back(
    new: Table, anna: Guest, boris: Guest, monkeypatch: Patch, defended: bool, knows_by: str
) -> None:
    """From one to two to three; the second shows the log, and the owner's word, up to where it had them."""
    third = Table(3)
    first = move(anna, new)
    go_along(boris, new)
    arrive(anna)
    anna.type("at two. ")
    assert anna.send() is Code.OK
    last = move(anna, third)
    if knows_by == "fold":
        go_along(boris, third)
        boris.replica.place.ahead = None
    else:
        follow(boris, last, third)
    if not defended:
        monkeypatch.setattr(flows_move, "_check_not_left", nothing)
    greeting = (client := new.desk.connect()).greeting
    honest = flows_move.moves_in
    monkeypatch.setattr(flows_move, "moves_in", lambda records: honest(records)[:1])
    if defended:
        with pytest.raises(NotMovedThere):
            play(client, flows_move.moved_there(boris.replica, 0, greeting))
    else:
        back = play(client, flows_move.moved_there(boris.replica, 0, greeting))
        change_relay(boris.replica.witness, boris.store, back)
        # What the relay that the pad is at signed last is lost, and nothing tells it lies.
        assert boris.replica.witness.confirmed == first.receipt


def test_m5_an_address_without_the_owners_word_is_not_followed(new: Table, anna: Guest, boris: Guest) -> None:
    """Somebody else brings the pad there, as an editor can, and says that it was moved."""
    arrive(anna)
    client = new.desk.connect()
    bring(anna, client)
    with pytest.raises(NotMovedThere):
        play(client, flows_move.moved_there(boris.replica, 0, client.greeting))


def test_m5_without_the_rule_it_would_be_followed(
    new: Table, anna: Guest, boris: Guest, monkeypatch: Patch
) -> None:
    arrive(anna)
    bring(anna, client := new.desk.connect())
    raw = forged(anna, new, SigningSeed(bytes(32)))
    monkeypatch.setattr(flows_move, "moves_in", lambda records: [parse_move(raw)])
    assert play(client, flows_move.moved_there(boris.replica, 0, client.greeting)) == parse_move(raw)


def test_m6_a_relay_that_has_another_log_gives_no_receipt(new: Table, anna: Guest, boris: Guest) -> None:
    """A squatter wrote there first; the pad stays where it is, and can be written to there."""
    squatter = Guest(new, "Carla", 3)
    squatter.write("Carla was first. ")
    arrive(anna)
    client = new.desk.connect()
    arrival = play(client, flows_move.arrive(anna.replica, OWNER_ROOT, client.greeting))
    assert arrival.state == 2
    with pytest.raises(OtherLogThere):
        play(client, flows_move.receipt(anna.replica, client.greeting, rng=anna.rng))
    boris.write("still here. ")
