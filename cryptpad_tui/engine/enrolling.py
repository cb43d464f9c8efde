"""Letting another device in by a code, with the account's root or as a limited one, and being let in.

A limited device gets a root of its own, made here so that this account can vouch for it, and an edit link to
the drive by its present keys. Nothing is stored there before all of it is here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.labels import u8, u16
from cryptpad_relay.protocol.reader import Reader
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto.account import account_box_of, device_key_of
from cryptpad_tui.crypto.errors import BadLink
from cryptpad_tui.crypto.keys import Role, relay_fingerprint
from cryptpad_tui.crypto.links import decode_link
from cryptpad_tui.engine import devices, limited, membership
from cryptpad_tui.engine.codes import WAIT_S, WHOLE, Account, connected, give
from cryptpad_tui.engine.creating import drive_at_relay, drive_record, require_relay
from cryptpad_tui.host.clock import wall_ms
from cryptpad_tui.host.entropy import random_bytes
from cryptpad_tui.pad import flows
from cryptpad_tui.pad.codes import Code, CodeError, Purpose, WrongCode
from cryptpad_tui.pad.payloads import MAX_NAME_BYTES
from cryptpad_tui.sync import meeting
from cryptpad_tui.sync.meeting import NobodyCame
from cryptpad_tui.vault.records import PadRecord

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.sync.connection import RelayConnection
    from cryptpad_tui.vault.tables import Tables

LIMITED: Final = 2
"""How what a limited device gets begins."""
ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class LimitedAccount:
    """All that a limited device needs."""

    root: bytes = field(repr=False)
    """Of the device's own keys."""
    id: bytes
    box: bytes
    """What owners' roots are sealed to."""
    name: str
    link: str = field(repr=False)
    """An edit link to the drive."""

    def encode(self) -> bytes:
        name, link = self.name.encode(), self.link.encode("ascii")
        return self.root + self.id + self.box + u8(len(name)) + name + u16(len(link)) + link

    @classmethod
    def decode(cls, raw: bytes) -> LimitedAccount:
        """Raises CodeError."""
        reader = Reader(raw)
        try:
            head = reader.take(32), reader.take(ID_BYTES), reader.take(32)
            name, link = reader.take(reader.u8()).decode(), reader.take(reader.u16()).decode("ascii")
            reader.end()
        except (Malformed, UnicodeDecodeError):
            raise CodeError from None
        if not name or len(name.encode()) > MAX_NAME_BYTES or not name.isprintable():
            raise CodeError
        return cls(*head, name, link)


@dataclass(frozen=True, slots=True)
class LetIn:
    """A limited account with its drive's record, checked, and nothing stored."""

    account: LimitedAccount
    drive: PadRecord

    @property
    def name(self) -> str:
        return self.account.name

    @property
    def relay_url(self) -> str:
        return self.drive.relay_url or ""

    def fill(self, tables: Tables) -> None:
        """Make a vault that is being made this limited device's."""
        tables.put_pad(self.drive)
        tables.set_setting("drive", self.drive.pad_id.hex())
        tables.set_setting(limited.ROOT, self.account.root.hex())
        tables.set_setting(limited.ID, self.account.id.hex())
        tables.set_setting(limited.BOX, self.account.box.hex())


async def give_limited(engine: Engine, *, show: Callable[[Code], None], wait_s: float = WAIT_S) -> str:
    """Show a code, and let the device that enters it in as a limited one; its id in the list of devices.

    It stands on the list before it gets anything. Raises what `give_account` does, and LimitedDevice.
    """
    limited.require_account(engine)
    url = require_relay(engine)
    await close_the_past(engine)
    root, device = engine.rng(32), engine.rng(ID_BYTES)
    devices.let_in(engine, device.hex(), device_key_of(root).public)
    is_shown = False

    def showing(code: Code) -> None:
        nonlocal is_shown
        is_shown = True
        show(code)

    try:
        link = await engine.make_link(drive_record(engine).pad_id, view=False)
        box = account_box_of(engine.vault.account_root).public
        account = LimitedAccount(root, device, box, engine.name(), link)
        await give(engine, url, Purpose.ACCOUNT, u8(LIMITED) + account.encode(), showing, wait_s)
    except Exception as error:
        # Behind the code it may be in: then its line stays, and can be removed with all that it got.
        if not is_shown or isinstance(error, NobodyCame | WrongCode):
            devices.end_line(engine, device.hex())
        raise
    return device.hex()


async def close_the_past(engine: Engine) -> None:
    """See that nobody who is let in from here on can read an owner's root that was written unsealed.

    An earlier version wrote them so: they are sealed, and the drive's keys change with no way back.
    """
    unsealed = engine.drive.unsealed()
    for record in unsealed:
        engine.drive.put(record)
    engine.drive_session.flush()
    await drive_at_relay(engine)
    if unsealed or not engine.drive_session.replica.fold.epoch:
        await membership.revoke(engine, engine.drive_session.pad_id)


async def take_device(url: str, code: Code) -> Account | LetIn:
    """What the device that shows this code gives. Nothing is stored."""
    async with connected(url) as connection:
        raw = await meeting.take(connection, code, Purpose.ACCOUNT, rng=random_bytes)
        if raw[:1] == u8(LIMITED):
            return await _let_in(connection, LimitedAccount.decode(raw[1:]))
        if raw[:1] != u8(WHOLE):
            raise CodeError
        account = Account.decode(raw[1:])
        if account.relay_pk != connection.greeting.relay_pk:
            raise CodeError
        return account


async def _let_in(connection: RelayConnection, account: LimitedAccount) -> LetIn:
    try:
        link = decode_link(account.link)
    except BadLink:
        raise CodeError from None
    greeting = connection.greeting
    if link.role != Role.EDIT or link.relay_fingerprint != relay_fingerprint(greeting.relay_pk):
        raise CodeError
    genesis, kind = await connection.run(flows.fetch_genesis(link.pad_id, link.epoch, link.keys(), greeting))
    if kind is not PadKind.DRIVE:
        raise CodeError
    record = PadRecord(
        pad_id=link.pad_id,
        genesis=genesis.raw,
        kind=int(kind),
        role="edit",
        secret=link.seed,
        epoch=link.epoch,
        relay_url=link.address,
        relay_pk=greeting.relay_pk,
        pin_n=link.pin_n,
        pin_head=link.pin_head,
        uploaded=True,
        created_ms=wall_ms(),
    )
    return LetIn(account, record)
