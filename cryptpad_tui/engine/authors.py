"""Who wrote what in a pad, from the signatures that the log was checked with; never from what a text says.

A writer's client id is in its signed introduction, and no update of another writer may use it. The name is
the writer's own label; the mark and the colour belong to the key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptpad_tui.engine import people

if TYPE_CHECKING:
    from cryptpad_tui.engine.session import PadSession
    from cryptpad_tui.pad.writers import WriterState


@dataclass(frozen=True, slots=True)
class Author:
    """Whose signature stands behind something. The name is raw."""

    key: bytes
    name: str
    mark: str
    colour: tuple[int, int, int]
    me: bool = False


class Authors:
    """The writers of one pad, by client id."""

    def __init__(self, session: PadSession) -> None:
        self._session = session

    def by_client(self) -> dict[int, Author]:
        """Every writer that is known here. What another window has not sent yet is nobody's."""
        replica = self._session.replica
        found = {writer.client_id: self._author(writer) for writer in replica.fold.everybody.values()}
        if replica.writer is not None:
            identity = replica.profile.identity.public
            found[replica.writer.client_id] = self._me(identity)
        return found

    def _author(self, writer: WriterState) -> Author:
        if writer.ident_pk in self._session.replica.profile.own:
            return self._me(writer.ident_pk)
        key = writer.ident_pk if any(writer.ident_pk) else writer.writer_pk
        name = writer.name or people.name_of(key, self._session.replica.fold.everybody)
        return Author(key, name, people.mark_of(key), people.colour_of(key))

    def _me(self, identity: bytes) -> Author:
        name = self._session.replica.profile.name
        return Author(identity, name, people.mark_of(identity), people.colour_of(identity), me=True)
