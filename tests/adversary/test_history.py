"""What the relay shows as history: left out, exchanged, replayed, rolled back, forked, withheld, mis-signed.

Each attack runs twice: as it is, and with the defence taken out, where it must succeed.
"""

from __future__ import annotations

from typing import Any

import pytest

from adversary.liar import pushing
from adversary.people import Lab, assert_caught, proven
from adversary.sabotage import Patch, any_head, both, nothing, yes
from cryptpad_relay.protocol.frames import Op
from cryptpad_tui.pad import flows, flows_restore
from cryptpad_tui.pad.alarms import AlarmCode
from cryptpad_tui.pad.fold import Fold
from cryptpad_tui.pad.freshness import Freshness, FreshnessState, FreshnessWatch
from cryptpad_tui.pad.proofs_judge import Against


@both
async def test_t03_two_concurrent_entries_exchanged_for_one_client(
    lab: Lab, monkeypatch: Patch, defended: bool
) -> None:
    anna, boris = await lab.client("Anna", 1), await lab.client("Boris", 2)
    await anna.write("Opening ")
    lab.relay.mute |= {"Anna", "Boris"}
    for person in (anna, boris):
        await person.write(f"{person.name} wrote meanwhile ")
    lab.relay.mute.clear()
    lab.relay.announce(lab.world, 3)
    await lab.settle()
    other = lab.world.with_entries(*[lab.world.entries[i] for i in (0, 1, 3, 4, 2)])
    if not defended:
        monkeypatch.setattr(Fold, "_check_base", nothing)
    victim = await lab.client("Viktor", 3, world=other)
    assert victim.alarm is None
    before = victim.state()
    assert before.head != boris.state().head
    await boris.write("and goes on ")
    lab.relay.grow(other, lab.world.entries[-1])
    await lab.settle()
    if defended:
        assert_caught(victim, AlarmCode.FORK, before)
    else:
        assert victim.alarm is None
        assert victim.state().head != boris.state().head


@both
async def test_t04_an_entry_left_out_in_the_middle(lab: Lab, monkeypatch: Patch, defended: bool) -> None:
    """Three entries of one batch, so that no base gives the middle one away."""
    anna = await lab.client("Anna", 1)
    for word in ("first line ", "second line ", "third line "):
        anna.type(word)
        anna.replica.queue.seal_pending()
    await anna.send()
    shown = [raw for i, raw in enumerate(lab.world.entries) if i != 2]
    if not defended:
        monkeypatch.setattr(Fold, "_refuse_sequence", nothing)
        monkeypatch.setattr(Fold, "_check_base", nothing)
    victim = lab.newcomer("Viktor", 3)
    honest = lab.world.with_entries(*shown[:2])
    await victim.connect(honest)
    before = victim.state()
    lab.relay.grow(honest, *shown[2:])
    await lab.settle()
    if defended:
        assert_caught(victim, AlarmCode.CHAIN_GAP, before)
        assert before.canonical == "first line "
    else:
        assert victim.alarm is None
        assert victim.state().n == len(shown)


@both
async def test_t04_a_commit_whose_head_is_not_its_entries(
    lab: Lab, monkeypatch: Patch, defended: bool
) -> None:
    anna, victim = await lab.client("Anna", 1), lab.newcomer("Viktor", 3)
    await anna.write("first line ")
    await victim.connect()
    before = victim.state()
    lab.lies_for["Viktor"].append(
        pushing(Op.COMMIT, lambda body: body[:40] + bytes(32) + body[72:])  # type: ignore[arg-type]
    )
    if not defended:
        any_head(monkeypatch)
    await anna.write("second line ")
    if defended:
        assert_caught(victim, AlarmCode.CHAIN_GAP, before)
    else:
        assert victim.alarm is None
        assert "second" in victim.state().canonical


@both
async def test_t05_one_authors_entries_dropped_for_one_victim(
    lab: Lab, monkeypatch: Patch, defended: bool
) -> None:
    anna, boris = await lab.client("Anna", 1), await lab.client("Boris", 2)
    await anna.write("Opening ")
    other = lab.world.fork()
    victim = await lab.client("Viktor", 3, world=other)
    await lab.talk(4, anna, boris, victim)
    assert victim.freshness() is Freshness.CONFIRMED
    before = victim.state()
    if not defended:
        monkeypatch.setattr(Fold, "_check_base", nothing)
        monkeypatch.setattr(FreshnessWatch, "heard", nothing)
    await boris.write("what Viktor shall not see ")
    await lab.talk(60, anna, boris, victim)
    assert victim.state() == before
    assert (victim.freshness() is not Freshness.CONFIRMED) == defended
    await anna.write("Anna goes on ")
    lab.relay.grow(other, lab.world.entries[-1])
    await lab.settle()
    if defended:
        assert_caught(victim, AlarmCode.FORK, before)
    else:
        assert victim.alarm is None
        assert victim.state().n > before.n


