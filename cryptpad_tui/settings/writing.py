"""Changes the settings file and keeps its comments: the line of a setting is put in place.

A file is replaced as a whole, so that a crash leaves the one before. What cannot be read is not written over.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from cryptpad_tui.settings.errors import SettingsExist, SettingsUnreadable
from cryptpad_tui.settings.reading import read_text
from cryptpad_tui.settings.table import Value, default_file, written


def init(path: Path) -> None:
    """Write the commented file, never over another one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as stream:
            stream.write(default_file())
    except FileExistsError:
        raise SettingsExist(str(path)) from None


def save(path: Path, name: str, value: Value) -> None:
    """Put one setting into the file. Raises SettingsUnreadable."""
    text = read_text(path)
    changed = with_value(default_file() if text is None else text, name, value)
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(changed, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise SettingsUnreadable(error.strerror or "") from None


def with_value(text: str, name: str, value: Value) -> str:
    """The text with a setting's line changed: the one that counts, else its comment, else one more."""
    lines = text.split("\n")
    end = next((i for i, line in enumerate(lines) if re.match(r"\s*\[", line)), len(lines))
    for pattern in (rf"\s*\"?{name}\"?\s*=", rf"#\s*{name}\s*="):
        for i in range(end):
            if re.match(pattern, lines[i]):
                lines[i] = f"{name} = {written(value)}{_comment_of(lines[i])}"
                return "\n".join(lines)
    at = end
    while at and not lines[at - 1].strip():
        at -= 1
    lines[at:at] = [f"{name} = {written(value)}"]
    return "\n".join(lines)


def _comment_of(line: str) -> str:
    """What stands behind the value of a line that counts."""
    found = re.match(r"[^#\"']*(?:\"[^\"]*\"|'[^']*'|[^#\"'])*?(#.*)$", line)
    return f"  {found[1]}" if found and not line.lstrip().startswith("#") else ""
