"""Shared folders in shared folders, and several machines of one person in one, with a real relay."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from engine.test_shared_folders import identity, paths, reads, text_of, write

from cryptpad_tui.crypto.keys import Role
from cryptpad_tui.engine import (
    Engine,
    SyncWord,
    keeping,
    member_book,
    member_lines,
    member_notes,
    membership,
    schedule,
    schedule_notes,
)
from cryptpad_tui.engine.folders import changing, owed_keys
from cryptpad_tui.engine.folders.making import make_shared
from cryptpad_tui.engine.member_book import BookMember
from support.relay import RelayProcess
from support.sessions import MakeEngine

from .conftest import MakeDevice


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    """One for all of these tests: everybody in them is somebody new."""
    process = RelayProcess(tmp_path_factory.mktemp("relay") / "data")
    yield process
    process.stop()


async def let_in(owner: Engine, guest: Engine, folder: bytes, *, view: bool = False) -> None:
    await guest.join(await owner.make_link(folder, view=view))
    await guest.sync()
    role = Role.VIEW if view else Role.EDIT
    membership.keep(owner, folder, identity(guest, folder), role=role, name=guest.name())


async def test_a_folder_in_a_folder_follows_those_of_both(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna = make_engine("Anna", relay_url=relay.url)
    boris, carla, dora = [make_engine(name) for name in ("Boris", "Carla", "Dora")]
    outer = make_shared(anna, "Outer")
    inner = make_shared(anna, "Outer/Inner")
    top = anna.create_pad("Top", text="Top.\n", folder="Outer").pad_id
    deep = anna.create_pad("Deep", text="Deep.\n", folder="Outer/Inner/Plain").pad_id
    await anna.sync()
    await let_in(anna, boris, outer)
    await let_in(anna, carla, outer, view=True)
    await let_in(anna, dora, inner)
    for engine in (boris, carla):
        for _ in range(2):
            await engine.sync()
        assert paths(engine) == {"Outer/Top", "Outer/Inner/Plain/Deep"}
    assert paths(dora) == {"Inner/Plain/Deep"}
    await write(boris, deep, "Boris.\n")
    assert all([await reads(engine, deep, "Boris.") for engine in (anna, carla, dora)])

    # What Boris puts into the inner one reaches whoever has it by either way.
    boris.set_relay(relay.url)
    his = boris.create_pad("His", text="His.\n", folder="Outer/Inner").pad_id
    for engine in (boris, carla, dora):
        await engine.sync()
    assert "Outer/Inner/His" in paths(carla)
    assert "Inner/His" in paths(dora)
    assert await reads(dora, his, "His.")

    await membership.revoke(anna, outer, drop=[identity(carla, outer)])
    assert not owed_keys.is_owed(anna)
    for pad_id in (top, deep, his):
        await write(anna, pad_id, "After.\n")
        assert await reads(boris, pad_id, "After.")
        await carla.sync([pad_id])
        assert "After." not in text_of(carla, pad_id)
        assert carla.listing_of(pad_id).sync is SyncWord.REMOVED
    for pad_id in (deep, his):
        assert await reads(dora, pad_id, "After."), "who is in the inner one alone stays in it"
    await write(dora, deep, "Dora.\n")
    assert await reads(boris, deep, "Dora.")

    # Out of the outer one again: it stays with whoever had it by that, beside.
    keeping.move_folder(anna, keeping.folder_at(anna, "Outer/Inner"), keeping.folder_at(anna, "/"))
    for engine in (anna, boris, boris):
        await engine.sync()
    assert paths(boris) >= {"Outer/Top", "No longer in Outer/Inner/Plain/Deep"}
    assert await reads(boris, deep, "Dora.")


async def test_two_machines_of_two_people_in_one_folder(
    relay: RelayProcess, make_engine: MakeEngine, second: MakeDevice
) -> None:
    desk = make_engine("Anna", relay_url=relay.url)
    folder = make_shared(desk, "Team")
    plan = desk.create_pad("Plan", text="Plan.\n", folder="Team").pad_id
    await desk.sync()
    home = make_engine("Boris", relay_url=relay.url)
    carla = make_engine("Carla")
    await let_in(desk, home, folder)
    await let_in(desk, carla, folder)
    await desk.sync()
    await home.sync()
    lap, away = second(desk, "Lap"), second(home, "Away")
    for engine in (lap, away):
        for _ in range(2):
            await engine.sync()
        assert paths(engine) == {"Team/Plan"}, engine.vault.directory.name
    # Each makes and moves something, before any hears of another.
    mine = lap.create_pad("Lap's", text="Lap.\n", folder="Team").pad_id
    his = away.create_pad("Away's", text="Away.\n", folder="Team").pad_id
    home.rename(plan, "Plan B")
    everybody = (lap, away, desk, home, carla)
    for _ in range(3):
        for engine in everybody:
            await engine.sync()
    for engine in everybody:
        assert paths(engine) == {"Team/Plan B", "Team/Lap's", "Team/Away's"}, engine.vault.directory.name
    assert [desk.vault.pad(mine).role, home.vault.pad(his).role] == ["owner", "owner"]  # type: ignore[union-attr]

    # One machine takes Carla out; the list of members was made on the other.
    await membership.revoke(lap, folder, drop=[identity(carla, folder)])
    assert not owed_keys.is_owed(lap)
    await write(lap, plan, "After.\n")
    for engine in (desk, home, away):
        for _ in range(2):
            await engine.sync()
        await changing.finish(engine)
        assert not owed_keys.is_owed(engine), engine.vault.directory.name
        assert await reads(engine, plan, "After."), engine.vault.directory.name
    # The other one's list is of before: what it changes brings nobody back.
    await membership.revoke(desk, folder)
    assert [line.how for line in membership.members(desk, folder).lines] == ["me", "member"]
    await write(desk, plan, "Desk.\n")
    for pad_id in (plan, mine, his):
        for engine in (away, lap):
            await write(engine, pad_id, f"{engine.vault.directory.name}.\n")
        await carla.sync([pad_id])
        assert "After." not in text_of(carla, pad_id)
        assert carla.listing_of(pad_id).sync is SyncWord.REMOVED
    assert await reads(home, plan, "Desk.")


def test_whom_one_machine_put_on_the_list_stands_on_the_others(
    make_engine: MakeEngine, second: MakeDevice
) -> None:
    """And nobody else: whoever may write the drive cannot put a key of theirs there."""
    desk = make_engine("Anna")
    lap, pad_id = second(desk, "Lap"), desk.create_pad("Plan").pad_id
    record, ben = desk.vault.pad(pad_id), b"\7" * 32
    assert record is not None
    lap.add(record)
    membership.keep(desk, pad_id, ben, role=Role.VIEW, name="Ben", box_pk=b"\x08" * 32)
    name = f"member:{ben.hex()}"
    note = desk.drive.note(pad_id, name)
    assert note is not None

    def listed() -> list[tuple[bytes, str, str, bytes]]:
        with lap.borrowed(pad_id) as session:
            found = member_lines.listed(lap, session)
        return [(each.ident_pk, each.role, each.name, each.box_pk) for each in found]

    other = f"member:{(b'x' * 32).hex()}"
    for key, forged in ((other, note), (name, note[:-8] + "AAAAAAA="), (name, "{}"), ("member:zz", note)):
        lap.drive.set_note(pad_id, key, forged)
        assert listed() == []
    lap.drive.set_note(pad_id, name, note)
    assert listed() == [(ben, "view", "Ben", b"\x08" * 32)]
    member_notes.put(lap, pad_id, 1, BookMember(ben, "view", "Ben", b""))
    assert listed() == [], "a note counts for its epoch: one of before brings nobody back"


def test_a_schedule_is_kept_by_whichever_machine_runs(make_engine: MakeEngine, second: MakeDevice) -> None:
    desk = make_engine("Anna")
    lap, pad_id = second(desk, "Lap"), desk.create_pad("Plan").pad_id
    record = desk.vault.pad(pad_id)
    assert record is not None
    lap.add(record)
    schedule.set_schedule(desk, pad_id, 7, history=False)
    assert membership.members(desk, pad_id).every_days == 7

    def heard(note: str | None) -> tuple[int, bool]:
        lap.drive.set_note(pad_id, schedule_notes.NOTE, note)
        schedule_notes.agree(lap, pad_id)
        return member_book.schedule_of(lap, pad_id)

    told = desk.drive.note(pad_id, schedule_notes.NOTE)
    for forged in ("{}", "", (told or "")[:-8] + "AAAAAAA="):
        assert heard(forged) == (0, True)
    assert heard(told) == (7, False)
    later = lap.wall_ms() + 8 * member_book.DAY_MS
    desk.wall_ms = lap.wall_ms = lambda: later
    assert schedule.is_due(lap)
    member_book.done(desk, pad_id, at_ms=later)
    schedule_notes.put(desk, pad_id)
    heard(desk.drive.note(pad_id, schedule_notes.NOTE))
    assert not schedule.is_due(lap), "the other one has done it"
