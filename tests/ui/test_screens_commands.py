"""The command table: no key twice where it counts, every command answered, docs/keys.md up to date."""

from __future__ import annotations

from pathlib import Path

from cryptpad_tui.editor.commands import COMMANDS
from cryptpad_tui.editor.keymap import Keymap, is_legacy
from cryptpad_tui.ui import commands
from cryptpad_tui.ui.command_words import ALSO
from cryptpad_tui.ui.pads.find import FindLine
from cryptpad_tui.ui.screens.dialogs import AskDialog, ChooseDialog
from cryptpad_tui.ui.screens.drive import DriveScreen
from cryptpad_tui.ui.screens.first_run import FirstRunScreen
from cryptpad_tui.ui.screens.help import HelpScreen
from cryptpad_tui.ui.screens.pad import PadScreen
from cryptpad_tui.ui.screens.palette import PaletteScreen, distance, matches
from cryptpad_tui.ui.screens.share import ShareScreen
from cryptpad_tui.ui.screens.sign_in import SignInScreen
from cryptpad_tui.ui.screens.unlock import UnlockScreen

ROOT = Path(__file__).parents[2]
SCREENS = (
    DriveScreen, PadScreen, UnlockScreen, FirstRunScreen, SignInScreen, ShareScreen, ChooseDialog, AskDialog,
    HelpScreen,
    PaletteScreen, FindLine,
)  # fmt: skip


def test_no_key_means_two_things_on_one_screen() -> None:
    for screen in SCREENS:
        # The editor takes Escape only while something is selected.
        taken = {"escape": "select.clear"} if screen is PadScreen else {}
        for command in commands.of_contexts(screen.contexts):
            for key in command.keys:
                if (screen, key, command.name) != (PadScreen, "escape", "pad.close"):
                    assert taken.setdefault(key, command.name) == command.name, (screen, key)


def test_every_key_of_the_app_is_sent_by_a_bare_terminal() -> None:
    for command in commands.APP_COMMANDS:
        for key in command.keys[:1]:
            assert is_legacy(key) or key == "question_mark", command.name


def test_the_table_is_accepted_by_the_key_map() -> None:
    Keymap((*commands.APP_COMMANDS, *COMMANDS.values()))


def test_every_context_is_documented_and_has_a_screen() -> None:
    used = {context for screen in SCREENS for context in screen.contexts}
    assert {command.context for command in commands.all_commands()} == set(commands.CONTEXT_TITLES) == used


def test_the_footer_of_every_screen_fits_eighty_cells() -> None:
    for screen in SCREENS:
        assert sum(len(f" {key} {word} ") for key, word in commands.footer_of(screen.contexts)) <= 80


def test_keys_page_is_up_to_date() -> None:
    page = (ROOT / "docs" / "keys.md").read_text(encoding="utf-8")
    assert page == commands.keys_page(), "run: python -m cryptpad_tui.ui.commands > docs/keys.md"


def test_the_palette_finds_by_parts_of_words() -> None:
    assert matches("und chan", COMMANDS["history.undo"])
    assert not matches("undo x", COMMANDS["history.undo"])


def test_who_is_called_so_comes_before_who_is_also_called_so() -> None:
    invite, share = [
        next(each for each in commands.APP_COMMANDS if each.name == name)
        for name in ("app.invite", "pad.share")
    ]
    assert matches("invite", invite)
    assert matches("invite", share)
    assert distance("invite", invite) < distance("invite", share)


def test_who_is_called_so_from_the_first_word_comes_first() -> None:
    named = {command.name: command for command in commands.all_commands()}
    assert distance("contacts", named["app.contacts"]) < distance("contacts", named["app.inbox"])
    assert distance("table", named["format.table"]) == distance("table", named["format.table_row_below"])


def test_the_palette_finds_commands_by_what_else_they_are_called() -> None:
    named = {command.name: command for command in commands.all_commands()}
    assert set(ALSO) <= set(named)
    for words, name in (("revoke", "pad.members"), ("qr", "pad.share"), ("delete", "drive.remove")):
        assert matches(words, named[name])
