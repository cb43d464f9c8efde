"""Which file becomes which pad and which pad which file: what `import` and `export` follow.

Built-in formats need nothing but this program. Word, OpenDocument and PDF go through pandoc where it is,
read from a pipe and written to one, in its sandbox: it can open no other file and no address.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import PurePath
from typing import Final

from cryptpad_tui.convert.html_in import from_html
from cryptpad_tui.convert.html_out import to_html
from cryptpad_tui.convert.markdown_in import from_markdown
from cryptpad_tui.convert.markdown_out import to_markdown
from cryptpad_tui.convert.model import Converted, Paragraph, Read, runs_of

RICH_SUFFIXES: Final = frozenset({".html", ".htm", ".xhtml", ".docx", ".odt"})
"""Files that become rich text; every other becomes a text pad as it is."""
EXPORT_FORMATS: Final = ("md", "html", "txt", "docx", "odt", "pdf", "json")
PANDOC_SECONDS: Final = 120
_PANDOC_MEMORY: Final = "-M1G"


class NeedsPandoc(Exception):
    """This format needs the program pandoc, which is not here. Nothing was changed; install it, or choose md,
    html, txt or json."""


class NotConverted(Exception):
    """The file is not what its name says, or too large to convert. Nothing was changed."""


def read_rich(name: str, data: bytes) -> Read:
    """A file as rich text, by its name; raises NeedsPandoc or NotConverted."""
    suffix = PurePath(name).suffix.lower()
    if suffix in (".docx", ".odt"):
        data = _pandoc(data, ["-f", suffix[1:], "-t", "html", "--wrap=none"])
    elif suffix in (".md", ".markdown"):
        return from_markdown(_text(data))
    return from_html(_text(data))


def write_rich(paragraphs: Sequence[Paragraph], wanted: str, *, title: str) -> Converted:
    """Rich text in one of EXPORT_FORMATS; raises NeedsPandoc or NotConverted."""
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
    page = to_html(paragraphs, title=title)
    return page if wanted == "html" else _from_html(page, wanted, title)


def write_markdown(text: str, wanted: str, *, title: str) -> Converted:
    """The text of a markdown pad in one of EXPORT_FORMATS."""
    if wanted in ("md", "txt"):
        return Converted(text.encode())
    if wanted == "json":
        return Converted((json.dumps({"title": title, "text": text}, ensure_ascii=False) + "\n").encode())
    read = from_markdown(text)
    made = write_rich(read.paragraphs, wanted, title=title)
    return Converted(made.data, (*read.lost, *made.lost))


def _from_html(page: Converted, wanted: str, title: str) -> Converted:
    to = ["-t", wanted] if wanted != "pdf" else ["-t", "pdf"]
    data = _pandoc(page.data, ["-f", "html", *to, "-s", "-V", "geometry:margin=2.5cm", "-o", "-"])
    return Converted(data, page.lost)


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
        raise NotConverted from error
    if done.returncode:
        raise NotConverted
    return done.stdout


def _text(data: bytes) -> str:
    return data.decode("utf-8-sig", "replace")
