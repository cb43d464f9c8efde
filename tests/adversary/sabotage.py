"""How defences are taken out: each makes one check say yes, so that the attack behind it must work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from cryptpad_relay.protocol.entry import Entry, Kind, entry_id_of, parse_entry
from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.labels import SIGNATURE_BYTES
from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.pad.fold import Fold
from cryptpad_tui.pad.witness import Witness

Patch = pytest.MonkeyPatch
both = pytest.mark.parametrize("defended", [True, False], ids=["defended", "taken_out"])


def nothing(*args: object, **named: object) -> None:
    """A check that checks nothing."""


def yes(*args: object, **named: object) -> bool:
    """A check that finds everything right."""
    return True


def any_head(monkeypatch: Patch) -> None:
    """No claim about heads, signed or not, is compared with what was folded."""
    no_witness(monkeypatch)
    monkeypatch.setattr(Fold, "check_claim", nothing)
    monkeypatch.setattr("cryptpad_tui.pad.flows.compare_digest", yes)


def no_witness(monkeypatch: Patch) -> None:
    """What the relay signed is not held against it."""
    monkeypatch.setattr(Witness, "take", nothing)
    monkeypatch.setattr(Witness, "folded_to", nothing)


def lenient_parse(raw: bytes) -> Entry:
    """Reads an entry of any suite, flags, kind and length as if it were an UPDATE of this version."""
    try:
        return parse_entry(raw)
    except Malformed:
        length = len(raw) - 160 - SIGNATURE_BYTES
        regular = raw[:4] + bytes([Kind.UPDATE, 1, 0, 0]) + raw[8:156] + length.to_bytes(4, "big") + raw[160:]
        return replace(parse_entry(regular), raw=raw, entry_id=entry_id_of(raw[:-SIGNATURE_BYTES]))


def no_pad_check(monkeypatch: Patch) -> None:
    """An entry of any pad and epoch is parsed as one of this."""
    monkeypatch.setattr(Fold, "_parse", lambda self, raw: parse_entry(raw))
    monkeypatch.setattr(Fold, "_parse_any", lambda self, raw: parse_entry(raw))


def trusting_updates(monkeypatch: Patch) -> None:
    """Updates go to the engine as they come."""

    def check(self: CanonicalDocument, client_id: int, updates: Sequence[bytes]) -> Any:
        return tuple(updates)

    monkeypatch.setattr(CanonicalDocument, "check", check)
    monkeypatch.setattr(CanonicalDocument, "apply", lambda self, updates: self._call_engine(*updates))
