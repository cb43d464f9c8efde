"""The conversations with a relay about a login, as generators. Sans-IO: requests out, answers in.

Each proof is over this connection's nonce and the relay's key, so that it serves once and nowhere else. What
a relay answers is checked before it is returned.
"""

from __future__ import annotations

from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.errors import Code, Malformed, Refused
from cryptpad_relay.protocol.frames import Greeting, Op
from cryptpad_relay.protocol.labels import u64
from cryptpad_relay.protocol.login_frames import LoginBlock, LoginDrop, LoginGet, LoginMove, LoginPut
from cryptpad_relay.protocol.reader import Reader
from cryptpad_tui.crypto.keys import SigningSeed
from cryptpad_tui.pad.asking import Flow, Request
from cryptpad_tui.people.login_block import check_block
from cryptpad_tui.people.login_errors import LoginForged, LoginFull, LoginMoved, LoginsOff
from cryptpad_tui.vault.passwords import KdfCost


def find(greeting: Greeting, auth: SigningSeed, cost: KdfCost | None) -> Flow[bytes | None]:
    """The block that stands under this key, checked; None where the relay has none."""
    request = LoginGet(auth.public, _proof(greeting, auth, labels.LOGIN_GET))
    try:
        raw = yield from _ask(Op.LOGIN_GET, request.encode())
    except Refused as refused:
        if refused.code is Code.NOT_FOUND:
            return None
        raise
    check_block(raw, auth.public, cost)
    return raw


def put(greeting: Greeting, auth: SigningSeed, had: int, block: bytes) -> Flow[None]:
    """Keep a block where version `had` stands."""
    proof = _proof(greeting, auth, labels.LOGIN_PUT, *LoginPut.signed_parts(had, block))
    answer = yield from _ask(Op.LOGIN_PUT, LoginPut(auth.public, had, proof, block).encode())
    _require_version(answer, block)


def move(greeting: Greeting, old: SigningSeed, had: int, auth: SigningSeed, block: bytes) -> Flow[None]:
    """Another key's block in the place of the old one."""
    parts = LoginMove.signed_parts(had, auth.public, block)
    proofs = [_proof(greeting, each, labels.LOGIN_MOVE, *parts) for each in (old, auth)]
    request = LoginMove(old.public, had, proofs[0], auth.public, proofs[1], block)
    _require_version((yield from _ask(Op.LOGIN_MOVE, request.encode())), block)


def drop(greeting: Greeting, auth: SigningSeed, had: int) -> Flow[None]:
    """Forget the block; one that is gone already is no failure."""
    proof = _proof(greeting, auth, labels.LOGIN_DROP, u64(had))
    try:
        yield from _ask(Op.LOGIN_DROP, LoginDrop(auth.public, had, proof).encode())
    except Refused as refused:
        if refused.code is not Code.NOT_FOUND:
            raise


def drop_whatever(greeting: Greeting, auth: SigningSeed) -> Flow[bool]:
    """End a login at any version; whether there was one."""
    raw = yield from find(greeting, auth, None)
    if raw is None:
        return False
    yield from drop(greeting, auth, LoginBlock.decode(raw).version)
    return True


def _ask(op: Op, body: bytes) -> Flow[bytes]:
    try:
        return (yield Request(op, body))
    except Refused as refused:
        if refused.code is Code.UNSUPPORTED:
            raise LoginsOff from None
        if refused.code is Code.QUOTA:
            raise LoginFull from None
        if refused.code is Code.BAD_SEQUENCE:
            raise LoginMoved from None
        raise


def _proof(greeting: Greeting, auth: SigningSeed, label: str, *parts: bytes) -> bytes:
    return auth.sign(label, *parts, greeting.relay_nonce, greeting.relay_pk)


def _require_version(answer: bytes, block: bytes) -> None:
    reader = Reader(answer)
    try:
        version = reader.u64()
        reader.end()
    except Malformed:
        raise LoginForged from None
    if version != LoginBlock.decode(block).version:
        raise LoginForged
