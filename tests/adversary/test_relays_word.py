"""What the relay says and signs: heads, acknowledgements, its key, its clock, and that a pad is gone."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from adversary.liar import answering, refusing
from adversary.people import Lab, assert_caught
from adversary.sabotage import Patch, any_head, both, no_witness, yes
from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.errors import Code
from cryptpad_relay.protocol.frames import Frame, Op
from cryptpad_relay.protocol.labels import public_key
from cryptpad_tui.engine.relay_loop import RelayLoop
from cryptpad_tui.pad import flows
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.proofs_judge import Against


@both
async def test_t12_the_relay_signs_another_head_for_one_position(
    lab: Lab, monkeypatch: Patch, defended: bool
) -> None:
    anna = await lab.client("Anna", 1)
    await anna.write("Opening ")
    before = anna.state()
    if not defended:
        no_witness(monkeypatch)
    seat = anna.seat
    seat.show(Frame(Op.SIGNED, 0, lab.world.signed(head=b"\7" * 32)))
    await lab.settle()
    if defended:
        report = assert_caught(anna, AlarmCode.EQUIVOCATION_RELAY, before)
        assert report.against is Against.RELAY
        assert report.contradiction
        await anna.write("held back ")
        assert anna.state().n == before.n
    else:
        assert anna.alarm is None


@both
@pytest.mark.parametrize("lie", ["more than there is", "a head that is not there", "another pad's signature"])
async def test_t13_a_lie_in_the_signed_head_of_the_answer_to_sub(
    lab: Lab, monkeypatch: Patch, lie: str, defended: bool
) -> None:
    anna = await lab.client("Anna", 1)
    await anna.write("Opening ")
    before = anna.state()
    if lie == "another pad's signature":
        code = AlarmCode.WRONG_RELAY
        if not defended:
            monkeypatch.setattr("cryptpad_relay.protocol.chain.SignedHead.verify", yes)
        lab.lies_for["Anna"].append(answering(Op.SUB, lambda body: body[:48] + bytes(64) + body[112:]))
    else:
        more = lie == "more than there is"
        n, head = (before.n + 5 if more else before.n), b"\7" * 32
        code = AlarmCode.CHAIN_GAP if more else AlarmCode.EQUIVOCATION_RELAY
        lab.world.on_sub = lying_sub(lab, n, head)  # type: ignore[method-assign]
        if not defended:
            any_head(monkeypatch)
            monkeypatch.setattr(flows, "catch_up", catch_up_what_there_is)
    await anna.connect()
    if defended:
        assert_caught(anna, code, before)
    else:
        assert anna.alarm is None


def catch_up_what_there_is(held: Any, n: int, head: bytes) -> Any:
    return (yield from flows.fetch_once(held, 1_000))


def lying_sub(lab: Lab, n: int, head: bytes) -> Any:
    def on_sub(body: bytes) -> bytes:
        challenge = frames.Sub.decode(body).challenge
        signed = frames.decode_signed_head(lab.world.signed(n, head, challenge))
        return frames.Subscribed(n, head, signed.unix_ms, signed.signature, 0, 0, bytes(16)).encode()

    return on_sub


@both
def test_t13_another_relay_than_the_pinned_one(monkeypatch: Patch, defended: bool) -> None:
    pinned, other = public_key(bytes(32)), public_key(b"\1" * 32)
    told: list[object] = []
    session = SimpleNamespace(
        problem="",
        record=SimpleNamespace(relay_pk=pinned, relay_url="wss://relay"),
        replica=SimpleNamespace(
            genesis=SimpleNamespace(relay_id=bytes(32)),
            fold=SimpleNamespace(owner=SimpleNamespace(home=None)),
        ),
        update_record=lambda **fields: told.append(fields),
    )
    connection = SimpleNamespace(greeting=SimpleNamespace(relay_pk=other))
    if not defended:
        session.record.relay_pk = b""
    loop: Any = SimpleNamespace(_engine=SimpleNamespace(public_url=lambda url: url), url="wss://relay")
    if defended:
        with pytest.raises(Alarm) as caught:
            RelayLoop._check_relay(loop, session, connection)  # type: ignore[arg-type]
        assert caught.value.code is AlarmCode.WRONG_RELAY
        assert told == []
    else:
        RelayLoop._check_relay(loop, session, connection)  # type: ignore[arg-type]
        assert told


async def test_t25_acknowledged_and_never_shown_is_not_synced(lab: Lab) -> None:
    """The same bytes stay here and go again; only the log empties the outbox."""
    anna = await lab.client("Anna", 1)
    honest, silent = lab.world, lab.world.fork()
    lab.relay.mute.add("Anna")
    await anna.connect(silent)
    await anna.write("acknowledged only ")
    sealed = [row.entry for row in anna.person.store.outbox()]
    assert len(sealed) == 2
    await anna.connect(honest)
    assert [row.entry for row in anna.person.store.outbox()] == sealed
    lab.relay.mute.clear()
    await anna.send()
    assert honest.entries == sealed
    assert anna.person.store.outbox() == []
    assert anna.state().canonical == "acknowledged only "


@both
async def test_t25_without_the_rule_that_only_the_log_empties_the_outbox(
    lab: Lab, monkeypatch: Patch, defended: bool
) -> None:
    anna = await lab.client("Anna", 1)
    if not defended:
        forgetful(monkeypatch)
    honest, silent = lab.world, lab.world.fork()
    lab.relay.mute.add("Anna")
    await anna.connect(silent)
    await anna.write("acknowledged only ")
    lab.relay.mute.clear()
    await anna.connect(honest)
    await anna.send()
    assert bool(honest.entries) == defended


def forgetful(monkeypatch: Patch) -> None:
    honest = flows.send

    def send(held: Any, rows: Any) -> Any:
        sent = yield from honest(held, rows)
        held.store.outbox_rows.clear()
        return sent

    monkeypatch.setattr(flows, "send", send)


async def test_t25_broadcast_and_never_acknowledged_is_sent_once(lab: Lab) -> None:
    """The answer is lost with the connection; the log already says that the entry is there."""
    anna, boris = await lab.client("Anna", 1), await lab.client("Boris", 2)
    lab.lies_for["Anna"].append(
        answering(Op.APPEND, lambda body: frames.Appended((), Code.RETRY, 100).encode())
    )
    await anna.write("shown, and denied ")
    lab.now += 1
    await anna.send()
    assert len(lab.world.entries) == 2
    assert boris.state().canonical == anna.state().canonical == "shown, and denied "
    assert anna.person.store.outbox() == []


@pytest.mark.parametrize("count", [0, 3])
async def test_t25_an_acknowledgement_of_what_was_not_sent(lab: Lab, count: int) -> None:
    anna = await lab.client("Anna", 1)
    lab.relay.mute.add("Anna")
    places = tuple([frames.PadHead(i, bytes(32)) for i in range(count)])
    lab.lies_for["Anna"].append(answering(Op.APPEND, lambda body: frames.Appended(places).encode()))
    before = anna.state()
    await anna.write("x")
    assert_caught(anna, AlarmCode.BAD_ENTRY, replace(before, shown="x"))
    assert len(anna.person.store.outbox()) == 2


@both
@pytest.mark.parametrize("years", [-10, 10])
async def test_t36_the_relays_clock_decides_nothing(
    lab: Lab, monkeypatch: Patch, years: int, defended: bool
) -> None:
    """A client that went by the relay's clock would refuse an honest log; this one does not look at it."""
    if not defended:
        monkeypatch.setattr(flows, "subscribe", clockwatching(flows.subscribe))
    lab.world.unix_ms = 1_800_000_000_000 + years * 31_557_600_000
    anna, boris = await lab.client("Anna", 1), await lab.client("Boris", 2)
    await anna.write("as always ")
    await boris.write("here too ")
    seat = boris.seat
    seat.show(Frame(Op.SIGNED, 0, lab.world.signed()))
    await lab.settle()
    calm = anna.alarm is None and anna.state().canonical == boris.state().canonical == "as always here too "
    assert calm == defended


def clockwatching(honest: Any) -> Any:
    def subscribe(*args: Any, **named: Any) -> Any:
        connected = yield from honest(*args, **named)
        if abs(connected.signed.unix_ms - 1_800_000_000_000) > 86_400_000:
            raise Alarm(AlarmCode.WRONG_RELAY, "its clock is wrong")
        return connected

    return subscribe


@both
@pytest.mark.parametrize("code", [Code.UNKNOWN_PAD, Code.DELETED])
async def test_t27_a_pad_said_to_be_gone_without_the_owners_signature(
    lab: Lab, monkeypatch: Patch, code: Code, defended: bool
) -> None:
    anna = await lab.client("Anna", 1)
    await anna.write("kept here ")
    before = anna.state()
    lab.lies_for["Anna"].append(refusing(Op.SUB, code))
    if not defended:
        monkeypatch.setattr("cryptpad_tui.pad.flows_arrive.GONE", frozenset())
    await anna.connect()
    if defended:
        assert_caught(anna, AlarmCode.UNSIGNED_DELETE, before)
        assert anna.person.store.log
    else:
        assert anna.alarm is None
