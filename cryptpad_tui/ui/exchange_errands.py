"""Files in as pads and pads out as files, for a person at the screen. It paints nothing itself.

What `import` and `export` do is done here too, by the same code. Reading and writing down are in a thread, so
that no key waits for a long file; what a format could not hold is told before anything else is.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptpad_tui.ui import words
from cryptpad_tui.ui.screens.dialogs import ReportDialog
from cryptpad_tui.ui.screens.options import Option
from cryptpad_tui.ui.screens.paths import ExportDialog, PathDialog

if TYPE_CHECKING:
    from cryptpad_tui.convert.reading import ForeignReader
    from cryptpad_tui.engine import Engine
    from cryptpad_tui.engine.exchange.sources import Source
    from cryptpad_tui.ui.app import CryptpadApp

_FORMATS: Final = (
    Option("md", "Markdown"),
    Option("html", "Web page (HTML)"),
    Option("docx", "Word (docx)"),
    Option("odt", "OpenDocument (odt)"),
    Option("txt", "Plain text"),
    Option("pdf", "PDF, by the program pandoc"),
    Option("json", "JSON"),
    Option("zip", "Archive, with the attached files (zip)"),
)
_PLAIN: Final = "The file is not encrypted."
_CLOSE: Final = (Option("close", "Close"),)
_MOST_TOLD: Final = 200
Told = list[tuple[str, str]]
_MOST_DETAILS: Final = 20


class ExchangeErrands:
    """For one unlocked vault."""

    def __init__(self, app: CryptpadApp, engine: Engine) -> None:
        self._app, self._engine = app, engine

    # -- in

    async def bring_in(self, folder: str) -> bytes | None:
        """Ask for a file or a folder and make pads of it, in this folder of the drive; the last one's id."""
        where = f"Into “{words.safe_title(folder)}”." if folder else "Into the top of the drive."
        sentences = (f"{where} A file becomes a pad; of a folder or a zip, each file in it.",)
        answer = await self._app.push_screen_wait(PathDialog("Import", sentences))
        if not answer or not answer.strip():
            return None
        path = Path(answer.strip()).expanduser()
        from cryptpad_tui.convert.reading import ForeignReader

        with ForeignReader() as reader:
            found = await self._sources(path, folder, reader)
            if not found:
                return None
            last, made, told = await self._bring_all(found, reader)
        place = f" into “{words.safe_title(folder)}”" if folder else ""
        await self._tell(f"{made} of {_files(len(found))} imported{place}.", told)
        return last

    async def _sources(self, path: Path, folder: str, reader: ForeignReader) -> list[Source]:
        from cryptpad_tui.engine.exchange.importing import NOT_IMPORTED
        from cryptpad_tui.engine.exchange.sources import MAX_FILES, sources_of

        try:
            found = await asyncio.to_thread(lambda: list(sources_of(path, folder, reader)))
        except NOT_IMPORTED as error:
            self._app.say(words.sentence_of(error), "warning")
            return []
        if not found or len(found) > MAX_FILES:
            self._app.say(f"These are {len(found)} files; 1 to {MAX_FILES:,} can be imported.", "warning")
            return []
        return found

    async def _bring_all(self, found: list[Source], reader: ForeignReader) -> tuple[bytes | None, int, Told]:
        """The last pad, how many there are, and what is to be told of the files."""
        from cryptpad_tui.engine.exchange.importing import NOT_IMPORTED, make_pad, read_file
        from cryptpad_tui.engine.in_bulk import open_drive

        self._app.say("Importing…")
        reader.warm_up(one.suffix for one in found)
        await open_drive(self._engine)
        told: Told = []
        last, made = None, 0
        for source in found:
            shown = words.safe_line(source.shown)
            try:
                read = await asyncio.to_thread(read_file, source, reader)
                last, made = await make_pad(self._engine, read), made + 1
            except NOT_IMPORTED as error:
                told.append((f"{shown}: {words.sentence_of(error)}", "strong"))
                continue
            told += [(f"{shown}: {words.safe_line(note)}", "quiet") for note in read.notes]
            if read.lost:
                told.append((f"{shown}: left out: {_named(read.lost)}", "quiet"))
        return last.pad_id if last is not None else None, made, told

    # -- out

    async def export(self, pad_id: bytes, title: str) -> None:
        """Ask for a format and a path, and write the pad there."""
        from cryptpad_tui.engine.exchange.exporting import file_name

        with self._engine.borrowed(pad_id) as session:
            if not session.kind.has_text:
                self._app.say("This is a file: Enter in the list saves it as it is.", "warning")
                return
        question = ExportDialog(
            f"Export “{words.safe_title(title)}”",
            _FORMATS,
            lambda wanted: file_name(title, wanted),
            folder="~/",
            note=_PLAIN,
        )
        answer = await self._app.push_screen_wait(question)
        if answer is None:
            return
        wanted, path = answer[0], Path(answer[1]).expanduser()
        if path.is_dir():
            path /= file_name(title, wanted)
        await self._write(pad_id, wanted, path)

    async def _write(self, pad_id: bytes, wanted: str, path: Path) -> None:
        from cryptpad_tui.convert.errors import ConvertError
        from cryptpad_tui.engine.errors import EngineError
        from cryptpad_tui.engine.exchange import exporting
        from cryptpad_tui.engine.exchange.zipping import save_zip

        try:
            if wanted == "zip":
                missing = await save_zip(self._engine, pad_id, path)
                lost = tuple(f"the file {name}, whose bytes are not there" for name in missing)
            else:
                taken = await exporting.take_with_pictures(self._engine, pad_id, wanted)
                made = await asyncio.to_thread(exporting.written, taken, wanted)
                await asyncio.to_thread(exporting.save, path, made.data)
                lost = made.lost
        except (ConvertError, EngineError) as error:
            self._app.say(words.sentence_of(error), "warning")
            return
        told = [(f"Left out: {_named(lost)}.", "strong")] if lost else []
        await self._tell(f"Saved as {words.safe_line(str(path))}.", told)

    # -- what came of it

    async def _tell(self, sentence: str, told: Told) -> None:
        """In a line where all is well, as a list to read where something was left out."""
        if not told:
            self._app.say(sentence)
            return
        more = len(told) - _MOST_TOLD
        rest = [(f"… and {more} more.", "quiet")] if more > 0 else []
        report = ReportDialog(sentence, [*told[:_MOST_TOLD], *rest], _CLOSE)
        await self._app.push_screen_wait(report)


def _named(lost: tuple[str, ...]) -> str:
    more = len(lost) - _MOST_DETAILS
    text = ", ".join([words.safe_line(one) for one in lost[:_MOST_DETAILS]])
    return f"{text} and {more} more" if more > 0 else text


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"
