"""What others say, each rule broken alone: proofs, signed heads, peers (docs/protocol.md §7, §8)."""

from __future__ import annotations

import pytest

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.chain import Step, chain_start, follow_proof, next_head, sign_head
from cryptpad_relay.protocol.labels import public_key
from cryptpad_tui.pad import flows_epoch
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.freshness import Freshness, FreshnessWatch
from cryptpad_tui.pad.peers import Session
from cryptpad_tui.pad.witness import Witness
from support.pads import RELAY_SEED, Person, relay_for

PAD_ID, ID = bytes(32), b"\5" * 32
HEAD, OTHER = b"\1" * 32, b"\2" * 32


def test_a_proof_has_exactly_its_steps() -> None:
    zero = chain_start(PAD_ID)
    one = next_head(zero, zero, 1, ID)
    two = next_head(one, zero, 2, ID)
    three = next_head(two, two, 3, ID)
    steps = [Step(two, two, ID), Step(one, zero, ID), Step(zero, zero, ID)]
    assert follow_proof(3, three, 0, [steps[0], steps[1]]) == {3: three, 2: two, 1: one, 0: zero}
    assert follow_proof(3, three, 2, steps[:1]) == {3: three, 2: two}
    for wrong in ([], steps[:1], steps):
        assert follow_proof(3, three, 0, wrong) is None
    assert follow_proof(3, three, 3, []) == {3: three}
    assert follow_proof(3, three, 4, []) is None


def test_a_proof_names_one_head_for_each_position() -> None:
    """A relay may make a chain whose two links lead to two histories."""
    split = next_head(HEAD, OTHER, 3, ID)
    assert follow_proof(3, split, 2, [Step(HEAD, OTHER, ID)]) is None
    assert follow_proof(3, next_head(HEAD, HEAD, 3, ID), 2, [Step(HEAD, HEAD, ID)]) is not None


def test_an_end_that_the_relay_did_not_sign_is_none() -> None:
    anna = Person("Anna", 1)
    relay = relay_for(anna)
    challenge = anna.replica.witness.challenge(lambda size: bytes(size))
    head = anna.replica.fold.head
    signed = sign_head(RELAY_SEED, anna.replica.pad_id, 0, head, 0, challenge)
    for signature, right in ((signed.signature, True), (bytes(64), False)):
        flow = flows_epoch.settle(anna.replica, relay.greeting, rng=lambda size: bytes(size))
        next(flow)
        answer = frames.SthReply(0, head, 0, signature).encode()
        if right:
            with pytest.raises(StopIteration):
                flow.send(answer)
        else:
            with pytest.raises(Alarm) as caught:
                flow.send(answer)
            assert caught.value.code is AlarmCode.WRONG_RELAY


def test_what_the_relay_signed_must_be_what_is_folded_there() -> None:
    witness = Witness(PAD_ID)
    witness.take(sign_head(RELAY_SEED, PAD_ID, 5, HEAD, 0, bytes(16)), 3, lambda n: None)
    witness.folded_to(4, lambda n: OTHER)
    with pytest.raises(Alarm) as caught:
        witness.folded_to(5, lambda n: OTHER)
    assert caught.value.code is AlarmCode.FORK
    again = Witness(PAD_ID)
    again.take(sign_head(RELAY_SEED, PAD_ID, 5, HEAD, 0, bytes(16)), 5, lambda n: HEAD)
    assert again.confirmed is not None
    assert again.confirmed.verify(public_key(RELAY_SEED))


def peer(**changes: object) -> Session:
    """An editor who proved an identity, echoed at 100 s, and saw what is here."""
    session = Session(b"\3" * 32, False, 1, 100.0, n=5, head=HEAD, ident_pk=b"\4" * 32, confirmed_at=100.0)
    for name, value in changes.items():
        setattr(session, name, value)
    return session


def heard(session: Session, now: float = 100.0, head_there: bytes | None = HEAD) -> FreshnessWatch:
    watch = FreshnessWatch()
    watch.heard(session, 6, HEAD, head_there, now)
    return watch


def test_who_confirms_is_an_editor_who_is_here_and_saw_this_history() -> None:
    assert heard(peer()).state(online=True, now=100.0).freshness is Freshness.CONFIRMED
    unheard = {
        "a viewer": peer(viewer=True),
        "an identity that nobody proved": peer(ident_pk=b""),
        "somebody of yesterday": peer(confirmed_at=None),
        "an echo of before": peer(confirmed_at=99.0),
    }
    for name, session in unheard.items():
        assert heard(session).state(online=True, now=100.0).freshness is Freshness.RELAY_ONLY, name
    assert heard(peer(), head_there=None).state(online=True, now=100.0).freshness is Freshness.RELAY_ONLY


@pytest.mark.parametrize("changes", [{"head": OTHER}, {"n": 7}], ids=["another history", "more of it"])
def test_who_says_otherwise_is_an_editor_who_is_here(changes: dict[str, object]) -> None:
    assert heard(peer(**changes)).state(online=True, now=131.0).freshness is Freshness.STALE
    for why in ({"viewer": True}, {"ident_pk": b""}, {"confirmed_at": None}):
        state = heard(peer(**changes, **why)).state(online=True, now=131.0)
        assert state.freshness is Freshness.RELAY_ONLY, why


def test_a_confirmation_grows_old() -> None:
    watch = heard(peer())
    assert watch.state(online=True, now=699.0).freshness is Freshness.CONFIRMED
    assert watch.state(online=True, now=701.0).freshness is Freshness.RELAY_ONLY
    assert watch.state(online=False, now=100.0).freshness is Freshness.STALE
