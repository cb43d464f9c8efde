"""Proof files: each alarm that really happened is judged by a third party, who has nothing but the file."""

from __future__ import annotations

import base64
import functools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pad import proof_cases
from pad.proof_cases import CASES, attach, branch, caught_by, elsewhere, people, second_entry, signed_head

from cryptpad_relay.protocol import chain
from cryptpad_relay.protocol.entry import parse_entry
from cryptpad_relay.protocol.labels import public_key
from cryptpad_tui.pad import evidence, flows, proofs, witness
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.evidence import Piece, PieceKind, Walk, entry_piece, head_piece, walk_down
from cryptpad_tui.pad.peers import NO_CURSOR
from cryptpad_tui.pad.presence import Presence
from cryptpad_tui.pad.proofs import MAX_FILE_BYTES, MAX_PIECES, NotAProof, check_proof, make_proof
from cryptpad_tui.pad.proofs_judge import Against, ProofReport
from cryptpad_tui.pad.witness import Witness
from cryptpad_tui.pad.writer import Base
from support.pads import RELAY_SEED, Person

steady = settings(deadline=None, derandomize=True)
RELAY_PK = public_key(RELAY_SEED)


@functools.cache
def file_of(name: str) -> bytes:
    return CASES[name].tell().proof


def body_of(raw: bytes) -> bytes:
    """What the armour holds, without its checksum."""
    lines = raw.split(b"\n")
    return base64.b64decode(b"".join(lines[1:-2]))[:-16]


def judged(code: AlarmCode, pieces: list[Piece], person: Person, relay_pk: bytes = RELAY_PK) -> ProofReport:
    genesis = person.replica.genesis
    return check_proof(
        make_proof(
            code, pad_id=genesis.pad_id, relay_pk=relay_pk, pieces=pieces, at_ms=5, genesis=genesis.raw
        )
    )


def convicting(report: ProofReport) -> set[str]:
    return {words for words in report.proven if words.startswith(("the relay signed", "writer "))}


@pytest.mark.parametrize("name", CASES)
def test_each_alarm_that_happened_is_judged_from_its_file_alone(name: str) -> None:
    case = CASES[name]
    found = case.tell()
    report = check_proof(found.proof)
    assert (found.code, report.code) == (case.code, case.code)
    assert (str(report.against), found.lasting) == (case.against, case.lasting)
    assert report.reported
    assert report.contradiction == (name in ("equivocation_relay", "fork"))


def test_every_alarm_code_has_a_case() -> None:
    assert {case.code for case in CASES.values()} == set(AlarmCode)


@pytest.mark.parametrize("name", CASES)
def test_one_altered_byte_makes_the_check_fail(name: str) -> None:
    raw = file_of(name)
    draw = random.Random(3)
    for i in draw.sample(range(len(raw)), 40):
        for flip in (1, 0x20):
            with pytest.raises(NotAProof):
                check_proof(raw[:i] + bytes([raw[i] ^ flip]) + raw[i + 1 :])


@pytest.mark.parametrize("name", ["equivocation_relay", "fork", "fork_by_entry", "equivocation_writer"])
def test_an_altered_byte_proves_nothing_new_also_when_the_checksum_is_made_again(name: str) -> None:
    """So it is the signatures that carry the proof, not the checksum."""
    body = body_of(file_of(name))
    before = convicting(check_proof(file_of(name)))
    refused = 0
    for i in range(0, len(body), 3):
        try:
            report = check_proof(proofs.armour(body[:i] + bytes([body[i] ^ 1]) + body[i + 1 :]))
        except NotAProof:
            refused += 1
        else:
            assert convicting(report) <= before, i
    assert refused > len(body) / 10


# -- what convicts, with each rule and without it


def test_without_the_challenges_order_a_rollback_is_only_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The relay's clock is no proof of order (T36); a challenge that is a hash of the earlier head is."""
    monkeypatch.setattr(witness, "after_challenge", lambda nonce, earlier: nonce)
    assert check_proof(proof_cases.rollback().proof).against is Against.NOBODY


def test_without_asking_the_relay_a_fork_is_only_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    """T10: what BRIDGE answers ties the other history to its signature."""
    monkeypatch.setattr(proof_cases, "questioned", lambda replica, signed, flow: flow)
    found = proof_cases.fork()
    assert found.code is AlarmCode.CHAIN_GAP
    assert not found.lasting


