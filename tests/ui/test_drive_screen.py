"""The drive's screen over a real vault: folders, marks, tags, names, the trash, looks, search."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot

from cryptpad_tui.engine import Engine, keeping
from cryptpad_tui.engine.listing import tree_of
from cryptpad_tui.ui.app import CryptpadApp
from cryptpad_tui.ui.backend import VaultBackend
from cryptpad_tui.ui.drive.rows import FolderRow, PadRow
from cryptpad_tui.ui.screens.drive import DriveScreen
from cryptpad_tui.ui.screens.pad import PadScreen
from cryptpad_tui.ui.screens.search import SearchScreen
from cryptpad_tui.vault.vault import Vault

pytestmark = pytest.mark.usefixtures("cheap_passphrases")
PASSPHRASE = b"pw"


class Desk:
    """The app on somebody's drive, under a pilot."""

    def __init__(self, app: CryptpadApp, pilot: Pilot[int]) -> None:
        self.app, self.pilot = app, pilot

    @property
    def engine(self) -> Engine:
        assert self.app.engine is not None
        return self.app.engine

    @property
    def drive(self) -> DriveScreen:
        screen = self.app.screen
        assert isinstance(screen, DriveScreen), screen
        return screen

    async def press(self, *keys: str) -> None:
        """Letters in a row need no pause between them."""
        for key in keys:
            self.app.post_message(events.Key(key, key if len(key) == 1 else None))
            if len(key) > 1:
                await self.pilot.pause()
        await self.pilot.pause()

    async def until(self, condition: Callable[[], object]) -> None:
        for _ in range(300):
            if condition():
                return
            await asyncio.sleep(0.01)
            await self.pilot.pause()
        raise AssertionError(f"did not come; the screen:\n{self.text()}")

    async def sees(self, text: str) -> None:
        await self.until(lambda: text in self.text())

    async def back(self) -> None:
        await self.until(lambda: isinstance(self.app.screen, DriveScreen))
        await self.pilot.pause()

    def text(self) -> str:
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)

    def rows(self) -> list[str]:
        """Folders with a slash, pads by title."""
        return [
            f"{row.folder.name}/" if isinstance(row, FolderRow) else row.pad.title
            for row in self.drive.rows.rows
        ]

    def go_to(self, name: str) -> None:
        self.drive.rows.choose(self.rows().index(name))


def fill(engine: Engine) -> None:
    """Two folders in one another, a pad in each and two at the top."""
    engine.create_pad(
        "Plan", text="# Plan\n\nThe boat sails at ten.\nBring the café flag.", folder="Work/Notes"
    )
    engine.create_pad("Minutes", text="What the committee said", folder="Work")
    engine.create_pad("Diary", text="Dear diary")
    engine.create_pad("Letter", text="Dear aunt")


@asynccontextmanager
async def desk(
    tmp_path: Path, size: tuple[int, int] = (80, 24), environ: dict[str, str] | None = None
) -> AsyncIterator[Desk]:
    vault, _ = Vault.create(tmp_path / "v", PASSPHRASE, name="ANNA", relay_url=None, kdf_memory_mib=64)
    engine = Engine(vault)
    fill(engine)
    await engine.close()
    backend = VaultBackend(tmp_path / "v")
    app = CryptpadApp(tmp_path / "v", passphrase=PASSPHRASE, environ=environ or {}, backend=backend)
    async with app.run_test(size=size) as pilot:
        there = Desk(app, pilot)
        await there.back()
        yield there


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)


async def test_a_drive_is_kept_in_order_by_keys_alone(tmp_path: Path) -> None:
    async with desk(tmp_path) as there:
        await folders_open_and_close(there)
        await many_are_moved_at_once(there)
        await tags_are_put_on_and_filter(there)
        await names_and_titles_are_told_apart(there)
        await templates_and_copies_are_made(there)
        await the_trash_gives_back_until_it_is_emptied(there)
        assert not set(there.text()) & {"\x1b", "\x07", "\u202e"}


