"""Files on their way: how far each is, a bar that a person may send away or stop. It moves no byte itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final, TypeVar

from textual.app import ComposeResult
from textual.widgets import Static

from cryptpad_tui.ui import words
from cryptpad_tui.ui.screens.dialogs import ChooseDialog
from cryptpad_tui.ui.screens.options import Option

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine
    from cryptpad_tui.ui.app import CryptpadApp

Outcome = TypeVar("Outcome")
UNSEEN_S: Final = 0.2
"""What is done by then shows no bar."""
_EVERY_S: Final = 0.1
_IDLE_S: Final = 4.0
"""Nothing has begun by then: there is no relay to send it to, and it waits."""
_CELLS: Final = 40


class Transfer:
    """How far one file is; told of bytes, also by a thread."""

    def __init__(self, word: str, name: str, total: int) -> None:
        self.title = f"{word} “{words.safe_title(name)}”"
        self.total, self.done, self.ended = total, 0, False

    def __call__(self, done: int) -> None:
        self.done += done

    def bar(self) -> str:
        """The bar, percent, and how much of how much."""
        from cryptpad_tui.engine.files.names import size_words

        done = min(self.done, self.total)
        share = done / self.total if self.total else 1.0
        full = int(share * _CELLS)
        said = f"{int(share * 100):3} %  {size_words(done)} of {size_words(self.total)}"
        return f"{'━' * full}{'╌' * (_CELLS - full)}\n{said}"


class TransferDialog(ChooseDialog):
    """A bar, until it is done, sent away or stopped."""

    def __init__(self, transfer: Transfer, stop: str) -> None:
        options = (Option("hide", "Go on with other things meanwhile"), Option("stop", stop))
        super().__init__(transfer.title, (), options)
        self._transfer = transfer
        self._bar = Static(transfer.bar(), classes="sentence", markup=False)

    def paragraphs(self) -> ComposeResult:
        yield self._bar

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(_EVERY_S, self._look)

    def _look(self) -> None:
        if self._transfer.ended and self.is_current:
            self.dismiss("hide")
        elif not self._transfer.ended:
            self._bar.update(self._transfer.bar())


async def shown(
    app: CryptpadApp, transfer: Transfer, work: Coroutine[Any, Any, Outcome], *, stop: str
) -> Outcome | None:
    """What the work gives, with a bar while it takes long; None where the person stopped it."""
    task = asyncio.create_task(work)
    stopped = False
    try:
        await asyncio.wait({task}, timeout=UNSEEN_S)
        if not task.done():
            task.add_done_callback(lambda _: setattr(transfer, "ended", True))
            stopped = await app.push_screen_wait(TransferDialog(transfer, stop)) == "stop"
            if stopped:
                task.cancel()
        await asyncio.wait({task})
    finally:
        # The vault may be about to close: what reads and writes has ended before this returns.
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return None if stopped and task.cancelled() else task.result()


async def sent(engine: Engine, pad_id: bytes, file_id: bytes, transfer: Transfer) -> str:
    """Follow a file to the relay; a sentence about where it is then."""
    from cryptpad_tui.engine.files.book import FileBook, FileState

    uploader, book = engine.watch.uploader, FileBook(engine.vault)
    uploader.wake()
    began = time.monotonic()
    while True:
        await asyncio.sleep(_EVERY_S)
        note = book.note(pad_id, file_id)
        if note is None or note.state is FileState.SENT:
            return "The relay has it."
        if note.state is not FileState.WAITING:
            return words.safe_line(uploader.report.problem) or "The relay does not take it."
        going = uploader.going
        if going and going.file_id == file_id:
            transfer.done, began = going.done, time.monotonic()
        elif time.monotonic() - began > _IDLE_S:
            return "It is sent when the relay is there."
