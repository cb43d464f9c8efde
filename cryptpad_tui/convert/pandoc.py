"""The program pandoc, where a person asks for it: it reads a pipe and writes one.

It gets of the environment what programs are found by, and no secret. In its sandbox it can open no other file
and no address; what it must be let out of it for is a page that we made.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import Final

from cryptpad_tui.convert.errors import NeedsPandoc, NotConverted

PANDOC_SECONDS: Final = 120
_MEMORY: Final = "-M1G"
LEFT_OUT: Final = "what pandoc leaves out (it does not say)"
_TOLD: Final = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL")
"""What it, and the engines of PDF that it starts, need to find their own files."""
_ENGINES: Final = ("weasyprint", "wkhtmltopdf", "xelatex", "lualatex", "tectonic", "pdflatex")
"""Programs that make PDF for it, those first that know every script and colour."""
_NO_DATA: Final = b"Could not find data file"
"""Debian's pandoc says so in its sandbox of the files that it is installed with."""

_INSIDE: Final = re.compile(rb'(<img[^<>]{0,20} src=")(?:\./)?(?:media|Pictures)/[^"<>]{1,200}')
"""Where a picture of the document lay, which was emptied: nothing should lead there."""


def page_from(suffix: str, emptied: bytes) -> bytes:
    """A document of a stranger as a page; raises NeedsPandoc or NotConverted."""
    kind = "docx+empty_paragraphs" if suffix == "docx" else suffix
    arguments = ["--sandbox", "-f", kind, "-t", "html+empty_paragraphs", "--wrap=none"]
    return _INSIDE.sub(rb"\1", _asked(emptied, arguments).stdout)


def made_of(page: bytes, wanted: str) -> bytes:
    """A page of ours, which names no file, as another format; raises NeedsPandoc or NotConverted."""
    if wanted == "pdf":
        return _pdf_of(page)
    arguments = ["-f", "html+empty_paragraphs", "-t", f"{wanted}+empty_paragraphs", "-s", "-o", "-"]
    try:
        return _asked(page, ["--sandbox", *arguments]).stdout
    except _LacksData:
        return _asked(page, arguments).stdout


def _pdf_of(page: bytes) -> bytes:
    engine = next((name for name in _ENGINES if shutil.which(name)), None)
    if engine is None:
        raise NeedsPandoc("none of " + ", ".join(_ENGINES) + " is here")
    # An engine is a program of its own, which the sandbox does not let pandoc start.
    arguments = ["-f", "html", "-t", "pdf", f"--pdf-engine={engine}", "-V", "geometry:margin=2.5cm"]
    try:
        return _asked(page, [*arguments, "-s", "-o", "-"]).stdout
    except NotConverted as error:
        # It wrote nothing that we could have made wrong: the engine lacks something.
        raise NeedsPandoc(f"{engine} ended with an error") from error


class _LacksData(NotConverted):
    """Its sandbox keeps it from its own files."""


def _asked(data: bytes, arguments: list[str]) -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("pandoc")
    if program is None:
        raise NeedsPandoc
    try:
        done = subprocess.run(
            [program, "+RTS", _MEMORY, "-RTS", *arguments],
            input=data,
            capture_output=True,
            timeout=PANDOC_SECONDS,
            check=False,
            env={name: os.environ[name] for name in _TOLD if name in os.environ},
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotConverted("pandoc did not answer in time") from error
    if done.returncode:
        raise _LacksData if _NO_DATA in done.stderr else NotConverted("pandoc refused it")
    return done
