"""One person's drive on several devices: the same and live on each, whatever order things come in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cryptpad_relay.data_dir import load_keys
from cryptpad_relay.protocol import chain
from cryptpad_tui.crdt.kinds import ENTRIES_ROOT, PadKind
from cryptpad_tui.crypto.keys import edit_seed_of
from cryptpad_tui.drive.drive import Drive
from cryptpad_tui.drive.entry_fields import FIELDS
from cryptpad_tui.drive.mirror import Mirror
from cryptpad_tui.engine import Engine, bringing, creating, keeping, syncing
from cryptpad_tui.engine import engine as engine_module
from cryptpad_tui.engine.drive_sync import ADOPTED
from cryptpad_tui.engine.records import fits
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.evidence import head_piece
from support.relay import RelayProcess
from support.sessions import MakeEngine, append, until

MakeDevice = Callable[[Engine, str], Engine]


def shown(engine: Engine) -> dict[str, object]:
    """What a person sees of the drive."""
    tree = keeping.tree_of(engine)
    pads = {pad.pad_id: (pad.path, pad.tags, bool(pad.trashed_ms)) for pad in keeping.read_listing(engine)}
    folders = {tree.path(each) for each in tree.folders if not tree.is_in_trash(each)}
    return {"pads": pads, "folders": folders}


async def test_a_pad_of_one_device_opens_on_the_other_with_its_keys(
    relay: RelayProcess, make_engine: MakeEngine, second: MakeDevice
) -> None:
    desk = make_engine("desk", relay_url=relay.url)
    line = desk.create_pad("Plan", text="one\n", folder="Work/Notes")
    keeping.tag(desk, line.pad_id, add=["urgent"])
    assert not (await desk.sync()).waiting
    lap = second(desk, "lap")
    report = await lap.sync()
    assert (report.waiting, report.alarms, report.unreachable) == (0, (), False)
    found = lap.find("Work/Notes/Plan")
    assert (found.role, found.tags) == ("owner", ("urgent",))
    with lap.borrowed(found.pad_id) as session:
        append(session, "two\n")
    assert not (await lap.sync()).waiting
    await desk.sync()
    with desk.borrowed(line.pad_id) as session:
        assert session.view.text() == "one\ntwo\n"
    assert [pad.kind for pad in desk.listing()] == [PadKind.TEXT]
    assert shown(desk) == shown(lap)


async def test_the_drive_is_live_on_both(
    relay: RelayProcess, make_engine: MakeEngine, second: MakeDevice
) -> None:
    desk = make_engine("desk", relay_url=relay.url)
    await desk.sync()
    lap = second(desk, "lap")
    await desk.start()
    await lap.start()
    await until(lambda: desk.has_drive_open and lap.has_drive_open)
    line = desk.create_pad("Letters", text="Dear reader\n", folder="Post")
    await until(lambda: [pad.path for pad in lap.listing()] == ["Post/Letters"])
    keeping.trash(lap, line.pad_id)
    await until(lambda: not desk.listing())
    keeping.empty_trash(lap)
    await until(lambda: desk.vault.pad(line.pad_id) is None)


async def test_opposite_things_done_offline_end_in_one_drive(
    relay: RelayProcess, make_engine: MakeEngine, second: MakeDevice
) -> None:
    desk = make_engine("desk", relay_url=relay.url)
    plan, diary = (desk.create_pad(name, text=name, folder="A/B") for name in ("Plan", "Diary"))
    keeping.make_folder(desk, "C/D")
    await desk.sync()
    lap = second(desk, "lap")
    await lap.sync()
    relay.stop()
    a, c = (keeping.folder_at(desk, name) for name in ("A", "C"))
    keeping.move_folder(desk, a, c)
    keeping.move_folder(lap, c, a)
    for engine, folder, tag, title in ((desk, "Left", "left", "Plan A"), (lap, "Right", "right", "Plan B")):
        keeping.move_pad(engine, plan.pad_id, keeping.make_folder(engine, folder))
        keeping.tag(engine, plan.pad_id, add=[tag])
        engine.rename(plan.pad_id, title)
    keeping.trash(desk, diary.pad_id)
    keeping.empty_trash(desk)
    with lap.borrowed(diary.pad_id) as session:
        append(session, " goes on")
    keeping.tag(lap, diary.pad_id, add=["keep"])
    relay.start()
    for engine in (desk, lap, desk, lap):
        assert not (await engine.sync()).waiting
    assert shown(desk) == shown(lap)
    [line] = desk.listing()
    assert (line.pad_id, line.tags) == (plan.pad_id, ("left", "right"))
    assert line.path in ("Left/Plan A", "Left/Plan B", "Right/Plan A", "Right/Plan B")
    folders = {folder.name for folder in keeping.tree_of(desk).folders.values()}
    assert folders == {"A", "B", "C", "D", "Left", "Right"}


async def test_pads_are_sent_a_few_at_a_time_however_many_wait(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = make_engine("Anna")
    pads = [anna.create_pad(f"Pad {number}", text="x").pad_id for number in range(12)]
    anna.set_relay(relay.url)
    monkeypatch.setattr(engine_module, "SENT_AT_START", 3)
    monkeypatch.setattr(syncing, "WAVE", 3)
    most = 0

    def all_sent() -> bool:
        nonlocal most
        most = max(most, sum(1 for _ in anna.open_pads))
        return all(record.uploaded for record in anna.vault.pads())

    await anna.start()
    await until(all_sent)
    assert most <= 3 + bringing.AT_ONCE + 1
    window = make_engine("Anna")
    opened = []
    monkeypatch.setattr(window, "open_pad", lambda pad_id, open_pad=window.open_pad: (
        opened.append(len(list(window.open_pads))), open_pad(pad_id))[1])  # fmt: skip
    for pad_id in pads:
        with window.borrowed(pad_id) as session:
            append(session, "y")
    opened.clear()
    report = await window.sync()
    assert (report.waiting, report.unreachable) == (0, False)
    assert (len(opened) >= len(pads), max(opened) <= 4) == (True, True)


async def test_without_a_relay_the_drive_stays_here(
    relay: RelayProcess, make_engine: MakeEngine, second: MakeDevice
) -> None:
    desk = make_engine("desk")
    desk.create_pad("Mine", text="x")
    report = await desk.sync()
    assert not report.unreachable
    assert desk.drive_session.replica.fold.n == 0
    desk.set_relay(relay.url)
    await desk.sync()
    assert desk.drive_session.replica.fold.n > 0


async def test_what_came_before_a_death_is_in_the_lists_of_the_next_process(
    relay: RelayProcess, make_engine: MakeEngine, second: MakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make_engine("desk", relay_url=relay.url)
    await desk.sync()
    lap = second(desk, "lap")
    await lap.sync()
    line = desk.create_pad("Late", text="x", folder="New")
    await desk.sync()
    monkeypatch.setattr(lap.drive_sync, "soon", lambda: None)
    monkeypatch.setattr(lap.drive, "save_mirror", lambda: None)
    await lap.sync()
    assert lap.vault.pad(line.pad_id) is None
    await lap.close()
    again = make_engine("lap")
    assert again.vault.setting(ADOPTED) != str(again.drive_session.replica.fold.n)
    await again.sync()
    assert again.listing_of(line.pad_id).path == "New/Late"


async def test_a_drive_of_an_earlier_version_moves_to_where_other_devices_look(
    relay: RelayProcess, make_engine: MakeEngine, second: MakeDevice
) -> None:
    desk = make_engine("desk")
    root, old = desk.vault.account_root, creating.new_record(desk, PadKind.DRIVE, bytes(32))
    desk.vault.put_pad(old)
    desk.vault.set_setting("drive", old.pad_id.hex())
    # As an earlier version did it: without looking where the account leads.
    session = desk.open_pads.make(old)
    drive = Drive(session.view, Mirror(session.view, desk.vault), rng=desk.rng)
    pad = creating.new_record(desk, PadKind.TEXT, bytes([1]) * 32)
    desk.vault.put_pad(pad)
    drive.put(pad)
    session.replica.store.append_journal(bytes(32), session.view.take_updates())
    await desk.close()
    desk = make_engine("desk")
    assert [entry.record.pad_id for entry in desk.drive.entries()] == [pad.pad_id]
    assert desk.drive_session.pad_id == creating.drive_genesis(root).pad_id
    assert desk.vault.pad(old.pad_id) is None
    await desk.close()
    again = make_engine("desk")
    assert [entry.record.pad_id for entry in again.drive.entries()] == [pad.pad_id]


async def test_an_entry_that_is_no_pads_keeps_no_other_from_coming(
    relay: RelayProcess, make_engine: MakeEngine, second: MakeDevice
) -> None:
    desk = make_engine("desk", relay_url=relay.url)
    await desk.sync()
    lap = second(desk, "lap")
    await lap.sync()
    good = lap.create_pad("Good", text="x")
    fields = {
        name: lap.drive_session.view.map_value(ENTRIES_ROOT, f"{good.pad_id.hex()}/{name}") for name in FIELDS
    }
    for entry, changed in {
        "g" * 64: {},
        "A" * 64: {},
        "a" * 64: {"epoch": -1},
        "b" * 64: {"kind": "none"},
        "c" * 64: {"role": ["owner"]},
        "d" * 64: {"secret": "AAAA"},
    }.items():
        written = {f"{entry}/{name}": value for name, value in {**fields, **changed}.items()}
        lap.drive_session.view.set_maps(ENTRIES_ROOT, written)
    lap.drive_session.flush()
    assert not (await lap.sync()).waiting
    await desk.sync()
    assert desk.find("Good").pad_id == good.pad_id
    assert [entry.record.pad_id for entry in desk.drive.entries()] == [good.pad_id]


@pytest.mark.parametrize("spoilt", ["owner", "kind", "genesis", "seed"])
def test_keys_that_are_not_a_pads_are_not_taken(make_engine: MakeEngine, spoilt: str) -> None:
    """Fields of two devices may be mixed, and a word of one may be a mistake."""
    desk = make_engine("desk")
    own = creating.new_record(desk, PadKind.TEXT, bytes(32))
    edit = replace(own, role="edit", secret=edit_seed_of(own.secret, 0))
    assert fits(own)
    assert fits(edit)
    wrong = {
        "owner": replace(own, secret=bytes([1]) * 32),
        "kind": replace(edit, kind=int(PadKind.RICHTEXT)),
        "genesis": replace(own, genesis=own.genesis[:-1]),
        "seed": replace(edit, role="view"),
    }
    assert not fits(wrong[spoilt])


async def test_what_waits_here_is_sent_before_a_removed_pad_is_let_go(
    relay: RelayProcess, make_engine: MakeEngine, second: MakeDevice
) -> None:
    desk = make_engine("desk", relay_url=relay.url)
    line = desk.create_pad("Plan", text="one\n")
    link = await desk.make_link(line.pad_id, view=False)
    await desk.sync()
    lap = second(desk, "lap")
    await lap.sync()
    with lap.borrowed(line.pad_id) as session:
        append(session, "written on the train\n")
    desk.remove(line.pad_id)
    await desk.sync()
    await lap.sync()
    assert lap.vault.pad(line.pad_id) is None
    boris = make_engine("Boris")
    await boris.join(link)
    with boris.borrowed(line.pad_id) as session:
        assert "written on the train" in session.view.text()


async def test_a_relay_that_contradicts_itself_about_the_drive_stops_nobody_from_writing(
    relay: RelayProcess, make_engine: MakeEngine, second: MakeDevice
) -> None:
    desk = make_engine("desk", relay_url=relay.url)
    desk.create_pad("Plan")
    await desk.sync()
    keys = load_keys(relay.data)
    heads = [
        chain.sign_head(keys.seed, desk.drive_session.pad_id, 5, bytes([i]) * 32, 7, bytes(16))
        for i in (1, 2)
    ]
    alarm = Alarm(AlarmCode.EQUIVOCATION_RELAY, "test", evidence=[head_piece(head) for head in heads])
    desk.drive_session.raise_alarm(alarm)
    assert desk.drive_session.halted
    late = desk.create_pad("Made all the same", text="x")
    report = await desk.sync()
    assert [each.code for each in report.alarms] == ["EQUIVOCATION_RELAY"]
    lap = second(desk, "lap")
    await lap.sync()
    assert lap.vault.pad(late.pad_id) is None
    assert desk.dismiss_alarms(desk.drive_session.pad_id) == 1
    await desk.sync()
    await lap.sync()
    assert lap.listing_of(late.pad_id).title == "Made all the same"
