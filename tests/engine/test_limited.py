"""A limited device, with real vaults and a real relay: what it can do, what it cannot, how it is cut off."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

import pytest

from cryptpad_relay.protocol.owner_records import EpochRecord, parse_record
from cryptpad_tui.crypto.keys import Role, owner_key
from cryptpad_tui.engine import Engine, SyncWord, codes, devices, enrolling, membership, removing
from cryptpad_tui.engine.limited import LimitedDevice
from cryptpad_tui.pad import flows_epoch
from cryptpad_tui.pad.alarms import Alarm
from cryptpad_tui.pad.codes import Code
from cryptpad_tui.vault.vault import Vault
from support.relay import RelayProcess
from support.sessions import MakeEngine, append, until

from .conftest import PASSPHRASE


async def let_in(tmp_path: Path, make_engine: MakeEngine, of: Engine, name: str) -> Engine:
    """Another home, let in by a code as a limited device."""
    shown: asyncio.Queue[Code] = asyncio.Queue()
    giving = asyncio.create_task(enrolling.give_limited(of, show=shown.put_nowait, wait_s=30))
    url = of.relay_url()
    assert url is not None
    taken = await enrolling.take_device(url, await shown.get())
    await giving
    assert isinstance(taken, enrolling.LetIn)
    vault, _ = Vault.create(
        tmp_path / name, PASSPHRASE, name="Anna", relay_url=url, kdf_memory_mib=64, fill=taken.fill
    )
    vault.set_setting(devices.OWN_NAME, name)
    vault.close()
    phone = make_engine(name)
    await phone.sync()
    await of.sync()
    return phone


def text_of(engine: Engine, title: str) -> str:
    with engine.borrowed(engine.find(title).pad_id) as session:
        return session.view.text()


async def test_a_limited_device_reads_writes_and_makes_pads_and_owns_none(
    relay: RelayProcess, make_engine: MakeEngine, tmp_path: Path
) -> None:
    desk = make_engine("desk", relay_url=relay.url)
    plan = desk.create_pad("Plan", text="one\n", folder="Work")
    root = desk.vault.pad(plan.pad_id).secret  # type: ignore[union-attr]
    await desk.sync()
    phone = await let_in(tmp_path, make_engine, desk, "phone")
    assert phone.find("Work/Plan").role == "edit"
    with phone.borrowed(plan.pad_id) as session:
        append(session, "two\n")
    made = phone.create_pad("From the phone", text="hello\n")
    assert not (await phone.sync()).waiting
    await desk.sync()
    assert text_of(desk, "Plan") == "one\ntwo\n"
    record = desk.vault.pad(made.pad_id)
    assert record is not None
    assert record.role == "owner"
    assert owner_key(record.secret).public == desk.open_pad(made.pad_id).replica.genesis.owner_pk
    assert base64.b64encode(phone.vault.pad(plan.pad_id).secret) in everything_in(phone)  # type: ignore[union-attr]
    for secret in (root, record.secret, desk.vault.account_root):
        assert secret not in everything_in(phone)
    for work in (membership.destroy, membership.revoke):
        with pytest.raises(LimitedDevice):
            await work(phone, plan.pad_id)
    with pytest.raises(LimitedDevice):
        await codes.give_account(phone, show=lambda code: None)
    with pytest.raises(LimitedDevice):
        await enrolling.give_limited(phone, show=lambda code: None)
    with pytest.raises(LimitedDevice):
        await removing.remove(phone, "desk")
    lines = {line.name: (line.holds, line.came) for line in devices.devices(desk)}
    assert lines["phone"] == ("pads", True)


def everything_in(engine: Engine) -> bytes:
    """Each value of each row of a vault, and what its drive says."""
    database = engine.vault._database
    tables = [row[0] for row in database.rows("SELECT name FROM sqlite_master WHERE type='table'")]
    rows = [row for name in tables for row in database.rows(f"SELECT * FROM {name}")]
    drive = str(engine.drive_session.view.map_items("entries")).encode() + engine.drive_session.view.encode()
    values = [v if isinstance(v, bytes) else str(v).encode() for row in rows for v in row]
    return b"|".join([*values, drive])


def with_the_relays_help(desk: Engine, phone: Engine, tablet: Engine) -> None:
    """T15, T17: the relay shows the removed device everything, and takes what it signs by its old keys."""
    replica, theirs = desk.drive_session.replica, phone.drive_session.replica
    record = parse_record(replica.stored_entry(replica.fold.mark.n) or b"")
    assert isinstance(record, EpochRecord)
    assert theirs.ring.find(record) is None
    assert tablet.drive_session.replica.ring.find(record) is not None
    kept = tuple(
        [flows_epoch.Kept(each.key, Role.EDIT) for each in devices.devices(desk, gone=True) if each.key]
    )
    careless = flows_epoch.make_epoch(
        replica,
        desk.drive_session.record.secret,
        flows_epoch.Plan(kept),
        record.entry_id,
        bytes(32),
        rng=desk.rng,
    )
    assert theirs.ring.find(careless) is not None, "the attack, where nobody is left out"
    phone.drive_session.seal()
    row = theirs.store.outbox()[0]
    head = replica.fold.heads_after([row.entry])[0]
    _, problem = replica.fold_entries(replica.fold.n + 1, [row.entry], head)
    assert isinstance(problem, Alarm)


async def test_pads_whose_keys_change_stay_open_on_a_limited_device(
    relay: RelayProcess, make_engine: MakeEngine, tmp_path: Path
) -> None:
    desk = make_engine("desk", relay_url=relay.url)
    plan = desk.create_pad("Plan", text="one\n")
    await desk.sync()
    phone = await let_in(tmp_path, make_engine, desk, "phone")
    await phone.start()
    session = phone.open_pad(plan.pad_id)
    await until(lambda: session.attached_here)
    await membership.revoke(desk, plan.pad_id)
    with desk.borrowed(plan.pad_id) as hers:
        append(hers, "two\n")
    await desk.sync()
    await until(lambda: session.view.text() == "one\ntwo\n", within_s=15)
    append(session, "three\n")
    await until(lambda: not session.waiting and session.status().word is SyncWord.SYNCED, within_s=15)


async def test_a_removed_device_gets_nothing_new_and_the_others_lose_nothing(
    relay: RelayProcess, make_engine: MakeEngine, tmp_path: Path
) -> None:
    desk = make_engine("desk", relay_url=relay.url)
    plan = desk.create_pad("Plan", text="one\n")
    await desk.sync()
    phone = await let_in(tmp_path, make_engine, desk, "phone")
    tablet = await let_in(tmp_path, make_engine, desk, "tablet")
    with tablet.borrowed(plan.pad_id) as session:
        append(session, "tablet, unsent\n")
    tablet.create_pad("Made offline", text="x")
    assert removing.reach(desk) == removing.Reach(own=1, others=0)
    done = await removing.remove(desk, "phone")
    assert (done.line.name, done.left, removing.is_owed(desk)) == ("phone", 0, False)
    desk.create_pad("Later", text="secret plans\n")
    with desk.borrowed(plan.pad_id) as session:
        append(session, "after\n")
    await desk.sync()

    report = await phone.sync()
    assert any("taken out of its account" in line for line in report.notices)
    assert [pad.title for pad in phone.listing()] == ["Plan"]
    assert text_of(phone, "Plan") == "one\n"
    phone.create_pad("Of the thief", text="x")
    with phone.borrowed(plan.pad_id) as session:
        append(session, "thief\n")
    assert (await phone.sync()).waiting
    with_the_relays_help(desk, phone, tablet)

    for engine in (tablet, desk, tablet):
        report = await engine.sync()
        assert (report.waiting, report.alarms) == (0, ())
    for engine in (tablet, desk):
        assert {pad.title for pad in engine.listing()} == {"Plan", "Later", "Made offline"}
        assert "thief" not in text_of(engine, "Plan")
        assert text_of(engine, "Plan").count("tablet, unsent") == 1
    assert [each.name for each in devices.devices(desk) if each.holds == "pads"] == ["tablet"]
