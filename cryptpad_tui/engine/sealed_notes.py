"""Notes about a pad that only machines which hold the account's root read and write.

Any device may write the drive; what decides about keys, or says who somebody is, is sealed there once more,
for its pad and its name alone. An older note may be shown again: what counts once must say so in itself.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from cryptpad_relay.protocol.labels import keyed_hash
from cryptpad_tui.crypto.errors import SealBroken
from cryptpad_tui.crypto.sealing import open_sealed, seal

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine


def put(engine: Engine, pad_id: bytes, name: str, plain: str) -> None:
    """Inside the transaction of what it is about, whose end makes it durable."""
    sealed = seal(_key(engine), _place(pad_id, name), plain.encode(), rng=engine.rng)
    engine.drive.set_note(pad_id, name, base64.b64encode(sealed).decode("ascii"))


def opened(engine: Engine, pad_id: bytes, name: str, note: str | None) -> str | None:
    """None for what no machine that holds the account wrote there."""
    try:
        raw = base64.b64decode(note or "", validate=True)
        return open_sealed(_key(engine), _place(pad_id, name), raw).decode()
    except (SealBroken, ValueError):
        return None


def _place(pad_id: bytes, name: str) -> bytes:
    return f"{pad_id.hex()}/{name}".encode()


def _key(engine: Engine) -> bytes:
    return keyed_hash(engine.vault.account_root, "pad1/people")
