"""The page of a login, to print: text, or SVG with a QR code. Knows no file and no vault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptpad_tui.cli.kit_page import page_of
from cryptpad_tui.cli.output import safe_line

if TYPE_CHECKING:
    from cryptpad_tui.people.login_sheet import LoginSheet


def page_lines(sheet: LoginSheet, *, day: str) -> list[str]:
    """At most 80 characters a line, but for a relay or a name that is longer."""
    return [
        "CRYPTPAD-TUI LOGIN",
        "",
        f"Made {day}. A page made later ends this one.",
        "",
        "Print this page and keep it where you keep a passport. With it and the login's",
        "passphrase a machine that has nothing gets your drive, and everything in it:",
        "without the passphrase the page opens nothing, and the passphrase opens nothing",
        "without the page. Write the passphrase nowhere near it.",
        "",
        "On the new machine:",
        f"    cryptpad-tui login join {safe_line(sheet.name)} --relay {safe_line(sheet.relay_url)}",
        "It asks for the passphrase and for the secret key. Or give this page, or the QR",
        "code's text, on standard input to `cryptpad-tui login join`.",
        "",
        *[f"   {line}" for line in sheet.lines()],
        "",
        "   I, L and O are not used: 1 and 0 are meant. Case and gaps do not matter.",
    ]


def svg_page(sheet: LoginSheet, *, day: str) -> str:
    """One page of A4."""
    return page_of(page_lines(sheet, day=day), sheet.qr_text())
