"""F4: the pad in the person's own editor, while the terminal is that editor's.

The pad stays in step with its relay meanwhile, and what comes back is merged with what others wrote. Whatever
the editor left is put into the pad, kept as another pad, or dropped because the person said so: never lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.editor.effects import ReadOnly
from cryptpad_tui.engine import outside
from cryptpad_tui.engine.files.apart import in_thread
from cryptpad_tui.host import external_editor
from cryptpad_tui.host.external_editor import Edited, NoMemoryFolder
from cryptpad_tui.ui import words
from cryptpad_tui.ui.away import Terminal, away
from cryptpad_tui.ui.pads.feature import PadFeature
from cryptpad_tui.ui.screens.base import Action
from cryptpad_tui.ui.screens.dialogs import ChooseDialog
from cryptpad_tui.ui.screens.options import Option

_LONG_BYTES: Final = 32_768
_NOT_CHANGED: Final = "The editor changed nothing."
_STOPPED: Final = "The editor ended with an error, so the pad is as it was."
_ON_DISK: Final = (
    "This machine has no folder in memory (XDG_RUNTIME_DIR), so while the editor runs the text is in a file"
    " on the disk, not encrypted, in your vault's own folder. It is removed afterwards, but a disk may keep"
    " what was removed."
)


class ExternalEditor(PadFeature):
    """The way of a pad's text to another program and back."""

    _running = False

    def actions(self) -> Mapping[str, Action]:
        return {"pad.editor": self._edit}

    async def _edit(self) -> None:
        if self._running:
            return
        if self.session.view.read_only:
            self.screen.say(ReadOnly.__doc__ or "")
            return
        self._running = True
        try:
            await self._edit_outside()
        finally:
            self._running = False

    async def _edit_outside(self) -> None:
        environ = self.screen.door.environ
        command = external_editor.editor_command(environ)
        given = await self._given_out()
        # Who left the pad meanwhile wants no editor.
        place = await self._place() if self.screen.is_current else None
        if place is None:
            return
        data = given.text.encode()
        while True:
            edited, read = await self._run(data, command, place, given)
            if not edited.code:
                answer = await self._take_back(edited.data, given, read)
            else:
                answer = await self._after_failure(edited, data)
            if answer != "again":
                return
            data = edited.data

    async def _given_out(self) -> outside.GivenOut:
        work = outside.giving_out(self.session.view)
        if self.session.view.lines.byte_count < _LONG_BYTES:
            return work()
        self.screen.say("This is long: one moment.")
        return await in_thread(work)

    async def _place(self) -> Path | None:
        """Where the text may be; None if the person would rather not."""
        environ = self.screen.door.environ
        try:
            return external_editor.place_to_edit(environ)
        except NoMemoryFolder:
            engine = self.screen.door.engine
            assert engine is not None
            options = (Option("no", "Do not edit it outside"), Option("disk", "Edit it there, this once"))
            asked = ChooseDialog("The text would be on a disk", (_ON_DISK,), options)
            if await self.screen.door.push_screen_wait(asked) != "disk":
                return None
            return external_editor.place_to_edit(environ, disk=engine.vault.directory)

    async def _run(
        self, data: bytes, command: list[str], place: Path, given: outside.GivenOut
    ) -> tuple[Edited, outside.ReadBack | None]:
        """What the editor left, read before the app has its keys again: who closes the pad loses nothing."""
        self.session.flush()

        async def work(terminal: Terminal | None) -> tuple[Edited, outside.ReadBack | None]:
            edited = await external_editor.edit_text(
                data, command, place, suffix=given.suffix, terminal=terminal
            )
            if edited.code:
                return edited, None
            return edited, await in_thread(outside.read_ahead, edited.data, given)

        return await away(self.screen.door, work)

    async def _take_back(
        self, data: bytes, given: outside.GivenOut, read: outside.ReadBack | None = None
    ) -> str:
        try:
            text = outside.text_from_outside(data, given)
        except outside.UncleanFromOutside as error:
            return await self._ask_what_to_do(words.sentence_of(error), data)
        if self.session.view.read_only:
            return await self._ask_what_to_do("The pad takes no edits any more.", data)
        changed = outside.take_back(self.session.view, given, text, read)
        self.view.update_view()
        if changed:
            self.session.flush()
        self.screen.say("The editor's changes are in the pad." if changed else _NOT_CHANGED)
        return ""

    async def _after_failure(self, edited: Edited, given: bytes) -> str:
        if edited.data == given:
            self.screen.say(_STOPPED)
            return ""
        return await self._ask_what_to_do("The editor saved, and then ended with an error.", edited.data)

    async def _ask_what_to_do(self, why: str, data: bytes) -> str:
        options = (
            Option("keep", "Keep what the editor left as another pad"),
            Option("again", "Open the editor again"),
            Option("drop", "Drop it"),
        )
        asked = ChooseDialog("The editor's changes are not in the pad", (why,), options)
        answer = await self.screen.door.push_screen_wait(asked) or "keep"
        if answer == "keep":
            engine = self.screen.door.engine
            assert engine is not None
            title = f"{words.safe_title(self.session.title())} (from the editor)"
            engine.create_pad(title, kind=PadKind.TEXT, text=outside.readable(data))
            self.screen.say(f"Kept as “{title}”.")
        return answer
