"""The same in memory: what tests and simulations ask of a store's files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from cryptpad_relay.protocol.entry import ChunkRef
from cryptpad_relay.store.files.base import FileMark, FileState, Filing


@dataclass(slots=True)
class MemoryFile:
    chunks: dict[bytes, ChunkRef]
    day: int
    state: FileState = FileState.PART
    tombstone: bytes = b""

    @property
    def size(self) -> int:
        return sum([chunk.size for chunk in self.chunks.values()])

    @property
    def is_live(self) -> bool:
        return self.state in (FileState.PART, FileState.WHOLE)


@dataclass(slots=True)
class PadFiles:
    """The files of one pad."""

    files: dict[bytes, MemoryFile] = field(default_factory=dict)

    def live(self) -> list[MemoryFile]:
        return [file for file in self.files.values() if file.is_live]

    def names(self, chunk_id: bytes, *, live: bool) -> bool:
        return any(chunk_id in file.chunks for file in self.files.values() if file.is_live is live)


class _HasFiles(Protocol):
    files: PadFiles
    chunks: dict[bytes, bytes]
    named: set[bytes]


class _HasPads(Protocol):
    def pads_with_files(self) -> list[_HasFiles]: ...


class _HasPad(Protocol):
    @property
    def with_files(self) -> _HasFiles: ...


class MemoryFiles:
    """A part of MemoryStore: FileStore."""

    def all_file_bytes(self: _HasPads) -> int:
        return sum([file.size for pad in self.pads_with_files() for file in pad.files.live()])

    def erasable(self: _HasPads) -> bool:
        going = (FileState.ERASING, FileState.EXPIRING)
        return any(file.state in going for pad in self.pads_with_files() for file in pad.files.files.values())


class MemoryFileIndex:
    """A part of MemoryIndex: FileIndex."""

    def file(self: _HasPad, file_id: bytes) -> FileMark | None:
        file = self.with_files.files.files.get(file_id)
        return FileMark(file.state, file.size, len(file.chunks), file.tombstone) if file else None

    def missing_chunks(self: _HasPad, file_id: bytes) -> int:
        file = self.with_files.files.files.get(file_id)
        return len(_missing(self.with_files, file)) if file else 0

    def announced_size(self: _HasPad, chunk_id: bytes) -> int | None:
        sizes = [
            file.chunks[chunk_id].size for file in self.with_files.files.live() if chunk_id in file.chunks
        ]
        return sizes[0] if sizes else None

    def is_erased(self: _HasPad, chunk_id: bytes) -> bool:
        pad = self.with_files
        return (
            chunk_id not in pad.named
            and pad.files.names(chunk_id, live=False)
            and not pad.files.names(chunk_id, live=True)
        )

    def file_bytes(self: _HasPad) -> int:
        return sum([file.size for file in self.with_files.files.live()])


def _missing(pad: _HasFiles, file: MemoryFile) -> list[ChunkRef]:
    return [chunk for chunk in file.chunks.values() if len(pad.chunks.get(chunk.chunk_id, b"")) != chunk.size]


def apply_filing(pads: dict[int, _HasFiles], filing: Filing) -> None:
    """What `write_filing` does to tables."""
    for row in filing.puts:
        files = pads[row.pad].files.files
        file = files.setdefault(
            row.file_id, MemoryFile({chunk.chunk_id: chunk for chunk in row.chunks}, row.day)
        )
        if file.state is FileState.PART:
            file.day = row.day
    for drop in filing.drops:
        files = pads[drop.pad].files.files
        known = drop.file_id in files
        file = files.setdefault(drop.file_id, MemoryFile({}, 0))
        file.state, file.tombstone = FileState.ERASING if known else FileState.DELETED, drop.signature
    for pad in pads.values():
        _tend(pad, filing)


def _tend(pad: _HasFiles, filing: Filing) -> None:
    for file_id, file in list(pad.files.files.items()):
        if file.state is FileState.PART and file.day < filing.expire_before:
            file.state = FileState.EXPIRING if _missing(pad, file) else FileState.WHOLE
        if filing.erase and file.state in (FileState.ERASING, FileState.EXPIRING):
            for chunk_id in file.chunks:
                if chunk_id not in pad.named and not pad.files.names(chunk_id, live=True):
                    pad.chunks.pop(chunk_id, None)
            file.chunks.clear()
            if file.state is FileState.ERASING:
                file.state = FileState.DELETED
            else:
                del pad.files.files[file_id]
