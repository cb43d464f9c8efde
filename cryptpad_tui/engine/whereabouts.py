"""Following a pad to the relay that its owner moved it to: by the record in its log, or by an address.

By the owner's signed word alone. What waits to be sent goes along; the other relay's key is pinned, and what
it shows must extend what is verified here. Nothing is followed back to a relay that the pad has left.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from cryptpad_relay.protocol.errors import Code, Malformed, Refused
from cryptpad_relay.protocol.move_record import MoveRecord
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto.keys import relay_fingerprint
from cryptpad_tui.crypto.links import NO_RELAY, Link
from cryptpad_tui.crypto.relay_address import is_relay_address
from cryptpad_tui.engine import left_mailboxes
from cryptpad_tui.engine.errors import EngineError, UnknownPad
from cryptpad_tui.pad import flows_move
from cryptpad_tui.pad.alarms import Alarm, Notice
from cryptpad_tui.pad.flows_move import NotMovedThere
from cryptpad_tui.pad.moves import Moved, change_relay
from cryptpad_tui.sync.connection import RelayConnection, RelayUnreachable, open_connection
from cryptpad_tui.vault.errors import VaultError

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession

MOVED: Final = "MOVED"
"""The code of the notice that a pad goes on at another relay (docs/cli.md)."""
_TOLD: Final = "moved-told/"
MAX_HOPS: Final = 8
MAX_TITLE: Final = 24
"""Characters of one in a sentence of one line."""


class NoSuchAddress(EngineError):
    """A relay's address begins with wss:, ws: or unix:, in at most 255 characters. Nothing was changed."""


def sentence_of(session: PadSession, url: str) -> str:
    """What a person reads once; raw."""
    place = place_of(url)
    if session.kind is PadKind.DRIVE:
        return f"your drive was moved to the relay {place}, and so is what you make from here on"
    title = session.title()
    short = f"{title[:MAX_TITLE]}…" if len(title) > MAX_TITLE else title
    what = f"its owner moved “{short}”" if title else "the pad's owner moved it"
    return f"{what} to the relay {place}; what you wrote goes along"


def place_of(url: str) -> str:
    """The part of an address that says where that is; raw."""
    if not is_relay_address(url):
        return url
    parts = urlsplit(url)
    return parts.netloc or parts.path or url


def keep_home(engine: Engine, session: PadSession, record: MoveRecord) -> None:
    """Inside the transaction that keeps the record: from here on the pad is at its relay, and at no other."""
    before = session.record
    session.record = replace(session.record, relay_url=record.url, relay_pk=record.relay_pk, uploaded=True)
    engine.vault.put_pad(session.record)
    if session.kind is PadKind.DRIVE:
        # What is made from here on goes where the account's drive is.
        engine.vault.set_setting("relay_url", record.url)
        left_mailboxes.note(engine, before.relay_url, before.relay_pk, now_at=record.relay_pk)


def go_on_there(engine: Engine, session: PadSession, record: MoveRecord) -> None:
    """The session leaves the relay that it is attached to, and goes on at the one that the owner named."""
    if session.record.relay_pk != record.relay_pk:
        replica = session.replica
        with replica.store.transaction():
            change_relay(replica.witness, replica.store, record)
            keep_home(engine, session, record)
    session.replica.place.ahead = record
    tell_once(engine, session, record)
    engine.keep_record(session.record)
    session.problem = ""
    engine.relays.let_go(session)
    engine.relays.attach(session)


def tell_once(engine: Engine, session: PadSession, record: MoveRecord) -> None:
    """Not to the owner's own window, which was told what it did."""
    name, said = f"{_TOLD}{session.pad_id.hex()}", record.entry_id.hex()
    if engine.vault.setting(name) != said:
        engine.vault.set_setting(name, said)
        session.noticed(Notice(sentence_of(session, record.url), code=MOVED))


def note_told(engine: Engine, pad_id: bytes, record: MoveRecord) -> None:
    """This account moved it itself."""
    engine.vault.set_setting(f"{_TOLD}{pad_id.hex()}", record.entry_id.hex())


