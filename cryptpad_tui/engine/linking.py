"""Links: making one for a pad of this vault, and adding the pad of somebody else's.

A link pins what its maker has verified, and a joiner believes no relay that shows another log. Nothing is
added to the drive before the pad is here.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto.keys import EditKeys, Role, relay_fingerprint
from cryptpad_tui.crypto.links import NO_RELAY, Link, decode_link, encode_link
from cryptpad_tui.crypto.locked_links import lock_link
from cryptpad_tui.engine import alarms, keeping, keyrings, lifetime, link_book, listing, notices, whereabouts
from cryptpad_tui.engine.errors import NoRelay, NotAllowed, NotOwner, RelayUnreachable, UnknownPad
from cryptpad_tui.engine.folders import agreeing
from cryptpad_tui.engine.lifetime import Lifetime
from cryptpad_tui.engine.link_book import BookLink
from cryptpad_tui.engine.standing import standing_of
from cryptpad_tui.engine.values import PadListing, SyncReport, SyncWord
from cryptpad_tui.pad.alarms import Alarm, AlarmCode, Notice
from cryptpad_tui.pad.evidence import key_piece
from cryptpad_tui.pad.flows_link import fetch_start
from cryptpad_tui.pad.flows_move import NotMovedThere
from cryptpad_tui.pad.moves import Moved
from cryptpad_tui.pad.spoken import owner_words
from cryptpad_tui.sync.connection import open_connection
from cryptpad_tui.vault.records import PadRecord

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

READ_WHOLE: Final = (
    "the snapshot that this pad is joined by was a lie, so its whole history was read and checked instead;"
    " `cryptpad-tui alarms` has the proof"
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What kind of link is asked for."""

    view: bool = False
    label: str = ""
    """A name on the owner's list: a link that has one can be ended alone."""
    passphrase: bytes | None = field(default=None, repr=False)
    """Locks the link."""


async def make_link(engine: Engine, pad_id: bytes, wish: Wish, *, wait_s: float) -> str:
    """A link to the pad, pinned to what this client has verified; sends what waits first.

    Raises NotOwner for a name on the list of somebody else's pad.
    """
    record = engine.vault.pad(pad_id)
    if record is None:
        raise UnknownPad
    is_owner = record.role == "owner"
    if wish.label and not is_owner:
        raise NotOwner
    if engine.relay_of(record) is None:
        raise NoRelay
    if not wish.view and record.role == "view":
        raise NotAllowed
    label = link_book.checked_label(engine, pad_id, wish.label) if wish.label else ""
    if record.kind == PadKind.FOLDER:
        await engine.sync(agreeing.inside(engine, pad_id), wait_s=wait_s)
    report = await engine.sync([pad_id], wait_s=wait_s)
    if report.alarms:
        raise Alarm(AlarmCode(report.alarms[0].code))
    if report.unreachable or report.waiting:
        raise RelayUnreachable("the relay does not have this pad yet, so a link would open nothing")
    is_named = is_owner and (bool(label) or wish.passphrase is not None)
    link = _pinned(engine, pad_id, view=wish.view, slot_seed=engine.rng(32) if is_named else b"")
    text = encode_link(link)
    if wish.passphrase is not None:
        text = await asyncio.to_thread(lock_link, link, wish.passphrase, rng=engine.rng)
    if opener := link.opener():
        role, locked = ("view" if wish.view else "edit"), wish.passphrase is not None
        named = BookLink(opener.public, label, role, locked, engine.wall_ms(), link.epoch)
        link_book.write(engine, pad_id, named)
    return text


def _pinned(engine: Engine, pad_id: bytes, *, view: bool, slot_seed: bytes) -> Link:
    with engine.borrowed(pad_id) as session:
        # Another window of this vault may be the one that brought the pad to its relay.
        fold, record = session.replica.fold, engine.vault.pad(pad_id) or session.record
        ring = session.replica.ring
        keys = ring.newest_keys
        seed = keys.view_seed if view or not isinstance(keys, EditKeys) else keys.edit_seed
        return Link(
            role=Role.VIEW if view else Role.EDIT,
            pad_id=pad_id,
            epoch=ring.newest,
            seed=seed,
            pin_n=fold.n,
            pin_head=fold.head[:16],
            relay_fingerprint=relay_fingerprint(record.relay_pk) if record.relay_pk else NO_RELAY,
            address=record.relay_url or "",
            slot_seed=slot_seed,
        )


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """What a link says of itself, and its relay of the pad, before anything is joined."""

    pad_id: bytes
    role: str
    """edit or view."""
    kind: PadKind
    words: tuple[str, ...]
    """The owner's safety words: whoever owns the pad sees the same in `members PAD`."""
    relay: str
    pinned: bool
    """Whether it names its relay's key."""
    is_here: bool
    """Whether this vault has the pad already."""
    ends: str = ""
    """What its owner said of its end, in words."""


async def look(engine: Engine, link: Link, *, wait_s: float) -> LinkFacts:
    """Ask the link's relay what it leads to; nothing is added. Raises BadLink, RelayUnreachable or Alarm."""
    record, ends = await _record_from(engine, link, wait_s)
    return LinkFacts(
        link.pad_id,
        record.role,
        PadKind(record.kind),
        owner_words(link.pad_id),
        link.address,
        link.relay_fingerprint != NO_RELAY,
        engine.vault.pad(link.pad_id) is not None,
        lifetime.words(ends),
    )


