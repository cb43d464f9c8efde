"""Each step about the account's devices and root, interrupted: done or not begun, and taken up again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

import pytest

from cryptpad_tui.crdt.kinds import ENTRIES_ROOT
from cryptpad_tui.crypto.account import device_key_of, open_owner_root
from cryptpad_tui.crypto.keys import owner_key
from cryptpad_tui.drive.entry_fields import bytes_of
from cryptpad_tui.engine import (
    Engine,
    SyncReport,
    coming_along,
    creating,
    devices,
    keeping,
    membership,
    moving,
    owed,
    removing,
    rotating,
    vouching,
)
from cryptpad_tui.engine.errors import RelayUnreachable
from cryptpad_tui.vault.vault import Vault
from support.sessions import MakeEngine

PHONE, TABLET, EVIL = ("aa" * 16, "bb" * 16, "ee" * 16)


def die(*_: object, **__: object) -> NoReturn:
    """What a killed process does next: nothing."""
    raise KeyboardInterrupt


def desk_of(make_engine: MakeEngine, *, uploaded: bool = True) -> Engine:
    """With two pads and two limited devices."""
    desk = make_engine("desk")
    devices.enter(desk)
    for title in ("Plan", "Diary"):
        made = desk.create_pad(title, text=title, folder="Work")
        keeping.tag(desk, made.pad_id, add=["mine"])
        with desk.borrowed(made.pad_id) as session:
            session.update_record(uploaded=uploaded)
    for device, root in ((PHONE, bytes(32)), (TABLET, bytes([1]) * 32)):
        devices.let_in(desk, device, device_key_of(root).public)
        devices.write(desk, device, {"name": {PHONE: "phone", TABLET: "tablet"}[device], "came": 1})
    return desk


def test_only_devices_that_the_account_vouched_for_get_later_keys(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limited device writes the list as any other: it puts a second one of its own there before it goes."""
    desk = desk_of(make_engine)
    own = device_key_of(bytes([2]) * 32).public
    line = {"name": "desk-2", "holds": "pads", "key": own.hex(), "came": 1, "vouched": "00" * 64}
    devices.write(desk, EVIL, line)
    devices.write(desk, EVIL, {"vouched": device_key_of(bytes(32)).sign("pad1/devicesig", b"x").hex()})
    assert {each.name for each in devices.slot_members(desk)} == {"phone", "tablet"}
    devices.write(desk, PHONE, {"key": own.hex()})
    assert own not in {each.ident_pk for each in devices.slot_members(desk)}, "a key that was exchanged"
    monkeypatch.setattr(vouching, "is_let_in", lambda *_: True)
    assert own in {each.ident_pk for each in devices.slot_members(desk)}, "the attack, without the defence"


class FakeRevoke:
    """Changes no keys, and notes whose it would have changed, and for whom."""

    def __init__(self, engine: Engine, during: Callable[[], None] = lambda: None) -> None:
        self.drive = engine.drive_session.pad_id
        self.done: list[bytes] = []
        self.for_whom: set[str] = set()
        self._during = during

    async def __call__(self, engine: Engine, pad_id: bytes, **_: object) -> None:
        if pad_id == self.drive:
            self.for_whom = {each.name for each in devices.slot_members(engine)}
            self._during()
        self.done.append(pad_id)


