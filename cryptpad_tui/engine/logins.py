"""A login at the relay, made, changed, ended, looked at, and used on a machine that has nothing.

What decides is `people.login_*`; this module brings it together with the vault, the drive and a connection.
Before the relay is asked for a change, the vault remembers what was meant: whoever dies in between leaves a
question that `settle` answers, so that a change is done or not begun.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.errors import Malformed, Refused
from cryptpad_relay.protocol.login_frames import LoginBlock
from cryptpad_tui.crypto.keys import SigningSeed
from cryptpad_tui.engine.creating import drive_at_relay, drive_record, require_relay
from cryptpad_tui.engine.errors import NoRelay, RelayRefused, RelayUnreachable
from cryptpad_tui.engine.limited import require_account
from cryptpad_tui.engine.login_memory import PENDING, intend, keep, opened, record_of
from cryptpad_tui.people import login_flows as flows
from cryptpad_tui.people.login_block import LoginContent, seal_login
from cryptpad_tui.people.login_errors import (
    LoginError,
    LoginForged,
    LoginMoved,
    LoginRolledBack,
    LoginThere,
    LoginUnsettled,
    NoLogin,
)
from cryptpad_tui.people.login_keys import Credentials, LoginKeys, login_name
from cryptpad_tui.people.login_record import (
    LoginMode,
    LoginRecord,
    Standing,
    block_digest,
    standing_of,
)
from cryptpad_tui.sync.connection import RelayConnection, open_connection
from cryptpad_tui.vault.errors import VaultError

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

DRIVE_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class LoginState:
    """What `status` finds."""

    record: LoginRecord | None
    asked: bool = False
    """Whether the relay answered."""
    is_kept: bool = False
    """Whether it has the newest version."""
    came_back: int = 0
    """Logins that had ended, were at the relay all the same, and are dropped."""


# -- changes


async def begin(engine: Engine, *, changing: bool) -> LoginRecord | None:
    """Whether a login may be made, or changed: what there was. Raises LoginThere, NoLogin, LimitedDevice."""
    require_account(engine)
    require_relay(engine)
    record = await _newest(engine)
    is_there = record is not None and record.is_there
    if is_there and not changing:
        raise LoginThere
    if changing and not is_there:
        raise NoLogin
    return record


async def create(engine: Engine, credentials: Credentials) -> LoginRecord:
    """Keep a login for this account; raises LoginThere, LoginError, NoRelay or RelayUnreachable."""
    return await set_login(engine, await begin(engine, changing=False), credentials)


async def change(engine: Engine, credentials: Credentials) -> LoginRecord:
    """Another passphrase and key in the place of the one there is; the old ones find nothing then."""
    return await set_login(engine, await begin(engine, changing=True), credentials)


async def set_login(engine: Engine, old: LoginRecord | None, credentials: Credentials) -> LoginRecord:
    """What `begin` allowed."""
    name, url = login_name(credentials.name), require_relay(engine)
    content = await _content(engine)
    keys = await asyncio.to_thread(credentials.derive, content.relay_url)
    async with _connected(engine, url) as connection:
        return await _set_at(engine, connection, old, content, keys, credentials, name)


def address(engine: Engine) -> str:
    """How other machines call the relay that a login is kept at; raises NoRelay."""
    return drive_record(engine).relay_url or engine.public_url(require_relay(engine))


async def _set_at(
    engine: Engine,
    connection: RelayConnection,
    old: LoginRecord | None,
    content: LoginContent,
    keys: LoginKeys,
    credentials: Credentials,
    name: str,
) -> LoginRecord:
    greeting = connection.greeting
    place = old.auth if old is not None and old.is_there else keys.auth
    had = _version(await connection.run(flows.find(greeting, place, None)))
    version = max(had, old.version if old else 0) + 1
    block = seal_login(keys, content, version, rng=engine.rng)
    mode = LoginMode.KEY if credentials.secret else LoginMode.PHRASE
    made = LoginRecord(version, mode, keys.seed, content.made_ms, block_digest(block), name)
    made = old.followed_by(made) if old else made
    intend(engine, made)
    # The relay may have lost the old one; then there is nothing to take the place of.
    moves = had > 0 and place.public != keys.auth.public
    step = (
        flows.move(greeting, place, had, keys.auth, block)
        if moves
        else flows.put(greeting, keys.auth, had, block)
    )
    try:
        await connection.run(step)
    except (RelayUnreachable, Malformed, LoginForged):
        # An answer that is none says as little as no answer.
        raise LoginUnsettled from None
    except (Refused, LoginError):
        engine.vault.set_setting(PENDING, None)
        raise
    try:
        keep(engine, made)
    except VaultError:
        raise LoginUnsettled from None
    # The change is made, whatever becomes of this: `status` does it again.
    with contextlib.suppress(RelayUnreachable, Malformed, LoginError):
        await _drop_ended(connection, made)
    return made


async def _drop_ended(connection: RelayConnection, record: LoginRecord) -> int:
    """End what ended before once more, where a relay that was restored from a backup has it again."""
    came_back = 0
    with contextlib.suppress(Refused):
        for seed in record.ended:
            came_back += await connection.run(flows.drop_whatever(connection.greeting, SigningSeed(seed)))
    return came_back


async def remove(engine: Engine) -> None:
    """End the login; raises NoLogin where this machine knows of none."""
    require_account(engine)
    record = await _newest(engine)
    if record is None or not record.is_there:
        raise NoLogin
    async with _connected(engine, require_relay(engine)) as connection:
        await connection.run(flows.drop_whatever(connection.greeting, record.auth))
    keep(engine, record.removed(engine.wall_ms()))


async def _newest(engine: Engine) -> LoginRecord | None:
    """What the other machines said since, and what is pending here, comes first."""
    await settle(engine)
    if engine.relay_url() is not None:
        await engine.sync([drive_record(engine).pad_id], wait_s=DRIVE_S)
    return record_of(engine)


async def settle(engine: Engine) -> bool | None:
    """Find out what became of a change whose answer was lost: True it was taken, False it was not."""
    sealed = engine.vault.setting(PENDING)
    meant = opened(engine, bytes.fromhex(sealed)) if sealed else None
    if meant is None:
        return None
    async with _connected(engine, require_relay(engine)) as connection:
        raw = await connection.run(flows.find(connection.greeting, meant.auth, None))
    if raw is not None and block_digest(raw) == meant.digest:
        keep(engine, meant)
        return True
    engine.vault.set_setting(PENDING, None)
    return False


# -- what ended


async def drop_ended(engine: Engine) -> None:
    """Take from the relay what ended; what cannot be reached is dropped by the next `status`."""
    record = record_of(engine)
    if record is not None and record.ended:
        with contextlib.suppress(LoginError, RelayUnreachable, RelayRefused, NoRelay):
            async with _connected(engine, require_relay(engine)) as connection:
                await _drop_ended(connection, record)


# -- looking


async def status(engine: Engine, *, ask: bool = True) -> LoginState:
    """What this account knows of its login, and whether the relay agrees; raises LoginRolledBack where it
    shows an older one, and LoginMoved where another machine changed it whose word has not come."""
    require_account(engine)
    record = await _newest(engine) if ask else record_of(engine)
    if record is None or not ask:
        return LoginState(record)
    async with _connected(engine, require_relay(engine)) as connection:
        find = flows.find(connection.greeting, record.auth, None)
        raw = await connection.run(find) if record.is_there else None
        came_back = await _drop_ended(connection, record)
    if raw is None:
        return LoginState(record, True, not record.is_there, came_back)
    judged = standing_of(record, record.auth.public, _version(raw), block_digest(raw))
    if judged is Standing.OLD:
        raise LoginRolledBack
    if judged is Standing.NEWER:
        raise LoginMoved
    return LoginState(record, True, True, came_back)


# -- a machine's beginning


async def _content(engine: Engine) -> LoginContent:
    """What goes into the block: the drive must be on its relay, since a new machine has nothing else."""
    drive = await drive_at_relay(engine)
    fold = engine.drive_session.replica.fold
    return LoginContent(
        account_root=engine.vault.account_root,
        relay_pk=drive.relay_pk,
        drive_id=drive.pad_id,
        pin_n=fold.n,
        pin_head=fold.head[:16] if fold.n else b"",
        made_ms=engine.wall_ms(),
        relay_url=address(engine),
        name=engine.name(),
    )


def _version(raw: bytes | None) -> int:
    return LoginBlock.decode(raw).version if raw is not None else 0


@contextlib.asynccontextmanager
async def _connected(engine: Engine, url: str) -> AsyncIterator[RelayConnection]:
    connection = await open_connection(await asyncio.to_thread(engine.resolve, url))
    try:
        yield connection
    except Refused as refused:
        raise RelayRefused(refused.code) from None
    except Malformed:
        raise LoginForged from None
    finally:
        await connection.close()
