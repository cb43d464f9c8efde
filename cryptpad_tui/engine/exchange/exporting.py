"""A pad as a file of another format, in three steps: its text is taken, written down, saved.

Only the first touches the document; the others may run in a thread while people go on writing. What a format
cannot hold is named, and nothing that is there is overwritten. What is saved is plain text for its owner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

from cryptpad_tui.convert.formats import write_markdown, write_rich
from cryptpad_tui.convert.model import Converted, Shown, paragraphs_of
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Attributes
from cryptpad_tui.editor.code_languages import MARKDOWN, language_of_title
from cryptpad_tui.engine.exchange.errors import FileNotWritten, NameTaken
from cryptpad_tui.engine.files.exporting import pictures_inside, runs_with_names
from cryptpad_tui.engine.files.names import safe_name
from cryptpad_tui.host.target_file import target_file

if TYPE_CHECKING:
    from cryptpad_tui.engine.engine import Engine

FORMATS: Final = ("md", "html", "txt", "docx", "odt", "pdf", "json", "zip")
_MOST_PICTURED: Final = {"html": 20 * 2**20, "docx": 64 * 2**20, "odt": 64 * 2**20}
"""So many bytes of pictures go into one file: what can be read again."""
_MAX_STEM: Final = 80
_FILES_STAY: Final = "attached files but for their names; --format zip has them"


@dataclass(frozen=True, slots=True)
class Taken:
    """What a pad holds, copied out of its document."""

    title: str
    kind: PadKind
    text: str = ""
    runs: Sequence[tuple[str, Attributes]] = ()
    lost: tuple[str, ...] = ()
    pictures: Shown = field(default_factory=dict, repr=False)


async def take_with_pictures(engine: Engine, pad_id: bytes, wanted: str) -> Taken:
    """The text of a pad that has one, and its pictures where the format can hold them."""
    most = _MOST_PICTURED.get(wanted, 0)
    return take(engine, pad_id, wanted, await pictures_inside(engine, pad_id, most) if most else None)


def take(engine: Engine, pad_id: bytes, wanted: str, pictures: Shown | None = None) -> Taken:
    """The text of a pad that has one, with the pictures that were read."""
    shown = pictures or {}
    with engine.borrowed(pad_id) as session:
        view, title = session.view, session.title()
        if session.kind is not PadKind.RICHTEXT:
            return Taken(title, session.kind, text=view.text(), pictures=shown)
        runs = view.runs()
        unshown = any("object" in marks and str(marks["object"]) not in shown for _, marks in runs)
        if wanted == "json" or not unshown:
            return Taken(title, session.kind, runs=runs, pictures=shown)
        # Their names stand for them: a picture that nobody can open is worse than a word.
        named = runs_with_names(view, pictures=shown)
        return Taken(title, session.kind, runs=named, lost=(_FILES_STAY,), pictures=shown)


def written(taken: Taken, wanted: str, *, pandoc: bool = False) -> Converted:
    """In one of FORMATS but zip; raises a ConvertError."""
    if taken.kind is PadKind.RICHTEXT:
        text, shown = paragraphs_of(taken.runs), taken.pictures
        made = write_rich(text, wanted, title=taken.title, pandoc=pandoc, pictures=shown)
    else:
        made = write_markdown(taken.text, wanted, title=taken.title, pandoc=pandoc, pictures=taken.pictures)
    return replace(made, lost=(*made.lost, *taken.lost))


def save(path: Path, data: bytes) -> None:
    """Whole or not at all, never over what is there; raises NameTaken or FileNotWritten."""
    try:
        with target_file(path) as target:
            target.write(data)
            target.keep(overwrite=False)
    except FileExistsError:
        raise NameTaken(str(path)) from None
    except OSError as error:
        raise FileNotWritten(f"{path}: {error.strerror or type(error).__name__}") from None


def format_by_name(path: PurePath) -> str:
    """What the name of a file asks for; markdown, where it does not say."""
    suffix = path.suffix.lower().removeprefix(".")
    return {"htm": "html", "markdown": "md"}.get(suffix, suffix if suffix in FORMATS else "md")


def file_name(title: str, wanted: str) -> str:
    """What a pad would be called on disk; a program keeps the end of its name."""
    name = safe_name(title)[:_MAX_STEM]
    is_code = language_of_title(title) != MARKDOWN and PurePath(name).suffix != ""
    return name if is_code and wanted in ("md", "txt") else f"{name}.{wanted}"
