"""The same change of many pads and folders, durable as one when a function returns.

Each is what `keeping` does to one. Nothing here takes anything from others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptpad_tui.engine.folders import placing
from cryptpad_tui.engine.keeping import check_tags
from cryptpad_tui.engine.listing import tree_of

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a person chose."""

    pads: tuple[bytes, ...] = ()
    folders: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.pads) + len(self.folders)


async def open_drive(engine: Engine) -> None:
    """The drive's document, which the first change needs: a long one takes seconds, so in a thread."""
    await asyncio.to_thread(lambda: engine.drive)


def move(engine: Engine, chosen: Chosen, into: str) -> None:
    """Into the folder of this id. What cannot be moved leaves the rest where it is; raises DriveError."""
    try:
        for folder in chosen.folders:
            placing.move_folder(engine, folder, into)
        placing.move_pads(engine, chosen.pads, into)
    finally:
        engine.drive_session.flush()


def trash(engine: Engine, chosen: Chosen) -> None:
    """Into the trash; folders with all that is in them."""
    at_ms = engine.wall_ms()
    for folder in chosen.folders:
        engine.drive.trash_folder(folder, at_ms)
    for pad_id in chosen.pads:
        engine.drive.trash(pad_id, at_ms)
    engine.drive_session.flush()


def restore(engine: Engine, chosen: Chosen) -> None:
    """To where each was, or to the nearest folder around that is not in the trash itself."""
    for folder in chosen.folders:
        engine.drive.trash_folder(folder, 0)
    tree = engine.drive.tree()
    for folder in chosen.folders:
        if tree.is_in_trash(parent := tree.folders[folder].parent):
            engine.drive.move_folder(folder, tree.nearest_kept(parent))
    tree = engine.drive.tree()
    for pad_id in chosen.pads:
        if tree.is_in_trash(folder := tree.folder_of(pad_id.hex())):
            engine.drive.move_pad(pad_id, tree.nearest_kept(folder))
        engine.drive.restore(pad_id)
    engine.drive_session.flush()


def tag(engine: Engine, pads: Collection[bytes], add: Collection[str], drop: Collection[str]) -> None:
    """Put tags on every one of these pads, and take others off."""
    check_tags(add, drop)
    tree = tree_of(engine)
    for pad_id in pads:
        has = {each.casefold(): each for each in tree.placed(pad_id.hex()).tags}
        gone = [has[each.casefold()] for each in drop if each.casefold() in has]
        engine.drive.tag(pad_id, [each for each in add if each.casefold() not in has], gone)
        engine.vault.set_search_due(pad_id, engine.wall_ms())
    engine.drive_session.flush()


def set_template(engine: Engine, pads: Collection[bytes], *, on: bool) -> None:
    for pad_id in pads:
        engine.drive.set_template(pad_id, on=on)
    engine.drive_session.flush()
