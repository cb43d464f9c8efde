"""Pictures of long rich texts: kept when a pad is left, shown when it is opened, before it is loaded.

A picture is of certain bytes, the checkpoint and what was pending on it, and shown for no others. It must
never be kept of a view that may show anything else than they say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.errors import InvalidUpdate
from cryptpad_tui.crdt.holding import Holding, parted
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.picture import Picture, digest_of, digests_of, read_picture
from cryptpad_tui.crdt.picture_steps import Step, read_step
from cryptpad_tui.crdt.split import deleted_by, own_end, union
from cryptpad_tui.pad.stored_fold import LEFT_TAIL_ENTRIES

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
MANY_STEPS: Final = 512
"""Rows behind a picture that is left: reading them costs a tenth of a second."""
_MANY_BYTES: Final = 1 << 20


Found = tuple["Sequence[bytes]", "Sequence[bytes]", Holding]
"""The edits that a picture has, those that come behind it, and the first once more as what is held."""


@dataclass(frozen=True, slots=True, repr=False)
class Kept:
    """A picture, and which of the edits behind its state it has."""

    digest: bytes
    picture: Picture
    within: Sequence[bytes]
    beyond: Sequence[bytes]
    held: Holding
    """The same as `within`."""


def kept(engine: Engine, session: PadSession, state: bytes, behind: Sequence[bytes]) -> Kept | None:
    """The picture of that state, told by its digest, with these edits on it or nearly all of them."""
    if session.kind is not PadKind.RICHTEXT:
        return None
    with session.replica.store.transaction():
        digest = engine.vault.picture_digest(session.pad_id)
        if digest is None:
            return None
        steps = [read_step(raw) for _, raw in engine.vault.picture_steps(session.pad_id)]
        try:
            found = _by_steps(steps, state, behind)
            if found is None:
                steps, found = [], _by_digest(digest, state, behind)
        except InvalidUpdate:
            return None
        if found is None or len(found[1]) > MANY_EDITS:
            return None
        image = engine.vault.picture(session.pad_id, digest)
    picture = read_picture(image) if image is not None else None
    return Kept(digest, replace(picture, steps=tuple(steps)), *found) if picture is not None else None


def _by_digest(digest: bytes, state: bytes, behind: Sequence[bytes]) -> Found | None:
    """Which of the edits a picture of these very bytes has, and which come behind it."""
    digests = digests_of(state, behind)
    if digest not in digests:
        return None
    many = digests.index(digest)
    return behind[:many], behind[many:], Holding.of(behind[:many])


def _by_steps(steps: Sequence[Step], state: bytes, behind: Sequence[bytes]) -> Found | None:
    """The same of one with what changed behind it; None where that was not of this state, or holds more."""
    base, held = None, Holding()
    for step in steps:
        if step.base is not None:
            base, held = step.base, Holding()
        held.add(step.holding)
    parts = parted(behind, held) if base == state else None
    return None if parts is None else (*parts, held)


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
    pending, replica = session.pending, session.replica
    steps = pending.steps
    tail = replica.fold.n - replica.local_checkpoint_n
    is_long = session.view.lines.byte_count >= LONG_BYTES
    if is_long and steps.is_on and steps.count <= MANY_STEPS and tail <= LEFT_TAIL_ENTRIES:
        pending.write_steps()
        if steps.is_of_the_vault:
            return
    if engine.open_pads.short_lived and pending.is_near_picture and replica.fold.n == pending.made_at:
        return
    keep(engine, session)


def keep_missing(engine: Engine) -> None:
    """Those of long rich texts that have none, as in a vault that came back: each is opened and left once."""
    for line in engine.listing():
        is_long = line.kind is PadKind.RICHTEXT and line.size_bytes >= LONG_BYTES
        if is_long and engine.vault.picture_digest(line.pad_id) is None:
            with engine.borrowed(line.pad_id):
                pass


def keep_as_it_is(engine: Engine, session: PadSession) -> None:
    """Keep what it shows where log and queue stand, of a pad that goes on. Raises VaultError."""
    session.pending.write_steps()
    with session.replica.store.transaction():
        held = session.pending.as_is()
        if held is None:
            return
        state, behind = held
        digest = digest_of(state, behind)
        engine.vault.put_picture(session.pad_id, digest, session.view.picture())
    session.pending.steps.begin(digest, state, Holding.of(behind))


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
        left = session.pending.as_left()
        if left is None:
            return
        digest, there = digest_of(*left), engine.vault.picture_digest(session.pad_id)
        if there != digest or engine.vault.last_picture_step(session.pad_id):
            engine.vault.put_picture(session.pad_id, digest, session.view.picture())
    session.pending.steps.begin(digest, left.state, Holding.of(left.pending))
