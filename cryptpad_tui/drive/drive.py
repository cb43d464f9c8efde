"""The drive's document: flat keys `<entry>/<field>` in the map `entries`, each field last-writer-wins.

An entry is named by its pad's id in hex. What is private to the person (their own name for a pad, its folder,
the keys to it) is here; what all its readers share (the title) is in the pad itself.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from cryptpad_tui.crdt.kinds import ENTRIES_ROOT
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.vault.records import PadRecord

_FIELDS: Final = (
    "genesis",
    "kind",
    "role",
    "secret",
    "epoch",
    "relay",
    "relay_pk",
    "pin_n",
    "pin_head",
    "created_ms",
)


@dataclass(frozen=True, slots=True)
class DriveEntry:
    """A pad as the drive knows it."""

    record: PadRecord = field(repr=False)
    name: str
    folder: str
    removed: bool


class Drive:
    """Reads and writes the drive's document; the session that owns it makes the edits durable."""

    def __init__(self, view: ViewDocument) -> None:
        self._view = view

    def put(self, record: PadRecord) -> None:
        """Add a pad, or bring its entry up to date; an unchanged field is not written again."""
        values: dict[str, str | int] = {
            "genesis": _text(record.genesis),
            "kind": record.kind,
            "role": record.role,
            "secret": _text(record.secret),
            "epoch": record.epoch,
            "relay": record.relay_url or "",
            "relay_pk": _text(record.relay_pk),
            "pin_n": record.pin_n,
            "pin_head": _text(record.pin_head),
            "created_ms": record.created_ms,
            "removed": 0,
        }
        for name, value in values.items():
            self._set(record.pad_id, name, value)

    def set_name(self, pad_id: bytes, name: str) -> None:
        """This person's own name for a pad."""
        self._set(pad_id, "name", name)

    def name(self, pad_id: bytes) -> str:
        value = self._get(pad_id, "name")
        return value if isinstance(value, str) else ""

    def folder(self, pad_id: bytes) -> str:
        value = self._get(pad_id, "folder")
        return value if isinstance(value, str) else ""

    def set_folder(self, pad_id: bytes, folder: str) -> None:
        """Where this person keeps a pad: names separated by slashes."""
        self._set(pad_id, "folder", folder)

    def set_removed(self, pad_id: bytes) -> None:
        """Take the pad out of this drive. Its keys go with it; others keep theirs."""
        self._set(pad_id, "removed", 1)
        for name in (*_FIELDS, "name", "folder"):
            key = _key(pad_id, name)
            if key in self._view.map_items(ENTRIES_ROOT):
                self._view.delete_map(ENTRIES_ROOT, key)

    def entries(self) -> Iterator[DriveEntry]:
        """Every pad that is not removed and whose fields are all there (reads the whole map)."""
        items = self._view.map_items(ENTRIES_ROOT)
        for pad_id_hex in sorted({key.partition("/")[0] for key in items}):
            names = (*_FIELDS, "name", "folder", "removed")
            values = {name: items.get(f"{pad_id_hex}/{name}") for name in names}
            if not values["removed"] and all(values[name] is not None for name in _FIELDS):
                record = _record(bytes.fromhex(pad_id_hex), values)
                name, folder = str(values["name"] or ""), str(values["folder"] or "")
                yield DriveEntry(record, name, folder, removed=False)

    def _get(self, pad_id: bytes, name: str) -> object:
        return self._view.map_value(ENTRIES_ROOT, _key(pad_id, name))

    def _set(self, pad_id: bytes, name: str, value: str | int) -> None:
        if self._get(pad_id, name) != value:
            self._view.set_map(ENTRIES_ROOT, _key(pad_id, name), value)


def _record(pad_id: bytes, values: dict[str, object]) -> PadRecord:
    def number(name: str) -> int:
        return int(str(values[name]).partition(".")[0])

    return PadRecord(
        pad_id=pad_id,
        genesis=_bytes(values["genesis"]),
        kind=number("kind"),
        role=str(values["role"]),
        secret=_bytes(values["secret"]),
        epoch=number("epoch"),
        relay_url=str(values["relay"]) or None,
        relay_pk=_bytes(values["relay_pk"]),
        pin_n=number("pin_n"),
        pin_head=_bytes(values["pin_head"]),
        uploaded=False,
        created_ms=number("created_ms"),
    )


def _key(pad_id: bytes, name: str) -> str:
    return f"{pad_id.hex()}/{name}"


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _bytes(text: object) -> bytes:
    return base64.b64decode(str(text), validate=True)
