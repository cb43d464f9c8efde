"""A machine that has nothing becomes an account's by its login, and what the drive then says of that login.

Nothing is stored before the whole block was checked and opened. The block's pin goes into the drive's record,
so that a relay cannot show this machine a drive of before the block was made.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cryptpad_relay.protocol.errors import Malformed, Refused
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto.keys import drive_root_of
from cryptpad_tui.engine.creating import EXPECTED_RELAY, drive_genesis
from cryptpad_tui.engine.errors import RelayRefused
from cryptpad_tui.engine.login_memory import SIGNED_IN, keep, record_of
from cryptpad_tui.engine.records import own_record
from cryptpad_tui.host.entropy import random_bytes
from cryptpad_tui.people import login_flows as flows
from cryptpad_tui.people.login_block import LoginContent, open_login
from cryptpad_tui.people.login_errors import LoginForged, LoginRolledBack, NoSuchLogin
from cryptpad_tui.people.login_keys import Credentials, login_name
from cryptpad_tui.people.login_record import (
    LoginMode,
    LoginRecord,
    Standing,
    block_digest,
    open_record,
    seal_record,
    standing_of,
)
from cryptpad_tui.sync.connection import open_connection
from cryptpad_tui.vault.passwords import DEFAULT_MEMORY_MIB
from cryptpad_tui.vault.records import PadRecord
from cryptpad_tui.vault.tables import Tables
from cryptpad_tui.vault.vault import Vault

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An account, as its login gave it."""

    content: LoginContent
    record: LoginRecord = field(repr=False)
    """What this machine knows of the login from having used it."""


async def sign_in(relay_url: str, credentials: Credentials) -> SignedIn:
    """Ask the relay at this address; raises NoSuchLogin, LoginError, RelayRefused or RelayUnreachable."""
    keys = await asyncio.to_thread(credentials.derive, relay_url)
    connection = await open_connection(relay_url)
    try:
        raw = await connection.run(flows.find(connection.greeting, keys.auth, keys.cost))
        relay_pk = connection.greeting.relay_pk
    except Refused as refused:
        raise RelayRefused(refused.code) from None
    except Malformed:
        raise LoginForged from None
    finally:
        await connection.close()
    if raw is None:
        raise NoSuchLogin
    opened = open_login(keys, raw)
    if opened.content.relay_pk != relay_pk:
        raise LoginForged
    mode = LoginMode.KEY if credentials.secret else LoginMode.PHRASE
    record = LoginRecord(
        opened.version,
        mode,
        keys.seed,
        opened.content.made_ms,
        block_digest(raw),
        login_name(credentials.name),
    )
    return SignedIn(opened.content, record)


def make_vault(
    directory: Path,
    passphrase: bytes,
    signed_in: SignedIn,
    relay_url: str,
    *,
    kdf_memory_mib: int = DEFAULT_MEMORY_MIB,
) -> Vault:
    """This machine's vault for the account, wholly or not at all."""
    content = signed_in.content
    record = _drive_of(content)
    sealed = seal_record(content.account_root, signed_in.record, rng=random_bytes)

    def fill(tables: Tables) -> None:
        tables.put_pad(record)
        tables.set_setting("drive", record.pad_id.hex())
        tables.set_setting(EXPECTED_RELAY, content.relay_pk.hex())
        tables.set_setting(SIGNED_IN, sealed.hex())

    vault, _ = Vault.create(
        directory,
        passphrase,
        name=content.name,
        relay_url=content.relay_url or relay_url,
        kdf_memory_mib=kdf_memory_mib,
        account_root=content.account_root,
        fill=fill,
    )
    return vault


def _drive_of(content: LoginContent) -> PadRecord:
    """The account's drive, pinned to what the maker of the block had verified of it."""
    root, genesis = drive_root_of(content.account_root), drive_genesis(content.account_root)
    record = own_record(genesis, PadKind.DRIVE, root, created_ms=content.made_ms)
    if genesis.pad_id == content.drive_id:
        record = replace(record, pin_n=content.pin_n, pin_head=content.pin_head)
    return replace(record, relay_pk=content.relay_pk)


def judge(engine: Engine) -> None:
    """After the drive has come: whether the login that made this vault was the newest one.

    Raises LoginRolledBack where the account has a newer one; where nobody had heard of it, it is kept.
    """
    sealed = engine.vault.setting(SIGNED_IN)
    used = open_record(engine.vault.account_root, bytes.fromhex(sealed)) if sealed else None
    if used is None or engine.drive_session.replica.fold.n == 0:
        return
    known = record_of(engine)
    standing = standing_of(known, used.auth.public, used.version, used.digest)
    if standing is Standing.NEWER:
        keep(engine, known.followed_by(used) if known else used)
    engine.vault.set_setting(SIGNED_IN, None)
    if standing is Standing.OLD:
        raise LoginRolledBack
