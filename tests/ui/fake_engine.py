"""An engine of values for the screens: no crypto, no files, no network; documents are real view documents."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cryptpad_tui.comments.book import Book
from cryptpad_tui.comments.chat import Chat
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.crypto.keys import SigningSeed
from cryptpad_tui.drive.mirror import KEPT
from cryptpad_tui.engine import (
    AlarmLine,
    AlarmView,
    PadListing,
    PadStatus,
    Person,
    RelayState,
    RelayUnreachable,
    SessionEvent,
    SyncWord,
    UnknownPad,
)
from cryptpad_tui.engine.authors import Author
from cryptpad_tui.engine.limited import BOX
from cryptpad_tui.pad.alarms import Notice
from cryptpad_tui.pad.freshness import Freshness, FreshnessState
from cryptpad_tui.pad.judgement import StartReport
from cryptpad_tui.pad.outgoing import Profile
from cryptpad_tui.people.login_errors import NoSuchLogin
from cryptpad_tui.vault import errors as vault_errors
from cryptpad_tui.vault.errors import DiskFull, WrongPassphrase

HOSTILE = "\x1b]0;pwned\x07[bold red]x[/]\u202e\n\x9b31m"
SECRET = b"open sesame"


def listing(title: str, *, number: int = 0, **changes: Any) -> PadListing:
    """A line of the drive."""
    pad_id = number.to_bytes(32, "big")
    line = PadListing(
        pad_id, f"pad{number}", title, PadKind.TEXT, "owner", "", 1_000 + number, 10, SyncWord.SAVED, 0, 0,
        "", "none", (), None,
    )  # fmt: skip
    return replace(line, **changes)


def person(name: str, *, key: bytes = b"k", caret: Position | None = None, **changes: Any) -> Person:
    """Somebody else in the pad."""
    one = Person(key, name, key.hex()[:4].ljust(4, "0"), (97, 175, 239), False, False, caret, None)
    return replace(one, **changes)


class FakeSession:
    """A pad that is open."""

    def __init__(self, line: PadListing, text: str, *, can_edit: bool = True) -> None:
        self.pad_id, self.kind, self.can_edit = line.pad_id, line.kind, can_edit
        self.view = ViewDocument(client_id=7, kind=line.kind)
        if text:
            self.view.replace(Position(0, 0), Position(0, 0), text)
        self.view.read_only = not can_edit
        self.comments = Book(
            self.view, name=lambda: "ME", wall_ms=lambda: 1_000, rng=random.Random(7).randbytes
        )
        self.profile = Profile(SigningSeed(bytes([7]) * 32), "Me", bytes(3))
        self.pictures = SimpleNamespace(is_due=False)
        self.chat = Chat(
            self.view,
            self.pad_id,
            identity=lambda: self.profile.identity,
            name=lambda: "ME",
            wall_ms=lambda: 1_000_000,
            rng=random.Random(8).randbytes,
        )
        self.authors = self
        self.known: dict[int, Author] = {}
        self.problem = ""
        self.notices: list[Notice] = []
        self.disk_full = self.removed = self.halted = False
        self.start: str = ""
        self.replica = self.judgement = self.company = self
        self.fold = self.document = self
        self.left_to_do = 0
        self.here: list[Person] = []
        self.alarm: AlarmLine | None = None
        self.text = "saved here"
        self.cursor: tuple[Position, Position] | None = None
        self.calls: list[str] = []
        self._title = line.title
        self._callbacks: list[Callable[[SessionEvent], None]] = []

    def tell(self, event: SessionEvent) -> None:
        for callback in list(self._callbacks):
            callback(event)

    @property
    def has_begun(self) -> bool:
        return self.left_to_do > 0

    def go_on(self) -> None:
        self.left_to_do -= 1

    def take_notices(self) -> list[Notice]:
        notices, self.notices = self.notices, []
        return notices

    def observe(self, callback: Callable[[SessionEvent], None]) -> Callable[[], None]:
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def start_report(self, name_of: object = None) -> StartReport | None:
        return StartReport(1, 1, "", b"", (), (), False, self.start) if self.start else None

    def status(self) -> PadStatus:
        word = SyncWord.ALARM if self.alarm else SyncWord.SAVED
        return PadStatus(word, 0, False, FreshnessState(Freshness.STALE), self.alarm, self.text)

    def people(self) -> list[Person]:
        return self.here

    def by_client(self) -> dict[int, Author]:
        return self.known

    def name_of(self, key: bytes) -> str:
        return "someone"

    def title(self) -> str:
        return self._title

    def set_cursor(self, anchor: Position, head: Position) -> None:
        self.cursor = (anchor, head)

    def flush(self) -> None:
        self.calls.append("flush")
        if self.disk_full:
            raise DiskFull()
        if self.removed:
            raise vault_errors.UnknownPad()

    def close(self) -> None:
        self.calls.append("close")


class FakeEngine:
    """What the screens call, recorded."""

    directory = Path("/nowhere")

    def __init__(self, *lines: PadListing) -> None:
        self.lines = list(lines)
        self.sessions: dict[bytes, FakeSession] = {}
        self.calls: list[tuple[object, ...]] = []
        self.vault = self
        self.url: str | None = None
        self.link = "pad1:" + "A" * 190
        self.unreachable = False
        self.closed = False
        self.alarm_views: list[AlarmView] = []
        self.settings: dict[str, str | None] = {KEPT: "1", BOX: "00"}
        self.drive = self.drive_session = self
        self.has_drive_open = True
        self.open_pads: list[FakeSession] = []
        self.people = SimpleNamespace(changes=0)
        self.mail = SimpleNamespace(observe=lambda callback: lambda: None, soon=lambda: None)

    def listing(self, *, trashed: bool = False) -> list[PadListing]:
        return list(self.lines)

    def listing_of(self, pad_id: bytes) -> PadListing:
        return next(line for line in self.lines if line.pad_id == pad_id)

    def changes(self) -> object:
        return [id(line) for line in self.lines]

    def drive_fields(self) -> list[tuple[str, str, str | int]]:
        return []

    def find(self, reference: str) -> PadListing:
        for line in self.lines:
            if reference in (line.short_id, line.title):
                return line
        raise UnknownPad

    def session(self, line: PadListing, text: str = "", *, can_edit: bool = True) -> FakeSession:
        self.sessions[line.pad_id] = FakeSession(line, text, can_edit=can_edit)
        return self.sessions[line.pad_id]

    def open_pad(self, pad_id: bytes) -> FakeSession:
        line = next((line for line in self.lines if line.pad_id == pad_id), None)
        if line is None:
            raise UnknownPad
        return self.sessions.get(pad_id) or self.session(line)

    def create_pad(self, title: str, **options: Any) -> PadListing:
        self.calls.append(("create", title, options.get("text", "")))
        self.lines.append(listing(title, number=len(self.lines) + 1))
        return self.lines[-1]

    def rename(self, pad_id: bytes, title: str) -> None:
        self.lines = [replace(line, title=title) if line.pad_id == pad_id else line for line in self.lines]

    def own_name(self, pad_id: bytes) -> str:
        return ""

    def trash(self, pad_id: bytes, at_ms: int = 0) -> None:
        self.lines = [line for line in self.lines if line.pad_id != pad_id]

    def relay_url(self) -> str | None:
        return self.url

    def set_relay(self, url: str | None) -> None:
        self.url = url

    def relay_states(self) -> list[RelayState]:
        return []

    async def make_link(self, pad_id: bytes, *, view: bool) -> str:
        self.calls.append(("make_link", view))
        await asyncio.sleep(0)
        if self.unreachable:
            raise RelayUnreachable("ws://127.0.0.1:1")
        return self.link

    async def join(self, text: str) -> PadListing:
        self.calls.append(("join", text))
        return self.create_pad("Joined")

    async def start(self) -> None:
        self.calls.append(("start",))

    def flush(self) -> None:
        for session in self.sessions.values():
            session.flush()

    async def close(self) -> None:
        self.closed = True

    def alarms_of(self, pad_id: bytes | None = None) -> list[AlarmView]:
        return [view for view in self.alarm_views if pad_id in (None, view.pad_id)]

    def dismiss_alarms(self, pad_id: bytes) -> int:
        self.calls.append(("dismiss", pad_id))
        return 1

    def proof_of(self, pad_id: bytes, alarm_id: int | None = None) -> bytes:
        return b"-----BEGIN of %d-----" % (alarm_id or 0)

    def wall_ms(self) -> int:
        return 0

    def setting(self, key: str) -> str | None:
        return self.settings.get(key)

    def set_setting(self, key: str, value: str | None) -> None:
        self.settings[key] = value

    def reset_passphrase(self, new: bytes) -> None:
        self.calls.append(("reset", new))


class FakeBackend:
    """A vault that opens with SECRET, at once."""

    def __init__(self, engine: FakeEngine, *, exists: bool = True) -> None:
        self._engine, self._exists = engine, exists
        self.created: tuple[object, ...] = ()
        self.signed_in: tuple[object, ...] = ()
        self.is_held = False

    def has_vault(self) -> bool:
        return self._exists

    def create(self, passphrase: bytes, name: str, relay: str | None) -> tuple[Any, str]:
        self.created = (passphrase, name, relay)
        self._exists = True
        return self._engine, "AAAA-BBBB-CCCC-DDDD-EEEE-FFFF-GGGG-HHHH"

    def sign_in(self, answers: Any) -> Any:
        self.signed_in = tuple(answers)
        if answers.passphrase != "pw":
            raise NoSuchLogin
        self._exists = True
        return self._engine

    def open(self, passphrase: bytes) -> Any:
        if passphrase != SECRET:
            raise WrongPassphrase
        return self._engine

    def open_held(self) -> Any:
        return self._engine if self.is_held else None

    def open_by_recovery(self, recovery_key: str) -> Any:
        return self._engine

    def engine(self, vault: Any) -> Any:
        return self._engine

    def warm_up(self) -> None:
        """Nothing to load."""
