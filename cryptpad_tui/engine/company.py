"""Who else has a pad open: their cursors and names, and what they have seen compared with what is here.

It tells and hears presence, and decides nothing: what a peer claims never changes the document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.engine import people
from cryptpad_tui.engine.values import Person
from cryptpad_tui.pad.freshness import FreshnessWatch
from cryptpad_tui.pad.payloads import Cursor
from cryptpad_tui.pad.peers import NO_CURSOR
from cryptpad_tui.pad.presence import Presence

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine
    from cryptpad_tui.engine.session import PadSession

TYPING_S: Final = 2.0


class Company:
    """The others at one open pad, and how this window appears to them."""

    def __init__(self, engine: Engine, session: PadSession) -> None:
        replica = session.replica
        self._engine = engine
        self._session = session
        self._replica = replica
        self._typed_at = -TYPING_S
        self._cursors: tuple[Position, Position] | None = None
        self.freshness = FreshnessWatch()
        self.presence = Presence(
            replica.genesis.pad_id,
            replica.fold.mark,
            replica.keys,
            replica.profile.identity,
            replica.writer,
            name=replica.profile.name,
            rng=engine.rng,
            first_counter=engine.wall_ms(),
        )

    # -- how this window appears

    def typed(self) -> None:
        self._typed_at = self._engine.now()

    def set_cursor(self, anchor: Position, head: Position) -> None:
        self._cursors = (anchor, head)

    def next_frame(self) -> bytes | None:
        """The presence frame that is due; silent peers are forgotten on the way."""
        now = self._engine.now()
        return self.presence.tick(
            now, self._replica.base(), self._cursor_pair(), now - self._typed_at < TYPING_S
        )

    def _cursor_pair(self) -> tuple[Cursor, Cursor]:
        view = self._session.view
        # A pad that is shown from its picture is not loaded for the sake of a cursor.
        if self._cursors is None or not self._session.kind.has_text or not view.is_loaded:
            return NO_CURSOR, NO_CURSOR
        end = view.lines.end
        places = [view.lines.clamp(place) for place in self._cursors]
        # The end has no character after it, and its anchor on that side is what "no cursor" looks like.
        first, second = (view.anchor(place, -1 if place == end else 0) for place in places)
        return (
            Cursor(first.client, first.clock, first.assoc),
            Cursor(second.client, second.clock, second.assoc),
        )

    # -- how others appear

    def hear(self, frame: bytes) -> bool:
        """Whether the frame is a peer's, and told something."""
        now = self._engine.now()
        session = self.presence.receive(frame, now)
        if session is None:
            return False
        self._heard(session.session_pk, now)
        return True

    def compare(self) -> None:
        """The fold went on: compare again what each peer says to have seen."""
        now = self._engine.now()
        self.freshness.folded_to(self._replica.fold.n, self.presence.sessions.values())
        for session in self.presence.present():
            self._heard(session.session_pk, now)

    def _heard(self, session_pk: bytes, now: float) -> None:
        session = self.presence.sessions[session_pk]
        fold = self._replica.fold
        self.freshness.heard(session, fold.n, fold.head, fold.head_of(session.n), now)

    def gone(self) -> None:
        """The relay is away, and everybody with it."""
        self.freshness.offline()
        self.presence.sessions.clear()

    def people(self) -> list[Person]:
        writers = self._replica.fold.everybody
        view = self._session.view
        return [people.person_of(session, writers, view) for session in self.presence.present()]

    def name_of(self, ident_pk: bytes) -> str:
        """What an identity calls itself: in its open window, else where it introduced itself in the log."""
        here = (s.name for s in self.presence.sessions.values() if s.ident_pk == ident_pk and s.name)
        return next(here, "") or people.name_of(ident_pk, self._replica.fold.everybody)

    def author_at(self, position: Position) -> str | None:
        """The name of who wrote the character at `position`, from verified signatures."""
        anchor = self._session.view.anchor(position)
        for writer in self._replica.fold.everybody.values():
            if writer.client_id == anchor.client:
                return writer.name or people.UNNAMED
        return None
