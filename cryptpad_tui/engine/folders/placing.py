"""A person puts pads and folders into shared folders, and takes them out: drive and folder change as one.

Each is one transaction, so that no pad is in neither. Who may only read a folder changes nothing in it. What
is taken out stays open to whoever had its keys; new keys are another step, which a person asks for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.drive.errors import IntoItself, TooDeep
from cryptpad_tui.drive.tree import MAX_DEPTH, TOP, path_parts, shared_id_of
from cryptpad_tui.engine.errors import EngineError
from cryptpad_tui.engine.folders import agreeing, holders, owed_keys
from cryptpad_tui.engine.folders.book import FolderBook

if TYPE_CHECKING:
    from cryptpad_tui.drive.tree import Tree
    from cryptpad_tui.engine.engine import Engine


class ReadOnlyFolder(EngineError):
    """You may read this shared folder, and not change what is in it. Nothing was changed; ask its owner for
    the right to write in it."""


class FolderNotHere(EngineError):
    """This shared folder has not come from its relay yet. Nothing was changed; `cryptpad-tui sync` first."""


@contextlib.contextmanager
def _book(engine: Engine, folder: bytes) -> Iterator[FolderBook]:
    """To write in; raises ReadOnlyFolder or FolderNotHere."""
    if engine.vault.pad(folder) is None:
        raise FolderNotHere
    with engine.borrowed(folder) as session:
        book = FolderBook(engine, session)
        if not book.can_edit or session.standing:
            raise ReadOnlyFolder
        yield book
        session.flush()


def _inside(engine: Engine, book: FolderBook, folder_id: str) -> str:
    """The place in the shared folder that a folder of the drive shows; its top for an unknown one."""
    places = {agreeing.inner_id(book.pad_id, each): each for each in book.contents().inner}
    return places.get(folder_id, TOP)


def _around(engine: Engine, folder_id: str) -> bytes | None:
    around = engine.drive.folders().shared_around(folder_id)
    return bytes.fromhex(around.shared) if around else None


# -- pads


def move_pads(engine: Engine, pads: Sequence[bytes], into: str) -> None:
    """Into a folder of the drive, shared or not; durable when this returns."""
    with engine.drive_session.replica.store.transaction():
        for pad_id in pads:
            _move_pad(engine, pad_id, into)
        engine.drive_session.flush()


def _move_pad(engine: Engine, pad_id: bytes, into: str) -> None:
    record = engine.vault.pad(pad_id)
    if record is not None and record.kind == PadKind.FOLDER:
        _move_shared(engine, pad_id, into)
        return
    before, after = _around(engine, engine.drive.lies_in(pad_id)), _around(engine, into)
    if before is not None and before != after:
        _drop(engine, before, pad_id)
    engine.drive.move_pad(pad_id, into)
    if after is not None:
        put(engine, after, pad_id, into)


def put(engine: Engine, folder: bytes, pad_id: bytes, into: str) -> None:
    """Write the pad's entry: everybody in the folder gets it by the right that they have there."""
    record = engine.vault.pad(pad_id)
    if record is None:
        return
    with _book(engine, folder) as book:
        made_here = not record.uploaded and engine.vault.log_end(pad_id) is None
        book.put(record, inside=_inside(engine, book, into), give_own=made_here)
        holders.note(engine, pad_id, folder, held=False)
        holders.note(engine, pad_id, folder, held=True, first=True)
        owed_keys.give(engine, pad_id, folder, book.epoch)


def _drop(engine: Engine, folder: bytes, pad_id: bytes) -> None:
    with _book(engine, folder) as book:
        book.drop(pad_id.hex())
    holders.note(engine, pad_id, folder, held=False)
    owed_keys.take_back(engine, pad_id, folder)


# -- folders