def test_a_relay_that_does_not_explain_itself_is_caught_and_only_reported() -> None:
    """And tried again: without two contradicting signatures a fork may be a passing fault."""
    _anna, boris, relay = people()
    forked = elsewhere(relay, 1, 4)

    def refuse(body: bytes) -> bytes:
        from cryptpad_relay.protocol.errors import Code, Refused

        raise Refused(Code.NOT_FOUND)

    forked.on_bridge = refuse  # type: ignore[method-assign]
    found = caught_by(boris, lambda: attach(boris, forked))
    assert not found.lasting
    assert check_proof(found.proof).against is Against.NOBODY


def test_a_bridge_that_leads_elsewhere_convicts_nobody() -> None:
    _anna, boris, relay = people()
    forked = elsewhere(relay, 1, 4)
    answer = forked.on_bridge
    forked.on_bridge = lambda body: answer(body)[:-1] + b"\0"  # type: ignore[method-assign]
    found = caught_by(boris, lambda: attach(boris, forked))
    assert check_proof(found.proof).against is Against.NOBODY


def test_an_older_number_signed_again_is_its_writers_doing_too(monkeypatch: pytest.MonkeyPatch) -> None:
    found = proof_cases.equivocation_writer(seq=1)
    assert found.code is AlarmCode.EQUIVOCATION_WRITER
    assert check_proof(found.proof).against is Against.WRITER
    monkeypatch.setattr("cryptpad_tui.pad.replica.sharpened", lambda alarm, *_: alarm)
    assert proof_cases.equivocation_writer(seq=1).code is AlarmCode.CHAIN_GAP


def test_a_signed_head_outlives_the_session_and_is_held_against_the_relay() -> None:
    """Without the store's copy, a relay could contradict itself over a restart."""
    for kept in (True, False):
        _anna, boris, relay = people()
        stored = boris.store.signed_head()
        assert stored == head_piece(boris.replica.witness.confirmed).content  # type: ignore[arg-type]
        boris.replica.witness = Witness(relay.pad_id, stored if kept else None)
        relay.heads[-1] = b"\7" * 32
        found = caught_by(boris, lambda relay=relay, boris=boris: attach(boris, relay))  # type: ignore[misc]
        assert found.code is (AlarmCode.EQUIVOCATION_RELAY if kept else AlarmCode.FORK)


# -- what must convict nobody (R8, R9, R11)


def test_an_honest_relay_is_not_convicted_by_an_editor_who_saw_another_log() -> None:
    """R11: an entry with a wrong base proves something only inside a log that the relay signed."""
    anna, boris, relay = people()
    writer = anna.replica.writer
    assert writer
    lie = writer.update(Base(2, b"\3" * 32), (b"\0\0",))
    heads = [head_piece(signed_head(relay, n)) for n in (2, 3)]
    way = walk_down(3, [2, 1], lambda n: relay.heads[n], lambda n: relay.ids[n - 1])
    assert way
    pieces = [*heads, Piece(PieceKind.WALK, way.encode()), entry_piece(lie.raw)]
    report = judged(AlarmCode.FORK, pieces, boris)
    assert report.against is Against.NOBODY


def test_a_spoiled_signature_convicts_nobody_since_an_id_leaves_it_out() -> None:
    _anna, boris, relay = people()
    spoiled = relay.entries[2][:-1] + bytes([relay.entries[2][-1] ^ 1])
    way = walk_down(3, [3, 2], lambda n: relay.heads[n], lambda n: relay.ids[n - 1])
    assert way
    pieces = [head_piece(signed_head(relay)), Piece(PieceKind.WALK, way.encode()), entry_piece(spoiled)]
    assert judged(AlarmCode.BAD_ENTRY, pieces, boris).against is Against.NOBODY


def test_an_honest_log_whole_in_a_file_convicts_nobody() -> None:
    anna, boris, relay = people(9)
    boris.sync(relay)
    for person in (boris, anna):
        person.fetch(relay)
        person.type("and more ")
        person.sync(relay)
    n = len(relay.entries)
    heads = [signed_head(relay, i) for i in range(1, n + 1)]
    walks = [
        walk_down(i, [*range(i, -1, -1)], lambda j: relay.heads[j], lambda j: relay.ids[j - 1])
        for i in (n, 5)
    ]
    pieces = [*[head_piece(head) for head in heads], *[entry_piece(raw) for raw in relay.entries]]
    pieces += [Piece(PieceKind.WALK, walk.encode()) for walk in walks if walk]
    assert judged(AlarmCode.FORK, pieces, boris).against is Against.NOBODY
    with pytest.raises(NotAProof):
        judged(AlarmCode.EQUIVOCATION_WRITER, pieces, boris)
    with pytest.raises(NotAProof):
        judged(AlarmCode.EQUIVOCATION_RELAY, pieces, boris)


