"""Another person's open window on a pad, as presence frames tell of it. Decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cryptpad_tui.pad.payloads import Cursor

NO_CURSOR: Final = Cursor(0, 0, 0)


@dataclass(slots=True)
class Session:
    """Another person's open window on this pad, as their frames say and prove."""

    session_pk: bytes
    viewer: bool
    counter: int
    last_heard: float
    n: int = 0
    head: bytes = bytes(32)
    cursors: tuple[Cursor, Cursor] = (NO_CURSOR, NO_CURSOR)
    typing: bool = False
    challenge: bytes = b""
    ident_pk: bytes = b""
    """Proven by certificate and identity signature; empty until then."""
    name: str = ""
    """What that identity calls itself; a label."""
    confirmed_at: float | None = None
    """When this session last echoed my challenge; it is shown from then on."""
