"""Teams with real vaults and a real relay: who may do what, whose keys end, and who executes it when."""

from __future__ import annotations

from typing import Any

import pytest

from cryptpad_relay.protocol.owner_records import parse_record
from cryptpad_tui.crdt.kinds import ENTRIES_ROOT
from cryptpad_tui.crypto.keys import identity_of
from cryptpad_tui.engine import Engine, SyncWord, asking, contacts, inbox, mailbox, membership, outbox
from cryptpad_tui.engine.folders import changing
from cryptpad_tui.engine.mail_errors import UnknownContact
from cryptpad_tui.engine.mailbox import Fetched
from cryptpad_tui.engine.own_card import myself, own_card
from cryptpad_tui.engine.teams import acting, errors, settling
from cryptpad_tui.engine.teams.book import ROSTER, roster_in
from cryptpad_tui.people.contacts import Contact, Standing, contact_id
from cryptpad_tui.people.identity import Myself
from cryptpad_tui.people.roster_ops import Rank
from cryptpad_tui.people.roster_rules import Seat
from support.relay import RelayProcess
from support.sessions import MakeEngine, append

from .test_alarms import contradiction


def ident(engine: Engine) -> bytes:
    return identity_of(engine.vault.account_root).public


def ranks(engine: Engine, team: bytes) -> dict[str, str]:
    roster = roster_in(engine, team)
    return {acting.names_of(engine, roster)[key]: seat.rank.word for key, seat in roster.seats.items()}


def friends(one: Engine, other: Engine) -> None:
    """As two who compared their numbers."""
    for me, them in ((one, other), (other, one)):
        card = own_card(them)
        with me.people.durable():
            me.people.put_contact(Contact(contact_id(card.ident_pk), card, Standing.CONTACT))
        contacts.mark_verified(me, them.name())


def deliver(sender: Engine, to: Engine) -> None:
    """As a relay would."""
    for each in outbox.waiting(sender):
        if each.contact_id == contact_id(ident(to)):
            assert mailbox._take(to, myself(to), each.sealed, Fetched())
            outbox.drop(sender, each.mail_id)


async def come(engine: Engine) -> None:
    """Take what invitations there are."""
    for item in engine.people.items():
        if item.needs_answer:
            await inbox.accept(engine, item)


async def team_of_three(relay: RelayProcess, make_engine: MakeEngine) -> tuple[Any, ...]:
    """Anna's team, in which Boris is an admin and Carla a viewer; a pad of hers in it."""
    anna, boris, carla = (make_engine(name, relay_url=relay.url) for name in ("Anna", "Boris", "Carla"))
    friends(anna, boris)
    friends(boris, carla)
    team = acting.found(anna, "Crew")
    pad = anna.create_pad("Plan", text="Plan.\n", folder="Crew").pad_id
    await anna.sync()
    await acting.invite(anna, team, "Boris", Rank.ADMIN)
    await anna.sync()
    deliver(anna, boris)
    await come(boris)
    await boris.sync()
    await acting.invite(boris, team, "Carla", Rank.VIEWER)
    await boris.sync()
    deliver(boris, carla)
    await come(carla)
    for engine in (anna, carla):
        await engine.sync()
    return anna, boris, carla, team, pad


async def reads(engine: Engine, pad_id: bytes, text: str) -> bool:
    await engine.sync([pad_id])
    with engine.borrowed(pad_id) as session:
        return text in session.view.text()


async def write(engine: Engine, pad_id: bytes, text: str) -> None:
    with engine.borrowed(pad_id) as session:
        append(session, text)
    report = await engine.sync([pad_id])
    assert (report.waiting, report.alarms) == (0, ()), report


