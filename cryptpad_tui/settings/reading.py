"""The settings file, read and checked: values, where each came from, and the line of what cannot be used.

The file is the person's own, but it may be broken in every way: sizes are bounded, each fault is a sentence.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import platformdirs

from cryptpad_tui.editor.keymap import (
    ForbiddenKey,
    ImpossibleKey,
    KeyConflict,
    KeyedCommand,
    Keymap,
    UnknownCommand,
    label_of,
)
from cryptpad_tui.settings.errors import SettingsError, SettingsUnreadable, UnusableSettings
from cryptpad_tui.settings.table import BY_NAME, UserSettings

CONFIG_VARIABLE: Final = "CRYPTPAD_TUI_CONFIG"
MAX_BYTES: Final = 256 * 1024
_AT_LINE: Final = re.compile(r"\(at line (\d+), column \d+\)")
_TABLE: Final = re.compile(r"\s*\[+\s*([^\]]*?)\s*\]+")
_KEY: Final = re.compile(r"\s*((?:[\w-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[\w-]+|\"[^\"]*\"|'[^']*'))*)\s*=")

Commands = Callable[[], Iterable[KeyedCommand]]
"""The commands that keys may be given to; asked for only where the file has [keys]."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings that can be used, whatever the file is like."""

    settings: UserSettings = field(default_factory=UserSettings)
    lines: Mapping[str, int] = field(default_factory=dict)
    """The line of the file that each setting came from; others are defaults."""
    problem: SettingsError | None = None


def config_file(environ: Mapping[str, str] = os.environ) -> Path:
    """The settings file: $CRYPTPAD_TUI_CONFIG, else in the platform's folder for settings."""
    chosen = environ.get(CONFIG_VARIABLE, "")
    if chosen:
        return Path(chosen).expanduser().absolute()
    return Path(platformdirs.user_config_path("cryptpad-tui", appauthor=False)) / "settings.toml"


def load(path: Path, commands: Commands) -> Loaded:
    """Read the file; what is wrong with it stands in `problem`, and the settings are the defaults."""
    try:
        text = read_text(path)
        return Loaded() if text is None else parsed(text, commands)
    except SettingsError as error:
        return Loaded(problem=error)


def read_text(path: Path) -> str | None:
    """The file's text, None if there is no file. Raises SettingsUnreadable."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsUnreadable(error.strerror or "") from None
    if len(data) > MAX_BYTES:
        raise SettingsUnreadable("it is larger than 256 KiB")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnusableSettings(line, "this is no UTF-8 text") from None


def parsed(text: str, commands: Commands) -> Loaded:
    """The settings of a text. Raises UnusableSettings with the line."""
    # Most people have no such file, and the first frame need not wait for a parser of it.
    import tomllib

    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = _AT_LINE.search(str(error))
        said = _AT_LINE.sub("", str(error)).strip().rstrip(".")
        raise UnusableSettings(
            int(at[1]) if at else text.count("\n") + 1, f"{said[:1].lower()}{said[1:]}"
        ) from None
    except RecursionError:
        raise UnusableSettings(0, "the values are nested too deeply") from None
    places = lines_of(text)
    values: dict[str, object] = {}
    for name, value in found.items():
        if name == "keys" and isinstance(value, dict):
            continue
        values[name] = _checked(name, value, places)
    keys = _keys(found.get("keys", {}), places, commands)
    settings = UserSettings(**values, keys=keys)  # type: ignore[arg-type]
    lines = {name: line for name, line in places.items() if name in values or name.partition(".")[2] in keys}
    return Loaded(settings, lines)


def _checked(name: str, value: object, places: Mapping[str, int]) -> object:
    line = places.get(name, 0)
    setting = BY_NAME.get(name)
    if setting is None:
        hint = ' The other key map is chosen by: keymap = "vim".' if name == "keys" else ""
        raise UnusableSettings(line, f"there is no setting {_shown(name)}.{hint}")
    if not setting.fits(value):
        raise UnusableSettings(line, f"{name} must be {setting.wanted}.")
    return value


def _keys(found: object, places: Mapping[str, int], commands: Commands) -> dict[str, tuple[str, ...]]:
    if not isinstance(found, dict) or not found:
        return {}
    keys: dict[str, tuple[str, ...]] = {}
    for name, value in _flat(found):
        line = places.get(f"keys.{name}", places.get("keys", 0))
        if not isinstance(value, list) or not all(isinstance(key, str) for key in value):
            raise UnusableSettings(line, f'{_shown(name)} must be a list of keys, as ["ctrl+s", "shift+f5"].')
        keys[name] = tuple(value)
    try:
        Keymap(commands(), keys)
    except UnknownCommand as error:
        raise _at(
            places, error.name, f"there is no command {_shown(error.name)}; docs/keys.md lists them."
        ) from None
    except ForbiddenKey as error:
        said = f"a terminal sends {label_of(error.key)} as another key; choose another one."
        raise _at(places, _owner(keys, error.key), said) from None
    except ImpossibleKey as error:
        said = f"no terminal sends a key {_shown(error.key)}; docs/keys.md shows how keys are called."
        raise _at(places, _owner(keys, error.key), said) from None
    except KeyConflict as error:
        name = error.second if error.second in keys else error.first
        other = error.first if name == error.second else error.second
        said = f"{label_of(error.key)} stands for {other} already; take it away there, or choose another key."
        raise _at(places, name, said) from None
    return keys


def _owner(keys: Mapping[str, tuple[str, ...]], key: str) -> str:
    return next((name for name, given in keys.items() if key in given), "")


def _at(places: Mapping[str, int], name: str, said: str) -> UnusableSettings:
    return UnusableSettings(places.get(f"keys.{name}", places.get("keys", 0)), said)


def _flat(table: Mapping[str, object], prefix: str = "") -> Iterable[tuple[str, object]]:
    """Dotted names without quotes are tables in tables."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def lines_of(text: str) -> dict[str, int]:
    """The line of each name, from 1: the parser does not tell. Good enough for one key a line."""
    found: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.split("\n"), 1):
        header = _TABLE.match(line)
        if header is not None and "=" not in line.partition("#")[0]:
            table = _plain(header[1])
            found.setdefault(table, number)
        elif (key := _KEY.match(line)) is not None:
            name = _plain(key[1])
            found.setdefault(f"{table}.{name}" if table else name, number)
    return found


def _plain(name: str) -> str:
    return ".".join(
        part.strip().strip("\"'") for part in re.split(r"\.(?=(?:[^\"']*[\"'][^\"']*[\"'])*[^\"']*$)", name)
    )


def _shown(name: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in name[:40])
