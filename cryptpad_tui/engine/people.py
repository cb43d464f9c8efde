"""How people appear: a colour and a mark that belong to a key, and the name that its owner gave. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cryptpad_tui.crdt.values import Anchor, Position
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.engine.values import Person
from cryptpad_tui.pad.payloads import Cursor
from cryptpad_tui.pad.peers import NO_CURSOR, Session
from cryptpad_tui.pad.writers import WriterState

PALETTE: Final = (
    (224, 108, 117),
    (97, 175, 239),
    (152, 195, 121),
    (229, 192, 123),
    (198, 120, 221),
    (86, 182, 194),
    (209, 154, 102),
    (190, 80, 150),
)
UNNAMED: Final = "someone"


def colour_of(key: bytes) -> tuple[int, int, int]:
    """The colour that belongs to a key, whatever its owner says."""
    return PALETTE[key[0] % len(PALETTE)] if key else PALETTE[0]


def mark_of(key: bytes) -> str:
    return key.hex()[:4]


def name_of(key: bytes, writers: Mapping[bytes, WriterState]) -> str:
    """The newest name that this identity or writer key introduced itself by in the log."""
    if key in writers:
        return writers[key].name or UNNAMED
    named = [writer for writer in writers.values() if writer.ident_pk == key and writer.name]
    return max(named, key=lambda writer: writer.last_n).name if named else UNNAMED


def person_of(session: Session, writers: Mapping[bytes, WriterState], view: ViewDocument) -> Person:
    key = session.ident_pk or session.session_pk
    anchor, caret = (_locate(view, cursor) for cursor in session.cursors)
    return Person(
        key=key,
        name=session.name or name_of(key, writers),
        mark=mark_of(key),
        colour=colour_of(key),
        viewer=session.viewer,
        typing=session.typing,
        caret=caret,
        anchor=anchor,
    )


def _locate(view: ViewDocument, cursor: Cursor) -> Position | None:
    if cursor == NO_CURSOR:
        return None
    return view.locate(Anchor(cursor.client, cursor.clock, cursor.assoc))


def ago(seconds: float) -> str:
    """A bucket of time, so that an idle screen stays as it is."""
    if seconds < 10:
        return "just now"
    if seconds < 60:
        return "< 1 min"
    if seconds < 300:
        return "< 5 min"
    return f"{int(seconds // 300) * 5} min"
