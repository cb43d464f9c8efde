"""Whom an owner keeps in a pad, where all their machines have it: notes of the drive, sealed once more.

Each says for which epoch it counts. Taking somebody out begins another one, so that no older note, shown
again by whoever may write the drive, brings them back: then the record says who is in. Rows and nothing else.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from cryptpad_tui.engine import sealed_notes
from cryptpad_tui.engine.limited import is_limited
from cryptpad_tui.engine.member_book import BookMember

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

_NOTE: Final = "member:"
_ROLES: Final = frozenset({"edit", "view"})


def put(engine: Engine, pad_id: bytes, epoch: int, member: BookMember) -> None:
    """Inside the transaction of what it is about, whose end makes it durable."""
    name = _NOTE + member.ident_pk.hex()
    plain = json.dumps({"epoch": epoch, "role": member.role, "name": member.name, "box": member.box_pk.hex()})
    sealed_notes.put(engine, pad_id, name, plain)


def read(engine: Engine, pad_id: bytes) -> list[tuple[int, BookMember]]:
    """Each with its epoch; none on a limited device, which keeps nobody."""
    if is_limited(engine.vault):
        return []
    notes = engine.drive.notes(pad_id, _NOTE).items()
    return [found for name, value in notes if (found := _opened(engine, pad_id, name, value))]


def _opened(engine: Engine, pad_id: bytes, name: str, value: str) -> tuple[int, BookMember] | None:
    """None for what no machine that holds the account wrote."""
    try:
        plain = json.loads(sealed_notes.opened(engine, pad_id, name, value) or "null")
        ident, box = bytes.fromhex(name.removeprefix(_NOTE)), bytes.fromhex(plain["box"])
        member = BookMember(ident, str(plain["role"]), str(plain["name"]), box)
        epoch = int(plain["epoch"])
    except (ValueError, KeyError, TypeError):
        return None
    is_one = len(ident) == 32 and len(box) in (0, 32) and member.role in _ROLES
    return (epoch, member) if is_one else None
