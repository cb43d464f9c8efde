"""Mailboxes at the relay: who bound one and hears of mail, how much room and how often (docs/wire.md).

What lies in one is shown to nobody but whoever signs with its key. Nothing here asks who leaves a message,
and nothing is kept of it but the message, its lane and the day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hmac import compare_digest
from typing import TYPE_CHECKING, Final

from cryptpad_relay.limits import AddressBuckets, Limits
from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.errors import Code, Malformed, Refused
from cryptpad_relay.protocol.frames import Op, join_frame
from cryptpad_relay.protocol.mail_frames import (
    MAX_MAILS,
    NO_PASS,
    WORK_BITS,
    WORK_BITS_FULL,
    MailBind,
    MailBound,
    MailCame,
    MailDrop,
    MailFetch,
    MailFetched,
    MailPut,
    bind_parts,
    has_worked,
    pass_id_of,
)
from cryptpad_relay.store.mail.base import BindMailbox, CloseMailbox, DropMail, Lane, Mailing, PutMail

if TYPE_CHECKING:
    from cryptpad_relay.session import Session
    from cryptpad_relay.store.base import Store

Work = Iterator[None] | None


class Mailboxes:
    """What all connections share about them."""

    def __init__(self, limits: Limits, store: Store) -> None:
        self._limits, self._store = limits, store
        self._bound: dict[bytes, dict[Session, None]] = {}
        self._on_their_way: dict[tuple[bytes, Lane], int] = {}
        """Messages that are not durable yet, and take room all the same."""
        self._by_lane = {
            Lane.DOOR: AddressBuckets(limits.mails_per_door),
            Lane.PASS: AddressBuckets(limits.mails_per_pass),
        }
        self._by_address = AddressBuckets(limits.mails_per_address)

    def bind(self, mailbox_id: bytes, session: Session) -> None:
        self._bound.setdefault(mailbox_id, {})[session] = None

    def left(self, session: Session) -> None:
        """A connection is gone, and what it bound with it."""
        for mailbox_id in session.mailboxes:
            bound = self._bound.get(mailbox_id, {})
            bound.pop(session, None)
            if not bound:
                self._bound.pop(mailbox_id, None)

    def room(self, mailbox_id: bytes, lane: Lane) -> tuple[int, int]:
        """(taken, allowed) of a lane."""
        allowed = self._limits.mails_at_door if lane is Lane.DOOR else self._limits.mails_by_pass
        waiting = self._on_their_way.get((mailbox_id, lane), 0)
        return self._store.mail_count(mailbox_id, lane) + waiting, allowed

    def pay(self, put: MailPut, lane: Lane, address: str, now: float) -> None:
        """Raises Refused (RETRY) where too many come to this mailbox, or from there."""
        retry_ms = self._by_lane[lane].take(put.mailbox_id.hex(), 1, now)
        retry_ms = retry_ms or self._by_address.take(address, 1, now)
        if retry_ms:
            raise Refused(Code.RETRY, retry_ms)

    def on_its_way(self, mailbox_id: bytes, lane: Lane) -> Callable[[], None]:
        """To be called when it is durable, or lost."""
        key = mailbox_id, lane
        self._on_their_way[key] = self._on_their_way.get(key, 0) + 1
        return lambda: self._arrived(mailbox_id, lane)

    def _arrived(self, mailbox_id: bytes, lane: Lane) -> None:
        left = self._on_their_way.pop((mailbox_id, lane)) - 1
        if left:
            self._on_their_way[mailbox_id, lane] = left
        box, sessions = self._store.mailbox(mailbox_id), self._bound.get(mailbox_id)
        if box is None or not sessions:
            return
        push = join_frame(Op.MAIL, 0, MailCame(mailbox_id, box.newest).encode())
        for session in sessions:
            session.peer.send(push)

    def expire(self, mailing: Mailing, day: int) -> None:
        mailing.mails_before = day - self._limits.mail_days
        mailing.boxes_before = day - self._limits.mailbox_days

    def tick(self, now: float) -> None:
        for buckets in (*self._by_lane.values(), self._by_address):
            buckets.forget_idle(now)


def mailbox_bind(session: Session, req: int, body: bytes, now: float) -> Work:
    bind = MailBind.decode(body)
    hub, mailbox_id = session.hub, bind.mailbox_id
    if retry_ms := session.proof_tokens.take(1, now):
        raise Refused(Code.RETRY, retry_ms)
    parts = bind_parts(bind.pass_id, session.nonce, hub.relay_pk)
    if not labels.verify_parts(bind.auth_pk, bind.signature, labels.MAILBOX_BIND, *parts):
        raise Refused(Code.NOT_AUTHORISED)
    if mailbox_id not in session.mailboxes and len(session.mailboxes) >= hub.limits.mailboxes_per_connection:
        raise Refused(Code.QUOTA)
    box = hub.store.mailbox(mailbox_id)
    if box is None and (
        retry_ms := session.create_tokens.take(1, now) or hub.creates_by_address.take(session.address, 1, now)
    ):
        raise Refused(Code.CREATE_LIMIT, retry_ms)
    session.proven = True
    session.mailboxes.add(mailbox_id)
    hub.mailboxes.bind(mailbox_id, session)
    answer = MailBound(hub.store.mail_count(mailbox_id), box.newest if box else 0).encode()
    step = BindMailbox(mailbox_id, bind.pass_id, hub.day())
    hub.stage(session, req, Op.MBOX_BIND, answer).mail.steps.append(step)
    return None


def mailbox_put(session: Session, req: int, body: bytes, now: float) -> Work:
    put = MailPut.decode(body)
    hub = session.hub
    if retry_ms := session.mail_tokens.take(1, now):
        raise Refused(Code.RETRY, retry_ms)
    box = hub.store.mailbox(put.mailbox_id)
    if box is None:
        raise Refused(Code.NOT_FOUND)
    lane = Lane.DOOR if put.pass_ == NO_PASS else Lane.PASS
    if lane is Lane.PASS and not compare_digest(pass_id_of(put.pass_), box.pass_id):
        raise Refused(Code.NOT_AUTHORISED)
    taken, allowed = hub.mailboxes.room(put.mailbox_id, lane)
    if lane is Lane.DOOR:
        _check_work(put, hub.day(), WORK_BITS_FULL if 2 * taken >= allowed else WORK_BITS)
    session.proven = True
    if hub.store.has_mail(put.mailbox_id, put.digest):
        session.answer(Op.MBOX_PUT, req)
        return None
    hub.mailboxes.pay(put, lane, session.address, now)
    if taken >= allowed:
        raise Refused(Code.QUOTA)
    step = PutMail(put.mailbox_id, lane, hub.day(), put.digest, put.mail)
    arrived = hub.mailboxes.on_its_way(put.mailbox_id, lane)
    hub.stage(session, req, Op.MBOX_PUT, b"", arrived).mail.steps.append(step)
    return None


def _check_work(put: MailPut, today: int, bits: int) -> None:
    """The day keeps anybody from doing the work for a year's messages at once."""
    if abs(put.day - today) > 1 or not has_worked(put, bits):
        raise Refused(Code.WORK, bits)


