"""The inbox: what came, how it is numbered, and answering it.

An answer and what it does are one transaction, or the same again when they are asked for twice: a join that
was cut off is joined again, and an item that another device dealt with is gone.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crypto.keys import pseudonym_of
from cryptpad_tui.engine import (
    asking,
    contacts,
    inviting,
    left_mailboxes,
    mailbox,
    outbox,
    owning,
    relocation_mail,
    whereabouts,
)
from cryptpad_tui.engine.creating import drive_record
from cryptpad_tui.engine.errors import UnknownPad
from cryptpad_tui.engine.mail_errors import NothingToAnswer, UnknownItem
from cryptpad_tui.engine.own_card import mailbox_connection, myself
from cryptpad_tui.engine.teams import asks
from cryptpad_tui.engine.values import PadListing
from cryptpad_tui.people.contacts import CHANGED, Contact, warnings_about
from cryptpad_tui.people.inbox import InboxItem, sentence_of
from cryptpad_tui.people.messages import (
    EditAnswer,
    EditRequest,
    Invitation,
    InvitationAnswer,
    Mention,
    OwnershipAnswer,
    OwnershipOffer,
    PadMoved,
    RemovalNotice,
    Request,
    TeamLeave,
)
from cryptpad_tui.people.proofs import prove_key, proves_key
from cryptpad_tui.people.safety import Keys
from cryptpad_tui.people.team_asks import TeamAsk

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

_SHOWN: Final = "inbox/shown"
"""The setting with what the last listing on this device numbered, so that a number stays what it was."""


@dataclass(frozen=True, slots=True)
class InboxLine:
    """A message as a list shows it. Names and sentences are raw."""

    number: int
    mail_id: bytes
    kind: str
    sender: str
    contact_id: str
    verified: bool
    sent_ms: int
    sentence: str
    needs_answer: bool
    warning: str


@dataclass(frozen=True, slots=True)
class InboxReport:
    """What a look into the mailbox brought, and what did not go."""

    words: list[str] = field(default_factory=list)
    waiting: int = 0


async def look(engine: Engine, *, wait_s: float = 10.0) -> InboxReport:
    """Fetch what came and send what waits; raises NoMailbox, RelayUnreachable, RelayRefused or Alarm."""
    async with mailbox_connection(engine, wait_s=wait_s) as connection:
        await connection.run(mailbox.bind(engine, connection.greeting))
        # What another device took and answered is known before anything is taken here.
        await _drive_in_step(engine, wait_s)
        contacts.introduce_again(engine)
        fetched = await connection.run(mailbox.fetch(engine))
        asking.go_on(engine)
        sent = await outbox.send(engine, wait_s=wait_s)
        if await _drive_in_step(engine, wait_s):
            await connection.run(mailbox.drop(engine, fetched.drop))
    relocation_mail.put_away_followed(engine)
    behind = await left_mailboxes.fetch(engine, lambda: _drive_in_step(engine, wait_s))
    return InboxReport([*fetched.words(), *behind.words(), *sent.problems], sent.waiting)


async def settle(engine: Engine, *, wait_s: float = 10.0) -> InboxReport:
    """After something was done here: send what waits, and let other devices know."""
    sent = await outbox.send(engine, wait_s=wait_s)
    await _drive_in_step(engine, wait_s)
    return InboxReport(list(sent.problems), sent.waiting)


async def _drive_in_step(engine: Engine, wait_s: float) -> bool:
    report = await engine.sync([drive_record(engine).pad_id], wait_s=wait_s)
    return not (report.unreachable or report.waiting or report.alarms)


def lines(engine: Engine, *, number: bool = True) -> list[InboxLine]:
    """What nobody dealt with yet. The numbers hold until the next listing on this device."""
    items = [*engine.people.items(), *asks.items(engine)]
    everybody, mine = engine.people.contacts(), contacts.keys_of(engine)
    by_id = {each.id: each for each in everybody}
    if number:
        shown = [item.mail_id.hex() for item in items]
        if shown != _shown(engine):
            engine.vault.set_setting(_SHOWN, json.dumps(shown))
    titles = {pad.pad_id: pad.title for pad in engine.listing()} if items else {}
    return [
        _line(at, _as_here(item, titles), by_id.get(item.contact_id), everybody, mine)
        for at, item in enumerate(items, 1)
    ]


def _as_here(item: InboxItem, titles: Mapping[bytes, str]) -> InboxItem:
    """With one's own title of the pad that it is about: a sender may call any pad what they like."""
    message = item.message
    if isinstance(
        message, EditRequest | Mention | RemovalNotice | OwnershipOffer | PadMoved | TeamLeave | TeamAsk
    ):
        title = titles.get(message.pad_id, message.title)
        return replace(item, message=replace(message, title=title))
    return item


def _line(
    number: int, item: InboxItem, sender: Contact | None, everybody: list[Contact], mine: Keys
) -> InboxLine:
    warning = warnings_about(sender, everybody) if sender and isinstance(item.message, Request) else ""
    if item.missing:
        many = f"{item.missing} messages" if item.missing > 1 else "one message"
        warning = "; ".join([*([warning] if warning else []), f"{many} before this did not come"])
    # Who is known to another admin alone is called as that one calls them, and is nobody's contact here.
    called = f"{item.message.name} ({item.contact_id[:8]})" if isinstance(item.message, TeamAsk) else ""
    return InboxLine(
        number,
        item.mail_id,
        "changed-keys" if item.says == CHANGED else item.kind,
        sender.name if sender else called or f"key {item.contact_id[:8]}",
        item.contact_id,
        sender.is_verified(mine) if sender else False,
        item.sent_ms,
        sentence_of(item),
        item.needs_answer or _brings_link(item),
        warning,
    )


