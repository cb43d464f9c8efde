"""Settings on the screen: the same lines as the file, chosen from lists and written into it.

Comments and every other line of the file stay. A file that cannot be used is said to be so, and not changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptpad_tui.settings.errors import SettingsError
from cryptpad_tui.settings.reading import Loaded, config_file, load
from cryptpad_tui.settings.table import BY_NAME, SETTINGS, Setting, Value, written
from cryptpad_tui.settings.writing import save
from cryptpad_tui.ui import words
from cryptpad_tui.ui.commands import all_commands
from cryptpad_tui.ui.screens.dialogs import ChooseDialog
from cryptpad_tui.ui.screens.options import Option

if TYPE_CHECKING:
    from cryptpad_tui.ui.app import CryptpadApp

_AT_START: Final = ("frame_diff", "line_numbers", "open_last")
"""Settings that count from the next start, or in the next pad."""


async def change_settings(app: CryptpadApp) -> None:
    """Choose a setting and its value, until the person has enough."""
    path = config_file(app.environ)
    while True:
        loaded = load(path, all_commands)
        if loaded.problem is not None:
            app.tell_failure(loaded.problem)
            return
        name = await app.push_screen_wait(ChooseDialog("Settings", (str(path),), _options(loaded)))
        if name is None:
            return
        await _change(app, path, BY_NAME[name], getattr(loaded.settings, name))


def _options(loaded: Loaded) -> list[Option]:
    shown = []
    for setting in SETTINGS:
        line = loaded.lines.get(setting.name)
        source = f"line {line}" if line else "default"
        value = words.safe_line(written(getattr(loaded.settings, setting.name)))
        shown.append(Option(setting.name, f"{setting.name} = {value}  ({source})"))
    return shown


async def _change(app: CryptpadApp, path: Path, setting: Setting, now: Value) -> None:
    choices = [*([] if now in setting.choices else [now]), *setting.choices]
    options = [
        Option(str(at), f"{written(choice)}{'  (now)' if choice == now else ''}")
        for at, choice in enumerate(choices)
    ]
    chosen = await app.push_screen_wait(ChooseDialog(setting.name, (" ".join(setting.words),), options))
    if chosen is None:
        return
    try:
        save(path, setting.name, choices[int(chosen)])
    except SettingsError as error:
        app.tell_failure(error)
        return
    loaded = load(path, all_commands)
    if loaded.problem is not None:
        app.tell_failure(loaded.problem)
        return
    app.take_settings(loaded)
    later = " It counts from the next start." if setting.name in _AT_START else ""
    app.say(f"Written into the settings file.{later}")
