"""What the engine tells the doors. Titles and names are raw: pass `term_safe` to show them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.pad.freshness import FreshnessState


class SyncWord(StrEnum):
    """Where a pad's newest text is."""

    SAVED = "saved"
    """Here; the pad has no relay."""
    WAITING = "waiting"
    """Here, and not yet all on the relay."""
    SYNCED = "synced"
    """Acknowledged by the relay."""
    CONFIRMED = "confirmed"
    """Seen at this state by a named peer."""
    ALARM = "alarm"
    """The relay, or somebody, was caught."""
    REMOVED = "removed"
    """Here as it was: the owner changed the keys, and this person got none."""
    DELETED = "deleted"
    """Here as it was: the owner deleted the pad for everybody."""
    EXPIRED = "expired"
    """Here as it was: the day came that the owner had named."""


class SessionEvent(Enum):
    STATUS = auto()
    PEOPLE = auto()
    ALARM = auto()
    NOTICE = auto()


@dataclass(frozen=True, slots=True)
class AlarmLine:
    pad_id: bytes
    code: str
    sentence: str
    advice: str


@dataclass(frozen=True, slots=True)
class PadListing:
    """One line of the drive."""

    pad_id: bytes
    short_id: str
    title: str
    kind: PadKind
    role: str
    folder: str
    changed_ms: int
    size_bytes: int
    sync: SyncWord
    waiting: int
    log_n: int
    head: str
    freshness: str
    alarms: tuple[str, ...]
    """The codes of those that are open."""
    relay: str | None
    past_alarms: tuple[str, ...] = ()
    """The codes of those that are past or dismissed."""
    folder_id: str = ""
    tags: tuple[str, ...] = ()
    template: bool = False
    trashed_ms: int = 0
    """When it went into the trash; 0 where it is not there."""
    has_news: bool = False
    """Whether something happened to it that nobody was told yet."""

    @property
    def path(self) -> str:
        """Its folder and title: what it can be called by."""
        return f"{self.folder}/{self.title}" if self.folder else self.title


@dataclass(frozen=True, slots=True)
class PadStatus:
    """What the status line of an open pad says."""

    word: SyncWord
    waiting: int
    connected: bool
    freshness: FreshnessState
    alarm: AlarmLine | None
    text: str
    """The words for a person; raw names in it."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody else's open window on this pad."""

    key: bytes
    name: str
    mark: str
    """Four characters of the identity's key: two people of one name differ here."""
    colour: tuple[int, int, int]
    viewer: bool
    typing: bool
    caret: Position | None
    anchor: Position | None


@dataclass(frozen=True, slots=True)
class LogLine:
    n: int
    kind: str
    author: str
    author_key: str
    verified: bool
    void: bool
    size_bytes: int
    wall_ms: int | None


@dataclass(frozen=True, slots=True)
class SyncReport:
    waiting: int
    unreachable: bool
    alarms: tuple[AlarmLine, ...]
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RelayState:
    url: str
    connected: bool
    sentence: str
