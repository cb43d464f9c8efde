"""A pad's generation: how windows of one vault tell that pending edits, or the fold, were made again.

A word that changes with each remake. Its first half changes with each exchange of the fold alone, so that a
window that looks late still finds out.
"""

from __future__ import annotations

from cryptpad_tui.pad.stored_fold import Replaced

_SEPARATOR = "."


def after(before: str, token: str, why: Replaced | None = None) -> str:
    """The next generation; `why` where the fold was exchanged."""
    exchange = f"{why.name}{token}" if why else _exchange_of(before)
    return f"{exchange}{_SEPARATOR}{token}"


def unknown(before: str) -> str:
    """One that no window wrote: what is pending must be read again, the fold need not."""
    return f"{_exchange_of(before)}{_SEPARATOR}unknown"


def exchanged(before: str, now: str) -> Replaced | None:
    """Why the fold was exchanged between two generations; None where it was not."""
    exchange = _exchange_of(now)
    if exchange == _exchange_of(before):
        return None
    return Replaced.TRUTH if exchange.startswith(Replaced.TRUTH.name) else Replaced.VOIDED


def _exchange_of(generation: str) -> str:
    return generation.partition(_SEPARATOR)[0]
