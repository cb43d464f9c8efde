"""Who wrote what: colours over the text, and a sentence about the line at the caret.

Both come from verified signatures. What is looked at is what is on the screen, whatever the text's length.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.editor.frame import Decoration
from cryptpad_tui.ui import words
from cryptpad_tui.ui.pads.comment_words import author_name
from cryptpad_tui.ui.pads.feature import PadFeature
from cryptpad_tui.ui.screens.base import Action

if TYPE_CHECKING:
    from cryptpad_tui.engine.authors import Author
    from cryptpad_tui.ui.screens.pad import PadScreen

_MOST_NAMES: Final = 5
_MOST_CHARS: Final = 20_000
"""So much of a line that is longer than any screen is looked at."""
_TOO_FRAGMENTED: Final = "This text has too many pieces to tell who wrote which."


class AuthorColours(PadFeature):
    """Off until the person asks."""

    def __init__(self, screen: PadScreen) -> None:
        super().__init__(screen)
        self._shown = False
        self._authors: dict[int, Author] = {}
        self.view.markers.append(self._marks)

    def actions(self) -> Mapping[str, Action]:
        return {"pad.authors": self._toggle, "pad.author": self._who}

    def look(self) -> None:
        if self._shown:
            self._authors = self.session.authors.by_client()

    def _toggle(self) -> None:
        self._shown = not self._shown
        self._authors = self.session.authors.by_client()
        self.view.update_view()
        said = "The text has the colours of who wrote it." if self._shown else "Author colours are off."
        self.screen.say(said)

    def _marks(self, first: int, last: int) -> Iterable[Decoration]:
        if not self._shown:
            return
        top = self.view.editor.state.viewport.top
        start = top if top.line == first and top.col >= 0 else Position(first, 0)
        for run in self.session.view.written_between(start, self._end(start, last)) or ():
            author = self._authors.get(run.client)
            if author is not None:
                yield Decoration(run.start, run.end, f"fg.{words.hex_colour(author.colour)}")

    def _end(self, start: Position, last: int) -> Position:
        lines, left = self.session.view.lines, _MOST_CHARS
        for line in range(start.line, min(last + 1, len(lines))):
            begin = start.col if line == start.line else 0
            if len(lines[line]) - begin > left:
                return Position(line, begin + left)
            left -= len(lines[line]) - begin
        return lines.clamp(Position(last, _MOST_CHARS + start.col))

    def _who(self) -> None:
        """Who wrote the line at the caret."""
        line = self.view.position.line
        text = self.session.view.lines[line]
        if not text:
            self.screen.say(f"Line {line + 1} is empty.")
            return
        end = Position(line, min(len(text), _MOST_CHARS))
        runs = self.session.view.written_between(Position(line, 0), end)
        if runs is None:
            self.screen.say(_TOO_FRAGMENTED)
            return
        counts: Counter[int] = Counter()
        for run in runs:
            counts[run.client] += run.end.col - run.start.col
        self.screen.say(f"Line {line + 1}: {self._named(counts)}.")

    def _named(self, counts: Counter[int]) -> str:
        authors = self.session.authors.by_client()
        named: Counter[str] = Counter()
        for client, count in counts.items():
            author = authors.get(client)
            named[author_name(author, authors) if author else "another window, not sent yet"] += count
        if len(named) == 1:
            return next(iter(named))
        shown = [f"{name} {count}" for name, count in named.most_common(_MOST_NAMES)]
        more = f" and {len(named) - _MOST_NAMES} more" if len(named) > _MOST_NAMES else ""
        return ", ".join(shown) + more
