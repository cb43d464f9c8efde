"""Where a person keeps pads: folders, tags, templates, the trash. Durable here when a function returns.

Removing moves to the trash; only emptying it takes keys and text. Nothing here takes anything from others.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.clean import find_unclean
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.drive.errors import BadFolderName, BadTag, NoFolder, SeveralFolders
from cryptpad_tui.drive.tree import MAX_NAME_CHARS, TOP, Folder, path_parts, shared_id_of
from cryptpad_tui.engine.errors import UnknownPad
from cryptpad_tui.engine.files.making import collect
from cryptpad_tui.engine.folders import placing
from cryptpad_tui.engine.listing import find, read_listing, tree_of
from cryptpad_tui.engine.values import PadListing

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

MAX_TAG_CHARS: Final = 64
MAX_PATH_CHARS: Final = 1_000


# -- folders


def folder_at(engine: Engine, path: str) -> str:
    """The id of the folder at a path, of the top for `/`; raises NoFolder or SeveralFolders."""
    if not path_parts(path):
        return TOP
    found = tree_of(engine).at(path)
    if len(found) > 1:
        raise SeveralFolders(path)
    if not found:
        raise NoFolder(path)
    return found[0].id


def find_any(engine: Engine, reference: str) -> tuple[PadListing | None, str]:
    """A pad, or else the id of a folder at this path; raises UnknownPad."""
    try:
        pad = engine.find(reference)
        return (None, shared_id_of(pad.pad_id)) if pad.kind is PadKind.FOLDER else (pad, TOP)
    except UnknownPad:
        found = tree_of(engine).at(reference)
        if not found:
            raise
        if len(found) > 1:
            raise SeveralFolders(reference) from None
        return None, found[0].id


def make_folder(engine: Engine, path: str) -> str:
    """With those around it that are missing; there already, it is left as it is."""
    parts = path_parts(path)
    if not parts or len(path) > MAX_PATH_CHARS:
        raise BadFolderName
    for name in parts:
        _check_name(name)
    with engine.drive_session.replica.store.transaction():
        made = placing.make_path(engine, "/".join(parts))
        engine.drive_session.flush()
    return made


def move_pad(engine: Engine, pad_id: bytes, folder: str) -> None:
    placing.move_pads(engine, [pad_id], folder)


def move_folder(engine: Engine, folder: str, into: str) -> None:
    placing.move_folder(engine, folder, into)


def rename_folder(engine: Engine, folder: str, name: str) -> None:
    _check_name(name)
    placing.rename_folder(engine, folder, name)


def _check_name(name: str) -> None:
    if not name.strip() or "/" in name or "\n" in name or "\t" in name or find_unclean(name):
        raise BadFolderName
    if len(name) > MAX_NAME_CHARS:
        raise BadFolderName


# -- marks


def tag(engine: Engine, pad_id: bytes, add: Collection[str] = (), drop: Collection[str] = ()) -> None:
    """Private: nobody else sees them. Their case is kept, and none is there twice in another case."""
    check_tags(add, drop)
    has = {each.casefold(): each for each in tree_of(engine).placed(pad_id.hex()).tags}
    gone = [has.get(each.casefold(), each) for each in drop]
    engine.drive.tag(pad_id, [each for each in add if each.casefold() not in has], gone)
    engine.drive_session.flush()
    engine.vault.set_search_due(pad_id, engine.wall_ms())


def check_tags(*tags: Collection[str]) -> None:
    """Raise BadTag unless each is one."""
    for each in chain(*tags):
        if each.split() != [each] or len(each) > MAX_TAG_CHARS or find_unclean(each):
            raise BadTag


def set_own_name(engine: Engine, pad_id: bytes, name: str) -> None:
    """What this person calls the pad; nothing shows the title again that everybody sees."""
    engine.drive.set_name(pad_id, name[:MAX_NAME_CHARS])
    engine.drive_session.flush()
    with engine.borrowed(pad_id) as session:
        session.save_listing()


def shared_title(engine: Engine, pad_id: bytes) -> str:
    """The title that everybody sees, whatever this person calls the pad."""
    with engine.borrowed(pad_id) as session:
        value = session.view.meta("title")
        return value if isinstance(value, str) else ""


def set_template(engine: Engine, pad_id: bytes, *, on: bool) -> None:
    engine.drive.set_template(pad_id, on=on)
    engine.drive_session.flush()


# -- the trash


def trash(engine: Engine, pad_id: bytes) -> None:
    engine.drive.trash(pad_id, engine.wall_ms())
    engine.drive_session.flush()


def trash_folder(engine: Engine, folder: str) -> None:
    """With all that is in it."""
    engine.drive.trash_folder(folder, engine.wall_ms())
    engine.drive_session.flush()


def restore(engine: Engine, pad_id: bytes) -> None:
    """To where it was, or where that is in the trash itself, to the nearest folder around that is not."""
    tree = tree_of(engine)
    folder = tree.folder_of(pad_id.hex())
    if tree.is_in_trash(folder):
        engine.drive.move_pad(pad_id, tree.nearest_kept(folder))
    engine.drive.restore(pad_id)
    engine.drive_session.flush()


def restore_folder(engine: Engine, folder: str) -> None:
    """With all that was in it, but for what was put into the trash by itself."""
    tree = tree_of(engine)
    parent = tree.folders[folder].parent
    engine.drive.trash_folder(folder, 0)
    if tree.is_in_trash(parent):
        engine.drive.move_folder(folder, tree.nearest_kept(parent))
    engine.drive_session.flush()


def trashed(engine: Engine) -> list[PadListing]:
    """Every pad in the trash, the last put there first."""
    found = [pad for pad in read_listing(engine) if pad.trashed_ms and pad.kind is not PadKind.FOLDER]
    return sorted(found, key=lambda pad: pad.trashed_ms, reverse=True)


def trashed_folders(engine: Engine) -> list[Folder]:
    """Those that were put into the trash themselves."""
    return tree_of(engine).trashed_folders()


def find_trashed(engine: Engine, reference: str) -> tuple[PadListing | None, str]:
    """The same in the trash."""
    try:
        return find(trashed(engine), reference), TOP
    except UnknownPad:
        tree, path = tree_of(engine), reference.strip("/")
        found = [each.id for each in tree.trashed_folders() if path in (each.name, tree.path(each.id))]
        if not found:
            raise
        if len(found) > 1:
            raise SeveralFolders(reference) from None
        return None, found[0]


def empty_trash(engine: Engine) -> int:
    """Forget what is in the trash, with keys and text, here; how many pads. Others keep theirs."""
    pads = trashed(engine)
    shared = [pad for pad in read_listing(engine) if pad.trashed_ms and pad.kind is PadKind.FOLDER]
    for pad in (*pads, *shared):
        engine.remove(pad.pad_id)
    collect(engine)
    for folder in list(tree_of(engine).folders.values()):
        if engine.drive.tree().is_in_trash(folder.id):
            for inside in engine.drive.tree().below(folder.id):
                engine.drive.forget_folder(inside)
    engine.drive_session.flush()
    return len(pads)
