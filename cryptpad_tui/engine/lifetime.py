"""When a pad is to end by its owner's word, as this vault knows it: told to all who open it.

Also when this vault itself was last in step with a pad that ends when nobody uses it: by that, and by no
other clock, a client knows whether a relay ended it too early.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from cryptpad_tui.pad.alarms import Notice
from cryptpad_tui.pad.flows_keys import DAY_MS
from cryptpad_tui.pad.owner_records import EXPIRES_MS, IDLE_DAYS

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession

ENDING: Final = "ENDING"
_PREFIX: Final = "lifetime/"
_USED: Final = "used/"


@dataclass(frozen=True, slots=True)
class Lifetime:
    """A day, a time without use, both or neither (zeros)."""

    expires_ms: int = 0
    idle_days: int = 0

    @classmethod
    def of(cls, said: Mapping[str, int]) -> Lifetime:
        return cls(said.get(EXPIRES_MS, 0), said.get(IDLE_DAYS, 0))


def of(engine: Engine, session: PadSession) -> Lifetime:
    """By the records that were folded, and what the joining link's relay showed of those before."""
    said, before = session.replica.fold.owner.lifetime, stored(engine, session.pad_id)
    return Lifetime(said.get(EXPIRES_MS, before.expires_ms), said.get(IDLE_DAYS, before.idle_days))


def words(life: Lifetime) -> str:
    """For a person; empty where nothing ends it."""
    parts = []
    if life.expires_ms:
        parts.append(f"on {day(life.expires_ms)}")
    if life.idle_days:
        parts.append(f"after {life.idle_days} days without use")
    return f"its owner lets the relay delete it {' or '.join(parts)}" if parts else ""


def short(life: Lifetime) -> str:
    """For a status line, which has no room for whose word it is."""
    parts = [f"ends {day(life.expires_ms)}"] if life.expires_ms else []
    parts += [f"ends after {life.idle_days} d unused"] if life.idle_days else []
    return ", ".join(parts)


def day(unix_ms: int) -> str:
    """UTC; a day that no calendar has is the last one that it has."""
    return datetime.fromtimestamp(min(unix_ms, 253_402_300_799_999) / 1_000, UTC).strftime("%Y-%m-%d")


def opened(engine: Engine, session: PadSession) -> None:
    life = of(engine, session)
    session.ends = short(life)
    if life.idle_days:
        session.replica.used_ms = last_used(engine, session.pad_id)


def follow(engine: Engine, session: PadSession) -> None:
    """Tell what the owner said of the pad's end, once, and remember it for lists that open no pad."""
    before, after = stored(engine, session.pad_id), of(engine, session)
    if after == before:
        return
    keep(engine, session.pad_id, after)
    session.ends = short(after)
    said = words(after) or "its owner lets it stay: nothing ends it by itself any more"
    session.noticed(Notice(said, code=ENDING))
    used(engine, session)


def used(engine: Engine, session: PadSession) -> None:
    """This vault is in step with the pad; written once a day, and only where it matters."""
    now_ms = engine.wall_ms()
    session.replica.used_ms = now_ms
    if not of(engine, session).idle_days:
        return
    if now_ms - last_used(engine, session.pad_id) >= DAY_MS:
        engine.vault.set_setting(_USED + session.pad_id.hex(), str(now_ms))


def last_used(engine: Engine, pad_id: bytes) -> int:
    return int(engine.vault.setting(_USED + pad_id.hex()) or 0)


def stored(engine: Engine, pad_id: bytes) -> Lifetime:
    kept = engine.vault.setting(_PREFIX + pad_id.hex())
    return Lifetime(**json.loads(kept)) if kept else Lifetime()


def lifetimes(engine: Engine) -> dict[str, Lifetime]:
    """Of all pads that have one, by id in hex; opens none."""
    found = engine.vault.settings_under(_PREFIX)
    return {name.removeprefix(_PREFIX): Lifetime(**json.loads(kept)) for name, kept in found.items()}


def keep(engine: Engine, pad_id: bytes, life: Lifetime) -> None:
    kept = json.dumps(asdict(life)) if life != Lifetime() else None
    if engine.vault.setting(_PREFIX + pad_id.hex()) != kept:
        engine.vault.set_setting(_PREFIX + pad_id.hex(), kept)


def forget(engine: Engine, pad_id: bytes) -> None:
    keep(engine, pad_id, Lifetime())
    if engine.vault.setting(_USED + pad_id.hex()):
        engine.vault.set_setting(_USED + pad_id.hex(), None)
