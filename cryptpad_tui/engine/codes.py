"""What one-time codes carry: an account to a new device, or a pad's link to a person.

The conversation is `sync.meeting`'s. What arrives is checked before anything is made of it, and nothing is
stored before all of it is here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.errors import Malformed, Refused
from cryptpad_relay.protocol.labels import u8
from cryptpad_relay.protocol.reader import Reader
from cryptpad_tui.engine.creating import EXPECTED_RELAY, drive_at_relay, require_relay
from cryptpad_tui.engine.errors import NoRelay, RelayRefused
from cryptpad_tui.engine.limited import require_account
from cryptpad_tui.host.entropy import random_bytes
from cryptpad_tui.pad.codes import Code, CodeError, Purpose
from cryptpad_tui.pad.payloads import MAX_NAME_BYTES
from cryptpad_tui.sync import meeting
from cryptpad_tui.sync.connection import RelayConnection, open_connection

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.vault.tables import Tables

WAIT_S: Final = 600.0
WHOLE: Final = 1
"""How an account begins on its way to a device that will hold its root."""


@dataclass(frozen=True, slots=True)
class Account:
    """All that a new device needs to be the same account."""

    root: bytes = field(repr=False)
    relay_pk: bytes
    drive_id: bytes
    relay_url: str
    name: str

    def encode(self) -> bytes:
        url, name = self.relay_url.encode("ascii"), self.name.encode()
        return self.root + self.relay_pk + self.drive_id + u8(len(url)) + url + u8(len(name)) + name

    @classmethod
    def decode(cls, raw: bytes) -> Account:
        """Raises CodeError."""
        reader = Reader(raw)
        try:
            head = reader.take(32), reader.take(32), reader.take(32)
            url, name = reader.take(reader.u8()).decode("ascii"), reader.take(reader.u8()).decode()
            reader.end()
        except (Malformed, UnicodeDecodeError):
            raise CodeError from None
        if not name or len(name.encode()) > MAX_NAME_BYTES or not name.isprintable() or not url.isprintable():
            raise CodeError
        return cls(*head, url, name)

    def fill(self, tables: Tables) -> None:
        """Make a vault that is being made this account's."""
        tables.set_setting(EXPECTED_RELAY, self.relay_pk.hex())


async def give_account(engine: Engine, *, show: Callable[[Code], None], wait_s: float = WAIT_S) -> None:
    """Show a code, and give this account to the device that enters it; raises NoRelay, CodeError,
    RelayRefused or RelayUnreachable. The drive must be on its relay: the new device has nothing else.
    """
    require_account(engine)
    url = require_relay(engine)
    drive = await drive_at_relay(engine)
    account = Account(
        engine.vault.account_root,
        drive.relay_pk,
        drive.pad_id,
        drive.relay_url or engine.public_url(url),
        engine.name(),
    )
    await give(engine, url, Purpose.ACCOUNT, u8(WHOLE) + account.encode(), show, wait_s)


async def give_link(
    engine: Engine,
    pad_id: bytes,
    *,
    view: bool,
    show: Callable[[Code], None],
    label: str = "",
    wait_s: float = WAIT_S,
) -> None:
    """The same for a link to a pad, by the relay that the pad is on; `label` names it on the owner's list."""
    link = await engine.make_link(pad_id, view=view, label=label)
    record = engine.vault.pad(pad_id)
    url = engine.relay_of(record) if record else None
    if url is None:
        raise NoRelay
    await give(engine, url, Purpose.LINK, link.encode("ascii"), show, wait_s)


async def give(
    engine: Engine, url: str, purpose: Purpose, payload: bytes, show: Callable[[Code], None], wait_s: float
) -> None:
    async with connected(await asyncio.to_thread(engine.resolve, url)) as connection:
        await meeting.give(connection, purpose, payload, rng=engine.rng, show=show, wait_s=wait_s)


async def take_link(url: str, code: Code) -> str:
    """The link that `give_link` gave."""
    async with connected(url) as connection:
        raw = await meeting.take(connection, code, Purpose.LINK, rng=random_bytes)
    try:
        return raw.decode("ascii")
    except UnicodeDecodeError:
        raise CodeError from None


async def take_link_here(engine: Engine, code: Code, *, url: str | None = None) -> str:
    """The same by this vault's relay, or another one; raises NoRelay."""
    return await take_link(await asyncio.to_thread(engine.resolve, url or require_relay(engine)), code)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[RelayConnection]:
    connection = await open_connection(url)
    try:
        yield connection
    except Refused as refused:
        raise RelayRefused(refused.code) from None
    except Malformed:
        raise CodeError from None
    finally:
        await connection.close()
