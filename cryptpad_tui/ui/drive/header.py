"""The line above the drive: its sections, which the mouse reaches too, and how much is shown."""

from __future__ import annotations

from rich.cells import cell_len
from textual import events
from textual.message import Message

from cryptpad_tui.ui.drive.rows import Section
from cryptpad_tui.ui.drive.shelf import Shelf
from cryptpad_tui.ui.widgets.parts import Part
from cryptpad_tui.ui.widgets.text_line import TextLine


class SectionsLine(TextLine):
    """The section that is shown stands in brackets: colour alone says nothing."""

    class Wanted(Message):
        """The person pressed a section."""

        def __init__(self, section: Section) -> None:
            super().__init__()
            self.section = section

    def tell(self, shelf: Shelf, shown: int, *, mail: int = 0) -> None:
        """Say what is shown of the drive."""
        left = [_tab(section, chosen=section is shelf.view.section) for section in Section]
        hidden = shelf.hidden_marks()
        unseen = f", {hidden} not shown" if hidden else ""
        marked = f"{len(shelf.marks)} marked{unseen} · " if shelf.marks else ""
        count = "1 pad" if shown == 1 else f"{shown} pads"
        order = "" if shelf.view.section is Section.TRASH else f" · {shelf.view.sort}"
        came = f"✉ {mail} · " if mail else ""
        right: list[Part] = [(came, "key"), (marked, "strong"), (f"{count}{order} ", "muted")]
        self.show(left, right)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        end = 0
        for section in Section:
            end += cell_len(_tab(section, chosen=False)[0])
            if event.x < end:
                event.stop()
                self.post_message(self.Wanted(section))
                return


def _tab(section: Section, *, chosen: bool) -> Part:
    return (f"[{section}]", "strong") if chosen else (f" {section} ", "muted")
