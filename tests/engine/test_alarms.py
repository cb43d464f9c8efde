"""An alarm's life: retried and past when the relay behaves, or lasting until a person says go on."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from cryptpad_relay.data_dir import load_keys
from cryptpad_relay.protocol import chain
from cryptpad_relay.protocol.frames import Op, join_frame, split_frame
from cryptpad_tui.crdt.errors import UnfitValue
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.engine import NoAlarm, PadSession, SyncWord, relay_loop
from cryptpad_tui.engine.relay_loop import RelayLoop
from cryptpad_tui.pad.alarms import ADVICE, SAFE, SENTENCES, Alarm, AlarmCode
from cryptpad_tui.pad.evidence import head_piece
from cryptpad_tui.pad.proofs import check_proof
from cryptpad_tui.pad.proofs_judge import Against
from cryptpad_tui.sync.pad_link import PadLink
from cryptpad_tui.vault.records import AlarmState
from support.relay import RelayProcess
from support.sessions import MakeEngine, append, until


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_loop, "ALARM_RETRY_S", 0.05)
    monkeypatch.setattr(relay_loop, "ALARM_POLL_S", 0.02)


def lying(monkeypatch: pytest.MonkeyPatch, *alarms: Alarm) -> list[PadLink]:
    """Attaching ends in each alarm once, and then works; returns the attempts."""
    attach, left, tried = PadLink.attach, list(alarms), list[PadLink]()

    async def sometimes(link: PadLink) -> None:
        if link._replica.fold.kind is not PadKind.DRIVE:
            tried.append(link)
            if left:
                raise left.pop(0)
        await attach(link)

    monkeypatch.setattr(PadLink, "attach", sometimes)
    return tried


def contradiction(session: PadSession, relay: RelayProcess) -> Alarm:
    """Two heads of one position, signed by the relay of this test."""
    keys = load_keys(relay.data)
    session.update_record(relay=(relay.url, keys.public))
    heads = [chain.sign_head(keys.seed, session.pad_id, 5, bytes([i]) * 32, 7, bytes(16)) for i in (1, 2)]
    return Alarm(AlarmCode.EQUIVOCATION_RELAY, "test", evidence=[head_piece(head) for head in heads])


async def test_what_was_caught_is_past_once_the_log_checks_out_again(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch, quick: None
) -> None:
    anna = make_engine("Anna", relay_url=relay.url)
    pad_id = anna.create_pad("Pad", text="one\n").pad_id
    session = anna.open_pad(pad_id)
    tried = lying(monkeypatch, *[Alarm(AlarmCode.CHAIN_GAP, "", evidence=(bytes([i]),)) for i in range(2)])
    await anna.start()
    await until(lambda: session.alarm is not None)
    assert anna.listing_of(pad_id).sync is SyncWord.ALARM
    assert anna.listing_of(pad_id).alarms == ("CHAIN_GAP",)
    append(session, "still mine\n")
    await until(lambda: session.attached_here and not session.waiting)
    assert session.alarm is None
    assert len(tried) == 3
    (view,) = anna.alarms_of(pad_id)
    assert (view.code, view.state, view.lasting) == ("CHAIN_GAP", "past", False)
    assert (view.sentence, view.safe, view.advice) == (
        SENTENCES[AlarmCode.CHAIN_GAP],
        SAFE[AlarmCode.CHAIN_GAP],
        ADVICE[AlarmCode.CHAIN_GAP],
    )
    listing = anna.listing_of(pad_id)
    assert (listing.alarms, listing.past_alarms) == ((), ("CHAIN_GAP",))
    assert listing.sync is not SyncWord.ALARM


async def test_a_relay_of_another_key_is_tried_again_and_past_when_the_right_one_is_back(
    relay: RelayProcess, make_engine: MakeEngine, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = make_engine("Anna", relay_url=relay.url)
    pad_id = anna.create_pad("Pad", text="one\n").pad_id
    assert not (await anna.sync([pad_id])).alarms
    check, wrong = RelayLoop._check_relay, [True]

    def other_key(loop: RelayLoop, session: PadSession, connection: object) -> None:
        record = session.record
        if wrong[0]:
            session.record = replace(record, relay_pk=b"\1" * 32)
        try:
            check(loop, session, connection)  # type: ignore[arg-type]
        finally:
            session.record = record

    monkeypatch.setattr(RelayLoop, "_check_relay", other_key)
    await anna.close()
    anna = make_engine("Anna")
    report = await anna.sync([pad_id])
    assert [alarm.code for alarm in report.alarms] == ["WRONG_RELAY"]
    proof = check_proof(anna.proof_of(pad_id))
    assert proof.against is Against.NOBODY
    assert any("the key that answered" in words for words in proof.reported)
    await anna.close()
    anna = make_engine("Anna")
    assert anna.open_pad(pad_id).alarm is not None
    wrong[0] = False
    assert not (await anna.sync([pad_id])).alarms
    assert [view.state for view in anna.alarms_of(pad_id)] == ["past"]


async def test_a_contradiction_of_signatures_halts_the_pad_over_a_restart_until_a_person_goes_on(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch, quick: None
) -> None:
    """T12."""
    anna = make_engine("Anna", relay_url=relay.url)
    pad_id = anna.create_pad("Pad", text="one\n").pad_id
    session = anna.open_pad(pad_id)
    tried = lying(monkeypatch)
    session.raise_alarm(contradiction(session, relay))
    assert session.halted
    proof = check_proof(anna.proof_of(pad_id))
    assert (proof.against, proof.contradiction) == (Against.RELAY, True)
    await anna.close()

    anna = make_engine("Anna")
    session = anna.open_pad(pad_id)
    assert session.halted
    assert session.status().word is SyncWord.ALARM
    with pytest.raises(UnfitValue):
        append(session, "refused\n")
    report = await anna.sync([pad_id], wait_s=5)
    assert [alarm.code for alarm in report.alarms] == ["EQUIVOCATION_RELAY"]
    assert tried == []

    await anna.start()
    await asyncio.sleep(0.3)
    assert tried == []
    assert session.view.text() == "one\n"
    assert anna.dismiss_alarms(pad_id) == 1
    append(session, "on we go\n")
    await until(lambda: session.attached_here and not session.waiting)
    assert [view.state for view in anna.alarms_of(pad_id)] == ["dismissed"]
    assert anna.dismiss_alarms(pad_id) == 0


async def test_a_pad_that_is_taken_out_leaves_no_open_alarm(
    relay: RelayProcess, make_engine: MakeEngine, quick: None
) -> None:
    anna = make_engine("Anna")
    removed, failed = (anna.create_pad(title, text="one\n").pad_id for title in ("Removed", "Failed"))
    for pad_id in (removed, failed):
        session = anna.open_pad(pad_id)
        session.raise_alarm(Alarm(AlarmCode.CHAIN_GAP, ""))
        session.raise_alarm(contradiction(session, relay))
    anna.remove(removed)
    anna.remove(failed, by_person=False)
    states = [{view.code: view.state for view in anna.alarms_of(pad_id)} for pad_id in (removed, failed)]
    assert states[0] == {"CHAIN_GAP": "past", "EQUIVOCATION_RELAY": "dismissed"}
    assert states[1] == {"CHAIN_GAP": "past", "EQUIVOCATION_RELAY": "open"}, "nobody decided about it"


async def test_without_the_halt_the_pad_would_go_on_talking_to_that_relay(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch, quick: None
) -> None:
    anna = make_engine("Anna", relay_url=relay.url)
    pad_id = anna.create_pad("Pad", text="one\n").pad_id
    session = anna.open_pad(pad_id)
    monkeypatch.setattr("cryptpad_tui.pad.proofs_gather.is_lasting", lambda code, proof: False)
    session.raise_alarm(contradiction(session, relay))
    await anna.start()
    await until(lambda: session.attached_here)
    assert session.alarm is None


async def test_another_window_ends_the_alarm_for_this_one_too(
    relay: RelayProcess, make_engine: MakeEngine, quick: None
) -> None:
    anna, window = make_engine("Anna", relay_url=relay.url), make_engine("Anna")
    pad_id = anna.create_pad("Pad", text="one\n").pad_id
    session = anna.open_pad(pad_id)
    session.raise_alarm(contradiction(session, relay))
    await anna.start()
    window.dismiss_alarms(pad_id)
    await until(lambda: session.attached_here, within_s=20)
    assert not session.view.read_only


async def test_a_pad_that_nobody_was_caught_at_has_no_proof(make_engine: MakeEngine) -> None:
    anna = make_engine("Anna")
    pad_id = anna.create_pad("Pad").pad_id
    assert anna.alarms_of(pad_id) == []
    with pytest.raises(NoAlarm):
        anna.proof_of(pad_id)


async def test_evidence_of_an_earlier_version_is_given_as_a_proof_file_too(make_engine: MakeEngine) -> None:
    anna = make_engine("Anna")
    pad_id = anna.create_pad("Pad").pad_id
    anna.vault.add_alarm(pad_id, "BAD_ENTRY", "sentence", b"00ff\n0102", 5)
    report = check_proof(anna.proof_of(pad_id))
    assert (report.code, report.at_ms) == (AlarmCode.BAD_ENTRY, 5)
    assert any("no entry" in words for words in report.proven)


async def test_a_join_that_was_refused_leaves_its_proof(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, boris = make_engine("Anna", relay_url=relay.url), make_engine("Boris")
    pad_id = anna.create_pad("Pad", text="one\n").pad_id
    link = await anna.make_link(pad_id, view=False)
    monkeypatch.setattr(
        "cryptpad_tui.engine.linking.relay_fingerprint", lambda key: bytes(15) + b"\1", raising=True
    )
    with pytest.raises(Alarm):
        await boris.join(link)
    (view,) = boris.alarms_of(None)
    assert (view.pad_id, view.code, view.state) == (pad_id, "WRONG_RELAY", "past")
    assert check_proof(boris.proof_of(pad_id)).code is AlarmCode.WRONG_RELAY
    assert boris.vault.alarm_codes(AlarmState.OPEN) == {}


async def test_a_relay_that_signs_two_heads_of_one_place_is_caught_at_once(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T12 from the socket to the vault: the key is the relay's own."""
    anna = make_engine("Anna", relay_url=relay.url)
    pad_id = anna.create_pad("Pad", text="one\n").pad_id
    session = anna.open_pad(pad_id)
    await anna.start()
    await until(lambda: session.attached_here and not session.waiting)
    loop = next(iter(anna.relays.loops.values()))
    link = loop._links[pad_id]
    seed = load_keys(relay.data).seed
    fold = session.replica.fold
    forged = chain.sign_head(seed, pad_id, fold.n, b"\7" * 32, 7, bytes(16))
    await until(lambda: session.replica.witness.confirmed is not None)
    await until(lambda: session.replica.witness.confirmed.n == fold.n)  # type: ignore[union-attr]
    link._on_push(split_frame(join_frame(Op.SIGNED, 0, head_piece(forged).content)))
    await until(lambda: session.halted)
    (view,) = anna.alarms_of(pad_id)
    assert (view.code, view.lasting) == ("EQUIVOCATION_RELAY", True)
    assert check_proof(anna.proof_of(pad_id)).against is Against.RELAY
    assert session.view.read_only
