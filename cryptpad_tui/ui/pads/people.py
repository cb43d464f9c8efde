"""Who is here: their carets in the text, and going to where they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.engine import Person
from cryptpad_tui.ui import words
from cryptpad_tui.ui.commands import app_keymap
from cryptpad_tui.ui.pads.feature import PadFeature
from cryptpad_tui.ui.screens.base import Action
from cryptpad_tui.ui.screens.dialogs import ChooseDialog
from cryptpad_tui.ui.screens.options import Option
from cryptpad_tui.ui.widgets.parts import Part
from cryptpad_tui.ui.widgets.remote_cursors import RemoteCursor

if TYPE_CHECKING:
    from cryptpad_tui.engine.known_members import Known

SHOWN_PEOPLE = 6


class People(PadFeature):
    """The others in this pad."""

    present: list[Person] = []  # noqa: RUF012 - replaced, never changed
    _followed = -1
    _shown: bytes | None = None
    """Who was shown by the last key, so that the same key again follows them."""
    _following: bytes | None = None
    _seen: Position | None = None
    _known: Mapping[bytes, Known] = {}
    _known_at: tuple[object, ...] = ()

    def actions(self) -> Mapping[str, Action]:
        return {"pad.follow": self._follow, "pad.people": self._who, "pad.members": self._members}

    def look(self) -> None:
        self.present = self.session.people()
        self._know()
        placed = [person for person in self.present if person.caret is not None]
        self.view.set_remote_cursors([_cursor(person, self.present) for person in placed])
        if self._following is not None:
            self._keep_in_view()

    def header(self) -> list[Part]:
        """Names for the right of the header."""
        people: list[Part] = []
        for person in self.present[:SHOWN_PEOPLE]:
            sign = "…" if person.typing else ""
            known = self._known.get(person.key)
            name = words.safe_title(known.name) if known else words.person_name(person, self.present)
            mark = " ✓" if known and known.verified else ""
            people += [("● ", words.hex_colour(person.colour)), (f"{name}{mark}{sign}  ", "")]
        if len(self.present) > SHOWN_PEOPLE:
            people.append((f"+{len(self.present) - SHOWN_PEOPLE} ", "muted"))
        return people

    def _follow(self) -> None:
        placed = [person for person in self.present if person.caret is not None]
        if not placed:
            self.screen.say("Nobody else is writing here.")
            return
        again = next((person for person in placed if person.key == self._shown), None)
        if again is not None and self._following is None:
            self.follow(again)
            return
        self._followed = (self._followed + 1) % len(placed)
        self._shown, self._following = placed[self._followed].key, None
        self._show(placed[self._followed])

    def follow(self, person: Person) -> None:
        """Show where they are, and stay with them."""
        self._shown, self._following, self._seen = person.key, person.key, person.caret
        self._show(person)
        name = words.person_name(person, self.present)
        self.screen.say(f"Following {name} until you press a key.")

    def pressed(self, key: str) -> None:
        if app_keymap().command(key, "pad") != "pad.follow":
            self._shown = self._following = None

    def _keep_in_view(self) -> None:
        """Whoever is followed has moved."""
        person = next((person for person in self.present if person.key == self._following), None)
        if person is not None and person.caret is not None and person.caret != self._seen:
            self._seen = person.caret
            self.view.show_position(person.caret)

    def _show(self, person: Person) -> None:
        if person.caret is not None:
            self.view.show_position(person.caret)
            self.screen.say(f"{words.person_name(person, self.present)} is at line {person.caret.line + 1}.")

    def _know(self) -> None:
        """Which of them are contacts, where that opens no drive; read anew where it may differ."""
        engine = self.screen.door.engine
        if engine is None or not engine.has_drive_open:
            return
        state = (*[person.key for person in self.present], engine.people.changes)
        if state != self._known_at:
            self._known_at, self._known = state, self._contacts()

    def _contacts(self) -> Mapping[bytes, Known]:
        from cryptpad_tui.engine.known_members import known_members

        engine = self.screen.door.engine
        keys = [person.key for person in self.present]
        return known_members(engine, self.session.pad_id, keys) if engine is not None else {}

    async def _who(self) -> None:
        if not self.present:
            self.screen.say("Nobody else is here.")
            return
        people, known = self.present, self._contacts()
        options = [
            Option(str(at), _described(person, people) + _as_contact(person, known.get(person.key)))
            for at, person in enumerate(people)
        ]
        chosen = await self.screen.door.push_screen_wait(
            ChooseDialog("Who is here", ("Enter shows where somebody is, and stays with them.",), options)
        )
        if chosen is None:
            return
        person = people[int(chosen)]
        if person.caret is None:
            self.screen.say(f"{words.person_name(person, people)} shows no place in the text.")
        else:
            self.follow(person)

    async def _members(self) -> None:
        session = self.session
        await self.screen.door.errands.members(session.pad_id, session.title(), go_to=self.follow)


def _as_contact(person: Person, known: Known | None) -> str:
    """A name is said by whoever bears it; a contact's key is known."""
    if known is None:
        return "" if person.viewer else " – no contact of yours"
    return f" – your contact {words.safe_title(known.name)}{', ✓ verified' if known.verified else ''}"


def _described(person: Person, people: list[Person]) -> str:
    doing = "reading" if person.viewer else "writing" if person.typing else "here"
    where = f", line {person.caret.line + 1}" if person.caret else ""
    return f"{words.person_name(person, people)}: {doing}{where}"


def _cursor(person: Person, people: list[Person]) -> RemoteCursor:
    assert person.caret is not None
    return RemoteCursor(
        key=person.key.hex(),
        name=words.person_name(person, people),
        colour=words.hex_colour(person.colour),
        caret=person.caret,
        anchor=person.anchor,
    )
