"""Vim's map on the screen: the mode, the line behind a colon, leaving, and what the settings switch."""

from __future__ import annotations

from pathlib import Path

from ui.fake_engine import listing
from ui.test_screens_fake import world

from cryptpad_tui.editor.vim.keys import VimKeys
from cryptpad_tui.editor.vim.table import VIM_KEYS
from cryptpad_tui.settings.errors import UnusableSettings
from cryptpad_tui.settings.reading import Loaded, parsed
from cryptpad_tui.ui.commands import all_commands, app_keymap, use_keys
from cryptpad_tui.ui.habits import Habits
from cryptpad_tui.ui.screens.drive import DriveScreen
from cryptpad_tui.ui.screens.pad import PadScreen

LINE = listing("Errands")


def vim_habits() -> Habits:
    return Habits(parsed('keymap = "vim"', all_commands))


async def test_the_settings_switch_vim_on_and_the_mode_is_shown() -> None:
    async with world(LINE, habits=vim_habits()) as there:
        await there.press("enter")
        screen = there.app.screen
        assert isinstance(screen, PadScreen)
        assert isinstance(screen.view.vim, VimKeys)
        before = screen.session.view.text()
        await there.press("i")
        await there.sees("-- INSERT --")
        await there.press("h", "i", "escape")
        await there.until(lambda: "INSERT" not in there.text())
        assert screen.session.view.text() == "hi" + before
        await there.press("2", "d")
        await there.sees("2d")
        await there.press("escape", "V")
        await there.sees("-- VISUAL LINE --")


async def test_escape_stays_in_the_pad_and_q_leaves_it() -> None:
    async with world(LINE, habits=vim_habits()) as there:
        await there.press("enter")
        await there.press("escape", "escape", "escape")
        assert isinstance(there.app.screen, PadScreen)
        await there.press(":", "w", "q")
        await there.sees(":wq")
        await there.press("enter")
        await there.until(lambda: isinstance(there.app.screen, DriveScreen))


async def test_what_cannot_be_done_is_said() -> None:
    async with world(LINE, habits=vim_habits()) as there:
        await there.press("enter")
        await there.press(*":frob", "enter")
        await there.sees("There is no command :frob")
        await there.press("V")
        await there.sees("-- VISUAL LINE --")


async def test_the_palettes_entry_switches_for_the_session() -> None:
    async with world(LINE) as there:
        await there.press("enter")
        screen = there.app.screen
        assert isinstance(screen, PadScreen)
        assert screen.view.vim is None
        assert screen.perform("keys.vim")
        await there.sees("Vim keys are on")
        assert screen.view.vim is not None
        assert screen.perform("keys.vim")
        assert screen.view.vim is None


async def test_settings_that_cannot_be_used_are_told_in_one_line() -> None:
    habits = Habits(Loaded(problem=UnusableSettings(3, "tab_width must be a number from 1 to 16.")))
    async with world(LINE, habits=habits) as there:
        await there.sees("line 3")


async def test_keys_of_the_settings_count_in_the_app_and_in_the_editor() -> None:
    try:
        keys = '[keys]\n"app.theme" = ["shift+f5"]\n"line.delete" = ["alt+shift+q"]'
        async with world(LINE, habits=Habits(parsed(keys, all_commands))) as there:
            assert app_keymap().command("shift+f5", "app") == "app.theme"
            await there.press("enter")
            screen = there.app.screen
            assert isinstance(screen, PadScreen)
            assert screen.view.default_key("alt+shift+q") == "line.delete"
            assert screen.view.default_key("alt+k") is None
    finally:
        use_keys({})


async def test_the_settings_screen_writes_the_file_and_takes_it_at_once(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("# mine\ntab_width = 8  # wide\n")
    async with world(LINE, environ={"TERM": "xterm", "CRYPTPAD_TUI_CONFIG": str(path)}) as there:
        await there.press("enter")
        screen = there.app.screen
        assert isinstance(screen, PadScreen)
        screen.perform("app.settings")
        await there.sees('keymap = "default"  (default)')
        assert "tab_width = 8  (line 2)" in there.text()
        await there.press("enter")
        await there.sees('"default"  (now)')
        await there.press("down", "enter")
        await there.sees('keymap = "vim"')
        await there.press("escape")
        assert path.read_text() == '# mine\ntab_width = 8  # wide\nkeymap = "vim"\n'
        assert screen.view.vim is not None
        assert screen.view.editor.state.settings.tab_width == 8


async def test_the_settings_screen_leaves_a_file_that_it_cannot_read(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("tab_width = 99\n")
    async with world(LINE, environ={"TERM": "xterm", "CRYPTPAD_TUI_CONFIG": str(path)}) as there:
        there.app.screen.perform("app.settings")  # type: ignore[attr-defined]
        await there.sees("line 1: tab_width")
        assert path.read_text() == "tab_width = 99\n"


async def test_locking_forgets_what_was_yanked() -> None:
    habits = vim_habits()
    async with world(LINE, habits=habits) as there:
        registers = habits.registers
        await there.app.drop_engine()
        assert habits.registers is not registers


def test_the_page_has_every_key_of_the_table() -> None:
    page = (Path(__file__).parents[2] / "docs" / "keys.md").read_text(encoding="utf-8")
    assert all(row.title in page for row in VIM_KEYS)
