"""Keeps one folder of the drive and one folder on disk alike: looks at both, and does what plan.py says.

What both sides had is in the vault before anything builds on it (ledger.py), so that a stop at any moment
neither loses an edit nor makes one twice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial, singledispatchmethod
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.merge import merged_edits
from cryptpad_tui.crdt.values import Change
from cryptpad_tui.drive.errors import DriveError
from cryptpad_tui.drive.tree import TOP
from cryptpad_tui.engine import keeping
from cryptpad_tui.engine.errors import EngineError
from cryptpad_tui.engine.listing import tree_of
from cryptpad_tui.mounting import plan
from cryptpad_tui.mounting.disk import Disk
from cryptpad_tui.mounting.errors import StaleFile, TooLargeForFile, TooManyPads
from cryptpad_tui.mounting.ledger import Ledger
from cryptpad_tui.mounting.names import conflict_name, file_name, folder_of, title_of, wanted_paths
from cryptpad_tui.mounting.plan import Action, File, Pad, Stamp

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine, PadListing
    from cryptpad_tui.engine.session import PadSession

MAX_PADS: Final = 1_000
"""Each is open as long as its folder is mounted, so that what others write arrives at once."""
LOOK_S: Final = 0.5
LIST_SHARE: Final = 10
"""The list of pads is read at most for one part in this many of the time: a long drive's takes a while."""
MAX_ROUNDS: Final = 50


