"""What a login's page says to a machine: which relay, which name, which secret key. Pure, and a secret.

As a QR code, "PADLOGIN1:" and the three with spaces between them; on paper three lines with their names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from cryptpad_tui.crypto.relay_address import is_relay_address
from cryptpad_tui.people.login_errors import NotALoginPage
from cryptpad_tui.people.login_keys import SecretKey, login_name

QR_PREFIX: Final = "PADLOGIN1:"
MAX_SHEET: Final = 16_384
_LINE: Final = re.compile(r"^\s*(Relay|Name|Secret key):\s*(\S.*?)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class LoginSheet:
    """All but the passphrase."""

    relay_url: str
    name: str
    secret: SecretKey = field(repr=False)

    def lines(self) -> list[str]:
        return [
            f"Relay:      {self.relay_url}",
            f"Name:       {self.name}",
            f"Secret key: {self.secret.text()}",
        ]

    def qr_text(self) -> str:
        return QR_PREFIX + " ".join((self.relay_url, self.name, self.secret.text()))


def parse_sheet(text: str) -> LoginSheet:
    """From a page or a QR code's text; raises NotALoginPage, MistypedSecretKey, BadLoginName or WeakLogin."""
    if len(text) > MAX_SHEET:
        raise NotALoginPage
    at = text.find(QR_PREFIX)
    found = text[at + len(QR_PREFIX) :].split()[:3] if at >= 0 else _lines(text)
    if len(found) != 3 or not is_relay_address(found[0]):
        raise NotALoginPage
    return LoginSheet(found[0], login_name(found[1]), SecretKey.parse(found[2]))


def _lines(text: str) -> list[str]:
    said: dict[str, str] = {}
    for name, value in _LINE.findall(text):
        if said.setdefault(name, value) != value:
            raise NotALoginPage
    return [said[name] for name in ("Relay", "Name", "Secret key") if name in said]
