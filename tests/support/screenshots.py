"""Makes screenshots/*.svg from the running app: `python tests/support/screenshots.py [FOLDER]`.

Real vaults, a real relay process, a second real engine that joins by a link and types, a relay that really
forks a pad. Everything lives in a temporary folder and is gone afterwards. Keys come from a fixed seed, times
from a fixed distance to the clock: pictures stay nearly the same from run to run, and show nobody's secret.
"""

from __future__ import annotations

import asyncio
import io
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import LayoutUpdate
from textual.strip import Strip

sys.path.insert(0, str(Path(__file__).parents[1]))

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.engine import Engine, PadSession, keeping
from cryptpad_tui.engine.devices import OWN_NAME
from cryptpad_tui.engine.kits import NEVER as NEVER_REMIND_OF_KIT
from cryptpad_tui.host.embedded_relay import EmbeddedRelay
from cryptpad_tui.ui.app import CryptpadApp
from cryptpad_tui.ui.backend import VaultBackend
from cryptpad_tui.ui.screens.drive import DriveScreen
from cryptpad_tui.ui.screens.pad import PadScreen
from cryptpad_tui.vault.vault import Vault

SIZE: Final = (80, 24)
FOLDER: Final = Path(__file__).parents[2] / "screenshots"
PASSPHRASE: Final = b"a passphrase for pictures"
TITLE: Final = "Plans for Saturday"
TEXT: Final = """# Plans for Saturday

Meet at **ten**, at the *old* pier. Bring what is ticked:

- [x] tent (BEN)
- [ ] bread and cheese
- [ ] the boat, if [the harbour](https://harbour.example) lends it

> Rain from four on, says the radio.

```sh
cryptpad-tui append "Plans for Saturday" < packing.txt
```
"""
RICH_TITLE: Final = "The harbour house"
RICH_RUNS: Final = [
    ("The harbour house", {}), ("\n", {"header": 1}),
    ("For ", {}), ("four", {"bold": True}), (" of us, ", {}), ("if", {"italic": True}), (" the ", {}),
    ("owner", {"link": "https://harbour.example"}), (" agrees: 64 m", {}), ("2", {"script": "sup"}),
    ("\n", {}),
    ("To do", {}), ("\n", {"header": 2}),
    ("ask for the key", {}), ("\n", {"list": "checked"}),
    ("count the ", {}), ("beds", {"background": "yellow"}), ("\n", {"list": "unchecked"}),
    ("Bring no boat.", {}), ("\n", {"blockquote": True}),
    ("def per_head(price, people=4):", {}), ("\n", {"code-block": "python"}),
    ("    return price / people", {}), ("\n", {"code-block": "python"}),
    ("Room", {}), ("\n", {"table": "1/100/100"}), ("per night", {}), ("\n", {"table": "1/100/200"}),
    ("Attic", {}), ("\n", {"table": "1/200/100"}), ("40 €", {}), ("\n", {"table": "1/200/200"}),
    ("Cellar", {}), ("\n", {"table": "1/300/100"}), ("25 €", {}), ("\n", {"table": "1/300/200"}),
]  # fmt: skip
FOLDERS: Final = (
    ("Harbour/Trips", "Tour of the north", "# Tour\n\nWith the tide on Friday, back on Sunday.\n"),
    ("Harbour/Trips", "Tide tables", "# Tide tables\n\nSlack water at 11:40, high tide at 17:52.\n"),
    ("Harbour", "Berths", "# Berths\n\nNumber 12 is free.\n"),
    ("Household", "Shopping", "- bread\n- cheese\n"),
    ("", "Letters", "Dear aunt,\n"),
)  # fmt: skip
_MINUTE_MS: Final = 60_000
_DEADLINE_S: Final = 30.0
_REST_S: Final = 0.15
_SEEDS: Final = {"ANNA": 1, "BEN": 2, "MIA": 3}


# ---- people


class Person:
    """Somebody with a vault of their own."""

    def __init__(self, folder: Path, name: str, *, relay: str | None = None) -> None:
        self.name, self.home = name, folder / name.lower()
        self.minutes_ago = 0
        vault, _ = Vault.create(self.home, PASSPHRASE, name=name, relay_url=relay, kdf_memory_mib=64)
        vault.set_setting(NEVER_REMIND_OF_KIT, "1")
        vault.set_setting(OWN_NAME, "desk")
        vault.close()
        self._draw = random.Random(_SEEDS[name])

    def wall_ms(self) -> int:
        return int(time.time() * 1000) - self.minutes_ago * _MINUTE_MS - 5_000

    def engine(self, vault: Vault) -> Engine:
        return Engine(vault, rng=self._draw.randbytes, wall_ms=self.wall_ms)

    @asynccontextmanager
    async def online(self) -> AsyncIterator[Engine]:
        """Their engine, in step with the relay until the end of the block."""
        engine = self.engine(Vault.open(self.home, passphrase=PASSPHRASE))
        try:
            await engine.start()
            yield engine
        finally:
            await engine.close()


