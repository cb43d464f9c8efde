"""What the tests of this room share: a fake engine, how a command ended, people who run real processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Protocol

from cryptpad_tui.cli.screen_request import ScreenRequest
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.engine import LogLine, NotAllowed, PadListing, SyncReport, SyncWord, UnknownPad
from cryptpad_tui.pad.alarms import Notice
from support import zygote

PASSPHRASE = "correct horse"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode().rstrip("\n")

    @property
    def lines(self) -> list[str]:
        return self.err.splitlines()


class FakeSession:
    halted = False
    alarm = None

    def __init__(self, engine: FakeEngine, pad: PadListing) -> None:
        self._engine, self._pad = engine, pad
        self.can_edit = pad.role != "view"
        self.view = ViewDocument(client_id=7, kind=PadKind.TEXT)
        self.view.set_text(engine.texts[pad.pad_id])
        self.view.read_only = not self.can_edit

    def flush(self) -> None:
        self._engine.texts[self._pad.pad_id] = self.view.text()
        self._engine.calls.append("flush")

    def take_notices(self) -> list[Notice]:
        return []

    def close(self) -> None:
        self._engine.calls.append("close session")


@dataclass
class FakeEngine:
    """What a verb needs of an engine, kept in memory; `calls` says what was done, in order."""

    pads: list[PadListing] = field(default_factory=list)
    texts: dict[bytes, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    relay: str | None = None
    report: SyncReport = field(default_factory=lambda: SyncReport(0, False, (), ()))
    sync_error: BaseException | None = None
    log_lines: list[LogLine] = field(default_factory=list)
    vault: SimpleNamespace = field(
        default_factory=lambda: SimpleNamespace(
            directory=Path("/vault"),
            pads=list,
            setting={"name": "Anna", "drive/mirror": "1"}.get,
            drive_fields=list,
            settings_under=lambda prefix: {},
        )
    )

    people: SimpleNamespace = field(
        default_factory=lambda: SimpleNamespace(contacts=list, open_count=lambda: 0)
    )

    def add(self, title: str, text: str = "", **changes: object) -> PadListing:
        number = len(self.pads)
        pad = PadListing(
            pad_id=bytes([number]) * 32,
            short_id=f"aaaaaaa{chr(ord('a') + number)}",
            title=title,
            kind=PadKind.TEXT,
            role="owner",
            folder="",
            changed_ms=1_700_000_000_000 + number,
            size_bytes=len(text.encode()),
            sync=SyncWord.SAVED,
            waiting=0,
            log_n=0,
            head="",
            freshness="none",
            alarms=(),
            relay=self.relay,
        )
        self.pads.append(replace(pad, **changes))  # type: ignore[arg-type]
        self.texts[pad.pad_id] = text
        return self.pads[-1]

    def listing(self) -> list[PadListing]:
        return list(self.pads)

    def find(self, reference: str) -> PadListing:
        for pad in self.pads:
            if reference in (pad.short_id, pad.title):
                return pad
        raise UnknownPad

    def create_pad(self, title: str, *, kind: PadKind = PadKind.TEXT, text: str = "") -> PadListing:
        self.calls.append("create")
        return self.add(title, text)

    def rename(self, pad_id: bytes, title: str) -> None:
        self.calls.append(f"rename {title}")

    def trash(self, pad_id: bytes) -> None:
        self.calls.append("trash")

    def open_pad(self, pad_id: bytes) -> FakeSession:
        return FakeSession(self, next(pad for pad in self.pads if pad.pad_id == pad_id))

    def log(self, pad_id: bytes) -> Iterator[LogLine]:
        return iter(self.log_lines)

    def wall_ms(self) -> int:
        return 0

    def relay_url(self) -> str | None:
        return self.relay

    def set_relay(self, url: str | None) -> None:
        self.relay = url

    async def sync(self, pad_ids: Sequence[bytes] | None = None, *, wait_s: float = 10.0) -> SyncReport:
        count = "all" if pad_ids is None else str(len(pad_ids))
        self.calls.append(f"sync {count} {wait_s:g}")
        if self.sync_error is not None:
            raise self.sync_error
        return self.report

    async def make_link(self, pad_id: bytes, *, view: bool, wait_s: float = 10.0) -> str:
        if not view and self.open_pad(pad_id).can_edit is False:
            raise NotAllowed
        return "pad1:view" if view else "pad1:edit"

    async def join(self, link_text: str, *, wait_s: float = 10.0) -> PadListing:
        return self.add("Joined")

    async def close(self) -> None:
        self.calls.append("close")


class Command(Protocol):
    """Runs one command in this process; `shown` collects what it asked a screen for."""

    def __call__(
        self, *arguments: str, stdin: bytes = b"", shown: list[ScreenRequest] | None = None
    ) -> Ended: ...


@dataclass(frozen=True)
class Person:
    """Somebody with a vault, who runs real processes."""

    home: Path
    environ: dict[str, str]

    def run(self, *arguments: str, stdin: bytes = b"", environ: Mapping[str, str] | None = None) -> Ended:
        """In a process of its own that was started already."""
        code, out, err = zygote.shared().run(
            arguments, stdin=stdin, env={**self.environ, **(environ or {})}, cwd=self.home.parent
        )
        return Ended(code, out, err.decode())

    def start(self, *arguments: str) -> Ended:
        """In a process that starts from nothing, as a shell would."""
        done = subprocess.run(
            [sys.executable, "-m", "cryptpad_tui", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=self.environ,
            cwd=self.home.parent,
            timeout=60,
            check=False,
            start_new_session=True,
        )
        return Ended(done.returncode, done.stdout, done.stderr.decode())

    def does(self, *arguments: str, stdin: bytes = b"") -> str:
        """Run what must succeed; its output."""
        ended = self.run(*arguments, stdin=stdin)
        assert ended.code == 0, ended.err
        return ended.text


class Inside(Protocol):
    """Runs one of a person's commands in this process: a tenth of what a process of its own costs."""

    def __call__(self, person: Person, *arguments: str, stdin: bytes = b"") -> Ended: ...


class MakePerson(Protocol):
    """Makes a vault for somebody, with the cheapest passphrase check that is allowed."""

    def __call__(self, name: str, relay: str = "none") -> Person: ...
