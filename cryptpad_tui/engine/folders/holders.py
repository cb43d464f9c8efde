"""A folder holds what is in it: by which keys its members open a child's later keys in the child's record.

Kept as settings of the vault, so that opening a pad opens no folder. Keys are computed when they are asked
for: the folder's may change while a pad is open. Nothing here is ever shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crypto.folder_keys import edit_opener, view_opener
from cryptpad_tui.crypto.keys import EditKeys, Role, SigningSeed, ViewKeys
from cryptpad_tui.crypto.slots import BoxOpener
from cryptpad_tui.pad.flows_epoch import Kept

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

_HELD: Final = "folder/holds/"
MAX_FOLDERS: Final = 8
"""Folders that one pad is in: each costs a trial at each slot."""
MAX_EPOCHS: Final = 64
"""A folder's latest keys that are tried: a child may wait long for its owner to follow."""
KeysOf = Callable[[bytes], Mapping[int, ViewKeys]]


def folders_of(engine: Engine, pad_id: bytes) -> list[bytes]:
    """The folders of this vault that the pad is in."""
    stored: list[str] = json.loads(engine.vault.setting(_HELD + pad_id.hex()) or "[]")
    return [bytes.fromhex(each) for each in stored]


def note(engine: Engine, pad_id: bytes, folder: bytes, *, held: bool, first: bool = False) -> None:
    """Whether the pad is in the folder; `first` by its person's will, so that entries of others, in however
    many folders, push it out of those that count nowhere."""
    before = folders_of(engine, pad_id)
    if (folder in before) == held:
        return
    others = [each for each in before if each != folder]
    after = others if not held else [folder, *others] if first else [*others, folder]
    names = json.dumps([each.hex() for each in cut(after)]) if after else None
    engine.vault.set_setting(_HELD + pad_id.hex(), names)


def cut(folders: list[bytes]) -> list[bytes]:
    """As many as count."""
    return folders[:MAX_FOLDERS]


def kept(engine: Engine, pad_id: bytes, keys_of: Callable[[bytes], ViewKeys | None]) -> tuple[Kept, ...]:
    """To whom a change of the pad's keys is sealed for the members of the folders that it is in."""
    found: list[Kept] = []
    for folder in folders_of(engine, pad_id):
        keys = keys_of(folder)
        if isinstance(keys, EditKeys):
            found.append(Kept(edit_opener(keys.edit_seed).public, Role.EDIT))
        if keys is not None:
            found.append(Kept(view_opener(keys.view_seed).public, Role.VIEW))
    return tuple(found)


class LateOpeners:
    """What may open a slot of a pad: the person's own keys, and those of the folders as they are then."""

    def __init__(self, engine: Engine, pad_id: bytes, fixed: Sequence[BoxOpener], keys_of: KeysOf) -> None:
        self._engine, self._pad_id, self._fixed, self._keys_of = engine, pad_id, fixed, keys_of

    def __iter__(self) -> Iterator[BoxOpener]:
        folders = folders_of(self._engine, self._pad_id)
        keys = [each for folder in folders for each in self._latest(folder)]
        # Rights to write first: the first key that fits is taken.
        yield from [edit_opener(each.edit_seed) for each in keys if isinstance(each, EditKeys)]
        yield from self._fixed
        yield from self._for_readers(keys)

    def _latest(self, folder: bytes) -> list[ViewKeys]:
        keys = self._keys_of(folder)
        return [keys[epoch] for epoch in sorted(keys, reverse=True)[:MAX_EPOCHS]]

    @staticmethod
    def _for_readers(keys: Sequence[ViewKeys]) -> list[SigningSeed]:
        return [view_opener(each.view_seed) for each in keys]
