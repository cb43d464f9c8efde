"""A shared folder on the drive's screen: made, marked, filled, emptied, and only changed by who may."""

from __future__ import annotations

from pathlib import Path

import pytest
from ui.test_drive_screen import Desk, desk

from cryptpad_tui.engine import keeping
from cryptpad_tui.engine.folders.book import FolderBook
from cryptpad_tui.engine.listing import tree_of

pytestmark = pytest.mark.usefixtures("cheap_passphrases")


def entries(there: Desk, folder: bytes) -> set[bytes]:
    with there.engine.borrowed(folder) as session:
        return set(FolderBook(there.engine, session).contents().entries)


async def test_a_shared_folder_is_made_filled_and_emptied(tmp_path: Path) -> None:
    async with desk(tmp_path) as there:
        await there.press("down", "down", "ctrl+p", *"new shared", "enter")
        await there.press(*"Team", "enter")
        await there.until(lambda: "Team/" in there.rows())
        assert "Team (shared)" in there.text()
        shown = tree_of(there.engine).at("Team")[0]
        folder = bytes.fromhex(shown.shared)
        letter = there.engine.find("Letter").pad_id
        keeping.move_pad(there.engine, letter, shown.id)
        assert entries(there, folder) == {letter}
        await there.until(lambda: "Letter" not in there.rows())
        await there.app.open_pad(folder)
        await there.until(lambda: "Letter" in there.rows())
        keeping.move_pad(there.engine, letter, "")
        assert entries(there, folder) == set()
        await there.press("ctrl+p", *"who is in", "enter")
        await there.until(lambda: "Who is in “Team”" in there.text())
