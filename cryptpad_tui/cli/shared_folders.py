"""What verbs say about shared folders, and how they send what changed in them. It decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cryptpad_tui.cli import diagnostics, output
from cryptpad_tui.cli.vault_access import send_or_say

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine, PadListing
    from cryptpad_tui.engine.folders.owed_keys import Progress


def progress_words(progress: Progress) -> str:
    """How far a change of keys came, for a person."""
    return f"{progress.done} of {progress.total} pads in it have new keys"


def teller(engine: Engine) -> Callable[[bytes, Progress], None]:
    """Says how far the change of a folder's keys came."""

    def told(folder: bytes, progress: Progress) -> None:
        if progress.total > 1:
            diagnostics.note(progress_words(progress))

    return told


def tell_state(engine: Engine, folder_id: str) -> None:
    """What a list of a shared folder does not show by itself."""
    from cryptpad_tui.engine.folders import agreeing, owed_keys

    folder = agreeing.shows(engine, folder_id)
    if folder is None:
        return
    if progress := owed_keys.progress(engine, folder):
        diagnostics.note(f"{progress_words(progress)}; `cryptpad-tui sync` goes on")
    if left := agreeing.left_out(engine, folder):
        diagnostics.note(
            f"{left} of its entries are not shown: at a relay that nothing of yours uses, or more than 5,000;"
            " ask for a link to them"
        )


async def send_folders(engine: Engine, *folder_ids: str) -> None:
    """Send what changed in the shared folders that these are, or lie in."""
    from cryptpad_tui.engine.folders import agreeing

    found = {folder for each in folder_ids if (folder := agreeing.shows(engine, each)) is not None}
    for folder in found:
        record = engine.vault.pad(folder)
        if record is not None and engine.relay_of(record) is not None:
            await send_or_say(engine, folder)


def tell_taken_out(engine: Engine, before: str, pad: PadListing) -> None:
    """A pad left a shared folder: what that ends, and what it does not."""
    from cryptpad_tui.engine.listing import tree_of

    around = tree_of(engine).shared_around(before)
    if around is not None:
        who = (
            f"`cryptpad-tui revoke {pad.short_id} --links` changes them"
            if pad.role == "owner"
            else "only its owner can change them"
        )
        diagnostics.note(
            f"{output.safe_line(pad.title)} is out of {output.safe_line(around.name)}; whoever had it there"
            f" has its keys still: {who}"
        )
