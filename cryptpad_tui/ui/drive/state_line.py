"""The sentence below the drive: the worst that there is to say of it, and its colour. It changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cryptpad_tui.ui import words

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine, PadListing


def state_line(engine: Engine, lines: Sequence[PadListing]) -> tuple[str, str]:
    """The sentence, and the role of its colour."""
    caught = sum(bool(pad.alarms) for pad in lines)
    if caught:
        where = "1 pad" if caught == 1 else f"{caught} pads"
        return f"ALARM in {where}: your text is safe here. F8 says what was caught.", "alarm"
    told = sum(pad.has_news for pad in lines)
    if told:
        where = "1 pad has" if told == 1 else f"{told} pads have"
        return f"{where} news: opening it says what happened.", "warning"
    waiting = words.unsent(lines)
    unsent = f", {words.pads_count(waiting)} waiting to be sent" if waiting else ""
    relay = engine.relay_url()
    if relay is None:
        return "No relay: everything is saved on this machine. ^R chooses one.", "muted"
    states = engine.relay_states()
    if states and not any(state.connected for state in states):
        return f"Saved here{unsent}. Relay: {words.safe_line(states[0].sentence)}", "warning"
    return f"Saved here{unsent}", "muted"