class Mount:
    """One folder of the drive on one folder on disk. `say` gets a line for what a person should know."""

    def __init__(self, engine: Engine, folder: str, disk: Disk, *, say: Callable[[str], None]) -> None:
        self._engine, self._folder, self._disk, self._say = engine, folder, disk, say
        self._ledger = Ledger(engine, folder, disk)
        self._sessions: dict[str, PadSession] = {}
        self._texts: dict[str, str] = {}
        self._paths: dict[str, str] = {}
        self._files: dict[str, File] = {}
        self._said: set[str] = set()
        self._refused: dict[str, Stamp] = {}
        """What the drive did not take: the same is not tried again while the file is as it was."""
        self._list_from, self._data_version, self._list_due = 0.0, -1, True
        engine.drive_session.view.observe_maps(lambda root, keys: self._want_list())

    # -- rounds

    async def once(self) -> None:
        """Until both sides agree."""
        await self._first_look()
        for _ in range(MAX_ROUNDS):
            if not await self._round():
                return
            await asyncio.sleep(LOOK_S / 2)

    async def run(self) -> None:
        """Until cancelled."""
        await self._first_look()
        while True:
            await self._round()
            await asyncio.sleep(LOOK_S)

    def pad_ids(self) -> list[bytes]:
        return [session.pad_id for session in self._sessions.values()]

    def close(self) -> None:
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()

    async def _first_look(self) -> None:
        """Nothing is done about a file before it was seen twice, nor about one that seems to be missing."""
        await asyncio.to_thread(self._disk.look)
        await asyncio.sleep(LOOK_S / 2)

    async def _round(self) -> bool:
        """Look at both sides and do what is to be done; whether the disk let any of it happen."""
        self._files = await asyncio.to_thread(self._disk.look)
        self._ledger.settle(self._files)
        for pad_id, stamp in list(self._ledger.moved_files(self._files)):
            agreed = self._ledger.agreed[pad_id]
            self._ledger.agree(pad_id, agreed.path, agreed.text, stamp)
        self._read_list()
        actions = plan.plan(self._ledger.agreed, self._files, self._pads(), self._ledger.aside)
        refused = 0
        for action in actions:
            if _path_of(action) in self._refused and self._refused[_path_of(action)] == self._stamp(action):
                refused += 1
                continue
            try:
                self._do(action)
            except StaleFile:
                continue  # It changed in this moment; the next round sees it as it is then.
            except (DriveError, EngineError) as error:
                refused += 1
                self._refused[_path_of(action)] = self._stamp(action)
                self._say_once(f"{_path_of(action)}: {' '.join((error.__doc__ or '').split())}")
            except TooLargeForFile as error:
                refused += 1
                self._say_once(f"{_path_of(action)}: {error}")
            except OSError as error:
                refused += 1
                self._say_once(f"{_path_of(action)}: {error.strerror}; it is tried again")
            await asyncio.sleep(0)
        self._name_what_stays_out()
        return len(actions) > refused

    def _stamp(self, action: Action) -> Stamp:
        file = self._files.get(_path_of(action))
        return file.stamp if file is not None else ()

    # -- the pads' side

    def _want_list(self) -> None:
        self._list_due = True

    def _moved_pads(self) -> None:
        """The list must tell of our own doing before the next plan is made of it."""
        self._list_due, self._list_from = True, 0.0

    def _read_list(self) -> None:
        """Open the pads that came into the folder, and close those that left."""
        version = self._engine.vault.data_version()
        if not (self._list_due or version != self._data_version) or time.monotonic() < self._list_from:
            return
        started = time.monotonic()
        self._list_due, self._data_version = False, version
        tree = tree_of(self._engine)
        below, above = tree.below(self._folder), tree.path(self._folder)
        lines = {pad.pad_id.hex(): pad for pad in self._engine.listing() if pad.folder_id in below}
        texts = {pad_id: pad for pad_id, pad in lines.items() if pad.kind is PadKind.TEXT}
        for pad_id in lines.keys() - texts.keys():
            self._say_once(f"{lines[pad_id].path}: left out, only text pads are files here")
        if len(texts) > MAX_PADS:
            raise TooManyPads(f"{len(texts)}, at most {MAX_PADS}")
        self._open_and_close(texts)
        places = {key: (_inside(pad, above), pad.title, pad.short_id) for key, pad in texts.items()}
        held = {pad_id: agreed.path for pad_id, agreed in self._ledger.agreed.items()}
        self._paths = wanted_paths(places, held, self._left_out())
        self._list_from = time.monotonic() + LIST_SHARE * (time.monotonic() - started)

    def _open_and_close(self, wanted: dict[str, PadListing]) -> None:
        for pad_id in self._sessions.keys() - wanted.keys():
            self._texts.pop(pad_id, None)
            self._sessions.pop(pad_id).close()
        for pad_id in wanted.keys() - self._sessions.keys():
            session = self._sessions[pad_id] = self._engine.open_pad(bytes.fromhex(pad_id))
            session.view.observe(partial(self._changed, pad_id))
            session.view.observe_maps(lambda root, keys: self._want_list())

    def _changed(self, pad_id: str, change: Change) -> None:
        self._texts.pop(pad_id, None)

    def _pads(self) -> dict[str, Pad]:
        return {pad_id: self._pad(pad_id) for pad_id in self._sessions}

    def _pad(self, pad_id: str) -> Pad:
        session = self._sessions[pad_id]
        if pad_id not in self._texts:
            self._texts[pad_id] = session.view.text()
        return Pad(self._paths[pad_id], self._texts[pad_id], not session.view.read_only)

    # -- what is done

    @singledispatchmethod
    def _do(self, action: Action) -> None:
        raise NotImplementedError

    @_do.register
    def _(self, do: plan.Write) -> None:
        text = self._pad(do.pad_id).text
        file = self._files.get(do.path)
        self._ledger.announce(do.pad_id, text)
        stamp = self._disk.write(do.path, text, do.over, crlf=bool(file and file.crlf))
        self._ledger.agree(do.pad_id, do.path, text, stamp)

    @_do.register
    def _(self, do: plan.Agree) -> None:
        file = self._files[do.path]
        self._ledger.agree(do.pad_id, do.path, file.text or "", file.stamp)

    @_do.register
    def _(self, do: plan.Merge) -> None:
        session, file = self._sessions[do.pad_id], self._files[do.path]
        edited = file.text or ""
        # Edits and agreement in one transaction: either without the other would make the edits twice.
        with session.replica.store.transaction():
            session.view.end_undo_group()
            session.view.replace_all(merged_edits(do.base, edited, session.view.text()))
            session.view.end_undo_group()
            session.flush()
            self._ledger.agree(do.pad_id, do.path, edited, file.stamp)

    @_do.register
    def _(self, do: plan.SetAside) -> None:
        beside = conflict_name(do.path, datetime.now(UTC).strftime("%Y-%m-%d %H%M"), self._files)
        if do.pad_id is not None:
            # Without a file and with nothing agreed on, the pad is written anew, also after a crash here.
            self._ledger.forget(do.pad_id)
        stamp = self._disk.move(do.path, beside)
        self._ledger.set_aside(beside, stamp)
        self._say(f"{do.path}: {do.why}; it is kept as {beside}")
        if do.pad_id is not None:
            self._do(plan.Write(do.pad_id, do.path, None))

    @_do.register
    def _(self, do: plan.Create) -> None:
        file = self._files[do.path]
        # A pad that is made and not agreed on would be a second one beside this file after a crash.
        with self._engine.drive_session.replica.store.transaction():
            folder = self._folder_of(do.path)
            made = self._engine.create_pad(title_of(do.path), text=file.text or "")
            self._place(made.pad_id, folder)
            self._ledger.agree(made.pad_id.hex(), do.path, file.text or "", file.stamp)
        self._moved_pads()

    @_do.register
    def _(self, do: plan.MovePad) -> None:
        file, pad_id = self._files[do.new], bytes.fromhex(do.pad_id)
        folder = self._folder_of(do.new) if folder_of(do.new) != folder_of(do.old) else None
        if file_name(title_of(do.new)) != file_name(title_of(do.old)):
            self._engine.rename(pad_id, title_of(do.new))
        if folder is not None:
            self._place(pad_id, folder)
        self._ledger.agree(do.pad_id, do.new, self._ledger.agreed[do.pad_id].text, file.stamp)
        self._moved_pads()

    @_do.register
    def _(self, do: plan.MoveFile) -> None:
        stamp = self._disk.move(do.old, do.new)
        self._ledger.agree(do.pad_id, do.new, self._ledger.agreed[do.pad_id].text, stamp)

    @_do.register
    def _(self, do: plan.TrashPad) -> None:
        self._engine.trash(bytes.fromhex(do.pad_id))
        self._ledger.forget(do.pad_id)
        self._moved_pads()
        self._say(f"{do.path}: removed on disk, so its pad is in the trash")

    @_do.register
    def _(self, do: plan.RemoveFile) -> None:
        self._disk.remove(do.path, self._files[do.path].stamp)
        self._ledger.forget(do.pad_id)
        self._say(f"{do.path}: its pad left the folder, so the file is removed")

    @_do.register
    def _(self, do: plan.Forget) -> None:
        self._ledger.forget(do.pad_id)

    def _folder_of(self, path: str) -> str:
        """The drive's folder that a path on disk names, made where it is missing; raises DriveError: a disk
        has deeper and longer named ones. Before anything else is done."""
        parts = [part for part in (tree_of(self._engine).path(self._folder), folder_of(path)) if part]
        return keeping.make_folder(self._engine, "/".join(parts)) if folder_of(path) else self._folder

    def _place(self, pad_id: bytes, folder: str) -> None:
        if folder != TOP or tree_of(self._engine).folder_of(pad_id.hex()) != TOP:
            keeping.move_pad(self._engine, pad_id, folder)

    # -- what is told

    def _left_out(self) -> list[str]:
        """Files that are no pad's and cannot become one."""
        owned = {agreed.path for agreed in self._ledger.agreed.values()}
        return [path for path, file in self._files.items() if file.text is None and path not in owned]

    def _name_what_stays_out(self) -> None:
        for path in self._left_out():
            if path not in self._ledger.aside:
                self._say_once(f"{path}: left out, {self._files[path].why}")

    def _say_once(self, line: str) -> None:
        if line not in self._said:
            self._said.add(line)
            self._say(line)


def _path_of(action: Action) -> str:
    return (
        action.new if isinstance(action, plan.MoveFile | plan.MovePad) else getattr(action, "path", "a file")
    )


def _inside(pad: PadListing, above: str) -> str:
    """The folder of a pad below the mounted one."""
    return pad.folder.removeprefix(above).strip("/") if above else pad.folder
