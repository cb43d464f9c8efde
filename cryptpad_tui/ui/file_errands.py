"""What a person asks for about files: take one in, look at one, save one. It paints nothing itself."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptpad_tui.ui import words
from cryptpad_tui.ui.away import Terminal, away
from cryptpad_tui.ui.screens.dialogs import AskDialog, ChooseDialog
from cryptpad_tui.ui.screens.options import Option

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine
    from cryptpad_tui.pad.objects import FileRef
    from cryptpad_tui.ui.app import CryptpadApp

_SAVE: Final = Option("save", "Save it to disk (not encrypted there)")
_SHOW: Final = Option("show", "Show the picture")
_CLOSE: Final = Option("close", "Close")
_NO_PICTURES: Final = "This terminal shows no pictures. Save the file and open it elsewhere."


class FileErrands:
    """For one unlocked vault."""

    def __init__(self, app: CryptpadApp, engine: Engine) -> None:
        self._app, self._engine = app, engine

    async def ask_path(self, title: str, value: str = "") -> Path | None:
        """A path on this machine; None where the person would rather not."""
        answer = await self._app.push_screen_wait(AskDialog(title, ("A path on this machine.",), value=value))
        return Path(answer.strip()).expanduser() if answer and answer.strip() else None

    async def upload(self) -> None:
        """Ask for a file, and take it into the drive."""
        from cryptpad_tui.engine.files.making import make_file_pad, source_file

        path = await self.ask_path("Take a file into the drive")
        if path is None:
            return
        try:
            with source_file(path) as source:
                pad = make_file_pad(self._engine, source)
        except OSError as error:
            self._app.say(f"The file was not taken: {error.strerror}", "warning")
            return
        self._app.say(f"“{words.safe_title(pad.title)}” is in the drive; it is sent when the relay is there.")

    async def show(self, pad_id: bytes) -> None:
        """What a pad that is a file offers."""
        from cryptpad_tui.engine.files.making import file_of

        ref = file_of(self._engine, pad_id)
        if ref is None:
            self._app.say("What this pad says of its file cannot be read.", "warning")
            return
        await self.offer(pad_id, ref)

    async def offer(self, pad_id: bytes, ref: FileRef) -> None:
        """Look at a file, or save it."""
        is_png = ref.mime == "image/png"
        options = [*([_SHOW] if is_png else []), _SAVE, _CLOSE]
        answer = await self._app.push_screen_wait(
            ChooseDialog(words.safe_title(ref.name), (described(ref),), options)
        )
        if answer == "show":
            await self._show_picture(pad_id, ref)
        elif answer == "save":
            await self._save(pad_id, ref)

    async def _save(self, pad_id: bytes, ref: FileRef) -> None:
        from cryptpad_tui.engine.files.errors import TargetExists
        from cryptpad_tui.engine.files.making import no_progress
        from cryptpad_tui.engine.files.names import safe_name
        from cryptpad_tui.engine.files.saving import save

        path = await self.ask_path("Save the file as", f"~/{safe_name(ref.name)}")
        if path is None:
            return
        try:
            await save(self._engine, pad_id, ref, path, force=False, told=no_progress)
        except TargetExists:
            self._app.say("Something else has that name; nothing was changed.", "warning")
        except OSError as error:
            self._app.say(f"The file was not saved: {error.strerror}", "warning")
        else:
            self._app.say(f"Saved as {words.safe_line(str(path))}.")

    async def _show_picture(self, pad_id: bytes, ref: FileRef) -> None:
        from cryptpad_tui.engine.files.reading import MAX_WHOLE_BYTES, read_whole
        from cryptpad_tui.host import terminal_picture
        from cryptpad_tui.host.terminal_probe import ask_terminal

        data = await read_whole(self._engine, pad_id, ref) if ref.size <= MAX_WHOLE_BYTES else b""
        if not terminal_picture.is_picture(data):
            self._app.say("This is no PNG picture that can be shown here.", "warning")
            return

        async def show(terminal: Terminal | None) -> bool:
            answers = await asyncio.to_thread(ask_terminal, self._app.environ)
            if terminal is None or answers is None or not answers.pictures:
                return False
            await asyncio.to_thread(terminal_picture.show, terminal, data, words.safe_title(ref.name))
            return True

        if not await away(self._app, show):
            self._app.say(_NO_PICTURES, "warning")


def described(ref: FileRef) -> str:
    """Name, type and size, safe to show."""
    from cryptpad_tui.engine.files.names import size_words

    kind = words.safe_line(ref.mime)[:40]
    return f"{words.safe_title(ref.name)[:60]} · {kind} · {size_words(ref.size)}"
