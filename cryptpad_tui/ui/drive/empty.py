"""What a list of the drive says where there is nothing: what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cryptpad_tui.ui.drive.rows import Section
from cryptpad_tui.ui.widgets.parts import Part

Said = Sequence[Sequence[Part]]
_NO_PADS: Final[Said] = (
    (),
    ((" There is no pad here yet.", "strong"),),
    (),
    ((" ^N", "key"), ("  makes one and opens it", "")),
    ((" ^O", "key"), ("  joins one that somebody shared with you by a link", "")),
    ((" F7", "key"), ("  makes a folder", "")),
    ((" ^P", "key"), ("  lists every command", "")),
    ((" F1", "key"), ("  shows the keys that work where you are", "")),
)
_NO_TEMPLATES: Final[Said] = (
    (),
    ((" There is no template yet.", "strong"),),
    (),
    ((" Alt+K", "key"), ("  makes the chosen pad one, in the other lists", "")),
    ((" Alt+T", "key"), ("  makes a new pad from one", "")),
    ((" F3", "key"), ("     goes to the next list", "")),
)
_NO_TRASH: Final[Said] = (
    (),
    ((" The trash is empty. F3 goes on to the recent pads.", "muted"),),
)
_NO_MATCH: Final[Said] = (
    (),
    ((" No title has that in it. Esc shows all pads; ^F searches their text.", "muted"),),
)


def emptiness(section: Section, needle: str) -> Said:
    """The words for a section without rows."""
    if needle.strip():
        return _NO_MATCH
    return {Section.TEMPLATES: _NO_TEMPLATES, Section.TRASH: _NO_TRASH}.get(section, _NO_PADS)
