"""The drive as lines, from tables alone: no document is opened to show a list."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.drive.mirror import KEPT
from cryptpad_tui.drive.names import SHORT_ID_CHARS, full_id, short_ids
from cryptpad_tui.drive.tree import Tree, shared_id_of
from cryptpad_tui.engine.errors import AmbiguousTitle, UnknownPad
from cryptpad_tui.engine.notices import untold_pads
from cryptpad_tui.engine.standing import standings
from cryptpad_tui.engine.values import PadListing, SyncWord
from cryptpad_tui.vault.records import AlarmState, ListingRow, PadRecord

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

__all__ = ["SHORT_ID_CHARS", "full_id", "short_ids"]

_SHORT_ID_BYTES: Final = 5
"""What so many characters of base32 say."""
UNTITLED: Final = "untitled"
_NO_LOG: Final = (0, b"")
_LAST: Final = b"\xff" * 32
_FEW: Final = 50
"""More lines than this cost no less than all."""
_MOST_NAMES: Final = 100


def tree_of(engine: Engine) -> Tree:
    """The folders and marks of the whole drive, from the vault's table: no document is opened."""
    ensure_table(engine)
    return Tree(engine.vault.drive_fields())


def ensure_table(engine: Engine) -> None:
    """A vault of an earlier version has no table of the drive's fields: its drive is read once."""
    if engine.vault.setting(KEPT) is None:
        engine.drive.save_mirror()


def read_listing(engine: Engine) -> list[PadListing]:
    """Every pad, also those in the trash, newest first."""
    tables = _all_tables(engine)
    return sorted(map(tables.line, tables.records), key=lambda line: line.changed_ms, reverse=True)


def read_lines(engine: Engine, pad_ids: Sequence[bytes]) -> list[PadListing]:
    """Some pads, also those in the trash, newest first: the others of a long drive are not read."""
    if len(pad_ids) > _FEW:
        wanted = set(pad_ids)
        return [line for line in read_listing(engine) if line.pad_id in wanted]
    tables = _some_tables(engine, pad_ids)
    return sorted(map(tables.line, tables.records), key=lambda line: line.changed_ms, reverse=True)


def _all_tables(engine: Engine) -> _Tables:
    """Each table read once: many lines must not ask as often."""
    vault = engine.vault
    records = [record for record in vault.pads() if record.kind != PadKind.DRIVE]
    return _Tables(
        engine,
        records,
        {row.pad_id: row for row in vault.listing()},
        vault.waiting_by_pad(),
        vault.log_ends(),
        short_ids([record.pad_id for record in records]),
        tree_of(engine),
    )


def _some_tables(engine: Engine, pad_ids: Sequence[bytes]) -> _Tables:
    ensure_table(engine)
    vault = engine.vault
    found = [record for pad_id in pad_ids if (record := vault.pad(pad_id))]
    records = [record for record in found if record.kind != PadKind.DRIVE]
    ids = [record.pad_id for record in records]
    drive = bytes.fromhex(vault.setting("drive") or "")
    near = {each for pad_id in ids for each in _near(engine, pad_id) if each != drive}
    return _Tables(
        engine,
        records,
        {pad_id: row for pad_id in ids if (row := vault.listing_row(pad_id))},
        {pad_id: vault.waiting(pad_id) for pad_id in ids},
        {pad_id: end for pad_id in ids if (end := vault.log_end(pad_id))},
        short_ids(sorted(near)),
        Tree(vault.drive_fields_of([pad_id.hex() for pad_id in ids])),
    )


def _near(engine: Engine, pad_id: bytes) -> list[bytes]:
    """The pads with which it might share its short id."""
    begin = pad_id[:_SHORT_ID_BYTES]
    return engine.vault.pad_ids_from(begin, begin + _LAST)


