"""The owner's list of a pad's members, in the vault: who gets the next keys by slot, and when keys change.

Rows and nothing else; `membership` says what they mean. Holds public keys and names.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

DAY_MS: Final = 86_400_000
_DUE: Final = "rotations"
"""The setting that names the pads with a schedule or something unfinished, so that none is searched for."""


@dataclass(frozen=True, slots=True)
class BookMember:
    ident_pk: bytes
    role: str
    """edit or view."""
    name: str
    box_pk: bytes
    """The X25519 key of their card; empty where only the identity is known."""


def read(engine: Engine, pad_id: bytes) -> list[BookMember] | None:
    """None where this vault keeps no list of the pad."""
    listed = _book(engine, pad_id).get("members")
    if listed is None:
        return None
    return [
        BookMember(bytes.fromhex(each["key"]), each["role"], each["name"], bytes.fromhex(each["box"]))
        for each in listed
    ]


def write(engine: Engine, pad_id: bytes, listed: Sequence[BookMember]) -> None:
    """Who is on the list is not to be taken out any more."""
    kept = {each.ident_pk for each in listed}
    dropping = [each.hex() for each in dropping_of(engine, pad_id) if each not in kept]
    _change(engine, pad_id, members=_plain(listed), dropping=dropping)


def begin(
    engine: Engine,
    pad_id: bytes,
    listed: Sequence[BookMember],
    *,
    drop: Sequence[bytes] = (),
    history: bool,
) -> None:
    """A change of keys for these and without those was asked for: from here on it is owed, whoever else puts
    whom on a list meanwhile."""
    dropping = [each.hex() for each in drop]
    _change(engine, pad_id, members=_plain(listed), dropping=dropping, unfinished=True, owed_history=history)


def dropping_of(engine: Engine, pad_id: bytes) -> list[bytes]:
    """Whom a change of keys that was begun here and is not done takes out."""
    return [bytes.fromhex(each) for each in _book(engine, pad_id).get("dropping", [])]


def done(engine: Engine, pad_id: bytes, *, at_ms: int) -> None:
    _change(engine, pad_id, unfinished=False, dropping=[], rotated_ms=at_ms)


def is_unfinished(engine: Engine, pad_id: bytes) -> bool:
    return bool(_book(engine, pad_id).get("unfinished"))


def set_schedule(engine: Engine, pad_id: bytes, days: int, *, history: bool) -> None:
    rotated_ms = _book(engine, pad_id).get("rotated_ms", engine.wall_ms())
    _change(engine, pad_id, days=days, history=history, rotated_ms=rotated_ms)


def schedule_of(engine: Engine, pad_id: bytes) -> tuple[int, bool]:
    """Every how many days the keys change by themselves, 0 for never; and whether newcomers get what is of
    before."""
    book = _book(engine, pad_id)
    return int(book.get("days", 0)), bool(book.get("history", True))


def rotated_ms(engine: Engine, pad_id: bytes) -> int:
    """When they changed last, as far as a schedule counts from it."""
    return int(_book(engine, pad_id).get("rotated_ms", 0))


def take_schedule(engine: Engine, pad_id: bytes, days: int, *, history: bool, at_ms: int) -> None:
    """As another machine of this account set it, or did it."""
    if (days, history) != schedule_of(engine, pad_id) or at_ms > rotated_ms(engine, pad_id):
        at_ms = max(at_ms, rotated_ms(engine, pad_id))
        _change(engine, pad_id, days=days, history=history, rotated_ms=at_ms)


def gives_history(engine: Engine, pad_id: bytes) -> bool:
    """Whether newcomers may read what is from before the change of keys that is due."""
    book = _book(engine, pad_id)
    return bool(book.get("owed_history" if book.get("unfinished") else "history", True))


def due(engine: Engine, *, now_ms: int) -> list[bytes]:
    found = []
    for name in json.loads(engine.vault.setting(_DUE) or "[]"):
        book = _book(engine, bytes.fromhex(name))
        days = int(book.get("days", 0))
        if book.get("unfinished") or (days and now_ms - int(book.get("rotated_ms", 0)) >= days * DAY_MS):
            found.append(bytes.fromhex(name))
    return found


def forget(engine: Engine, pad_id: bytes) -> None:
    engine.vault.set_setting(_name(pad_id), None)
    _note(engine, pad_id, owed=False)


def _change(engine: Engine, pad_id: bytes, **values: Any) -> None:
    book = {**_book(engine, pad_id), **values}
    engine.vault.set_setting(_name(pad_id), json.dumps(book))
    _note(engine, pad_id, owed=bool(book.get("unfinished") or book.get("days")))


def _note(engine: Engine, pad_id: bytes, *, owed: bool) -> None:
    names = set(json.loads(engine.vault.setting(_DUE) or "[]"))
    wanted = names | {pad_id.hex()} if owed else names - {pad_id.hex()}
    if wanted != names:
        engine.vault.set_setting(_DUE, json.dumps(sorted(wanted)))


def _book(engine: Engine, pad_id: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(engine.vault.setting(_name(pad_id)) or "{}")
    return found


def _plain(listed: Sequence[BookMember]) -> list[dict[str, str]]:
    return [
        {"key": each.ident_pk.hex(), "role": each.role, "name": each.name, "box": each.box_pk.hex()}
        for each in listed
    ]


def _name(pad_id: bytes) -> str:
    return f"members/{pad_id.hex()}"
