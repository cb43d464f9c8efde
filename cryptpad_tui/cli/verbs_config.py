"""The verb about the settings file: where it is, what counts, whether it can be used, and a first one.

It needs neither vault nor screen. A file that cannot be used is named with its line, and changed by nobody.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from cryptpad_tui.cli import diagnostics, output
from cryptpad_tui.cli.root import SubGroup, VerbCommand
from cryptpad_tui.settings.reading import Loaded, config_file, load, read_text
from cryptpad_tui.settings.table import SETTINGS, written

if TYPE_CHECKING:
    from cryptpad_tui.editor.keymap import KeyedCommand


def keyed_commands() -> Iterable[KeyedCommand]:
    """The commands that keys may be given to; their table stands with the screens but needs none."""
    commands = importlib.import_module("cryptpad_tui.ui.commands")
    made: Iterable[KeyedCommand] = commands.all_commands()
    return made


@click.group("config", cls=SubGroup, no_args_is_help=False)
def config_verb() -> None:
    """The settings file: path, show, check, init."""


@config_verb.command("path", cls=VerbCommand)
def config_path() -> None:
    """Print where the settings file is, whether there is one or not."""
    output.write_line(output.safe_line(str(config_file())))


@config_verb.command("show", cls=VerbCommand)
def config_show() -> None:
    """Print every setting that counts, and where it came from."""
    loaded = load(config_file(), keyed_commands)
    rows = [
        (f"{setting.name} = {written(getattr(loaded.settings, setting.name))}", _source(loaded, setting.name))
        for setting in SETTINGS
    ]
    rows += [
        (f'keys."{name}" = {_keys(keys)}', _source(loaded, f"keys.{name}"))
        for name, keys in loaded.settings.keys.items()
    ]
    width = max(len(row[0]) for row in rows)
    output.write_lines([f"{output.safe_line(value):<{width}}  # {source}" for value, source in rows])
    if loaded.problem is not None:
        raise loaded.problem


def _keys(keys: tuple[str, ...]) -> str:
    return "[" + ", ".join(written(key) for key in keys) + "]"


def _source(loaded: Loaded, name: str) -> str:
    line = loaded.lines.get(name)
    return f"line {line} of the file" if line else "default"


@config_verb.command("check", cls=VerbCommand)
def config_check() -> None:
    """Read the settings file; 0 when it can be used, 1 with the line when not."""
    path = config_file()
    problem = load(path, keyed_commands).problem
    if problem is not None:
        raise problem
    diagnostics.note(
        "the settings can be used" if read_text(path) is not None else "there is no settings file"
    )


@config_verb.command("init", cls=VerbCommand)
def config_init() -> None:
    """Write the commented settings file; never over another one. Prints where it is."""
    from cryptpad_tui.settings.writing import init

    path = config_file()
    init(path)
    output.write_line(output.safe_line(str(path)))
