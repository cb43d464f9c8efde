"""The drive's document: flat keys `<entry>/<field>` in the map `entries`, each field last-writer-wins.

An entry is a pad, by its id in hex, or a folder, by 16 bytes of its own. What is private to the person (their
own name for a pad, its folder and tags, the keys to it) is here; what all its readers share (the title) is in
the pad itself. It writes and never interprets: what the fields mean together, `tree` says.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from cryptpad_tui.crdt.kinds import ENTRIES_ROOT
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.crypto.sealing import RandomBytes
from cryptpad_tui.drive.entry_fields import FIELDS, OWN, OwnerSeal, fields_of, pad_id_of, record_from
from cryptpad_tui.drive.errors import IntoItself, TooDeep
from cryptpad_tui.drive.mirror import Mirror
from cryptpad_tui.drive.tree import (
    FOLDER_ID_CHARS,
    MAX_DEPTH,
    TAG,
    TOP,
    Tree,
    folder_id_of,
    path_parts,
    paths_to,
    shared_id_of,
)
from cryptpad_tui.vault.records import PadRecord


@dataclass(frozen=True, slots=True)
class DriveEntry:
    """A pad as the drive knows it."""

    record: PadRecord = field(repr=False)


class Drive:
    """Reads and writes the drive's document; the session that owns it makes the edits durable."""

    def __init__(
        self, view: ViewDocument, mirror: Mirror, *, rng: RandomBytes, seal: OwnerSeal | None = None
    ) -> None:
        self._view, self._mirror, self._rng, self._seal = view, mirror, rng, seal
        self.side_rows = mirror.side_rows

    def put(self, record: PadRecord, *, owner_root: bytes | None = None) -> None:
        """Add a pad, or bring its entry up to date; an unchanged field is not written again.

        `owner_root`: of a pad that is made here and whose owner's root stays nowhere on this device.
        """
        entry = record.pad_id.hex()
        known = {name: self._get(entry, name) for name in (OWN, "epoch")}
        values = fields_of(record, known, self._seal, owner_root)
        changed = {
            f"{entry}/{name}": value for name, value in values.items() if self._get(entry, name) != value
        }
        if changed:
            self._view.set_maps(ENTRIES_ROOT, changed)

    def is_own(self, pad_id: bytes) -> bool:
        """Whether the account owns the pad, whatever this device may do with it."""
        return self._get(pad_id.hex(), "role") == "owner"

    def unsealed(self) -> list[PadRecord]:
        """Pads whose owner's root an earlier version wrote as it is (reads the whole map)."""
        items = self._view.map_items(ENTRIES_ROOT)
        return [
            entry.record
            for entry in self.entries()
            if entry.record.role == "owner" and items.get(f"{entry.record.pad_id.hex()}/{OWN}") is None
        ]

    def set_name(self, pad_id: bytes, name: str) -> None:
        """This person's own name for a pad."""
        self._set(pad_id.hex(), "name", name)

    def set_folder(self, pad_id: bytes, folder: str) -> None:
        """Put a pad where a path says; folders that are missing are made."""
        self.move_pad(pad_id, self.make_folders(folder))

    def set_removed(self, pad_id: bytes) -> None:
        """Take the pad out of this drive. Its keys go with it; others keep theirs."""
        self._set(pad_id.hex(), "removed", 1)
        self._delete_all(pad_id.hex(), keep="removed")

    # -- where pads lie, and how they are marked

    def tree(self) -> Tree:
        """The folders and marks as they are."""
        return self._mirror.tree()

    def folders(self) -> Tree:
        """The folders alone: asked for each of ten thousand pads, it is not read anew."""
        return self._mirror.folders()

    def lies_in(self, pad_id: bytes) -> str:
        """The folder that a pad was put into; the top also where an earlier version named a path."""
        value = self._get(pad_id.hex(), "in")
        return value if isinstance(value, str) else TOP

    def save_mirror(self) -> None:
        """Inside the transaction that makes the edits durable."""
        self._mirror.save()

    def make_folders(self, path: str) -> str:
        """The id of the folder at a path, made with those around it where it is missing; raises TooDeep."""
        parts = path_parts(path)
        if len(parts) > MAX_DEPTH:
            raise TooDeep
        inside = TOP
        for size, name in enumerate(parts, 1):
            found = [each.id for each in self._mirror.folders().children(inside) if each.name == name]
            inside = found[0] if found else self._make_folder("/".join(parts[:size]), inside)
        return inside

    def _make_folder(self, path: str, parent: str) -> str:
        """A new folder in `parent`. Its id follows from the path, unless one that was renamed has that."""
        made = folder_id_of(path)
        if self._mirror.folders().is_used(made):
            made = self._rng(FOLDER_ID_CHARS // 2).hex()
        self._set(made, "path", path)
        above, _, _ = path.rpartition("/")
        if parent != (folder_id_of(above) if above else TOP):
            self._set(made, "parent", parent)
        return made

    def put_shared_folder(self, pad_id: bytes, name: str, parent: str) -> str:
        """Show a folder that others hold too; its id."""
        folder = shared_id_of(pad_id)
        values = {"shared": pad_id.hex(), "name": name, "parent": parent}
        for field_name, value in values.items():
            self._set(folder, field_name, value)
        return folder

    def put_inner_folder(self, folder: str, name: str, parent: str) -> None:
        """Show a plain folder that lies in a shared one."""
        self._set(folder, "name", name)
        self._set(folder, "parent", parent)

    def move_pad(self, pad_id: bytes, folder: str) -> None:
        """Into the folder of this id."""
        self._keep_folders_of(pad_id)
        self._set(pad_id.hex(), "in", folder)

    def _keep_folders_of(self, pad_id: bytes) -> None:
        """A pad of an earlier version names its folders by a path; they stay when it goes."""
        for path in paths_to(str(self._get(pad_id.hex(), "folder") or "")):
            self._set(folder_id_of(path), "path", path)

    def move_folder(self, folder: str, parent: str) -> None:
        """Into another folder, or to the top; raises IntoItself or TooDeep."""
        tree = self._mirror.folders()
        if parent in tree.below(folder):
            raise IntoItself
        height = max(tree.depth(each) for each in tree.below(folder)) - tree.depth(folder)
        if tree.depth(parent) + 1 + height > MAX_DEPTH:
            raise TooDeep
        # What is shown becomes what is written, or another move would change it by surprise.
        for each, shown in tree.broken.items():
            self._set_in_folder(tree, each, "parent", shown)
        self._set_in_folder(tree, folder, "parent", parent)

    def rename_folder(self, folder: str, name: str) -> None:
        """One write, however much is in it."""
        self._set_in_folder(self._mirror.folders(), folder, "name", name)

    def trash_folder(self, folder: str, at_ms: int) -> None:
        """Into the trash with all that is in it; 0 takes it out again."""
        self._set_in_folder(self._mirror.folders(), folder, "trashed", at_ms)

    def _set_in_folder(self, tree: Tree, folder: str, name: str, value: str | int) -> None:
        """A folder that is only named by pads is made, so that it stays when they go."""
        for path in tree.unwritten_paths(folder):
            self._set(folder_id_of(path), "path", path)
        self._set(folder, name, value)

    def forget_folder(self, folder: str) -> None:
        """What another device put into it meanwhile is found at the top."""
        self._delete_all(folder)

    def tag(self, pad_id: bytes, add: Collection[str], drop: Collection[str]) -> None:
        for each in add:
            self._set(pad_id.hex(), TAG + each, 1)
        for each in drop:
            if self._get(pad_id.hex(), TAG + each):
                self._set(pad_id.hex(), TAG + each, 0)

    def set_template(self, pad_id: bytes, *, on: bool) -> None:
        self._set(pad_id.hex(), "template", int(on))

    def trash(self, pad_id: bytes, at_ms: int) -> None:
        """Into the trash, with its keys: only emptying it takes those."""
        self._set(pad_id.hex(), "trashed", at_ms)

    def restore(self, pad_id: bytes) -> None:
        """Out of the trash. Its keys are written again: it stays if another device empties the trash."""
        for name in (*FIELDS, OWN):
            value = self._get(pad_id.hex(), name)
            if value is not None:
                self._view.set_map(ENTRIES_ROOT, f"{pad_id.hex()}/{name}", value)
        self._set(pad_id.hex(), "removed", 0)
        self._set(pad_id.hex(), "trashed", 0)

    def set_note(self, pad_id: bytes, name: str, value: str | None) -> None:
        """Something private about a pad that goes with it to every device; None takes it away."""
        key = f"{pad_id.hex()}/{name}"
        if value is not None:
            self._set(pad_id.hex(), name, value)
        elif self._view.map_value(ENTRIES_ROOT, key) is not None:
            self._view.delete_map(ENTRIES_ROOT, key)

    def note(self, pad_id: bytes, name: str) -> str | None:
        """One note of a pad."""
        value = self._get(pad_id.hex(), name)
        return value if isinstance(value, str) else None

    def notes(self, pad_id: bytes, prefix: str) -> dict[str, str]:
        """The notes of a pad whose name begins so."""
        notes = self.side_rows.of(pad_id.hex()).items()
        return {name: str(value) for name, value in notes if name.startswith(prefix)}

    def record_of(self, pad_id: bytes) -> PadRecord | None:
        """The keys to one pad; None where they are not there, or make no sense."""
        values = {name: self._get(pad_id.hex(), name) for name in FIELDS}
        if any(value is None for value in values.values()):
            return None
        try:
            return record_from(pad_id, values, self._get(pad_id.hex(), OWN), self._seal)
        except ValueError:
            return None

    def is_removed(self, pad_id: bytes) -> bool:
        """Whether somebody took it out; what was never put in is not removed."""
        return bool(self._get(pad_id.hex(), "removed"))

    def entries(self) -> Iterator[DriveEntry]:
        """Every pad that is not removed and whose fields are all there (reads the whole map)."""
        items = self._view.map_items(ENTRIES_ROOT)
        for entry in sorted({key.partition("/")[0] for key in items}):
            pad_id, values = pad_id_of(entry), {name: items.get(f"{entry}/{name}") for name in FIELDS}
            # Not by `removed`: where one device empties the trash and another restores, the keys decide.
            if pad_id is not None and all(values[name] is not None for name in FIELDS):
                # A device that is not one's own any more may have written anything.
                with suppress(ValueError):
                    yield DriveEntry(record_from(pad_id, values, items.get(f"{entry}/{OWN}"), self._seal))

    def _get(self, entry: str, name: str) -> object:
        return self._view.map_value(ENTRIES_ROOT, f"{entry}/{name}")

    def _set(self, entry: str, name: str, value: str | int) -> None:
        if self._get(entry, name) != value:
            self._view.set_map(ENTRIES_ROOT, f"{entry}/{name}", value)

    def _delete_all(self, entry: str, *, keep: str = "") -> None:
        for key in self._view.map_keys(ENTRIES_ROOT):
            owner, _, name = key.partition("/")
            if owner == entry and name != keep:
                self._view.delete_map(ENTRIES_ROOT, key)
