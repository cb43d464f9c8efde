"""Which addresses a link may have, on the way in and on the way out: known schemes, short and clean."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from cryptpad_tui.convert.model import Losses, usable_value

_NO_CHARACTERS: Final = re.compile("[\ufffe\uffff]").search
"""XML cannot hold them. Whoever takes them out after the scheme was looked at makes another address of it."""
SCHEMES: Final = frozenset({"http", "https", "mailto", "ftp", "gemini", "pad1"})


def address_of(address: str, losses: Losses) -> str:
    """A link's address where a pad or a file may hold it; else nothing, and named."""
    if not address:
        return ""
    usable = usable_value(address)
    try:
        scheme = urlsplit(usable).scheme.lower()
    except ValueError:
        scheme = "?"
    if (
        usable
        and not _NO_CHARACTERS(usable)
        and (scheme in SCHEMES or (not scheme and not usable.startswith("//")))
    ):
        return usable
    losses.add("links of unknown kinds")
    return ""
