"""The checks of the scenarios can fail: a secret on tape, an entry that nobody wrote, a proof touched."""

from __future__ import annotations

import pytest
from crdt.forge import string, update

from adversary.colluders import base_of, editor
from adversary.liar import flip
from adversary.people import Lab, assert_caught, proven
from cryptpad_relay.protocol.frames import Frame, Op
from cryptpad_tui.pad.alarms import AlarmCode
from cryptpad_tui.pad.proofs import NotAProof


async def test_a_secret_on_a_tape_is_noticed(lab: Lab) -> None:
    anna = await lab.client("Anna", 1)
    await anna.write("confidential words ")
    lab.check_always()
    anna.seat.tape.append(b"... confidential ...")
    with pytest.raises(AssertionError, match="secret"):
        lab.check_always()
    anna.seat.tape.clear()
    anna.seat.heard.append(b"\x08" + anna.replica.keys.read_key)
    with pytest.raises(AssertionError, match="secret"):
        lab.check_always()
    anna.seat.heard.pop()


async def test_an_entry_that_nobody_handed_in_is_noticed(lab: Lab) -> None:
    anna = await lab.client("Anna", 1)
    mallory = editor(lab)
    raws = (
        mallory.hello(base_of(lab)),
        mallory.update(base_of(lab), update(mallory.client_id, 0, string("x"))),
    )
    lab.relay.grow(lab.world, *raws)
    await lab.settle()
    with pytest.raises(AssertionError, match="what nobody wrote"):
        lab.check_always()
    lab.by_editors |= anna.applied


async def test_a_proof_that_was_touched_is_none(lab: Lab) -> None:
    anna = await lab.client("Anna", 1)
    await anna.write("Opening ")
    before = anna.state()
    anna.seat.show(Frame(Op.SIGNED, 0, lab.world.signed(head=b"\7" * 32)))
    await lab.settle()
    assert_caught(anna, AlarmCode.EQUIVOCATION_RELAY, before)
    honest = anna.proof
    for at in range(60, len(honest) - 60, 97):
        anna.proof = flip(honest, at)
        with pytest.raises(NotAProof):
            proven(anna)