def forget(engine: Engine, pad_id: bytes) -> None:
    """The pad was taken out of this vault."""
    engine.vault.set_setting(f"{_TOLD}{pad_id.hex()}", None)


def refresh(engine: Engine, session: PadSession) -> None:
    """Another window of this vault met the owner's record: this one goes along."""
    home, kept = session.replica.fold.owner.home, engine.vault.pad(session.pad_id)
    if home is None or kept is None or kept.relay_pk == session.record.relay_pk:
        return
    session.record = replace(session.record, relay_url=kept.relay_url, relay_pk=kept.relay_pk)
    session.replica.witness.go_on_with(None)
    engine.relays.let_go(session)
    engine.relays.attach(session)


async def follow(engine: Engine, pad_id: bytes, url: str, *, wait_s: float = 10.0) -> None:
    """Go on at a relay whose address came some other way: it must have the owner's word.

    Raises NotMovedThere, RelayUnreachable or Alarm; what is here and unsent is kept in each case.
    """
    await switch(engine, pad_id, url, wait_s=wait_s)
    await engine.sync([pad_id], wait_s=wait_s)


async def switch(engine: Engine, pad_id: bytes, url: str, *, wait_s: float = 10.0) -> None:
    """The same, without waiting for what it has."""
    if engine.vault.pad(pad_id) is None:
        raise UnknownPad
    session = engine.open_pad(pad_id)
    try:
        connection = await connect(engine, url, wait_s=wait_s)
        try:
            record = await _asked(session, connection)
        except Alarm as alarm:
            session.raise_alarm(alarm)
            raise
        finally:
            await connection.close()
        if session.record.relay_pk != record.relay_pk:
            # The address that answered is known to; the key is the owner's word.
            go_on_there(engine, session, replace(record, url=engine.public_url(url)))
    finally:
        session.close()


async def _asked(session: PadSession, connection: RelayConnection) -> MoveRecord:
    """By the keys of any epoch that this person has: the relay knows the newest ones, and maybe not these."""
    replica = session.replica
    for epoch in reversed(replica.ring.epochs):
        try:
            return await connection.run(flows_move.moved_there(replica, epoch, connection.greeting))
        except NotMovedThere:
            break
        except Refused as refused:
            if refused.code is not Code.NOT_AUTHORISED:
                break
        except Malformed as error:
            raise RelayUnreachable("what answers there is no relay of this version") from error
    raise NotMovedThere


async def switch_quietly(engine: Engine, pad_id: bytes, url: str) -> None:
    """Where another device of this account says that the pad is at another relay: if that is so."""
    with contextlib.suppress(EngineError, NotMovedThere, RelayUnreachable, Alarm, Refused, VaultError):
        await switch(engine, pad_id, url)


async def connect(engine: Engine, url: str, *, wait_s: float = 10.0) -> RelayConnection:
    """Raises NoSuchAddress or RelayUnreachable."""
    check_address(url)
    return await open_connection(await asyncio.to_thread(engine.resolve, url), timeout_s=wait_s)


def check_address(url: str) -> None:
    """What could be an address; raises NoSuchAddress."""
    if url != "local" and (not is_relay_address(url) or url.startswith("ssh:")):
        raise NoSuchAddress


def follow_link(link: Link, moved: Moved) -> Link:
    """The link as if it were made at the relay that the pad is at: its key is pinned, and what was closed."""
    record = moved.record
    pin = (link.pin_n, link.pin_head)
    if record.close_n > link.pin_n:
        pin = (record.close_n, record.close_head[:16])
    return replace(
        link,
        address=record.url,
        relay_fingerprint=relay_fingerprint(record.relay_pk),
        pin_n=pin[0],
        pin_head=pin[1],
    )


def names_another_relay(engine: Engine, link: Link) -> bool:
    """Whether a link to a pad that is here leads to a relay that it is not at."""
    known = engine.vault.pad(link.pad_id)
    if known is None or not known.relay_pk:
        return False
    return link.relay_fingerprint not in (NO_RELAY, relay_fingerprint(known.relay_pk))
