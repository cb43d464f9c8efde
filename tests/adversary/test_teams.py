"""Attacks on a team's roster by who is in it, or was; each without its defence, too.

The attackers write whatever they like into the folder's document, or are handed it by whoever may, and the
relay shows what they want. What a removed member's keys open, the last of these plays against the pad itself.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from adversary.sabotage import Patch, yes
from cryptpad_relay.protocol.errors import Malformed
from cryptpad_tui.crdt.kinds import ENTRIES_ROOT
from cryptpad_tui.crypto.keys import SigningSeed, identity_of
from cryptpad_tui.engine import Engine
from cryptpad_tui.engine.teams import acting, asks, book, settling
from cryptpad_tui.engine.teams.book import ROSTER, TeamBook, roster_in
from cryptpad_tui.engine.teams.rows import rows_of
from cryptpad_tui.people import roster as chains
from cryptpad_tui.people import roster_ops, roster_rules
from cryptpad_tui.people.identity import BoxKey
from cryptpad_tui.people.roster_again import Change
from cryptpad_tui.people.roster_duties import Sealed, Why, endings, is_cut_short
from cryptpad_tui.people.roster_ops import NOBODY, Kind, Operation, Rank, sign_operation
from cryptpad_tui.people.roster_rules import Seat
from cryptpad_tui.people.team_asks import TeamAsk
from cryptpad_tui.vault import passwords
from cryptpad_tui.vault.vault import Vault
from support.kept_keys import cheap

BOX = BoxKey(b"x" * 32).public
ADMIN, EDITOR, VIEWER, STRANGER = (SigningSeed(bytes([n]) * 32) for n in range(1, 5))
RANKS = {ADMIN: Rank.ADMIN, EDITOR: Rank.EDITOR, VIEWER: Rank.VIEWER}


@dataclass(frozen=True, slots=True)
class House:
    """The owner's vault, with a team of four."""

    owner: Engine
    team: bytes

    def write(self, *ops: Operation, name: str = "") -> None:
        """As an editor does, with whatever program."""
        for op in ops:
            self.field(ROSTER + (name or op.id.hex()), op.raw)

    def field(self, name: str, raw: bytes | None) -> None:
        with self.owner.borrowed(self.team) as session:
            if raw is None:
                session.view.delete_map(ENTRIES_ROOT, name)
            else:
                session.view.set_map(ENTRIES_ROOT, name, base64.b64encode(raw).decode())
            session.flush()

    def fields(self) -> list[str]:
        with self.owner.borrowed(self.team) as session:
            return [name for name in session.view.map_items(ENTRIES_ROOT) if name.startswith(ROSTER)]

    def rank(self, who: SigningSeed) -> Rank:
        """As a machine sees it that begins anew: what another test took out counts from here on."""
        with self.owner.borrowed(self.team) as session:
            rows_of(session).roster = None
        return roster_in(self.owner, self.team).rank_of(who.public)

    def op(
        self, by: SigningSeed, kind: Kind, of: SigningSeed, rank: Rank = Rank.NONE, *, after: bytes = b""
    ) -> Operation:
        return sign_operation(
            by,
            kind,
            team=self.team,
            previous=after or roster_in(self.owner, self.team).head,
            subject=of.public,
            box_pk=BOX if kind is Kind.ADD else NOBODY,
            rank=rank,
        )


@pytest.fixture
def house(tmp_path: Path, monkeypatch: Patch) -> Iterator[House]:
    monkeypatch.setattr(passwords.argon2id, "kdf", cheap)
    vault, _ = Vault.create(tmp_path / "home", b"x", name="Anna", relay_url=None, kdf_memory_mib=64)
    owner = Engine(vault)
    team = acting.found(owner, "Crew")
    with owner.borrowed(team) as session:
        for who, rank in RANKS.items():
            acting.raise_or_lower(owner, session, Seat(who.public, BOX, rank, "name", b""))
    yield House(owner, team)
    vault.close()


def test_g1_a_viewer_of_a_team_crafts_a_role_change(house: House, monkeypatch: Patch) -> None:
    """An editor who is in league with them puts it into the folder."""
    house.write(house.op(VIEWER, Kind.ROLE, VIEWER, Rank.ADMIN))
    house.write(house.op(EDITOR, Kind.ROLE, VIEWER, Rank.EDITOR))
    house.write(house.op(VIEWER, Kind.REMOVE, ADMIN))
    assert {who: house.rank(who) for who in RANKS} == RANKS
    monkeypatch.setattr(roster_rules, "may_set", yes)
    assert {who: house.rank(who) for who in RANKS} != RANKS, "the attack, without the defence"


