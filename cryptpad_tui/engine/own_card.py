"""One's own card, and the mailbox that it leads to: bound before anybody is given the card."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hmac import compare_digest
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.errors import Refused
from cryptpad_tui.crypto.keys import relay_fingerprint
from cryptpad_tui.crypto.links import NO_RELAY
from cryptpad_tui.engine.creating import drive_record
from cryptpad_tui.engine.errors import RelayRefused
from cryptpad_tui.engine.limited import require_account
from cryptpad_tui.engine.mail_errors import NoMailbox
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.evidence import key_piece
from cryptpad_tui.people.card import Card, make_card
from cryptpad_tui.people.identity import Myself
from cryptpad_tui.sync.connection import RelayConnection, open_connection

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

RELAY_SETTING: Final = "mail/relay"
"""The setting with the key of the relay that has the mailbox, and its address."""


def myself(engine: Engine) -> Myself:
    """Raises LimitedDevice."""
    require_account(engine)
    return Myself(engine.vault.account_root)


def mailbox_url(engine: Engine) -> str:
    """Where this account's mailbox is; raises NoMailbox."""
    url = engine.relay_url()
    if url is None:
        raise NoMailbox
    return url


def own_card(engine: Engine) -> Card:
    """As it is at present; raises NoMailbox or LimitedDevice."""
    address = engine.public_url(mailbox_url(engine))
    pinned, _, at = (engine.vault.setting(RELAY_SETTING) or "").partition(" ")
    fingerprint = relay_fingerprint(bytes.fromhex(pinned)) if at == address else NO_RELAY
    return make_card(myself(engine), address=address, relay_fingerprint=fingerprint, name=engine.name())


def check_relay(engine: Engine, relay_pk: bytes) -> None:
    """It is the relay that has this account's drive; raises Alarm. Its key is noted for the card."""
    pinned = drive_record(engine).relay_pk
    if pinned and not compare_digest(pinned, relay_pk):
        raise Alarm(AlarmCode.WRONG_RELAY, evidence=(key_piece(relay_pk),))
    noted = f"{relay_pk.hex()} {engine.public_url(mailbox_url(engine))}"
    if engine.vault.setting(RELAY_SETTING) != noted:
        engine.vault.set_setting(RELAY_SETTING, noted)


@asynccontextmanager
async def mailbox_connection(engine: Engine, *, wait_s: float = 10.0) -> AsyncIterator[RelayConnection]:
    """A connection to the mailbox's relay; raises NoMailbox, RelayUnreachable, RelayRefused or Alarm."""
    url = await asyncio.to_thread(engine.resolve, mailbox_url(engine))
    connection = await open_connection(url, timeout_s=wait_s)
    try:
        check_relay(engine, connection.greeting.relay_pk)
        yield connection
    except Refused as refused:
        raise RelayRefused(refused.code) from None
    finally:
        await connection.close()
