"""Shared folders, with real vaults and a real relay: who sees what, who may do what, and who stays in."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto.keys import Role, pseudonym_of
from cryptpad_tui.engine import Engine, SyncWord, keeping, membership, removal
from cryptpad_tui.engine.folders import changing, owed_keys
from cryptpad_tui.engine.folders.making import make_shared
from cryptpad_tui.engine.folders.placing import ReadOnlyFolder
from support.relay import RelayProcess
from support.sessions import MakeEngine, append


def identity(engine: Engine, pad_id: bytes) -> bytes:
    return pseudonym_of(engine.vault.account_root, pad_id).public


def paths(engine: Engine) -> set[str]:
    return {pad.path for pad in engine.listing()}


def text_of(engine: Engine, pad_id: bytes) -> str:
    with engine.borrowed(pad_id) as session:
        return session.view.text()


async def write(engine: Engine, pad_id: bytes, text: str) -> None:
    with engine.borrowed(pad_id) as session:
        append(session, text)
    report = await engine.sync([pad_id])
    assert (report.waiting, report.alarms) == (0, ()), report


async def reads(engine: Engine, pad_id: bytes, text: str) -> bool:
    await engine.sync([pad_id])
    return text in text_of(engine, pad_id)


async def house(
    relay: RelayProcess, make_engine: MakeEngine, *titles: str
) -> tuple[Engine, Engine, Engine, bytes, list[bytes]]:
    """Anna's shared folder with some pads, or with a folder within; Boris writes in it, Carla reads it."""
    anna = make_engine("Anna", relay_url=relay.url)
    # A drive on the relay would cost each sync a second.
    boris, carla = make_engine("Boris", relay_url=None if titles else relay.url), make_engine("Carla")
    folder = make_shared(anna, "Team")
    places = dict.fromkeys(titles, "Team") or {"Plan": "Team", "Notes": "Team", "Deep": "Team/Inner"}
    pads = [anna.create_pad(name, text=f"{name}.\n", folder=into).pad_id for name, into in places.items()]
    await anna.sync()
    for engine, view in ((boris, False), (carla, True)):
        await engine.join(await anna.make_link(folder, view=view))
        await engine.sync()
        role = Role.VIEW if view else Role.EDIT
        membership.keep(anna, folder, identity(engine, folder), role=role, name=engine.name())
    return anna, boris, carla, folder, pads


