"""Rules about presence that no other test meets alone: docs/protocol.md §12."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cryptpad_tui.crypto.keys import EditKeys, edit_seed_of
from cryptpad_tui.pad.epochs import EpochMark
from cryptpad_tui.pad.payloads import SessionProof
from cryptpad_tui.pad.peers import NO_CURSOR
from cryptpad_tui.pad.presence import Presence
from cryptpad_tui.pad.writer import Base, Writer
from support.pads import OWNER_ROOT, Person, seeded

QUIET = (NO_CURSOR, NO_CURSOR)
OTHER = b"\7" * 32


def window(seed: int, *, pad_id: bytes = b"", epoch: int = 0, writes: bool = False) -> Presence:
    """Somebody with the pad's keys; perhaps at another pad or epoch."""
    person = Person("Anna", seed)
    genesis = person.replica.genesis
    mark = replace(EpochMark.first(genesis), number=epoch)
    writer = None
    if writes:
        keys = EditKeys.from_seed(edit_seed_of(OWNER_ROOT, 0))
        writer = Writer(pad_id or genesis.pad_id, epoch, keys, rng=seeded(seed))
    return Presence(
        pad_id or genesis.pad_id, mark, person.replica.keys, person.identity, writer, rng=seeded(seed + 9)
    )


def first_frame(presence: Presence) -> bytes:
    frame = presence.tick(0.0, Base(0, bytes(32)), QUIET, typing=False)
    assert frame is not None
    return frame


@pytest.mark.parametrize("writes", [False, True])
def test_a_frame_is_of_this_pad_and_epoch(writes: bool) -> None:
    here = window(1)
    assert here.receive(first_frame(window(2, writes=writes)), 0.0) is not None
    assert here.receive(first_frame(window(3, pad_id=OTHER, writes=writes)), 0.0) is None
    assert here.receive(first_frame(window(4, epoch=1, writes=writes)), 0.0) is None


def test_a_proof_is_of_this_session_pad_and_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificate and identity alike: whoever else has them cannot lend them."""
    true = window(2, writes=True)._proof()
    assert true is not None
    others = [
        window(seed, **where, writes=True)._proof() for seed, where in ((3, {}), (2, {"pad_id": OTHER}))
    ]  # type: ignore[arg-type]
    cases: list[tuple[SessionProof, bool]] = [(true, True)]
    for other in others:
        assert other is not None
        cases += [
            (replace(true, cert=other.cert), False),
            (replace(true, ident_signature=other.ident_signature), False),
        ]
        cases += [(replace(true, ident_pk=OTHER), False)]
    for proof, counts in cases:
        speaker = window(2, writes=True)
        monkeypatch.setattr(speaker, "_proof", lambda proof=proof: proof)
        session = window(1).receive(first_frame(speaker), 0.0)
        assert session is not None
        assert bool(session.ident_pk) == counts
