"""F18: a team's roster as anybody makes it: bytes, and operations of members who keep to no rule.

Half of them are signed by those who say so; what they may, the roster must judge alone, and in no order.
"""

from __future__ import annotations

import contextlib
from typing import Final

from fuzz.choices import Choices

from cryptpad_relay.protocol.errors import Malformed
from cryptpad_tui.crypto.keys import SigningSeed
from cryptpad_tui.people import roster_ops
from cryptpad_tui.people.identity import BoxKey
from cryptpad_tui.people.roster import TeamRoster, roster_of
from cryptpad_tui.people.roster_again import leavers, to_say_again
from cryptpad_tui.people.roster_duties import Sealed, endings, note_of
from cryptpad_tui.people.roster_ops import Kind, Rank, operation_id, parse_operation

TEAM: Final = bytes(range(32))
OWNER_KEY: Final = SigningSeed(TEAM)
PEOPLE: Final = tuple([SigningSeed(bytes([n]) * 32) for n in range(1, 7)])
BOX: Final = BoxKey(TEAM).public
MAX_OPS: Final = 16


def fuzz_roster(data: bytes) -> None:
    """F18: see above."""
    choices = Choices(data)
    if choices.below(3) == 0:
        _bytes(choices.rest())
        return
    raws: list[bytes] = []
    while choices and len(raws) < MAX_OPS:
        raws.append(_said(choices, raws))
    roster = roster_of(TEAM, OWNER_KEY.public, raws)
    again = roster_of(TEAM, OWNER_KEY.public, [*reversed(raws), *raws], known=_known(roster, choices))
    assert (again.line, again.seats, again.left) == (roster.line, roster.seats, roster.left), (
        "an order counts"
    )
    _judge(roster)


def _bytes(raw: bytes) -> None:
    with contextlib.suppress(Malformed):
        found = parse_operation(raw)
        assert found.body + found.signature == raw
        assert found.name.isprintable() or not found.name.isascii()


def _said(choices: Choices, raws: list[bytes]) -> bytes:
    kind = choices.pick((Kind.ADD, Kind.ROLE, Kind.REMOVE, Kind.LEAVE, Kind.FOUND))
    author, subject = choices.pick(PEOPLE), choices.pick(PEOPLE).public
    after = operation_id(raws[-1 - choices.below(len(raws))]) if raws else TEAM
    lets_in = kind in (Kind.ADD, Kind.FOUND)
    rank = choices.pick(tuple(Rank)) if kind in (Kind.ADD, Kind.ROLE) else Rank.NONE
    head = roster_ops._HEAD.pack(
        roster_ops.MAGIC,
        1,
        kind,
        Rank.OWNER if kind is Kind.FOUND else rank,
        TEAM,
        TEAM if kind is Kind.FOUND else after,
        author.public,
        author.public if kind in (Kind.FOUND, Kind.LEAVE) else subject,
        BOX if lets_in else bytes(32),
        0,
    )
    trick = choices.below(8)
    if trick == 7:
        at = choices.below(len(head))
        head = head[:at] + bytes([head[at] ^ choices.byte()]) + head[at + 1 :]
    signer = choices.pick(PEOPLE) if trick == 6 else author
    if kind is Kind.FOUND and trick < 6:
        return head + OWNER_KEY.sign("pad1/teamborn", head)
    return head + signer.sign("pad1/teamop", head)


def _known(roster: TeamRoster, choices: Choices) -> list[bytes]:
    return [op.raw for op in roster.valid.values() if choices.byte() & 1]


def _judge(roster: TeamRoster) -> None:
    ranks: dict[bytes, Rank] = {}
    for at, op in enumerate(roster.line):
        assert (op.kind is Kind.FOUND) == (at == 0)
        if at:
            assert ranks[op.author] >= Rank.ADMIN, "who may not changed something"
            assert ranks.get(op.subject, Rank.NONE) is not Rank.OWNER or op.id in roster.cleared
            touched = max(op.rank, ranks.get(op.subject, Rank.NONE))
            assert ranks[op.author] is Rank.OWNER or touched <= Rank.EDITOR
        ranks[op.subject] = op.rank
    if roster.line:
        assert any(seat.rank is Rank.OWNER for seat in roster.seats.values()), "the last owner is gone"
    for seed in PEOPLE:
        for change in (*to_say_again(roster, seed.public), *leavers(roster, seed.public)):
            assert roster.rank_of(seed.public) >= Rank.ADMIN
            assert change.seat.rank is not Rank.NONE
    assert not endings(roster, Sealed(note_of(roster)))
