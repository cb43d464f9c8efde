"""Alarms as a person meets them: kept with their proof, halting a pad, ended by the relay or by a person.

Signatures of a relay that contradict each other never end by themselves: the pad stays readable here, takes
no edits and talks to nobody until somebody says go on. Nothing here touches a pad's text.
"""

from __future__ import annotations

import base64
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.engine.errors import NoAlarm, UnknownPad
from cryptpad_tui.engine.listing import SHORT_ID_CHARS, full_id
from cryptpad_tui.engine.values import AlarmLine, SessionEvent
from cryptpad_tui.pad.alarms import ADVICE, SAFE, SENTENCES, Alarm, AlarmCode, safe_and_advice
from cryptpad_tui.pad.evidence import Piece, entry_piece
from cryptpad_tui.pad.proofs import make_proof
from cryptpad_tui.pad.proofs_gather import caught
from cryptpad_tui.vault.errors import VaultError
from cryptpad_tui.vault.records import AlarmRow, AlarmState

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession

_ARMOUR: Final = b"-----BEGIN"


@dataclass(frozen=True, slots=True)
class AlarmView:
    """An alarm for a person: what was caught, what is safe, what to do."""

    id: int
    pad_id: bytes
    code: str
    sentence: str
    detail: str
    """May quote what a stranger sent: pass `term_safe` to show it."""
    safe: str
    advice: str
    at_ms: int
    state: str
    """open, past or dismissed."""
    lasting: bool
    """Whether it ends only by `dismiss_alarms`; such a pad is read-only as long as it is open."""
    ended_ms: int
    """When it became past or dismissed; 0 while it is open."""
    proof: bytes = field(repr=False)


def alarms_of(engine: Engine, pad_id: bytes | None) -> list[AlarmView]:
    """Of one pad, or of all; open ones first, the newest first among equals."""
    views = [_view(row) for row in engine.vault.alarms(pad_id) if row.code in AlarmCode.__members__]
    return sorted(views, key=lambda view: (view.state != "open", -view.id))


def _view(row: AlarmRow) -> AlarmView:
    code = AlarmCode(row.code)
    return AlarmView(
        id=row.id,
        pad_id=row.pad_id or b"",
        code=row.code,
        sentence=SENTENCES[code],
        detail=row.detail,
        safe=SAFE[code],
        advice=ADVICE[code],
        at_ms=row.at_ms,
        state=row.state.name.lower(),
        lasting=row.lasting,
        ended_ms=row.ended_ms,
        proof=row.proof,
    )


def find_pad(engine: Engine, reference: str) -> bytes:
    """A pad by short id or title, also one that is here no more but has alarms; else UnknownPad."""
    try:
        return engine.find(reference).pad_id
    except UnknownPad:
        ids = {row.pad_id for row in engine.vault.alarms() if row.pad_id}
        wanted = reference.lower()
        named = [pad_id for pad_id in ids if full_id(pad_id).startswith(wanted)]
        if len(reference) < SHORT_ID_CHARS or len(named) != 1:
            raise
        return named[0]


def proof_of(engine: Engine, pad_id: bytes, alarm_id: int | None = None) -> bytes:
    """The proof file of a pad's alarm: the newest open one, else the newest; raises NoAlarm."""
    for view in alarms_of(engine, pad_id):
        if alarm_id in (None, view.id):
            return view.proof if view.proof.startswith(_ARMOUR) else _of_first_format(engine, view)
    raise NoAlarm


def _of_first_format(engine: Engine, view: AlarmView) -> bytes:
    """Evidence that an earlier version kept as lines of hex, as a proof file."""
    pieces = list[Piece]()
    for line in view.proof.split():
        with contextlib.suppress(ValueError):
            pieces.append(entry_piece(base64.b16decode(line, casefold=True)))
    record = engine.vault.pad(view.pad_id)
    return make_proof(
        AlarmCode(view.code),
        pad_id=view.pad_id,
        relay_pk=record.relay_pk if record else b"",
        genesis=record.genesis if record else b"",
        pieces=pieces,
        at_ms=view.at_ms,
        detail=view.detail,
    )


