"""What can go wrong between a file and a pad, as sentences for a person."""

from __future__ import annotations


class NeedsPandoc(Exception):
    """This needs the program pandoc (and for PDF one of the engines it makes PDF with), which is not here or
    could not do it. Nothing was changed; install it, or choose md, html, docx, odt, txt or json."""


class NotConverted(Exception):
    """The file is not what its name says, or too large to convert. Nothing was changed."""