def move_folder(engine: Engine, folder_id: str, into: str) -> None:
    """A folder with all that is in it; durable when this returns. Raises IntoItself or TooDeep."""
    tree = engine.drive.folders()
    if into in tree.below(folder_id):
        raise IntoItself
    with engine.drive_session.replica.store.transaction():
        shown = tree.folders.get(folder_id)
        before, after = _around(engine, folder_id), _around(engine, into)
        if shown is not None and shown.shared:
            _move_shared(engine, bytes.fromhex(shown.shared), into)
        elif before == after:
            if before is not None:
                with _book(engine, before) as book:
                    inner = _inside(engine, book, folder_id)
                    if inner != TOP:
                        book.place(inner, _inside(engine, book, into))
            engine.drive.move_folder(folder_id, into)
        else:
            _transplant(engine, engine.drive.tree(), folder_id, into)
        engine.drive_session.flush()


def _move_shared(engine: Engine, pad_id: bytes, into: str) -> None:
    """A shared folder, which may lie in another: then it is an entry there, like a pad."""
    tree, folder_id = engine.drive.folders(), shared_id_of(pad_id)
    parent = tree.folders[folder_id].parent if folder_id in tree.folders else TOP
    before, after = _around(engine, parent), _around(engine, into)
    engine.drive.move_folder(folder_id, into)
    if before is not None and before != after:
        _drop(engine, before, pad_id)
    if after is not None:
        put(engine, after, pad_id, into)


def _transplant(engine: Engine, tree: Tree, folder_id: str, into: str) -> None:
    """Made anew where it goes, pad by pad: a plain folder belongs to the drive, or to one shared folder."""
    if tree.depth(into) + 1 > MAX_DEPTH // 2:
        raise TooDeep
    made = make_folder(engine, tree.folders[folder_id].name, into)
    for pad in engine.vault.pads():
        if pad.kind != PadKind.FOLDER and tree.folder_of(pad.pad_id.hex()) == folder_id:
            _move_pad(engine, pad.pad_id, made)
    for inner in tree.children(folder_id):
        if inner.shared:
            _move_shared(engine, bytes.fromhex(inner.shared), made)
        else:
            _transplant(engine, tree, inner.id, made)
    _forget_folder(engine, folder_id)


def _forget_folder(engine: Engine, folder_id: str) -> None:
    folder = _around(engine, folder_id)
    if folder is not None:
        with _book(engine, folder) as book:
            inner = _inside(engine, book, folder_id)
            if inner != TOP:
                book.drop(inner)
    engine.drive.forget_folder(folder_id)


def make_path(engine: Engine, path: str) -> str:
    """The folder at a path, made where it is missing: in a shared one, for everybody in it."""
    inside, parts = TOP, path_parts(path)
    for at, name in enumerate(parts):
        found = [each.id for each in engine.drive.folders().children(inside) if each.name == name]
        if not found and _around(engine, inside) is None:
            return engine.drive.make_folders("/".join(parts))
        if len(parts) > MAX_DEPTH:
            raise TooDeep
        inside = found[0] if found else make_folder(engine, parts[at], inside)
    return inside


def make_folder(engine: Engine, name: str, parent: str) -> str:
    """A plain folder in this one; the id that the drive shows it by. Not durable yet."""
    folder, tree = _around(engine, parent), engine.drive.folders()
    if folder is None:
        above = tree.path(parent)
        taken = [each for each in tree.children(parent) if each.name == name]
        if taken:
            return taken[0].id
        return engine.drive.make_folders(f"{above}/{name}" if above else name)
    with _book(engine, folder) as book:
        inner = engine.rng(16).hex()
        book.put_inner(inner, name, _inside(engine, book, parent))
    made = agreeing.inner_id(folder, inner)
    engine.drive.put_inner_folder(made, name, parent)
    return made


def rename_folder(engine: Engine, folder_id: str, name: str) -> None:
    """Of a shared folder, and of one within, for everybody."""
    folder = _around(engine, folder_id)
    with engine.drive_session.replica.store.transaction():
        if folder is not None:
            with _book(engine, folder) as book:
                if folder_id == shared_id_of(folder):
                    book.set_name(name)
                elif (inner := _inside(engine, book, folder_id)) != TOP:
                    book.rename_inner(inner, name)
        engine.drive.rename_folder(folder_id, name)
        engine.drive_session.flush()
