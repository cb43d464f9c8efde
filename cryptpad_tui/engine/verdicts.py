"""Who of those present speaks about snapshots, and what becomes of a pad that began at a false one.

Elections are by a hash that nobody chooses. A copy that is kept is local text and nobody's edit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptpad_relay.protocol.labels import ELECTION, hash_parts, u64
from cryptpad_tui.crdt.kinds import META_ROOT, PadKind
from cryptpad_tui.pad.alarms import Notice
from cryptpad_tui.pad.writers import WriterStatus

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession
    from cryptpad_tui.pad.fold import Fold
    from cryptpad_tui.sync.pad_link import PadLink


def elected(session: PadSession) -> bool:
    """Whether this session makes the snapshot that is due."""
    editors = [pk for pk, other in session.presence.sessions.items() if other.ident_pk]
    return _is_lowest(session, session.replica.fold.n, editors)


def elected_to_endorse(session: PadSession, author_ident_pk: bytes) -> bool:
    """Whether this session endorses: of those present who wrote here, the snapshot's author left out."""
    fold, mark = session.replica.fold, session.replica.fold.snapshot
    others = [
        pk
        for pk, other in session.presence.sessions.items()
        if other.ident_pk not in (b"", author_ident_pk)
        and pk in fold.writers
        and fold.writers[pk].status is WriterStatus.LIVE
    ]
    return mark is not None and _is_lowest(session, mark.position, others)


def _is_lowest(session: PadSession, n: int, others: list[bytes]) -> bool:
    mine = hash_parts(ELECTION, u64(n), session.presence.pk)
    return all(mine <= hash_parts(ELECTION, u64(n), pk) for pk in others)


def tend(session: PadSession, link: PadLink) -> None:
    """Say what is due about snapshots, and derive a start that somebody doubts."""
    judgement = session.replica.judgement
    if judgement.alert_if_due() or judgement.endorse_if_due():
        session.recount()
    if judgement.needs_derivation:
        link.derive_start()


def give_up(engine: Engine, session: PadSession, truth: Fold, *, typed: bool) -> None:
    """Keep the copy, and let nobody make what is pending."""
    session.count_waiting()
    keep_copy(engine, session, truth, typed=typed)
    replica = session.replica
    journal_ids, outbox_ids = replica.queue.remake_ids(with_outbox=True)
    if replica.writer is not None:
        replica.store.replace_pending(
            journal_ids=journal_ids, outbox_ids=outbox_ids, writer_pk=replica.writer.pk, updates=[]
        )


def keep_copy(engine: Engine, session: PadSession, truth: Fold, *, typed: bool) -> None:
    """Where this person wrote on a text that never was, keep it as a pad that stays here.

    `typed`: there are edits that no queue holds yet.
    """
    own = session.replica.profile.own
    wrote = any(writer.ident_pk in own for writer in session.replica.fold.writers.values())
    if session.kind is PadKind.DRIVE or not session.can_edit or not (wrote or typed or session.waiting):
        return
    text = session.view.text()
    if text and text != truth.document.text():
        true_title = truth.document.maps().get(META_ROOT, {}).get("title")
        title = session.title() or (true_title if isinstance(true_title, str) else "")
        title = f"{title} (kept copy)".strip()
        engine.create_pad(title, kind=session.kind, text=text)
        session.noticed(Notice(f"what you saw and wrote here before is kept as a pad of your own: {title}"))
