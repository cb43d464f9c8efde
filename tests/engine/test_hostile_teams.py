"""What keeps the keys of a team from who is not in it: attacks on the machines that follow its roster.

Without a relay: the attackers' words are put where the machine finds them, and what it would do is looked at.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from cryptpad_tui.crdt.kinds import ENTRIES_ROOT
from cryptpad_tui.crypto.keys import SigningSeed, identity_of
from cryptpad_tui.crypto.slots import box_key_of, open_slot
from cryptpad_tui.engine import Engine, inbox, mailbox, membership, owner_notes
from cryptpad_tui.engine.folders import changing, owed_keys
from cryptpad_tui.engine.folders.owed_keys import Row, Wanted
from cryptpad_tui.engine.teams import acting, asks, book, errors, rows, settling
from cryptpad_tui.engine.teams.asks import TeamInbox
from cryptpad_tui.engine.teams.book import TeamBook, keepers, roster_in
from cryptpad_tui.people import roster as chains
from cryptpad_tui.people.card import make_card
from cryptpad_tui.people.contacts import Contact, Standing, contact_id
from cryptpad_tui.people.identity import BoxKey, Myself
from cryptpad_tui.people.inbox import InboxItem
from cryptpad_tui.people.messages import EditAnswer, EditRequest, OwnershipAnswer
from cryptpad_tui.people.roster_again import Change
from cryptpad_tui.people.roster_duties import Sealed
from cryptpad_tui.people.roster_ops import NOBODY, Kind, Operation, Rank, sign_operation
from cryptpad_tui.people.roster_rules import Seat
from cryptpad_tui.people.team_asks import Said, TeamAsk
from cryptpad_tui.vault import passwords
from cryptpad_tui.vault.vault import Vault
from support.kept_keys import cheap

ADMIN = Myself(b"a" * 32)
CARLA = Myself(b"c" * 32)
CARD = make_card(CARLA, address="ws://127.0.0.1:1", relay_fingerprint=bytes(16), name="Carla")
THIEF = BoxKey(b"t" * 32)
MAIL = bytes(16)


@dataclass(frozen=True, slots=True)
class House:
    """The owner's vault, with a team of hers and an admin."""

    owner: Engine
    team: bytes

    def seat(self, who: Myself, rank: Rank, *, box_pk: bytes = b"", team: bytes = b"") -> None:
        team = team or self.team
        with self.owner.borrowed(team) as session, self.owner.drive_session.replica.store.transaction():
            seat = roster_in(self.owner, team).seats.get(who.ident.public)
            seat = seat or Seat(who.ident.public, box_pk or who.box.public, rank, "Name", b"")
            acting.raise_or_lower(self.owner, session, replace(seat, rank=rank))

    def out(self, who: Myself) -> None:
        with self.owner.borrowed(self.team) as session:
            team = TeamBook(self.owner, session)
            team.sign([Change(Kind.REMOVE, team.roster().seats[who.ident.public])])

    def field(self, name: str, raw: bytes) -> None:
        with self.owner.borrowed(self.team) as session:
            session.view.set_map(ENTRIES_ROOT, name, base64.b64encode(raw).decode())
            session.flush()

    def word(self, who: Myself, kind: Kind, of: Myself, *, rank: Rank = Rank.NONE) -> None:
        roster = roster_in(self.owner, self.team)
        seat = roster.seats.get(of.ident.public)
        op = sign_operation(
            who.ident, kind, team=self.team, subject=of.ident.public, rank=rank, box_pk=NOBODY,
            previous=seat.since if kind is Kind.LEAVE and seat else roster.head,
        )  # fmt: skip
        self.field("roster/" + op.id.hex(), op.raw)

    def rank(self, who: Myself) -> Rank:
        return roster_in(self.owner, self.team).rank_of(who.ident.public)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr(passwords.argon2id, "kdf", cheap)
    vault, _ = Vault.create(tmp_path / "home", b"x", name="Anna", relay_url=None, kdf_memory_mib=64)
    owner = Engine(vault)
    with owner.people.durable():
        owner.people.put_contact(Contact(contact_id(CARD.ident_pk), CARD, Standing.CONTACT))
    found = House(owner, acting.found(owner, "Crew"))
    found.seat(ADMIN, Rank.ADMIN)
    yield found
    vault.close()


