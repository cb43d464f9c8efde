"""How every block and mark of rich text looks: kept pictures at two sizes, sixteen colours, and none.

A picture is text: each row, and below it the styles of its parts. `python tests/ui/test_looks.py` makes them
anew, to be read in the difference.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from textual.strip import Strip

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.ui.widgets.editor_view import EditorView
from support.rich_sample import BLOCKS, RichApp
from support.terminal import Cell, Terminal, key
from support.warm_terminal import WarmTerminal

PICTURES = Path(__file__).parent / "looks"
SIZES = ((80, 24), (120, 40))
PROGRAM = [str(Path(__file__).parents[1] / "support" / "rich_sample.py")]


def described(strip: Strip) -> str:
    """A row as text, and the styles of the parts of it that differ from plain text."""
    text = "".join(segment.text for segment in strip).rstrip()
    parts: list[str] = []
    at = 0
    for segment in strip.simplify():
        style = str(segment.style or "none").replace(" on #121212", "")
        if style not in ("#e0e0e0", "none") and not style.startswith("on #121212"):
            parts.append(f"{at}-{at + segment.cell_length} {style}")
        at += segment.cell_length
    return "\n".join([text, *[f"    {part}" for part in parts]])


async def pictured(size: tuple[int, int]) -> str:
    app = RichApp(chosen_theme="textual-dark")
    async with app.run_test(size=size) as pilot:
        view = app.query_one(EditorView)
        await pilot.pause()
        shown = rows = [described(view.render_line(y)) for y in range(size[1])]
        for _ in range(20):
            # Until the view has its size it stays where it is; the larger screen shows all of it anyway.
            view.reveal(Position(len(BLOCKS), 0))
            await pilot.pause()
            rows = [described(view.render_line(y)) for y in range(size[1])]
            if rows != shown:
                break
        shown = [*shown, "", "-- the end", *rows]
    return "\n".join(shown).rstrip() + "\n"


def name_of(size: tuple[int, int]) -> Path:
    return PICTURES / f"{size[0]}x{size[1]}.txt"


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_every_block_and_mark_looks_as_it_is_kept(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("NO_COLOR", ""), ("COLORTERM", "truecolor"), ("TERM", "xterm-256color")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR")
    assert await pictured(size) == name_of(size).read_text(encoding="utf-8")


# -- terminals with less


class Seen:
    """The screen of a terminal, by what it says."""

    def __init__(self, terminal: Terminal) -> None:
        self.rows = terminal.display()
        self.cells = terminal.cells()

    def of(self, text: str) -> Cell:
        """The cell in which a text begins."""
        y = next(y for y, row in enumerate(self.rows) if text in row)
        columns = "".join(cell.text or "\0" for cell in self.cells[y])
        return self.cells[y][columns.index(text)]

    def attributes(self, text: str) -> tuple[bool, ...]:
        cell = self.of(text)
        return (cell.bold, cell.italic, cell.underline, cell.reverse, cell.strike)


def seen(term: str, env: dict[str, str]) -> tuple[Seen, bytes]:
    with WarmTerminal(PROGRAM, rows=30, cols=80, term=term, env=env) as terminal:
        terminal.wait_for("3 €")
        terminal.pump(0.2)
        screen, raw = Seen(terminal), bytes(terminal.raw)
        terminal.send(key("ctrl+q"))
        terminal.wait_exit()
    return screen, raw


def all_cells(screen: Seen) -> list[Cell]:
    return [cell for row in screen.cells for cell in row]


_NAMES = {"default", "black", "red", "green", "brown", "yellow", "blue", "magenta", "cyan", "white"}
_SIXTEEN = _NAMES | {f"bright{name}" for name in _NAMES}


def test_sixteen_colours_are_enough() -> None:
    screen, raw = seen("screen", {})
    assert {cell.fg for cell in all_cells(screen)} | {cell.bg for cell in all_cells(screen)} <= _SIXTEEN
    assert b"38;5;" not in raw
    assert b"38;2;" not in raw
    assert screen.of("red").fg in ("red", "brightred")
    marked = screen.of("marked")
    assert marked.bg in ("brown", "yellow")
    assert marked.fg == "black"
    assert screen.of("done").strike
    assert screen.of("done").fg == "brightblack"


def test_without_colours_nothing_is_lost() -> None:
    screen, raw = seen("xterm-256color", {"NO_COLOR": "1"})
    assert {cell.fg for cell in all_cells(screen)} | {cell.bg for cell in all_cells(screen)} == {"default"}
    # pyte knows no dim, which is what tells heading 6 from heading 5.
    levels = [screen.attributes(f"Heading {level}") for level in range(1, 7)]
    assert len(set(levels[:5])) == 5
    assert b"\x1b[2m" in raw
    plain = screen.attributes("a bullet")
    for mark in ("bold", "italic", "under", "strike", "marked", "link", "done", "a quote"):
        assert screen.attributes(mark) != plain, mark
    assert any(row == "─" * 79 for row in screen.rows)
    first = next(y for y, row in enumerate(screen.rows) if row.startswith("┌"))
    bars = [[screen.cells[y][x].text for x in (0, 14, 28)] for y in range(first, first + 5)]
    assert ["".join(row) for row in bars] == ["┌┬┐", "│││", "├┼┤", "│││", "└┴┘"]


async def _make() -> None:
    PICTURES.mkdir(exist_ok=True)
    for size in SIZES:
        name_of(size).write_text(await pictured(size), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(_make())
