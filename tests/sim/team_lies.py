"""Lies to the judge of a team: facts as they would be, had something gone wrong. Each check must say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest

from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.crypto.keys import identity_of
from cryptpad_tui.engine import member_book
from cryptpad_tui.people.roster import TeamRoster
from cryptpad_tui.people.roster_ops import Kind, Operation, Rank, sign_operation
from sim import team_checks
from sim.team_checks import TeamChecks
from sim.team_client import TeamMachine
from sim.team_logs import Logs

Lie = Callable[[pytest.MonkeyPatch, TeamChecks], None]


def _tell(patched: pytest.MonkeyPatch, roster: TeamRoster) -> None:
    patched.setattr(Logs, "roster", lambda self: roster)


def _member(checks: TeamChecks, rank: Rank) -> TeamMachine:
    roster = checks.world.logs.roster()
    return next(each for each in checks.world.people if roster.rank_of(each.ident_pk) is rank)


def _founder(checks: TeamChecks) -> TeamMachine:
    return _member(checks, Rank.OWNER)


def _put_out(checks: TeamChecks, person: TeamMachine) -> Operation:
    """An owner's word that somebody is out."""
    roster = checks.world.logs.roster()
    signer = identity_of(_founder(checks).account_root)
    return sign_operation(
        signer, Kind.REMOVE, team=roster.team, previous=roster.head, subject=person.ident_pk
    )


def nobody_is_in(patched: pytest.MonkeyPatch, checks: TeamChecks) -> None:
    roster = checks.world.logs.roster()
    seats = {key: seat for key, seat in roster.seats.items() if seat.rank is Rank.OWNER}
    _tell(patched, replace(roster, seats=seats))


def all_are_readers(patched: pytest.MonkeyPatch, checks: TeamChecks) -> None:
    roster = checks.world.logs.roster()
    seats = {key: replace(seat, rank=min(seat.rank, Rank.VIEWER)) for key, seat in roster.seats.items()}
    _tell(patched, replace(roster, seats=seats))
    patched.setattr(team_checks, "owns", lambda person, pad: False)


def they_see_another(patched: pytest.MonkeyPatch, checks: TeamChecks) -> None:
    true = team_checks.roster_in
    patched.setattr(team_checks, "roster_in", lambda engine, team: replace(true(engine, team), seats={}))


def half_done(patched: pytest.MonkeyPatch, checks: TeamChecks) -> None:
    patched.setattr(member_book, "is_unfinished", lambda engine, pad_id: True)


def another_text(patched: pytest.MonkeyPatch, checks: TeamChecks) -> None:
    true = ViewDocument.text
    patched.setattr(ViewDocument, "text", lambda self: true(self) + "?")


def out_and_in_all_the_same(patched: pytest.MonkeyPatch, checks: TeamChecks) -> None:
    roster, op = checks.world.logs.roster(), _put_out(checks, _member(checks, Rank.EDITOR))
    _tell(patched, replace(roster, valid={**roster.valid, op.id: op}))


def a_word_is_gone(patched: pytest.MonkeyPatch, checks: TeamChecks) -> None:
    roster = checks.world.logs.roster()
    author = _founder(checks).ident_pk
    gone = next(op.id for op in roster.line if op.author == author and op.kind is Kind.ADD)
    _tell(patched, replace(roster, valid={key: op for key, op in roster.valid.items() if key != gone}))


def not_its_authors_to_say(patched: pytest.MonkeyPatch, checks: TeamChecks) -> None:
    roster, editor = checks.world.logs.roster(), _member(checks, Rank.EDITOR)
    op = sign_operation(
        identity_of(editor.account_root),
        Kind.ROLE,
        team=roster.team,
        previous=roster.head,
        subject=editor.ident_pk,
        rank=Rank.ADMIN,
    )
    _tell(patched, replace(roster, line=(*roster.line, op)))


def forged(patched: pytest.MonkeyPatch, checks: TeamChecks) -> None:
    roster = checks.world.logs.roster()
    op = replace(roster.line[-1], raw=roster.line[-1].body + bytes(64))
    _tell(patched, replace(roster, line=(*roster.line[:-1], op)))


def out_of_order(patched: pytest.MonkeyPatch, checks: TeamChecks) -> None:
    roster = checks.world.logs.roster()
    _tell(patched, replace(roster, line=(*roster.line[:-1], roster.line[0])))


def lost(patched: pytest.MonkeyPatch, checks: TeamChecks) -> None:
    token = checks.world.tokens.make(1)
    checks.world.tokens.durable.add(token)


def doubled(patched: pytest.MonkeyPatch, checks: TeamChecks) -> None:
    true = Logs.text
    patched.setattr(Logs, "text", lambda self: true(self) * 2)


LIES: Final[tuple[tuple[Lie, str], ...]] = (
    (nobody_is_in, "is out, and has the keys of"),
    (all_are_readers, "is viewer and may write in"),
    (all_are_readers, "and has the right to write in"),
    (they_see_another, "sees another roster than the folder says"),
    (half_done, "has a change of keys half done"),
    (another_text, "sees another text in"),
    (out_and_in_all_the_same, "said REMOVE of"),
    (a_word_is_gone, "signed ADD, which is lost"),
    (not_its_authors_to_say, "was not its author's to say"),
    (forged, "is not signed by whom it says"),
    (out_of_order, "does not follow what is before it"),
    (lost, "lost 1 of 1"),
    (doubled, "typed once, there 2 times"),
)
"""What is told, and a part of what must be said of it."""
