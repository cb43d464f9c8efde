"""What pads say about their files: the entries of `meta` that name them (docs/wire.md, Files). Pure.

Names and types come from whoever attached the file. They are words for a person, and decide nothing; what
becomes a name on disk passes `safe_name`.
"""

from __future__ import annotations

import base64
import binascii
import mimetypes
import re
from pathlib import PurePath
from typing import Any, Final

from cryptpad_relay.protocol.term_safe import term_safe
from cryptpad_tui.crdt.kinds import META_ROOT
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.pad.objects import KEY_BYTES, MAX_OBJECT_BYTES, FileRef

PREFIX: Final = "file/"
OWN_FILE: Final = "file"
"""In a pad that is a file: which one."""
OBJECT: Final = "file:"
"""How an object in rich text begins."""
LINK: Final = "pad-file:"
"""How a link to a file begins in a text pad."""
LINK_PATTERN: Final = re.compile(re.escape(LINK) + r"([0-9a-f]{64})")
MAX_NAME_BYTES: Final = 200
"""File systems allow 255, and what is written beside has a longer name."""
UNNAMED: Final = "file"
_ID_CHARS: Final = 64
_UNKNOWN_TYPE: Final = "application/octet-stream"


def put_ref(view: ViewDocument, ref: FileRef) -> None:
    """Name the file in the pad."""
    said = {
        "key": base64.b64encode(ref.key).decode("ascii"),
        "name": ref.name,
        "type": ref.mime,
        "size": ref.size,
    }
    view.set_map(META_ROOT, PREFIX + ref.file_id.hex(), said)


def ref_of(view: ViewDocument, file_id: bytes) -> FileRef | None:
    """What the pad says about one file."""
    return _decode(file_id.hex(), view.map_value(META_ROOT, PREFIX + file_id.hex()))


def refs_in(view: ViewDocument) -> list[FileRef]:
    """Every file that the pad names, by name."""
    found = [
        _decode(key.removeprefix(PREFIX), value)
        for key, value in view.map_items(META_ROOT).items()
        if key.startswith(PREFIX)
    ]
    return sorted([ref for ref in found if ref], key=lambda ref: (ref.name, ref.file_id))


def own_file(view: ViewDocument) -> FileRef | None:
    """The file that a pad of that kind is."""
    named = view.map_value(META_ROOT, OWN_FILE)
    return ref_of(view, bytes.fromhex(named)) if isinstance(named, str) and _is_id(named) else None


def object_file_id(value: object) -> bytes | None:
    """The file that an object in rich text shows."""
    text = str(value).removeprefix(OBJECT) if str(value).startswith(OBJECT) else ""
    return bytes.fromhex(text) if _is_id(text) else None


def _decode(file_id: str, value: Any) -> FileRef | None:
    if not _is_id(file_id) or not isinstance(value, dict):
        return None
    try:
        key = base64.b64decode(value.get("key", ""), validate=True)
        size = int(value.get("size", -1))
    except (binascii.Error, TypeError, ValueError, OverflowError):
        return None
    if len(key) != KEY_BYTES or not 0 <= size <= MAX_OBJECT_BYTES:
        return None
    return FileRef(bytes.fromhex(file_id), key, size, str(value.get("name", "")), str(value.get("type", "")))


def _is_id(text: str) -> bool:
    return len(text) == _ID_CHARS and not set(text) - set("0123456789abcdef")


def type_of(name: str) -> str:
    """By the name alone: nothing looks into a file."""
    return mimetypes.guess_type(name, strict=False)[0] or _UNKNOWN_TYPE


def safe_name(name: str) -> str:
    """A file's name as one that may be made in a folder: no path, no control character, nothing hidden."""
    last = PurePath(term_safe(name).replace("\n", " ").replace("\\", "/")).name.strip()
    kept = "".join(char for char in last if char.isprintable() and char not in '/:*?"<>|').lstrip(".- ")
    return kept.encode()[:MAX_NAME_BYTES].decode("utf-8", "ignore").rstrip() or UNNAMED


def size_words(size: int) -> str:
    """As a person reads it: 12 B, 3.4 MiB."""
    amount = float(size)
    for unit in ("B", "KiB", "MiB"):
        if amount < 1_024:
            return f"{size} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1_024
    return f"{amount:.1f} GiB"
