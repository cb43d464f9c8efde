"""What the first frame must not wait for."""

from __future__ import annotations

import subprocess
import sys

import pytest
from textual.app import App, ComposeResult
from textual.widgets import Static

from cryptpad_tui.ui.screens.base import CommandScreen

_LATER = (
    "cryptpad_tui.pad",
    "cryptpad_tui.crdt",
    "cryptpad_tui.crypto.keys",
    "nacl",
    "cryptpad_tui.engine",
    "pycrdt",
    "apsw",
)


_LATER_THAN_FIRST_RUN = ("cryptpad_tui.ui.screens.dialogs", "cryptpad_tui.ui.screens.recovery", "tomllib")


def test_the_first_frame_loads_neither_documents_nor_keys() -> None:
    code = (
        "import sys, cryptpad_tui.ui.app, cryptpad_tui.ui.screens.unlock, cryptpad_tui.ui.screens.first_run; "
        f"sys.exit(', '.join(name for name in {_LATER!r} if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


def test_the_first_start_loads_no_question_that_it_does_not_ask() -> None:
    code = (
        "import sys, cryptpad_tui.ui.app, cryptpad_tui.ui.screens.first_run; "
        f"sys.exit(', '.join(name for name in {_LATER_THAN_FIRST_RUN!r} if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


class _Sheet(CommandScreen[None]):
    """Counts how often all of it is styled again."""

    styled = 0

    def body(self) -> ComposeResult:
        yield Static("text", id="line")

    def update_node_styles(self, animate: bool = True) -> None:
        if self.query("#line"):
            self.styled += 1
        super().update_node_styles(animate)


@pytest.mark.parametrize("size", [(80, 24), (30, 10)])
async def test_a_new_screen_is_styled_once_and_again_when_its_window_changes(size: tuple[int, int]) -> None:
    app: App[None] = App()
    async with app.run_test(size=size) as pilot:
        sheet = _Sheet()
        await app.push_screen(sheet)
        await pilot.pause()
        assert sheet.styled == 0
        assert sheet.has_class("-wide") == (size[0] >= 80)
        assert sheet.has_class("-low") == (size[1] < 12)
        await app.push_screen(_Sheet())
        await pilot.pause()
        app.pop_screen()
        await pilot.pause()
        assert sheet.styled == 0
        await pilot.resize_terminal(100, 8)
        for _ in range(200):
            await pilot.pause()
            if sheet.has_class("-wide", "-low"):
                break
        assert sheet.has_class("-wide", "-low")
        assert sheet.styled == 1


def test_while_argon2_works_the_editor_is_loaded() -> None:
    code = (
        "import sys, pathlib; from cryptpad_tui.ui.backend import VaultBackend; "
        "VaultBackend(pathlib.Path('none')).warm_up(); "
        "sys.exit('cryptpad_tui.ui.screens.pad' not in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
