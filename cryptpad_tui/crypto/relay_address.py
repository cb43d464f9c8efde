"""What a relay's address may be: in links, in cards, on pages, in records and as a person types it.

Foreign text until it passed here. Who connects may then rely on its form, and on nothing else.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

MAX_ADDRESS_BYTES: Final = 255
_ADDRESS: Final = re.compile(r"(wss?|ssh)://[!-~]{1,249}|unix:[!-~]{1,250}")
_MAX_LABEL: Final = 63
"""Octets of one part of a host's name (RFC 1035)."""


def is_relay_address(text: str) -> bool:
    """Whether it names a place that could be connected to; `ssh:` is a form of later versions."""
    if len(text) > MAX_ADDRESS_BYTES or not _ADDRESS.fullmatch(text):
        return False
    if text.startswith("unix:"):
        return True
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.password is not None:
        return False
    return ":" in host or all(0 < len(label) <= _MAX_LABEL for label in host.removesuffix(".").split("."))
