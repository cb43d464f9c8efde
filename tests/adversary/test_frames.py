"""Bytes on the wire: every byte changed, frames cut or grown, answers to nothing, twice, or with more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from adversary.liar import World, flip, twice
from adversary.people import Lab
from adversary.sabotage import Patch, both, nothing
from adversary.test_snapshots import with_snapshot
from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.errors import Malformed, Refused
from cryptpad_relay.protocol.frames import Op, join_frame
from cryptpad_tui.pad import flows
from cryptpad_tui.pad.alarms import Alarm
from cryptpad_tui.sync.connection import RelayConnection
from support.pads import Person, load_here

Change = Callable[[bytes], bytes]


def join_through(world: World, number: int, change: Change) -> tuple[Person, Exception | None]:
    """A newcomer's way in, with the answer `number` changed. A joiner keeps what checked out, and no more."""
    person, count, answer = Person("Viktor", 3), -1, world.answer

    def lying(op: Op, body: bytes) -> bytes:
        nonlocal count
        count += 1
        honest = answer(op, body)
        return change(honest) if count == number else honest

    world.answer = lying  # type: ignore[method-assign]
    try:
        held = person.replica
        connected = world.play(flows.subscribe(held, world.greeting, rng=person.rng))
        world.play(flows.join(held, connected, flows.Pin(2, world.heads[2][:16]), load_here))
    except (Alarm, Malformed, Refused) as error:
        return person, error
    finally:
        del world.answer
    return person, None


def answers_of(world: World) -> list[bytes]:
    """What an honest join is told, in order."""
    world.tape.clear()
    join_through(world, -1, lambda body: body)
    return [reply for _, _, reply in world.tape]


def assert_honest_prefix(world: World, person: Person, texts: dict[int, str]) -> None:
    fold = person.replica.fold
    stored = person.store.log
    assert all(row.head == world.heads[row.n] and not row.void for row in stored)
    if fold.n:
        assert fold.head == world.heads[fold.n]
        assert person.canonical() == texts[fold.n]


async def test_t01_no_changed_byte_of_any_answer_moves_anything(lab: Lab) -> None:
    """Every byte of SUB and FETCH: what is accepted is the honest log, or a beginning of it."""
    anna = await lab.client("Anna", 1)
    texts = {}
    for word in ("first line ", "second line "):
        await anna.write(word)
        texts[anna.replica.fold.n] = anna.state().canonical
    texts[1] = ""
    caught = quiet = 0
    for number, honest in enumerate(answers_of(lab.world)):
        for i in range(len(honest)):
            person, error = join_through(lab.world, number, lambda body, i=i: flip(body, i))  # type: ignore[misc]
            assert_honest_prefix(lab.world, person, texts)
            caught, quiet = caught + bool(error), quiet + (error is None)
    assert caught > 1_800
    assert quiet == 24, "the ticket, which claims nothing, and where a writer of no snapshot stands"


async def test_t01_no_changed_byte_of_a_snapshot_moves_anything(lab: Lab, monkeypatch: Patch) -> None:
    """SNAPSHOT, its HELLO, BRIDGE, table and pieces, every 23rd byte."""
    anna, _ = await with_snapshot(lab, monkeypatch)
    texts = {anna.replica.fold.n: anna.state().canonical}
    for number, honest in enumerate(answers_of(lab.world)):
        for i in range(number % 23, len(honest), 23):
            person, error = join_through(lab.world, number, lambda body, i=i: flip(body, i))  # type: ignore[misc]
            if error is None:
                assert_honest_prefix(lab.world, person, texts)
            else:
                assert person.store.checkpoint() is None


@both
async def test_t02_answers_cut_or_grown(lab: Lab, monkeypatch: Patch, defended: bool) -> None:
    anna = await lab.client("Anna", 1)
    await anna.write("first line ")
    changes: list[Change] = [lambda body: body + b"\0"]
    if defended:
        changes += [lambda body: body[:-1], lambda body: body[: len(body) // 2], lambda body: b""]
    else:
        monkeypatch.setattr("cryptpad_relay.protocol.reader.Reader.end", nothing)
    for number in range(len(answers_of(lab.world))):
        for change in changes:
            person, error = join_through(lab.world, number, change)
            assert (error is not None) == defended
            assert person.canonical() == ("" if defended else "first line ")


@both
async def test_t35_answers_to_nothing_twice_and_with_more_in_them(
    lab: Lab, monkeypatch: Patch, defended: bool
) -> None:
    """Unknown req ids, duplicate answers, pushes about other pads, errors with a text that would be typed."""
    if not defended:
        monkeypatch.setattr(RelayConnection, "_take", careless)
    anna = await lab.client("Anna", 1)
    lab.lies_for["Anna"].append(twice)
    await anna.write("first line ")
    seat = anna.seat
    seat.send(join_frame(Op.FETCH | 0x80, 4_000_000, b"\x1b]0;owned\x07"))
    seat.send(join_frame(Op.ERR, 77, b"\0\1\0\0\0\0\x1b[2J"))
    seat.send(join_frame(Op.COMMIT, 0, frames.Commit(bytes(32), 1, bytes(32), (b"x" * 32,)).encode()))
    seat.send(join_frame(0x7E, 0, b"\x1b[2J"))
    await lab.settle()
    await anna.write("second line ")
    assert (anna.alarm is None and not anna.errors) == defended
    assert (anna.state().canonical == "first line second line ") == defended


def careless(self: Any, message: bytes) -> None:
    """Every answer is taken to be expected."""
    frame = frames.split_frame(message)
    if frame.req:
        self._waiting[frame.req].set_result(frame.body)
        return
    handler = self._handlers.get(frame.body[:32])
    if handler:
        handler(frame)


@both
async def test_t35_an_error_carries_no_text(lab: Lab, monkeypatch: Patch, defended: bool) -> None:
    """Six bytes, a code and a time: what would be shown to a person is written here, not by the relay."""
    body = b"\0\1\0\0\0\0\x1b]0;owned\x07"
    if not defended:
        monkeypatch.setattr("cryptpad_relay.protocol.reader.Reader.end", nothing)
        assert frames.Error.decode(body).code
        return
    with pytest.raises(Malformed):
        frames.Error.decode(body)
