"""Taking people out of a pad, with real vaults and a real relay: who stays, who goes, what a death leaves."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cryptpad_relay.protocol.owner_records import EpochRecord
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto.errors import BadLink
from cryptpad_tui.crypto.keys import Role, edit_seed_of, pseudonym_of
from cryptpad_tui.engine import (
    Engine,
    PadSession,
    SyncWord,
    creating,
    member_book,
    membership,
    schedule,
    syncing,
)
from cryptpad_tui.engine.errors import NotOwner, UnknownMember
from cryptpad_tui.pad import flows_epoch
from cryptpad_tui.pad.flows_epoch import Kept, Plan, make_epoch
from cryptpad_tui.pad.replica import Replica
from cryptpad_tui.vault.errors import DiskFull
from support.pads import OWNER_ROOT, ListRelay
from support.relay import RelayProcess
from support.sessions import MakeEngine, append, until


def identity(engine: Engine, pad_id: bytes) -> bytes:
    return pseudonym_of(engine.vault.account_root, pad_id).public


async def trio(relay: RelayProcess, make_engine: MakeEngine) -> tuple[Engine, Engine, Engine, bytes, str]:
    """Anna's pad, in which Boris and Carla wrote; Boris is on her list."""
    anna = make_engine("Anna", relay_url=relay.url)
    boris, carla = make_engine("Boris"), make_engine("Carla")
    pad_id = anna.create_pad("Plans", text="Plans.\n").pad_id
    link = await anna.make_link(pad_id, view=False)
    for engine, name in ((boris, "Boris"), (carla, "Carla")):
        await engine.join(link)
        with engine.borrowed(pad_id) as session:
            append(session, f"{name} was here.\n")
        await engine.sync([pad_id])
    await anna.sync([pad_id])
    membership.keep(anna, pad_id, identity(boris, pad_id), role=Role.EDIT)
    return anna, boris, carla, pad_id, link


