"""The vault's tables beside the pads' logs: settings, pads, the listing, alarms, signed heads.

Knows rows, not what they mean: the drive, the fold and the engine decide that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

from cryptpad_tui.vault.alarms import AlarmTable
from cryptpad_tui.vault.database import Database, Value
from cryptpad_tui.vault.drive_fields import DriveFieldTable
from cryptpad_tui.vault.mounts import MountTable
from cryptpad_tui.vault.padstore import VaultPadStore, open_pad_store
from cryptpad_tui.vault.pictures import PictureTable
from cryptpad_tui.vault.records import ListingRow, PadRecord
from cryptpad_tui.vault.rosters import RosterTable
from cryptpad_tui.vault.search import SearchTable
from cryptpad_tui.vault.search_tables import SET_DUE

_PURGE_ROWS: Final = 2_000
_PAD_COLUMNS: Final = (
    "pad_id, genesis, kind, role, secret, epoch, relay_url, relay_pk, pin_n, pin_head, uploaded, created_ms"
)
_LISTING_COLUMNS: Final = "pad_id, title, kind, role, changed_ms, size_bytes, removed"


_PENDING: Final = "SELECT pad FROM journal UNION ALL SELECT pad FROM outbox"
_WAITING: Final = f"SELECT count(*) FROM ({_PENDING})"


def _insert_or_update(table: str, columns: str, key: str) -> str:
    """An upsert that keeps the row's number: deleting and inserting would take the pad's log along."""
    names = columns.split(", ")
    changes = ", ".join(f"{name}=excluded.{name}" for name in names if name != key)
    marks = ", ".join("?" for _ in names)
    return f"INSERT INTO {table}({columns}) VALUES({marks}) ON CONFLICT({key}) DO UPDATE SET {changes}"


_PUT_PAD: Final = _insert_or_update("pad", _PAD_COLUMNS, "pad_id")
_PUT_LISTING: Final = _insert_or_update("listing", _LISTING_COLUMNS, "pad_id")


class Tables(AlarmTable, DriveFieldTable, MountTable, PictureTable, RosterTable, SearchTable):
    """What Vault offers that is rows and nothing else; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)

    def setting(self, key: str) -> str | None:
        return cast(str | None, self._database.scalar("SELECT value FROM setting WHERE key=?", (key,)))

    def set_setting(self, key: str, value: str | None) -> None:
        """None forgets it."""
        if value is None:
            self._database.execute("DELETE FROM setting WHERE key=?", (key,))
        else:
            self._database.execute(
                "INSERT INTO setting VALUES(?,?) ON CONFLICT(key) DO UPDATE SET value=excluded.value",
                (key, value),
            )

    def settings_under(self, prefix: str) -> dict[str, str]:
        """Those whose key begins so."""
        rows = self._database.rows(
            "SELECT key, value FROM setting WHERE substr(key, 1, ?)=?", (len(prefix), prefix)
        )
        return dict(cast(list[tuple[str, str]], rows))

    def pads(self) -> list[PadRecord]:
        """In the order in which they came."""
        rows = self._database.rows(f"SELECT {_PAD_COLUMNS} FROM pad WHERE NOT forgotten ORDER BY id")
        return [_pad_record(row) for row in rows]

    def pad(self, pad_id: bytes) -> PadRecord | None:
        row = self._database.row(f"SELECT {_PAD_COLUMNS} FROM pad WHERE pad_id=?", (pad_id,))
        return None if row is None else _pad_record(row)

    def pad_ids_from(self, start: bytes, end: bytes) -> list[bytes]:
        """Those of the pads whose id lies between these two, which are short or whole."""
        query = "SELECT pad_id FROM pad WHERE NOT forgotten AND pad_id>=? AND pad_id<=?"
        return [cast(bytes, row[0]) for row in self._database.rows(query, (start, end))]

    def pads_titled(self, titles: Sequence[str]) -> list[bytes]:
        """Those whose listed title is one of these, or that have none."""
        marks = ", ".join("?" for _ in titles)
        query = (
            "SELECT pad.pad_id FROM pad LEFT JOIN listing ON listing.pad_id=pad.pad_id"
            f" WHERE NOT forgotten AND coalesce(title, '') IN ('', {marks})"
        )
        return [cast(bytes, row[0]) for row in self._database.rows(query, list(titles))]

    def put_pad(self, record: PadRecord) -> None:
        """Add the pad, or replace what is known of it; its log and pending edits stay."""
        values = [getattr(record, name) for name in _PAD_COLUMNS.split(", ")]
        self._database.execute(_PUT_PAD, [int(each) if isinstance(each, bool) else each for each in values])

    def forget_pad(self, pad_id: bytes) -> None:
        """Drop the pad with its log, journal, outbox, checkpoint, writers, signed heads and listing row.

        Alarms stay: they are evidence. A store of the pad that is in use raises UnknownPad when it writes.
        """
        with self._database.transaction():
            self.drop_search_text(pad_id)
            # Its id is free at once and its key gone; a long log goes in pieces, for others want to write.
            self._database.execute(
                "UPDATE pad SET forgotten=1, pad_id=randomblob(32), secret=zeroblob(32) WHERE pad_id=?",
                (pad_id,),
            )
            self._database.execute("DELETE FROM listing WHERE pad_id=?", (pad_id,))
        self.purge_forgotten()

    def purge_forgotten(self) -> None:
        """Remove what is left of forgotten pads; a crash or a full disk may have interrupted it before."""
        for (pad,) in self._database.rows("SELECT id FROM pad WHERE forgotten"):
            while self._database.execute(
                "DELETE FROM log WHERE id IN (SELECT id FROM log WHERE pad=? LIMIT ?)", (pad, _PURGE_ROWS)
            ):
                pass
            self._database.execute("DELETE FROM pad WHERE id=?", (pad,))

    def store(self, pad_id: bytes) -> VaultPadStore:
        """The pad's storage; raises UnknownPad."""
        return open_pad_store(self._database, pad_id)

    def listing(self) -> list[ListingRow]:
        rows = self._database.rows(f"SELECT {_LISTING_COLUMNS} FROM listing ORDER BY pad_id")
        found = cast(list[tuple[bytes, str, int, str, int, int, bool]], rows)
        return [ListingRow(*row[:-1], bool(row[-1])) for row in found]

    def listing_row(self, pad_id: bytes) -> ListingRow | None:
        row = self._database.row(f"SELECT {_LISTING_COLUMNS} FROM listing WHERE pad_id=?", (pad_id,))
        found = cast(tuple[bytes, str, int, str, int, int, bool] | None, row)
        return ListingRow(*found[:-1], bool(found[-1])) if found else None

    def put_listing(self, row: ListingRow) -> None:
        self.put_listings([row])

    def put_listings(self, rows: Sequence[ListingRow]) -> None:
        """Many rows for the price of one wait for the disk. Their texts are due to be indexed."""
        with self._database.transaction():
            self._database.execute_each(
                _PUT_LISTING,
                [
                    (
                        row.pad_id,
                        row.title,
                        row.kind,
                        row.role,
                        row.changed_ms,
                        row.size_bytes,
                        int(row.removed),
                    )
                    for row in rows
                ],
            )
            self._database.execute_each(SET_DUE, [(row.changed_ms, row.pad_id) for row in rows])

    def waiting(self, pad_id: bytes) -> int:
        """How many edits of a pad the relay has not acknowledged: journal rows and outbox entries."""
        query = _WAITING + " WHERE pad=(SELECT id FROM pad WHERE pad_id=?1)"
        return cast(int, self._database.scalar(query, (pad_id,)))

    def waiting_by_pad(self) -> dict[bytes, int]:
        """The same for every pad that has any."""
        rows = self._database.rows(f"SELECT pad_id, sum(1) FROM ({_PENDING}) JOIN pad ON pad=id GROUP BY pad")
        return dict(cast(list[tuple[bytes, int]], rows))

    def log_ends(self) -> dict[bytes, tuple[int, bytes]]:
        """The last folded position of every pad, and the head there."""
        rows = self._database.rows(
            "SELECT pad.pad_id, log.n, log.head FROM pad JOIN log"
            " ON log.pad=pad.id AND log.n=(SELECT max(n) FROM log WHERE log.pad=pad.id)"
        )
        return {pad_id: (n, head) for pad_id, n, head in cast(list[tuple[bytes, int, bytes]], rows)}

    def log_end(self, pad_id: bytes) -> tuple[int, bytes] | None:
        """The same of one pad; None where nothing is folded."""
        row = self._database.row(
            "SELECT n, head FROM log WHERE pad=(SELECT id FROM pad WHERE pad_id=?) ORDER BY n DESC LIMIT 1",
            (pad_id,),
        )
        return cast(tuple[int, bytes] | None, row)

    def data_version(self) -> int:
        """Changes when another connection committed; costs no disk access."""
        return cast(int, self._database.scalar("PRAGMA data_version"))

    def changes(self) -> tuple[int, int]:
        """Another value after every change of any table, by this connection or another."""
        return self.data_version(), self._database.own_changes


def _pad_record(row: tuple[Value, ...]) -> PadRecord:
    values = dict(zip(_PAD_COLUMNS.split(", "), row, strict=True))
    values["uploaded"] = bool(values["uploaded"])
    return PadRecord(**values)  # type: ignore[arg-type]
