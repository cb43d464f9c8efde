"""What a person does with pads and folders of the drive, from the question to the deed. It paints nothing.

Each may wait for an answer, so each runs as a worker of the app. What takes something away asks first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.drive.errors import DriveError
from cryptpad_tui.drive.tree import TOP, shared_id_of
from cryptpad_tui.engine import EngineError, keeping
from cryptpad_tui.engine.folders.making import make_shared
from cryptpad_tui.engine.in_bulk import Chosen, move, open_drive, restore, set_template, tag, trash
from cryptpad_tui.engine.teams import acting
from cryptpad_tui.ui import words
from cryptpad_tui.ui.drive.folder_picker import FolderPicker
from cryptpad_tui.ui.screens.dialogs import AskDialog, ChooseDialog
from cryptpad_tui.ui.screens.options import Option

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine, PadListing
    from cryptpad_tui.ui.app import CryptpadApp
    from cryptpad_tui.ui.drive.shelf import Shelf

_OPENING: Final = "Reading the drive…"
_MANY: Final = 500
_MOST_TEMPLATES: Final = 100


class Deeds:
    """For one unlocked vault."""

    def __init__(self, app: CryptpadApp, engine: Engine, shelf: Shelf) -> None:
        self._app, self._engine, self._shelf = app, engine, shelf

    # -- making

    async def new_pad(self, kind: PadKind, folder: str) -> None:
        """Ask for a title, make a pad in a folder and open it."""
        what = "rich text pad" if kind is PadKind.RICHTEXT else "pad"
        title = await self._ask(
            f"The title of the {what}", *self._in(folder), "Everybody in the pad sees it."
        )
        if title is not None:
            await self._ready()
            made = self._engine.create_pad(title.strip() or words.UNTITLED, kind=kind)
            if folder:
                self._or_say(lambda: move(self._engine, Chosen((made.pad_id,)), folder))
            await self._app.open_pad(made.pad_id)

    async def new_from_template(self, folder: str) -> None:
        """Ask for a template and a title, make a pad with the template's text and open it."""
        templates = [pad for pad in self._shelf.contents.lines if pad.template][:_MOST_TEMPLATES]
        if not templates:
            self._app.say("There is no template yet: Alt+K makes the chosen pad one.", "warning")
            return
        options = [Option(pad.pad_id.hex(), words.safe_title(pad.title)) for pad in templates]
        name = await self._app.push_screen_wait(ChooseDialog("New pad from a template", (), options))
        source = next((pad for pad in templates if pad.pad_id.hex() == name), None)
        if source is None:
            return
        title = await self._ask("The title of the pad", *self._in(folder))
        if title is None:
            return
        await self._ready()
        made = await self._copy(source, title)
        if made is None:
            return
        move(self._engine, Chosen((made.pad_id,)), folder)
        await self._app.open_pad(made.pad_id)

    async def new_folder(self, inside: str, *, shared: bool = False, team: bool = False) -> str | None:
        """Ask for a name and make a folder; its id."""
        who = "Everybody in it sees it. Ctrl+T lets others in." if shared else self._who_sees(inside)
        what = "team" if team else "shared folder" if shared else "folder"
        if team:
            who = "A shared folder with roles: “Who is in the pad” lets contacts in."
        name = await self._ask(f"The name of the {what}", *self._in(inside), who)
        if name is None or not name.strip():
            return None
        await self._ready()
        around = self._shelf.contents.tree.path(inside)
        path = f"{around}/{name.strip()}" if around else name.strip()
        try:
            make = acting.found if team else make_shared
            return shared_id_of(make(self._engine, path)) if shared else self._make_folder(path)
        except EngineError as error:
            self._app.say(words.sentence_of(error), "warning")
            return None

    def _make_folder(self, path: str) -> str:
        return keeping.make_folder(self._engine, path)

    def _who_sees(self, folder: str) -> str:
        around = self._shelf.contents.tree.shared_around(folder)
        if around is None:
            return "Only you see it."
        return f"Everybody in “{words.safe_title(around.name)}” sees it."

    async def duplicate(self, pad: PadListing) -> bytes | None:
        """Ask for a title and make a pad of one's own with the same text; its id."""
        title = await self._ask("The title of the copy", value=f"{words.safe_title(pad.title)} (copy)")
        if title is None:
            return None
        await self._ready()
        made = await self._copy(pad, title)
        return made.pad_id if made else None

    async def _copy(self, pad: PadListing, title: str) -> PadListing | None:
        """A pad like this one, said; None where it could not be read or was stopped, which is said, too."""
        from cryptpad_tui.engine.files.copying import duplicate
        from cryptpad_tui.ui.file_errands import file_failures, sentence_of
        from cryptpad_tui.ui.transfers import Transfer, shown

        transfer = Transfer("Copying", pad.title, pad.size_bytes)
        work = duplicate(self._engine, pad.pad_id, title.strip() or words.UNTITLED, told=transfer)
        failures: tuple[type[Exception], ...] = (EngineError, *file_failures())
        try:
            copied = await shown(self._app, transfer, work, stop="Stop; no copy is made")
        except failures as error:
            self._app.say(f"No copy was made: {sentence_of(error)}", "warning")
            return None
        if copied is None:
            self._app.say("Stopped; no copy was made.")
            return None
        lost = f" {len(copied.missing)} of its files are not here, and not in it." if copied.missing else ""
        self._app.say(f"The copy is your own: nobody else is in it.{lost}", "warning" if lost else "strong")
        return copied.pad

    # -- names

    async def rename(self, chosen: Chosen) -> None:
        """Ask for another title of a pad, or for another name of a folder."""
        if chosen.folders:
            await self._rename_folder(chosen.folders[0])
            return
        for pad in self._shelf.pads_of(chosen)[:1]:
            own = self._engine.own_name(pad.pad_id)
            title = keeping.shared_title(self._engine, pad.pad_id) if own else pad.title
            sentences = ["Everybody in the pad sees it."]
            if pad.role == "view":
                sentences = ["You may only read this pad: this is your own name for it."]
            elif own:
                sentences.append(f"You call it “{words.safe_title(own)}” (F4); that stays.")
            shown = words.safe_title(title)
            wanted = await self._ask("The title of the pad", *sentences, value=shown)
            if wanted is not None and wanted.strip() and wanted != shown:
                self._engine.rename(pad.pad_id, wanted.strip())

    async def _rename_folder(self, folder: str) -> None:
        name = words.safe_title(self._shelf.contents.tree.folders[folder].name)
        wanted = await self._ask("The name of the folder", self._who_sees(folder), value=name)
        if wanted is not None and wanted.strip() and wanted != name:
            await self._ready()
            self._or_say(lambda: keeping.rename_folder(self._engine, folder, wanted.strip()))

    async def name(self, pad: PadListing) -> None:
        """Ask for this person's own name for a pad."""
        own = self._engine.own_name(pad.pad_id)
        sentences = ("Only you see it. Empty: the title that everybody sees.",)
        wanted = await self._ask(
            "Your own name for the pad", *sentences, value=words.safe_title(own) if own else ""
        )
        if wanted is not None and wanted.strip() != own:
            await self._ready()
            keeping.set_own_name(self._engine, pad.pad_id, wanted.strip())

    # -- where things are, and how they are marked

    async def move(self, chosen: Chosen) -> bool:
        """Ask for a folder and move all of it there."""
        if not chosen:
            return False
        picker = FolderPicker(
            f"Move {self._shelf.named(chosen)} into", self._shelf.contents.tree, without=chosen.folders
        )
        into = await self._app.push_screen_wait(picker)
        if into is None:
            return False
        await self._ready()
        if not self._or_say(lambda: move(self._engine, chosen, into)):
            return False
        tree = self._shelf.contents.tree
        place, around = tree.path(into), tree.shared_around(into)
        self._app.say(f"Moved into “{words.safe_title(place)}”." if place else "Moved to the top.")
        left = {pad.folder_id for pad in self._shelf.pads_of(chosen)}
        if any((was := tree.shared_around(each)) is not None and was != around for each in left):
            self._app.say(
                "Whoever had it in the shared folder keeps its keys; “Who is in the pad” changes them."
            )
        elif around is not None:
            self._app.say(f"Everybody in “{words.safe_title(around.name)}” gets it.")
        return True

    def _or_say(self, deed: Callable[[], object]) -> bool:
        """Whether it was done; what a shared folder refuses is said."""
        try:
            deed()
        except (EngineError, DriveError) as error:
            self._app.say(words.sentence_of(error), "warning")
            return False
        return True

    async def tags(self, chosen: Chosen) -> bool:
        """Ask for the tags of pads; those that only some of them have stay."""
        pads = self._shelf.pads_of(chosen)
        if not pads:
            return False
        common = [each for each in pads[0].tags if all(each in pad.tags for pad in pads)]
        sentences = ["Words with spaces between. Nobody else sees them; type #tag in the list to filter."]
        if len(pads) > 1:
            sentences.append(f"All {len(pads)} pads get them; tags that only some have stay.")
        answer = await self._ask("Tags", *sentences, value=words.safe_line(" ".join(common)))
        if answer is None:
            return False
        wanted = [each.lstrip("#") for each in answer.split() if each.lstrip("#")]
        await self._ready()
        gone = [each for each in common if each not in wanted]
        tag(self._engine, chosen.pads, [each for each in wanted if each not in common], gone)
        return True

    async def template(self, chosen: Chosen) -> bool:
        """Make pads templates, or none where all of them are."""
        pads = self._shelf.pads_of(chosen)
        if not pads:
            return False
        on = not all(pad.template for pad in pads)
        await self._ready()
        set_template(self._engine, chosen.pads, on=on)
        what = self._shelf.named(Chosen(chosen.pads))
        self._app.say(f"{what[:1].upper()}{what[1:]}: {'a template' if on else 'no template any more'}.")
        return True

    # -- the trash

    async def remove(self, chosen: Chosen) -> bool:
        """Put it into the trash, once that is confirmed."""
        if not chosen:
            return False
        sentences = (
            *self._shelf.names(chosen),
            "It goes into the trash of your drive; others keep theirs.",
            "The trash gives it back until it is emptied: F3 shows it.",
        )
        options = (Option("keep", "Keep it"), Option("remove", "Remove it"))
        question = ChooseDialog(f"Remove {self._shelf.named(chosen)}?", sentences, options)
        if await self._app.push_screen_wait(question) != "remove":
            return False
        await self._ready()
        trash(self._engine, chosen)
        self._app.say(f"In the trash: {self._shelf.named(chosen)}.")
        return True

    async def restore(self, chosen: Chosen) -> bool:
        """Take it out of the trash."""
        if not chosen:
            return False
        await self._ready()
        restore(self._engine, chosen)
        self._app.say(f"Back from the trash: {self._shelf.named(chosen)}.")
        return True

    async def empty(self) -> bool:
        """Forget what is in the trash, once that is confirmed."""
        count = len(self._shelf.contents.trashed)
        if not count and not self._shelf.contents.tree.trashed_folders():
            self._app.say("The trash is empty.")
            return False
        pads = "1 pad" if count == 1 else f"{count} pads"
        sentences = (
            f"{pads} with keys and text are forgotten on this machine, for good.",
            "Others keep theirs. What only you have is gone.",
        )
        options = (Option("keep", "Keep the trash"), Option("empty", "Empty it, for good"))
        if await self._app.push_screen_wait(ChooseDialog("Empty the trash?", sentences, options)) != "empty":
            return False
        await self._ready()
        self._app.say(f"The trash is empty: {keeping.empty_trash(self._engine)} forgotten here.")
        return True

    # -- helpers

    async def _ask(self, title: str, *sentences: str, value: str = "") -> str | None:
        return await self._app.push_screen_wait(AskDialog(title, sentences, value=value))

    async def _ready(self) -> None:
        """The drive's document, which a change needs, with a word where that takes a while."""
        if len(self._shelf.contents.lines) > _MANY and not self._engine.has_drive_open:
            self._app.say(_OPENING)
        await open_drive(self._engine)

    def _in(self, folder: str) -> tuple[str, ...]:
        path = self._shelf.contents.tree.path(folder) if folder != TOP else ""
        return (f"In the folder “{words.safe_title(path)}”.",) if path else ()
