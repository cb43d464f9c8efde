"""Changes of keys that come by themselves: on the days that an owner set, and those begun and not done.

Whatever runs for the owner does them, a window or a command. Members and named links go on; links without a
name end. It asks nobody, and so it never takes anybody else out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptpad_tui.engine import link_book, member_book, owed, schedule_notes
from cryptpad_tui.engine.errors import EngineError, RelayUnreachable
from cryptpad_tui.engine.membership import revoke
from cryptpad_tui.engine.owned_pads import owned
from cryptpad_tui.pad.alarms import Alarm

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine


def set_schedule(engine: Engine, pad_id: bytes, days: int, *, history: bool = True) -> None:
    """Change the keys every so many days; 0 for never. Raises NotOwner.

    `history`: whether newcomers may read what was written under the keys of before.
    """
    owned(engine, pad_id)
    with engine.drive_session.replica.store.transaction():
        member_book.set_schedule(engine, pad_id, days, history=history)
        schedule_notes.put(engine, pad_id)
        engine.drive_session.flush()


def is_due(engine: Engine) -> bool:
    """Whether there is a change of keys to do; opens nothing."""
    return bool(member_book.due(engine, now_ms=engine.wall_ms()))


async def rotate_due(engine: Engine, *, wait_s: float = 10.0) -> list[bytes]:
    """Do the changes of keys whose day has come, and those that were begun and not done.

    None while a device is to be cut off the drive: it would read the new keys there.
    """
    if owed.is_owed(engine):
        return []
    done = []
    for pad_id in member_book.due(engine, now_ms=engine.wall_ms()):
        record = engine.vault.pad(pad_id)
        if record is None or record.role != "owner" or engine.relay_of(record) is None:
            continue
        try:
            await revoke(
                engine,
                pad_id,
                keep_links=link_book.links(engine, pad_id),
                history=member_book.gives_history(engine, pad_id),
                wait_s=wait_s,
            )
        except (EngineError, RelayUnreachable, Alarm):
            continue
        done.append(pad_id)
    return done
