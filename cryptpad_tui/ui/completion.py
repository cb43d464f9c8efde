"""How a path that is being typed goes on: by the names that are there, as in a shell. It opens no file."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

_MOST_NAMES: Final = 10_000


class Completion(NamedTuple):
    """The path as far as it is certain, and the names that it could go on with."""

    text: str
    names: tuple[str, ...] = ()


def completed(typed: str) -> Completion:
    """May wait for a disk, so it belongs in a thread. Hidden names are found by their dot alone."""
    folder, slash, start = typed.rpartition("/")
    if typed in ("~", "..", "."):
        return Completion(f"{typed}/")
    try:
        found = sorted(_names(Path(f"{folder}{slash}" or ".").expanduser(), start))
    except (OSError, RuntimeError):
        return Completion(typed)
    if not found:
        return Completion(typed)
    return Completion(f"{folder}{slash}{_common(found)}", tuple(found))


def _common(names: list[str]) -> str:
    """What sorted names begin with, all of them."""
    pairs = enumerate(zip(names[0], names[-1], strict=False))
    return names[0][
        : next((at for at, (one, other) in pairs if one != other), min(len(names[0]), len(names[-1])))
    ]


def _names(folder: Path, start: str) -> list[str]:
    with os.scandir(folder) as entries:
        return [
            f"{entry.name}/" if entry.is_dir() else entry.name
            for entry in islice(entries, _MOST_NAMES)
            if entry.name.startswith(start)
            and entry.name.isprintable()
            and (start.startswith(".") or not entry.name.startswith("."))
        ]
