"""A shared folder comes into a person's drive: what others put into it, moved in it, or took out of it.

What was agreed on last is remembered, so that only what others did is done here. It never takes a pad from
anybody: what left the folder stays in the drive, beside it. Entries are claims of whoever may write in the
folder: they replace no keys that a record bears out, and lead to no relay that is not used already.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.owner_records import EpochRecord
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto.keys import EditKeys
from cryptpad_tui.drive.errors import DriveError
from cryptpad_tui.drive.shared_entries import Entry, SharedContents
from cryptpad_tui.drive.tree import FOLDER_ID_CHARS, TOP, shared_id_of
from cryptpad_tui.engine import keyrings
from cryptpad_tui.engine.folders import holders, owed_keys
from cryptpad_tui.engine.folders.book import UNNAMED, FolderBook
from cryptpad_tui.engine.folders.claims import Claims
from cryptpad_tui.engine.folders.doubts import DOUBT, Doubts
from cryptpad_tui.engine.listing import tree_of
from cryptpad_tui.engine.standing import standing_of
from cryptpad_tui.vault.records import PadRecord

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

SEEN: Final = "folder/seen/"
"""How the settings begin that say what of each folder this vault has agreed with."""
LEFT_OUT: Final = "folder/left-out/"
"""How many entries are not shown: more than there is room for, at a relay not used, or senseless."""
MAX_ENTRIES: Final = 5_000
"""What somebody else may put into a drive by one folder; what is in it already is never left out."""
MAX_INNER: Final = 1_000
"""Plain folders within one that are shown."""
MAX_DRIVE: Final = 20_000
"""Pads in a drive from which on folders bring no more: folders in folders would know no end."""
GONE: Final = "No longer in "
Seen = dict[str, list[str]]
"""By entry: the folder that it lies in, and for a plain folder its name."""


def is_known(engine: Engine) -> bool:
    """Whether there is any shared folder in this vault; opens nothing."""
    return bool(engine.vault.settings_under(SEEN))


def folders(engine: Engine) -> list[bytes]:
    return [bytes.fromhex(name.removeprefix(SEEN)) for name in engine.vault.settings_under(SEEN)]


def inner_id(folder: bytes, inner: str) -> str:
    """The drive's id of a plain folder in a shared one: nobody can choose it to be one of the person's."""
    raw = b"pad1 shared inner\0" + folder + bytes.fromhex(inner)
    return hashlib.blake2b(raw, digest_size=FOLDER_ID_CHARS // 2).hexdigest()


def drive_folder(folder: bytes, inside: str) -> str:
    """The drive's folder for a place in a shared one."""
    return inner_id(folder, inside) if inside != TOP else shared_id_of(folder)


def agree_all(engine: Engine) -> list[bytes]:
    """Every folder of this vault; the pads that came."""
    came: list[bytes] = []
    waiting = [pad.pad_id for pad in engine.vault.pads() if pad.kind == PadKind.FOLDER]
    done: set[bytes] = set()
    while waiting:
        folder = waiting.pop()
        if folder not in done:
            done.add(folder)
            new = agree(engine, folder)
            came += new
            waiting += [
                each for each in new if (pad := engine.vault.pad(each)) and pad.kind == PadKind.FOLDER
            ]
    return came


def not_here_yet(engine: Engine, folder: bytes) -> list[bytes]:
    """What is in a folder by its word, and has not come from its relay."""
    agree(engine, folder)
    return [each for each in inside(engine, folder) if engine.vault.log_end(each) is None]


def inside(engine: Engine, folder: bytes) -> list[bytes]:
    """What is in a folder, as far as it is in this vault."""
    with engine.borrowed(folder) as session:
        entries = FolderBook(engine, session).contents().entries
    return [pad_id for pad_id in entries if engine.vault.pad(pad_id) is not None]


def agree(engine: Engine, folder: bytes) -> list[bytes]:
    """Let the drive show this folder as it is; the pads that came. Done or not begun."""
    with engine.borrowed(folder) as session:
        if not session.replica.fold.n and session.record.role != "owner":
            return []
        with engine.drive_session.replica.store.transaction():
            agreement = _Agreement(engine, FolderBook(engine, session))
            came = agreement.run()
            session.flush()
            engine.drive_session.flush()
    return came


