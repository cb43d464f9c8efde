"""Which file becomes which pad and which pad which file: what `import` and `export` follow.

Word and OpenDocument are read and written by ourselves, so that a result does not hang on what is installed;
with `pandoc=True` that program does it. PDF is pandoc's alone. Pandoc reads a pipe and writes one, in its
sandbox: it can open no other file and no address.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import PurePath
from typing import Final

from cryptpad_tui.convert.archive import without_foreign_parts
from cryptpad_tui.convert.delta_in import from_delta, is_delta
from cryptpad_tui.convert.errors import NeedsPandoc, NotConverted
from cryptpad_tui.convert.html_in import from_html
from cryptpad_tui.convert.html_out import to_html
from cryptpad_tui.convert.markdown_in import from_markdown
from cryptpad_tui.convert.markdown_out import to_markdown
from cryptpad_tui.convert.model import Converted, Paragraph, Read, Shown, runs_of

__all__ = [
    "EXPORT_FORMATS",
    "NeedsPandoc",
    "NotConverted",
    "is_rich",
    "read_rich",
    "write_markdown",
    "write_rich",
]

RICH_SUFFIXES: Final = frozenset({".html", ".htm", ".xhtml", ".docx", ".odt"})
"""Files that become rich text, whatever is in them."""
EXPORT_FORMATS: Final = ("md", "html", "txt", "docx", "odt", "pdf", "json")
OFFICE: Final = ("docx", "odt")
PICTURED: Final = ("html", *OFFICE)
"""Those that can hold pictures."""
PANDOC_SECONDS: Final = 120
_PANDOC_MEMORY: Final = "-M1G"
_BY_PANDOC: Final = "what pandoc leaves out (it does not say)"


def is_rich(name: str, data: bytes) -> bool:
    """Whether a file becomes rich text: by its name, or as Quill's delta; every other becomes a text pad."""
    suffix = PurePath(name).suffix.lower()
    return suffix in RICH_SUFFIXES or (suffix == ".json" and is_delta(data))


def read_rich(name: str, data: bytes, *, pandoc: bool = False) -> Read:
    """A file as rich text, by its name; raises NeedsPandoc or NotConverted."""
    suffix = PurePath(name).suffix.lower().removeprefix(".")
    if suffix in OFFICE:
        return _office_by_pandoc(suffix, data) if pandoc else _office(suffix, data)
    if suffix in ("md", "markdown"):
        return from_markdown(_text(data))
    return from_delta(data) if suffix == "json" else from_html(_text(data))


def write_rich(
    paragraphs: Sequence[Paragraph],
    wanted: str,
    *,
    title: str,
    pandoc: bool = False,
    pictures: Shown | None = None,
) -> Converted:
    """In one of EXPORT_FORMATS, those of PICTURED with pictures; raises NeedsPandoc or NotConverted."""
    if wanted == "md":
        return to_markdown(paragraphs)
    if wanted == "txt":
        marked = any(one.block or any(piece.marks for piece in one.pieces) for one in paragraphs)
        text = "".join([one.text + "\n" for one in paragraphs])
        return Converted(text.encode(), ("all formats",) if marked else ())
    if wanted == "json":
        ops = [
            {"insert": text, **({"attributes": found} if found else {})}
            for text, found in runs_of(paragraphs)
        ]
        return Converted((json.dumps({"ops": ops}, ensure_ascii=False, indent=1) + "\n").encode())
    if wanted in OFFICE and not pandoc:
        return _to_office(paragraphs, wanted, title, pictures)
    page = to_html(paragraphs, title=title, pictures=pictures)
    return page if wanted == "html" else _from_html(page, wanted)


def write_markdown(
    text: str, wanted: str, *, title: str, pandoc: bool = False, pictures: Shown | None = None
) -> Converted:
    """The text of a markdown pad in one of EXPORT_FORMATS; `pictures` by the addresses that it shows."""
    if wanted in ("md", "txt"):
        return Converted(text.encode())
    if wanted == "json":
        return Converted((json.dumps({"title": title, "text": text}, ensure_ascii=False) + "\n").encode())
    read = from_markdown(text, pictures or {})
    made = write_rich(read.paragraphs, wanted, title=title, pandoc=pandoc, pictures=pictures)
    return Converted(made.data, tuple(dict.fromkeys((*read.lost, *made.lost))))


def _office(suffix: str, data: bytes) -> Read:
    """Imported here and not above: the libraries are large, and most people never open such a file."""
    if suffix == "docx":
        from cryptpad_tui.convert.docx_in import from_docx

        return from_docx(data)
    from cryptpad_tui.convert.odt_in import from_odt

    return from_odt(data)


def _to_office(paragraphs: Sequence[Paragraph], wanted: str, title: str, pictures: Shown | None) -> Converted:
    if wanted == "docx":
        from cryptpad_tui.convert.docx_out import to_docx

        return to_docx(paragraphs, title=title, pictures=pictures)
    from cryptpad_tui.convert.odt_out import to_odt

    return to_odt(paragraphs, title=title, pictures=pictures)


def _office_by_pandoc(suffix: str, data: bytes) -> Read:
    """Bounded and emptied of all but text first: pandoc too is a parser of strangers' files."""
    safe, _ = without_foreign_parts(data)
    read = from_html(_text(_pandoc(safe, ["-f", suffix, "-t", "html", "--wrap=none"])))
    return Read(read.paragraphs, (*read.lost, _BY_PANDOC))


def _from_html(page: Converted, wanted: str) -> Converted:
    more = ["-V", "geometry:margin=2.5cm"] if wanted == "pdf" else []
    data = _pandoc(page.data, ["-f", "html", "-t", wanted, "-s", *more, "-o", "-"])
    return Converted(data, (*page.lost, _BY_PANDOC))


def _pandoc(data: bytes, arguments: list[str]) -> bytes:
    program = shutil.which("pandoc")
    if program is None:
        raise NeedsPandoc
    # A PDF engine is a program of its own, which the sandbox does not let pandoc start.
    sandbox = [] if "pdf" in arguments else ["--sandbox"]
    try:
        done = subprocess.run(
            [program, "+RTS", _PANDOC_MEMORY, "-RTS", *sandbox, *arguments],
            input=data,
            capture_output=True,
            timeout=PANDOC_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotConverted("pandoc did not answer in time") from error
    if done.returncode:
        # It wrote nothing that we could have made wrong: an engine is missing.
        raise (
            NeedsPandoc("it ended with an error") if "pdf" in arguments else NotConverted("pandoc refused it")
        )
    return done.stdout


def _text(data: bytes) -> str:
    return data.decode("utf-8-sig", "replace")
