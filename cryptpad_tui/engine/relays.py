"""Which relay a pad belongs to, and the loops that keep pads in step with theirs.

An address is a URL, or `local` for this machine's own relay, which is started when it is first needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.engine.relay_loop import RelayLoop
from cryptpad_tui.engine.session import PadSession
from cryptpad_tui.engine.values import RelayState
from cryptpad_tui.host.embedded_relay import EmbeddedRelay
from cryptpad_tui.vault.records import PadRecord

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

LOCAL_RELAY: Final = "local"
"""The relay setting that means this machine's own."""


class Relays:
    """The relays that one engine talks to, by address."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._embedded = EmbeddedRelay(engine.vault.directory / "relay")
        self.loops: dict[str, RelayLoop] = {}

    def url_of(self, record: PadRecord) -> str | None:
        """Where this pad is synced; None keeps it here. Without a relay the drive goes to none."""
        if record.kind == PadKind.DRIVE and self._engine.relay_url() is None:
            return None
        return record.relay_url or self._engine.relay_url()

    def resolve(self, url: str) -> str:
        """The address to connect to; starts this machine's relay where it is meant. Blocks."""
        if url == LOCAL_RELAY or url == self._embedded.url():
            return self._embedded.start_or_find()
        return url

    def public_url(self, url: str) -> str:
        return self._embedded.url() or url if url == LOCAL_RELAY else url

    def states(self) -> list[RelayState]:
        return [loop.state() for loop in self.loops.values()]

    def attach(self, session: PadSession) -> None:
        """Keep the session in step with its relay, where it has one and an event loop runs."""
        url = self.url_of(session.record)
        if self._engine.loop is None or url is None:
            return
        key = self.public_url(url)
        if key not in self.loops:
            self.loops[key] = RelayLoop(self._engine, url)
        self.loops[key].add(session)

    def let_go(self, session: PadSession) -> None:
        for loop in self.loops.values():
            loop.remove(session)

    def wake(self, pad_id: bytes) -> None:
        """Something of this pad waits to be sent."""
        for loop in self.loops.values():
            loop.wake(pad_id)

    async def disconnect(self) -> None:
        loops, self.loops = list(self.loops.values()), {}
        for loop in loops:
            await loop.close()
