"""What the vault's tables give and take, as values. No secret is in any repr."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum


@dataclass(frozen=True, slots=True)
class PadRecord:
    """A pad that this vault can open."""

    pad_id: bytes
    """32 bytes."""
    genesis: bytes
    """236 bytes."""
    kind: int
    role: str
    """owner, edit or view."""
    secret: bytes = field(repr=False)
    """32 bytes: owner_root, edit_seed or view_seed, as `role` says."""
    epoch: int
    relay_url: str | None = field(repr=False)
    relay_pk: bytes
    """32 bytes; empty until the first use pins it."""
    pin_n: int
    pin_head: bytes
    """16 bytes of head[pin_n]; empty where the link had no pin."""
    uploaded: bool
    created_ms: int


@dataclass(frozen=True, slots=True)
class ListingRow:
    """What a list of pads shows without opening documents."""

    pad_id: bytes
    title: str = field(repr=False)
    kind: int
    role: str
    changed_ms: int
    size_bytes: int
    removed: bool


class AlarmState(IntEnum):
    """Where an alarm is in its life."""

    OPEN = 0
    """The pad is halted, or nobody has answered."""
    PAST = 1
    """The relay's log was verified to its signed end afterwards."""
    DISMISSED = 2
    """A person said: go on."""


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """An alarm with its evidence, as it was shown."""

    id: int
    pad_id: bytes | None
    code: str
    sentence: str
    proof: bytes = field(repr=False)
    """A proof file; in rows of the first format lines of hex."""
    at_ms: int
    detail: str = ""
    lasting: bool = False
    """Whether only a person ends it."""
    state: AlarmState = AlarmState.OPEN
    ended_ms: int = 0


@dataclass(frozen=True, slots=True)
class WriterTail:
    """The last entry that this vault stored as signed by a writer."""

    seq: int
    entry_id: bytes