def test_g2_a_role_change_that_its_author_did_not_sign(house: House, monkeypatch: Patch) -> None:
    by_owner = sign_operation(
        VIEWER,
        Kind.ROLE,
        author=identity_of(house.owner.vault.account_root).public,
        team=house.team,
        previous=roster_in(house.owner, house.team).head,
        subject=VIEWER.public,
        rank=Rank.ADMIN,
    )
    house.write(by_owner)
    assert house.rank(VIEWER) is Rank.VIEWER
    monkeypatch.setattr(chains, "_verified", yes)
    assert house.rank(VIEWER) is Rank.ADMIN, "the attack, without the defence"


def demoted(house: House) -> tuple[bytes, Operation]:
    """The head that the admin knew, and the owner's word behind it, which they kept from nobody."""
    head = roster_in(house.owner, house.team).head
    with house.owner.borrowed(house.team) as session:
        seat = roster_in(house.owner, house.team).seats[ADMIN.public]
        acting.raise_or_lower(house.owner, session, replace(seat, rank=Rank.VIEWER))
    return head, roster_in(house.owner, house.team).line[-1]


def test_g3_an_admin_demoted_in_one_fork_writes_in_the_other(house: House, monkeypatch: Patch) -> None:
    head, _ = demoted(house)
    forked = [house.op(ADMIN, Kind.ADD, STRANGER, Rank.EDITOR, after=head)]
    for rank in (Rank.VIEWER, Rank.EDITOR) * 3:
        forked.append(house.op(ADMIN, Kind.ROLE, STRANGER, rank, after=forked[-1].id))
    house.write(*forked)
    assert (house.rank(ADMIN), house.rank(STRANGER)) == (Rank.VIEWER, Rank.NONE)
    # An owner who was not shown the other branch goes on there.
    fooled = sign_operation(
        identity_of(house.owner.vault.account_root),
        Kind.ROLE,
        team=house.team,
        previous=forked[-1].id,
        subject=EDITOR.public,
        rank=Rank.VIEWER,
    )
    house.write(fooled)
    assert (house.rank(ADMIN), house.rank(STRANGER)) == (Rank.VIEWER, Rank.NONE)
    # Without the rules for branches the longer one counts.
    monkeypatch.setattr(chains, "_is_answered", lambda node, nodes: False)
    monkeypatch.setattr(
        chains, "_chosen", lambda nodes: max(nodes, key=lambda each: each.height, default=None)
    )
    assert (house.rank(ADMIN), house.rank(STRANGER)) == (Rank.ADMIN, Rank.EDITOR), "without the defence"


def test_g4_an_editor_takes_operations_out_of_the_roster(house: House, monkeypatch: Patch) -> None:
    with house.owner.borrowed(house.team) as session:
        team = TeamBook(house.owner, session)
        team.sign([Change(Kind.REMOVE, team.roster().seats[ADMIN.public])])
    last = roster_in(house.owner, house.team).line[-1]
    note = "team " + last.id.hex()
    house.field(ROSTER + last.id.hex(), None)
    assert house.rank(ADMIN) is Rank.NONE, "who saw it once knows it"
    settling.keep_up(house.owner, house.team)
    assert ROSTER + last.id.hex() in house.fields(), "and puts it back"
    # Written over with something of the same name.
    house.field(ROSTER + last.id.hex(), last.raw[:-1] + b"\0")
    settling.keep_up(house.owner, house.team)
    assert house.rank(ADMIN) is Rank.NONE
    # A newcomer, who saw nothing yet, is told at least that something is missing.
    house.field(ROSTER + last.id.hex(), None)
    monkeypatch.setattr(house.owner.vault, "roster", lambda pad_id: [])
    assert house.rank(ADMIN) is Rank.ADMIN, "the attack, without the defence"
    assert is_cut_short(roster_in(house.owner, house.team), note)


