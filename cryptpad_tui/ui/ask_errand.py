"""Asking for the right to write, on the screen: whom, with which words, and what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptpad_tui.ui import contact_words as shown
from cryptpad_tui.ui import words
from cryptpad_tui.ui.failures import engine_failures
from cryptpad_tui.ui.screens.dialogs import AskDialog
from cryptpad_tui.ui.screens.people_list import PeopleList

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine, PadSession
    from cryptpad_tui.ui.app import CryptpadApp

_EMPTY = (
    "",
    " Nobody who could say yes is known here. Ask whoever gave you the link, or add",
    " somebody who has the pad to your contacts.",
)


async def ask_to_write(app: CryptpadApp, session: PadSession) -> None:
    """The owner where the pad leads to them, else a contact that the person chooses."""
    from cryptpad_tui.engine import asking

    engine = app.engine
    if engine is None:
        return
    if session.can_edit:
        app.say("You may write here already.")
        return
    whom = asking.whom_to_ask(engine, session.pad_id)
    reference = "" if whom is not None else await _chosen(app, engine)
    if reference is None:
        return
    name = words.safe_title(whom.name) if whom is not None else ""
    title = f"Ask {name} for the right to write" if name else "Ask for the right to write"
    sentences = ("Why, in a few words; it may be empty. They learn that you read the pad.",)
    note = await app.push_screen_wait(AskDialog(title, sentences))
    if note is None:
        return
    try:
        asked = asking.ask(engine, session.pad_id, reference, note=note.strip())
    except engine_failures() as error:
        app.say(f"Nobody was asked. {words.sentence_of(error)}", "warning")
        return
    engine.mail.soon()
    name = words.safe_title(asked.contact.name)
    if asked.waits:
        app.say(f"{name} is no contact of yours yet, and is asked to be one; then this question goes.")
    else:
        app.say(f"{name} is asked. The answer comes into your inbox.")


async def _chosen(app: CryptpadApp, engine: Engine) -> str | None:
    from cryptpad_tui.engine import contacts

    lines = [each for each in contacts.lines(engine) if each.standing.value == "contact"]
    rows = [shown.contact_row(line) for line in lines if not line.changed]
    chosen: str | None = await app.push_screen_wait(PeopleList("Ask whom?", rows, empty=_EMPTY))
    return chosen