class PersonsBackend(VaultBackend):
    """The app's way to this person's vault and engine."""

    def __init__(self, person: Person) -> None:
        super().__init__(person.home)
        self._person = person

    def engine(self, vault: Vault) -> Engine:
        return self._person.engine(vault)


def write(session: PadSession, text: str) -> None:
    """Type at the end of the pad, and leave the caret there."""
    end = session.view.lines.end
    session.view.replace(end, end, text)
    session.set_cursor(session.view.lines.end, session.view.lines.end)
    session.flush()


# ---- the stage: what is there before the first picture


class Stage:
    """ANNA with her pads and a relay, BEN and MIA with links to them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.anna = Person(folder, "ANNA", relay="local")
        self.ben, self.mia = Person(folder, "BEN"), Person(folder, "MIA")
        self._relay_home = self.anna.home / "relay"
        self.relay = EmbeddedRelay(self._relay_home)

    async def set(self) -> None:
        async with self.anna.online() as anna:
            for minutes, title in ((47, "Minutes of the harbour committee"), (3 * 24 * 60, "Diary")):
                self.anna.minutes_ago = minutes
                await anna.sync([anna.create_pad(title, text=f"# {title}\n").pad_id])
            await self._receive_song_book(anna)
            self.anna.minutes_ago = 1
            plans = anna.create_pad(TITLE, text=TEXT)
            link = await anna.make_link(plans.pad_id, view=False)
        self.anna.minutes_ago = 0
        for person in (self.ben, self.mia):
            async with person.online() as engine:
                await engine.join(link)

    async def _receive_song_book(self, anna: Engine) -> None:
        self.anna.minutes_ago = 26 * 60
        async with self.ben.online() as ben:
            ben.set_relay(self.relay.url())
            pad = ben.create_pad("Song book", kind=PadKind.RICHTEXT, runs=[("Ahoy\n", {})])
            await anna.join(await ben.make_link(pad.pad_id, view=True))

    def fork(self) -> None:
        """Let the relay go back to the state that `remember` kept, as if nothing had been written since."""
        self.relay.stop()
        shutil.rmtree(self._relay_home)
        shutil.copytree(self.folder / "kept", self._relay_home)
        self.relay.start_or_find()

    def remember(self) -> None:
        """Keep the relay's state, for `fork`."""
        self.relay.stop()
        shutil.copytree(self._relay_home, self.folder / "kept")
        self.relay.start_or_find()


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """Everything set, and nothing left afterwards."""
    with tempfile.TemporaryDirectory(prefix="cryptpad-tui-pictures-") as name:
        there = Stage(Path(name))
        try:
            await there.set()
            there.remember()
            yield there
        finally:
            there.relay.stop()


# ---- the app


class Camera:
    """An app under a pilot, and the pictures of it."""

    def __init__(self, app: CryptpadApp, pilot: Any) -> None:
        self.app, self._pilot = app, pilot

    async def press(self, *keys: str) -> None:
        await self._pilot.press(*keys)

    async def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + _DEADLINE_S
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"it did not come to that:\n{self.text()}")
            await asyncio.sleep(0.05)

    async def sees(self, text: str) -> None:
        """The text, and then a screen that is painted whole: what lies under a window may come later."""
        await self.until(lambda: text in self.text())
        before, now = "", self.picture()
        while now != before:
            await asyncio.sleep(_REST_S)
            before, now = now, self.picture()

    def text(self) -> str:
        """What the screen says, row by row."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)

    def picture(self) -> str:
        """An SVG of the screen, with the caret, which in a terminal is the terminal's own."""
        app = self.app
        screens = app._background_screens
        update = app.screen._compositor.render_update(full=True, screen_stack=screens, simplify=True)
        assert isinstance(update, LayoutUpdate)
        if app.focused is not None and getattr(app.focused, "shows_terminal_cursor", False):
            x, y = app.cursor_position
            update.strips[y] = [_with_caret(Strip.join(list(update.strips[y])), x)]
        width, height = app.size
        console = Console(
            width=width, height=height, file=io.StringIO(), force_terminal=True, color_system="truecolor",
            record=True, legacy_windows=False, safe_box=False,
        )  # fmt: skip
        console.print(update)
        return console.export_svg(title="cryptpad-tui") + "\n"


def _with_caret(strip: Strip, x: int) -> Strip:
    under = Strip([Segment(segment.text, segment.style) for segment in strip.crop(x, x + 1)])
    caret = under.apply_style(Style(reverse=True))
    return Strip.join([strip.crop(0, x), caret, strip.crop(x + 1, strip.cell_length)])


@asynccontextmanager
async def camera(person: Person, *, pad: str | None = None, exists: bool = True) -> AsyncIterator[Camera]:
    """This person's app, unlocked."""
    passphrase = PASSPHRASE if exists else None
    app = CryptpadApp(
        person.home if exists else person.home / "none",
        pad=pad,
        passphrase=passphrase,
        backend=PersonsBackend(person) if exists else None,
        environ={"TERM": "xterm-256color"},
    )
    async with app.run_test(size=SIZE) as pilot:
        there = Camera(app, pilot)
        app.theme = "textual-dark"
        if exists:
            await there.until(lambda: isinstance(app.screen, PadScreen if pad else DriveScreen))
        yield there


