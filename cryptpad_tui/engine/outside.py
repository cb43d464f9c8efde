"""A pad's text on its way to another program and back: as it is, or as markdown where it is rich text.

What comes back is the difference, merged with what others wrote meanwhile. It must never give out a text that
the way back would change by itself, and never take back anybody's words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptpad_tui.crdt.clean import find_unclean
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.merge import merged_edits
from cryptpad_tui.crdt.values import Attributes
from cryptpad_tui.engine.errors import EngineError

if TYPE_CHECKING:
    from cryptpad_tui.crdt.view import ViewDocument
    from cryptpad_tui.engine.outside_rich import Told


ReadBack = tuple[str, list[Attributes]]


class CannotGoOutside(EngineError):
    """This pad cannot go to another program and come back whole, so it stays here. Edit it here, or export a
    copy."""


class UncleanFromOutside(EngineError):
    """The editor left something that a pad cannot hold; the pad is as it was."""


@dataclass(frozen=True, slots=True)
class GivenOut:
    """What another program is given; `told` is what it says of a rich text."""

    text: str = field(repr=False)
    base: str = field(repr=False)
    suffix: str
    told: Told | None = field(default=None, repr=False)


def given_out(view: ViewDocument) -> GivenOut:
    """The text for another program; raises CannotGoOutside where markdown does not hold its lines."""
    return giving_out(view)()


def giving_out(view: ViewDocument) -> Callable[[], GivenOut]:
    """The same as work for a thread, of what the view says at this moment: 7 s a MB of rich text."""
    base = view.text()
    if view.kind is PadKind.TEXT:
        return lambda: GivenOut(base, base, ".md")
    runs = view.runs()

    def work() -> GivenOut:
        from cryptpad_tui.engine.outside_rich import NotFoundAgain, told_of

        try:
            told = told_of(runs, base)
        except NotFoundAgain:
            raise CannotGoOutside("markdown would change it") from None
        return GivenOut(told.markdown, base, ".md", told)

    return work


def text_from_outside(data: bytes, given: GivenOut) -> str:
    """What the program left, as a pad may hold it; raises UncleanFromOutside with the place.

    Editors end the last line by themselves, so a line end alone is no edit.
    """
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        raise UncleanFromOutside(f"{_place(before)}: not UTF-8") from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if unclean := find_unclean(text):
        code = ord(unclean.group())
        raise UncleanFromOutside(f"{_place(text[: unclean.start()])}: the control character U+{code:04X}")
    return text[:-1] if text.endswith("\n") and not given.text.endswith("\n") else text


def readable(data: bytes) -> str:
    """All that can be kept of what the program left: what no pad can hold is shown as U+FFFD."""
    text = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return "".join("\ufffd" if find_unclean(char) else char for char in text) if find_unclean(text) else text


def read_ahead(data: bytes, given: GivenOut) -> ReadBack | None:
    """In a thread: what of `take_back` needs no pad; None where there is nothing or it cannot be read."""
    if given.told is None:
        return None
    try:
        edited = text_from_outside(data, given)
    except UncleanFromOutside:
        return None
    from cryptpad_tui.engine.outside_rich import read_back

    return None if edited == given.text else read_back(given.told, edited)


def take_back(view: ViewDocument, given: GivenOut, edited: str, read: ReadBack | None = None) -> bool:
    """Make in the pad what was made outside; whether there was anything. `read`: of the same, read ahead."""
    if edited == given.text:
        return False
    if given.told is None:
        view.replace_all(merged_edits(given.base, edited, view.text()))
        return True
    from cryptpad_tui.engine.outside_rich import read_back, take_back_rich

    return take_back_rich(view, given.base, given.told, read or read_back(given.told, edited))


def _place(before: str) -> str:
    lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return f"line {len(lines)}, column {len(lines[-1]) + 1}"
