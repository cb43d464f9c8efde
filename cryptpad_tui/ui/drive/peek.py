"""A look into a pad below the list: how its text begins, read-only. It opens no pad and connects to nothing.

What a pad holds becomes safe for a terminal here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from rich.style import Style
from rich.text import Text
from textual.strip import Strip
from textual.widget import Widget

from cryptpad_relay.protocol.term_safe import term_safe
from cryptpad_tui.engine import searching
from cryptpad_tui.ui import words
from cryptpad_tui.ui.drive.painting import size_word
from cryptpad_tui.ui.drive.rows import FolderRow, Row
from cryptpad_tui.ui.widgets.parts import ROLES, Part, fitted, segments

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine, PadListing

_CHARS: Final = 4_000
"""More than a screen shows."""
_LONG: Final = "This pad is long and its text was not read yet. Enter opens it."
_OLDER: Final = "As it was when its text was read last; Enter opens it."


class PeekPane(Widget):
    """Hidden until it is wanted."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"text-line--{role}" for role in ROLES}

    def __init__(self) -> None:
        super().__init__(id="peek")
        self._head: Sequence[Part] = ()
        self._paragraphs: Sequence[Part] = ()
        self._lines: list[list[Part]] = []
        self.display = False

    def show(self, engine: Engine, row: Row | None) -> None:
        """Show what is in a row."""
        if row is None or isinstance(row, FolderRow):
            name = words.safe_title(row.folder.name) if row else ""
            self._put([(f" {name}", "strong")], [("A folder. Enter opens it.", "muted")] if row else [])
            return
        pad = row.pad
        self._put(_head(pad), _text(engine, pad))

    def _put(self, head: Sequence[Part], paragraphs: Sequence[Part]) -> None:
        if (head, paragraphs) != (self._head, self._paragraphs):
            self._head, self._paragraphs = head, paragraphs
            self._wrap()

    def on_resize(self) -> None:
        self._wrap()

    def _wrap(self) -> None:
        width, height = max(8, self.size.width - 2), self.size.height
        self._lines = [list(self._head)]
        for text, role in self._paragraphs:
            for line in Text(text).wrap(self.app.console, width) if text else [Text()]:
                self._lines.append([(f" {line.plain}", role)])
            if len(self._lines) > max(height, 1):
                break
        self.refresh()

    def render_line(self, y: int) -> Strip:
        base, width = self.rich_style, self.size.width
        parts = fitted(self._lines[y], (), width) if y < len(self._lines) else []
        return Strip(segments(parts, base, self._role_style)).adjust_cell_length(width, base)

    def _role_style(self, role: str) -> Style:
        return self.get_component_rich_style(f"text-line--{role}", partial=True)


def _head(pad: PadListing) -> list[Part]:
    head: list[Part] = [(f" {words.safe_title(pad.title)}", "strong")]
    head.append((f"  {words.kind_word(pad)}, {size_word(pad.size_bytes)}", "muted"))
    if pad.folder:
        head.append((f"  in {words.safe_title(pad.folder)}", "muted"))
    return [*head, *[(f" #{words.safe_title(tag)}", "good") for tag in pad.tags]]


def _text(engine: Engine, pad: PadListing) -> list[Part]:
    """The lines of the pad, safe."""
    if not pad.kind.has_text:
        return [("A file. Enter shows what can be done with it.", "muted")]
    found = searching.beginning(engine, pad.pad_id, _CHARS)
    if found is None:
        return [(_LONG, "muted")]
    text, is_fresh = found
    shown: list[Part] = [] if is_fresh else [(_OLDER, "warning")]
    if not text.strip():
        return [*shown, ("Nothing is written in it yet.", "muted")]
    lines = [term_safe(line.expandtabs(4)) for line in text.split("\n")]
    return [*shown, *[(line, "strong" if line.startswith("#") else "") for line in lines]]