async def test_who_was_taken_out_is_sent_no_link_for_a_yes_of_before(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An admin said yes to what this machine was asked, and she was taken out before it heard of that."""
    given: list[bool] = []

    async def make_link(folder: bytes, *, view: bool, wait_s: float = 10.0) -> str:
        given.append(view)
        return "link"

    said: list[object] = []
    monkeypatch.setattr(house.owner, "make_link", make_link)
    monkeypatch.setattr(mailbox, "queue", lambda engine, to, message, what: said.append(message))
    message = EditRequest(house.team, "Crew", bytes(32), bytes(64))
    with house.owner.people.durable():
        item = InboxItem(MAIL, contact_id(CARD.ident_pk), house.owner.wall_ms(), message)
        house.owner.people.put_mail(MAIL, item.sent_ms, item)
    house.field(asks.SAID + MAIL.hex(), Said(MAIL, True, ADMIN.ident.public).signed(house.team, ADMIN.ident))
    house.seat(CARLA, Rank.EDITOR)
    house.out(CARLA)
    await asks.tell(house.owner, house.team)
    assert not given
    assert said == [EditAnswer(house.team, False)]
    assert not house.owner.people.items(), "it is dealt with"


def test_a_question_of_the_team_is_answered_and_no_other_message_in_its_place(house: House) -> None:
    """Who asks for another pad by mail passes on a question with the same id; the numbers show both."""
    other = EditRequest(bytes(32), "Diary", bytes(32), bytes(64))
    with house.owner.people.durable():
        item = InboxItem(MAIL, contact_id(CARD.ident_pk), house.owner.wall_ms(), other)
        house.owner.people.put_mail(MAIL, item.sent_ms, item)
    ask = TeamAsk(
        house.team, "", MAIL, CARD.ident_pk, CARD.box_pk, Rank.EDITOR, house.owner.wall_ms(),
        ADMIN.ident.public, "Carla",
    )  # fmt: skip
    house.field(asks.ASK + MAIL.hex(), ask.signed(ADMIN.ident))
    asks.note(house.owner, house.team)
    shown = [line.kind for line in inbox.lines(house.owner)]
    assert sorted(shown) == ["edit-request", "team-request"]
    assert [inbox.numbered(house.owner, n).kind for n in (1, 2)] == shown
    # And of a team that is here no more nothing is asked.
    house.owner.remove(house.team)
    assert [line.kind for line in inbox.lines(house.owner)] == ["edit-request"]


def test_keys_go_to_the_identity_and_to_no_other_key_that_an_admin_wrote_beside_it(house: House) -> None:
    """Who has a seat in the name of somebody whom all know would stay when the admin is put out."""
    house.seat(CARLA, Rank.EDITOR, box_pk=THIEF.public)
    with house.owner.borrowed(house.team) as session:
        (kept,) = [each for each in keepers(house.owner, session) or () if each.ident_pk == CARD.ident_pk]
        value = session.view.map_value(ENTRIES_ROOT, acting.GRANT + CARD.ident_pk.hex())
    assert (kept.box_pk or box_key_of(kept.ident_pk)) == box_key_of(CARD.ident_pk)
    sealed = base64.b64decode(str(value).partition(":")[2])
    assert open_slot(sealed, house.team, 0, THIEF) is None
    assert open_slot(sealed, house.team, 0, CARLA.ident) is not None


async def settled(house: House, monkeypatch: pytest.MonkeyPatch, said: str = "") -> list[Any]:
    """Whom the machine would take out of the keys, where the newest record says this."""
    done: list[Any] = []

    async def note(engine: Engine, folder: bytes) -> Sealed:
        return Sealed(said)

    async def revoke(engine: Engine, folder: bytes, *, drop: Any, keep_links: Any) -> None:
        owner_notes.refuse_owners(engine, folder, drop)
        done.append(list(drop))

    monkeypatch.setattr(settling, "_bring_note", note)
    monkeypatch.setattr(membership, "revoke", revoke)
    record = house.owner.vault.pad(house.team)
    assert record is not None
    house.owner.vault.put_pad(replace(record, uploaded=True))

    async def synced(*args: object, **kwargs: object) -> None:
        return None

    monkeypatch.setattr(house.owner, "sync", synced)
    await settling.settle_team(house.owner, house.team)
    return done


async def test_an_owners_new_machine_gives_no_keys_by_a_roster_that_rows_are_missing_of(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the keys of now, neither their record nor what others saw; an editor took out the rows by
    which somebody is out, and left others, by which keys were to change."""
    house.seat(CARLA, Rank.EDITOR)
    house.out(CARLA)
    with pytest.raises(errors.RosterIsCutShort):
        await settled(house, monkeypatch, "team " + "ff" * 32)
    known = roster_in(house.owner, house.team).line[1].id
    assert await settled(house, monkeypatch, "team " + known.hex()) == [[CARD.ident_pk]]


def test_what_the_newest_record_said_holds_where_the_record_is_not(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with house.owner.borrowed(house.team) as session:
        monkeypatch.setattr(type(session.replica.fold), "epoch", 2)
        team = TeamBook(house.owner, session)
        team.keys.keep_note(1, "team " + "ff" * 32)
        assert team.keys.note is None, "another record's"
        team.keys.keep_note(2, "team " + "ff" * 32)
        with pytest.raises(errors.RosterIsCutShort):
            book.note_for(house.owner, session)


async def test_an_admin_who_was_offered_the_team_and_left_holds_nobodys_keys(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They have the owner's key for good, and no change of keys is refused for that."""
    house.seat(CARLA, Rank.VIEWER)
    owner_notes.set_state(house.owner, house.team, ADMIN.ident.public, owner_notes.OFFERED)
    house.word(ADMIN, Kind.LEAVE, ADMIN)
    house.out(CARLA)
    assert await settled(house, monkeypatch) == [[CARD.ident_pk]]


async def test_a_team_within_a_team_changes_its_keys_though_somebody_stays_in_that(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = acting.found(house.owner, "Crew/Inner")
    house.seat(CARLA, Rank.EDITOR, team=inner)
    changed: list[Any] = []

    async def change_keys(engine: Engine, pad_id: bytes, *, drop: Any, **more: object) -> None:
        from cryptpad_tui.engine.teams.book import refuse_seated

        refuse_seated(engine, pad_id, drop)
        changed.append(set(drop))

    monkeypatch.setattr(membership, "change_keys", change_keys)
    wanted = Wanted((CARD.ident_pk, ADMIN.ident.public))
    await changing._change(house.owner, Row(house.team, inner, wanted))
    assert changed == [{ADMIN.ident.public}]
    plan = owed_keys.PLAN + inner.hex()
    stored = house.owner.vault.setting(plan)
    assert stored is None or set(Wanted.read(stored).drop) == {ADMIN.ident.public}


def test_a_forgotten_word_of_another_admin_takes_out_all_the_same(house: House) -> None:
    """The admin took her out; an owner spoke at the same place, unknowing, and the admin is away since."""
    house.seat(CARLA, Rank.EDITOR)
    roster = roster_in(house.owner, house.team)
    house.word(ADMIN, Kind.REMOVE, CARLA)
    by_owner = sign_operation(
        identity_of(house.owner.vault.account_root), Kind.ADD, team=house.team, previous=roster.head,
        subject=SigningSeed(b"n" * 32).public, box_pk=THIEF.public, rank=Rank.VIEWER,
    )  # fmt: skip
    house.field("roster/" + by_owner.id.hex(), by_owner.raw)
    assert house.rank(CARLA) is Rank.EDITOR
    settling.keep_up(house.owner, house.team)
    assert house.rank(CARLA) is Rank.NONE


def test_who_left_and_is_let_in_at_once_is_in(house: House) -> None:
    house.seat(CARLA, Rank.EDITOR)
    house.word(CARLA, Kind.LEAVE, CARLA)
    assert house.rank(CARLA) is Rank.NONE
    with house.owner.borrowed(house.team) as session:
        team = TeamBook(house.owner, session)
        team.sign([Change(Kind.ADD, Seat(CARD.ident_pk, CARD.box_pk, Rank.VIEWER, "Carla", b""))])
    assert house.rank(CARLA) is Rank.VIEWER


def branch(house: House, after: bytes, count: int) -> list[Operation]:
    """Of the admin, over and over the same."""
    made: list[Operation] = []
    for at in range(count):
        kind = (Kind.ADD, Kind.REMOVE)[at % 2]
        made.append(
            sign_operation(
                ADMIN.ident, kind, team=house.team, previous=made[-1].id if made else after,
                subject=CARD.ident_pk, box_pk=CARD.box_pk if kind is Kind.ADD else NOBODY,
                rank=Rank.VIEWER if kind is Kind.ADD else Rank.NONE, name=f"{count}" * (kind is Kind.ADD),
            )
        )  # fmt: skip
    return made


@pytest.mark.parametrize("holds", [True, False])
def test_an_admin_who_makes_longer_branches_for_ever_is_put_out_all_the_same(
    house: House, monkeypatch: pytest.MonkeyPatch, holds: bool
) -> None:
    """Each was the line for a while, and what was that is remembered: until owners' words have no room."""
    monkeypatch.setattr(chains, "MAX_OPS", 2 + sum(range(2, 8)))
    monkeypatch.setattr(book, "MAX_KEPT", 8 if holds else 1_000)
    head = roster_in(house.owner, house.team).head
    for count in range(2, 8):
        made = branch(house, head, count)
        for op in made:
            house.field("roster/" + op.id.hex(), op.raw)
        assert roster_in(house.owner, house.team).head == made[-1].id or not holds
        with house.owner.borrowed(house.team) as session:
            for op in made:
                session.view.delete_map(ENTRIES_ROOT, "roster/" + op.id.hex())
            session.flush()
    # As another machine of hers says it, or another owner.
    house.word(Myself(house.owner.vault.account_root), Kind.REMOVE, ADMIN)
    last = roster_in(house.owner, house.team).line[-1]
    assert ((last.kind, last.subject) == (Kind.REMOVE, ADMIN.ident.public)) is holds
    assert (len(house.owner.vault.roster(house.team)) <= 8 + 16) is holds


def test_a_note_that_a_limited_device_wrote_makes_nobody_an_owner(house: House) -> None:
    """It may write the drive, and so that an admin accepted what nobody offered."""
    note = "owner-" + ADMIN.ident.public.hex()
    house.owner.drive.set_note(house.team, note, owner_notes.ACCEPTED)
    settling.keep_up(house.owner, house.team)
    assert house.rank(ADMIN) is Rank.ADMIN
    owner_notes.hear(house.owner, ADMIN.ident.public, OwnershipAnswer(house.team, True))
    settling.keep_up(house.owner, house.team)
    assert house.rank(ADMIN) is Rank.ADMIN
    owner_notes.set_state(house.owner, house.team, ADMIN.ident.public, owner_notes.ACCEPTED)
    settling.keep_up(house.owner, house.team)
    assert house.rank(ADMIN) is Rank.OWNER, "by the person's own word"


# -- floods


OTHER = Myself(b"o" * 32)


def asked(
    house: House, number: int, by: Myself, *, at: int = 0, of: Myself = CARLA, signer: Myself | None = None
) -> None:
    ask = TeamAsk(
        house.team, "", number.to_bytes(16, "big"), of.ident.public, of.box.public, Rank.EDITOR,
        house.owner.wall_ms() + at, by.ident.public, "Somebody",
    )  # fmt: skip
    house.field(asks.ASK + ask.mail_id.hex(), ask.signed((signer or by).ident))


def shown(house: House) -> list[int]:
    asks.note(house.owner, house.team)
    return [int.from_bytes(item.message.mail_id, "big") for item in asks.items(house.owner)]


def test_a_flood_of_questions_costs_only_whoever_passed_them_on(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An editor writes rows that are nothing and rows in an admin's name; an admin passes on many."""
    house.seat(OTHER, Rank.ADMIN)
    monkeypatch.setattr(asks, "MAX_OF_ONE", 4)
    monkeypatch.setattr(asks, "MAX_ASKS", 6)
    asked(house, 900, ADMIN)
    for number in range(20):
        house.field(asks.ASK + number.to_bytes(16, "big").hex(), bytes(40))
        asked(house, 100 + number, ADMIN, signer=CARLA)
        asked(house, 200 + number, OTHER, at=number, of=Myself(bytes([number]) * 32))
    assert shown(house) == [900, 219, 218, 217, 216], "one's own contact first, and of each the newest"
    with monkeypatch.context() as patch:
        patch.setattr(asks, "MAX_OF_ONE", 10**6)
        patch.setattr(asks, "MAX_LOOKED_AT", 10**6)
        patch.setattr(TeamInbox, "_signed", by_name)
        assert 900 not in shown(house), "the attack, without the defence"
    settling.keep_up(house.owner, house.team)
    with house.owner.borrowed(house.team) as session:
        left = [name for name in session.view.map_items(ENTRIES_ROOT) if name.startswith(asks.ASK)]
    assert len(left) == 1 + 20, "what nobody signed is taken out"


def by_name(self: TeamInbox) -> Iterator[tuple[TeamAsk, bytes]]:
    """As many as fit, by their names, which anybody chooses."""
    rows = sorted(self._rows.of(asks.ASK).items())[:40]
    for _, raw in rows:
        if (ask := asks._ask_of(raw, self._session.pad_id)) is not None:
            yield replace(ask, at_ms=self._engine.wall_ms() + ask.mail_id[-1]), raw


def test_signatures_of_a_flood_are_looked_at_in_pieces_and_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asks, "MAX_CHECKS", 8)
    for number in range(20):
        asked(house, number, ADMIN, signer=CARLA)
    asked(house, 900, ADMIN)
    looked: list[bytes] = []
    look = asks._ask_of
    monkeypatch.setattr(asks, "_ask_of", lambda raw, team: (looked.append(raw), look(raw, team))[1])
    with house.owner.borrowed(house.team):
        whole = [asks.note(house.owner, house.team) for _ in range(5)]
        assert whole == [False, False, True, True, True]
        assert shown(house) == [900]
    assert len(looked) == len(set(looked)) == 21


def test_who_passed_a_question_on_writes_it_again_where_somebody_wrote_over_it(house: House) -> None:
    message = EditRequest(house.team, "Crew", bytes(32), bytes(64))
    with house.owner.people.durable():
        item = InboxItem(MAIL, contact_id(CARD.ident_pk), house.owner.wall_ms(), message)
        house.owner.people.put_mail(MAIL, item.sent_ms, item)
    settling.keep_up(house.owner, house.team)
    for junk in (b"", bytes(300)):
        house.field(asks.ASK + MAIL.hex(), junk)
        settling.keep_up(house.owner, house.team)
        with house.owner.borrowed(house.team) as session:
            raw = session.view.map_value(ENTRIES_ROOT, asks.ASK + MAIL.hex())
        assert asks._ask_of(base64.b64decode(raw), house.team) is not None


def test_a_change_of_a_flooded_folder_costs_what_it_changed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with house.owner.borrowed(house.team) as session:
        junk = {f"roster/{n:064x}": "AAAA" for n in range(600)} | {
            f"ask/{n:032x}": "AAAA" for n in range(600)
        }
        session.view.set_maps(ENTRIES_ROOT, junk)
        settling.changed(house.owner, house.team)
        looked: list[str] = []
        for prefix, what in list(rows._WHAT.items()):
            seen = lambda name, *more, what=what: (looked.append(name), what(name, *more))[1]  # noqa: E731
            monkeypatch.setitem(rows._WHAT, prefix, seen)  # type: ignore[arg-type]
        monkeypatch.setattr(book, "roster_of", None)
        monkeypatch.setattr(type(session.view), "map_items", None)
        session.view.set_map(ENTRIES_ROOT, "ask/more", "AAAA")
        settling.changed(house.owner, house.team)
        assert looked == ["ask/more"]
        session.view.delete_map(ENTRIES_ROOT, "roster/" + "0" * 64)
        settling.changed(house.owner, house.team)
        assert looked == ["ask/more"], "nor does what was nothing"
    monkeypatch.undo()


def test_an_operation_that_its_author_signed_twice_sets_no_machines_on_each_other(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both signatures are good: one machine saw the one first, and another the other."""
    house.seat(CARLA, Rank.EDITOR)
    house.word(ADMIN, Kind.REMOVE, CARLA)
    with house.owner.borrowed(house.team) as session:
        team = TeamBook(house.owner, session)
        roster = team.roster()
        last = roster.line[-1]
        twice = last.body + CARLA.ident.sign("pad1/teamop", last.body)
        house.field("roster/" + last.id.hex(), twice)
        assert team.put_back(roster) == 1, "what its author did not sign is written over"
        house.field("roster/" + last.id.hex(), twice)
        monkeypatch.setattr(book, "is_signed", lambda op, owner_pk: op.raw == twice)
        assert team.put_back(roster) == 0


def test_of_more_rows_that_are_nothing_than_are_remembered_all_are_taken_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "MAX_JUNK", 8)
    with house.owner.borrowed(house.team) as session:
        session.view.set_maps(ENTRIES_ROOT, {f"roster/{n:064x}": "AAAA" for n in range(30)})
        for _ in range(4):
            settling.keep_up(house.owner, house.team)
        left = [name for name in session.view.map_items(ENTRIES_ROOT) if name.startswith("roster/00")]
        assert not left


async def test_operations_that_a_flood_hides_are_found_piece_by_piece(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An editor writes operations in an owner's name, of which nobody knows before their signatures."""
    house.seat(CARLA, Rank.EDITOR)
    head = roster_in(house.owner, house.team).head
    owner = identity_of(house.owner.vault.account_root)
    forged = [
        sign_operation(
            CARLA.ident, Kind.ADD, team=house.team, previous=head, author=owner.public,
            subject=OTHER.ident.public, box_pk=OTHER.box.public, rank=Rank.ADMIN, name=f"{n}",
        )
        for n in range(40)
    ]  # fmt: skip
    for op in forged:
        house.field("roster/" + op.id.hex(), op.raw)
    house.word(ADMIN, Kind.REMOVE, CARLA)
    monkeypatch.setattr(settling, "FEW", 4)
    with house.owner.borrowed(house.team) as session:
        assert not TeamBook(house.owner, session).roster(checks=4).is_whole
        await settling.read_on(house.owner, house.team)
        assert TeamBook(house.owner, session).roster(checks=0).is_whole
        assert len(rows.rows_of(session).junk) == 40
    assert (house.rank(CARLA), house.rank(OTHER)) == (Rank.NONE, Rank.NONE)