class _Agreement:
    """One folder, once."""

    def __init__(self, engine: Engine, book: FolderBook) -> None:
        self._engine, self._book, self._folder = engine, book, book.pad_id
        self._claims, self._doubts = Claims(engine, book), Doubts(engine)
        self._shown: Seen = {}
        self._came: list[bytes] = []
        self.left_out = 0

    def run(self) -> list[bytes]:
        stored = self._engine.vault.setting(SEEN + self._folder.hex())
        before: Seen = json.loads(stored or "{}")
        contents = self._book.contents()
        self._show_folder()
        after = self._shown = self._show_inner(contents, before)
        in_it = sum(len(each) != FOLDER_ID_CHARS for each in before)
        room = min(MAX_ENTRIES - in_it, MAX_DRIVE - len(self._engine.vault.pads()))
        for entry in sorted(contents.entries.values(), key=lambda each: each.pad_id.hex() not in before):
            name = entry.pad_id.hex()
            if name not in before and room <= 0:
                self.left_out += 1
                continue
            if self._take(entry, before.get(name)):
                room -= name not in before
                after[name] = [entry.inside]
            else:
                self.left_out += 1
        for name in before.keys() - after.keys():
            self._let_go(name)
        left_out = str(self.left_out) if self.left_out else None
        if self._engine.vault.setting(LEFT_OUT + self._folder.hex()) != left_out:
            self._engine.vault.set_setting(LEFT_OUT + self._folder.hex(), left_out)
        if stored is None or after != before:
            self._engine.vault.set_setting(SEEN + self._folder.hex(), json.dumps(after))
        return self._came

    # -- folders

    def _show_folder(self) -> None:
        drive, tree = self._engine.drive, self._engine.drive.tree()
        shown = tree.folders.get(shared_id_of(self._folder))
        if shown is None or not shown.shared:
            drive.put_shared_folder(self._folder, self._book.name, TOP)
        elif shown.name != self._book.name:
            drive.rename_folder(shown.id, self._book.name)

    def _show_inner(self, contents: SharedContents, before: Seen) -> Seen:
        """What is shown of the plain folders in it: those that were, and others while there is room."""
        known = sorted(contents.inner, key=lambda each: each not in before)
        self.left_out += max(len(known) - MAX_INNER, 0)
        after: Seen = {}
        for each in known[:MAX_INNER]:
            one = contents.inner[each]
            after[each] = [one.inside, one.name]
            if before.get(each) != after[each]:
                parent = drive_folder(self._folder, one.inside)
                self._engine.drive.put_inner_folder(inner_id(self._folder, each), one.name, parent)
        return after

    # -- pads

    def _take(self, entry: Entry, seen: list[str] | None) -> bool:
        """Whether the entry is dealt with."""
        engine, known = self._engine, self._engine.vault.pad(entry.pad_id)
        if known is None and (engine.drive.is_removed(entry.pad_id) or entry.pad_id == self._folder):
            return True
        if known is None or self._is_empty(known):
            record = self._claims.record(entry)
            if record is None:
                return known is not None
            if known is None or (known.role != "owner" and record.secret != known.secret):
                self._add(record)
        else:
            self._compare(entry, known)
        is_given = known is None or owed_keys.is_given(engine, entry.pad_id, self._folder)
        holders.note(engine, entry.pad_id, self._folder, held=True, first=is_given)
        self._place(entry, seen, came_by_it=known is None)
        if known is None:
            owed_keys.came(engine, entry.pad_id, self._folder, self._book.epoch)
        owed_keys.notice(engine, entry.pad_id, self._folder, self._book.epoch)
        return True

    def _is_empty(self, known: PadRecord) -> bool:
        """Whether it came by this folder, and nothing of it yet: then a later word about its keys counts.
        What a link or an invitation gave has its right and its pin by that."""
        if not known.uploaded or known.role == "owner" or known.pin_n:
            return False
        is_given = owed_keys.is_given(self._engine, known.pad_id, self._folder)
        return is_given and self._engine.vault.log_end(known.pad_id) is None

    def _add(self, record: PadRecord) -> None:
        engine = self._engine
        session = engine.open_pads.take_out(record.pad_id, keep_writer=False)
        if session is not None:
            engine.relays.let_go(session)
        engine.add(record)
        self._came.append(record.pad_id)

    def _compare(self, entry: Entry, known: PadRecord) -> None:
        """Keys of a pad that is here: an entry that is behind is brought up to date, a better right taken.

        Never of a pad that somebody else only named here: they would be given keys that they do not have.
        """
        own = keyrings.all_keys(self._engine, known.pad_id)
        is_given = owed_keys.is_given(self._engine, known.pad_id, self._folder)
        if is_given and self._book.can_edit and standing_of(self._engine, known.pad_id) is None:
            over = self._doubts.disproved(entry, max(own))
            self._book.refresh(known, entry, over=over)
        gives = self._book.gives(entry)
        mine = own.get(gives.epoch)
        is_more = isinstance(gives.keys, EditKeys) and known.role == "view" and mine is not None
        if is_more and mine is not None and mine.view_seed == gives.keys.view_seed:
            # The view seed follows from the edit seed, one way: who made these knew the pad's.
            role, secret = keyrings.secret_of(gives.keys)
            self._engine.drive_sync.take_over(replace(known, role=role, secret=secret, epoch=gives.epoch))

    def _place(self, entry: Entry, seen: list[str] | None, *, came_by_it: bool) -> None:
        """Where others put it. A pad that the person has put somewhere stays there."""
        engine = self._engine
        if seen == [entry.inside]:
            return
        into = drive_folder(self._folder, entry.inside if entry.inside in self._shown else TOP)
        if entry.kind is PadKind.FOLDER:
            if came_by_it:
                name = entry.name or UNNAMED
                engine.drive.put_shared_folder(entry.pad_id, name, into)
            elif seen is not None and self._lies_here(self._parent_of(entry.pad_id)):
                with suppress(DriveError):
                    engine.drive.move_folder(shared_id_of(entry.pad_id), into)
            return
        if came_by_it or self._may_move(entry.pad_id, seen):
            engine.drive.move_pad(entry.pad_id, into)

    def _may_move(self, pad_id: bytes, seen: list[str] | None) -> bool:
        """Within this folder what lies in it; into it what somebody else owns and nobody put anywhere."""
        drive, lies_in = self._engine.drive, self._engine.drive.lies_in(pad_id)
        if seen is not None and self._lies_here(lies_in):
            return True
        return not drive.is_own(pad_id) and drive.tree().folder_of(pad_id.hex()) == TOP

    def _parent_of(self, folder: bytes) -> str:
        shown = self._engine.drive.folders().folders.get(shared_id_of(folder))
        return shown.parent if shown is not None else TOP

    def _lies_here(self, place: str) -> bool:
        around = self._engine.drive.folders().shared_around(place)
        return around is not None and around.shared == self._folder.hex()

    def _let_go(self, name: str) -> None:
        """Somebody took it out: it stays here, beside the folder."""
        drive, tree = self._engine.drive, self._engine.drive.folders()
        if len(name) == FOLDER_ID_CHARS:
            drive.forget_folder(inner_id(self._folder, name))
            return
        pad_id = bytes.fromhex(name)
        holders.note(self._engine, pad_id, self._folder, held=False)
        owed_keys.take_back(self._engine, pad_id, self._folder)
        is_folder = shared_id_of(pad_id) in tree.folders
        around = tree.shared_around(self._parent_of(pad_id) if is_folder else drive.lies_in(pad_id))
        if around is None or around.shared != self._folder.hex():
            return
        above = tree.path(tree.folders[around.id].parent)
        beside = f"{above}/{GONE}{around.name}" if above else f"{GONE}{around.name}"
        if is_folder:
            with suppress(DriveError):
                drive.move_folder(shared_id_of(pad_id), drive.make_folders(beside))
        else:
            drive.set_folder(pad_id, beside)


def offer(engine: Engine, folder: bytes, pad_id: bytes, record: EpochRecord) -> bool:
    """Try the folder's word for the keys that a verified record of the pad names; whether they are these."""
    with engine.borrowed(folder) as session, engine.borrowed(pad_id) as child:
        book = FolderBook(engine, session)
        entry = book.entry(pad_id)
        return entry is not None and child.replica.ring.offer(record, book.gives(entry).keys)


def left_out(engine: Engine, folder: bytes) -> int:
    """How many of its entries this drive does not show."""
    return int(engine.vault.setting(LEFT_OUT + folder.hex()) or 0)


def forget(engine: Engine, pad_id: bytes) -> None:
    """The pad was taken out of this vault, be it a folder or in one."""
    owed_keys.forget(engine, pad_id)
    for folder in holders.folders_of(engine, pad_id):
        holders.note(engine, pad_id, folder, held=False)
    for name in (SEEN, LEFT_OUT, DOUBT):
        engine.vault.set_setting(name + pad_id.hex(), None)


def shows(engine: Engine, folder_id: str) -> bytes | None:
    """The shared folder that a folder of the drive is, or lies in."""
    around = tree_of(engine).shared_around(folder_id)
    return bytes.fromhex(around.shared) if around else None