async def join(engine: Engine, link: Link | str, *, wait_s: float) -> PadListing:
    """Add the pad of a link to the drive; raises BadLink, RelayUnreachable or Alarm."""
    link = decode_link(link) if isinstance(link, str) else link
    await _follow_it(engine, link, wait_s)
    known = engine.vault.pad(link.pad_id)
    removed = known is not None and standing_of(engine, link.pad_id) is SyncWord.REMOVED
    if known is None or removed or (known.role == "view" and link.role == Role.EDIT):
        record, ends = await _record_from(engine, link, wait_s)
        if known is not None:
            # What was folded by the keys of before is read with them again.
            keyrings.keep(engine, known)
        keyrings.keep_of_link(engine, link)
        engine.open_pads.take_out(link.pad_id, keep_writer=True)
        engine.add(record)
        lifetime.keep(engine, link.pad_id, ends)
        report = await _brought(engine, link.pad_id, wait_s)
        if report.alarms or report.unreachable:
            is_here = known is not None or _another_window_has_it(engine, link.pad_id, report)
            if not is_here:
                engine.remove(link.pad_id, by_person=False)
            if report.alarms:
                raise Alarm(AlarmCode(report.alarms[0].code))
            if not is_here:
                raise RelayUnreachable("the relay did not give the pad in time; nothing was added")
    elif known.role != "owner":
        keyrings.keep_of_link(engine, link)
    if (joined := engine.vault.pad(link.pad_id)) is not None and joined.kind == PadKind.FOLDER:
        # What is in it comes with it; what does not come in time comes with the next sync.
        await engine.sync(agreeing.not_here_yet(engine, link.pad_id), wait_s=wait_s)
    if listing.tree_of(engine).trashed_ms(link.pad_id.hex()):
        keeping.restore(engine, link.pad_id)
    return engine.listing_of(link.pad_id)


async def _brought(engine: Engine, pad_id: bytes, wait_s: float) -> SyncReport:
    """The pad, or why not: where the snapshot to begin at was a lie, once more by the whole log."""
    report = await engine.sync([pad_id], wait_s=wait_s)
    if {alarm.code for alarm in report.alarms} != {AlarmCode.BAD_SNAPSHOT.value}:
        return report
    again = await engine.sync([pad_id], wait_s=wait_s)
    if not (again.alarms or again.unreachable):
        notices.keep(engine, pad_id, Notice(READ_WHOLE))
    return again


async def _follow_it(engine: Engine, link: Link, wait_s: float) -> None:
    """A fresh link to a pad that is here may tell of a relay that it was moved to: the unsent goes along."""
    if whereabouts.names_another_relay(engine, link):
        # Or it is older than a move, and says nothing here.
        with contextlib.suppress(NotMovedThere, RelayUnreachable):
            await whereabouts.follow(engine, link.pad_id, link.address, wait_s=wait_s)


def _another_window_has_it(engine: Engine, pad_id: bytes, report: SyncReport) -> bool:
    """Whether something of the pad is here that this window's failed join did not bring: the same link may
    have been followed in two windows at once. What came before an alarm may be this window's own.
    """
    came = not report.alarms and engine.vault.log_ends().get(pad_id, (0, b""))[0] > 0
    return came or engine.vault.waiting(pad_id) > 0


async def _record_from(engine: Engine, link: Link, wait_s: float) -> tuple[PadRecord, Lifetime]:
    """From the relay that the pad is at: the link's own may know by the owner's word which that is."""
    for _ in range(whereabouts.MAX_HOPS):
        try:
            return await _record_at(engine, link, wait_s)
        except Moved as moved:
            link = whereabouts.follow_link(link, moved)
    raise RelayUnreachable("the pad was moved from relay to relay without an end")


async def _record_at(engine: Engine, link: Link, wait_s: float) -> tuple[PadRecord, Lifetime]:
    url = await asyncio.to_thread(engine.resolve, link.address)
    connection = await open_connection(url, timeout_s=wait_s)
    relay_pk = connection.greeting.relay_pk
    try:
        if link.relay_fingerprint not in (NO_RELAY, relay_fingerprint(relay_pk)):
            raise Alarm(AlarmCode.WRONG_RELAY, evidence=(key_piece(relay_pk),))
        openers = keyrings.own_openers(engine, link.pad_id)
        start = await connection.run(fetch_start(link, connection.greeting, openers))
    except Alarm as alarm:
        alarms.keep_of_stranger(engine, link.pad_id, relay_pk, alarm)
        raise
    finally:
        await connection.close()
    role, secret = keyrings.secret_of(start.keys)
    record = PadRecord(
        pad_id=link.pad_id,
        genesis=start.genesis.raw,
        kind=int(start.kind),
        role=role,
        secret=secret,
        epoch=start.epoch,
        relay_url=link.address,
        relay_pk=relay_pk,
        pin_n=link.pin_n,
        pin_head=link.pin_head,
        uploaded=True,
        created_ms=engine.wall_ms(),
    )
    return record, Lifetime.of(start.lifetime)
