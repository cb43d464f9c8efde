"""What a relay asks of those who bring a pad: its price, its bounds, its places, also between two turns."""

from __future__ import annotations

import pytest

from cryptpad_relay.limits import Bucket, Rate
from cryptpad_relay.protocol.errors import Code, Malformed, Oversized
from cryptpad_relay.protocol.frames import MAX_APPEND_ENTRIES, Op, join_frame
from cryptpad_relay.protocol.move_frames import Bring

from .test_moving import House, house

__all__ = ["house"]


def test_asking_to_arrive_has_its_price(house: House) -> None:
    """Each costs a signature check, and leaves the relay listening for the pad."""
    house.at_new.session.proof_tokens = Bucket(Rate(3, 0.01), house.new.now)
    for _ in range(3):
        house.arrive()
    assert house.at_new.refusal(Op.ARRIVE, house.arrive_body(house.at_new)).code is Code.RETRY


def test_bringing_costs_what_appending_does(house: House) -> None:
    """What is there already may be brought again, as often as entries may be appended."""
    house.arrive()
    log = house.log()
    house.at_new.session.entry_tokens = Bucket(Rate(2 * len(log), 0.01), house.new.now)
    house.bring(*log)
    house.bring(*log)
    body = Bring(house.pad.pad_id, 0, tuple(log)).encode()
    assert house.at_new.refusal(Op.BRING, body).code is Code.RETRY


def test_a_frame_of_too_many_of_none_or_of_nowhere_is_none(house: House) -> None:
    pad_id, entry = house.pad.pad_id, house.log()[0]
    assert len(Bring.decode(Bring(pad_id, 0, (entry,) * MAX_APPEND_ENTRIES).encode()).entries) == 1_024
    with pytest.raises(Oversized):
        Bring.decode(Bring(pad_id, 0, (entry,) * (MAX_APPEND_ENTRIES + 1)).encode())
    for nowhere in (Bring(pad_id, 0, ()), Bring(pad_id, 2**63, (entry,))):
        with pytest.raises(Malformed):
            Bring.decode(nowhere.encode())


def test_places_are_compared_again_when_others_had_their_turn(house: House) -> None:
    """Two machines of the owner's bring what two relays made of the pad: one log comes of it, or none."""
    other, start = house.pad.writer(), house.pad.start
    log, hello, more = house.log(), other.hello(start), [other.update(start) for _ in range(30)]
    mine, theirs = [*log, hello, *more, house.writer.update(start)], [hello, *log, *more]
    house.arrive()
    second = house.new.connect()
    house.arrive(second)
    client = house.at_new
    client.req += 1
    body = Bring(house.pad.pad_id, 0, tuple(mine)).encode()
    client.session.receive(join_frame(Op.BRING, client.req, body), house.new.now)
    end = house.bring(*theirs, client=second)
    client.work()
    while house.new.commit():
        client.work()
    [answer] = [frame for frame in client.peer.frames if frame.req == client.req]
    assert answer.op == Op.ERR
    assert house.log(house.new) == theirs
    assert house.end(house.new) == end
