"""The inbox of a team: what somebody asked one admin for, all admins and owners see, and one of them answers.

Whoever was asked puts the question into the folder, and their machine tells the asker what was said: so an
answer needs nobody's address. It gives nobody a right but by the roster.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.errors import Malformed
from cryptpad_tui.crdt.kinds import ENTRIES_ROOT
from cryptpad_tui.crypto.keys import identity_of
from cryptpad_tui.drive.entry_fields import text_of
from cryptpad_tui.engine import mailbox
from cryptpad_tui.engine.teams.acting import may, raise_or_lower
from cryptpad_tui.engine.teams.book import FEW, TeamBook
from cryptpad_tui.engine.teams.rows import ASK as ASK
from cryptpad_tui.engine.teams.rows import SAID as SAID
from cryptpad_tui.engine.teams.rows import TeamRows, bytes_of, rows_of
from cryptpad_tui.people.contacts import contact_id
from cryptpad_tui.people.inbox import InboxItem
from cryptpad_tui.people.messages import EditAnswer, EditRequest
from cryptpad_tui.people.roster import TeamRoster
from cryptpad_tui.people.roster_ops import Rank
from cryptpad_tui.people.roster_rules import Seat
from cryptpad_tui.people.team_asks import (
    MAX_BYTES,
    Said,
    TeamAsk,
    ask_is_signed,
    asker_of,
    mail_of,
    parse_ask,
    parse_said,
)

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession

_OPEN: Final = "team/asks/"
"""How the settings begin that have a team's open questions."""
MAX_ASKS: Final = 64
MAX_OF_ONE: Final = 16
"""Questions that one admin passed on: who passes on thousands hides nobody else's."""
MAX_LOOKED_AT: Final = 4 * MAX_OF_ONE
MAX_CHECKS: Final = 256
"""Signatures that one look checks; what says of itself what it is not is taken out, and costs once."""
MAX_AGE_MS: Final = 30 * 86_400_000
"""What is older than a question is kept anywhere counts no more: somebody took it out, and in again."""


class TeamInbox:
    """Of one open folder."""

    def __init__(self, engine: Engine, session: PadSession) -> None:
        self._engine, self._session = engine, session
        self._book = TeamBook(engine, session)
        self._roster = self._book.roster(checks=FEW)
        self.is_whole = True
        """Whether the last look at the questions left none for another, for its costs."""

    @property
    def roster(self) -> TeamRoster:
        return self._roster

    @property
    def _rows(self) -> TeamRows:
        return rows_of(self._session)

    def _counts(self, ident_pk: bytes) -> bool:
        return self._roster.rank_of(ident_pk) >= Rank.ADMIN

    def said(self, mail_id: bytes) -> Said | None:
        """What was said to a question by somebody who may."""
        raw = self._rows.of(SAID).get(SAID + mail_id.hex())
        said = _said_of(raw, self._session.pad_id) if raw is not None else None
        return said if said is not None and self._counts(said.by) else None

    def open_rows(self) -> list[tuple[TeamAsk, bytes]]:
        """Questions that were passed on by who may, and nobody has answered: of each who did the newest, and
        one's own contacts' first."""
        by_author: dict[bytes, list[tuple[TeamAsk, bytes]]] = defaultdict(list)
        for ask, raw in self._signed():
            is_new = 0 <= self._engine.wall_ms() - ask.at_ms + MAX_AGE_MS // 30 < MAX_AGE_MS
            if is_new and self._roster.rank_of(ask.ident_pk) < ask.rank:
                by_author[ask.by].append((ask, raw))
        people = self._engine.people.contacts() if by_author else []
        known = {each.card.ident_pk for each in people}
        ranked: list[tuple[int, bool, int, bytes, tuple[TeamAsk, bytes]]] = []
        for found in by_author.values():
            found.sort(key=lambda each: (each[0].ident_pk not in known, -each[0].at_ms, each[0].mail_id))
            left = [each for each in found[:MAX_LOOKED_AT] if self.said(each[0].mail_id) is None]
            for at, each in enumerate(left[:MAX_OF_ONE]):
                ask = each[0]
                ranked.append((at, ask.ident_pk not in known, -ask.at_ms, ask.mail_id, each))
        return [each[-1] for each in sorted(ranked)[:MAX_ASKS]]

    def _signed(self) -> Iterator[tuple[TeamAsk, bytes]]:
        """Rows of those who may pass questions on, as far as they signed them."""
        self.is_whole, left, forged = True, MAX_CHECKS, list[str]()
        for name, raw in self._rows.of(ASK).items():
            ask = self._rows.asks.get(raw)
            if ask is None and self._counts(asker_of(raw)):
                self.is_whole &= left > 0
                left -= 1
                if left < 0:
                    continue
                ask = _ask_of(raw, self._session.pad_id)
                if ask is None:
                    forged.append(name)
                else:
                    self._rows.asks[raw] = ask
            if ask is not None and self._counts(ask.by):
                yield ask, raw
        self._rows.drop(forged)

    # -- whoever was asked

    def pass_on(self) -> None:
        """What came by mail into this person's inbox, for the others; what was dealt with goes. Inside a
        transaction."""
        if not self._counts(self._book.me):
            return
        mine = {item.mail_id: item for item in _own(self._engine, self._session.pad_id)}
        rows = self._rows.of(ASK)
        for item in mine.values():
            raw = rows.get(ASK + item.mail_id.hex())
            is_there = raw is not None and _ask_of(raw, self._session.pad_id) is not None
            if self.said(item.mail_id) is None and not (is_there and asker_of(raw or b"") == self._book.me):
                self._write(ASK + item.mail_id.hex(), self._ask(item))
        for name, raw in list(rows.items()):
            if asker_of(raw) == self._book.me and mail_of(raw) not in mine:
                for each in (name, SAID + mail_of(raw).hex()):
                    self._session.view.delete_map(ENTRIES_ROOT, each)
        self._session.flush()

    def _ask(self, item: InboxItem) -> bytes | None:
        contact, message = self._engine.people.contact(item.contact_id), item.message
        assert isinstance(message, EditRequest)
        if contact is None:
            return None
        card, by = contact.card, self._book.me
        ask = TeamAsk(
            message.pad_id, "", item.mail_id, card.ident_pk, card.box_pk, Rank.EDITOR,
            self._engine.wall_ms(), by, contact.name, message.note,
        )  # fmt: skip
        return ask.signed(identity_of(self._engine.vault.account_root))

    def _write(self, name: str, raw: bytes | None) -> None:
        if raw is not None:
            value = base64.b64encode(raw).decode("ascii")
            self._session.view.set_map(ENTRIES_ROOT, name, value)

    # -- whoever answers

    def answer(self, ask: TeamAsk, *, accepted: bool) -> None:
        """Raises MayNotDoThat; inside a transaction."""
        if accepted and self._roster.rank_of(ask.ident_pk) < ask.rank:
            may(self._roster, self._book.me, ask.ident_pk, ask.rank)
            seat = self._roster.seats.get(ask.ident_pk)
            asked = Seat(ask.ident_pk, seat.box_pk if seat else ask.box_pk, ask.rank, ask.name, b"")
            raise_or_lower(self._engine, self._session, asked)
        said = Said(ask.mail_id, accepted, self._book.me)
        signed = said.signed(self._session.pad_id, identity_of(self._engine.vault.account_root))
        self._write(SAID + ask.mail_id.hex(), signed)
        self._session.flush()