async def test_what_is_in_a_shared_folder_comes_to_everybody_by_the_right_that_they_have_there(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, boris, carla, folder, pads = await house(relay, make_engine)
    for engine in (anna, boris, carla):
        assert paths(engine) == {"Team/Plan", "Team/Notes", "Team/Inner/Deep"}
    assert [boris.vault.pad(each).role for each in pads] == ["edit"] * 3  # type: ignore[union-attr]
    assert [carla.vault.pad(each).role for each in pads] == ["view"] * 3  # type: ignore[union-attr]
    assert boris.listing_of(folder).kind is PadKind.FOLDER
    await write(boris, pads[0], "Boris.\n")
    assert await reads(carla, pads[0], "Boris.")
    with pytest.raises(ReadOnlyFolder):
        keeping.move_pad(carla, pads[0], "")
    assert "Team/Plan" in paths(carla), "neither here nor there is anything changed"

    # Boris makes one inside, and moves another there.
    made = boris.create_pad("His", text="His.\n", folder="Team").pad_id
    moved = boris.create_pad("Moved", text="Moved.\n").pad_id
    await boris.sync()
    keeping.move_pad(boris, moved, keeping.folder_at(boris, "Team/Inner"))
    await boris.sync()
    await boris.sync()
    for engine in (anna, carla):
        await engine.sync()
        assert {"Team/His", "Team/Inner/Moved"} <= paths(engine), engine.name()
    # What was made inside is the folder owner's to rotate, too; what was moved in stays its maker's alone.
    assert anna.vault.pad(made).role == "owner"  # type: ignore[union-attr]
    assert anna.vault.pad(moved).role == "edit"  # type: ignore[union-attr]

    keeping.move_pad(boris, moved, keeping.folder_at(boris, "/"))
    await boris.sync()
    await anna.sync()
    assert "No longer in Team/Moved" in paths(anna)
    assert "Moved" in paths(boris)


async def test_taking_somebody_out_of_a_folder_takes_them_out_of_what_is_in_it(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, boris, carla, folder, pads = await house(relay, make_engine)
    told = list[bytes]()
    tell = removal.tell
    monkeypatch.setattr(
        removal, "tell", lambda of, pad_id, who: told.extend([pad_id] * bool(who)) or tell(of, pad_id, who)
    )
    await membership.revoke(anna, folder, drop=[identity(carla, folder)])
    assert not owed_keys.is_owed(anna)
    assert told == [folder], "once, and not of each pad in it"
    for pad_id in (folder, *pads):
        with anna.borrowed(pad_id) as session:
            assert session.replica.fold.epoch == 1
    for pad_id in pads:
        await write(anna, pad_id, "After.\n")
        assert await reads(boris, pad_id, "After."), "he was away, and comes back"
        await write(boris, pad_id, "His word.\n")
        assert await reads(anna, pad_id, "His word.")
    await carla.sync()
    for pad_id in pads:
        assert carla.listing_of(pad_id).sync is SyncWord.REMOVED
        assert "After." not in text_of(carla, pad_id)
    dora = make_engine("Dora")
    await dora.join(await anna.make_link(folder, view=False))
    await dora.sync()
    assert all([await reads(dora, pad_id, "After.") for pad_id in pads])
    await write(dora, pads[2], "Dora.\n")


# -- half-way


def die(*_: object, **__: object) -> NoReturn:
    """What a killed process does next: nothing."""
    raise KeyboardInterrupt


STEPS = (
    "nothing changed",
    "the folder's record is out",
    "the folder's is done",
    "first child's record is out",
    "first child is done",
    "first entry",
    "second child",
)

JOINED_AT = ("the folder's record is out", "first child's record is out")


def dying(patch: pytest.MonkeyPatch, step: str) -> None:
    """Have the process die at one step of a change of keys."""
    calls = {"change": 0, "done": 0, "snapshot": 0}
    change = membership.change_keys
    done, snapshot = owed_keys.done, membership._first_snapshot

    async def change_keys(*args: Any, **named: Any) -> None:
        calls["change"] += 1
        if (step, calls["change"]) == ("second child", 3):
            die()
        await change(*args, **named)
        if (step, calls["change"]) in (("the folder's is done", 1), ("first child is done", 2)):
            die()

    def count_done(*args: Any) -> None:
        if step == "first entry":
            die()
        done(*args)

    def first_snapshot(*args: Any) -> Any:
        calls["snapshot"] += 1
        if (step, calls["snapshot"]) == ("first child's record is out", 2):
            die()
        return snapshot(*args)

    patch.setattr(membership, "change_keys", change_keys)
    patch.setattr(owed_keys, "done", count_done)
    patch.setattr(membership, "_first_snapshot", first_snapshot)
    if step == "nothing changed":
        patch.setattr(membership.flows_epoch, "rotate", die)
    if step == "the folder's record is out":
        patch.setattr(owed_keys, "turned", die)


async def test_a_change_that_dies_leaves_everything_reachable_and_goes_on(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each step: for who stays and is online, for who comes back later, and for who joins half-way."""
    anna, boris, carla, folder, pads = await house(relay, make_engine, "Plan", "Notes")
    dora = make_engine("Dora")
    await dora.join(await anna.make_link(folder, view=False))
    membership.keep(anna, folder, identity(dora, folder), role=Role.EDIT, name="Dora")
    drop = [identity(carla, folder)]
    for at, step in enumerate(STEPS):
        with monkeypatch.context() as patch:
            dying(patch, step)
            with pytest.raises(KeyboardInterrupt):
                await membership.revoke(anna, folder, drop=drop)
        anna.vault.close()
        anna = make_engine("Anna")
        assert owed_keys.is_owed(anna), step
        assert membership.members(anna, folder).changing is not None, f"half-way is visible: {step}"
        for pad_id in pads:
            await write(boris, pad_id, f"Half-way {at}.\n")
        if step in JOINED_AT:
            early = make_engine(f"Early {at}")
            await early.join(await anna.make_link(folder, view=True))
            for pad_id in pads:
                assert await reads(early, pad_id, f"Half-way {at}."), f"who joined half-way: {step}"
        await changing.finish(anna)
        assert not owed_keys.is_owed(anna), step
        assert membership.members(anna, folder).changing is None, step
        for pad_id in pads:
            await write(anna, pad_id, f"Done {at}.\n")
            assert await reads(boris, pad_id, f"Done {at}."), step
        if at % 3 == 0:
            for pad_id in pads:
                assert await reads(dora, pad_id, f"Done {at}."), f"who was away: {step}"
                await write(dora, pad_id, f"Dora {at}.\n")
    await carla.sync()
    for pad_id in pads:
        assert "Done" not in text_of(carla, pad_id)
        assert carla.listing_of(pad_id).sync is SyncWord.REMOVED


async def test_what_others_own_follows_when_their_machine_sees_it(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, boris, carla, folder, _ = await house(relay, make_engine, "Plan")
    boris.set_relay(relay.url)
    his = boris.create_pad("His", text="His.\n").pad_id
    await boris.sync([his])
    keeping.move_pad(boris, his, keeping.folder_at(boris, "Team"))
    await boris.sync([his])
    for engine in (anna, carla):
        await engine.sync()
        assert "Team/His" in paths(engine)
    await membership.revoke(anna, folder, drop=[identity(carla, folder)])
    await write(boris, his, "Not yet.\n")
    assert await reads(carla, his, "Not yet."), "it is said that this goes on until his machine sees it"
    await boris.sync()
    assert owed_keys.is_owed(boris)
    await changing.finish(boris)
    assert not owed_keys.is_owed(boris)
    await write(boris, his, "Without her.\n")
    assert await reads(anna, his, "Without her.")
    await write(anna, his, "Anna.\n")
    assert not await reads(carla, his, "Without her.")
    assert carla.listing_of(his).sync is SyncWord.REMOVED
