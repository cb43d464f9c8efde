"""How contacts and messages stand on the screen: rows, sentences and what can be answered. Pure."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

from cryptpad_tui.ui import words
from cryptpad_tui.ui.screens.options import Option
from cryptpad_tui.ui.screens.people_list import PeopleRow

if TYPE_CHECKING:
    from cryptpad_tui.engine.contacts import ContactLine
    from cryptpad_tui.engine.inbox import InboxLine

VERIFIED: Final = "✓ verified"
PUT_AWAY: Final = "put-away"
GO: Final = "go"


def foreign_line(text: str) -> str:
    """A sentence that somebody else wrote a part of: on one line, and nothing in it turns the rest around."""
    return "".join(
        f"\\u{{{ord(char):x}}}" if unicodedata.category(char) in ("Cf", "Zl", "Zp") else char
        for char in words.safe_line(text)
    )


def who(name: str, *, verified: bool) -> str:
    return f"{words.safe_title(name)}  {VERIFIED if verified else 'not verified'}"


def told(line: InboxLine) -> list[str]:
    said = [f"{words.safe_title(line.sender)} {foreign_line(line.sentence)}."]
    if line.warning:
        said.append(f"{words.safe_title(line.sender)}: {foreign_line(line.warning)}.")
    return said


def answers(line: InboxLine) -> list[Option]:
    if line.kind == "changed-keys":
        return [
            Option("compare", "Compare the safety number"),
            Option("later", "Later: nothing is sent until then"),
            Option("decline", "Refuse the new keys"),
            Option("accept", "Accept the new keys without comparing"),
        ]
    if line.kind == "mention":
        return [Option(GO, "Go there"), Option(PUT_AWAY, "Put it away"), Option("later", "Leave it here")]
    if not line.needs_answer:
        return [Option(PUT_AWAY, "Put it away"), Option("later", "Leave it here")]
    yes = {"invitation": "Open the pad", "edit-answer": "Open the pad", "request": "Accept"}.get(
        line.kind, "Accept"
    )
    return [Option("accept", yes), Option("later", "Later"), Option("decline", "Decline")]


def about(line: ContactLine) -> list[str]:
    said = []
    if line.changed:
        said.append("THE KEYS CHANGED. Nothing is sent to them until you accept the new ones.")
    if line.warning:
        said.append(f"{words.safe_title(line.name)} {foreign_line(line.warning)}.")
    if line.standing.value == "asked":
        said.append("They did not answer yet.")
    return said


def deeds(line: ContactLine) -> list[Option]:
    if line.standing.value == "asks":
        return [Option("close", "Later"), Option("accept", "Accept"), Option("decline", "Decline")]
    deeds = [Option("compare", "Compare the safety number"), Option("close", "Close")]
    if line.changed:
        deeds += [Option("accept", "Accept the new keys"), Option("decline", "Refuse the new keys")]
    deeds.append(Option("hear", "Show what they send") if line.muted else Option("mute", "Mute"))
    return [*deeds, Option("remove", "Remove")]


def inbox_row(line: InboxLine, now_ms: int) -> PeopleRow:
    role = "alarm" if line.kind == "changed-keys" else "strong" if line.needs_answer else ""
    mark = " ✓" if line.verified else ""
    said = f" {foreign_line(line.sentence)}"
    left = ((f" {words.safe_title(line.sender)}{mark}", "strong"), (said, role))
    warning = (("  ! ", "warning"),) if line.warning else ()
    return PeopleRow(line.mail_id.hex(), left, (*warning, (f" {words.age(line.sent_ms, now_ms)} ", "muted")))


def contact_row(line: ContactLine) -> PeopleRow:
    state, role = "", "muted"
    if line.changed:
        state, role = "KEYS CHANGED", "alarm"
    elif line.standing.value == "asks":
        state, role = "asks to be your contact", "strong"
    elif line.standing.value == "asked":
        state = "asked, no answer yet"
    elif line.verified:
        state, role = VERIFIED, "good"
    else:
        state = "not verified"
    muted = (("  muted", "muted"),) if line.muted else ()
    return PeopleRow(
        line.id, ((f" {words.safe_title(line.name)}", "strong"), *muted), ((f" {state} ", role),)
    )
