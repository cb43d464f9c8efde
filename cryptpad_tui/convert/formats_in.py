"""Which file becomes rich text, and how it is read: each reader is loaded when a file needs it.

These are the parsers of strangers' files. In a process that holds keys nothing calls them: `reading.py` asks
one that holds none.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

from cryptpad_tui.convert.model import Read

OFFICE: Final = ("docx", "odt")
PAGES: Final = ("html", "htm", "xhtml")
RICH_SUFFIXES: Final = frozenset([f".{kind}" for kind in (*PAGES, *OFFICE)])
"""Files that become rich text, whatever is in them."""


def suffix_of(name: str) -> str:
    """How a file's name ends, by which it is read."""
    return PurePath(name).suffix.lower().removeprefix(".")


def is_rich(name: str, data: bytes) -> bool:
    """Whether a file becomes rich text: by its name, or as Quill's delta; every other becomes a text pad."""
    suffix = suffix_of(name)
    if suffix == "json":
        from cryptpad_tui.convert.delta_in import is_delta

        return is_delta(data)
    return f".{suffix}" in RICH_SUFFIXES


def read_rich(name: str, data: bytes) -> Read:
    """A file as rich text, by its name; raises NotConverted."""
    suffix = suffix_of(name)
    if suffix == "docx":
        from cryptpad_tui.convert.docx_in import from_docx

        return from_docx(data)
    if suffix == "odt":
        from cryptpad_tui.convert.odt_in import from_odt

        return from_odt(data)
    if suffix in ("md", "markdown"):
        from cryptpad_tui.convert.markdown_in import from_markdown

        return from_markdown(text_of(data))
    if suffix == "json":
        from cryptpad_tui.convert.delta_in import from_delta

        return from_delta(data)
    from cryptpad_tui.convert.html_in import from_html

    return from_html(text_of(data))


def text_of(data: bytes) -> str:
    """The bytes of a page as text; what is none stands as a sign for that."""
    return data.decode("utf-8-sig", "replace")
