"""Choose a folder: type a part of its path, press Enter. The answer is its id; it moves nothing itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from textual.app import ComposeResult

from cryptpad_tui.drive.tree import TOP, Tree
from cryptpad_tui.ui import words
from cryptpad_tui.ui.screens.base import Action, Dialog, ListKeys
from cryptpad_tui.ui.screens.fields import Field
from cryptpad_tui.ui.widgets.row_list import Painting, RowList
from cryptpad_tui.ui.widgets.text_line import TextLine

_TOP_WORDS = "/ (the top of the drive)"
_Place = tuple[str, str]
"""A folder's id and path."""


def places(tree: Tree, without: Collection[str]) -> list[_Place]:
    """Every folder that is not in the trash, by path, the top first; none of `without`, nor below those."""
    barred = {inside for folder in without for inside in tree.below(folder)}
    kept = [each for each in tree.folders if each not in barred and not tree.is_in_trash(each)]
    paths = sorted(((each, tree.path(each)) for each in kept), key=lambda place: place[1].casefold())
    return [(TOP, ""), *paths]


class FolderPicker(Dialog[str], ListKeys):
    """The answer is the id of a folder, empty for the top."""

    contexts = ("dialog", "list", "everywhere")

    def __init__(self, title: str, tree: Tree, *, without: Collection[str] = ()) -> None:
        super().__init__()
        self._title = title
        self._places = [(place, place[1].casefold()) for place in places(tree, without)]
        self.found: RowList[_Place] = RowList(_paint, empty=_NONE, id="found")

    def body(self) -> ComposeResult:
        yield TextLine([(f" {self._title}", "strong")], id="header")
        yield Field(id="filter", placeholder="Type a part of the folder's path")
        yield self.found
        yield self.key_bar()

    def on_mount(self) -> None:
        self.query_one(Field).focus()
        self._filter()

    def on_input_changed(self) -> None:
        self._filter()

    def _filter(self) -> None:
        needle = self.query_one(Field).value.strip().casefold()
        found = [place for place, path in self._places if needle in path]
        if found != self.found.rows:
            self.found.show(found, index=0)

    def on_row_list_chosen(self) -> None:
        self._choose()

    def actions(self) -> Mapping[str, Action]:
        return {**super().actions(), **self.list_actions(self.found), "dialog.choose": self._choose}

    def _choose(self) -> None:
        self._filter()  # Enter may come before the news of the last letter
        if self.found.chosen is not None:
            self.dismiss(self.found.chosen[0])


def _paint(place: _Place, width: int) -> Painting:
    folder_id, path = place
    return [(words.safe_title(path) if folder_id else _TOP_WORDS, "")], []


_NONE = ((), ((" No folder has that in its path. F7 in the list of pads makes one.", "muted"),))
