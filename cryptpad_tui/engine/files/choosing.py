"""Which file of a pad a person means, and where an attached one is shown in the pad's text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import TextEdit
from cryptpad_tui.engine.files.errors import NoSuchFile, SeveralFiles
from cryptpad_tui.engine.files.names import LINK, OBJECT, own_file, refs_in
from cryptpad_tui.pad.objects import FileRef

if TYPE_CHECKING:
    from cryptpad_tui.crdt.view import ViewDocument
    from cryptpad_tui.engine.engine import Engine

OBJECT_CHAR: Final = "\ufffc"
_MIN_ID_CHARS: Final = 8


def files_of(engine: Engine, pad_id: bytes) -> list[FileRef]:
    """What the pad names."""
    with engine.borrowed(pad_id) as session:
        return refs_in(session.view)


def choose(engine: Engine, pad_id: bytes, wanted: str = "") -> FileRef:
    """By name or the beginning of its id; the pad's own or only file where nothing is said."""
    with engine.borrowed(pad_id) as session:
        own, found = own_file(session.view), refs_in(session.view)
    if not wanted:
        if own is not None:
            return own
        if len(found) > 1:
            raise SeveralFiles
    else:
        named = [ref for ref in found if ref.name == wanted]
        long_enough = len(wanted) >= _MIN_ID_CHARS
        found = named or [ref for ref in found if long_enough and ref.file_id.hex().startswith(wanted)]
        if len(found) > 1:
            raise SeveralFiles
    if not found:
        raise NoSuchFile
    return found[0]


def link_of(ref: FileRef) -> str:
    """How a text pad shows a file: a link, or a picture, that CommonMark reads as one."""
    name = "".join(f"\\{char}" if char in "\\[]`*_<>" else char for char in ref.name)
    return f"{'!' if ref.mime.startswith('image/') else ''}[{name}]({LINK}{ref.file_id.hex()})"


def show_at_end(view: ViewDocument, ref: FileRef) -> None:
    """Show an attached file on a line of its own after everything else."""
    end = view.lines.end
    own_line = "" if end.col == 0 else "\n"
    if view.kind is PadKind.RICHTEXT:
        edits = [TextEdit(end, end, own_line, {})] if own_line else []
        view.replace_all([*edits, TextEdit(end, end, OBJECT_CHAR, {"object": OBJECT + ref.file_id.hex()})])
    else:
        view.replace(end, end, f"{own_line}{link_of(ref)}\n")