async def folders_open_and_close(there: Desk) -> None:
    assert there.rows() == ["Work/", "Letter", "Diary"], "folders are what is shown where there are any"
    assert "[All]" in there.text()
    await there.press("right", "down", "right")
    assert there.rows() == ["Work/", "Notes/", "Plan", "Minutes", "Letter", "Diary"]
    assert "▾ Work" in there.text()
    await there.press("down", "left")
    assert there.rows()[there.drive.rows.index] == "Notes/", "left goes to the folder around"
    await there.press("left", "left", "left")
    assert there.rows() == ["Work/", "Letter", "Diary"]
    await there.press("enter")
    assert there.rows() == ["Work/", "Notes/", "Minutes", "Letter", "Diary"]
    await there.press("f7", *"Home", "enter")
    await there.back()
    await there.until(lambda: "Home/" in there.rows())
    assert tree_of(there.engine).at("Work/Home"), "made in the folder that the list was at"
    await there.press("f3")
    assert "Templates]" in there.text()
    await there.press("alt+r")
    assert there.rows() == ["Letter", "Diary", "Minutes", "Plan"]
    assert "in Work/Notes" in there.text()
    await there.press("alt+s")
    assert there.rows() == ["Diary", "Letter", "Minutes", "Plan"]
    await there.press("alt+s", "alt+s", "alt+s", "alt+a")


async def many_are_moved_at_once(there: Desk) -> None:
    there.go_to("Letter")
    await there.press("insert", "space")
    assert "2 marked" in there.text()
    assert there.text().count("✓") == 2
    await there.press("f6", *"ho", "enter")
    await there.back()
    await there.until(lambda: [pad.folder for pad in there.engine.listing()].count("Work/Home") == 2)
    await there.sees("Moved into “Work/Home”")
    assert "marked" not in there.text()
    there.go_to("Work/")
    await there.press("f6")
    await there.sees("the top of the drive")
    assert "Work/Home" not in there.text(), "a folder is not offered what is in it"
    await there.press("escape")
    await there.back()


async def tags_are_put_on_and_filter(there: Desk) -> None:
    there.go_to("Minutes")
    await there.press("alt+g", *"red #Urgent", "enter")
    await there.back()
    await there.sees("#Urgent #red")
    await there.press("#", *"ur")
    await there.until(lambda: there.rows() == ["Minutes"])
    await there.press("alt+g")
    await there.pilot.pause()
    await there.press("home", *["delete"] * 7, "enter")
    await there.back()
    await there.until(lambda: there.engine.find("Minutes").tags == ("red",))
    await there.sees("No title has that in it")
    await there.press("escape")
    await there.until(lambda: "Work/" in there.rows())


async def names_and_titles_are_told_apart(there: Desk) -> None:
    there.go_to("Minutes")
    await there.press("f4", *"Mine", "enter")
    await there.back()
    await there.until(lambda: "Mine" in there.rows())
    await there.press("f2")
    await there.sees("You call it “Mine”")
    await there.press("s", "enter")
    await there.back()
    await there.until(
        lambda: keeping.shared_title(there.engine, there.engine.find("Mine").pad_id) == "Minutess"
    )
    there.go_to("Work/")
    await there.press("f2", "s", "enter")
    await there.back()
    await there.until(lambda: "Works/" in there.rows())


async def templates_and_copies_are_made(there: Desk) -> None:
    there.go_to("Mine")
    await there.press("alt+k")
    await there.sees("a template")
    await there.press("f5", "enter")
    await there.back()
    await there.until(lambda: "Mine (copy)" in there.rows())
    await there.press("alt+l")
    assert there.rows() == ["Mine"]
    await there.press("alt+t", "enter")
    await there.sees("The title of the pad")
    await there.press(*"From it", "enter")
    await there.until(lambda: isinstance(there.app.screen, PadScreen))
    assert there.app.screen.session.view.text() == "What the committee said"  # type: ignore[attr-defined]
    await there.press("escape")
    await there.back()
    await there.press("alt+a")


async def the_trash_gives_back_until_it_is_emptied(there: Desk) -> None:
    await there.until(lambda: "Works/" in there.rows())
    there.go_to("Works/")
    await there.press("delete", "down", "enter")
    await there.back()
    await there.until(lambda: "Works/" not in there.rows())
    await there.press("alt+x")
    assert there.rows()[0] == "Works/"
    await there.press("enter")
    await there.sees("Back from the trash: “Works”")
    await there.press("f3", "alt+a")
    there.go_to("From it")
    await there.press("tab", "d", "down", "enter")
    await there.back()
    await there.press("4", "alt+z", "enter")
    await there.back()
    assert "From it" in there.rows(), "the first answer is the safe one"
    await there.press("alt+z", "down", "enter")
    await there.back()
    await there.sees("The trash is empty")
    assert "From it" not in [pad.title for pad in there.engine.listing(trashed=True)]