@both
async def test_t06_the_newest_entries_withheld_from_a_newcomer(
    lab: Lab, monkeypatch: Patch, defended: bool
) -> None:
    anna = await lab.client("Anna", 1)
    await anna.write("Opening ")
    old = lab.world.fork()
    await anna.write("the newest, withheld ")
    if not defended:
        monkeypatch.setattr(FreshnessWatch, "heard", claims_whatever_it_hears)
    victim = await lab.client("Viktor", 3, world=old)
    assert victim.alarm is None
    assert victim.freshness() is Freshness.RELAY_ONLY
    await lab.talk(5, anna, victim)
    if defended:
        assert victim.freshness() is Freshness.RELAY_ONLY
        await lab.talk(40, anna, victim)
        assert victim.freshness() is Freshness.STALE
    else:
        assert victim.freshness() is Freshness.CONFIRMED


def claims_whatever_it_hears(
    self: FreshnessWatch, session: Any, my_n: int, my_head: bytes, there: bytes | None, now: float
) -> None:
    """Confirmed by anybody who answered, wherever they are."""
    if session.confirmed_at == now:
        self._confirmed = FreshnessState(Freshness.CONFIRMED, session.ident_pk, now)


async def test_t06_withheld_from_everyone_is_what_the_relay_says_and_no_more(lab: Lab) -> None:
    """The sender sees that nothing of it came back; a reader without company is told whose word it is."""
    anna = await lab.client("Anna", 1)
    await anna.write("Opening ")
    old = lab.world.fork()
    lab.relay.mute.add("Anna")
    await anna.write("never shown to anybody ")
    assert len(anna.person.store.outbox()) == 1
    victim = await lab.client("Viktor", 3, world=old)
    await lab.talk(61, victim)
    assert victim.freshness() is Freshness.RELAY_ONLY


@both
async def test_t08_an_older_log_for_who_comes_back(lab: Lab, monkeypatch: Patch, defended: bool) -> None:
    anna, victim = await lab.client("Anna", 1), await lab.client("Viktor", 3)
    await anna.write("first line ")
    old = lab.world.fork()
    await anna.write("second line ")
    before = victim.state()
    if not defended:
        monkeypatch.setattr(flows, "catch_up", catch_up_forward_only(flows.catch_up))
        monkeypatch.setattr(flows_restore, "give_back", nothing_lost)
    await victim.connect(old)
    if defended:
        report = assert_caught(victim, AlarmCode.ROLLBACK, before)
        assert report.against is Against.RELAY, "it signed the longer log before it signed this one"
    else:
        assert victim.alarm is None


def nothing_lost(held: Any, connected: Any, *_: Any, **__: Any) -> Any:
    return connected, 0
    yield


def catch_up_forward_only(honest: Any) -> Any:
    def catch_up(held: Any, n: int, head: bytes) -> Any:
        return (yield from honest(held, n, head)) if n >= held.fold.n else []

    return catch_up


@both
async def test_t08_another_log_grown_from_an_old_one(lab: Lab, monkeypatch: Patch, defended: bool) -> None:
    """Rolled back and gone on: longer than before, so that its length says nothing."""
    anna, victim, olga = [await lab.client(name, i) for i, name in enumerate(("Anna", "Viktor", "Olga"), 1)]
    await anna.write("first line ")
    await olga.write("by Olga ")
    old = lab.world.fork()
    await olga.connect(old)
    await anna.write("second line ")
    await victim.hang_up()
    await olga.write("another second line ")
    await olga.write("and a third ")
    before = victim.state()
    if not defended:
        any_head(monkeypatch)
        monkeypatch.setattr(Fold, "_check_base", nothing)
        monkeypatch.setattr(Fold, "_refuse_sequence", nothing)
    await victim.connect(old)
    if defended:
        assert victim.alarm is not None
        assert victim.alarm.code in {AlarmCode.FORK, AlarmCode.CHAIN_GAP, AlarmCode.NOT_AUTHORISED}
        assert victim.state() == before
        assert proven(victim).against is Against.RELAY, "it signed both logs"
    else:
        assert victim.state().n > before.n