def _brings_link(item: InboxItem) -> bool:
    return isinstance(item.message, EditAnswer) and item.message.accepted


def numbered(engine: Engine, number: int) -> InboxItem:
    """What the last listing gave this number; raises UnknownItem."""
    shown = _shown(engine) or [item.mail_id.hex() for item in engine.people.items()]
    if not 1 <= number <= len(shown):
        raise UnknownItem
    return item_of(engine, bytes.fromhex(shown[number - 1]))


def item_of(engine: Engine, mail_id: bytes) -> InboxItem:
    """Raises UnknownItem also where another device dealt with it."""
    for item in (*engine.people.items(), *asks.items(engine)):
        if item.mail_id == mail_id:
            return item
    raise UnknownItem


def _shown(engine: Engine) -> list[str]:
    found: list[str] = json.loads(engine.vault.setting(_SHOWN) or "[]")
    return found


async def accept(engine: Engine, item: InboxItem, *, wait_s: float = 10.0) -> PadListing | None:
    """Say yes; the pad that came of it. Raises NothingToAnswer, FalseOffer, or what joining raises."""
    message = item.message
    if isinstance(message, OwnershipOffer):
        return await owning.accept(engine, item, message, wait_s=wait_s)
    if item.says == CHANGED or isinstance(message, Request):
        contacts.accept(engine, item.contact_id)
        return None
    if isinstance(message, TeamAsk):
        asks.answer(engine, message, accepted=True)
        await engine.sync([message.pad_id], wait_s=wait_s)
        return None
    if isinstance(message, EditRequest):
        await _give_edit(engine, item, message, wait_s)
        return None
    if isinstance(message, PadMoved):
        await whereabouts.follow(engine, message.pad_id, message.address, wait_s=wait_s)
        engine.people.finish(item.mail_id, "accepted")
        return engine.listing_of(message.pad_id)
    if isinstance(message, Invitation) or (isinstance(message, EditAnswer) and message.accepted):
        joined = await engine.join(message.link, wait_s=wait_s)
        _done(engine, item, "accepted", joined.pad_id)
        return joined
    raise NothingToAnswer


def _done(engine: Engine, item: InboxItem, how: str, pad_id: bytes) -> None:
    """With the answer to an invitation: under which key one is known there, to the inviter alone."""
    sender = engine.people.contact(item.contact_id)
    with engine.people.durable():
        if isinstance(item.message, Invitation) and sender is not None and sender.is_open:
            answer = _known_as(engine, pad_id, sender)
            mailbox.queue(engine, sender, answer, f"the answer to {sender.name}")
            asking.note_sender(engine, pad_id, sender)
        engine.people.finish(item.mail_id, how)


def _known_as(engine: Engine, pad_id: bytes, to: Contact) -> InvitationAnswer:
    key = pseudonym_of(engine.vault.account_root, pad_id)
    proof = prove_key(key, pad_id=pad_id, sender=myself(engine).ident.public, recipient=to.card.ident_pk)
    return InvitationAnswer(pad_id, True, key.public, proof)


async def _give_edit(engine: Engine, item: InboxItem, message: EditRequest, wait_s: float) -> None:
    sender = contacts.to_write_to(engine, item.contact_id)
    link = await engine.make_link(message.pad_id, view=False, wait_s=wait_s)
    with engine.people.durable():
        me = myself(engine).ident.public
        if proves_key(message, sender=sender.card.ident_pk, recipient=me):
            engine.people.set_known(message.pad_id, message.key, sender.id)
        mailbox.queue(engine, sender, EditAnswer(message.pad_id, True, link), f"the answer to {sender.name}")
        inviting.keep_as_member(engine, message.pad_id, sender, view=False)
        engine.people.finish(item.mail_id, "accepted")


def decline(engine: Engine, item: InboxItem) -> None:
    """Say no to what asks for an answer, and put away all else; the sender of a notice is told nothing."""
    message = item.message
    if isinstance(message, TeamAsk):
        asks.answer(engine, message, accepted=False)
        return
    if item.says == CHANGED or (isinstance(message, Request) and not item.says):
        contacts.decline(engine, item.contact_id)
        return
    sender = engine.people.contact(item.contact_id)
    with engine.people.durable():
        if sender is not None and sender.is_open:
            _say_no(engine, sender, item)
        engine.people.finish(item.mail_id, "declined" if item.needs_answer else "seen")


def _say_no(engine: Engine, sender: Contact, item: InboxItem) -> None:
    message, what = item.message, f"the answer to {sender.name}"
    if isinstance(message, Invitation):
        with contextlib.suppress(UnknownPad):
            mailbox.queue(engine, sender, InvitationAnswer(_pad_of(message), False), what)
    elif isinstance(message, EditRequest):
        mailbox.queue(engine, sender, EditAnswer(message.pad_id, False), what)
    elif isinstance(message, OwnershipOffer):
        mailbox.queue(engine, sender, OwnershipAnswer(message.pad_id, False), what)


def _pad_of(message: Invitation) -> bytes:
    from cryptpad_tui.crypto.errors import BadLink
    from cryptpad_tui.crypto.links import decode_link

    try:
        return decode_link(message.link).pad_id
    except BadLink:
        raise UnknownPad from None