async def test_revoking_all_links_keeps_the_members_and_ends_the_rest(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, boris, carla, pad_id, link = await trio(relay, make_engine)
    lines = {line.name: line.how for line in membership.members(anna, pad_id).lines}
    assert lines == {"Anna": "me", "Boris": "member", "Carla": "link"}
    with pytest.raises(NotOwner):
        await membership.revoke(boris, pad_id)
    with boris.borrowed(pad_id) as session:
        append(session, "Boris, unsent.\n")
    with carla.borrowed(pad_id) as session:
        append(session, "Carla, unsent.\n")
    after = await membership.revoke(anna, pad_id)
    assert (after.epoch, after.unfinished) == (1, False)
    with anna.borrowed(pad_id) as session:
        append(session, "After the change.\n")
    await anna.sync([pad_id])

    report = await boris.sync([pad_id])
    assert (report.waiting, report.alarms) == (0, ())
    await anna.sync([pad_id])
    with anna.borrowed(pad_id) as hers, boris.borrowed(pad_id) as his:
        assert hers.view.text() == his.view.text()
        assert hers.view.text().count("Boris, unsent.") == 1
    assert boris.vault.pad(pad_id).epoch == 1  # type: ignore[union-attr]

    report = await carla.sync([pad_id])
    assert any("not among those who got the new ones" in line for line in report.notices)
    assert carla.listing_of(pad_id).sync is SyncWord.REMOVED
    with carla.borrowed(pad_id) as session:
        assert "Carla, unsent." in session.view.text()
        assert "After the change." not in session.view.text()
        assert session.status().word is SyncWord.REMOVED
    with pytest.raises(BadLink, match="ask for a new link"):
        await make_engine("Dora").join(link)

    again = await anna.make_link(pad_id, view=False)
    await carla.join(again)
    assert carla.listing_of(pad_id).sync is SyncWord.SYNCED
    await anna.sync([pad_id])
    with anna.borrowed(pad_id) as hers:
        assert hers.view.text().count("Carla, unsent.") == 1


async def test_who_is_to_read_only_reads_on_whatever_they_had_signed_and_not_sent(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, boris, _, pad_id, _ = await trio(relay, make_engine)
    with boris.borrowed(pad_id) as session:
        append(session, "Boris, unsent.\n")
        session.seal()
    membership.keep(anna, pad_id, identity(boris, pad_id), role=Role.VIEW)
    await membership.revoke(anna, pad_id)
    await boris.start()
    session = boris.open_pad(pad_id)
    await until(lambda: not session.can_edit and session.attached_here)
    with anna.borrowed(pad_id) as hers:
        append(hers, "After the change.\n")
    await anna.sync([pad_id])
    await until(lambda: "After the change." in session.view.text())
    assert session.problem == ""
    assert any("only read it" in notice.text for notice in session.take_notices())
    with anna.borrowed(pad_id) as hers:
        assert "unsent" not in hers.view.text()


def member_of(engine: Engine) -> tuple[PadSession, Callable[[Role], EpochRecord]]:
    """In somebody else's pad, whose owner is to make an epoch with this right for them."""
    theirs = creating.new_record(engine, PadKind.TEXT, OWNER_ROOT)
    engine.add(replace(theirs, role="edit", secret=edit_seed_of(OWNER_ROOT, 0)))
    session = engine.open_pad(theirs.pad_id)

    def make(role: Role) -> EpochRecord:
        plan = Plan((Kept(identity(engine, session.pad_id), role),))
        return make_epoch(session.replica, OWNER_ROOT, plan, session.pad_id, bytes(32), rng=engine.rng)

    return session, make


async def test_a_window_crosses_behind_another_one(make_engine: MakeEngine) -> None:
    """It would show itself, and look for others, under keys that nobody uses any more."""
    first, second = make_engine("Boris"), make_engine("Boris")
    one, make = member_of(first)
    two = second.open_pad(one.pad_id)
    append(two, "typed.\n")
    two.flush()
    relay = ListRelay(one.pad_id, one.record.genesis)
    relay.append(make(Role.EDIT).raw)
    _, problem = one.replica.fold_entries(1, relay.entries, relay.heads[-1])
    assert problem is None
    two.follow_vault()
    assert two.replica.fold.epoch == two.record.epoch == 1
    assert two.replica.writer
    assert two.replica.writer.epoch == 1
    assert [row.writer_pk for row in two.replica.store.journal_after(0)] == [two.replica.writer.pk]


async def test_who_is_to_read_only_types_no_more_once_the_owners_record_is_known(
    make_engine: MakeEngine,
) -> None:
    """It can stand long before the log is here up to it; what they typed until then would never be sent."""
    session, make = member_of(make_engine("Boris"))
    session.replica.ring.learn([make(Role.VIEW)])
    assert session.replica.fold.epoch == 0
    session.folded()
    assert (session.can_edit, session.view.read_only) == (False, True)


async def test_open_windows_go_on_under_the_new_keys(relay: RelayProcess, make_engine: MakeEngine) -> None:
    anna, boris, carla, pad_id, _ = await trio(relay, make_engine)
    for engine in (anna, boris, carla):
        await engine.start()
    hers, his, third = (engine.open_pad(pad_id) for engine in (anna, boris, carla))
    await until(lambda: all(each.attached_here for each in (hers, his, third)))
    owner_elsewhere = make_engine("Anna")
    await membership.revoke(owner_elsewhere, pad_id)
    await until(lambda: third.standing is SyncWord.REMOVED, within_s=15)
    append(hers, "Anna goes on.\n")
    append(his, "Boris goes on.\n")
    append(third, "Carla talks to herself.\n")
    await until(
        lambda: hers.view.text() == his.view.text() and hers.view.text().count("goes on") == 2, within_s=15
    )
    await until(lambda: hers.status().word is SyncWord.CONFIRMED, within_s=15)
    assert "herself" not in hers.view.text()
    assert "goes on" not in third.view.text()


async def test_taking_one_member_out_leaves_the_others(relay: RelayProcess, make_engine: MakeEngine) -> None:
    anna, boris, carla, pad_id, _ = await trio(relay, make_engine)
    membership.keep(anna, pad_id, identity(carla, pad_id), role=Role.VIEW, name="Carla K.")
    found = membership.find_member(anna, pad_id, "Carla K.")
    assert found == membership.find_member(anna, pad_id, found.ident_pk.hex()[:8])
    with pytest.raises(UnknownMember):
        membership.find_member(anna, pad_id, "nobody")
    await membership.revoke(anna, pad_id, drop=[identity(boris, pad_id)])
    await boris.sync([pad_id])
    assert boris.listing_of(pad_id).sync is SyncWord.REMOVED
    await carla.sync([pad_id])
    assert carla.listing_of(pad_id).role == "view"
    assert [line.name for line in membership.members(carla, pad_id).lines if line.how == "member"] == []
    assert {line.how for line in membership.members(anna, pad_id).lines} == {"me", "member"}


@pytest.mark.parametrize("step", ["rotate", "take", "snapshot_entries"])
async def test_a_revocation_that_dies_anywhere_is_done_or_not_begun_and_goes_on(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Before the record is sent, after the relay took it, and before the first snapshot."""
    anna, boris, carla, pad_id, _ = await trio(relay, make_engine)
    module = flows_epoch if step == "rotate" else flows_epoch.flows

    name = "make_epoch" if step == "rotate" else step
    honest = getattr(module, name)

    def die(replica: Replica, *args: Any, **named: Any) -> Any:
        if replica.pad_id == pad_id:
            raise KeyboardInterrupt
        return honest(replica, *args, **named)

    with monkeypatch.context() as patch:
        patch.setattr(module, name, die)
        with pytest.raises(KeyboardInterrupt):
            await membership.revoke(anna, pad_id)
    await anna.disconnect()
    anna = make_engine("Anna")
    await carla.sync([pad_id])
    was_done = carla.listing_of(pad_id).sync is SyncWord.REMOVED
    assert was_done == (step != "rotate")
    assert membership.members(anna, pad_id).unfinished == (step != "snapshot_entries")
    done = await schedule.rotate_due(anna)
    assert done == ([] if step == "snapshot_entries" else [pad_id])
    await anna.sync([pad_id])
    await boris.sync([pad_id])
    await carla.sync([pad_id])
    assert carla.listing_of(pad_id).sync is SyncWord.REMOVED
    with anna.borrowed(pad_id) as hers, boris.borrowed(pad_id) as his:
        append(hers, "Anna goes on.\n")
        append(his, "Boris goes on.\n")
    for engine in (anna, boris, anna):
        await engine.sync([pad_id])
    with anna.borrowed(pad_id) as hers, boris.borrowed(pad_id) as his:
        assert hers.view.text() == his.view.text()
        assert hers.view.text().count("goes on") == 2


async def test_a_relay_that_dies_under_a_revocation_loses_nobody(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, boris, carla, pad_id, _ = await trio(relay, make_engine)
    task = asyncio.create_task(membership.revoke(anna, pad_id))
    await asyncio.sleep(0.15)
    relay.kill()
    await asyncio.gather(task, return_exceptions=True)
    relay.start()
    await membership.revoke(anna, pad_id)
    await boris.sync([pad_id])
    await carla.sync([pad_id])
    assert carla.listing_of(pad_id).sync is SyncWord.REMOVED
    with anna.borrowed(pad_id) as hers, boris.borrowed(pad_id) as his:
        assert hers.view.text() == his.view.text()


async def test_keys_change_by_themselves_when_the_owner_set_days(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = make_engine("Anna", relay_url=relay.url)
    pad_id = anna.create_pad("Plans").pad_id
    await anna.sync([pad_id])
    schedule.set_schedule(anna, pad_id, 7)
    assert await schedule.rotate_due(anna) == []
    now = anna.wall_ms
    monkeypatch.setattr(anna, "wall_ms", lambda: now() + 7 * member_book.DAY_MS)
    assert await schedule.rotate_due(anna) == [pad_id]
    assert await schedule.rotate_due(anna) == []
    assert membership.members(anna, pad_id).epoch == 1
    monkeypatch.setattr(anna, "wall_ms", lambda: now() + 15 * member_book.DAY_MS)
    monkeypatch.setattr(syncing, "KEYS_S", 0.1)
    await anna.start()
    await until(lambda: membership.members(anna, pad_id).epoch == 2, within_s=15)
    schedule.set_schedule(anna, pad_id, 0)


async def test_a_change_of_keys_that_a_full_disk_stopped_is_begun_again(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, complaints, tries = make_engine("Anna"), list[object](), list[Engine]()
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))

    async def full(engine: Engine) -> list[bytes]:
        tries.append(engine)
        raise DiskFull

    monkeypatch.setattr(syncing, "KEYS_S", 0.1)
    monkeypatch.setattr(member_book, "due", lambda engine, *, now_ms: [bytes(32)])
    monkeypatch.setattr(schedule, "rotate_due", full)
    await anna.start()
    await until(lambda: len(tries) > 2, within_s=15)
    gc.collect()
    assert complaints == []


async def test_a_destroyed_pad_is_gone_for_all_and_each_keeps_a_copy(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, boris, _, pad_id, link = await trio(relay, make_engine)
    with pytest.raises(NotOwner):
        await membership.destroy(boris, pad_id)
    await membership.destroy(anna, pad_id)
    for engine in (anna, boris):
        report = await engine.sync([pad_id])
        assert report.alarms == ()
        assert engine.listing_of(pad_id).sync is SyncWord.DELETED
        with engine.borrowed(pad_id) as session:
            assert "Boris was here." in session.view.text()
    with pytest.raises(BadLink, match="deleted"):
        await make_engine("Dora").join(link)


async def test_a_day_of_expiry_is_shown_to_all_and_can_be_taken_back(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, boris, _, pad_id, _ = await trio(relay, make_engine)
    at_ms = anna.wall_ms() + 86_400_000
    await membership.set_expiry(anna, pad_id, at_ms)
    await boris.sync([pad_id])
    assert membership.members(boris, pad_id).expires_ms == at_ms
    await membership.set_expiry(anna, pad_id, 0)
    await boris.sync([pad_id])
    assert membership.members(boris, pad_id).expires_ms == 0
