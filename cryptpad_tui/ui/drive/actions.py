"""The commands of the drive's screen: which rows each is about, and what the screen shows afterwards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.engine.in_bulk import Chosen
from cryptpad_tui.ui.drive.deeds import Deeds
from cryptpad_tui.ui.drive.rows import FolderRow, PadRow, Section
from cryptpad_tui.ui.drive.shelf import chosen_of
from cryptpad_tui.ui.screens.base import Action

if TYPE_CHECKING:
    from cryptpad_tui.engine import PadListing
    from cryptpad_tui.ui.screens.drive import DriveScreen


class DriveActions:
    """For one screen."""

    def __init__(self, screen: DriveScreen) -> None:
        self._screen, self._shelf = screen, screen.shelf
        self.query = ""
        """What was searched for last."""

    def all(self) -> dict[str, Action]:
        """By the names of the commands."""
        shelf, errands = self._shelf, self._screen.door.errands
        actions: dict[str, Action] = {
            "drive.new": lambda: self._deeds().new_pad(PadKind.TEXT, self._folder()),
            "drive.new_rich": lambda: self._deeds().new_pad(PadKind.RICHTEXT, self._folder()),
            "drive.new_from": lambda: self._deeds().new_from_template(self._folder()),
            "drive.join": errands.join_pad,
            "drive.join_code": errands.devices.join_by_code,
            "drive.destroy": lambda: self._with_pad(errands.devices.destroy),
            "drive.upload": errands.files.upload,
            "drive.transfers": errands.files.call_back,
            "drive.import": self._import,
            "drive.export": lambda: self._with_pad(errands.exchange.export),
            "drive.share": lambda: self._with_pad(errands.share, shared_folder=True),
            "drive.members": lambda: self._with_pad(errands.members, shared_folder=True),
            "drive.relocate": lambda: self._with_pad(errands.relocation.pad),
            "drive.relocate_all": errands.relocation.everything,
            "drive.folder": self._new_folder,
            "drive.folder_shared": lambda: self._new_folder(shared=True),
            "drive.team": lambda: self._new_folder(shared=True, team=True),
            "drive.rename": lambda: self._after(self._deeds().rename(self._one())),
            "drive.name": lambda: self._on_pad(self._deeds().name),
            "drive.duplicate": lambda: self._on_pad(self._duplicate),
            "drive.move": lambda: self._on_chosen(self._deeds().move),
            "drive.tags": lambda: self._on_chosen(self._deeds().tags),
            "drive.template": lambda: self._on_chosen(self._deeds().template),
            "drive.remove": self._remove,
            "drive.restore": self.restore,
            "drive.empty": lambda: self._after(self._deeds().empty()),
            "drive.search": self._search,
            "drive.mark": self._mark,
            "drive.mark_all": lambda: self._show(shelf.mark_all),
            "drive.sort": lambda: self._show(shelf.next_sort),
            "drive.section": lambda: self._screen.go_to(shelf.next_section),
        }
        for section in Section:
            actions[f"drive.{section.name.lower()}"] = self._to(section)
        return {**actions, **self._arrows()}

    def _arrows(self) -> dict[str, Action]:
        """Left and right belong to the filter while something is in it, and to folders else."""
        if self._screen.is_filtering or self._shelf.view.section is not Section.ALL:
            return {}
        return {"drive.unfold": self._unfold, "drive.fold": self._fold}

    # -- what a command is about

    def _deeds(self) -> Deeds:
        engine = self._screen.door.engine
        assert engine is not None
        return Deeds(self._screen.door, engine, self._shelf)

    def _folder(self) -> str:
        return self._shelf.folder_at(self._screen.rows.chosen)

    def _one(self) -> Chosen:
        row = self._screen.rows.chosen
        return chosen_of([] if row is None else [row])

    def _pad(self) -> PadListing | None:
        row = self._screen.rows.chosen
        return row.pad if isinstance(row, PadRow) else None

    def _with_pad(self, action: Callable[[bytes, str], object], *, shared_folder: bool = False) -> object:
        """`shared_folder`: or with the shared folder that is chosen."""
        row, pad = self._screen.rows.chosen, self._pad()
        if shared_folder and isinstance(row, FolderRow) and row.folder.shared:
            return action(bytes.fromhex(row.folder.shared), row.folder.name)
        return None if pad is None else action(pad.pad_id, pad.title)

    def _on_pad(self, deed: Callable[[PadListing], Awaitable[object]]) -> object:
        pad = self._pad()
        return None if pad is None else self._after(deed(pad))

    async def _on_chosen(self, deed: Callable[[Chosen], Awaitable[bool]]) -> None:
        if await deed(self._shelf.chosen(self._screen.rows.chosen)):
            self._shelf.marks.clear()
            self._screen.say_letters_to_rows(on=False)
        self._screen.look()

    async def _after(self, deed: Awaitable[object]) -> None:
        await deed
        self._screen.look()

    # -- the commands

    async def _new_folder(self, *, shared: bool = False, team: bool = False) -> None:
        made = await self._deeds().new_folder(self._folder(), shared=shared, team=team)
        if made is not None:
            self._screen.choose_key(made, unfold=True)

    async def _import(self) -> None:
        folder = self._shelf.contents.tree.path(self._folder())
        made = await self._screen.door.errands.exchange.bring_in(folder)
        if made is not None:
            self._screen.choose(made)

    async def _duplicate(self, pad: PadListing) -> None:
        made = await self._deeds().duplicate(pad)
        if made is not None:
            self._screen.choose(made)

    def _remove(self) -> object:
        if self._screen.is_at_start_of_filter:
            return None
        if self._shelf.view.section is Section.TRASH:
            return self._after(self._deeds().empty())
        return self._on_chosen(self._deeds().remove)

    def restore(self) -> object:
        """Take the chosen rows out of the trash, where that is what is shown."""
        if self._shelf.view.section is not Section.TRASH:
            self._screen.go_to(lambda: self._shelf.go_to(Section.TRASH))
            return None
        return self._on_chosen(self._deeds().restore)

    async def _search(self) -> None:
        from cryptpad_tui.ui.screens.pad import PadScreen
        from cryptpad_tui.ui.screens.search import SearchScreen, show_match

        door = self._screen.door
        assert door.engine is not None
        folders = {pad.pad_id: pad.folder for pad in self._shelf.contents.lines}
        search = SearchScreen(door.engine, folders, self.query)
        match = await door.push_screen_wait(search)
        self.query = search.asked
        if match is not None:
            await door.open_pad(match.pad_id)
            if isinstance(door.screen, PadScreen):
                show_match(door.screen, match)

    def _mark(self) -> None:
        row = self._screen.rows.chosen
        if row is not None:
            self._shelf.mark(row)
            self._screen.show()
            self._screen.rows.move(1)
            self._screen.say_letters_to_rows(on=bool(self._shelf.marks))

    def _to(self, section: Section) -> Action:
        return lambda: self._screen.go_to(lambda: self._shelf.go_to(section))

    def _show(self, change: Callable[[], None]) -> None:
        change()
        self._screen.show()

    def _unfold(self) -> None:
        row = self._screen.rows.chosen
        if isinstance(row, FolderRow) and not row.is_open:
            self._show(lambda: self._shelf.open_folder(row.folder.id))
        else:
            self._screen.rows.move(1)

    def _fold(self) -> None:
        row = self._screen.rows.chosen
        if isinstance(row, FolderRow) and row.is_open:
            self._show(lambda: self._shelf.close_folder(row.folder.id))
        elif row is not None:
            around = row.folder.parent if isinstance(row, FolderRow) else row.pad.folder_id
            self._screen.choose_key(around)