def mailbox_fetch(session: Session, req: int, body: bytes, now: float) -> Work:
    fetch = MailFetch.decode(body)
    _check_bound(session, fetch.mailbox_id)
    if fetch.after >= 2**63:
        raise Malformed("place")
    found = session.hub.store.mails(fetch.mailbox_id, fetch.after, MAX_MAILS)
    session.answer(Op.MBOX_FETCH, req, MailFetched(tuple(found)).encode())
    return None


def mailbox_drop(session: Session, req: int, body: bytes, now: float) -> Work:
    drop = MailDrop.decode(body)
    _check_bound(session, drop.mailbox_id)
    step = DropMail(drop.mailbox_id, drop.places)
    session.hub.stage(session, req, Op.MBOX_DROP, b"").mail.steps.append(step)
    return None


def mailbox_close(session: Session, req: int, body: bytes, now: float) -> Work:
    if len(body) != 32:
        raise Malformed("mailbox id")
    _check_bound(session, body)
    session.hub.stage(session, req, Op.MBOX_CLOSE, b"").mail.steps.append(CloseMailbox(body))
    return None


def _check_bound(session: Session, mailbox_id: bytes) -> None:
    if mailbox_id not in session.mailboxes:
        raise Refused(Code.NOT_SUBSCRIBED)


MAILBOXES: Final[dict[int, Callable[[Session, int, bytes, float], Work]]] = {
    Op.MBOX_BIND: mailbox_bind,
    Op.MBOX_PUT: mailbox_put,
    Op.MBOX_FETCH: mailbox_fetch,
    Op.MBOX_DROP: mailbox_drop,
    Op.MBOX_CLOSE: mailbox_close,
}
