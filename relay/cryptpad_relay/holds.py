"""How long appends to a pad wait because this relay's log is older than one that it signed (docs/wire.md).

Decides from what was proved and from the clock. No hold is for ever, whoever shows what: all signed heads of
before a loss came out belong to that loss, and its end was fixed then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cryptpad_relay.batch import OpenPad
from cryptpad_relay.limits import Limits
from cryptpad_relay.protocol.chain import SignedHead
from cryptpad_relay.store.base import Loss

ASK_AGAIN_MS: Final = 5_000
"""When a client comes again that waits for others."""
UNSIGNED_SHARE: Final = 0.5
"""The last part of the settling time, in which also what nobody signed may come back."""
WRONG_CLOCK_MS: Final = 24 * 3_600_000
"""A time further ahead than that is of a clock that was wrong, and must not hold a pad until it comes."""


class Holds:
    """The relay's holds. `backed_up`: with --restored, the number of the last pad that the backup had."""

    def __init__(self, wall: Callable[[], float], limits: Limits, *, backed_up: int = 0) -> None:
        self._wall, self._limits, self._backed_up = wall, limits, backed_up
        self._started_ms = self._now_ms()
        self._shown: set[int] = set()

    def wait_ms(self, pad: OpenPad) -> int:
        """0: append. Else it waits for others, and this is when to come again."""
        now_ms = self._now_ms()
        return max(self._loss_wait_ms(pad, now_ms), self._backup_wait_ms(pad, now_ms))

    def unsigned_wait_ms(self, pad: OpenPad) -> int:
        """The same for what was lost before it was signed: it comes back in the wait's last half.

        Earlier it could take a place that a signature of this relay gave to something else; later others
        could take its own.
        """
        early_ms = self._now_ms() + int(self._limits.settle_s * 1_000 * UNSIGNED_SHARE)
        return max(self._loss_wait_ms(pad, early_ms), self._backup_wait_ms(pad, early_ms))

    def shown(self, pad: OpenPad, signed: SignedHead) -> Loss | None:
        """Take a signed head of this relay that stands in the pad's log or is proved to extend it.

        Returns the loss that it proves, where that is more than is known.
        """
        if self._backed_up and signed.unix_ms < self._started_ms:
            self._shown.add(pad.log.index.pad.number)
        if signed.n <= pad.log.n:
            return None
        now_ms = self._now_ms()
        known = _unless_ahead(pad.loss, now_ms)
        ahead = signed.unix_ms > now_ms + WRONG_CLOCK_MS
        if known is not None and (signed.unix_ms <= known.since_ms or ahead):
            return Loss(signed.n, known.since_ms) if signed.n > known.n else None
        # A clock that was set back must not let one signed head begin one loss after the other.
        return Loss(signed.n, now_ms if ahead else max(now_ms, signed.unix_ms))

    def more_was_shown(self, pad: OpenPad, n: int) -> bool:
        """Whether a signed head above `n` still waits to be restored."""
        return pad.loss is not None and max(n, pad.log.n) < pad.loss.n and self.wait_ms(pad) > 0

    def _loss_wait_ms(self, pad: OpenPad, now_ms: int) -> int:
        loss = _unless_ahead(pad.loss, now_ms)
        if loss is None:
            return 0
        hold_s = self._limits.loss_hold_s if pad.log.n < loss.n else self._limits.settle_s
        return _until(loss.since_ms + hold_s * 1_000, now_ms)

    def _backup_wait_ms(self, pad: OpenPad, now_ms: int) -> int:
        number = pad.log.index.pad.number
        if number > self._backed_up:
            return 0
        if self._started_ms > now_ms + WRONG_CLOCK_MS:
            self._started_ms = now_ms
        hold_s = self._limits.settle_s if number in self._shown else self._limits.restored_hold_s
        return _until(self._started_ms + hold_s * 1_000, now_ms)

    def _now_ms(self) -> int:
        return int(self._wall() * 1_000)


def _unless_ahead(loss: Loss | None, now_ms: int) -> Loss | None:
    """A loss that begins in the future came out while this relay's clock was far ahead: it is over."""
    return None if loss is not None and loss.since_ms > now_ms + WRONG_CLOCK_MS else loss


def _until(end_ms: float, now_ms: int) -> int:
    left_ms = int(end_ms) - now_ms
    return min(left_ms, ASK_AGAIN_MS) if left_ms > 0 else 0
