"""How often an owner's pads get other keys, where all their machines have it: whichever runs first does it.

Rows and nothing else; `schedule` does the changes, and `member_book` has what this machine goes by.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from cryptpad_tui.engine import member_book, sealed_notes
from cryptpad_tui.engine.limited import is_limited

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

NOTE: Final = "every"
MAX_DAYS: Final = 3_650


def put(engine: Engine, pad_id: bytes) -> None:
    """As it is here. Inside the transaction of what changed it."""
    days, history = member_book.schedule_of(engine, pad_id)
    if days or engine.drive.note(pad_id, NOTE) is not None:
        plain = {"days": days, "history": history, "at": member_book.rotated_ms(engine, pad_id)}
        sealed_notes.put(engine, pad_id, NOTE, json.dumps(plain))


def agree(engine: Engine, pad_id: bytes) -> None:
    """Inside a transaction: take over what another machine of this account set, or did."""
    note = engine.drive.note(pad_id, NOTE)
    if note is None or is_limited(engine.vault):
        return
    try:
        plain = json.loads(sealed_notes.opened(engine, pad_id, NOTE, note) or "null")
        days, history, at_ms = int(plain["days"]), bool(plain["history"]), int(plain["at"])
    except (ValueError, KeyError, TypeError):
        return
    record = engine.vault.pad(pad_id)
    if record is not None and record.role == "owner" and 0 <= days <= MAX_DAYS:
        member_book.take_schedule(engine, pad_id, days, history=history, at_ms=min(at_ms, engine.wall_ms()))
