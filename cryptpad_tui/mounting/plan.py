"""What is to be done so that a drive folder and a folder on disk agree. Pure: it decides, and does nothing.

Of each pad that both sides had it knows the text on which they last agreed, so that each side's edits are a
difference. It must never let one side's text go where the other side did not see it: an edit wins over a
removal, and what cannot be merged is kept beside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

Stamp = tuple[int, ...]
"""What tells that a file is as it was: device, inode, size, times."""


@dataclass(frozen=True, slots=True)
class File:
    """A file on disk. `text` is None where no pad can hold it; `why` says so."""

    stamp: Stamp
    text: str | None = field(repr=False)
    why: str = ""
    crlf: bool = False
    """Whether its lines end in CR and LF: they will again when it is written."""


@dataclass(frozen=True, slots=True)
class Pad:
    """A pad of the folder; `path` is where it belongs on disk."""

    path: str
    text: str = field(repr=False)
    writable: bool = True


@dataclass(frozen=True, slots=True)
class Agreed:
    """What both sides had when they last agreed about a pad."""

    path: str
    text: str = field(repr=False)
    stamp: Stamp = ()
    """The file's at that time: a file of the same inode under another name is the same one."""


@dataclass(frozen=True, slots=True)
class Write:
    """Put the pad's text into its file, which is still the one of this stamp (or not there)."""

    pad_id: str
    path: str
    over: Stamp | None


@dataclass(frozen=True, slots=True)
class Agree:
    """Both sides are alike: remember it."""

    pad_id: str
    path: str


@dataclass(frozen=True, slots=True)
class Merge:
    """Make in the pad what was made in its file since `base`; then the file follows the pad."""

    pad_id: str
    path: str
    base: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SetAside:
    """Keep the file beside, under a name that says so. A pad's text takes its place in the next round."""

    pad_id: str | None
    path: str
    why: str


@dataclass(frozen=True, slots=True)
class Create:
    """Make a pad of a file."""

    path: str


@dataclass(frozen=True, slots=True)
class MovePad:
    """The file was given another name or folder: so is the pad."""

    pad_id: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class MoveFile:
    """The pad was given another title or folder: so is its file."""

    pad_id: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class TrashPad:
    pad_id: str
    path: str


@dataclass(frozen=True, slots=True)
class RemoveFile:
    pad_id: str
    path: str


@dataclass(frozen=True, slots=True)
class Forget:
    pad_id: str


Action = Write | Agree | Merge | SetAside | Create | MovePad | MoveFile | TrashPad | RemoveFile | Forget


def plan(
    agreed: Mapping[str, Agreed],
    files: Mapping[str, File],
    pads: Mapping[str, Pad],
    aside: Mapping[str, Stamp],
) -> list[Action]:
    """One round of actions; a round without any means that both sides agree.

    `files` holds what is to be followed, by path; `pads` and `agreed` are by pad id; `aside` are conflict
    copies, which become pads only once somebody edits them.
    """
    return list(_Round(agreed, files, pads, aside).actions())


class _Round:
    def __init__(
        self,
        agreed: Mapping[str, Agreed],
        files: Mapping[str, File],
        pads: Mapping[str, Pad],
        aside: Mapping[str, Stamp],
    ) -> None:
        self._agreed, self._files, self._pads, self._aside = agreed, files, pads, aside
        self._owned = {each.path for each in agreed.values() if each.path in files}
        self._loose = {
            path: file
            for path, file in files.items()
            if path not in self._owned and aside.get(path) != file.stamp
        }

    def actions(self) -> Iterator[Action]:
        for pad_id, agreed in self._agreed.items():
            pad, file = self._pads.get(pad_id), self._files.get(agreed.path)
            if pad is None:
                yield from self._without_pad(pad_id, agreed, file)
            elif file is None:
                yield from self._without_file(pad_id, agreed, pad)
            else:
                yield from self._with_both(pad_id, agreed, pad, file)
        yield from self._for_unknown_pads()
        for path, file in self._loose.items():
            if file.text is not None:
                yield Create(path)

    def _with_both(self, pad_id: str, agreed: Agreed, pad: Pad, file: File) -> Iterator[Action]:
        if file.text is None:
            yield SetAside(pad_id, agreed.path, file.why)
        elif file.text != agreed.text and file.text != pad.text:
            if pad.writable:
                yield Merge(pad_id, agreed.path, agreed.text)
            else:
                yield SetAside(pad_id, agreed.path, "this pad can only be read here")
        elif pad.text != file.text:
            yield Write(pad_id, agreed.path, file.stamp)
        elif pad.path != agreed.path and self._is_free(pad.path):
            yield MoveFile(pad_id, agreed.path, pad.path)
        elif pad.text != agreed.text:
            yield Agree(pad_id, agreed.path)

    def _without_pad(self, pad_id: str, agreed: Agreed, file: File | None) -> Iterator[Action]:
        """The pad left the folder, or went into the trash."""
        if file is not None and file.text == agreed.text:
            yield RemoveFile(pad_id, agreed.path)
        else:
            # Somebody edited the file meanwhile: it is loose from here on, and becomes a pad.
            yield Forget(pad_id)

    def _without_file(self, pad_id: str, agreed: Agreed, pad: Pad) -> Iterator[Action]:
        moved = self._moved_to(agreed)
        if moved is not None:
            del self._loose[moved]
            yield MovePad(pad_id, agreed.path, moved)
        elif pad.text == agreed.text:
            yield TrashPad(pad_id, agreed.path)
        else:
            # Somebody edited the pad meanwhile: the file comes back.
            yield Write(pad_id, agreed.path, None)

    def _moved_to(self, agreed: Agreed) -> str | None:
        """The loose file that is the missing one under another name: the same inode, or all of its text."""
        for path, file in self._loose.items():
            if file.text is not None and agreed.stamp and file.stamp[:2] == agreed.stamp[:2]:
                return path
        same = [path for path, file in self._loose.items() if agreed.text and file.text == agreed.text]
        return same[0] if len(same) == 1 else None

    def _for_unknown_pads(self) -> Iterator[Action]:
        for pad_id, pad in self._pads.items():
            if pad_id in self._agreed or pad.path in self._owned:
                continue
            file = self._loose.pop(pad.path, None)
            if file is None:
                if pad.path not in self._files:
                    yield Write(pad_id, pad.path, None)
            elif file.text == pad.text:
                yield Agree(pad_id, pad.path)
            else:
                yield SetAside(None, pad.path, file.why or "the pad of this name has another text")

    def _is_free(self, path: str) -> bool:
        return path not in self._files and all(each.path != path for each in self._agreed.values())
