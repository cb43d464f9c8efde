"""Keeps the index of full text in step with the pads, and answers questions about it.

Nothing here runs on a key press: a change only marks its pad as due, with the save of the edit. The text is
read and indexed once the pad has been quiet, one pad at a time, longer texts after a longer pause.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.errors import DocumentError
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.drive.tree import Tree
from cryptpad_tui.engine.listing import ensure_table
from cryptpad_tui.vault.errors import UnknownPad
from cryptpad_tui.vault.search import DuePad, Match

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession

QUIET_MS: Final = 2_000
QUIET_BYTES: Final = 64 * 1024
"""For each so many bytes more, a pad must be quiet as long again: indexing them takes that much longer."""
MAX_PAUSES: Final = 30
BATCH: Final = 64
"""Pads of one transaction, where many are due."""
SLICE: Final = 4
"""The same where a screen waits."""
LOOK_BYTES: Final = 256 * 1024
"""A text that was not indexed yet is read for a look only if it is no longer."""
_START: Final = Position(0, 0)


def search(engine: Engine, query: str, *, limit: int) -> list[Match]:
    """The pads that have it, the best first, without those in the trash."""
    asked, found = limit, list[bytes]()
    while True:
        ids = engine.vault.search_ids(query, asked)
        found = _without_trash(engine, ids)
        if len(found) >= limit or len(ids) < asked:
            break
        asked *= 4
    matches = [engine.vault.search_match(query, pad_id) for pad_id in found[:limit]]
    return [match for match in matches if match is not None]


def _without_trash(engine: Engine, pad_ids: Sequence[bytes]) -> list[bytes]:
    """Only what is said of these pads and of folders is read: a question costs no list of all pads."""
    ensure_table(engine)
    tree = Tree(engine.vault.drive_fields_of([pad_id.hex() for pad_id in pad_ids]))
    return [pad_id for pad_id in pad_ids if not tree.trashed_ms(pad_id.hex())]


def catch_up(engine: Engine) -> int:
    """Index everything that is due; how many pads. One pad's trouble keeps no other from being found."""
    due = engine.vault.search_due()
    for at in range(0, len(due), BATCH):
        with engine.vault.search_together():
            for each in due[at : at + BATCH]:
                _index(engine, each)
    return len(due)


async def catch_up_by_and_by(engine: Engine) -> AsyncIterator[int]:
    """The same a few pads at a time, for a screen that goes on meanwhile; how many are left after each."""
    due = engine.vault.search_due()
    for at in range(0, len(due), SLICE):
        with engine.vault.search_together():
            for each in due[at : at + SLICE]:
                _index(engine, each)
        yield max(0, len(due) - at - SLICE)
        await asyncio.sleep(0)


def beginning(engine: Engine, pad_id: bytes, chars: int) -> tuple[str, bool] | None:
    """How a pad's text begins, and whether that is what it is at present; None where it was never read.

    No relay is asked, and no document opened that it would take long to open.
    """
    session = engine.session_of(pad_id)
    if session is not None:
        lines = session.view.lines
        return lines.text(_START, lines.clamp(Position(chars, 0)))[:chars], True
    due = engine.vault.search_due_of(pad_id)
    if due is not None and engine.vault.listed_bytes(pad_id) <= LOOK_BYTES:
        _index(engine, due)
        due = engine.vault.search_due_of(pad_id)
    text = engine.vault.search_beginning(pad_id, chars)
    return None if text is None else (text, due is None)


async def index_quiet(engine: Engine) -> bool:
    """Index one pad that is open here and has been quiet for long enough; whether any is due, or was.

    In a thread: a long text takes half a second, in which keys must be answered.
    """
    now_ms, one_waits = engine.wall_ms(), False
    for session in engine.open_pads:
        due = engine.vault.search_due_of(session.pad_id)
        if due is None:
            continue
        one_waits = True
        pauses = 1 + session.view.lines.byte_count // QUIET_BYTES
        if due.at_ms <= now_ms - QUIET_MS * min(pauses, MAX_PAUSES):
            text = _text_of(engine, session)
            await asyncio.to_thread(engine.vault.put_search_text, due, *text)
            break
    return one_waits


def _index(engine: Engine, due: DuePad) -> None:
    session = engine.session_of(due.pad_id)
    if session is not None:
        _put(engine, session, due)
        return
    with contextlib.suppress(UnknownPad, DocumentError):
        # Not attached to any relay: looking at a text is no reason to talk to anybody.
        session = engine.open_pads.open(due.pad_id)
        try:
            _put(engine, session, due)
        finally:
            engine.open_pads.take_out(due.pad_id, keep_writer=True)
            session.replica.leave()


def _put(engine: Engine, session: PadSession, due: DuePad) -> None:
    engine.vault.put_search_text(due, *_text_of(engine, session))


def _text_of(engine: Engine, session: PadSession) -> tuple[str, str, str]:
    """Title, tags, text."""
    tags = engine.vault.drive_tags(session.pad_id.hex())
    return session.title(), " ".join(tags), session.view.text()
