"""A backup brought into a vault in use: what is missing comes back, what differs comes together, once.

The backup stands open as a vault of its own beside this one. A vault that has grown from the very state that
was backed up has all of it, or deleted it on purpose: only pads that are gone come back. Any other takes in
the longer history and the edits that no relay has. Where it cannot be known which of two texts came from the
other, both are kept, as two pads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum, auto
from hmac import compare_digest
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.records import parse_genesis
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.crypto.keys import EditKeys, owner_key
from cryptpad_tui.drive.tree import Tree
from cryptpad_tui.engine.listing import UNTITLED, tree_of
from cryptpad_tui.pad.ports import OutboxRow
from cryptpad_tui.vault.backup import MARK
from cryptpad_tui.vault.errors import SeqReused
from cryptpad_tui.vault.records import PadRecord
from cryptpad_tui.vault.taking import take_alarms, take_files, take_marks, take_pad

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession

_STRENGTH: Final = {"view": 0, "edit": 1, "owner": 2}
_BATCH: Final = 256
Content = tuple[object, ...]


class Merged(Enum):
    """What became of a pad that was here and in the backup."""

    SAME = auto()
    MERGED = auto()
    DIFFERS = auto()
    """It is not known which of the two texts came from the other."""


@dataclass(slots=True)
class RestoreReport:
    """What a restore did, in pads."""

    brought: int = 0
    merged: int = 0
    copied: int = 0
    here: int = 0
    unsent: int = 0
    """Edits that came and that no relay has."""
    other_account: bool = False
    """Whether this vault keeps an account of its own: it appears in the pads as somebody else."""


def restore_into(
    engine: Engine,
    backup: Engine,
    backup_id: str,
    made_ms: int,
    *,
    step: Callable[[str], None] = lambda name: None,
) -> RestoreReport:
    """Bring the vault of `backup` into the one of `engine`. Interrupted, it can be begun again."""
    report = RestoreReport(other_account=engine.vault.account_root != backup.vault.account_root)
    has_all = engine.vault.setting(MARK + backup_id) is not None
    if not has_all:
        _merge_drives(engine, backup)
    in_drive = {entry.record.pad_id for entry in engine.drive.entries()}
    tree = tree_of(backup)
    for record in backup.vault.pads():
        if record.kind == PadKind.DRIVE:
            continue
        if engine.vault.pad(record.pad_id) is None:
            report.unsent += take_pad(engine.vault, backup.vault, record.pad_id)
            report.brought += 1
        elif has_all:
            report.here += 1
        else:
            _count(report, _merge_pad(engine, backup, record, made_ms))
        if record.pad_id not in in_drive:
            _place(engine, record, tree)
        step("pad")
    if not has_all and not report.other_account:
        for folder in tree.folders:
            if not tree.is_in_trash(folder):
                engine.drive.make_folders(tree.path(folder))
    engine.drive_session.flush()
    take_files(engine.vault, backup.vault)
    take_alarms(engine.vault, backup.vault)
    take_marks(engine.vault, backup.vault)
    return report


def _count(report: RestoreReport, merged: Merged) -> None:
    report.here += merged is Merged.SAME
    report.merged += merged is Merged.MERGED
    report.copied += merged is Merged.DIFFERS


def _place(engine: Engine, record: PadRecord, tree: Tree) -> None:
    """Into the drive, where it lay."""
    entry = record.pad_id.hex()
    placed = tree.placed(entry)
    engine.add(record, folder=tree.path(tree.folder_of(entry)))
    if placed.name:
        engine.drive.set_name(record.pad_id, placed.name)
    engine.drive.tag(record.pad_id, placed.tags, ())
    engine.drive.set_template(record.pad_id, on=placed.template)
    engine.drive.trash(record.pad_id, placed.trashed_ms)


def _merge_drives(engine: Engine, backup: Engine) -> None:
    """Where they are one drive, field by field as two devices would; else pads are placed one by one."""
    drive = engine.drive_session
    if drive.pad_id == backup.drive_session.pad_id:
        _take_log(drive, backup.drive_session)
        _take_pending(engine, backup, drive, backup.drive_session)
        drive.save_listing()


def _merge_pad(engine: Engine, backup: Engine, record: PadRecord, made_ms: int) -> Merged:
    _take_rights(engine, record)
    with engine.borrowed(record.pad_id) as here, backup.borrowed(record.pad_id) as there:
        before = _content(here.view)
        is_same_log = _take_log(here, there)
        if is_same_log and not there.replica.queue.pending_updates():
            return Merged.SAME if _content(here.view) == before else Merged.MERGED
        merged = _take_pending(engine, backup, here, there) if is_same_log else Merged.DIFFERS
        if merged is not Merged.DIFFERS:
            return merged if _content(here.view) == before else Merged.MERGED
        if _content(here.view) == _content(there.view):
            return Merged.SAME
        if here.kind is PadKind.FOLDER:
            # What it lists is in the backup's drive, and comes with that.
            return Merged.SAME
        return Merged.DIFFERS if _keep_copy(engine, there, made_ms) else Merged.SAME


def _take_rights(engine: Engine, record: PadRecord) -> None:
    """The stronger right to a pad: who owns it in the backup owns it here."""
    known = engine.vault.pad(record.pad_id)
    if not known or known.epoch != record.epoch or _STRENGTH[record.role] <= _STRENGTH[known.role]:
        return
    if _is_right(known, record):
        engine.open_pads.take_out(record.pad_id, keep_writer=False)
        engine.add(replace(known, role=record.role, secret=record.secret))


def _is_right(known: PadRecord, record: PadRecord) -> bool:
    """Whether the stronger secret is one to this pad: taking any other would lose the one that is here."""
    if record.role == "owner":
        owner_pk = parse_genesis(known.genesis, known.pad_id).owner_pk
        return compare_digest(owner_key(record.secret).public, owner_pk)
    return compare_digest(EditKeys.from_seed(record.secret).view_seed, known.secret)


def _take_log(here: PadSession, there: PadSession) -> bool:
    """Fold what the backup's log has after this one's end; whether the two are one log, as far as both go."""
    mine, other = here.replica, there.replica
    known = other.store.head_at(mine.fold.n) if mine.fold.n <= other.fold.n else other.fold.head
    at = min(mine.fold.n, other.fold.n)
    if at and mine.store.head_at(at) != known:
        return False
    while mine.fold.n < other.fold.n:
        first = mine.fold.n + 1
        entries = other.stored_entries(mine.fold.n, _BATCH)
        head = other.store.head_at(mine.fold.n + len(entries))
        if not entries or head is None:
            return False
        _, problem = mine.fold_entries(first, entries, head)
        here.folded()
        if problem is not None:
            return False
    if there.record.uploaded and not here.record.uploaded:
        relay = (there.record.relay_url, there.record.relay_pk) if there.record.relay_url else None
        here.update_record(uploaded=True, relay=relay)
    return True


def _take_pending(engine: Engine, backup: Engine, here: PadSession, there: PadSession) -> Merged:
    """Queue here what waits there, unless it is here in some form."""
    updates = there.replica.queue.pending_updates()
    probe = ViewDocument(client_id=int.from_bytes(engine.rng(6)), kind=here.kind, state=here.view.encode())
    before = _content(probe)
    for update in updates:
        probe.apply(update)
    if _content(probe) == before:
        return Merged.SAME
    if engine.generation(here.pad_id) != backup.generation(here.pad_id):
        # One of the two made its pending edits again: the same words are other edits then.
        return Merged.DIFFERS
    store, other = here.replica.store, there.replica.store
    with store.transaction():
        known = {row.entry_id for row in store.outbox()}
        known |= {row.entry_id for row in store.log_after(there.replica.fold.n, 1 << 30)}
        _queue_signed(here, [row for row in other.outbox() if row.entry_id not in known])
        waiting = {row.update for row in store.journal_after(0)}
        for row in other.journal_after(0):
            if row.update not in waiting:
                store.append_journal(row.writer_pk, [row.update])
    here.follow_vault()
    if here.kind is not PadKind.DRIVE:
        here.save_listing()
    return Merged.MERGED


def _queue_signed(here: PadSession, rows: list[OutboxRow]) -> None:
    """The very bytes that were signed: sent from two machines, the relay takes them once."""
    for row in rows:
        try:
            here.replica.store.seal_journal([], [row])
        except SeqReused:
            # A later entry of this writer is known here, so this one is, too.
            continue


def _content(view: ViewDocument) -> Content:
    text: object = ()
    if view.kind.has_text:
        text = tuple(map(repr, view.runs())) if view.kind.format_keys else view.text()
    return (text, *[tuple(sorted(view.map_items(root).items(), key=str)) for root in view.kind.map_roots])


def _keep_copy(engine: Engine, there: PadSession, made_ms: int) -> bool:
    """The backup's text as a pad of its own; False where there is such a copy already."""
    day = datetime.fromtimestamp(made_ms / 1000, UTC).date().isoformat()
    title = f"{there.title() or UNTITLED} (backup of {day})"
    rich = there.kind is PadKind.RICHTEXT
    wanted = (repr(there.view.runs()) if rich else there.view.text(), there.kind)
    for pad in engine.listing():
        if pad.title == title:
            with engine.borrowed(pad.pad_id) as session:
                if (repr(session.view.runs()) if rich else session.view.text(), session.kind) == wanted:
                    return False
    text, runs = ("", there.view.runs()) if rich else (there.view.text(), [])
    engine.create_pad(title, kind=there.kind, text=text, runs=runs)
    return True
