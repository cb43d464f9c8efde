"""Objects go up sealed and come back whole, or not at all."""

from __future__ import annotations

import pytest

from cryptpad_relay.protocol.errors import Refused
from cryptpad_tui.crypto.errors import SealBroken
from cryptpad_tui.pad import objects
from cryptpad_tui.pad.alarms import Alarm
from support.pads import Person, relay_for, seeded


@pytest.mark.parametrize("size", [0, 1, 262_143, 262_144, 700_000])
def test_an_object_comes_back_as_it_was(size: int) -> None:
    anna, boris = Person("Anna", 1), Person("Boris", 2)
    relay = relay_for(anna)
    content = seeded(3)(size)
    object_id = relay.play(objects.put_object(anna.replica, content, rng=seeded(4)))
    assert relay.play(objects.get_object(boris.replica, object_id)) == content
    assert size < 100 or all(content[:100] not in chunk for chunk in relay.chunks.values())


def test_a_changed_exchanged_or_missing_piece_is_caught() -> None:
    anna = Person("Anna", 1)
    relay = relay_for(anna)
    object_id = relay.play(objects.put_object(anna.replica, seeded(3)(700_000), rng=seeded(4)))
    honest = dict(relay.chunks)
    ids = list(honest)
    for victim in ids:
        for lie in (bytes(len(honest[victim])), honest[ids[0]] + b"\0", honest[ids[1]], b""):
            if lie == honest[victim]:
                continue
            relay.chunks = {**honest, victim: lie}
            with pytest.raises(Alarm):
                relay.play(objects.get_object(anna.replica, object_id))
        relay.chunks = {key: chunk for key, chunk in honest.items() if key != victim}
        with pytest.raises(Refused):
            relay.play(objects.get_object(anna.replica, object_id))


def test_an_object_of_another_pad_does_not_open() -> None:
    anna, other = Person("Anna", 1), Person("Anna", 1, owner_root=bytes(32))
    relay = relay_for(anna)
    object_id = relay.play(objects.put_object(anna.replica, b"text", rng=seeded(4)))
    with pytest.raises(Alarm) as caught:
        relay.play(objects.get_object(other.replica, object_id))
    assert isinstance(caught.value.__cause__, SealBroken)


def test_too_large_is_refused_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    anna = Person("Anna", 1)
    relay = relay_for(anna)
    monkeypatch.setattr(objects, "MAX_OBJECT_BYTES", 10)
    with pytest.raises(objects.ObjectTooLarge):
        relay.play(objects.put_object(anna.replica, bytes(11), rng=seeded(4)))
    assert relay.chunks == {}
