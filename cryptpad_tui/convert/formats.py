"""Which pad becomes which file, as `export` says it; the other way is in `formats_in.py`.

Word and OpenDocument are written by ourselves, so that a result does not hang on what is installed; with
`pandoc=True` that program does it. PDF is pandoc's alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from cryptpad_tui.convert.html_out import to_html
from cryptpad_tui.convert.markdown_in import from_markdown
from cryptpad_tui.convert.markdown_out import to_markdown
from cryptpad_tui.convert.model import Converted, Paragraph, Shown, runs_of
from cryptpad_tui.convert.pandoc import LEFT_OUT, made_of

EXPORT_FORMATS: Final = ("md", "html", "txt", "docx", "odt", "pdf", "json")
OFFICE: Final = ("docx", "odt")
PICTURED: Final = ("html", *OFFICE)
"""Those that can hold pictures."""


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
    if wanted == "html":
        return to_html(paragraphs, title=title, pictures=pictures)
    # Without a title: pandoc would write it above the text, which then began with it when it comes in again.
    page = to_html(paragraphs, pictures=pictures)
    return Converted(made_of(page.data, wanted), (*page.lost, LEFT_OUT))


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


def _to_office(paragraphs: Sequence[Paragraph], wanted: str, title: str, pictures: Shown | None) -> Converted:
    """Imported here and not above: the libraries are large, and most people never make such a file."""
    if wanted == "docx":
        from cryptpad_tui.convert.docx_out import to_docx

        return to_docx(paragraphs, title=title, pictures=pictures)
    from cryptpad_tui.convert.odt_out import to_odt

    return to_odt(paragraphs, title=title, pictures=pictures)
