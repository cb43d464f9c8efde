"""Inviting, taking out, and choosing how one appears, in a process that is killed on its way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cryptpad_tui.crypto.keys import Role, SigningSeed
from cryptpad_tui.engine import (
    Engine,
    appearing,
    contacts,
    inviting,
    member_book,
    membership,
    outbox,
    schedule,
)
from cryptpad_tui.engine.own_card import own_card
from cryptpad_tui.people.contacts import Contact, Standing, contact_id
from support.dying import STRIDE, Dying, each_step
from support.relay import RelayProcess

from .test_killed_keeping import Work, in_home, make_home, work_in

PADS = 60 // STRIDE
CARLA = SigningSeed(bytes([7]) * 32).public


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    process = RelayProcess(tmp_path_factory.mktemp("relay") / "data")
    yield process
    process.kill()


def home_with(relay: RelayProcess, tmp_path: Path) -> tuple[Path, list[bytes]]:
    """Anna's, with pads at the relay, and Ben among her contacts."""
    bens = make_home(tmp_path / "ben", relay.url)

    async def card(engine: Engine) -> object:
        return own_card(engine)

    ben = in_home(bens, card)
    home = make_home(tmp_path / "anna", relay.url)

    async def make(engine: Engine) -> list[bytes]:
        with engine.people.durable():
            known = Contact(contact_id(ben.ident_pk), ben, Standing.CONTACT)  # type: ignore[attr-defined,arg-type]
            engine.people.put_contact(known)
        made = [engine.create_pad(f"Plan {number}").pad_id for number in range(PADS)]
        for pad_id in made:
            membership.keep(engine, pad_id, CARLA, role=Role.EDIT, name="Carla")
        await engine.sync()
        return made

    pads = in_home(home, make)
    assert isinstance(pads, list)
    return home, pads


async def invite(engine: Engine, pad_id: bytes) -> None:
    [ben] = contacts.lines(engine)
    Dying.begin()
    await inviting.invite(engine, pad_id, ben.id, view=False)


async def revoke(engine: Engine, pad_id: bytes) -> None:
    engine.drive.note(pad_id, "")
    Dying.begin()
    await membership.change_keys(engine, pad_id, drop=[CARLA])


async def choose(engine: Engine, pad_id: bytes) -> None:
    engine.drive.note(pad_id, "")
    Dying.begin()
    appearing.choose(engine, pad_id, as_contact=True)


def names(engine: Engine, pad_id: bytes) -> set[str]:
    return {line.name for line in membership.members(engine, pad_id).lines if line.how == "member"}


def test_each_is_done_or_not_begun(relay: RelayProcess, tmp_path: Path) -> None:
    home, pads = home_with(relay, tmp_path)
    for work, stride in ((choose, 1), (invite, STRIDE), (revoke, 2 * STRIDE)):

        def one(step: int, work: Work = work, stride: int = stride) -> None:
            work_in(home, pads[step // stride], work)

        steps = each_step(one, later=True, stride=stride)
        assert len([step for step, died in steps if died]) >= 2, work.__name__

    async def look(engine: Engine) -> None:
        await engine.sync()
        for pad_id in pads:
            note = engine.drive.note(pad_id, appearing.NOTE)
            assert (note is None) == (appearing.word_of(engine, pad_id) == "")
        invited = [pad_id for pad_id in pads if "Anna" in names(engine, pad_id)]
        assert len(invited) == len(outbox.waiting(engine)) > 0
        for pad_id in pads:
            changed = membership.members(engine, pad_id).epoch > 0
            begun = member_book.is_unfinished(engine, pad_id)
            assert ("Carla" in names(engine, pad_id)) is not (changed or begun)
        await schedule.rotate_due(engine)
        assert not any(member_book.is_unfinished(engine, pad_id) for pad_id in pads)
        out = [pad_id for pad_id in pads if "Carla" not in names(engine, pad_id)]
        assert out
        assert all(membership.members(engine, pad_id).epoch > 0 for pad_id in out)

    in_home(home, look)
