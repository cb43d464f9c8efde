"""What can go wrong between a file and a pad, as sentences for a person.

- `ConvertError`
    - `NeedsPandoc`, `NotConverted`: a file that cannot be read or made
    - `NotRead`: one that the process which reads strangers' files failed over
    - `UncleanText`: text that no pad can carry, with its line and column
    - `BadTitle`: what no pad can be called
"""

from __future__ import annotations


class ConvertError(Exception):
    """The file was not converted. Nothing was changed."""


class NeedsPandoc(ConvertError):
    """This needs the program pandoc (and for PDF one of the engines it makes PDF with), which is not here or
    could not do it. Nothing was changed; install it, or choose md, html, docx, odt, txt or json."""


class NotConverted(ConvertError):
    """The file is not what its name says, or too large to convert. Nothing was changed."""


class NotRead(ConvertError):
    """The file could not be read in the process that reads strangers' files. Nothing was changed; if others
    can be read, this one is damaged, or made to do harm."""


class UncleanText(ConvertError):
    """The text holds something that no pad can carry. Nothing was changed; remove it and try again."""


class BadTitle(ConvertError):
    """A title is one line of text, not empty and at most 1,000 characters. Nothing was changed."""
