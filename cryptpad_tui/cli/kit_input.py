"""A recovery kit typed or pasted in, and what a vault made from it must know."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from cryptpad_tui.cli import diagnostics

if TYPE_CHECKING:
    from cryptpad_tui.vault.kit import Kit
    from cryptpad_tui.vault.tables import Tables

_MAX_BYTES: Final = 16_384


def read_kit() -> Kit:
    """From standard input: the page, its numbered lines, or the QR code's text. Raises MistypedKit."""
    from cryptpad_tui.vault.kit import parse_kit

    if sys.stdin.isatty():
        diagnostics.note("type the numbered lines of the kit, or paste the QR code's text; then Ctrl+D")
    return parse_kit(sys.stdin.buffer.read(_MAX_BYTES + 1).decode("utf-8", "replace"))


def expect_drive(tables: Tables, kit: Kit) -> None:
    """Keep where the account's drive is, for when it can be fetched: in the vault from its first moment, or a
    death would leave one that believes any relay."""
    from cryptpad_tui.engine.kits import EXPECTED_DRIVE, EXPECTED_RELAY

    tables.set_setting(EXPECTED_DRIVE, kit.drive_id.hex() or None)
    tables.set_setting(EXPECTED_RELAY, kit.relay_pk.hex() or None)


def say_what_is_missing(kit: Kit) -> None:
    if kit.relay_url is None:
        diagnostics.note(
            "this vault is the kit's account, and no pad is in it yet: the kit names no relay, so"
            " `cryptpad-tui restore FILE` brings them from a backup"
        )
