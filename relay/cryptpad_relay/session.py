"""One connection, sans-IO: messages in; answers, appends and subscriptions out (docs/wire.md).

Each request is answered once, in bounded slices of work, so that one client's thousand entries never hold
up the others. What a request means is in requests.py. A session knows no more of a client than it proved.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from cryptpad_relay.batch import OpenPad
from cryptpad_relay.chain_end import ChainBroken
from cryptpad_relay.diagnostics import LOG, describe
from cryptpad_relay.hub import STORAGE_RETRY_MS, Hub
from cryptpad_relay.limits import Bucket
from cryptpad_relay.peers import Peer
from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.errors import CloseCode, Code, Malformed, Refused, refusal_code
from cryptpad_relay.protocol.frames import Op, join_frame, split_frame
from cryptpad_relay.requests import HANDLERS

SLICE_MESSAGES: Final = 16
APPEND: Final = bytes([Op.APPEND])
FAULTS: Final = frozenset({Code.MALFORMED, Code.BAD_SIGNATURE, Code.NOT_AUTHORISED, Code.UNSUPPORTED})


class Session:
    """Feed it by `receive`; call `advance` after each `peer.wake()`, `tick` each second, `closed` at last."""

    def __init__(self, hub: Hub, peer: Peer, now: float, address: str = "") -> None:
        self.hub, self.peer, self.address = hub, peer, address
        self.proven = False
        self.nonce = hub.random_bytes(32)
        self.pads: dict[bytes, OpenPad] = {}
        self.watched: frozenset[bytes] = frozenset()
        self.mailboxes: set[bytes] = set()
        self.arrivals: set[bytes] = set()
        """Pads whose owner proved here that they are to come to this relay."""
        limits = hub.limits
        self.proof_tokens = Bucket(limits.proofs_per_connection, now)
        self.create_tokens = Bucket(limits.creates_per_connection, now)
        self.entry_tokens = Bucket(limits.entries_per_connection, now)
        self.byte_tokens = Bucket(limits.bytes_per_connection, now)
        self.presence_tokens = Bucket(limits.presence_per_connection, now)
        self.mail_tokens = Bucket(limits.mails_per_connection, now)
        self.table_tokens = Bucket(limits.tables_per_connection, now)
        self.login_tokens: Bucket | None = None
        self._fault_tokens = Bucket(limits.faults_per_connection, now)
        self._since = now
        self._unproven_bytes = 0
        self._waiting: deque[bytes] = deque()
        self._work: Iterator[None] | None = None
        self._stalled = False
        self._open = True
        peer.send(join_frame(Op.GREETING, 0, frames.Greeting(hub.relay_pk, self.nonce).encode()))

    @property
    def backlog(self) -> int:
        """Messages that wait for their turn; the shell reads no more while there are many."""
        return len(self._waiting)

    def receive(self, message: bytes, now: float) -> None:
        if not self._open:
            return
        if not self.proven:
            self._unproven_bytes += len(message)
            if self._unproven_bytes > self.hub.limits.unproven_bytes:
                self.close(CloseCode.IDLE_HANDSHAKE)
                return
        self._waiting.append(message)
        if len(self._waiting) == 1 and self._work is None:
            if message[:1] == APPEND and not self._stalled:
                self.hub.defer(self)
            else:
                self.advance(now)

    def advance(self, now: float) -> None:
        """One slice of the work that is there; asks to be woken where some is left."""
        try:
            self._advance(now)
        except Exception as error:
            # A fault of ours must cost the one connection that met it, not all of them.
            LOG.error("a connection was closed: %s", describe(error))
            self.close(CloseCode.PROTOCOL_ERROR)

    def _advance(self, now: float) -> None:
        for _ in range(SLICE_MESSAGES):
            if not self._runnable():
                return
            if self._work is None:
                if self._waiting[0][:1] == APPEND and not self.hub.collecting:
                    self.hub.defer(self)
                    return
                self._work = self._begin(self._waiting.popleft(), now)
            if self._work is not None and not self._step(self._work):
                break
        if self._runnable():
            self.peer.wake()

    def tick(self, now: float) -> None:
        if self._open and not self.proven and now - self._since > self.hub.limits.unproven_s:
            self.close(CloseCode.IDLE_HANDSHAKE)

    def stall(self) -> None:
        """Take no further request until the one at the disk is answered: what follows may build on it."""
        self._stalled = True

    def dropped(self, pad_id: bytes) -> None:
        self.pads.pop(pad_id, None)

    def answered(self, op: Op) -> None:
        if self._stalled and op == Op.CREATE:
            self._stalled = False
            self.peer.wake()

    def close(self, code: CloseCode) -> None:
        if self._open:
            self._open = False
            self.peer.close(code)

    def closed(self) -> None:
        """The connection is gone: forget it everywhere. What it had appended goes its way."""
        self._open = False
        self._waiting.clear()
        self._work = None
        for pad in self.pads.values():
            self.hub.unsubscribe(pad, self)
        for pad_id in self.watched:
            self.hub.unwatch(pad_id, self)
        self.pads, self.watched = {}, frozenset()
        self.hub.rendezvous.left(self)
        self.hub.mailboxes.left(self)

    def answer(self, op: Op, req: int, body: bytes = b"") -> None:
        self.peer.send(join_frame(op | frames.REPLY_BIT, req, body))

    def count_fault(self, code: Code, now: float) -> None:
        """Errors that no honest client makes twice end the connection when there are many."""
        if code in FAULTS and self._fault_tokens.take(1, now):
            self.close(CloseCode.BANNED)

    def _runnable(self) -> bool:
        return self._open and not self._stalled and self.peer.ready and bool(self._work or self._waiting)

    def _step(self, work: Iterator[None]) -> bool:
        """Whether the work is done."""
        for _ in work:
            return False
        self._work = None
        return True

    def _begin(self, message: bytes, now: float) -> Iterator[None] | None:
        try:
            op, req, body = split_frame(message)
        except Malformed:
            self.close(CloseCode.PROTOCOL_ERROR)
            return None
        handler = HANDLERS.get(op)
        if handler is not None and (req == 0) != (op == Op.PRES):
            self.close(CloseCode.PROTOCOL_ERROR)
            return None
        try:
            if handler is None:
                raise Refused(Code.UNSUPPORTED)
            return handler(self, req, body, now)
        except (Malformed, Refused) as refusal:
            self.refuse(req, refusal, now)
        except ChainBroken as broken:
            LOG.error("a pad cannot be served: %s", broken.__doc__)
            self.refuse(req, Refused(Code.STORAGE, STORAGE_RETRY_MS), now)
        return None

    def refuse(self, req: int, refusal: Malformed | Refused, now: float) -> None:
        """Answer with ERR."""
        code, retry_ms = refusal_code(refusal)
        self.count_fault(code, now)
        self.peer.send(join_frame(Op.ERR, req, frames.Error(code, retry_ms).encode()))
