"""What ended commands left of a pad's edits, made one: opening the pad then costs no more with each of them.

A long drive takes seconds, in a thread. Meanwhile the vault is nobody's, or a key press would wait for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.split import merge_own
from cryptpad_tui.pad.ports import JournalRow

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession
    from cryptpad_tui.pad.writer import Writer

COMPACT_ROWS: Final = 256
"""So many pending edits of closed windows are made one, so that opening a pad stays cheap."""
COMPACT_BYTES: Final = 4_096
"""Longer ones are no keys: a long import in parts is as cheap to open as it would be whole."""

PART_BYTES: Final = 100_000
"""An edit of megabytes is signed at once, which keeps the event loop; a checkpoint comes every 64 edits."""


def compact_if_long(engine: Engine, session: PadSession) -> None:
    """Before anybody types in the pad here."""
    store, writer = session.replica.store, session.replica.writer
    # Of what was just read for the view: a long import is not read again for it.
    short = sum(len(update) < COMPACT_BYTES for update in session.pending.shown)
    if short < COMPACT_ROWS or writer is None or store.outbox():
        return
    rows = store.journal_after(0)
    if any(engine.is_live_writer(session.pad_id, pk) for pk in {row.writer_pk for row in rows}):
        return
    if not session.view.is_loaded:
        # Shown from a picture: an app does it when the document is loaded.
        if engine.open_pads.short_lived:
            _join(session, rows)
        return
    if session.kind is PadKind.RICHTEXT and _join(session, rows) < COMPACT_ROWS:
        return
    try:
        _compact(session, writer)
    except BaseException:
        session.pending.go_back()
        raise


def _join(session: PadSession, rows: Sequence[JournalRow]) -> int:
    """Make the edits of each writer fewer that follow one another, without their document; how many are left.

    Their items stay what they were: of who typed on for long nothing needs to be made again.
    """
    groups = [(pk, list(each)) for pk, each in groupby(rows, lambda row: row.writer_pk)]
    joined = [(pk, each, merge_own([row.update for row in each])) for pk, each in groups]
    left = sum(len(updates) for _, _, updates in joined)
    if left < len(rows):
        with session.replica.store.transaction():
            for pk, each, updates in joined:
                session.replica.store.replace_pending(
                    journal_ids=[row.id for row in each], outbox_ids=[], writer_pk=pk, updates=updates
                )
            session.pending.read_again()
        session.count_waiting()
    return left


def _compact(session: PadSession, writer: Writer) -> None:
    pending, store, queue = session.pending, session.replica.store, session.replica.queue
    with store.transaction():
        pending.take_in_others()
        before = queue.remake_ids(with_outbox=True)
    if before[1] or not pending.shows_all_pending():
        return
    pending.make_again(writer, part_bytes=PART_BYTES)
    with store.transaction():
        if pending.is_as_shown and queue.remake_ids(with_outbox=True) == before:
            pending.replaced(pending.replace(*before, writer))
            return
    pending.go_back()
