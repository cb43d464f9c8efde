"""Naming people in comments and in the chat: whom one may mean, and who is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptpad_tui.ui import words
from cryptpad_tui.ui.failures import engine_failures

if TYPE_CHECKING:
    from cryptpad_tui.comments.model import Thread
    from cryptpad_tui.ui.screens.pad import PadScreen


def names(screen: PadScreen) -> list[str]:
    """As they can be typed: what a terminal must not show is no name."""
    from cryptpad_tui.engine import mentions

    engine = screen.door.engine
    found = mentions.names(engine, screen.session) if engine is not None else []
    return [name for name in found if words.safe_title(name) == name]


def tell(screen: PadScreen, text: str, thread: str, answers: Thread | None = None) -> None:
    """Tell contacts whom a remark names or answers. It stands in the pad whatever becomes of that."""
    from cryptpad_tui.engine import mentions

    engine = screen.door.engine
    if engine is None or ("@" not in text and answers is None):
        return
    try:
        told = mentions.tell(engine, screen.session, text, thread=thread, answers=answers)
    except engine_failures() as error:
        screen.say(f"Nobody was told. {words.sentence_of(error)}", "warning")
        return
    if told:
        engine.mail.soon()
        screen.say(f"Told {', '.join(words.safe_title(each.name) for each in told)}.")
