"""All that is deleted in a document of the engine, as ranges of clocks. It reads no item."""

from __future__ import annotations

from typing import Any

from pycrdt import Doc

from cryptpad_tui.crdt.errors import engine_call
from cryptpad_tui.crdt.grammar import OWN_LIMITS, read_delete_set
from cryptpad_tui.crdt.reader import Reader
from cryptpad_tui.crdt.split import Range, union


def deletions_of(doc: Doc[Any]) -> list[Range]:
    """Client, first clock and length; sorted, neighbours joined."""
    with engine_call():
        # Behind all that there is comes nothing but what is deleted.
        beyond = doc.get_update(doc.get_state())
    return union(read_delete_set(Reader(beyond[1:]), OWN_LIMITS))
