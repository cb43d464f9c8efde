"""Carrying a change of a folder's keys through what is in it: pad by pad, and through folders within.

Each step is done or not begun, and is done again by whatever runs next, the app or `sync`. At every moment
each pad has either the keys that the folder's members have, or later ones that are sealed to the folder's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from cryptpad_relay.protocol.errors import Refused
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.engine import link_book, membership, owner_notes
from cryptpad_tui.engine.errors import EngineError, RelayUnreachable
from cryptpad_tui.engine.folders import owed_keys
from cryptpad_tui.engine.folders.book import FolderBook
from cryptpad_tui.engine.folders.owed_keys import Progress, Row
from cryptpad_tui.engine.teams import book as team_book
from cryptpad_tui.pad.alarms import Alarm

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

Told = Callable[[bytes, Progress], None]


def untold(folder: bytes, progress: Progress) -> None:
    """For who does not follow."""


async def go_on(engine: Engine, *, told: Told = untold) -> int:
    """Do what is left; how many pads could not be done yet."""
    failed: set[tuple[bytes, bytes]] = set()
    changed: set[bytes] = set()
    while todo := [row for row in owed_keys.rows(engine) if (row.folder, row.child) not in failed]:
        row = todo[0]
        try:
            await _change(engine, row)
        except (EngineError, RelayUnreachable, Refused, Alarm):
            failed.add((row.folder, row.child))
            continue
        changed.add(row.folder)
        told(row.folder, owed_keys.progress(engine, row.folder) or Progress(1, 1))
    if changed:
        await engine.sync([each for each in changed if engine.vault.pad(each)])
    return len(failed)


async def finish(engine: Engine) -> list[str]:
    """What was begun and is not done, also where a folder's own keys did not change; what to say of it."""
    from cryptpad_tui.engine.teams import settling

    said = await settling.settle(engine)
    for folder in owed_keys.plans(engine):
        record = engine.vault.pad(folder)
        if record is None or record.role != "owner":
            owed_keys.forget(engine, folder)
            continue
        try:
            await membership.change_keys(engine, folder)
        except (EngineError, RelayUnreachable, Refused, Alarm):
            continue
    had = bool(owed_keys.rows(engine))
    left = await go_on(engine)
    return [*said, *(["What is in the folder has its new keys."] if had and not left else [])]


async def _change(engine: Engine, row: Row) -> None:
    record, wanted = engine.vault.pad(row.child), row.wanted
    if record is None or record.role != "owner" or engine.vault.pad(row.folder) is None:
        owed_keys.give_up(engine, row)
        return
    # Who was given the pad's owner key has it for good, and must not keep it open to the others who are out.
    wanted = replace(wanted, drop=tuple(owner_notes.but_owners(engine, row.child, wanted.drop)))
    if record.kind == PadKind.FOLDER:
        # A team within keeps whom its own roster lets in; for the others its keys end all the same.
        wanted = replace(wanted, drop=team_book.not_seated(engine, row.child, wanted.drop))
        # Before anything changes: a death on the way must not forget whom this goes without.
        owed_keys.begin(engine, row.child, wanted)
    links = [] if row.wanted.drop else link_book.links(engine, row.child)
    # The keys that it is sealed to, which may have changed again when this is done.
    epoch, _ = owed_keys.newest_keys(engine, row.folder)
    await membership.change_keys(
        engine, row.child, drop=wanted.drop, keep_links=links, history=wanted.history, quiet=True
    )
    with engine.borrowed(row.folder) as session, engine.drive_session.replica.store.transaction():
        book, record = FolderBook(engine, session), engine.vault.pad(row.child)
        entry = book.entry(row.child)
        if book.can_edit and entry is not None and record is not None:
            book.refresh(record, entry)
            session.flush()
        owed_keys.done(engine, row, epoch)
        engine.drive_session.flush()
