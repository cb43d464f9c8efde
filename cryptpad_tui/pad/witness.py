"""What a relay signed about one pad, kept so that its own words can be held against it.

The newest signed head that the fold confirmed is enough to convict: it commits to everything before it. What
is announced and not folded yet waits beside it. Knows no sockets; raises Alarm where two words contradict.
"""

from __future__ import annotations

from collections.abc import Callable
from hmac import compare_digest
from typing import Final

from cryptpad_relay.protocol.chain import SignedHead
from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.frames import decode_signed_head
from cryptpad_tui.crypto.sealing import RandomBytes
from cryptpad_tui.pad.alarms import OTHER_WAY, Alarm, AlarmCode
from cryptpad_tui.pad.evidence import (
    NONCE_BYTES,
    Piece,
    PieceKind,
    after_challenge,
    head_piece,
)

MAX_WAITING: Final = 32
HeadOf = Callable[[int], bytes | None]


class Witness:
    """The signed heads of one pad that this client holds, and what it asked of the relay last."""

    def __init__(self, pad_id: bytes, stored: bytes | None = None) -> None:
        """`stored` is a signed head that an earlier session confirmed."""
        self._pad_id = pad_id
        self.confirmed: SignedHead | None = None
        """The one with the highest n whose head the fold has; of several for that n the first."""
        self.latest: SignedHead | None = None
        """The one that came last, whatever it says."""
        self.waiting: dict[int, SignedHead] = {}
        """Announced, and not folded yet."""
        self.unsaved = False
        self._asked: tuple[bytes, bytes] | None = None
        if stored is not None:
            self._restore(stored)

    def _restore(self, stored: bytes) -> None:
        try:
            signed = decode_signed_head(stored)
        except Malformed:
            return
        if signed.pad_id == self._pad_id:
            self.confirmed = signed

    def stored(self) -> bytes | None:
        """What to keep for later sessions."""
        return head_piece(self.confirmed).content if self.confirmed else None

    def challenge(self, rng: RandomBytes) -> bytes:
        """A fresh challenge; the answer to it is proven to be younger than what is confirmed here."""
        if self.confirmed is None:
            self._asked = None
            return rng(NONCE_BYTES)
        nonce, earlier = rng(NONCE_BYTES), head_piece(self.confirmed).content
        self._asked = nonce, earlier
        return after_challenge(nonce, earlier)

    def take(self, signed: SignedHead, n: int, head_of: HeadOf) -> None:
        """A head whose signature was verified, for a fold at `n`; raises Alarm where it contradicts."""
        self.latest = signed
        for other in (self.confirmed, self.waiting.get(signed.n)):
            if other and other.n == signed.n and not compare_digest(other.head, signed.head):
                raise Alarm(
                    AlarmCode.EQUIVOCATION_RELAY,
                    f"two heads of position {signed.n}; {OTHER_WAY}",
                    evidence=(head_piece(other), head_piece(signed)),
                )
        self.waiting[signed.n] = signed
        while len(self.waiting) > MAX_WAITING:
            del self.waiting[min(self.waiting)]
        self.folded_to(n, head_of)

    def folded_to(self, n: int, head_of: HeadOf) -> None:
        """Compare what waits with what is folded; raises Alarm where the relay signed something else."""
        for position in sorted(position for position in self.waiting if position <= n):
            signed, mine = self.waiting.pop(position), head_of(position)
            if mine is None:
                continue
            if not compare_digest(mine, signed.head):
                raise Alarm(
                    AlarmCode.FORK,
                    f"it signed another head at {position}; {OTHER_WAY}",
                    evidence=(head_piece(signed),),
                )
            if self.confirmed is None or signed.n > self.confirmed.n:
                self.confirmed, self.unsaved = signed, True

    def go_on_with(self, receipt: SignedHead | None) -> None:
        """Another relay has the pad from here on: what the one before signed says nothing about this one."""
        self.confirmed, self.latest, self._asked = receipt, None, None
        self.waiting.clear()
        self.unsaved = False

    def pieces(self) -> list[Piece]:
        """All that is held, as evidence."""
        pieces = [head_piece(signed) for signed in (self.confirmed, self.latest) if signed]
        if self._asked and self.latest:
            nonce, earlier = self._asked
            pieces += [Piece(PieceKind.SIGNED_HEAD, earlier), Piece(PieceKind.AFTER, nonce)]
        return list(dict.fromkeys(pieces))
