"""What a person is told of something that keeps a pad from its relay. It decides nothing."""

from __future__ import annotations

from typing import Final

from cryptpad_relay.protocol.errors import Code, Malformed, Refused
from cryptpad_tui.crdt.errors import CannotLoadHere, DocumentError
from cryptpad_tui.pad.epochs import HistoryClosed, NoStartYet
from cryptpad_tui.pad.flows_restore import WAITS
from cryptpad_tui.sync.connection import RelayUnreachable
from cryptpad_tui.vault.errors import VaultError

_REFUSALS: Final = {
    Code.NOT_AUTHORISED: "this link opens the pad no more; ask its owner for another",
    Code.QUOTA: "the relay has no more room for this pad; everything is kept here",
    Code.BEHIND: WAITS,
    Code.CREATE_LIMIT: "the relay takes no more pads for a while; they are kept here",
    Code.UNKNOWN_PAD: "the relay does not have this pad",
    Code.MOVED: "the relay says that the pad was moved, and does not show its owner's word for it",
    Code.ARRIVING: "the pad is on its way to this relay, and not whole there yet",
}


def sentence_of(error: Exception) -> str:
    """One line, whatever it was."""
    if isinstance(error, Refused):
        return _REFUSALS.get(
            error.code, f"the relay refused ({error.code.name.lower()}); everything is kept here"
        )
    if isinstance(error, RelayUnreachable | Malformed) and str(error):
        return str(error)
    if isinstance(error, HistoryClosed | NoStartYet):
        return " ".join((type(error).__doc__ or "").split())
    if isinstance(error, VaultError | DocumentError):
        said = " ".join((type(error).__doc__ or type(error).__name__).split())
        return f"{said} ({error})" if isinstance(error, CannotLoadHere) and str(error) else said
    return f"an error in this program ({type(error).__name__}); everything is kept here"
