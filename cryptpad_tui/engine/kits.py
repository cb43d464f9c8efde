"""The recovery kit of a vault: what is on its page, and when somebody should be reminded to make one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.engine.creating import EXPECTED_RELAY, drive_genesis, drive_record
from cryptpad_tui.engine.limited import is_limited, require_account
from cryptpad_tui.vault.kit import Kit

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

__all__ = ["EXPECTED_DRIVE", "EXPECTED_RELAY", "is_due", "kit_of", "note_made", "reminded"]

MADE: Final = "kit/made"
REMINDED: Final = "kit/reminded"
NEVER: Final = "kit/never"
STALE: Final = "kit/stale"
"""Set while the last kit that was made opens nothing any more: its account has another root."""
EXPECTED_DRIVE: Final = "kit/drive"
"""What a vault made from a kit knows of the drive that it has not fetched."""
DAY_MS: Final = 86_400_000
WEEK_MS: Final = 7 * DAY_MS


def kit_of(engine: Engine) -> Kit:
    """Everything that a machine with nothing needs, once the drive is on a relay; raises LimitedDevice."""
    require_account(engine)
    drive = drive_record(engine)
    url = drive.relay_url or engine.relay_url()
    keys = [pad.relay_pk for pad in engine.vault.pads() if pad.relay_pk and pad.relay_url == url]
    derived = drive_genesis(engine.vault.account_root).pad_id
    return Kit(
        account_root=engine.vault.account_root,
        relay_url=engine.public_url(url) if url else None,
        relay_pk=drive.relay_pk or (keys[0] if keys else b""),
        drive_id=b"" if drive.pad_id == derived else drive.pad_id,
    )


def note_made(engine: Engine) -> None:
    engine.vault.set_setting(MADE, str(engine.wall_ms()))
    engine.vault.set_setting(STALE, None)


def is_stale(engine: Engine) -> bool:
    """Whether the kit that was made brings back an account that is no more."""
    return engine.vault.setting(STALE) is not None


def is_due(engine: Engine) -> bool:
    """Once a week, until the kit was made or its maker wants to hear no more; never on the first day."""
    vault, now = engine.vault, engine.wall_ms()
    if vault.setting(MADE) or vault.setting(NEVER) or is_limited(vault):
        return False
    if now - int(vault.setting(REMINDED) or 0) < WEEK_MS:
        return False
    if is_stale(engine):
        return True
    return any(pad.kind != PadKind.DRIVE and now - pad.created_ms >= DAY_MS for pad in vault.pads())


def reminded(engine: Engine, *, never_again: bool = False) -> None:
    engine.vault.set_setting(REMINDED, str(engine.wall_ms()))
    if never_again:
        engine.vault.set_setting(NEVER, "1")
