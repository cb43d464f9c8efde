"""Files in a pad: attached by a path, said beside the place where they are shown, looked at and saved."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import TextEdit
from cryptpad_tui.engine.files.choosing import OBJECT_CHAR, link_of
from cryptpad_tui.engine.files.names import LINK_PATTERN, OBJECT, object_file_id, ref_of, refs_in
from cryptpad_tui.ui.file_errands import described
from cryptpad_tui.ui.pads.feature import PadFeature
from cryptpad_tui.ui.screens.base import Action
from cryptpad_tui.ui.screens.dialogs import ChooseDialog
from cryptpad_tui.ui.screens.options import Option
from cryptpad_tui.ui.widgets.parts import Part

if TYPE_CHECKING:
    from cryptpad_tui.pad.objects import FileRef
    from cryptpad_tui.ui.screens.pad import PadScreen


class Attachments(PadFeature):
    """The captions of objects, and the files of the pad."""

    def __init__(self, screen: PadScreen) -> None:
        super().__init__(screen)
        self.view.editor.show_captions(self._caption)

    def actions(self) -> Mapping[str, Action]:
        return {
            "pad.attach": self._attach,
            "pad.files": self._choose,
            "pad.transfers": lambda: self.screen.door.errands.files.call_back(),
        }

    def status(self) -> list[Part]:
        return [("Enter shows it  ", "strong")] if self.view.is_on_object() else []

    def _caption(self, value: object) -> str:
        file_id = object_file_id(value)
        ref = ref_of(self.session.view, file_id) if file_id else None
        return described(ref) if ref else "a file that this pad says nothing of"

    async def _attach(self) -> None:
        if not self.session.can_edit:
            self.screen.say("This pad can only be read.", "warning")
            return
        path = await self.screen.door.errands.files.ask_path("Attach a file")
        if path is None:
            return
        files = self.screen.door.errands.files
        ref = await files.attached(self.session.pad_id, path)
        if ref is None:
            return
        if self.screen.is_attached:
            self._show_at_caret(ref)
        await files.send(self.session.pad_id, ref, "Attached.")

    def _show_at_caret(self, ref: FileRef) -> None:
        """One undo step."""
        place = self.view.editor.state.head
        if self.session.kind is PadKind.RICHTEXT:
            marks = {"object": OBJECT + ref.file_id.hex()}
            self.session.view.replace_all([TextEdit(place, place, OBJECT_CHAR, marks)])
        else:
            self.session.view.replace(place, place, link_of(ref))
        self.session.flush()
        self.view.update_view()

    def _here(self) -> FileRef | None:
        """The file on the caret's line: of an object, or of a link in markdown."""
        marks, number = self.session.view.marks, self.view.editor.state.head.line
        if marks is None:
            linked = LINK_PATTERN.search(self.session.view.lines[number])
            return ref_of(self.session.view, bytes.fromhex(linked[1])) if linked else None
        line = marks.line(number)
        found = [object_file_id(value) for run in line.runs for key, value in run.marks if key == "object"]
        return ref_of(self.session.view, found[0]) if found and found[0] else None

    async def _choose(self) -> None:
        here = self._here()
        if here is not None:
            await self.screen.door.errands.files.offer(self.session.pad_id, here)
            return
        refs = refs_in(self.session.view)
        if not refs:
            self.screen.say("This pad has no files.")
            return
        options = [Option(str(at), described(ref)) for at, ref in enumerate(refs)]
        chosen = await self.screen.door.push_screen_wait(ChooseDialog("The files of this pad", (), options))
        if chosen is not None:
            await asyncio.sleep(0)
            await self.screen.door.errands.files.offer(self.session.pad_id, refs[int(chosen)])
