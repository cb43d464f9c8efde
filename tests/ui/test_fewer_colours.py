"""The screens around a text in real terminals with sixteen colours and with none: one app for each."""

from __future__ import annotations

from pathlib import Path

import pytest
from ui.test_looks import _SIXTEEN, Seen, all_cells

from support.terminal import key
from support.warm_terminal import WarmTerminal

PROGRAM = [str(Path(__file__).parents[1] / "support" / "scene_app.py")]
Screens = dict[str, Seen]


def screens(term: str, env: dict[str, str]) -> Screens:
    found: Screens = {}
    with WarmTerminal(PROGRAM, rows=30, cols=120, term=term, env=env) as terminal:
        terminal.wait_for("1 comment")
        terminal.send("\x1bV")
        terminal.wait_for("┊ def water")
        terminal.send(key("ctrl+f") + "Peas")
        terminal.wait_for("1 of 1")
        terminal.pump(0.3)
        found["find"] = Seen(terminal)
        terminal.send("\x1b")
        terminal.wait_gone("Find:")
        terminal.send("\x1bY")
        terminal.wait_for("│    Later")
        terminal.pump(0.1)
        found["outline"] = Seen(terminal)
        terminal.send("\x1b")
        terminal.pump(0.1)
        terminal.send("\x1b")
        terminal.wait_for("2 pads")
        terminal.press("up", "enter")
        terminal.wait_for("bold words")
        terminal.wait_for(" B ")
        terminal.pump(0.1)
        found["rich"] = Seen(terminal)
        terminal.send(key("ctrl+q"))
        terminal.wait_exit()
    return found


@pytest.fixture(
    scope="module", params=[("screen", {}), ("xterm-256color", {"NO_COLOR": "1"})], ids=["16", "0"]
)
def made(request: pytest.FixtureRequest) -> tuple[bool, Screens]:
    term, env = request.param
    return bool(env), screens(term, env)


def test_no_other_colours_are_used(made: tuple[bool, Screens]) -> None:
    without, found = made
    allowed = {"default"} if without else _SIXTEEN
    for name, screen in found.items():
        used = {cell.fg for cell in all_cells(screen)} | {cell.bg for cell in all_cells(screen)}
        assert used <= allowed, name


def test_what_matters_differs_from_what_stands_beside_it(made: tuple[bool, Screens]) -> None:
    _, found = made

    def look(screen: str, text: str, *, last: bool = False) -> tuple[object, ...]:
        seen = found[screen]
        ys = [y for y, row in enumerate(seen.rows) if text in row]
        y = ys[-1 if last else 0]
        columns = "".join(cell.text or "\0" for cell in seen.cells[y])
        cell = seen.cells[y][columns.rindex(text) if last else columns.index(text)]
        return cell.fg, cell.bg, cell.bold, cell.italic, cell.underline, cell.reverse

    plain = look("find", "Sow ")
    assert look("find", "early**") != look("find", "Sow "), "a comment's text"
    assert look("find", "Peas |   3") != look("outline", "Peas |   3"), "a match in the source"
    assert look("find", "Peas │   3") != look("outline", "Peas │   3"), "a match in the preview"
    assert look("find", "Seed │") != plain, "a table's header in the preview"
    assert look("outline", "Garden plan", last=True) != look("outline", "Later", last=True), (
        "the heading chosen"
    )
    assert look("rich", "B  line") != look("rich", "line 1"), "the format bar"
    assert look("rich", "bold words") != look("rich", "saved here"), "what is bold"
