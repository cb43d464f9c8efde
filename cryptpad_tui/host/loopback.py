"""Whether a relay's address leads nowhere but to this host. Asks no network and no resolver."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
ONLY_HERE: Final = (
    "Its relay is reached from this machine alone, and so is the pad: for people elsewhere, move it first."
)
"""What a link to such a relay does not say of itself."""


def is_only_here(url: str | None) -> bool:
    """Of an address as the settings have it; one that cannot be read is not."""
    try:
        parts = urlsplit(url or "")
        return url == "local" or parts.scheme == "unix" or parts.hostname in LOOPBACK
    except ValueError:
        return False
