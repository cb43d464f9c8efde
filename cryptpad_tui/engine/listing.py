"""The drive as lines, from tables alone: no document is opened to show a list."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.engine.errors import AmbiguousTitle, UnknownPad
from cryptpad_tui.engine.values import PadListing, SyncWord
from cryptpad_tui.vault.records import AlarmState, ListingRow, PadRecord

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

SHORT_ID_CHARS: Final = 8
UNTITLED: Final = "untitled"


def full_id(pad_id: bytes) -> str:
    """The pad id in lower-case base32, of which a short id is the beginning."""
    return base64.b32encode(pad_id).decode("ascii").rstrip("=").lower()


def short_ids(pad_ids: Sequence[bytes]) -> dict[bytes, str]:
    """The first 8 characters, or more where two pads share them."""
    full = {pad_id: full_id(pad_id) for pad_id in pad_ids}
    shared: dict[str, list[bytes]] = {}
    for pad_id, text in full.items():
        shared.setdefault(text[:SHORT_ID_CHARS], []).append(pad_id)
    short = {}
    for group in shared.values():
        size = SHORT_ID_CHARS
        while len({full[pad_id][:size] for pad_id in group}) < len(group):
            size += 1
        short.update({pad_id: full[pad_id][:size] for pad_id in group})
    return short


def read_listing(engine: Engine) -> list[PadListing]:
    records = [record for record in engine.vault.pads() if record.kind != PadKind.DRIVE]
    rows = {row.pad_id: row for row in engine.vault.listing()}
    waiting, ends = engine.vault.waiting_by_pad(), engine.vault.log_ends()
    opened = engine.vault.alarm_codes(AlarmState.OPEN)
    ended = [engine.vault.alarm_codes(state) for state in (AlarmState.PAST, AlarmState.DISMISSED)]
    short = short_ids([record.pad_id for record in records])
    lines = [
        _line(
            engine,
            record,
            rows.get(record.pad_id),
            short[record.pad_id],
            waiting.get(record.pad_id, 0),
            ends.get(record.pad_id, (0, b"")),
            opened.get(record.pad_id, ()),
            tuple([code for codes in ended for code in codes.get(record.pad_id, ())]),
        )
        for record in records
    ]
    return sorted(lines, key=lambda line: line.changed_ms, reverse=True)


def _line(
    engine: Engine,
    record: PadRecord,
    row: ListingRow | None,
    short_id: str,
    waiting: int,
    end: tuple[int, bytes],
    alarms: tuple[str, ...],
    past_alarms: tuple[str, ...],
) -> PadListing:
    session = engine.session_of(record.pad_id)
    word, freshness = _word(engine, record, waiting, alarms), "none"
    if session and session.attached_here:
        status = session.status()
        word, freshness = status.word, status.freshness.freshness.value
    return PadListing(
        pad_id=record.pad_id,
        short_id=short_id,
        title=(row.title if row else "") or engine.own_name(record.pad_id) or UNTITLED,
        kind=PadKind(record.kind),
        role=record.role,
        folder=engine.drive.folder(record.pad_id),
        changed_ms=row.changed_ms if row else record.created_ms,
        size_bytes=row.size_bytes if row else 0,
        sync=word,
        waiting=waiting,
        log_n=end[0],
        head=end[1].hex(),
        freshness=freshness,
        alarms=alarms,
        relay=engine.relay_of(record),
        past_alarms=past_alarms,
    )


def _word(engine: Engine, record: PadRecord, waiting: int, alarms: tuple[str, ...]) -> SyncWord:
    if alarms:
        return SyncWord.ALARM
    if engine.relay_of(record) is None:
        return SyncWord.SAVED
    return SyncWord.WAITING if waiting or not record.uploaded else SyncWord.SYNCED


def find(lines: Sequence[PadListing], reference: str) -> PadListing:
    """By short id (or more of the pad id), then by title; raises UnknownPad or AmbiguousTitle."""
    if len(reference) >= SHORT_ID_CHARS:
        named = [line for line in lines if full_id(line.pad_id).startswith(reference.lower())]
        if len(named) == 1:
            return named[0]
    titled = [line for line in lines if line.title == reference]
    if len(titled) > 1:
        raise AmbiguousTitle
    if not titled:
        raise UnknownPad
    return titled[0]