async def test_a_look_opens_nothing_and_search_leads_to_the_match(tmp_path: Path) -> None:
    async with desk(tmp_path, environ={"NO_COLOR": "1"}) as there:
        await a_look_opens_nothing(there)
        await search_leads_to_the_match(there)
        await the_mouse_reaches_what_keys_do(there)


async def a_look_opens_nothing(there: Desk) -> None:
    before = there.engine.listing()
    await there.press("tab", "1")
    there.go_to("Plan")
    await there.press("p")
    await there.sees("The boat sails at ten.")
    assert list(there.engine.open_pads) == []
    assert there.engine.listing() == before, "nothing was changed by looking"
    await there.press("up")
    await there.sees("What the committee said")
    assert "boat" not in there.text()
    await there.press("p")
    assert "committee said" not in there.text()
    await there.press("slash", *"pl")
    await there.until(lambda: there.rows() == ["Plan"])
    await there.press("escape")


async def search_leads_to_the_match(there: Desk) -> None:
    hostile = there.engine.create_pad("Evil", text="boat \u202e\u2066 reversed").pad_id
    await there.press("ctrl+f")
    await there.until(lambda: isinstance(there.app.screen, SearchScreen))
    await there.press(*"cafe fl*")
    await there.sees("Bring the café flag")
    assert "line 4" in there.text()
    await there.press("enter")
    await there.until(lambda: isinstance(there.app.screen, PadScreen))
    screen = there.app.screen
    assert isinstance(screen, PadScreen)
    await there.until(lambda: screen.view.position == (3, 10))
    assert screen.view.editor.state.find is not None, "what was found is marked"
    await there.press("escape")
    await there.back()
    await there.press("ctrl+f")
    await there.sees("cafe fl*")
    await there.press(*"boat")
    await there.until(lambda: "Evil" in there.text())
    assert not set(there.text()) & {"\u202e", "\u2066", "\x02", "\x03"}
    await there.press(*"zzz")
    await there.sees("No pad has all of that")
    await there.press("escape")
    await there.back()
    there.engine.trash(hostile)


async def the_mouse_reaches_what_keys_do(there: Desk) -> None:
    await there.press("alt+a")
    await there.pilot.click("#header", offset=(2, 0))
    assert "[Recent]" in there.text()
    await there.pilot.click("#header", offset=(10, 0))
    assert "[All]" in there.text()
    await there.pilot.click("#pads", offset=(6, 0))
    await there.pilot.click("#pads", offset=(6, 0))
    await there.until(lambda: "Notes/" in there.rows())
    assert any(isinstance(row, PadRow) for row in there.drive.rows.rows)


async def test_what_is_marked_is_what_is_removed_whatever_is_typed_meanwhile(tmp_path: Path) -> None:
    async with desk(tmp_path) as there:
        there.go_to("Letter")
        await there.press("space", "space")
        await there.sees("2 marked")
        await there.press("d")
        await there.sees("Remove 2 chosen rows?")
        assert "Letter, Diary" in there.text()
        await there.press("escape")
        await there.back()
        await there.press("tab")
        await there.press(*"lett")
        await there.sees("2 marked, 1 not shown")
        await there.press("escape")
        await there.sees("2 marked")
        assert there.rows() == ["Work/", "Letter", "Diary"], "the filter goes first, as it came last"
        keeping.trash(there.engine, there.engine.find("Diary").pad_id)
        there.drive.look()
        await there.sees("1 marked")
        await there.press("delete")
        await there.sees("Remove “Letter”?")
        await there.press("down", "enter")
        await there.back()
        await there.until(lambda: there.rows() == ["Work/"])
        assert "marked" not in there.text()
        await there.press("delete")
        await there.sees("With the 2 pads in it.")


async def test_what_is_loaded_beside_the_opening_is_there_before_it_is_used(tmp_path: Path) -> None:
    """A vault that is open at once, and modules that another thread is still in the middle of."""

    class Slow(VaultBackend):
        is_warm = False

        def warm_up(self) -> None:
            time.sleep(0.3)
            super().warm_up()
            self.is_warm = True

        def engine(self, vault: Vault) -> Engine:
            assert self.is_warm
            return super().engine(vault)

    vault, _ = Vault.create(tmp_path / "v", PASSPHRASE, name="ANNA", relay_url=None, kdf_memory_mib=64)
    vault.close()
    app = CryptpadApp(tmp_path / "v", passphrase=PASSPHRASE, environ={}, backend=Slow(tmp_path / "v"))
    async with app.run_test(size=(80, 24)) as pilot:
        await Desk(app, pilot).back()
