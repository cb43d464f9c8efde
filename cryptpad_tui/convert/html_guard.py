"""HTML made safe for the standard library's parser: linear time for every input, and nothing it stumbles on.

The parser looks for the end of each unfinished tag, comment or section anew, up to the end of the text. What
can have no end is text here, so that it looks once.
"""

from __future__ import annotations

import re
from typing import Final

from cryptpad_tui.convert.errors import NotConverted

MAX_CHARS: Final = 32_000_000
MAX_TAGS: Final = 1_000_000
_SILENT: Final = re.compile(r"<(?:\?|!(?!--))[^<>]{0,500}>")
"""Word's conditions, document types, processing instructions: they say nothing in HTML."""
_STRAY: Final = re.compile(r"<(?![a-zA-Z/!?])|</(?![a-zA-Z])|<!(?!--)")


def guarded(text: str) -> str:
    """The text for the parser; raises NotConverted where it is too large."""
    if len(text) > MAX_CHARS or text.count("<") > MAX_TAGS:
        raise NotConverted("the page is too large")
    text = _SILENT.sub("", text).replace("<?", "&lt;?")
    text = _STRAY.sub(lambda found: "&lt;" + found[0][1:], text)
    text = _without_end(text, "<!--", "-->")
    end = text.rfind(">") + 1
    return text[:end] + text[end:].replace("<", "&lt;")


def _without_end(text: str, start: str, end: str) -> str:
    """What begins after the last end is text."""
    last = text.rfind(end) + 1
    return text[:last] + text[last:].replace(start, "&lt;" + start[1:])