def test_g5_a_removed_member_backdates_what_they_did(house: House, monkeypatch: Patch) -> None:
    """They sign behind an old head, with every byte that the relay kept, and put it into the folder."""
    old = roster_in(house.owner, house.team).line[-2].id
    with house.owner.borrowed(house.team) as session:
        seat = roster_in(house.owner, house.team).seats[ADMIN.public]
        acting.raise_or_lower(house.owner, session, replace(seat, rank=Rank.EDITOR))
    line = roster_in(house.owner, house.team).line
    house.write(house.op(ADMIN, Kind.ADD, STRANGER, Rank.EDITOR, after=old))
    house.write(house.op(ADMIN, Kind.ADD, STRANGER, Rank.EDITOR, after=line[-1].id))
    assert roster_in(house.owner, house.team).line == line
    with monkeypatch.context() as patch:
        theirs = lambda nodes: max(nodes, key=lambda each: each.op.author == ADMIN.public, default=None)  # noqa: E731
        patch.setattr(chains, "_chosen", theirs)
        assert house.rank(STRANGER) is Rank.EDITOR, "the attack, without the defence"
    # Their own word of leaving, of an old seat, does nothing to a later one, nor does anybody else's.
    house.write(
        sign_operation(EDITOR, Kind.LEAVE, team=house.team, previous=line[1].id, subject=EDITOR.public)
    )
    assert house.rank(EDITOR) is Rank.EDITOR
    # Who was taken out, and is asked about: keys end, and once.
    seen = endings(roster_in(house.owner, house.team), Sealed())
    assert [(each.ident_pk, each.why) for each in seen] == [(ADMIN.public, Why.WAS_ADMIN)]
    with house.owner.borrowed(house.team) as session:
        seat = roster_in(house.owner, house.team).seats[EDITOR.public]
        acting.raise_or_lower(house.owner, session, replace(seat, rank=Rank.VIEWER))
    seen = endings(roster_in(house.owner, house.team), Sealed())
    assert {each.ident_pk: each.why for each in seen} == {
        EDITOR.public: Why.READS,
        ADMIN.public: Why.WAS_ADMIN,
    }


def test_g6_a_member_with_a_key_that_nothing_can_be_sealed_to(house: House, monkeypatch: Patch) -> None:
    """It would stop every later change of keys, so that nobody could be taken out again."""
    weak = bytes([1]) + bytes(31)
    with pytest.raises(Malformed):
        sign_operation(
            ADMIN, Kind.ADD, team=house.team, previous=bytes(32), subject=STRANGER.public, box_pk=weak,
            rank=Rank.VIEWER,
        )  # fmt: skip
    monkeypatch.setattr(roster_ops, "check_keys", lambda ident_pk, box_pk: None)
    head = roster_in(house.owner, house.team).head
    made = sign_operation(
        ADMIN, Kind.ADD, team=house.team, previous=head, subject=STRANGER.public, box_pk=weak,
        rank=Rank.VIEWER,
    )  # fmt: skip
    house.write(made)
    assert house.rank(STRANGER) is Rank.VIEWER, "the attack, without the defence"


def test_g7_a_question_that_no_admin_passed_on(house: House, monkeypatch: Patch) -> None:
    """An editor asks in somebody's name, for keys of their own."""
    ask = TeamAsk(
        house.team, "", bytes(16), STRANGER.public, BOX, Rank.EDITOR, house.owner.wall_ms(),
        EDITOR.public, "Carla",
    )  # fmt: skip
    as_admin = replace(ask, by=ADMIN.public)
    for raw in (ask.signed(EDITOR), as_admin.signed(EDITOR)):
        house.field(asks.ASK + bytes(16).hex(), raw)
        asks.note(house.owner, house.team)
        assert not asks.items(house.owner)
    with monkeypatch.context() as patch:
        patch.setattr(asks, "ask_is_signed", yes)
        asks.note(house.owner, house.team)
        assert asks.items(house.owner), "the attack, without the defence"
    house.field(asks.ASK + bytes(16).hex(), as_admin.signed(ADMIN))
    asks.note(house.owner, house.team)
    assert len(asks.items(house.owner)) == 1


def test_g8_a_flood_of_rows_keeps_no_later_operation_out(house: House, monkeypatch: Patch) -> None:
    """Rows that are nothing at once, and operations behind nothing, which cost no look at a signature."""
    monkeypatch.setattr(book, "MAX_ROWS", 16)
    monkeypatch.setattr(chains, "MAX_OPS", 12)
    for n in range(20):
        house.field(ROSTER + f"{n:064x}", bytes([n]))
        house.write(house.op(VIEWER, Kind.ADD, STRANGER, Rank.VIEWER, after=bytes([n]) * 32))
    late = house.op(ADMIN, Kind.REMOVE, VIEWER)
    house.write(late)
    with monkeypatch.context() as patch:
        patch.setattr(TeamBook, "sweep", lambda self, roster: 0)
        settling.keep_up(house.owner, house.team)
        assert house.rank(VIEWER) is Rank.VIEWER, "the attack, without the defence"
    for _ in range(3):
        settling.keep_up(house.owner, house.team)
    assert house.rank(VIEWER) is Rank.NONE
    assert len(house.fields()) <= 6
