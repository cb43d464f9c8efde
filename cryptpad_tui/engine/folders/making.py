"""Making a shared folder: a pad of its own, shown as a folder of the drive. Wholly, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.drive.errors import BadFolderName
from cryptpad_tui.drive.shared_entries import clean_name
from cryptpad_tui.drive.tree import path_parts
from cryptpad_tui.engine import creating
from cryptpad_tui.engine.folders import agreeing, placing

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine


def make_shared(engine: Engine, path: str) -> bytes:
    """The pad of a folder that others can be let into, at this path; raises BadFolderName."""
    parts = path_parts(path)
    if not parts or clean_name(parts[-1]) != parts[-1]:
        raise BadFolderName
    with engine.drive_session.replica.store.transaction():
        around = placing.make_path(engine, "/".join(parts[:-1]))
        made = creating.create_pad(engine, parts[-1], kind=PadKind.FOLDER, text="", runs=(), folder="")
        engine.drive.put_shared_folder(made.pad_id, parts[-1], around)
        holder = agreeing.shows(engine, around) if around else None
        if holder is not None:
            placing.put(engine, holder, made.pad_id, around)
        agreeing.agree(engine, made.pad_id)
        engine.drive_session.flush()
    return made.pad_id
