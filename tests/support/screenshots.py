"""Makes screenshots/*.svg: `python tests/support/screenshots.py [FOLDER]`.

The screens are the real ones over an engine of values, so that every run gives the same bytes and no picture
ever shows a secret of anybody.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from ui.fake_engine import SECRET, FakeBackend, FakeEngine, listing, person

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.engine import AlarmLine, PadListing, SyncWord
from cryptpad_tui.ui.app import CryptpadApp

SIZE = (90, 26)
FOLDER = Path(__file__).parents[2] / "screenshots"
TEXT = """# Plans for Saturday

Meet at **ten**, at the *old* pier. Bring what is ticked:

- [x] tent (KATE)
- [ ] bread and cheese
- [ ] the boat, if [the harbour](https://harbour.example) lends it

> Rain from four on, says the radio.

```sh
cryptpad-tui append "Plans for Saturday" < packing.txt
```
"""
_MINUTE_MS = 60_000

Scene = Callable[[Any, CryptpadApp, FakeEngine], Awaitable[object]]


def _drive() -> list[PadListing]:
    now = int(time.time() * 1000)
    lines = (
        ("Plans for Saturday", 1, SyncWord.CONFIRMED, PadKind.TEXT, "owner"),
        ("Minutes of the harbour committee", 47, SyncWord.SYNCED, PadKind.TEXT, "edit"),
        ("Letter to the council", 3 * 60, SyncWord.WAITING, PadKind.TEXT, "owner"),
        ("Song book", 26 * 60, SyncWord.SYNCED, PadKind.RICHTEXT, "view"),
        ("Diary", 3 * 24 * 60, SyncWord.SAVED, PadKind.TEXT, "owner"),
    )
    return [
        listing(
            title, number=number, changed_ms=now - minutes * _MINUTE_MS - 5_000, sync=sync, kind=kind,
            role=role, waiting=3 if sync is SyncWord.WAITING else 0,
        )
        for number, (title, minutes, sync, kind, role) in enumerate(lines, 1)
    ]  # fmt: skip


async def _open(pilot: Any, engine: FakeEngine) -> Any:
    session = engine.session(engine.lines[0], TEXT)
    session.text = "synced, confirmed by KATE just now"
    session.here = [
        person("KATE", key=b"\x4a\x01", caret=Position(5, 22), anchor=Position(5, 6), typing=True),
        person("JOHN", key=b"\x99\x02", caret=Position(8, 36), colour=(229, 192, 123)),
    ]
    await pilot.press("enter")
    await pilot.pause(0.2)
    return session


async def first_run(pilot: Any, app: CryptpadApp, engine: FakeEngine) -> None:
    await pilot.press(*"ANNA", "enter", *"correct horse battery", "enter")


async def drive(pilot: Any, app: CryptpadApp, engine: FakeEngine) -> None:
    """The list as it comes."""


async def pad(pilot: Any, app: CryptpadApp, engine: FakeEngine) -> None:
    await _open(pilot, engine)
    await pilot.press("down", "down", "end")


async def share(pilot: Any, app: CryptpadApp, engine: FakeEngine) -> None:
    await _open(pilot, engine)
    await pilot.press("ctrl+t", "enter")


async def keys(pilot: Any, app: CryptpadApp, engine: FakeEngine) -> None:
    await _open(pilot, engine)
    await pilot.press("f1")


async def palette(pilot: Any, app: CryptpadApp, engine: FakeEngine) -> None:
    await _open(pilot, engine)
    await pilot.press("ctrl+p", *"line")


async def alarm(pilot: Any, app: CryptpadApp, engine: FakeEngine) -> None:
    session = await _open(pilot, engine)
    sentence = "the relay shows different people different histories of this pad"
    advice = "Your text is safe here. Keep a copy, and do not use this relay for this pad until you know why."
    session.alarm = AlarmLine(session.pad_id, "FORK", sentence, advice)
    app.screen.look()  # type: ignore[attr-defined]


SCENES: tuple[Scene, ...] = (first_run, drive, pad, share, keys, palette, alarm)


async def picture(scene: Scene, theme: str = "textual-dark") -> str:
    """One scene as an SVG."""
    engine = FakeEngine(*_drive())
    engine.url = "local"
    exists = scene is not first_run
    backend = FakeBackend(engine, exists=exists)
    environ = {"TERM": "xterm-256color"}
    app = CryptpadApp(Path("/nowhere"), passphrase=SECRET, backend=backend, environ=environ)
    async with app.run_test(size=SIZE) as pilot:
        while exists and not engine.calls:
            await pilot.pause(0.02)
        app.theme = theme
        await pilot.pause()
        await scene(pilot, app, engine)
        await pilot.pause(1.2)
        return app.export_screenshot(title="cryptpad-tui", simplify=True)


def main(folder: Path) -> None:
    """Write all pictures."""
    os.environ.update(TEXTUAL_ANIMATIONS="none", TZ="UTC")
    folder.mkdir(exist_ok=True)
    for scene in SCENES:
        name = getattr(scene, "__name__", "").replace("_", "-")
        (folder / f"{name}.svg").write_text(asyncio.run(picture(scene)) + "\n", encoding="utf-8")
        print(f"{name}.svg")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