def test_presence_frames_are_no_proof_against_a_writer() -> None:
    """R8: their counter is not the log's, and two of one number are no crime."""
    anna, _boris, _relay = people()
    replica = anna.replica
    presence = [
        Presence(
            replica.pad_id,
            replica.fold.mark,
            replica.keys,
            anna.identity,
            replica.writer,
            name=name,
            rng=anna.rng,
        )
        for name in ("one", "two")
    ]
    frames = [p.tick(1.0, replica.base(), (NO_CURSOR, NO_CURSOR), False) for p in presence]
    sent = [frame for frame in frames if frame]
    assert len(sent) == 2
    with pytest.raises(NotAProof):
        judged(AlarmCode.EQUIVOCATION_WRITER, [entry_piece(frame) for frame in sent], anna)


def test_signatures_by_another_key_and_of_another_pad_are_refused() -> None:
    _anna, boris, relay = people()
    other = bytes(32)
    one, two = (chain.sign_head(other, relay.pad_id, 5, bytes([i]) * 32, 7, bytes(16)) for i in (1, 2))
    with pytest.raises(NotAProof):
        judged(AlarmCode.EQUIVOCATION_RELAY, [head_piece(one), head_piece(two)], boris)
    foreign = [chain.sign_head(RELAY_SEED, bytes(32), 5, bytes([i]) * 32, 7, bytes(16)) for i in (1, 2)]
    with pytest.raises(NotAProof):
        judged(AlarmCode.EQUIVOCATION_RELAY, [head_piece(head) for head in foreign], boris)


def test_two_heads_of_one_history_are_no_contradiction() -> None:
    _anna, boris, relay = people()
    heads = [head_piece(signed_head(relay, n, bytes([n]) * 16)) for n in (2, 3, 3)]
    with pytest.raises(NotAProof):
        judged(AlarmCode.EQUIVOCATION_RELAY, heads, boris)


def test_a_shorter_head_that_is_older_is_no_rollback() -> None:
    """An honest relay's log grows: a file that turns the order round proves nothing."""
    _anna, boris, relay = people()
    nonce = bytes(range(16))
    earlier = signed_head(relay, 2)
    later = signed_head(relay, 3, evidence.after_challenge(nonce, head_piece(earlier).content))
    pieces = [head_piece(later), head_piece(earlier), Piece(PieceKind.AFTER, nonce)]
    assert judged(AlarmCode.ROLLBACK, pieces, boris).against is Against.NOBODY


def test_steps_from_a_head_that_nobody_signed_are_refused() -> None:
    _anna, boris, relay = people()
    way = walk_down(3, [1], lambda n: relay.heads[n], lambda n: relay.ids[n - 1])
    assert way
    with pytest.raises(NotAProof):
        judged(
            AlarmCode.FORK, [head_piece(signed_head(relay, 2)), Piece(PieceKind.WALK, way.encode())], boris
        )


def test_one_writers_entries_of_two_numbers_are_no_equivocation() -> None:
    boris, relay, second = second_entry(3)
    with pytest.raises(NotAProof):
        judged(AlarmCode.EQUIVOCATION_WRITER, [entry_piece(raw) for raw in relay.entries], boris)
    unsigned = second[:-1] + bytes([second[-1] ^ 1])
    pieces = [entry_piece(relay.entries[3]), entry_piece(unsigned)]
    assert parse_entry(unsigned).seq == parse_entry(relay.entries[3]).seq
    with pytest.raises(NotAProof):
        judged(AlarmCode.EQUIVOCATION_WRITER, pieces, boris)
    assert judged(AlarmCode.EQUIVOCATION_WRITER, [pieces[0], entry_piece(second)], boris)


# -- off-log proofs never change the fold (R9)


def test_making_and_judging_a_proof_changes_neither_fold_nor_store() -> None:
    _anna, boris, relay = people()
    fold, rows = boris.replica.fold, list(boris.store.log)
    before = fold.n, fold.head, dict(fold.skips), boris.canonical(), dict(fold.writers)
    caught_by(boris, lambda: attach(boris, branch(relay, 3, relay.entries[1])))
    assert (fold.n, fold.head, dict(fold.skips), boris.canonical(), dict(fold.writers)) == before
    assert boris.store.log == rows
    attach(boris, relay)


def test_a_pins_fork_names_the_pin() -> None:
    _anna, boris, relay = people()
    newcomer = Person("Nora", 8)
    pin = flows.Pin(2, b"\1" * 16)
    found = caught_by(newcomer, lambda: attach(newcomer, relay, pin))
    assert found.code is AlarmCode.FORK
    assert any("what the link promised: 2 entries" in words for words in check_proof(found.proof).reported)
    assert not found.lasting
    assert boris.canonical() == newcomer.canonical()


