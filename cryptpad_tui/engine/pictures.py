"""Pictures of long rich texts: kept when a pad is left, shown when it is opened, before it is loaded.

A picture is of certain bytes, the checkpoint and what was pending on it, and shown for no others. It must
never be kept of a view that may show anything else than they say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.errors import InvalidUpdate
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.picture import Picture, digests_of, read_picture
from cryptpad_tui.crdt.split import deleted_by, own_end, union

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptpad_tui.crdt.canonical import CanonicalDocument
    from cryptpad_tui.crdt.view import ViewDocument
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession

LONG_BYTES: Final = 131_072
"""A text below it is loaded as quickly as its picture would be."""
MANY_EDITS: Final = 64
"""That came after the picture: to read all anew is as quick as to follow them one by one."""
_MANY_BYTES: Final = 1 << 20


def kept(
    engine: Engine, session: PadSession, state: bytes, pending: Sequence[bytes]
) -> tuple[Picture, int] | tuple[None, None]:
    """The picture of that state, told by its digest, with these edits on it or the first of them; and how
    many it has. None of both where there is none."""
    none = None, None
    if session.kind is not PadKind.RICHTEXT:
        return none
    digest = engine.vault.picture_digest(session.pad_id)
    digests = digests_of(state, pending) if digest is not None else []
    if digest not in digests[-MANY_EDITS - 1 :]:
        return none
    image = engine.vault.picture(session.pad_id, digest)
    picture = read_picture(image) if image is not None else None
    return (picture, digests.index(digest)) if digest and picture is not None else none


def shows(view: ViewDocument, log: CanonicalDocument, pending: Sequence[bytes]) -> bool:
    """Whether a view holds what the log does with these own edits: the same items, the same of them
    deleted.
    """
    if sum(map(len, pending)) > _MANY_BYTES:
        return False
    clocks = dict(log.clocks)
    try:
        deleted = [span for update in pending for span in deleted_by(update)]
        for client, clock in map(own_end, pending):
            if clock > clocks.get(client, 0):
                clocks[client] = clock
    except InvalidUpdate:
        return False
    return view.state_vector() == clocks and view.deletions() == union([*log.deletions(), *deleted])


def leave(engine: Engine, session: PadSession) -> None:
    """The pad is left: see that the next opening finds its picture. Raises VaultError, and then that one
    takes longer. A command that ends at once makes none where a few edits come behind the one there.
    """
    pending = session.pending
    is_near = (
        pending.pictured_edits is not None and len(pending.shown) < pending.pictured_edits + MANY_EDITS // 2
    )
    if engine.open_pads.short_lived and is_near and session.replica.fold.n == pending.made_at:
        return
    keep(engine, session)


def keep_missing(engine: Engine) -> None:
    """Those of long rich texts that have none, as in a vault that came back: each is opened and left once."""
    for line in engine.listing():
        is_long = line.kind is PadKind.RICHTEXT and line.size_bytes >= LONG_BYTES
        if is_long and engine.vault.picture_digest(line.pad_id) is None:
            with engine.borrowed(line.pad_id):
                pass


def keep(engine: Engine, session: PadSession) -> None:
    """Keep what it shows. Raises VaultError."""
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
