"""How sure this client may be that it sees the newest state (protocol G7): three states, never more claimed.

*confirmed* by a named peer who echoed this session's challenge at a head of this very history, with nothing
newer than what is here; *relay says so*; *stale*.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from hmac import compare_digest
from typing import Final

from cryptpad_tui.pad.peers import Session

WAIT_FOR_TAIL_S: Final = 30.0


class Freshness(StrEnum):
    CONFIRMED = "confirmed"
    RELAY_ONLY = "relay"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class FreshnessState:
    """The state to show; `ident_pk` and `at` say who confirmed it and when (monotonic seconds)."""

    freshness: Freshness
    ident_pk: bytes = b""
    at: float = 0.0
    disagrees: bytes = b""
    """A session whose head at the same position is another: unproven, but said."""


class FreshnessWatch:
    """Folds what peers say into one of the three states."""

    def __init__(self) -> None:
        self._confirmed: FreshnessState | None = None
        self._ahead_since: float | None = None
        self._disagrees = b""

    def heard(
        self, session: Session, my_n: int, my_head: bytes, head_there: bytes | None, now: float
    ) -> None:
        """Take a session's claim; `head_there` is my head at its position, None where that is unknown.

        Only an editor with a proven identity who is here at present is heard: whoever holds a view link
        could make every window look stale otherwise, and a relay could with yesterday's frames.
        """
        if session.viewer or not session.ident_pk or session.confirmed_at is None:
            return
        if session.n > my_n:
            self._ahead_since = now if self._ahead_since is None else self._ahead_since
            return
        known = my_head if session.n == my_n else head_there
        if known is None:
            return
        if not compare_digest(known, session.head):
            self._disagrees = session.session_pk
            return
        if self._disagrees == session.session_pk:
            self._disagrees = b""
        if session.confirmed_at == now:
            self._confirmed = FreshnessState(Freshness.CONFIRMED, session.ident_pk, now)

    def folded_to(self, n: int, sessions: Iterable[Session]) -> None:
        """The fold moved: peers that were ahead may no longer be."""
        if all(session.n <= n for session in sessions):
            self._ahead_since = None

    def is_passed(self, now: float) -> bool:
        """Whether somebody has seen what should have come here long since."""
        return self._ahead_since is not None and now - self._ahead_since > WAIT_FOR_TAIL_S

    def offline(self) -> None:
        self._confirmed, self._ahead_since, self._disagrees = None, None, b""

    def state(self, *, online: bool, now: float, ttl_s: float = 600.0) -> FreshnessState:
        """What may be claimed at this moment."""
        if self._disagrees or self.is_passed(now) or not online:
            return FreshnessState(Freshness.STALE, disagrees=self._disagrees)
        if self._confirmed and now - self._confirmed.at < ttl_s:
            return self._confirmed
        return FreshnessState(Freshness.RELAY_ONLY)
