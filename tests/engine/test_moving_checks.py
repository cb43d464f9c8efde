"""What is checked while a pad moves, check by check: each of these fails where its check is not made."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.entry import ChunkRef
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.move_frames import ARRIVES, Arrival
from cryptpad_tui.crypto.links import NO_RELAY
from cryptpad_tui.engine import linking, relocating, whereabouts
from cryptpad_tui.engine.carrying import Carrier
from cryptpad_tui.engine.whereabouts import MAX_HOPS, NoSuchAddress
from cryptpad_tui.pad import flows_move
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.asking import Request
from cryptpad_tui.pad.digests import chunk_id_of
from cryptpad_tui.pad.flows_move import NotMovedThere, OtherLogThere
from cryptpad_tui.pad.moves import Moved
from cryptpad_tui.sync.connection import RelayUnreachable
from support.epochs import Guest, Table
from support.houses import arrive, move, play
from support.relay import RelayProcess
from support.sessions import MakeEngine


@pytest.fixture
def anna() -> Guest:
    anna = Guest(Table(1), "Anna", 1, owner=True)
    anna.write("Anna. ")
    arrive(anna)
    return anna


class Answers:
    """A relay of one answer to each question."""

    def __init__(self, **by_op: bytes) -> None:
        self.greeting = SimpleNamespace(relay_nonce=bytes(32), relay_pk=bytes(32))
        self._by_op, self.asked = by_op, list[tuple[Op, bytes]]()

    async def request(self, request: Request) -> bytes:
        self.asked.append((Op(request.op), request.body))
        return self._by_op.get(Op(request.op).name, b"")


def carrier_of(anna: Guest, *, old: Answers | None = None, new: Answers) -> Carrier:
    session: Any = SimpleNamespace(
        replica=anna.replica, record=SimpleNamespace(secret=bytes(32)), pad_id=anna.replica.pad_id
    )
    return Carrier(None, session, old, new)  # type: ignore[arg-type]


@pytest.mark.parametrize("say", [lambda n: (n, b"x" * 32), lambda n: (n + 1, bytes(32))])
async def test_a_relay_that_has_another_log_is_brought_nothing(
    anna: Guest, say: Callable[[int], tuple[int, bytes]]
) -> None:
    fold = anna.replica.fold
    carrier = carrier_of(anna, new=Answers(ARRIVE=Arrival(ARRIVES, *say(fold.n)).encode()))
    with pytest.raises(OtherLogThere):
        await carrier.arrive()
    carrier = carrier_of(anna, new=Answers(ARRIVE=Arrival(ARRIVES, fold.n, fold.head).encode()))
    await carrier.arrive()
    assert carrier.n == fold.n


async def test_other_bytes_of_a_snapshots_piece_go_nowhere(anna: Guest) -> None:
    """They would be kept at the other relay in the owner's name, whatever they are."""
    piece = b"a piece of a snapshot"
    for given, sent in ((piece, True), (b"something else", False)):
        new = Answers()
        carrier = carrier_of(anna, old=Answers(CHUNK_GET=given), new=new)
        await carrier._one_chunk(ChunkRef(len(piece), chunk_id_of(piece)))
        assert ([op for op, _ in new.asked] == [Op.CHUNK_PUT]) is sent


async def test_the_rest_of_a_log_is_read_from_its_own_relay_alone(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna = make_engine("Anna", relay_url=relay.url)
    pad_id = anna.create_pad("Plan").pad_id
    await anna.sync()
    session = anna.open_pad(pad_id)
    async with relocating._reading(anna, session, old_is_gone=False) as honest:
        assert honest is not None
    session.record = replace(session.record, relay_pk=b"\7" * 32)
    with pytest.raises(Alarm) as caught:
        async with relocating._reading(anna, session, old_is_gone=False):
            pass
    assert caught.value.code is AlarmCode.WRONG_RELAY
    session.close()


def test_a_receipt_that_the_other_relay_did_not_sign_is_none(anna: Guest) -> None:
    """The owner's record would name it, and be refused by everybody: the pad would be closed for good."""
    fold, greeting = anna.replica.fold, Table(2).desk.connect().greeting
    flow = flows_move.receipt(anna.replica, greeting, rng=random.Random(1).randbytes)
    next(flow)
    with pytest.raises(Alarm) as caught:
        flow.send(frames.SthReply(fold.n, fold.head, 1, bytes(64)).encode())
    assert caught.value.code is AlarmCode.WRONG_RELAY


def test_a_relay_that_shows_the_way_to_another_is_not_where_the_pad_is(anna: Guest) -> None:
    boris = Guest(anna.table, "Boris", 2)
    boris.write("Boris. ")
    old = anna.table
    move(anna, Table(2))
    client = old.desk.connect()
    with pytest.raises(NotMovedThere):
        play(client, flows_move.moved_there(boris.replica, 0, client.greeting))


@pytest.mark.parametrize("url", ["http://x", "ssh://x", "x", "", "ws://" + "x" * 255, "javascript:alert(1)"])
def test_what_is_no_address_is_not_connected_to(url: str) -> None:
    with pytest.raises(NoSuchAddress):
        whereabouts.check_address(url)
    whereabouts.check_address("local")
    whereabouts.check_address("wss://one.example")


async def test_relays_that_name_each_other_lead_nobody_around_for_ever(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    hops = 0

    async def moved(engine: object, link: object, wait_s: float) -> None:
        nonlocal hops
        hops += 1
        if hops > 4 * MAX_HOPS:
            raise AssertionError("for ever")
        record = SimpleNamespace(close_n=hops, close_head=bytes(32), url="ws://x", relay_pk=bytes(32))
        raise Moved(record)  # type: ignore[arg-type]

    monkeypatch.setattr(linking, "_record_at", moved)
    anna = make_engine("Anna", relay_url="ws://127.0.0.1:1")
    link = await _link(anna)
    async with asyncio.timeout(5):
        with pytest.raises(RelayUnreachable):
            await linking._record_from(anna, link, 1.0)
    assert hops == MAX_HOPS


async def _link(engine: Any) -> Any:
    from cryptpad_tui.crypto.keys import Role, edit_seed_of
    from cryptpad_tui.crypto.links import Link

    pad_id = engine.create_pad("Plan").pad_id
    seed = edit_seed_of(engine.vault.pad(pad_id).secret, 0)
    return Link(Role.EDIT, pad_id, 0, seed, 0, bytes(16), NO_RELAY, "ws://127.0.0.1:1")
