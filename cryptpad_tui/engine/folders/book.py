"""A shared folder's document at work: its contents, and entries written with the keys that this vault has.

It writes what this person may give, and decides nothing about who gets it: each seed is sealed for the right
it gives, so that nobody learns more here than the folder's own keys allow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from cryptpad_relay.protocol.records import parse_genesis
from cryptpad_tui.crdt.kinds import ENTRIES_ROOT, PadKind
from cryptpad_tui.crypto import folder_keys
from cryptpad_tui.crypto.folder_keys import Place
from cryptpad_tui.crypto.keys import EditKeys, ViewKeys
from cryptpad_tui.drive.shared_entries import (
    FIELDS,
    Entry,
    SealedEdit,
    SharedContents,
    clean_name,
    contents_of,
    edit_field,
    text_of,
    view_field,
)
from cryptpad_tui.drive.tree import TOP
from cryptpad_tui.engine import keyrings
from cryptpad_tui.engine.folders.followed import Followed
from cryptpad_tui.vault.records import PadRecord

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession

UNNAMED: Final = "Shared folder"
_fields: WeakKeyDictionary[PadSession, Followed] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Gives:
    """What an entry gives this person: the best of the keys in it that they can open."""

    epoch: int
    keys: ViewKeys = field(repr=False)
    owner_root: bytes | None = field(default=None, repr=False)


class FolderBook:
    """One open folder."""

    def __init__(self, engine: Engine, session: PadSession) -> None:
        assert session.kind is PadKind.FOLDER
        self._engine, self._session = engine, session
        self.pad_id = session.pad_id
        self._keys = keyrings.all_keys(engine, session.pad_id)

    @property
    def can_edit(self) -> bool:
        """Not in one that an alarm holds still, either."""
        return self._session.can_edit and not self._session.view.read_only

    @property
    def epoch(self) -> int:
        return self._session.replica.fold.epoch

    @property
    def name(self) -> str:
        title = self._session.view.meta("title")
        return (clean_name(title) if isinstance(title, str) else "") or UNNAMED

    def contents(self) -> SharedContents:
        found = _fields.get(self._session)
        if found is None:
            found = _fields[self._session] = Followed(self._session.view)
        return found.contents(self._session.view)

    def entry(self, pad_id: bytes) -> Entry | None:
        """One pad's, without reading the others."""
        view, name = self._session.view, pad_id.hex()
        items = {f"{name}/{each}": view.map_value(ENTRIES_ROOT, f"{name}/{each}") for each in FIELDS}
        return contents_of({key: value for key, value in items.items() if value is not None}).entries.get(
            pad_id
        )

    # -- reading

    def gives(self, entry: Entry) -> Gives:
        """The keys of a pad in it; they are a claim until its relay shows a record that names them."""
        view = Gives(entry.epoch, ViewKeys(entry.view_seed), self._owner_root(entry))
        edit = self._opened_edit(entry)
        if edit is None or entry.edit is None or entry.edit.epoch < entry.epoch:
            return view
        return Gives(entry.edit.epoch, edit, view.owner_root)

    def _opened_edit(self, entry: Entry) -> EditKeys | None:
        """What the edit field seals, whatever else the entry says."""
        keys = self._keys.get(entry.edit.folder_epoch) if entry.edit else None
        if entry.edit is None or not isinstance(keys, EditKeys):
            return None
        place = Place(self.pad_id, entry.pad_id, entry.edit.epoch)
        seed = folder_keys.open_edit_seed(keys.edit_seed, place, entry.edit.sealed)
        return None if seed is None else EditKeys.from_seed(seed)

    def _owner_root(self, entry: Entry) -> bytes | None:
        record = self._session.record
        if record.role != "owner" or not entry.own:
            return None
        return folder_keys.open_owner_root(record.secret, self.pad_id, entry.pad_id, entry.own)

    # -- writing

    def put(self, record: PadRecord, *, inside: str | None = None, give_own: bool = False) -> None:
        """Write a pad's entry, or bring its keys up to date. An older epoch never replaces a newer one."""
        known = self.entry(record.pad_id)
        self._write(record.pad_id.hex(), self._fields(record, known, inside, give_own=give_own))

    def refresh(self, record: PadRecord, known: Entry, *, over: bool = False) -> bool:
        """Bring the keys of an entry up to date with what this vault knows; whether it was behind.

        `over`: also where it claims later ones, which are known to be none of the pad's.
        """
        fields = self._fields(record, known, None, give_own=False, over=over)
        changed = self._changed(record.pad_id.hex(), fields)
        if changed:
            self._session.view.set_maps(ENTRIES_ROOT, changed)
        return bool(changed)

    def _fields(
        self,
        record: PadRecord,
        known: Entry | None,
        inside: str | None,
        *,
        give_own: bool,
        over: bool = False,
    ) -> dict[str, str | int]:
        own = keyrings.all_keys(self._engine, record.pad_id)
        epoch = max(own)
        keys = own[epoch]
        row = self._engine.vault.listing_row(record.pad_id)
        values: dict[str, str | int] = {
            "genesis": text_of(record.genesis),
            "kind": record.kind,
            "relay": record.relay_url or "",
            "relay_pk": text_of(record.relay_pk),
            "name": clean_name(row.title if row else ""),
        }
        if known is None or inside is not None:
            values["in"] = inside or TOP
        if known is None or over or epoch >= known.epoch:
            values["view"] = view_field(epoch, keys.view_seed)
        may = known is None or record.role == "owner" or inside is not None or self._has_edit(known, own)
        if may and isinstance(keys, EditKeys):
            edit = self._sealed_edit(record.pad_id, epoch, keys, known, over=over)
            values |= {"edit": edit_field(edit)} if edit else {}
        if give_own and record.role == "owner" and self._session.record.role != "owner":
            genesis = parse_genesis(self._session.record.genesis, self.pad_id)
            sealed = folder_keys.seal_owner_root(
                genesis.owner_pk, self.pad_id, record.pad_id, record.secret, rng=self._engine.rng
            )
            values["own"] = text_of(sealed)
        if known is not None:
            # Titles change often, and every reader sees them in the pad itself.
            del values["name"]
        return values

    def _has_edit(self, known: Entry, own: Mapping[int, ViewKeys]) -> bool:
        """Whether the folder's editors have the pad's edit right already: a right that came to this person
        another way is not theirs to get by it."""
        edit = self._opened_edit(known)
        return edit is not None and known.edit is not None and own.get(known.edit.epoch) == edit

    def _sealed_edit(
        self, child: bytes, epoch: int, keys: EditKeys, known: Entry | None, *, over: bool
    ) -> SealedEdit | None:
        """None where the one that is there is as good."""
        # Not the latest that is here: a link that was followed may have claimed any.
        folder_epoch = self.epoch
        folder = self._keys.get(folder_epoch)
        if not isinstance(folder, EditKeys):
            return None
        if known is not None and known.edit is not None:
            there = (known.edit.epoch, known.edit.folder_epoch)
            is_good = there == (epoch, folder_epoch) and self._opened_edit(known) == keys
            if is_good or (known.edit.epoch > epoch and not over):
                return None
        place = Place(self.pad_id, child, epoch)
        sealed = folder_keys.seal_edit_seed(folder.edit_seed, place, keys.edit_seed, rng=self._engine.rng)
        return SealedEdit(epoch, folder_epoch, sealed)

    def place(self, entry: str, inside: str) -> None:
        """Put a pad, by its id in hex, or a plain folder of it, into another one of its plain folders."""
        self._write(entry, {"in": inside})

    def put_inner(self, inner: str, name: str, inside: str) -> None:
        self._write(inner, {"name": name, "in": inside})

    def rename_inner(self, inner: str, name: str) -> None:
        self._write(inner, {"name": name})

    def set_name(self, name: str) -> None:
        """What everybody calls the folder."""
        self._session.set_title(name)

    def drop(self, entry: str) -> None:
        """Out of the folder. Whoever had its keys by the folder has them still."""
        view = self._session.view
        for name in FIELDS:
            if view.map_value(ENTRIES_ROOT, f"{entry}/{name}") is not None:
                view.delete_map(ENTRIES_ROOT, f"{entry}/{name}")

    def _write(self, entry: str, values: dict[str, str | int]) -> None:
        if changed := self._changed(entry, values):
            self._session.view.set_maps(ENTRIES_ROOT, changed)

    def _changed(self, entry: str, values: dict[str, str | int]) -> dict[str, object]:
        view = self._session.view
        return {
            f"{entry}/{name}": value
            for name, value in values.items()
            if view.map_value(ENTRIES_ROOT, f"{entry}/{name}") != value
        }
