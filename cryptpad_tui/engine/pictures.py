"""Pictures of long rich texts: kept when a pad is left, shown when it is opened, before it is loaded.

A picture is of certain bytes, the checkpoint and what was pending on it, and shown for no others. It must
never be kept of a view that may show anything else than they say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.picture import Picture, digest_of, read_picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession

LONG_BYTES: Final = 131_072
"""A text below it is loaded as quickly as its picture would be."""


def kept(engine: Engine, session: PadSession, state: bytes, pending: Sequence[bytes]) -> Picture | None:
    """The picture of that state, told by its digest, with these edits on it; None where there is none."""
    if session.kind is not PadKind.RICHTEXT or engine.vault.picture_digest(session.pad_id) is None:
        return None
    image = engine.vault.picture(session.pad_id, digest_of(state, pending))
    return read_picture(image) if image is not None else None


def keep(engine: Engine, session: PadSession) -> None:
    """The pad is left: keep what it shows. Raises VaultError, and then the next opening takes longer."""
    if session.kind is not PadKind.RICHTEXT or session.replica.unconfirmed_start:
        return
    if session.view.lines.byte_count < LONG_BYTES:
        if engine.vault.picture_digest(session.pad_id) is not None:
            engine.vault.drop_picture(session.pad_id)
        return
    # Entries behind the checkpoint would have to be folded first: the canonical document loaded, and written.
    session.replica.save_checkpoint()
    with session.replica.store.transaction():
        digest = session.pending.as_left()
        if digest is not None and engine.vault.picture_digest(session.pad_id) != digest:
            engine.vault.put_picture(session.pad_id, digest, session.view.picture())
