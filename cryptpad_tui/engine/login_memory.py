"""What this vault and the account's drive remember of a login. Knows no relay.

The drive's word reaches all machines of the account; the vault's own keeps an older one of the drive from
counting. What was meant and not answered yet is this machine's alone.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.kinds import ENTRIES_ROOT
from cryptpad_tui.people.login_record import LoginRecord, newest, open_record, seal_record

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

KEPT: Final = "login/record"
"""The setting with this machine's own memory of the newest record: older words of the drive do not count."""
PENDING: Final = "login/pending"
SIGNED_IN: Final = "login/signed-in"
"""What this machine was made from, until the drive said what it thinks of it."""
IN_DRIVE: Final = "login/record"


def record_of(engine: Engine) -> LoginRecord | None:
    """The newest login that this machine knows of, ended ones too."""
    text = engine.drive_session.view.map_value(ENTRIES_ROOT, IN_DRIVE)
    try:
        in_drive = opened(engine, base64.b64decode(text, validate=True) if isinstance(text, str) else b"")
    except ValueError:
        in_drive = None
    return newest(in_drive, opened(engine, bytes.fromhex(engine.vault.setting(KEPT) or "")))


def keep(engine: Engine, record: LoginRecord) -> None:
    """Remember this as the newest, here and on the account's other machines; nothing is pending then."""
    sealed = seal_record(engine.vault.account_root, record, rng=engine.rng)
    session = engine.drive_session
    with session.replica.store.transaction():
        session.view.set_map(ENTRIES_ROOT, IN_DRIVE, _text(sealed))
        session.flush()
        engine.vault.set_setting(KEPT, sealed.hex())
        engine.vault.set_setting(PENDING, None)


def _text(sealed: bytes) -> str:
    return base64.b64encode(sealed).decode()


def opened(engine: Engine, sealed: bytes) -> LoginRecord | None:
    """What this account sealed; None for anything else."""
    return open_record(engine.vault.account_root, sealed) if sealed else None


def intend(engine: Engine, record: LoginRecord) -> None:
    """Remember what the relay is about to be asked for."""
    sealed = seal_record(engine.vault.account_root, record, rng=engine.rng)
    engine.vault.set_setting(PENDING, sealed.hex())


def ended_for(engine: Engine, root: bytes) -> dict[str, object]:
    """For the drive of another root of this account: that its login of before is to be dropped."""
    record = record_of(engine)
    if record is None:
        return {}
    return {IN_DRIVE: _text(seal_record(root, record.removed(engine.wall_ms()), rng=engine.rng))}