@lru_cache(maxsize=1_024)
def _said_of(raw: bytes, team: bytes) -> Said | None:
    try:
        return parse_said(raw, team)
    except Malformed:
        return None


def _ask_of(raw: bytes, team: bytes) -> TeamAsk | None:
    """Where it is signed by whom it names."""
    try:
        ask = parse_ask(raw, team, "")
    except Malformed:
        return None
    return ask if ask_is_signed(ask, raw) else None


def _own(engine: Engine, team: bytes) -> list[InboxItem]:
    """Questions about a team in this person's own inbox."""
    items = engine.people.items()
    return [each for each in items if isinstance(each.message, EditRequest) and each.message.pad_id == team]


def note(engine: Engine, team: bytes) -> bool:
    """Remember what is asked there, so that a list of the inbox opens no folder; whether that is all."""
    with engine.borrowed(team) as session:
        box = TeamInbox(engine, session)
        me = identity_of(engine.vault.account_root).public
        hears = not session.standing and box.roster.rank_of(me) >= Rank.ADMIN
        rows = [text_of(raw) for ask, raw in box.open_rows() if ask.by != me] if hears else []
    stored, name = json.dumps(rows) if rows else None, _OPEN + team.hex()
    if engine.vault.setting(name) != stored:
        engine.vault.set_setting(name, stored)
    return box.is_whole


def items(engine: Engine) -> list[InboxItem]:
    """What other admins of one's teams were asked, as messages of the inbox."""
    found = []
    for name, rows in engine.vault.settings_under(_OPEN).items():
        team = bytes.fromhex(name.removeprefix(_OPEN))
        row = engine.vault.listing_row(team)
        if engine.vault.pad(team) is None:
            continue
        for text in json.loads(rows):
            ask = parse_ask(bytes_of(text, MAX_BYTES), team, row.title if row else "")
            found.append(InboxItem(_number_of(ask), contact_id(ask.ident_pk), ask.at_ms, ask))
    return found


def _number_of(ask: TeamAsk) -> bytes:
    """By what an inbox knows it: whoever passed it on chose its id, also one of another message there, which
    would be answered in its place."""
    return hashlib.blake2b(ask.pad_id + ask.mail_id, digest_size=16, person=b"team ask").digest()


def answer(engine: Engine, ask: TeamAsk, *, accepted: bool) -> None:
    """Say yes or no for all admins and owners; raises MayNotDoThat."""
    with engine.borrowed(ask.pad_id) as session, engine.drive_session.replica.store.transaction():
        TeamInbox(engine, session).answer(ask, accepted=accepted)
    note(engine, ask.pad_id)


async def tell(engine: Engine, team: bytes) -> None:
    """Those who asked this person hear what another admin said; raises what making a link raises."""
    mine = _own(engine, team)
    if not mine:
        return
    with engine.borrowed(team) as session:
        box = TeamInbox(engine, session)
        said = {item.mail_id: box.said(item.mail_id) for item in mine}
    for item in mine:
        answered = said[item.mail_id]
        sender = engine.people.contact(item.contact_id)
        if answered is None:
            continue
        # Whoever was taken out since gets no key by a yes of before.
        is_in = sender is not None and box.roster.rank_of(sender.card.ident_pk) >= Rank.EDITOR
        accepted = answered.accepted and is_in
        link = await engine.make_link(team, view=False) if accepted else ""
        with engine.people.durable():
            if sender is not None and sender.is_open:
                message = EditAnswer(team, accepted, link)
                mailbox.queue(engine, sender, message, f"the answer to {sender.name}")
            engine.people.finish(item.mail_id, "accepted" if accepted else "declined")