# -- hostile files


@steady
@given(st.binary(max_size=600))
def test_any_bytes_are_refused_in_words(raw: bytes) -> None:
    for file in (raw, proofs.armour(raw), proofs.armour(b"PADPROOF\1" + raw)):
        with pytest.raises(NotAProof) as refused:
            check_proof(file)
        assert refused.value.reason


@settings(deadline=None, derandomize=True, max_examples=150)
@given(st.sampled_from(sorted(CASES)), st.data())
def test_no_mutant_proves_anything_new(name: str, data: st.DataObject) -> None:
    """Cut, doubled, exchanged or overwritten, with a good checksum."""
    body = body_of(file_of(name))
    start = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(start, min(len(body), start + 200)))
    middle = data.draw(st.sampled_from([b"", body[start:end] * 2, body[: end - start], bytes(end - start)]))
    try:
        report = check_proof(proofs.armour(body[:start] + middle + body[end:]))
    except NotAProof:
        return
    assert convicting(report) <= convicting(check_proof(file_of(name)))


def test_lengths_are_checked_before_they_are_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    _anna, boris, _relay = people()
    piece = Piece(PieceKind.SHOWN, bytes(evidence.MAX_SHOWN_BYTES))
    made = make_proof(
        AlarmCode.FORK,
        pad_id=bytes(32),
        relay_pk=b"",
        pieces=[piece, Piece(PieceKind.KEY, bytes(33))],
        at_ms=1,
    )
    assert check_proof(made).code is AlarmCode.FORK
    many = [Piece(PieceKind.SHOWN, bytes([i])) for i in range(MAX_PIECES + 9)]
    assert judged(AlarmCode.FORK, many, boris)
    with pytest.raises(NotAProof):
        check_proof(b"-----BEGIN" + bytes(MAX_FILE_BYTES))
    monkeypatch.setattr(proofs, "MAX_PIECES", MAX_PIECES + 9)
    longer = make_proof(AlarmCode.FORK, pad_id=bytes(32), relay_pk=b"", pieces=many, at_ms=1)
    monkeypatch.undo()
    with pytest.raises(NotAProof):
        check_proof(longer)


def test_a_file_is_spelled_in_one_way_but_for_its_line_ends() -> None:
    raw = file_of("equivocation_relay")
    assert check_proof(raw.replace(b"\n", b"\r\n")) == check_proof(raw) == check_proof(raw.rstrip(b"\n"))
    for other in (raw + b"\n", b" " + raw, raw.replace(b"\n", b"\n\n", 2), raw[40:]):
        with pytest.raises(NotAProof):
            check_proof(other)


def test_a_walk_reads_back_and_refuses_steps_out_of_the_way() -> None:
    _anna, _boris, relay = people(6)
    n = len(relay.entries)
    way = walk_down(n, [5, 2], lambda i: relay.heads[i], lambda i: relay.ids[i - 1])
    assert way
    assert Walk.decode(way.encode()) == way
    heads, ids = way.follow()
    assert all(relay.heads[i] == head for i, head in heads.items())
    assert ids[5] == relay.ids[4]
    assert 2 in heads
    assert (
        walk_down(n, [5, 2], lambda i: relay.heads[i] if i != 4 else None, lambda i: relay.ids[i - 1]) is None
    )


def test_a_proof_holds_no_text_and_no_key() -> None:
    anna, boris, _relay = people()
    for name in CASES:
        body = body_of(file_of(name))
        for secret in (b"word0", b"Anna", anna.replica.keys.view_seed, anna.replica.keys.read_key):
            assert secret not in body
    assert boris.text() == "word0 word1 "


def test_a_witness_holds_heads_until_they_can_be_compared() -> None:
    _anna, boris, relay = people()
    held = boris.replica.witness
    fold = boris.replica.fold
    for n in range(4, 4 + witness.MAX_WAITING + 8):
        held.take(chain.sign_head(RELAY_SEED, relay.pad_id, n, bytes(32), 1, bytes(16)), fold.n, fold.head_of)
    assert len(held.waiting) == witness.MAX_WAITING
    last = max(held.waiting)
    with pytest.raises(Alarm) as raised:
        held.take(
            chain.sign_head(RELAY_SEED, relay.pad_id, last, b"\1" * 32, 1, bytes(16)), fold.n, fold.head_of
        )
    assert raised.value.code is AlarmCode.EQUIVOCATION_RELAY
