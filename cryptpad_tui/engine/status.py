"""The status line of an open pad: where its newest text is, in one word and in a person's words.

It promises no more than is known: `synced` is the relay's word, `confirmed` a named peer's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptpad_tui.engine import people
from cryptpad_tui.engine.standing import SENTENCES
from cryptpad_tui.engine.values import PadStatus, SyncWord
from cryptpad_tui.pad.freshness import Freshness, FreshnessState

if TYPE_CHECKING:
    from cryptpad_tui.engine.session import PadSession


def status_of(session: PadSession, *, now: float, has_relay: bool, ends: str = "") -> PadStatus:
    """What is known of this pad at this moment; `ends`: when its owner lets it end."""
    online = session.attached_here
    freshness = session.company.freshness.state(online=online, now=now)
    word, text = _trouble(session) or _place(session, freshness, now=now, has_relay=has_relay)
    if ends and not session.standing:
        text = f"{text} · {ends}"
    return PadStatus(word, session.waiting, online, freshness, session.alarm, text)


def _trouble(session: PadSession) -> tuple[SyncWord, str] | None:
    if session.not_saved:
        return SyncWord.WAITING, f"NOT SAVED: {session.not_saved}"
    if session.standing:
        return session.standing, SENTENCES[session.standing]
    if session.alarm:
        return SyncWord.ALARM, f"ALARM {session.alarm.code}: {session.alarm.sentence}"
    return None


def _place(
    session: PadSession, freshness: FreshnessState, *, now: float, has_relay: bool
) -> tuple[SyncWord, str]:
    online, followed = session.attached_here, session.followed
    if not has_relay:
        return SyncWord.SAVED, "saved here"
    if session.waiting:
        # How many edits that is says nothing to a person: each key press may be one.
        kept = "saved here, sending" if online or followed else "offline, saved here, waiting to be sent"
        return SyncWord.WAITING, kept
    if not online:
        return SyncWord.SYNCED, "synced by another window" if followed else "offline, saved here"
    if freshness.freshness is Freshness.CONFIRMED:
        name = session.company.name_of(freshness.ident_pk)
        return SyncWord.CONFIRMED, f"synced, confirmed by {name} {people.ago(now - freshness.at)}"
    if freshness.freshness is Freshness.STALE:
        return SyncWord.SYNCED, _stale(session, freshness.disagrees)
    return SyncWord.SYNCED, "synced (relay says so)"


def _stale(session: PadSession, session_pk: bytes) -> str:
    """A peer that is ahead, or one that tells another history; its word proves nothing (protocol §8)."""
    if not session_pk:
        return "stale: somebody has seen newer text"
    other = session.presence.sessions.get(session_pk)
    name = session.company.name_of(other.ident_pk) if other else "somebody who left"
    return f"{name} disagrees about this pad's history (unproven)"