# ---- the scenes

Show = Callable[[str, str], None]
"""Takes a picture's name and its SVG."""


async def first_run(there: Stage, show: Show) -> None:
    async with camera(there.anna, exists=False) as camera_:
        await camera_.press(*"ANNA", "enter", *"correct horse battery staple", "enter")
        show("first-run", camera_.picture())


async def together(there: Stage, show: Show) -> None:
    """ANNA's list and her pad, with BEN writing in it."""
    async with camera(there.anna) as anna:
        await anna.sees(TITLE)
        async with there.ben.online() as engine:
            session = engine.open_pad(engine.find(TITLE).pad_id)
            await _open_with_ben(anna, session)
            show("pad", anna.picture())
            await anna.press("ctrl+t", "enter")
            await anna.sees("Ctrl+C copies it")
            show("share", anna.picture())
            await anna.press("escape")
            await anna.until(lambda: isinstance(anna.app.screen, PadScreen))
            await anna.press("escape")
            await anna.until(lambda: isinstance(anna.app.screen, DriveScreen))
            show("drive", anna.picture())
            session.close()


async def _open_with_ben(anna: Camera, session: PadSession) -> None:
    """Both in the pad: BEN has ticked the cheese and selects what he means, ANNA stands in her line."""
    await anna.press("enter")
    await anna.sees("● BEN")
    ticked = Position(5, 3)
    session.view.replace(ticked, Position(5, 4), "x")
    end = session.view.lines.end
    session.view.replace(end, end, "\n## Later\n\nBEN brings a guitar")
    session.set_cursor(Position(16, 19), Position(16, 12))
    session.flush()
    await anna.sees("guitar")
    await anna.press("down", "down", "end")
    await anna.sees("confirmed by BEN")
    session.set_cursor(Position(16, 12), Position(16, 19))
    await asyncio.sleep(1.5)
    await anna.sees("confirmed by BEN just now")


async def attack(there: Stage, show: Show) -> None:
    """The relay forgets what ANNA wrote, and lets MIA write something else in its place."""
    async with there.anna.online() as anna:
        write(anna.open_pad(anna.find(TITLE).pad_id), "\nANNA asks for the boat")
        await anna.sync([anna.find(TITLE).pad_id])
    there.fork()
    async with there.mia.online() as mia:
        write(mia.open_pad(mia.find(TITLE).pad_id), "\nMIA has the boat already")
        await mia.sync([mia.find(TITLE).pad_id])
    async with camera(there.anna, pad=TITLE) as anna:
        await anna.sees("ALARM FORK: F8 says what to do")
        await anna.press("f8")
        await anna.sees("Go on with this pad")
        show("alarm", anna.picture())


async def rich_text(there: Stage, show: Show) -> None:
    """A rich text with a table, last of all, so that no other picture has it in its list."""
    async with there.anna.online() as anna:
        pad = anna.create_pad(RICH_TITLE, kind=PadKind.RICHTEXT, runs=RICH_RUNS)
        await anna.sync([pad.pad_id])
    async with camera(there.anna, pad=RICH_TITLE) as anna_sees:
        await anna_sees.sees("per night")
        await anna_sees.press("down", "down", "end")
        await anna_sees.sees("H2")
        show("rich", anna_sees.picture())


async def folders(there: Stage, show: Show) -> None:
    """MIA's drive in folders, with a look into a pad, and a search through all of them."""
    there.mia.minutes_ago = 50
    async with there.mia.online() as mia:
        for folder, title, text in FOLDERS:
            mia.create_pad(title, text=text, folder=folder)
        for title, *tags in (("Tour of the north", "boat", "2027"), ("Tide tables", "boat")):
            keeping.tag(mia, mia.find(title).pad_id, tags)
    there.mia.minutes_ago = 0
    async with camera(there.mia) as mia_sees:
        await mia_sees.sees("Harbour")
        await mia_sees.press("right", "down", "right", "down", "insert", "insert", "up", "up", "p")
        await mia_sees.sees("Slack water")
        show("folders", mia_sees.picture())
        await mia_sees.press("escape", "ctrl+f", *"tide*")
        await mia_sees.sees("2 found")
        show("search", mia_sees.picture())


def scenes() -> tuple[Callable[[Stage, Show], Awaitable[None]], ...]:
    """In the order in which they may follow each other."""
    from support.screenshots_files import attached
    from support.screenshots_people import people

    return first_run, together, attack, folders, rich_text, attached, people


async def main(folder: Path) -> None:
    """Write all pictures."""
    folder.mkdir(exist_ok=True)

    def show(name: str, svg: str) -> None:
        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")
        print(f"{name}.svg")

    async with stage() as there:
        for scene in scenes():
            await scene(there, show)


if __name__ == "__main__":
    os.environ.update(TEXTUAL_ANIMATIONS="none", TZ="UTC")
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER))