def keep(engine: Engine, session: PadSession, alarm: Alarm) -> None:
    """Store the alarm with its proof, and show it; where it lasts, halt the pad."""
    what = caught(
        alarm,
        session.replica.fold,
        session.replica.store,
        session.replica.witness,
        relay_pk=session.record.relay_pk,
        at_ms=engine.wall_ms(),
    )
    with contextlib.suppress(VaultError):
        session.replica.keep_signed_head()
        engine.vault.add_alarm(
            session.pad_id,
            what.code.value,
            str(alarm),
            what.proof,
            engine.wall_ms(),
            detail=what.detail,
            lasting=what.lasting,
        )
    show(session, what.code, lasting=what.lasting)
    session.tell(SessionEvent.ALARM)


def keep_of_stranger(engine: Engine, pad_id: bytes, relay_pk: bytes, alarm: Alarm) -> None:
    """Store an alarm that kept a pad from being added here: nothing is halted by it."""
    proof = make_proof(
        alarm.code,
        pad_id=pad_id,
        relay_pk=relay_pk,
        pieces=alarm.pieces,
        at_ms=engine.wall_ms(),
        detail=alarm.detail,
    )
    with contextlib.suppress(VaultError):
        engine.vault.add_alarm(
            pad_id,
            alarm.code.value,
            str(alarm),
            proof,
            engine.wall_ms(),
            detail=alarm.detail,
            state=AlarmState.PAST,
        )


def show(session: PadSession, code: AlarmCode, *, lasting: bool) -> None:
    """Let the session say it, and hold the pad still where only a person can end it."""
    session.alarm = AlarmLine(session.pad_id, code.value, SENTENCES[code], safe_and_advice(code))
    session.halted = session.halted or lasting
    session.replica.was_misled |= code is AlarmCode.BAD_SNAPSHOT
    _hold_still(session)


def _hold_still(session: PadSession) -> None:
    """No edit goes into a halted pad; into the drive it does, and waits: else no pad could be made."""
    halted = session.halted and session.kind is not PadKind.DRIVE
    session.view.read_only = halted or not session.can_edit


def refresh(engine: Engine, session: PadSession) -> None:
    """Take what the vault has: an alarm of an earlier process, or one that another window ended."""
    if session.alarm is None and session.pad_id not in engine.vault.alarm_codes(AlarmState.OPEN):
        return
    rows = [row for row in engine.vault.alarms(session.pad_id) if row.state is AlarmState.OPEN]
    rows = [row for row in rows if row.code in AlarmCode.__members__]
    before = session.alarm
    session.alarm, session.halted = None, False
    if rows:
        worst = max(rows, key=lambda row: (row.lasting, row.id))
        show(session, AlarmCode(worst.code), lasting=worst.lasting)
    _hold_still(session)
    if session.alarm != before:
        session.tell(SessionEvent.ALARM)
        session.tell(SessionEvent.STATUS)


def verified_again(engine: Engine, session: PadSession) -> None:
    """The relay's log checked out to its signed end: what was caught before is past."""
    if session.pad_id in engine.vault.alarm_codes(AlarmState.OPEN):
        engine.vault.end_alarms(session.pad_id, AlarmState.PAST, engine.wall_ms())
        refresh(engine, session)


def end_of_removed(engine: Engine, pad_id: bytes, *, by_person: bool) -> None:
    """The pad is not here any more: its alarms are past. Lasting ones end where a person took it out."""
    engine.vault.end_alarms(pad_id, AlarmState.PAST, engine.wall_ms())
    if by_person:
        engine.vault.end_alarms(pad_id, AlarmState.DISMISSED, engine.wall_ms())


def dismiss(engine: Engine, pad_id: bytes) -> int:
    """Go on with a pad in spite of its open alarms; how many there were."""
    count = engine.vault.end_alarms(pad_id, AlarmState.DISMISSED, engine.wall_ms())
    session = engine.session_of(pad_id)
    if session:
        refresh(engine, session)
        engine.wants_sending(session)
    return count
