"""Texts with marks, keys, expected texts: how the editor's tests speak.

`Hel[lo|]` is "Hello" with "lo" selected and the caret behind it; `a|b` a caret alone. Texts that need
those signs use `⟦ ‸ ⟧` for them. Keys are Textual's names; a string that is no key is typed; a step made
by `remote(...)`, `paste(...)` or `run(...)` does what it says.
"""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import settings

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.editor.commands import COMMANDS
from cryptpad_tui.editor.editor import Editor
from cryptpad_tui.editor.effects import Effect
from cryptpad_tui.editor.keymap import Keymap
from cryptpad_tui.editor.selection import Selection, Selections
from cryptpad_tui.editor.state import Settings

steady = settings(deadline=None, derandomize=True)
"""A shared machine is slow now and then, and a failure must come back when the test runs again."""

KEYMAP = Keymap(COMMANDS.values())
Act = Callable[["Session"], tuple[Effect, ...] | None]


class Session:
    """An editor on a document, and somebody else with the same document."""

    def __init__(
        self,
        marked: str = "|",
        *,
        width: int = 80,
        height: int = 24,
        language: str = "markdown",
        indent: str = "    ",
        kind: PadKind = PadKind.TEXT,
    ) -> None:
        text, selection = parsed(marked)
        self.clock = 0.0
        self.document = ViewDocument(client_id=1, kind=kind, now=lambda: self.clock)
        if text:
            self.document.replace(Position(0, 0), Position(0, 0), text)
        self.other = ViewDocument(client_id=2, kind=kind)
        self.sync()
        self.clock = 100.0
        settings = Settings(indent=indent)
        self.editor = Editor(self.document, width=width, height=height, language=language, settings=settings)
        self.select(selection)
        self.effects: list[Effect] = []

    def select(self, selection: Selection) -> None:
        self.editor.reveal(selection.anchor, select_to=selection.head)

    def sync(self) -> None:
        for update in self.document.take_updates():
            self.other.apply(update)

    def do(self, *steps: str | Act) -> Session:
        for step in steps:
            if not isinstance(step, str):
                self.effects += step(self) or ()
            elif (name := KEYMAP.command(step)) is not None:
                self.effects += self.editor.run(name)
            else:
                self.effects += self.editor.type(step)
        return self

    @property
    def text(self) -> str:
        return self.document.text()

    @property
    def marked(self) -> str:
        return marked(self.text, self.editor.state.selection)


def _offset(text: str, place: Position) -> int:
    lines = text.split("\n")
    return sum(len(line) + 1 for line in lines[: place.line]) + place.col


def _place(text: str, offset: int) -> Position:
    before = text[:offset]
    return Position(before.count("\n"), offset - (before.rfind("\n") + 1))


def _signs(text: str) -> tuple[str, str, str]:
    return ("⟦", "‸", "⟧") if "‸" in text else ("[", "|", "]")


def parsed(marked_text: str) -> tuple[str, Selection]:
    opening, caret, closing = _signs(marked_text)
    head = marked_text.replace(opening, "").replace(closing, "").index(caret)
    plain = marked_text.replace(opening, "").replace(caret, "").replace(closing, "")
    anchor = head
    if opening in marked_text:
        start = marked_text.replace(caret, "").replace(closing, "").index(opening)
        end = marked_text.replace(caret, "").replace(opening, "").index(closing)
        anchor = start if head == end else end
    return plain, Selection(_place(plain, anchor), _place(plain, head))


def marked(text: str, selections: Selections, signs: tuple[str, str, str] = ("[", "|", "]")) -> str:
    opening, caret, closing = signs
    chosen = selections.primary
    start, end = _offset(text, chosen.start), _offset(text, chosen.end)
    if chosen.empty:
        return text[:start] + caret + text[start:]
    inner = text[start:end] + caret if chosen.head > chosen.anchor else caret + text[start:end]
    return f"{text[:start]}{opening}{inner}{closing}{text[end:]}"


def check(before: str, *steps_and_after: str | Act, **options: object) -> Session:
    """`check(before, step, ..., after)`."""
    *steps, after = steps_and_after
    assert isinstance(after, str)
    session = Session(before, **options).do(*steps)  # type: ignore[arg-type]
    assert marked(session.text, session.editor.state.selection, _signs(after)) == after
    return session


def remote(start: tuple[int, int], end: tuple[int, int], text: str) -> Act:
    """Somebody else replaces a range."""

    def act(session: Session) -> None:
        session.sync()
        session.other.replace(Position(*start), Position(*end), text)
        for update in session.other.take_updates():
            session.document.apply(update)

    return act


def paste(text: str) -> Act:
    return lambda session: session.editor.paste(text)


def run(name: str, argument: str = "") -> Act:
    return lambda session: session.editor.run(name, argument)


def pause(session: Session) -> None:
    """Long enough for an undo step of its own."""
    session.clock += 10.0
