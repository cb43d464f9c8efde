"""Links: making one for a pad of this vault, and adding the pad of somebody else's.

A link pins what its maker has verified, and a joiner believes no relay that shows another log. Nothing is
added to the drive before the pad is here.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from cryptpad_tui.crypto.keys import EditKeys, Role, relay_fingerprint
from cryptpad_tui.crypto.links import NO_RELAY, Link, decode_link, encode_link
from cryptpad_tui.engine import alarms, keeping, keyrings, listing
from cryptpad_tui.engine.errors import NoRelay, NotAllowed, RelayUnreachable, UnknownPad
from cryptpad_tui.engine.standing import standing_of
from cryptpad_tui.engine.values import PadListing, SyncReport, SyncWord
from cryptpad_tui.pad import flows
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.evidence import key_piece
from cryptpad_tui.sync.connection import open_connection
from cryptpad_tui.vault.records import PadRecord

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine


async def make_link(engine: Engine, pad_id: bytes, *, view: bool, wait_s: float) -> str:
    """A link to the pad, pinned to what this client has verified; sends what waits first."""
    record = engine.vault.pad(pad_id)
    if record is None:
        raise UnknownPad
    if engine.relay_of(record) is None:
        raise NoRelay
    if not view and record.role == "view":
        raise NotAllowed
    report = await engine.sync([pad_id], wait_s=wait_s)
    if report.alarms:
        raise Alarm(AlarmCode(report.alarms[0].code))
    if report.unreachable or report.waiting:
        raise RelayUnreachable("the relay does not have this pad yet, so a link would open nothing")
    with engine.borrowed(pad_id) as session:
        # Another window of this vault may be the one that brought the pad to its relay.
        fold, record = session.replica.fold, engine.vault.pad(pad_id) or session.record
        ring = session.replica.ring
        keys = ring.newest_keys
        seed = keys.view_seed if view or not isinstance(keys, EditKeys) else keys.edit_seed
        return encode_link(
            Link(
                role=Role.VIEW if view else Role.EDIT,
                pad_id=pad_id,
                epoch=ring.newest,
                seed=seed,
                pin_n=fold.n,
                pin_head=fold.head[:16],
                relay_fingerprint=relay_fingerprint(record.relay_pk) if record.relay_pk else NO_RELAY,
                address=record.relay_url or "",
            )
        )


async def join(engine: Engine, link_text: str, *, wait_s: float) -> PadListing:
    """Add the pad of a link to the drive; raises BadLink, RelayUnreachable or Alarm."""
    link = decode_link(link_text)
    known = engine.vault.pad(link.pad_id)
    removed = known is not None and standing_of(engine, link.pad_id) is SyncWord.REMOVED
    if known is None or removed or (known.role == "view" and link.role == Role.EDIT):
        record = await _record_from(engine, link, wait_s)
        if known is not None:
            # What was folded by the keys of before is read with them again.
            keyrings.keep(engine, known)
        engine.open_pads.take_out(link.pad_id, keep_writer=True)
        engine.add(record)
        report = await engine.sync([link.pad_id], wait_s=wait_s)
        if report.alarms or report.unreachable:
            is_here = known is not None or _another_window_has_it(engine, link.pad_id, report)
            if not is_here:
                engine.remove(link.pad_id, by_person=False)
            if report.alarms:
                raise Alarm(AlarmCode(report.alarms[0].code))
            if not is_here:
                raise RelayUnreachable("the relay did not give the pad in time; nothing was added")
    if listing.tree_of(engine).trashed_ms(link.pad_id.hex()):
        keeping.restore(engine, link.pad_id)
    return engine.listing_of(link.pad_id)


def _another_window_has_it(engine: Engine, pad_id: bytes, report: SyncReport) -> bool:
    """Whether something of the pad is here that this window's failed join did not bring: the same link may
    have been followed in two windows at once. What came before an alarm may be this window's own.
    """
    came = not report.alarms and engine.vault.log_ends().get(pad_id, (0, b""))[0] > 0
    return came or engine.vault.waiting(pad_id) > 0


async def _record_from(engine: Engine, link: Link, wait_s: float) -> PadRecord:
    url = await asyncio.to_thread(engine.resolve, link.address)
    connection = await open_connection(url, timeout_s=wait_s)
    relay_pk = connection.greeting.relay_pk
    try:
        if link.relay_fingerprint not in (NO_RELAY, relay_fingerprint(relay_pk)):
            raise Alarm(AlarmCode.WRONG_RELAY, evidence=(key_piece(relay_pk),))
        genesis, kind = await connection.run(
            flows.fetch_genesis(link.pad_id, link.epoch, link.keys(), connection.greeting)
        )
    except Alarm as alarm:
        alarms.keep_of_stranger(engine, link.pad_id, relay_pk, alarm)
        raise
    finally:
        await connection.close()
    return PadRecord(
        pad_id=link.pad_id,
        genesis=genesis.raw,
        kind=int(kind),
        role="edit" if link.role == Role.EDIT else "view",
        secret=link.seed,
        epoch=link.epoch,
        relay_url=link.address,
        relay_pk=relay_pk,
        pin_n=link.pin_n,
        pin_head=link.pin_head,
        uploaded=True,
        created_ms=engine.wall_ms(),
    )
