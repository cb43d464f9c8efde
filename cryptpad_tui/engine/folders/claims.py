"""What an entry of a shared folder claims, as the record of a pad: as far as its birth bears it out.

Entries are written by whoever may write in the folder. A record leads to a relay that this vault uses, at the
address that it knows, never at one that an entry names; and to keys that are not known to be another pad's.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from cryptpad_tui.engine import keyrings
from cryptpad_tui.engine.records import fits
from cryptpad_tui.vault.records import PadRecord

if TYPE_CHECKING:
    from cryptpad_tui.drive.shared_entries import Entry
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.folders.book import FolderBook


class Claims:
    """Of one folder, as the vault is when it is made."""

    def __init__(self, engine: Engine, book: FolderBook) -> None:
        self._engine, self._book = engine, book

    def record(self, entry: Entry) -> PadRecord | None:
        """None where it leads to a relay that nothing here uses, or its keys are not of this pad."""
        gives, address = self._book.gives(entry), self.address(entry)
        if address is None:
            return None
        role, secret = keyrings.secret_of(gives.keys)
        record = PadRecord(
            pad_id=entry.pad_id,
            genesis=entry.genesis,
            kind=int(entry.kind),
            role=role,
            secret=secret,
            epoch=gives.epoch,
            relay_url=address,
            relay_pk=entry.relay_pk,
            pin_n=0,
            pin_head=b"",
            uploaded=True,
            created_ms=self._engine.wall_ms(),
        )
        if gives.owner_root is not None:
            owner = replace(record, role="owner", secret=gives.owner_root, epoch=0)
            record = owner if fits(owner) else record
        return record if fits(record) else None

    def address(self, entry: Entry) -> str | None:
        """Where the relay that an entry names is found; whoever waits where an entry says would learn this
        machine's address."""
        return self._relays.get(entry.relay_pk) if entry.relay_pk and entry.relay_url else None

    @cached_property
    def _relays(self) -> dict[bytes, str]:
        """Addresses by key; the folder's own relay is found where the folder is."""
        vault, found = self._engine.vault, {}
        folder = vault.pad(self._book.pad_id)
        for pad in (*vault.pads(), *([folder] if folder else [])):
            url = self._engine.relays.url_of(pad) if pad.relay_pk else None
            if url is not None:
                found[pad.relay_pk] = url
        return found
