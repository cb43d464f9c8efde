"""LOGIN_GET, LOGIN_PUT, LOGIN_MOVE, LOGIN_DROP: one sealed block a login, kept for who can sign for it.

A block's id comes from a name, a passphrase and a secret key together: nobody is told whether a name has a
block, and a wrong passphrase finds what a wrong name finds. Each change names the version that it replaces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from cryptpad_relay.limits import AddressBuckets, Bucket, Limits
from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.errors import Code, Malformed, Refused
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.labels import u64
from cryptpad_relay.protocol.login_frames import (
    LoginBlock,
    LoginDrop,
    LoginGet,
    LoginMove,
    LoginPut,
    login_id_of,
)
from cryptpad_relay.store.base import LoginRow, Store

if TYPE_CHECKING:
    from cryptpad_relay.session import Session

Work = Iterator[None] | None
BUSY_MS: Final = 100


class Logins:
    """What a relay remembers of logins beside its store: who asked how often, and what is on its way."""

    def __init__(self, limits: Limits, store: Store) -> None:
        self._limits, self._store = limits, store
        self._busy: set[bytes] = set()
        """Blocks whose change is not durable yet: what stands there is not known before it is."""
        self._asks = AddressBuckets(limits.login_asks_per_address)
        self._makes = AddressBuckets(limits.login_makes_per_address)
        self._by_block = AddressBuckets(limits.login_asks_per_block)

    def tick(self, now: float) -> None:
        for buckets in (self._asks, self._makes, self._by_block):
            buckets.forget_idle(now)

    def pay_to_ask(self, session: Session, now: float) -> None:
        """For each question, before a signature is looked at: a question is a guess. Raises Refused."""
        own = session.login_tokens = session.login_tokens or Bucket(
            self._limits.login_asks_per_connection, now
        )
        _pay(own.take(1, now) or self._asks.take(session.address, 1, now))

    def find(self, login_pk: bytes, now: float) -> LoginRow | None:
        """The block of who has proven to have this key; raises Refused."""
        login_id = login_id_of(login_pk)
        _pay(self._by_block.take(login_id.hex(), 1, now))
        if login_id in self._busy:
            raise Refused(Code.RETRY, BUSY_MS)
        return self._store.login(login_id)

    def pay_to_make(self, session: Session, now: float) -> None:
        if self._store.login_count() + len(self._busy) >= self._limits.logins:
            raise Refused(Code.QUOTA)
        _pay(self._makes.take(session.address, 1, now))

    def stage(
        self, session: Session, req: int, op: Op, body: bytes, rows: dict[bytes, LoginRow | None]
    ) -> None:
        self._busy.update(rows)

        def settled() -> None:
            self._busy.difference_update(rows)

        session.hub.stage(session, req, op, body, settled).logins.update(rows)


def login_get(session: Session, req: int, body: bytes, now: float) -> Work:
    asked = LoginGet.decode(body)
    _enter(session, now)
    _require(session, asked.login_pk, asked.signature, labels.LOGIN_GET)
    row = session.hub.logins.find(asked.login_pk, now)
    if row is None:
        raise Refused(Code.NOT_FOUND)
    session.proven = True
    session.answer(Op.LOGIN_GET, req, row.block)
    return None


def login_put(session: Session, req: int, body: bytes, now: float) -> Work:
    put = LoginPut.decode(body)
    _enter(session, now)
    block = _block(put.block, put.login_pk, above=put.had)
    parts = LoginPut.signed_parts(put.had, put.block)
    _require(session, put.login_pk, put.signature, labels.LOGIN_PUT, *parts)
    logins, row = session.hub.logins, session.hub.logins.find(put.login_pk, now)
    session.proven = True
    if row is not None and row.block == put.block:
        session.answer(Op.LOGIN_PUT, req, u64(row.version))
        return None
    if (row.version if row else 0) != put.had:
        raise Refused(Code.BAD_SEQUENCE)
    if row is None:
        logins.pay_to_make(session, now)
    rows: dict[bytes, LoginRow | None] = {login_id_of(put.login_pk): LoginRow(block.version, put.block)}
    logins.stage(session, req, Op.LOGIN_PUT, u64(block.version), rows)
    return None


def login_move(session: Session, req: int, body: bytes, now: float) -> Work:
    """One transaction: at no moment both passphrases are good, or neither."""
    move = LoginMove.decode(body)
    _enter(session, now)
    block = _block(move.block, move.login_pk, above=move.had)
    parts = LoginMove.signed_parts(move.had, move.login_pk, move.block)
    _require(session, move.old_pk, move.old_signature, labels.LOGIN_MOVE, *parts)
    _require(session, move.login_pk, move.signature, labels.LOGIN_MOVE, *parts)
    if move.old_pk == move.login_pk:
        raise Malformed("a login in its own place")
    logins = session.hub.logins
    old, other = logins.find(move.old_pk, now), logins.find(move.login_pk, now)
    session.proven = True
    if old is None and other is not None and other.block == move.block:
        session.answer(Op.LOGIN_MOVE, req, u64(other.version))
        return None
    if old is None:
        raise Refused(Code.NOT_FOUND)
    if old.version != move.had or other is not None:
        raise Refused(Code.BAD_SEQUENCE)
    rows = {login_id_of(move.old_pk): None, login_id_of(move.login_pk): LoginRow(block.version, move.block)}
    logins.stage(session, req, Op.LOGIN_MOVE, u64(block.version), rows)
    return None


def login_drop(session: Session, req: int, body: bytes, now: float) -> Work:
    """Works where logins are switched off, too: what is here can always be taken away by its owner."""
    drop = LoginDrop.decode(body)
    session.hub.logins.pay_to_ask(session, now)
    _require(session, drop.login_pk, drop.signature, labels.LOGIN_DROP, u64(drop.had))
    row = session.hub.logins.find(drop.login_pk, now)
    if row is None:
        raise Refused(Code.NOT_FOUND)
    if row.version != drop.had:
        raise Refused(Code.BAD_SEQUENCE)
    session.proven = True
    session.hub.logins.stage(session, req, Op.LOGIN_DROP, b"", {login_id_of(drop.login_pk): None})
    return None


def _enter(session: Session, now: float) -> None:
    if not session.hub.limits.logins:
        raise Refused(Code.UNSUPPORTED)
    session.hub.logins.pay_to_ask(session, now)


def _block(raw: bytes, login_pk: bytes, *, above: int) -> LoginBlock:
    block = LoginBlock.decode(raw)
    if not block.is_by(login_pk):
        raise Refused(Code.BAD_SIGNATURE)
    if block.version <= above:
        raise Refused(Code.BAD_SEQUENCE)
    return block


def _require(session: Session, login_pk: bytes, signature: bytes, label: str, *parts: bytes) -> None:
    """A signature over this connection's nonce: one that was heard elsewhere is good for nothing here."""
    if not labels.verify_parts(login_pk, signature, label, *parts, session.nonce, session.hub.relay_pk):
        raise Refused(Code.NOT_AUTHORISED)


def _pay(retry_ms: int) -> None:
    if retry_ms:
        raise Refused(Code.RETRY, retry_ms)


LOGINS: Final[dict[int, Callable[[Session, int, bytes, float], Work]]] = {
    Op.LOGIN_GET: login_get,
    Op.LOGIN_PUT: login_put,
    Op.LOGIN_MOVE: login_move,
    Op.LOGIN_DROP: login_drop,
}
