"""What is told to others at a bounded rate: signed heads to a pad's subscribers, HEAD to who watches it.

Sans-IO, for hub.py. What is held back by its rate goes out when it is due, as it is by then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cryptpad_relay.batch import OpenPad
from cryptpad_relay.peers import FanOut, Peer, Subscriber
from cryptpad_relay.protocol.chain import SignedHead
from cryptpad_relay.protocol.frames import Head, Op, PadHead, encode_signed_head, join_frame

SIGNED_INTERVAL_S: Final = 0.25
WATCH_INTERVAL_S: Final = 1.0
NO_CHALLENGE: Final = bytes(16)


class Marks:
    """Who watches which pad, and what each is still to hear."""

    def __init__(self, sign_head: Callable[[bytes, PadHead, bytes], SignedHead], fan_out: FanOut) -> None:
        self._sign_head, self._fan_out = sign_head, fan_out
        self._unsigned: dict[OpenPad, None] = {}
        self._watchers: dict[bytes, dict[Subscriber, Peer]] = {}
        self._watched_at: dict[bytes, float] = {}
        self._moved: dict[bytes, PadHead] = {}

    def watch(self, pad_id: bytes, session: Subscriber) -> None:
        self._watchers.setdefault(pad_id, {})[session] = session.peer

    def unwatch(self, pad_id: bytes, session: Subscriber) -> None:
        watchers = self._watchers.get(pad_id)
        if watchers is not None:
            watchers.pop(session, None)
            if not watchers:
                del self._watchers[pad_id]
                self._watched_at.pop(pad_id, None)

    def moved(self, pad: OpenPad, now: float) -> list[bytes]:
        """The pad has another head; returns the signed one where it is due at once."""
        if pad.log.pad_id in self._watchers:
            self._moved[pad.log.pad_id] = pad.log.committed
        self._unsigned[pad] = None
        return self._signed_when_due(pad, now)

    def _signed_when_due(self, pad: OpenPad, now: float) -> list[bytes]:
        if now - pad.signed_at < SIGNED_INTERVAL_S:
            return []
        del self._unsigned[pad]
        if not pad.subscribers:
            return []
        pad.signed_at = now
        signed = self._sign_head(pad.log.pad_id, pad.log.committed, NO_CHALLENGE)
        return [join_frame(Op.SIGNED, 0, encode_signed_head(signed))]

    def push(self, now: float) -> None:
        """Send what is due by now."""
        for pad in list(self._unsigned):
            for signed in self._signed_when_due(pad, now):
                self._fan_out(pad.subscribers.values(), signed, droppable=True)
        for pad_id, end in list(self._moved.items()):
            if now - self._watched_at.get(pad_id, float("-inf")) >= WATCH_INTERVAL_S:
                del self._moved[pad_id]
                watchers = self._watchers.get(pad_id)
                if watchers:
                    self._watched_at[pad_id] = now
                    frame = join_frame(Op.HEAD, 0, Head(pad_id, end.n, end.head).encode())
                    self._fan_out(watchers.values(), frame)
