"""What `status` says about files: what waits, what was refused, and the room at each relay, from the vault
alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryptpad_tui.cli import output
from cryptpad_tui.cli.json_shapes import iso_time

if TYPE_CHECKING:
    from cryptpad_tui.vault.vault import Vault


def files_object(vault: Vault) -> dict[str, Any]:
    """`files` of `status --json`."""
    from cryptpad_tui.engine.files.book import FileBook, FileState

    book = FileBook(vault)
    notes = list(book.notes())

    def counted(*states: FileState) -> dict[str, int]:
        found = [note for note in notes if note.state in states]
        return {"count": len(found), "size_bytes": sum(note.size for note in found)}

    rooms = [
        {"relay": relay, "used_bytes": room.used, "allowed_bytes": room.allowed, "at": iso_time(room.at_ms)}
        for relay, room in book.rooms().items()
    ]
    return {
        "waiting": counted(FileState.WAITING),
        "refused": counted(FileState.REFUSED),
        "sent": counted(FileState.SENT),
        "rooms": rooms,
    }


def file_lines(files: dict[str, Any]) -> list[str]:
    """The same for a person; nothing where this vault made no file."""
    from cryptpad_tui.engine.files.names import size_words

    lines = []
    said = [
        f"{files[word]['count']} {word} ({size_words(files[word]['size_bytes'])})"
        for word in ("waiting", "refused", "sent")
        if files[word]["count"]
    ]
    if said:
        lines.append(f"files  {', '.join(said)}")
    for room in files["rooms"]:
        used, allowed = size_words(room["used_bytes"]), size_words(room["allowed_bytes"])
        place = output.safe_line(room["relay"])
        lines.append(f"room  {used} of {allowed} at {place}, as of {room['at'][:16]}")
    return lines
