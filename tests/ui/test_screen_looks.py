"""How the screens around a text look, as kept SVG pictures at two sizes: one app a size, from scene to scene.

`python tests/ui/test_screen_looks.py` makes them anew; look at them before they are committed.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from ui.fake_engine import listing
from ui.test_screens_fake import World, world

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.ui.pads.preview_pane import PreviewPane
from cryptpad_tui.ui.screens.drive import DriveScreen
from cryptpad_tui.ui.screens.pad import PadScreen
from support.rich_sample import BLOCKS, document

PICTURES = Path(__file__).parent / "looks"
SIZES = ((80, 24), (120, 40))
PLAIN = listing("Plan", number=1)
RICH = listing("Minutes", number=2, kind=PadKind.RICHTEXT)
TEXT = """---
title: Garden plan
---
# Garden *plan*

Sow **early**, water `daily`, read [the guide](https://example.org/g "Guide").

- [x] dig
- [ ] sow
  1. peas
  2. beans

> Whoever plants a garden
> believes in tomorrow.

```python
def water(beds: list[str]) -> int:
    return len(beds)  # 茶
```

| Seed | Price |
|------|------:|
| Peas |   3 € |

## Later
~~Nothing~~ yet.
"""
Scene = tuple[str, str]


def screen(there: World) -> PadScreen:
    found = there.app.screen
    assert isinstance(found, PadScreen)
    return found


async def opened(there: World, line: object, text: str = "") -> PadScreen:
    pad_id = line.pad_id  # type: ignore[attr-defined]
    await there.app.open_pad(pad_id)
    await there.until(lambda: isinstance(there.app.screen, PadScreen) and screen(there).view.size.width)
    return screen(there)


async def markdown(there: World) -> AsyncIterator[Scene]:
    """Scenes around a markdown pad."""
    session = there.engine.session(PLAIN, TEXT)
    here = await opened(there, PLAIN)
    await there.until(lambda: here.view.editor.code is not None and here.view.editor.code.wanted is None)
    yield "source", "def water"
    await there.press("alt+shift+v")
    pane = here.query_one(PreviewPane)
    await there.sees("believes in tomorrow")
    await there.until(lambda: not any("code.block" in s.styles for r in pane.rows for s in r.row.spans))
    yield "preview", "believes in tomorrow"
    await there.press("alt+shift+v", "alt+shift+y")
    yield "outline", "Later"
    await there.press("escape", "alt+shift+y", "alt+shift+y")
    await there.until(lambda: here.view.display and not here.query_one("#outline").display)
    await there.press("ctrl+f", *"ea")
    yield "find", "of "
    await there.press("escape", "alt+shift+f", *"sow", "enter", *"plant", "alt+a")
    yield "replace", "plant"
    await there.press("escape")
    await there.until(lambda: isinstance(there.app.screen, PadScreen))
    await there.press("escape", "escape")
    book = session.comments
    book.comment(Position(5, 6), Position(5, 11), "How early is early?")
    book.answer(book.threads()[0], "In March.")
    here.view.reveal(Position(7, 0))
    await there.sees("1 comment")
    yield "comment", "1 comment"
    await there.press("alt+shift+e")
    yield "comments", "Comments"
    await there.press("enter")
    yield "thread", "In March."
    await there.press("escape", "escape")
    await there.until(lambda: isinstance(there.app.screen, PadScreen))


async def rich(there: World) -> AsyncIterator[Scene]:
    """Scenes around a rich text pad."""
    session = there.engine.session(RICH, "")
    pieces = document(BLOCKS)
    session.view.apply(pieces.encode())
    here = await opened(there, RICH)
    here.view.reveal(Position(6, 2))
    await there.until(lambda: here.view.editor.code is not None and here.view.editor.code.wanted is None)
    await there.sees(" B  ")
    yield "rich", "Heading 1"
    await there.press("alt+s")
    yield "formats", "Bold"
    await there.press("escape")


async def pictures(size: tuple[int, int]) -> dict[str, str]:
    made: dict[str, str] = {}
    environ = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    async with world(PLAIN, RICH, size=size, environ=environ) as there:
        there.app.theme = "textual-dark"
        for scenes in (markdown, rich):
            async for name, text in scenes(there):
                await there.sees(text)
                made[name] = there.app.export_screenshot(title="cryptpad-tui")
            while not isinstance(there.app.screen, DriveScreen):
                await there.press("escape")
    return made


def folder(size: tuple[int, int]) -> Path:
    return PICTURES / f"{size[0]}x{size[1]}"


@pytest.mark.skipif(
    importlib.util.find_spec("tree_sitter_python") is None, reason="the extra `syntax` is not installed"
)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_every_screen_around_a_text_looks_as_it_is_kept(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("NO_COLOR", ""), ("COLORTERM", "truecolor"), ("TERM", "xterm-256color")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR")
    kept = {path.stem: path.read_text(encoding="utf-8") for path in folder(size).glob("*.svg")}
    made = await pictures(size)
    assert made.keys() == kept.keys()
    for name, svg in made.items():
        assert svg == kept[name], f"{name}: make it again and look at it"


async def _make() -> None:
    os.environ.update(COLORTERM="truecolor", TERM="xterm-256color")
    for size in SIZES:
        folder(size).mkdir(parents=True, exist_ok=True)
        for name, svg in (await pictures(size)).items():
            (folder(size) / f"{name}.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(_make())