def test_a_device_that_writes_itself_back_is_out_all_the_same(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = desk_of(make_engine)
    fake = FakeRevoke(desk, lambda: devices.write(desk, PHONE, {"gone": 0}))
    monkeypatch.setattr(membership, "revoke", fake)
    asyncio.run(removing.remove(desk, "phone"))
    assert fake.for_whom == {"tablet"}
    assert {each.name for each in devices.slot_members(desk)} == {"tablet"}


@pytest.mark.parametrize("step", ["plan", "drive", "again", "first pad", "second pad", "relay away"])
async def test_a_removal_that_dies_goes_on_with_the_drive_first(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    desk = desk_of(make_engine)
    fake, calls = FakeRevoke(desk), 0

    async def revoke(engine: Engine, pad_id: bytes, **named: object) -> None:
        nonlocal calls
        calls += 1
        if step == "relay away":
            raise RelayUnreachable("away")
        if (step, calls) in (("drive", 1), ("first pad", 2), ("second pad", 3)):
            die()
        await fake(engine, pad_id, **named)

    with monkeypatch.context() as patch:
        patch.setattr(membership, "revoke", revoke)
        if step == "plan":
            patch.setattr(removing, "_write_plan", die)
        if step == "again":
            patch.setattr(removing, "_own_pads", die)
        with pytest.raises((KeyboardInterrupt, RelayUnreachable)):
            await removing.remove(desk, "phone")
    await desk.close()
    desk = make_engine("desk")
    if step == "plan":
        assert not owed.is_owed(desk)
        assert {each.name for each in devices.slot_members(desk)} == {"phone", "tablet"}
        return
    assert owed.is_owed(desk)
    monkeypatch.setattr(membership, "revoke", fake)
    await owed.see_to(desk)
    assert not owed.is_owed(desk)
    pads = {pad.pad_id for pad in desk.listing()}
    assert (set(fake.done) - {fake.drive}, fake.done[0]) == (pads, fake.drive)
    assert fake.for_whom == {"tablet"}


# -- another root


def places(engine: Engine) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {pad.title: (pad.path, pad.tags) for pad in engine.listing()}


@pytest.mark.parametrize("step", ["put_pad", "set_setting", "set_account_root"])
async def test_a_root_is_changed_wholly_or_not_at_all(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    desk = desk_of(make_engine)
    before, root, drive = places(desk), desk.vault.account_root, desk.drive_session.pad_id
    with monkeypatch.context() as patch:
        patch.setattr(Vault, step, die)
        with pytest.raises(KeyboardInterrupt):
            rotating.switch(desk, [])
    with suppress(BaseException):
        await desk.close()
    desk = make_engine("desk")
    assert (desk.vault.account_root, desk.drive_session.pad_id) == (root, drive)
    assert (places(desk), rotating.moving(desk)) == (before, None)


async def nowhere(self: Engine, pad_id: bytes, **_: object) -> SyncReport:
    return SyncReport(waiting=0, unreachable=False, alarms=(), notices=())


@pytest.mark.parametrize("step", ["create_pad", "trash", "end"])
async def test_what_follows_is_done_once_and_no_pad_is_ever_out_of_reach(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    desk = desk_of(make_engine, uploaded=False)
    before = places(desk)
    old, old_drive, root = (
        {pad.pad_id for pad in desk.listing()},
        desk.drive_session.pad_id,
        desk.vault.account_root,
    )
    rotating.switch(desk, [])
    await desk.close()
    desk = make_engine("desk")
    assert places(desk) == before, "all of it, before anything else is done"
    for record in (entry.record for entry in desk.drive.entries()):
        assert owner_key(record.secret).public
        own = desk.drive_session.view.map_value(ENTRIES_ROOT, f"{record.pad_id.hex()}/own")
        assert open_owner_root(desk.vault.account_root, record.pad_id, bytes_of(own)) == record.secret
        assert open_owner_root(root, record.pad_id, bytes_of(own)) is None
    monkeypatch.setattr(Engine, "sync_one", nowhere)

    async def destroy(engine: Engine, pad_id: bytes) -> None:
        assert pad_id == old_drive

    monkeypatch.setattr(membership, "destroy", destroy)
    with monkeypatch.context() as patch:
        if step == "end":
            patch.setattr(membership, "forget", die)
        elif step == "trash":
            patch.setattr(type(desk.drive), "trash", die)
        else:
            patch.setattr(creating, "create_pad", die)
        with pytest.raises(KeyboardInterrupt):
            await moving.go_on(desk)
    with suppress(BaseException):
        await desk.close()
    desk = make_engine("desk")
    assert places(desk) == before
    assert owed.is_owed(desk)
    done = await moving.go_on(desk)
    assert (done.is_done, owed.is_owed(desk)) == (True, False)
    assert places(desk) == before
    assert not {pad.pad_id for pad in desk.listing()} & old
    assert {pad.pad_id for pad in keeping.trashed(desk)} == old
    assert desk.vault.pad(old_drive) is None


async def test_a_device_turns_over_wholly_or_not_at_all_and_only_for_the_right_words(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = desk_of(make_engine, uploaded=False)
    own = devices.own_id(desk.vault) or ""
    line = next(each for each in devices.devices(desk) if each.id == own)
    devices.note_keys(desk)
    root, secret = desk.vault.account_root, desk.vault.setting(devices.OWN_ROOT)
    with monkeypatch.context() as patch:
        # What another machine of this account would do, and put here.
        patch.setattr(Vault, "set_account_root", lambda *_: None)
        patch.setattr(Vault, "set_setting", lambda *_: None)
        words = rotating.switch(desk, [line])
    assert desk.vault.setting(devices.OWN_ROOT) == secret
    with pytest.raises(coming_along.WrongWords):
        coming_along.follow(desk, words + " acorn")
    assert desk.vault.account_root == root
    with monkeypatch.context() as patch:
        patch.setattr(Vault, "set_account_root", die)
        with pytest.raises(KeyboardInterrupt):
            coming_along.follow(desk, words)
    assert (desk.vault.setting("drive"), coming_along.is_owed(desk)) == (
        desk.drive_session.pad_id.hex(),
        False,
    )
    coming_along.follow(desk, words)
    await desk.close()
    desk = make_engine("desk")
    assert desk.vault.account_root != root
    assert coming_along.is_owed(desk)
