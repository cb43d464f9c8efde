"""What is left to do behind the signature of a move: done later, once, for a month, and at no other relay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from cryptpad_relay.protocol.errors import Code, Malformed, Refused
from cryptpad_tui.engine import owed, relocating, relocation_owed, whereabouts
from cryptpad_tui.engine.errors import EngineError
from cryptpad_tui.engine.relocation_owed import GIVE_UP_MS, OWED
from cryptpad_tui.pad.flows_move import NotMovedThere
from cryptpad_tui.sync.connection import RelayUnreachable
from support.relay import RelayProcess
from support.sessions import MakeEngine


@pytest.fixture
def other(tmp_path: Path) -> Iterator[RelayProcess]:
    process = RelayProcess(tmp_path / "other-relay")
    yield process
    process.kill()


async def test_what_a_relay_that_fell_silent_has_is_erased_when_it_is_back(
    relay: RelayProcess, other: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, guest = make_engine("Anna", relay_url=relay.url), make_engine("Guest")
    pad_id = anna.create_pad("Plan", text="Plan.\n").pad_id
    link = await anna.make_link(pad_id, view=False)
    tell = relocation_owed._tell

    async def stopping(*told: object) -> object:
        relay.kill()
        return await tell(*told)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(relocation_owed, "_tell", stopping)
        report = await relocating.move(anna, pad_id, other.url, erase=True)
    assert report.is_left
    await owed.see_to(anna)
    assert relocation_owed.is_owed(anna)

    relay.start()
    kept = anna.vault.settings_under(OWED)
    await owed.see_to(anna)
    assert not relocation_owed.is_owed(anna)
    [(name, value)] = kept.items()
    anna.vault.set_setting(name, value)
    await owed.see_to(anna)
    assert not relocation_owed.is_owed(anna), "that it is gone already is as good"
    # Who comes by a link of before is led on, and the pad lives.
    assert (await guest.join(link)).title == "Plan"
    assert (await anna.sync([pad_id])).notices == ()


async def test_another_relay_at_that_address_is_told_nothing_and_nobody_for_ever(
    relay: RelayProcess, other: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = make_engine("Anna", relay_url=relay.url)
    pad_id = anna.create_pad("Plan").pad_id
    await anna.sync()
    with monkeypatch.context() as patch:
        patch.setattr(relocation_owed, "_erase", silent)
        await relocating.move(anna, pad_id, other.url, erase=True)
    left = relocation_owed._read(anna, pad_id)
    assert left is not None
    asked = list[str]()
    monkeypatch.setattr(relocation_owed, "_subscribe", lambda *told: asked.append("asked"))
    relocation_owed._keep(anna, pad_id, replace(left, old_pk=bytes(32).hex()))
    await relocation_owed.go_on(anna)
    assert (asked, relocation_owed.is_owed(anna)) == ([], False)

    monkeypatch.setattr(relocation_owed, "_erase", silent)
    relocation_owed._keep(anna, pad_id, left)
    await relocation_owed.go_on(anna)
    assert relocation_owed.is_owed(anna)
    relocation_owed._keep(anna, pad_id, replace(left, at_ms=left.at_ms - GIVE_UP_MS - 1))
    await relocation_owed.go_on(anna)
    assert not relocation_owed.is_owed(anna)


async def silent(*told: object) -> bool:
    return False


async def test_a_record_that_only_the_other_relay_has_is_found_there(
    relay: RelayProcess, other: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The relay before is gone for good, and the mover died before the record was folded."""
    anna = make_engine("Anna", relay_url=relay.url)
    pad_id = anna.create_pad("Plan", text="Plan.\n").pad_id
    await anna.sync()
    relay.kill()

    def die(*told: object) -> None:
        raise EngineError("the machine loses power")

    with monkeypatch.context() as patch:
        patch.setattr(relocating.flows_move, "take", die)
        with pytest.raises(EngineError):
            await relocating.move(anna, pad_id, other.url, old_is_gone=True)
    anna.vault.close()
    anna = make_engine("Anna")
    await owed.see_to(anna)
    assert (await anna.sync([pad_id])).waiting == 0
    await owed.see_to(anna)
    assert not relocation_owed.is_owed(anna)
    record = anna.vault.pad(pad_id)
    assert record is not None
    assert record.relay_url == other.url
    with anna.borrowed(pad_id) as session:
        assert session.view.text() == "Plan.\n"
    with pytest.raises(NotMovedThere):
        await whereabouts.switch(anna, anna.drive_session.pad_id, other.url)


async def test_whatever_a_relay_that_was_left_answers_keeps_nothing_else_from_being_done(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = make_engine("Anna")
    pad_id = anna.create_pad("Plan").pad_id
    left = relocation_owed.Owed("00", anna.wall_ms(), "", "", "", erase=True, old_is_gone=False)
    anna.vault.set_setting(relocation_owed.OWED + pad_id.hex(), json.dumps(asdict(left)))
    for trouble in (Malformed("junk"), Refused(Code.RETRY), RelayUnreachable("gone")):

        async def answers(*_: object, trouble: Exception = trouble) -> None:
            raise trouble

        monkeypatch.setattr(relocation_owed, "_go_on", answers)
        await relocation_owed.go_on(anna)
        assert relocation_owed.is_owed(anna), "and it stays owed"
