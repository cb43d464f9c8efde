"""What a person may choose among: the answers of a question, and the three kinds of relay.

It loads no widget: the first frame of the first start stands on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cryptpad_tui.crypto.relay_address import is_relay_address


@dataclass(frozen=True, slots=True)
class Option:
    """One answer; `name` is what the asker gets."""

    name: str
    text: str


NONE: Final = "none"
LOCAL: Final = "local"
URL: Final = "url"
RELAY_OPTIONS: Final = (
    Option(NONE, "None for now: pads stay on this machine"),
    Option(LOCAL, "This machine: for windows and people on this host"),
    Option(URL, "An address, such as wss://relay.example.org"),
)


def relay_problem(url: str) -> str:
    """What is wrong with an address; "" if nothing is."""
    if is_relay_address(url.strip()):
        return ""
    return "A relay's address starts with wss:// (or ws:// for one on this machine)."