class _Tables:
    """What the vault knows of some pads, or of all."""

    def __init__(
        self,
        engine: Engine,
        records: list[PadRecord],
        rows: Mapping[bytes, ListingRow],
        waiting: Mapping[bytes, int],
        ends: Mapping[bytes, tuple[int, bytes]],
        short: Mapping[bytes, str],
        tree: Tree,
    ) -> None:
        self._engine, vault = engine, engine.vault
        self.records = records
        self._rows, self._waiting, self._ends, self._short = rows, waiting, ends, short
        self._alarms = vault.alarm_codes(AlarmState.OPEN)
        self._ended = [vault.alarm_codes(state) for state in (AlarmState.PAST, AlarmState.DISMISSED)]
        self._relay = engine.relay_url()
        self._standings = standings(engine)
        self._untold = untold_pads(engine)
        self._tree = tree
        self._paths: dict[str, str] = {}

    def line(self, record: PadRecord) -> PadListing:
        pad_id, entry = record.pad_id, record.pad_id.hex()
        row, placed = self._rows.get(pad_id), self._tree.placed(entry)
        place, trashed_ms = self._place(record)
        log_n, head = self._ends.get(pad_id, _NO_LOG)
        session = self._engine.session_of(pad_id)
        word, freshness = self._word(record), "none"
        if session and session.attached_here:
            status = session.status()
            word, freshness = status.word, status.freshness.freshness.value
        return PadListing(
            pad_id=pad_id,
            short_id=self._short[pad_id],
            title=(row.title if row else "") or placed.name or UNTITLED,
            kind=PadKind(record.kind),
            role=record.role,
            folder=self._path(place),
            changed_ms=row.changed_ms if row else record.created_ms,
            size_bytes=row.size_bytes if row else 0,
            sync=word,
            waiting=self._waiting.get(pad_id, 0),
            log_n=log_n,
            head=head.hex(),
            freshness=freshness,
            alarms=self._alarms.get(pad_id, ()),
            relay=record.relay_url or self._relay,
            past_alarms=tuple([code for codes in self._ended for code in codes.get(pad_id, ())]),
            folder_id=place,
            tags=placed.tags,
            template=placed.template,
            has_news=entry in self._untold,
            trashed_ms=trashed_ms,
        )

    def _place(self, record: PadRecord) -> tuple[str, int]:
        """The folder that it lies in (a shared one: that shows it), and since when it is in the trash."""
        entry = record.pad_id.hex()
        shown = self._tree.folders.get(shared_id_of(record.pad_id)) if record.kind == PadKind.FOLDER else None
        if shown is None:
            return self._tree.folder_of(entry), self._tree.trashed_ms(entry)
        return shown.parent, self._tree.trash_time(shown.id)

    def _path(self, folder: str) -> str:
        if folder not in self._paths:
            self._paths[folder] = self._tree.path(folder)
        return self._paths[folder]

    def _word(self, record: PadRecord) -> SyncWord:
        if standing := self._standings.get(record.pad_id.hex()):
            return standing
        if self._alarms.get(record.pad_id):
            return SyncWord.ALARM
        if not record.relay_url and not self._relay:
            return SyncWord.SAVED
        waits = self._waiting.get(record.pad_id) or not record.uploaded
        return SyncWord.WAITING if waits else SyncWord.SYNCED


def find_pad(engine: Engine, reference: str) -> PadListing:
    """The same in the whole drive but its trash, of which only what might be meant is read."""
    parts = reference.strip("/").split("/")[-_MOST_NAMES:]
    titles = {reference, *("/".join(parts[at:]) for at in range(len(parts)))}
    meant = engine.vault.pads_titled(sorted(titles))
    if len(reference) >= SHORT_ID_CHARS:
        with contextlib.suppress(ValueError):
            begin = base64.b32decode(reference[:SHORT_ID_CHARS].upper())
            meant += engine.vault.pad_ids_from(begin, begin + _LAST)
    lines = read_lines(engine, list(dict.fromkeys(meant)))
    return find([line for line in lines if not line.trashed_ms], reference)


def find(lines: Sequence[PadListing], reference: str) -> PadListing:
    """By short id (or more of the pad id), by title, or by path; raises UnknownPad or AmbiguousTitle."""
    if len(reference) >= SHORT_ID_CHARS:
        named = [line for line in lines if full_id(line.pad_id).startswith(reference.lower())]
        if len(named) == 1:
            return named[0]
    titled = [line for line in lines if line.title == reference]
    if not titled and "/" in reference:
        path = reference.strip("/")
        titled = [line for line in lines if line.path == path]
    if len(titled) > 1:
        raise AmbiguousTitle
    if not titled:
        raise UnknownPad
    return titled[0]
