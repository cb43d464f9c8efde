"""Pages to print, text or SVG with a QR code, and the recovery kit as one. Knows no file and no vault."""

from __future__ import annotations

import io
import re
from html import escape
from typing import Final

from cryptpad_relay.protocol.term_safe import term_safe
from cryptpad_tui.vault.kit import Kit, kit_lines, kit_qr_text

_WIDTH_PT: Final = 595
_HEIGHT_PT: Final = 842
_MARGIN_PT: Final = 42
_LINE_PT: Final = 13
_QR_PT: Final = 190
_LOOPBACK: Final = re.compile(r"unix:|local$|wss?://(localhost|127\.0\.0\.1|\[::1\])([:/]|$)")
_HERE_ALONE: Final = (
    "   It runs on the machine that made this page, and is lost with it. Keep a",
    "   backup file elsewhere, which brings the pads back.",
)


def page_lines(kit: Kit, *, name: str, day: str, recovery_key: str | None) -> list[str]:
    """At most 80 characters a line and 60 lines."""
    relay = _line(kit.relay_url) if kit.relay_url else "none: only a backup file brings the pads back"
    return [
        "CRYPTPAD-TUI RECOVERY KIT",
        "",
        f"Of {_line(name)}, made {day}.",
        "",
        "Print this page and keep it where you keep a passport. Whoever has it can read",
        "and write everything in this account. Store no copy of it on a computer.",
        "",
        *_recovery_lines(recovery_key),
        "2. YOU HAVE NOTHING BUT THIS PAGE. On a new machine, type the lines below (or",
        "   the text of the QR code) into",
        "       cryptpad-tui init --name NAME --from-kit",
        "   It makes a vault for this account, at this relay. A backup file brings the",
        "   pads; without one, what the relay has of your drive does, once it is there.",
        "",
        *[f"   {line}" for line in kit_lines(kit)],
        "",
        f"   Relay: {relay}",
        *(_HERE_ALONE if is_here_alone(kit.relay_url) else ()),
        f"   Its key: {kit.relay_pk.hex() if kit.relay_pk else 'not known when this page was made'}",
        "",
        "   I, L and O are not used: 1 and 0 are meant. Case and gaps do not matter.",
    ]


def is_here_alone(relay_url: str | None) -> bool:
    """Whether no other machine can reach this relay."""
    return relay_url is not None and _LOOPBACK.match(relay_url) is not None


def _recovery_lines(recovery_key: str | None) -> list[str]:
    if recovery_key is None:
        return ["1. THE PASSPHRASE IS LOST, the machine is not: use the recovery key you have.", ""]
    return [
        "1. THE PASSPHRASE IS LOST, the machine is not. The recovery key opens the vault:",
        "       cryptpad-tui passphrase --recovery",
        "",
        f"   {recovery_key}",
        "",
        "   It opens the backups that were made since this page, too.",
        "",
    ]


def _line(text: str) -> str:
    return " ".join(term_safe(text[:200]).split())[:60]


def svg_page(kit: Kit, *, name: str, day: str, recovery_key: str | None) -> str:
    """One page of A4."""
    return page_of(page_lines(kit, name=name, day=day, recovery_key=recovery_key), kit_qr_text(kit))


def page_of(lines: list[str], qr_text: str) -> str:
    """Lines of text and a QR code below them, on A4."""
    texts = "\n".join(
        f'<text x="{_MARGIN_PT}" y="{_MARGIN_PT + _LINE_PT * row}" xml:space="preserve">{escape(line)}</text>'
        for row, line in enumerate(lines, 1)
        if line
    )
    top = _MARGIN_PT + _LINE_PT * (len(lines) + 2)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="210mm" height="297mm" '
        f'viewBox="0 0 {_WIDTH_PT} {_HEIGHT_PT}">\n<rect width="100%" height="100%" fill="#fff"/>\n'
        f'<g font-family="monospace" font-size="10" fill="#000">\n{texts}\n</g>\n'
        f'<g transform="translate({_MARGIN_PT} {top})">{_qr(qr_text)}</g>\n</svg>\n'
    )


def _qr(text: str) -> str:
    import segno

    code = segno.make_qr(text, error="m")
    drawn = io.BytesIO()
    size = code.symbol_size()[0]
    code.save(drawn, kind="svg", xmldecl=False, svgns=False, nl=False, scale=round(_QR_PT / size, 3))
    return drawn.getvalue().decode()
