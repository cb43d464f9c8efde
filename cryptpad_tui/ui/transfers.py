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
    from cryptpad_tui.engine.files.sending import SendReport
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


class Running:
    """Work whose bar a person may send away, call back, or end."""

    def __init__(self, transfer: Transfer, task: asyncio.Future[Any], stop: str) -> None:
        self.transfer, self.stopped = transfer, False
        self._task, self._stop = task, stop
        task.add_done_callback(lambda _: setattr(transfer, "ended", True))

    async def show(self, app: CryptpadApp) -> None:
        """Its bar, until it is done, sent away or stopped."""
        if await app.push_screen_wait(TransferDialog(self.transfer, self._stop)) == "stop":
            self.stopped = True
            self._task.cancel()


async def shown(
    app: CryptpadApp, transfer: Transfer, work: Coroutine[Any, Any, Outcome], *, stop: str
) -> Outcome | None:
    """What the work gives, with a bar while it takes long; None where the person stopped it."""
    task = asyncio.create_task(work)
    running = Running(transfer, task, stop)
    try:
        await asyncio.wait({task}, timeout=UNSEEN_S)
        if not task.done():
            app.on_their_way.append(running)
            await running.show(app)
        await asyncio.wait({task})
    finally:
        # The vault may be about to close: what reads and writes has ended before this returns.
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if running in app.on_their_way:
            app.on_their_way.remove(running)
    return None if running.stopped and task.cancelled() else task.result()


async def call_back(app: CryptpadApp) -> None:
    """Show again a bar that was sent away."""
    waiting = list(app.on_their_way)
    if not waiting:
        app.say("No file is on its way.")
        return
    name: str | None = "0"
    if len(waiting) > 1:
        options = [Option(str(at), each.transfer.title) for at, each in enumerate(waiting)]
        name = await app.push_screen_wait(ChooseDialog("Files on their way", (), options))
    if name is not None and name.isdecimal() and not waiting[int(name)].transfer.ended:
        await waiting[int(name)].show(app)


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
            return f"The relay has it.{room_left(uploader.report)}"
        if note.state is not FileState.WAITING:
            return words.safe_line(uploader.report.problem) or "The relay does not take it."
        going = uploader.going
        if going and going.file_id == file_id:
            transfer.done, began = going.done, time.monotonic()
        elif time.monotonic() - began > _IDLE_S:
            return "It is sent when the relay is there."


def room_left(report: SendReport) -> str:
    """A warning before the relay has no room; nothing while there is enough."""
    from cryptpad_tui.engine.files.names import size_words

    if report.room is None or not report.room.is_short:
        return ""
    left = size_words(max(0, report.room.allowed - report.room.used))
    return f" It has room for {left} more; files that are deleted from it make room."
