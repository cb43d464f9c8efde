"""Another root for the account, with real vaults and a real relay: what comes along, what begins anew."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto.keys import EditKeys, Role, edit_seed_of, identity_of, pseudonym_of
from cryptpad_tui.engine import (
    Engine,
    coming_along,
    creating,
    devices,
    keeping,
    keyrings,
    kits,
    membership,
    moving,
    rotating,
)
from cryptpad_tui.engine.coming_along import NoWord, WrongWords
from cryptpad_tui.pad.flows_epoch import Kept, Plan, make_epoch
from cryptpad_tui.people.identity import mailbox_key_of
from cryptpad_tui.vault.vault import Vault
from support.relay import RelayProcess
from support.sessions import MakeEngine, append

from .conftest import PASSPHRASE
from .test_limited import let_in, text_of

MakeDevice = Callable[[Engine, str], Engine]


@pytest.fixture
def second(tmp_path: Path, make_engine: MakeEngine) -> MakeDevice:
    def make(of: Engine, name: str) -> Engine:
        vault, _ = Vault.create(
            tmp_path / name,
            PASSPHRASE,
            name=of.name(),
            relay_url=of.relay_url(),
            kdf_memory_mib=64,
            account_root=of.vault.account_root,
        )
        vault.set_setting(devices.OWN_NAME, name)
        vault.close()
        return make_engine(name)

    return make


async def rotated(engine: Engine, make_engine: MakeEngine, name: str, *keep: str) -> tuple[Engine, str]:
    """The step alone, and the vault opened again."""
    lines = [devices.find(engine, each) for each in keep]
    await rotating.ready(engine, lines)
    words = rotating.switch(engine, lines)
    await engine.close()
    return make_engine(name), words


async def test_the_account_gets_another_root_and_devices_come_along(
    relay: RelayProcess, make_engine: MakeEngine, second: MakeDevice, tmp_path: Path
) -> None:
    desk = make_engine("desk", relay_url=relay.url)
    plan = desk.create_pad("Plan", text="one\n", folder="Work/Notes")
    keeping.tag(desk, plan.pad_id, add=["urgent"])
    shared = desk.create_pad("Ours", text="ours\n")
    await desk.sync()
    ben = make_engine("Ben", relay_url=relay.url)
    theirs = ben.create_pad("Theirs", text="Ben's\n")
    await desk.join(await ben.make_link(theirs.pad_id, view=False))
    await ben.join(await desk.make_link(shared.pad_id, view=False))
    for engine, pad in ((ben, shared), (desk, theirs)):
        with engine.borrowed(pad.pad_id) as session:
            append(session, "both\n")
        await engine.sync()
    await desk.sync()
    await ben.sync()
    membership.keep(
        ben, theirs.pad_id, pseudonym_of(desk.vault.account_root, theirs.pad_id).public, role=Role.EDIT
    )
    lap, thief = second(desk, "lap"), second(desk, "thief")
    for engine in (lap, thief):
        await engine.sync()
    phone = await let_in(tmp_path, make_engine, desk, "phone")
    kits.note_made(desk)
    before, old_drive = desk.vault.account_root, desk.drive_session.pad_id
    lap.create_pad("Made offline", text="on the train\n", folder="Trip")

    desk, words = await rotated(desk, make_engine, "desk", "lap", "phone")
    assert desk.vault.account_root != before
    assert {pad.title for pad in desk.listing()} == {"Plan", "Ours", "Theirs"}
    assert kits.is_due(desk)
    done = await moving.go_on(desk)
    assert (done.anew, done.stay, done.is_done) == (1, ["Ours"], False)
    found = desk.find("Work/Notes/Plan")
    assert (found.pad_id != plan.pad_id, found.tags) == (True, ("urgent",))

    for engine, name in ((lap, "lap"), (phone, "phone")):
        report = await engine.sync()
        assert any("device follow" in line for line in report.notices), name
        with pytest.raises(WrongWords):
            coming_along.follow(engine, "acorn acorn acorn acorn")
        coming_along.follow(engine, words.upper())
        await engine.close()
    lap, phone = make_engine("lap"), make_engine("phone")
    for engine in (lap, phone):
        assert await coming_along.go_on(engine)
        assert not (await engine.sync()).alarms
    done = await moving.go_on(desk)
    assert done.is_done
    await desk.sync()
    titles = {"Plan", "Ours", "Theirs", "Made offline"}
    for engine in (desk, lap, phone):
        await engine.sync()
        assert {pad.title for pad in engine.listing()} == titles
        assert text_of(engine, "Work/Notes/Plan") == "one\n"
    with phone.borrowed(phone.find("Plan").pad_id) as session:
        append(session, "two\n")
    await phone.sync()
    await lap.sync()
    assert text_of(lap, "Plan") == "one\ntwo\n"
    assert {line.name: line.holds for line in devices.devices(lap)}["phone"] == "pads"

    late = second(desk, "late")
    await late.sync()
    assert keyrings.former_roots(late) == [before], "who comes later is known to others as before, too"
    assert text_of(late, "Work/Notes/Plan") == "one\ntwo\n"
    with pytest.raises(rotating.JustDone):
        rotating.require_not_just_done(desk)

    report = await thief.sync()
    assert any("deleted" in line for line in report.notices)
    assert "two" not in text_of(thief, "Plan")
    with pytest.raises(NoWord):
        coming_along.follow(thief, words)
    assert desk.vault.pad(old_drive) is None

    await membership.revoke(ben, theirs.pad_id)
    for engine in (desk, ben):
        assert not (await engine.sync()).alarms
    with ben.borrowed(theirs.pad_id) as session:
        append(session, "after\n")
    await ben.sync()
    await desk.sync()
    assert "after" in text_of(desk, "Theirs"), "the owner's list knows the root of before"


def by_pseudonym(root: bytes, pad_id: bytes) -> Kept:
    return Kept(pseudonym_of(root, pad_id).public, Role.EDIT)


def by_identity(root: bytes, pad_id: bytes) -> Kept:
    return Kept(identity_of(root).public, Role.EDIT)


def by_card(root: bytes, pad_id: bytes) -> Kept:
    return Kept(identity_of(root).public, Role.EDIT, mailbox_key_of(root).public)


@pytest.mark.parametrize("known", [by_pseudonym, by_identity, by_card])
def test_a_slot_that_is_sealed_to_the_account_of_before_opens(
    make_engine: MakeEngine, known: Callable[[bytes, bytes], Kept]
) -> None:
    """By whichever key a pad's owner knows this person, until they hear of the account's other root."""
    desk, root, owner_root = make_engine("desk"), bytes(range(32)), bytes([7]) * 32
    theirs = creating.new_record(desk, PadKind.TEXT, owner_root)
    desk.vault.put_pad(theirs)
    replica = desk.open_pads.make(theirs).replica
    plan = Plan((known(root, theirs.pad_id),))
    epoch = make_epoch(replica, owner_root, plan, theirs.pad_id, bytes(32), rng=desk.rng)
    mine = replace(theirs, role="edit", secret=edit_seed_of(owner_root, 0))
    assert keyrings.ring_of(desk, mine).find(epoch) is None
    desk.vault.set_setting(keyrings.FORMER_ROOTS, json.dumps([root.hex()]))
    assert isinstance(keyrings.ring_of(desk, mine).find(epoch), EditKeys)
