"""The picture of attached files, one of those that `screenshots.py` makes."""

from __future__ import annotations

import io
from typing import Final

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.engine.files import making
from cryptpad_tui.engine.files.choosing import show_at_end
from support import screenshots

TITLE: Final = "The crossing"
RUNS: Final = [
    ("The crossing", {}), ("\n", {"header": 1}),
    ("We leave on ", {}), ("Friday at seven", {"bold": True}), (", from the north quay.", {}), ("\n", {}),
    ("Plan and tickets:", {}), ("\n", {}),
]  # fmt: skip
FILES: Final = (("north quay.png", 348_160), ("ferry tickets.pdf", 91_204))


async def attached(there: screenshots.Stage, show: screenshots.Show) -> None:
    """A rich text with a picture and a file, each a box with its name, type and size behind it."""
    async with there.anna.online() as anna:
        pad = anna.create_pad(TITLE, kind=PadKind.RICHTEXT, runs=RUNS)
        with anna.borrowed(pad.pad_id) as session:
            for name, size in FILES:
                data = io.BytesIO(bytes(size))
                show_at_end(session.view, making.attach(anna, pad.pad_id, name, size, data.read))
        await anna.sync([pad.pad_id])
    async with screenshots.camera(there.anna, pad=TITLE) as anna_sees:
        await anna_sees.sees("ferry tickets.pdf")
        await anna_sees.sees("synced (relay says so)")
        show("files", anna_sees.picture())
