"""A program for terminals: the app on a fake vault, a commented markdown pad open and a rich one beside."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from ui.fake_engine import SECRET, FakeBackend, FakeEngine, listing
from ui.test_screen_looks import PLAIN, TEXT

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.ui.app import CryptpadApp

RICH = listing("Minutes", number=2, kind=PadKind.RICHTEXT)


def made() -> CryptpadApp:
    """The app, with the markdown pad open."""
    engine = FakeEngine(PLAIN, RICH)
    plain = engine.session(PLAIN, TEXT.replace("```python", "```"))
    plain.comments.comment(Position(5, 6), Position(5, 11), "How early?")
    rich = engine.session(RICH)
    rich.view.replace(Position(0, 0), Position(0, 0), "bold words", {"bold": True})
    backend = FakeBackend(engine)
    return CryptpadApp(Path("/nowhere"), passphrase=SECRET, pad="Plan", backend=backend, environ=os.environ)


def show_once() -> None:
    """Load all that it needs, on no terminal."""

    async def shown() -> None:
        async with made().run_test(size=(120, 30)) as pilot:
            await pilot.pause()

    asyncio.run(shown())


if __name__ == "__main__":
    asyncio.run(made().run_async(mouse=False))