@both
@pytest.mark.parametrize("lie", ["shorter than the pin", "another log than the pin"])
async def test_t09_an_older_log_for_a_newcomer_with_a_pinned_link(
    lab: Lab, monkeypatch: Patch, lie: str, defended: bool
) -> None:
    anna = await lab.client("Anna", 1)
    await anna.write("first line ")
    old = lab.world.fork()
    await anna.write("second line ")
    pin = flows.Pin(len(lab.world.entries), lab.world.heads[-1][:16])
    if lie.startswith("another"):
        other = await lab.client("Olga", 4, world=old)
        await other.write("another second line ")
    if not defended:
        monkeypatch.setattr(flows, "check_pin", lambda fold, pin: iter(()))
    victim = lab.newcomer("Viktor", 3)
    victim.pin = pin if defended or lie.startswith("another") else flows.Pin(0, b"")
    await victim.connect(old)
    if defended:
        code = AlarmCode.FORK if lie.startswith("another") else AlarmCode.ROLLBACK
        assert victim.alarm
        assert victim.alarm.code is code
        assert proven(victim).proven
        assert victim.person.store.checkpoint() is None
    else:
        assert victim.alarm is None
        assert victim.state().canonical


async def test_t09_without_a_pin_it_is_accepted_and_confirmed_by_nobody(lab: Lab) -> None:
    anna = await lab.client("Anna", 1)
    await anna.write("first line ")
    old = lab.world.fork()
    await anna.write("second line ")
    lab.relay.presence_parted = True
    victim = await lab.client("Viktor", 3, world=old)
    await lab.talk(61, anna, victim)
    assert victim.alarm is None
    assert victim.freshness() is Freshness.RELAY_ONLY


@both
async def test_t10_a_forked_pad_can_never_be_merged(lab: Lab, monkeypatch: Patch, defended: bool) -> None:
    """But for what nobody could know of: an entry whose base lies before the fork crosses it."""
    anna, boris = await lab.client("Anna", 1), await lab.client("Boris", 2)
    await anna.write("Opening ")
    await boris.write("by Boris ")
    other = lab.world.fork()
    await boris.connect(other)
    lab.relay.presence_parted = True
    for person in (anna, boris):
        await person.write("this side ")
        await person.write("goes on ")
    sides = anna.state(), boris.state()
    if not defended:
        any_head(monkeypatch)
        monkeypatch.setattr(Fold, "_check_base", nothing)
        monkeypatch.setattr("cryptpad_tui.sync.pad_link.SignedHead.verify", yes)
    mine, theirs = lab.world.entries[-2:], other.entries[-2:]
    lab.relay.grow(lab.world, *theirs)
    lab.relay.grow(other, *mine)
    await lab.settle()
    if defended:
        for person, side in zip((anna, boris), sides, strict=True):
            assert person.alarm
            assert person.alarm.code is AlarmCode.FORK
            assert person.state().n == side.n + 1
            assert proven(person).code is AlarmCode.FORK
    else:
        assert anna.alarm is None
        assert boris.alarm is None


@both
async def test_t11_parted_presence_confirms_nothing(lab: Lab, monkeypatch: Patch, defended: bool) -> None:
    """Presence that crosses the fork disagrees; presence that does not lets the confirmation grow old."""
    anna, boris = await lab.client("Anna", 1), await lab.client("Boris", 2)
    await anna.write("Opening ")
    await lab.talk(4, anna, boris)
    assert anna.freshness() is boris.freshness() is Freshness.CONFIRMED
    await boris.connect(lab.world.fork())
    await anna.write("Anna's side ")
    await boris.write("Boris's side ")
    if not defended:
        monkeypatch.setattr(FreshnessWatch, "heard", claims_whatever_it_hears)
    await lab.talk(40, anna, boris)
    shown = {anna.freshness(), boris.freshness()}
    if defended:
        assert shown == {Freshness.STALE}
    else:
        assert shown == {Freshness.CONFIRMED}


async def test_t11_what_is_parted_from_is_confirmed_by_nobody_after_a_while(lab: Lab) -> None:
    anna, boris = await lab.client("Anna", 1), await lab.client("Boris", 2)
    await anna.write("Opening ")
    await lab.talk(4, anna, boris)
    assert anna.freshness() is Freshness.CONFIRMED
    await boris.connect(lab.world.fork())
    lab.relay.presence_parted = True
    await anna.write("Anna's side ")
    lab.now += 601
    assert anna.freshness() is not Freshness.CONFIRMED
    await lab.talk(20, anna, boris)
    assert Freshness.CONFIRMED not in {anna.freshness(), boris.freshness()}
