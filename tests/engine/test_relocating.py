"""Moving pads to another relay, with real vaults and two real relays: who follows, and what a cut leaves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cryptpad_tui.engine import Engine, relocating, whereabouts
from cryptpad_tui.engine.errors import NotOwner
from support.relay import RelayProcess
from support.sessions import MakeEngine, append


@pytest.fixture
def other(tmp_path: Path) -> Iterator[RelayProcess]:
    process = RelayProcess(tmp_path / "other-relay")
    yield process
    process.stop()


def text_of(engine: Engine, pad_id: bytes) -> str:
    with engine.borrowed(pad_id) as session:
        return session.view.text()


def write(engine: Engine, pad_id: bytes, text: str) -> None:
    with engine.borrowed(pad_id) as session:
        append(session, text)


def url_of(engine: Engine, pad_id: bytes) -> str | None:
    record = engine.vault.pad(pad_id)
    assert record is not None
    return record.relay_url


async def test_three_people_go_on_at_the_other_relay(
    relay: RelayProcess, other: RelayProcess, make_engine: MakeEngine
) -> None:
    anna = make_engine("Anna", relay_url=relay.url)
    boris, carla = make_engine("Boris"), make_engine("Carla")
    pad_id = anna.create_pad("Plans", text="Plans.\n").pad_id
    stays = anna.create_pad("Other", text="Stays.\n").pad_id
    link = await anna.make_link(pad_id, view=False)
    for engine in (boris, carla):
        await engine.join(link)
    await anna.sync()
    with pytest.raises(NotOwner):
        await relocating.move(boris, pad_id, other.url)
    write(boris, pad_id, "Boris, unsent.\n")
    report = await relocating.move(anna, pad_id, other.url)
    assert url_of(anna, pad_id) == other.url
    assert url_of(anna, stays) == relay.url
    write(anna, pad_id, "Anna, after.\n")
    assert (await anna.sync()).waiting == 0

    told = await boris.sync([pad_id])
    assert (told.waiting, told.alarms) == (0, ())
    assert any(line.startswith("MOVED: the pad's owner moved it to another relay") for line in told.notices)
    assert not (await boris.sync([pad_id])).notices
    relay.stop()
    await anna.sync([pad_id])
    assert text_of(anna, pad_id) == text_of(boris, pad_id)
    assert text_of(anna, pad_id).count("Boris, unsent.") == 1
    # Carla was away for the whole time, and her relay is gone: the owner's word is at the other one.
    write(carla, pad_id, "Carla, unsent.\n")
    assert (await carla.sync([pad_id], wait_s=1.0)).unreachable
    await whereabouts.follow(carla, pad_id, other.url)
    assert (await carla.sync([pad_id])).waiting == 0
    await anna.sync([pad_id])
    assert text_of(anna, pad_id) == text_of(carla, pad_id)
    assert text_of(anna, pad_id).count("Carla, unsent.") == 1
    assert report.url == other.url
