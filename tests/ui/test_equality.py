"""The guard of the frame diff: a real terminal shows the same cells and colours with it and without it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.terminal import Terminal, key
from support.warm_terminal import WarmTerminal

PROBE = str(Path(__file__).with_name("editor_probe.py"))

pytestmark = pytest.mark.e2e


def steps(terminal: Terminal, *, all_of_them: bool) -> Iterator[str]:
    """Type, move, delete, page, resize; after each the screens must be equal."""
    if not all_of_them:
        terminal.send("# 日本é" + key("shift+right") * 4 + key("pagedown"))
        yield "a little of everything"
        return
    for keys in (
        "hello ",
        "日本é",
        key("down") * 3,
        "x y z",
        "\r",
        "\x7f\x7f",
        key("pagedown"),
        key("pagedown"),
    ):
        terminal.send(keys)
        yield repr(keys)
    for keys in (key("up") * 2, key("ctrl+end"), "last", key("ctrl+home"), key("delete") * 3, "# "):
        terminal.send(keys)
        yield repr(keys)
    for keys in (key("shift+right") * 4, key("shift+down"), "over", "\x1a", key("pageup"), key("ctrl+l")):
        terminal.send(keys)
        yield repr(keys)
    terminal.resize(30, 100)
    yield "wider"
    terminal.resize(9, 33)
    yield "tiny"
    terminal.send("end")
    yield "typed in tiny"


@pytest.mark.parametrize(
    ("theme", "environment"),
    [
        ("textual-dark", {"COLORTERM": "truecolor"}),
        ("textual-light", {}),
        ("ansi-dark", {"TERM": "xterm-16color"}),
        ("", {"NO_COLOR": "1"}),
    ],
)
def test_the_screen_is_the_same_with_and_without_the_frame_diff(
    theme: str, environment: dict[str, str]
) -> None:
    command = [PROBE, "mixed", *(["--theme", theme] if theme else [])]
    with ExitStack() as stack:
        with_diff = stack.enter_context(WarmTerminal(command, env=environment))
        without = stack.enter_context(WarmTerminal([*command, "--no-diff"], env=environment))
        for terminal in (with_diff, without):
            terminal.wait_for("Title")
            terminal.wait_for("ready")
        whole = theme == "textual-dark"
        for what, _ in zip(
            steps(with_diff, all_of_them=whole), steps(without, all_of_them=whole), strict=True
        ):
            with_diff.wait_for(lambda _t: same(with_diff, without), timeout_s=3, reason=what)
        assert with_diff.size_bytes * 3 < without.size_bytes


def same(one: Terminal, other: Terminal) -> bool:
    """Whether two terminals show the same, once both are silent."""
    one.pump(0.03)
    other.pump(0.03)
    return one.picture() == other.picture()


def test_no_colour_means_no_colour() -> None:
    with WarmTerminal([PROBE, "mixed"], env={"NO_COLOR": "1"}) as terminal:
        terminal.wait_for("Title")
        terminal.wait_for("ready")
        colours = {(cell.fg, cell.bg) for row in terminal.cells() for cell in row}
        assert colours == {("default", "default")}
