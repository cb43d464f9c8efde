"""What stands on the drive's screen: the contents, how a person looks at them, what they marked. No widgets.

How they looked is kept in the vault, never what is typed in the filter. Rows are marked by what they are, so
that a mark stays on its pad while others come and go.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cryptpad_tui.drive.tree import TOP, Tree
from cryptpad_tui.engine.in_bulk import Chosen
from cryptpad_tui.engine.listing import tree_of
from cryptpad_tui.ui import words
from cryptpad_tui.ui.drive.rows import (
    Contents,
    FolderRow,
    Key,
    PadRow,
    Row,
    Section,
    Sort,
    View,
    around,
    with_closed,
    with_open,
)
from cryptpad_tui.vault.errors import VaultError

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine, PadListing

_KEPT: Final = "drive/view"
_MOST_OPEN: Final = 1_000
_MOST_NAMES: Final = 5
_SECTIONS: Final = list(Section)
_SORTS: Final = list(Sort)


class Shelf:
    """The drive as one person looks at it."""

    def __init__(self) -> None:
        self.contents = Contents((), Tree(()))
        self.view = View()
        self.needle = ""
        self.marks: set[Key] = set()
        self._engine: Engine | None = None
        self._seen: object = None

    # -- the contents

    def begin(self, engine: Engine) -> None:
        """Look at this vault's drive as it was looked at last."""
        self._engine = engine
        self.view = decoded(engine.vault.setting(_KEPT)) or View()
        if not engine.vault.setting(_KEPT) and tree_of(engine).children(TOP):
            self.view = View(Section.ALL)

    def is_stale(self, engine: Engine) -> bool:
        """Whether anything may look different since the last reading."""
        return self._mark(engine) != self._seen

    def _mark(self, engine: Engine) -> object:
        open_pads = [(each.pad_id, each.status().word) for each in engine.open_pads if each.attached_here]
        return engine.vault.changes(), engine.relay_url(), open_pads

    def read(self, engine: Engine) -> None:
        """The drive as it is. A long one takes a third of a second, so in a thread."""
        seen = self._mark(engine)
        self.contents = Contents(engine.listing(trashed=True), tree_of(engine), self.view.sort)
        if self.marks:
            self.marks &= self.contents.keys(self.view.section)
        self._seen = seen

    def rows(self) -> list[Row]:
        return self.contents.rows(self.view, self.needle)

    # -- how it is looked at

    def go_to(self, section: Section) -> None:
        self.marks.clear()
        self._look(replace(self.view, section=section))

    def next_section(self) -> None:
        self.go_to(_SECTIONS[(_SECTIONS.index(self.view.section) + 1) % len(_SECTIONS)])

    def next_sort(self) -> None:
        sort = _SORTS[(_SORTS.index(self.view.sort) + 1) % len(_SORTS)]
        self.contents = self.contents.sorted_by(sort)
        self._look(replace(self.view, sort=sort))

    def open_folder(self, folder_id: str) -> None:
        """Show what is in a folder, wherever it is."""
        view = with_open(self.view, around(self.contents.tree, folder_id))
        self._look(replace(view, section=Section.ALL))

    def close_folder(self, folder_id: str) -> None:
        self._look(with_closed(self.view, folder_id))

    def _look(self, view: View) -> None:
        self.view = view
        if self._engine is not None:
            was_fresh = not self.is_stale(self._engine)
            # A full disk is told by what it really costs; how a list looked is not worth a word.
            with suppress(VaultError):
                self._engine.vault.set_setting(_KEPT, encoded(view))
            if was_fresh:
                self._seen = self._mark(self._engine)

    # -- marks

    def mark(self, row: Row) -> None:
        self.marks ^= {row.key}

    def mark_all(self) -> None:
        """Every row that is shown; none, where all are marked."""
        shown = {row.key for row in self.rows()}
        self.marks = self.marks - shown if shown <= self.marks else self.marks | shown

    def chosen(self, row: Row | None) -> Chosen:
        """The rows that are marked, or else the one that the list is at."""
        if not self.marks:
            return chosen_of([] if row is None else [row])
        lines, tree = self.contents, self.contents.tree
        pads = [pad.pad_id for pad in (*lines.lines, *lines.trashed) if pad.pad_id.hex() in self.marks]
        return Chosen(tuple(pads), tuple(sorted(self.marks & tree.folders.keys())))

    def hidden_marks(self) -> int:
        """How many marked rows the filter, or a closed folder, does not show."""
        return len(self.marks - {row.key for row in self.rows()}) if self.marks else 0

    def pads_of(self, chosen: Chosen) -> list[PadListing]:
        lines = {pad.pad_id: pad for pad in (*self.contents.lines, *self.contents.trashed)}
        return [lines[pad_id] for pad_id in chosen.pads if pad_id in lines]

    def names(self, chosen: Chosen) -> tuple[str, ...]:
        """Of many rows the first, in a line: not all may be on the screen. Of a folder how much is in it."""
        if len(chosen) == 1:
            return tuple([self.contents.said_inside(each) for each in chosen.folders])
        folders = self.contents.tree.folders
        found = [f"{words.safe_title(folders[each].name)}/" for each in chosen.folders]
        found += [words.safe_title(pad.title) for pad in self.pads_of(chosen)]
        more = len(found) - _MOST_NAMES
        return (", ".join(found[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else ""),)

    def named(self, chosen: Chosen) -> str:
        """What is chosen, in words."""
        if len(chosen) > 1:
            return f"{len(chosen)} chosen rows"
        if chosen.folders:
            return f"“{words.safe_title(self.contents.tree.folders[chosen.folders[0]].name)}”"
        return "".join(f"“{words.safe_title(pad.title)}”" for pad in self.pads_of(chosen))

    def folder_at(self, row: Row | None) -> str:
        """Where something that is made here belongs: the folder of the row, where folders are shown."""
        if row is None or self.view.section is not Section.ALL or self.needle.strip():
            return TOP
        return row.folder.id if isinstance(row, FolderRow) else row.pad.folder_id


def chosen_of(rows: list[Row]) -> Chosen:
    return Chosen(
        tuple(row.pad.pad_id for row in rows if isinstance(row, PadRow)),
        tuple(row.folder.id for row in rows if isinstance(row, FolderRow)),
    )


def encoded(view: View) -> str:
    """A view as the vault keeps it."""
    return " ".join([view.section.name, view.sort.name, *sorted(view.opened)[:_MOST_OPEN]])


def decoded(text: str | None) -> View | None:
    """The view that was kept; None where it is none."""
    section, _, rest = (text or "").partition(" ")
    sort, *opened = rest.split(" ")
    if section not in Section.__members__ or sort not in Sort.__members__:
        return None
    return View(Section[section], Sort[sort], frozenset(opened[:_MOST_OPEN]))
