"""What a pad can be called on a command line: by the beginning of its id, by its title, by its path. Pure.

Never a name that leads to another pad, and never one that a terminal cannot be shown as it is.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptpad_relay.protocol.term_safe import term_safe_name

SHORT_ID_CHARS: Final = 8
_SHORT_ID_BYTES: Final = 5
"""What so many characters of base32 say."""


@dataclass(frozen=True, slots=True)
class Named:
    """A pad as a list shows it. Title and folder are raw."""

    pad_id: bytes
    title: str
    folder: str

    @property
    def path(self) -> str:
        return f"{self.folder}/{self.title}" if self.folder else self.title


def full_id(pad_id: bytes) -> str:
    """The pad id in lower-case base32, of which a short id is the beginning."""
    return base64.b32encode(pad_id).decode("ascii").rstrip("=").lower()


def short_ids(pad_ids: Sequence[bytes]) -> dict[bytes, str]:
    """The first 8 characters, or more where two pads share them."""
    shared: dict[bytes, list[bytes]] = {}
    for pad_id in pad_ids:
        shared.setdefault(pad_id[:_SHORT_ID_BYTES], []).append(pad_id)
    short = {}
    for begin, group in shared.items():
        if len(group) == 1:
            short[group[0]] = full_id(begin)
            continue
        full = {pad_id: full_id(pad_id) for pad_id in group}
        size = SHORT_ID_CHARS
        while len({text[:size] for text in full.values()}) < len(group):
            size += 1
        short.update({pad_id: text[:size] for pad_id, text in full.items()})
    return short


def completions(pads: Sequence[Named], begun: str) -> list[tuple[str, str]]:
    """(name, what else it is called) of each pad whose name begins so: its title; where that is another's
    too, or a slash was typed, its path; else its short id."""
    short = short_ids([pad.pad_id for pad in pads])
    titles, paths = Counter([pad.title for pad in pads]), Counter([pad.path for pad in pads])
    found = []
    for pad in pads:
        by_title = titles[pad.title] == 1 and can_be_typed(pad.title)
        by_path = (
            "/" in pad.path
            and paths[pad.path] == 1
            and not titles[pad.path]
            and pad.path == pad.path.strip("/")
            and can_be_typed(pad.path)
        )
        if by_path and ("/" in begun or not by_title):
            name = pad.path
        else:
            name = pad.title if by_title else short[pad.pad_id]
        if name.startswith(begun):
            found.append((name, short[pad.pad_id]))
        elif begun and short[pad.pad_id].startswith(begun):
            found.append((short[pad.pad_id], term_safe_name(pad.path)))
    return found


def can_be_typed(name: str) -> bool:
    """A dash would begin an option; a link would be refused; and nobody can see what is not shown."""
    shown = name.isprintable() and term_safe_name(name) == name and name == name.strip()
    return bool(name) and shown and not name.startswith("-") and "pad1:" not in name