async def test_a_team_from_its_first_day_to_somebodys_last(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, boris, carla, team, pad = await team_of_three(relay, make_engine)
    everybody = {"Anna": "owner", "Boris": "admin", "Carla": "viewer"}
    assert ranks(anna, team) == ranks(boris, team) == ranks(carla, team) == everybody
    with pytest.raises(errors.MayNotDoThat):
        await acting.set_role(carla, team, "Carla", Rank.EDITOR)
    with pytest.raises(errors.MayNotDoThat):
        acting.remove(boris, team, "Anna")

    # An admin gives the right to write: it is in the folder, sealed for her, without another link.
    await acting.set_role(boris, team, "Carla", Rank.EDITOR)
    await boris.sync()
    await carla.sync()
    await changing.finish(carla)
    await carla.sync()
    assert carla.vault.pad(team).role == "edit"
    await carla.sync()
    await write(carla, pad, "Carla.\n")
    assert await reads(anna, pad, "Carla.")

    # And takes her out: that counts at once, and waits for an owner's machine.
    acting.remove(boris, team, "Carla")
    await boris.sync()
    assert "Carla" not in ranks(boris, team)
    assert [each.name for each in settling.waits_for_an_owner(boris, team)] == ["Carla"]
    await write(carla, pad, "Still here.\n")
    await anna.sync()
    assert await changing.finish(anna)
    assert not settling.waits_for_an_owner(anna, team)
    await write(anna, pad, "Without her.\n")
    assert await reads(boris, pad, "Without her.")
    await boris.sync([team])
    assert not settling.waits_for_an_owner(boris, team)
    assert not await reads(carla, pad, "Without her.")
    await carla.sync()
    assert carla.listing_of(team).sync is SyncWord.REMOVED
    assert carla.listing_of(pad).sync is SyncWord.REMOVED
    assert not await changing.finish(anna), "once is enough"
    # Whatever the relay does for her: no key that she ever had opens what it holds from there on.
    for each in (team, pad):
        with anna.borrowed(each) as session, carla.borrowed(each) as hers:
            record = parse_record(session.replica.stored_entry(session.replica.fold.mark.n))
            assert hers.replica.ring.find(record) is None
            assert not hers.replica.ring.offer(record, hers.replica.keys)


async def test_a_lower_role_ends_the_right_to_write(relay: RelayProcess, make_engine: MakeEngine) -> None:
    anna, boris, _, team, pad = await team_of_three(relay, make_engine)
    await write(boris, pad, "His.\n")
    await acting.set_role(anna, team, "Boris", Rank.VIEWER)
    await changing.finish(anna)
    await write(anna, pad, "Hers.\n")
    await boris.sync()
    await boris.sync()
    assert await reads(boris, pad, "Hers.")
    with boris.borrowed(pad) as session:
        assert not session.can_edit
    with boris.borrowed(team) as session:
        assert not session.can_edit
    # And up again, by the folder alone.
    await acting.set_role(anna, team, "Boris", Rank.ADMIN)
    await anna.sync()
    await boris.sync()
    await changing.finish(boris)
    await boris.sync()
    await boris.sync()
    await write(boris, pad, "Again.\n")
    assert await reads(anna, pad, "Again.")


async def test_leaving_by_who_only_reads_and_by_who_writes(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, boris, carla, team, pad = await team_of_three(relay, make_engine)
    with pytest.raises(errors.LastOwner):
        acting.leave(anna, team)
    assert acting.leave(carla, team).name == "Boris"
    words, day_ms, now_ms = len(outbox.waiting(carla)), 86_400_000, carla.wall_ms()
    for after_ms, more in ((0, 0), (day_ms, 1), (day_ms, 1)):
        # A relay may lose a message, so the word is said again each day until it is in the folder.
        monkeypatch.setattr(carla, "wall_ms", lambda after_ms=after_ms: now_ms + after_ms)
        acting.leave_by_mail(carla, team)
        assert len(outbox.waiting(carla)) == words + more
    monkeypatch.setattr(carla, "wall_ms", lambda: now_ms)
    deliver(carla, boris)
    assert "Carla" not in ranks(carla, team)
    await changing.finish(boris)
    await boris.sync()
    await anna.sync()
    assert ranks(anna, team) == {"Anna": "owner", "Boris": "admin"}
    assert acting.leave(boris, team) is None
    await boris.sync()
    await anna.sync()
    await changing.finish(anna)
    assert ranks(anna, team) == {"Anna": "owner"}
    await write(anna, pad, "Alone.\n")
    for engine in (boris, carla):
        await engine.sync()
        assert not await reads(engine, pad, "Alone.")


async def test_what_an_editor_takes_out_of_the_roster_is_put_back(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, boris, _, team, _ = await team_of_three(relay, make_engine)
    acting.remove(boris, team, "Carla")
    await boris.sync()
    await anna.sync()
    before = ranks(anna, team)
    with boris.borrowed(team) as session:
        names = [name for name in session.view.map_items(ENTRIES_ROOT) if name.startswith(ROSTER)]
        for name in names[1:]:
            session.view.delete_map(ENTRIES_ROOT, name)
        session.view.set_map(ENTRIES_ROOT, names[0], "AAAA")
        session.view.set_map(ENTRIES_ROOT, ROSTER + "00" * 32, "AAAA")
        session.flush()
    await boris.sync()
    await anna.sync()
    assert ranks(anna, team) == before
    await changing.finish(anna)
    dora = make_engine("Dora")
    await dora.join(await anna.make_link(team, view=True))
    assert ranks(dora, team).keys() == {"Anna", "Boris"}
    with dora.borrowed(team) as session:
        assert session.view.map_value(ENTRIES_ROOT, ROSTER + "00" * 32) is None
    # Where nobody put it back yet, and this machine is new, no keys go to whom it let in.
    last = roster_in(anna, team).line[-1]
    with anna.borrowed(team) as session:
        session.view.delete_map(ENTRIES_ROOT, ROSTER + last.id.hex())
        session.flush()
    monkeypatch.setattr(anna.vault, "roster", lambda pad_id: [])
    with pytest.raises(errors.RosterIsCutShort):
        await membership.revoke(anna, team)


async def test_an_owner_is_made_of_an_admin_who_accepts(relay: RelayProcess, make_engine: MakeEngine) -> None:
    anna, boris, carla, team, pad = await team_of_three(relay, make_engine)
    with pytest.raises(errors.AdminFirst):
        await acting.set_role(anna, team, "Carla", Rank.OWNER)
    await acting.set_role(anna, team, "Boris", Rank.OWNER)
    deliver(anna, boris)
    assert ranks(anna, team)["Boris"] == "admin", "not before he accepted"
    await come(boris)
    deliver(boris, anna)
    await changing.finish(anna)
    await anna.sync()
    await boris.sync()
    assert ranks(boris, team)["Boris"] == "owner"
    # Now his machine can do it alone.
    acting.remove(boris, team, "Carla")
    await changing.finish(boris)
    await write(boris, pad, "His.\n") if boris.vault.pad(pad).role == "owner" else None
    await carla.sync()
    assert carla.listing_of(team).sync is SyncWord.REMOVED
    await anna.sync()
    assert not settling.waits_for_an_owner(anna, team)
    with pytest.raises(errors.MayNotDoThat):
        acting.remove(boris, team, "Anna")
    await an_owner_leaves_and_comes_back(anna, boris, team, pad)


async def an_owner_leaves_and_comes_back(anna: Engine, boris: Engine, team: bytes, pad: bytes) -> None:
    assert acting.leave(anna, team) is None
    await anna.sync([team])
    await boris.sync([team])
    assert list(roster_in(boris, team).left) == [ident(anna)]
    await settling.settle_team(boris, team)
    assert ranks(boris, team) == {"Boris": "owner"}
    assert not roster_in(boris, team).left, "he took her off the line"
    # Her machine has the key still, and acts for nobody there.
    with boris.borrowed(team) as session:
        nobody = Myself(b"n" * 32)
        seat = Seat(nobody.ident.public, nobody.box.public, Rank.VIEWER, "Nobody", b"")
        acting.raise_or_lower(boris, session, seat)
    acting.remove(boris, team, "Nobody")
    for engine in (boris, anna):
        await engine.sync([team])
    assert [each.name for each in settling.waits_for_an_owner(anna, team)] == ["Nobody"]
    assert not await settling.settle_team(anna, team)
    assert await settling.settle_team(boris, team)
    await acting.invite(boris, team, "Anna", Rank.ADMIN)
    deliver(boris, anna)
    await come(anna)
    await settling.settle_team(boris, team)
    for engine in (boris, anna):
        await engine.sync([team])
    assert ranks(anna, team) == ranks(boris, team) == {"Boris": "owner", "Anna": "owner"}
    await write(anna, pad, "Back.\n")
    assert await reads(boris, pad, "Back.")


async def test_taking_a_member_out_goes_by_the_roster(relay: RelayProcess, make_engine: MakeEngine) -> None:
    anna, boris, _, team, _ = await team_of_three(relay, make_engine)
    with pytest.raises(errors.UseTeamRemove):
        await membership.revoke(anna, team, drop=[ident(boris)])
    with pytest.raises(errors.InTheTeamAlready):
        await acting.invite(anna, team, "Boris", Rank.EDITOR)
    with pytest.raises(UnknownContact):
        await acting.invite(anna, team, "Carla", Rank.EDITOR)


async def test_what_one_admin_is_asked_every_admin_sees_and_one_answers(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, boris, carla, team, _ = await team_of_three(relay, make_engine)
    assert asking.ask(carla, team, note="please").contact.name == "Boris"
    deliver(carla, boris)
    await changing.finish(boris)
    await boris.sync()
    await anna.sync()
    [line] = inbox.lines(anna)
    assert (line.kind, line.needs_answer) == ("team-request", True)
    assert "Crew" in line.sentence
    assert line.sender.startswith("Carla (")
    assert [line.kind for line in inbox.lines(boris) if line.needs_answer] == ["edit-request"]
    assert not inbox.lines(carla)
    await inbox.accept(anna, inbox.numbered(anna, 1))
    assert ranks(anna, team)["Carla"] == "editor"
    assert not inbox.lines(anna)
    await boris.sync()
    await changing.finish(boris)
    assert not [line for line in inbox.lines(boris) if line.needs_answer], "it is answered"
    deliver(boris, carla)
    assert [line.kind for line in inbox.lines(carla)] == ["edit-answer"]
    await carla.sync()
    await changing.finish(carla)
    await carla.sync()
    assert carla.vault.pad(team).role == "edit"
    await changing.finish(boris)
    with boris.borrowed(team) as session:
        left = [name for name in session.view.map_items(ENTRIES_ROOT) if name.startswith(("ask/", "said/"))]
    assert not left


async def test_a_team_that_an_alarm_holds_still_is_left_as_it_is(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    """`sync` of who had something to put back into its folder ended with an error that says nothing."""
    anna, boris, _, team, _ = await team_of_three(relay, make_engine)
    with boris.borrowed(team) as session:
        names = [name for name in session.view.map_items(ENTRIES_ROOT) if name.startswith(ROSTER)]
        session.view.delete_map(ENTRIES_ROOT, names[-1])
        session.flush()
    await boris.sync([team])
    await anna.sync([team])
    session = anna.open_pad(team)
    session.raise_alarm(contradiction(session, relay))
    assert session.halted
    before = ranks(anna, team)
    assert not settling.keep_up(anna, team)
    with pytest.raises(errors.TeamIsHeldStill):
        await acting.set_role(anna, team, "Carla", Rank.EDITOR)
    with pytest.raises(errors.TeamIsHeldStill):
        acting.remove(anna, team, "Carla")
    assert ranks(anna, team) == before
