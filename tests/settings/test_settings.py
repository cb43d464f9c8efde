"""The settings file: what counts, what cannot be used and in which line, and changes that keep comments."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptpad_tui.editor.keymap import KeyedCommand
from cryptpad_tui.settings.errors import SettingsError, SettingsExist, UnusableSettings
from cryptpad_tui.settings.reading import CONFIG_VARIABLE, config_file, lines_of, load, parsed
from cryptpad_tui.settings.table import SETTINGS, UserSettings, default_file, written
from cryptpad_tui.settings.writing import init, save, with_value
from cryptpad_tui.ui.commands import all_commands

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def commands() -> Iterable[KeyedCommand]:
    return all_commands()


def test_the_file_that_is_written_changes_nothing() -> None:
    loaded = parsed(default_file(), commands)
    assert loaded.settings == UserSettings()
    assert not loaded.lines


def test_every_comment_of_the_file_is_a_line_that_can_be_used() -> None:
    text = "\n".join(line.removeprefix("# ") if "= " in line else line for line in default_file().split("\n"))
    text = "\n".join(line for line in text.split("\n") if not line[:1].isupper())
    assert set(tomllib.loads(text)) == {setting.name for setting in SETTINGS} | {"keys"}
    assert parsed(text, commands).settings.keys["line.duplicate"] == ("alt+shift+c",)


def test_the_page_has_the_file() -> None:
    assert f"```toml\n{default_file()}```" in PAGE.read_text()


def test_what_is_set_counts_and_is_known_by_its_line() -> None:
    loaded = parsed(
        'keymap = "vim"\n\ntab_width = 8\n[keys]\n"pad.save" = ["shift+f5"]\nline.delete = []\n', commands
    )
    assert loaded.settings.keymap == "vim"
    assert loaded.settings.keys == {"pad.save": ("shift+f5",), "line.delete": ()}
    assert loaded.lines == {"keymap": 1, "tab_width": 3, "keys.pad.save": 5, "keys.line.delete": 6}


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("tab_width = 0", 1, "a number from 1 to 16"),
        ("\n# x\ntab_width = true", 3, "a number"),
        ('keymap = "emacs"', 1, '"default" or "vim"'),
        ('keys = "vim"', 1, 'keymap = "vim"'),
        ("frob = 1", 1, "no setting frob"),
        ("a = 1\n[frob]\nx = 1", 1, "no setting a"),
        ("tab_width = \n", 1, "value"),
        ("tab_width = 4\ntab_width = 8", 2, ""),
        ('[keys]\n"pad.sav" = ["shift+f5"]', 2, "no command pad.sav"),
        ('[keys]\n\npad.save = "shift+f5"', 3, "list of keys"),
        ('[keys]\n"pad.save" = ["ctrl+i"]', 2, "as another key"),
        ('[keys]\n"pad.save" = ["ctrl+mouse"]', 2, "no terminal sends"),
        ('[keys]\n"pad.save" = ["x"]', 2, "no terminal sends"),
        ('[keys]\n"edit.indent" = ["alt+i"]\n"pad.save" = ["f5"]', 3, "F5 stands for pad.follow"),
        ('tab_width = 2\n[keys]\n"line.delete" = ["ctrl+c"]', 3, "stands for"),
        ("x = " + "[" * 3000, 0, ""),
        ("\ttheme = 'pink'", 1, "theme must be"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(UnusableSettings) as caught:
        parsed(text, commands)
    assert said in str(caught.value)
    assert caught.value.line == line


def test_a_broken_file_leaves_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    assert load(path, commands).problem is None
    for data in (b"\xff", b"tab_width = 99", b"#" * 300_000, b"\x00"):
        path.write_bytes(data)
        loaded = load(path, commands)
        assert loaded.settings == UserSettings()
        assert isinstance(loaded.problem, SettingsError)
    assert isinstance(load(tmp_path, commands).problem, SettingsError)


def test_the_place_is_the_platforms_or_the_persons(tmp_path: Path) -> None:
    assert config_file({CONFIG_VARIABLE: str(tmp_path / "x.toml")}) == tmp_path / "x.toml"
    assert config_file({}).name == "settings.toml"


def test_a_first_file_is_never_written_over_another(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "settings.toml"
    init(path)
    assert path.read_text() == default_file()
    with pytest.raises(SettingsExist):
        init(path)


def test_a_change_keeps_every_other_line(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("# mine\ntab_width = 8  # wide\n\n[keys]\n# none\n")
    save(path, "tab_width", 2)
    save(path, "keymap", "vim")
    assert path.read_text() == '# mine\ntab_width = 2  # wide\nkeymap = "vim"\n\n[keys]\n# none\n'
    assert [child.name for child in tmp_path.iterdir()] == ["settings.toml"]


def test_a_comment_of_the_file_becomes_the_line() -> None:
    text = with_value(default_file(), "keymap", "vim")
    assert parsed(text, commands).settings.keymap == "vim"
    assert len(text.split("\n")) == len(default_file().split("\n"))


@given(st.data())
def test_any_setting_can_be_put_into_any_file(data: st.DataObject) -> None:
    text = data.draw(
        st.sampled_from([default_file(), "", '[keys]\n"pad.save" = ["shift+f5"]', "# a\ntheme='nord' # b\n"])
    )
    for setting in data.draw(st.lists(st.sampled_from(SETTINGS), max_size=6)):
        value = data.draw(st.sampled_from(setting.choices))
        text = with_value(text, setting.name, value)
        assert getattr(parsed(text, commands).settings, setting.name) == value


@given(st.text(max_size=80))
def test_no_text_breaks_the_reader(text: str) -> None:
    lines_of(text)
    try:
        parsed(text, commands)
    except UnusableSettings as error:
        said = str(error)
    else:
        said = ""
    assert "Traceback" not in said


def test_values_are_written_as_they_are_read() -> None:
    for value in (True, False, 7, 'a\\b"c', ""):
        assert tomllib.loads(f"x = {written(value)}") == {"x": value}
