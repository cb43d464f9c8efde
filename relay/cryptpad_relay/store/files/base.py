"""What a store keeps of files: the list of a file's chunks, its tombstone, and what is left to erase.

A file is a list of chunk ids that an editor signed for. Nothing here knows a name, a type or a content.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, NamedTuple, Protocol

from cryptpad_relay.protocol.entry import ChunkRef

UNFINISHED_DAYS: Final = 7
"""A file whose upload was not gone on with for so long is given up."""
ERASE_CHUNKS: Final = 32
"""In one commit: others wait no longer for it than for a large paste."""


class FileState(IntEnum):
    """Where a file is in its life."""

    PART = 0
    """Announced; chunks of it may be missing."""
    WHOLE = 1
    ERASING = 2
    """Its owner deleted it; its chunks are no longer given out, and go in pieces."""
    DELETED = 3
    """Only the owner's signature is left."""
    EXPIRING = 4
    """It was never finished, and goes in pieces."""


class FileMark(NamedTuple):
    """A file as the store knows it."""

    state: FileState
    size: int
    """Bytes of all its chunks."""
    chunks: int
    tombstone: bytes
    """The owner's signature; empty where the file was not deleted."""


class FileRow(NamedTuple):
    """A file that is announced; again, it is only refreshed."""

    pad: int
    file_id: bytes
    chunks: tuple[ChunkRef, ...]
    day: int
    """Days since 1970: one that is not finished is dropped some days after its last announcement."""

    @property
    def size(self) -> int:
        return sum([chunk.size for chunk in self.chunks])


class FileDrop(NamedTuple):
    """What its owner deleted."""

    pad: int
    file_id: bytes
    signature: bytes


@dataclass(slots=True)
class Filing:
    """What one transaction does to files."""

    puts: list[FileRow] = field(default_factory=list)
    drops: list[FileDrop] = field(default_factory=list)
    expire_before: int = 0
    """Unfinished files last announced before this day are given up."""
    erase: int = 0
    """Up to so many chunks of files that are gone are erased: a long file does not hold up the others."""

    def __bool__(self) -> bool:
        return bool(self.puts or self.drops or self.expire_before or self.erase)

    def add(self, other: Filing) -> None:
        self.puts += other.puts
        self.drops += other.drops

    @property
    def announced_bytes(self) -> int:
        return sum([row.size for row in self.puts])


class FileIndex(Protocol):
    """Point reads of one pad's files."""

    def file(self, file_id: bytes) -> FileMark | None: ...

    def missing_chunks(self, file_id: bytes) -> int:
        """How many chunks of the file are not here."""

    def announced_size(self, chunk_id: bytes) -> int | None:
        """The size of a chunk that a live file names."""

    def is_erased(self, chunk_id: bytes) -> bool:
        """Whether only files that are gone name this chunk."""

    def file_bytes(self) -> int:
        """Bytes of the pad's files, announced ones too."""


class FileStore(Protocol):
    def all_file_bytes(self) -> int:
        """The same over all pads."""

    def erasable(self) -> bool:
        """Whether chunks of files that are gone are left."""
