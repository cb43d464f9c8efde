"""What a person asks for about files: take one in, look at one, save one. It paints nothing itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptpad_tui.ui import words
from cryptpad_tui.ui.away import Terminal, away
from cryptpad_tui.ui.screens.dialogs import ChooseDialog
from cryptpad_tui.ui.screens.options import Option
from cryptpad_tui.ui.screens.paths import PathDialog
from cryptpad_tui.ui.transfers import Transfer, call_back, sent, shown

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine
    from cryptpad_tui.host.terminal_picture import Protocol
    from cryptpad_tui.host.terminal_probe import TerminalAnswers
    from cryptpad_tui.pad.objects import FileRef
    from cryptpad_tui.ui.app import CryptpadApp

_SAVE: Final = Option("save", "Save it to disk (not encrypted there)")
_SHOW: Final = Option("show", "Show the picture")
_CLOSE: Final = Option("close", "Close")
_NO_PICTURES: Final = "This terminal shows no pictures. Save the file and open it elsewhere."
_INSIDE: Final = "{} keeps pictures from the terminal. Leave it, or save the file and open it elsewhere."
_PNG_ALONE: Final = "This terminal takes PNG alone, and nothing here decodes another kind. Save the file."
_TOO_LARGE: Final = "This picture is too large to be shown here. Save the file and open it elsewhere."
_SHOWN_TYPES: Final = frozenset({"image/png", "image/jpeg", "image/gif"})


class FileErrands:
    """For one unlocked vault."""

    def __init__(self, app: CryptpadApp, engine: Engine) -> None:
        self._app, self._engine = app, engine

    async def ask_path(self, title: str, value: str = "") -> Path | None:
        """A path on this machine; None where the person would rather not."""
        answer = await self._app.push_screen_wait(
            PathDialog(title, ("A path on this machine.",), value=value)
        )
        return Path(answer.strip()).expanduser() if answer and answer.strip() else None

    async def upload(self) -> None:
        """Ask for a file, and take it into the drive."""
        from cryptpad_tui.engine.files.making import file_of, make_file_pad_apart, source_file

        path = await self.ask_path("Take a file into the drive")
        if path is None:
            return
        try:
            with source_file(path) as source:
                transfer = Transfer("Sealing", source.name, source.size)
                work = make_file_pad_apart(self._engine, source, told=transfer)
                pad = await shown(self._app, transfer, work, stop="Stop; the file is not taken")
        except file_failures() as error:
            self._app.say(f"The file was not taken: {sentence_of(error)}", "warning")
            return
        ref = file_of(self._engine, pad.pad_id) if pad else None
        if pad is None or ref is None:
            self._app.say("Stopped; the drive is as it was.")
            return
        await self.send(pad.pad_id, ref, f"“{words.safe_title(pad.title)}” is in the drive.")

    async def call_back(self) -> None:
        """Show again a bar that was sent away."""
        await call_back(self._app)

    async def attached(self, pad_id: bytes, path: Path) -> FileRef | None:
        """Keep a file beside a pad; None where that failed or was stopped, which is said."""
        from cryptpad_tui.engine.files.making import attach_apart, source_file

        try:
            with source_file(path) as source:
                transfer = Transfer("Sealing", source.name, source.size)
                name, size, read = source.name, source.size, source.read
                work = attach_apart(self._engine, pad_id, name, size, read, told=transfer)
                ref = await shown(self._app, transfer, work, stop="Stop; the file is not attached")
        except file_failures() as error:
            self._app.say(f"The file was not attached: {sentence_of(error)}", "warning")
            return None
        if ref is None:
            self._app.say("Stopped; the pad is as it was.")
        return ref

    async def send(self, pad_id: bytes, ref: FileRef, done: str) -> None:
        """Show how it is sent, if there is a relay for it; `done` says what is done already."""
        record = self._engine.vault.pad(pad_id)
        if record is None or self._engine.relay_of(record) is None:
            self._app.say(f"{done} It is sent when there is a relay.")
            return
        transfer = Transfer("Sending", ref.name, ref.size)
        work = sent(self._engine, pad_id, ref.file_id, transfer)
        said = await shown(self._app, transfer, work, stop="Stop sending; it stays here")
        if said is None:
            self._engine.watch.uploader.hold(ref.file_id)
            said = "It is sent by `cryptpad-tui sync`, or when the app starts again."
        self._app.say(f"{done} {said}")

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
        options = [*([_SHOW] if ref.mime in _SHOWN_TYPES else []), _SAVE, _CLOSE]
        answer = await self._app.push_screen_wait(
            ChooseDialog(words.safe_title(ref.name), (described(ref),), options)
        )
        if answer == "show":
            try:
                await self._show_picture(pad_id, ref)
            except file_failures() as error:
                self._app.say(f"It is not shown: {sentence_of(error)}", "warning")
        elif answer == "save":
            await self._save(pad_id, ref)

    async def _save(self, pad_id: bytes, ref: FileRef) -> None:
        from cryptpad_tui.engine.files.errors import TargetExists
        from cryptpad_tui.engine.files.names import safe_name
        from cryptpad_tui.engine.files.saving import save

        path = await self.ask_path("Save the file as", f"~/{safe_name(ref.name)}")
        if path is None:
            return
        transfer = Transfer("Saving", ref.name, ref.size)
        work = save(self._engine, pad_id, ref, path, force=False, told=transfer)
        try:
            written = await shown(self._app, transfer, work, stop="Stop; nothing is saved")
        except TargetExists:
            self._app.say("Something else has that name; nothing was changed.", "warning")
        except file_failures() as error:
            self._app.say(f"The file was not saved: {sentence_of(error)}", "warning")
        else:
            where = words.safe_line(str(path))
            self._app.say("Stopped; nothing was saved." if written is None else f"Saved as {where}.")

    async def _show_picture(self, pad_id: bytes, ref: FileRef) -> None:
        from cryptpad_tui.convert.pictures import picture_of
        from cryptpad_tui.engine.files.reading import MAX_WHOLE_BYTES, read_whole
        from cryptpad_tui.host import terminal_picture
        from cryptpad_tui.host.terminal_probe import ask_terminal

        data = await read_whole(self._engine, pad_id, ref) if ref.size <= MAX_WHOLE_BYTES else b""
        found = picture_of(data)
        if found is None:
            self._app.say("This is no picture that can be shown here.", "warning")
            return
        picture = terminal_picture.Shown(data, found.kind, found.width, found.height)
        said = why_no_pictures(self._app.environ)

        async def show(terminal: Terminal | None) -> bool:
            nonlocal said
            answers = await asyncio.to_thread(ask_terminal, self._app.environ)
            ways = protocols_of(answers) if terminal else []
            fitting = [way for way in ways if terminal_picture.is_shown(picture, way)]
            if terminal is None or not fitting:
                said = said if not ways else _PNG_ALONE if found.kind != "png" else _TOO_LARGE
                return False
            caption = words.safe_title(ref.name)
            await asyncio.to_thread(terminal_picture.show, terminal, picture, fitting[0], caption)
            return True

        if not await away(self._app, show):
            self._app.say(said, "warning")


def protocols_of(answers: TerminalAnswers | None) -> list[Protocol]:
    """How a terminal that said this takes pictures, the better way first."""
    from cryptpad_tui.host.terminal_picture import Protocol

    if answers is None:
        return []
    known = ((Protocol.KITTY, answers.pictures), (Protocol.INLINE, answers.inline_pictures))
    return [protocol for protocol, has_it in known if has_it]


def file_failures() -> tuple[type[Exception], ...]:
    """What a file may meet; a function, since the first frame needs nothing of files."""
    from cryptpad_tui.pad.objects import FileBroken, FileChanged, ObjectTooLarge

    return (OSError, FileBroken, FileChanged, ObjectTooLarge)


def sentence_of(error: Exception) -> str:
    """What a person is told."""
    return (error.strerror or "") if isinstance(error, OSError) else words.sentence_of(error)


def why_no_pictures(environ: Mapping[str, str]) -> str:
    """What a person can do about a terminal that shows none."""
    for name, program in (("TMUX", "tmux"), ("STY", "screen")):
        if environ.get(name):
            return _INSIDE.format(program)
    return _NO_PICTURES


def described(ref: FileRef) -> str:
    """Name, type and size, safe to show."""
    from cryptpad_tui.engine.files.names import size_words

    kind = words.safe_line(ref.mime)[:40]
    return f"{words.safe_title(ref.name)[:60]} · {kind} · {size_words(ref.size)}"
