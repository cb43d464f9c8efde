"""What this vault remembers of each file that it made: whether it waits, was sent, or was refused, and why.

Rows of the vault's settings, so inside the encrypted database: what a source is called is nobody's business.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cryptpad_tui.vault.vault import Vault

_UNDER: Final = "file/"
_ROOM: Final = "file-room/"


class FileState(StrEnum):
    """Where the bytes of a file are."""

    WAITING = "waiting"
    """Here; the relay does not have all of them."""
    SENT = "sent"
    """The relay has acknowledged all of them."""
    REFUSED = "refused"
    """Here; the relay has no room for them."""
    DELETED = "deleted"
    """The owner deleted them from the relay."""


@dataclass(frozen=True, slots=True)
class FileNote:
    """One file that this vault made."""

    pad_id: bytes
    file_id: bytes
    size: int
    state: FileState
    source: str = field(default="", repr=False)
    """Says which file on disk it is while it is not sent: the same again goes on with it."""


@dataclass(frozen=True, slots=True)
class Room:
    """What a relay said, when it was last asked, about the room for files."""

    used: int
    allowed: int
    at_ms: int

    @property
    def is_short(self) -> bool:
        return self.used * 10 >= self.allowed * 8


class FileBook:
    """The notes, and the room at each relay."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def put(self, note: FileNote) -> None:
        said = {"size": note.size, "state": note.state.value, "source": note.source}
        self._vault.set_setting(f"{_UNDER}{note.pad_id.hex()}/{note.file_id.hex()}", json.dumps(said))

    def notes(self, pad_id: bytes | None = None) -> Iterator[FileNote]:
        prefix = _UNDER + (f"{pad_id.hex()}/" if pad_id else "")
        for key, value in self._vault.settings_under(prefix).items():
            pad, _, file_id = key.removeprefix(_UNDER).partition("/")
            said = json.loads(value)
            yield FileNote(
                bytes.fromhex(pad),
                bytes.fromhex(file_id),
                int(said["size"]),
                FileState(said["state"]),
                str(said.get("source", "")),
            )

    def note(self, pad_id: bytes, file_id: bytes) -> FileNote | None:
        return next((each for each in self.notes(pad_id) if each.file_id == file_id), None)

    def doubt(self, pad_id: bytes, is_here: Callable[[bytes], bool]) -> None:
        """The pad's relay lost something: what is here waits again, and the relay says what it lacks."""
        for note in list(self.notes(pad_id)):
            if note.state is FileState.SENT and is_here(note.file_id):
                self.put(replace(note, state=FileState.WAITING))

    def forget(self, pad_id: bytes, file_id: bytes) -> None:
        self._vault.set_setting(f"{_UNDER}{pad_id.hex()}/{file_id.hex()}", None)

    def put_room(self, relay: str, room: Room) -> None:
        self._vault.set_setting(_ROOM + relay, json.dumps([room.used, room.allowed, room.at_ms]))

    def rooms(self) -> dict[str, Room]:
        """By the relay's address."""
        found = self._vault.settings_under(_ROOM)
        return {
            key.removeprefix(_ROOM): Room(*[int(each) for each in json.loads(value)])
            for key, value in found.items()
        }
