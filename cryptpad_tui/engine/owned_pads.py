"""What comes before an owner's word about a pad: that it is one's own, and that nothing waits unsent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptpad_tui.engine import limited
from cryptpad_tui.engine.errors import NotOwner, RelayUnreachable, UnknownPad
from cryptpad_tui.engine.limited import LimitedDevice
from cryptpad_tui.pad.alarms import Alarm, AlarmCode

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.vault.records import PadRecord


def owned(engine: Engine, pad_id: bytes) -> PadRecord:
    """A pad of one's own; raises UnknownPad or NotOwner."""
    record = engine.vault.pad(pad_id)
    if record is None:
        raise UnknownPad
    if record.role != "owner":
        if limited.is_limited(engine.vault) and engine.drive.is_own(pad_id):
            raise LimitedDevice
        raise NotOwner
    return record


async def in_step(engine: Engine, pad_id: bytes, wait_s: float) -> None:
    """What waits is sent first, under the keys that it was written with.

    Of this pad alone: what waits in a folder around it may never go, as where one was taken out of that.
    """
    report = await engine.sync_one(pad_id, wait_s=wait_s)
    if report.alarms:
        raise Alarm(AlarmCode(report.alarms[0].code))
    if report.unreachable or report.waiting:
        raise RelayUnreachable("the relay cannot be reached, so nothing was changed")
