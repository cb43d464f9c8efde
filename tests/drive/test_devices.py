"""Two or three devices do opposite things to one drive while apart, come back, and show the same."""

from __future__ import annotations

import contextlib
from itertools import pairwise, product

import pytest
from drive.devices import Device, exchange, pad_record
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptpad_tui.crdt.kinds import ENTRIES_ROOT
from cryptpad_tui.drive.errors import DriveError, IntoItself, TooDeep
from cryptpad_tui.drive.tree import MAX_DEPTH, TOP, Tree, folder_id_of

PADS = [pad_record(number) for number in (1, 2, 3)]
NAMES = ("A", "B", "C", "D")


def devices(count: int) -> list[Device]:
    made = [Device(number) for number in range(count)]
    for record in PADS:
        made[0].drive.put(record)
    for name in NAMES:
        made[0].drive.make_folders(name)
    exchange(made)
    return made


def folder(device: Device, path: str) -> str:
    (found,) = device.drive.tree().at(path)
    return found.id


def test_a_folder_moved_under_itself_by_two_devices_makes_no_cycle() -> None:
    one, two = devices(2)
    one.drive.move_folder(folder(one, "A"), folder(one, "B"))
    two.drive.move_folder(folder(two, "B"), folder(two, "A"))
    one.drive.move_pad(PADS[0].pad_id, folder(one, "B/A"))
    exchange([one, two])
    assert one.shown() == two.shown()
    tree = one.drive.tree()
    assert len(tree.broken) == 1
    assert sorted(tree.path(each) for each in tree.folders) in (
        ["A", "A/B", "C", "D"],
        ["B", "B/A", "C", "D"],
    )
    assert tree.path(tree.folder_of(PADS[0].pad_id.hex())).endswith("A")


def test_a_move_after_a_broken_cycle_moves_nothing_else() -> None:
    one, two = devices(2)
    one.drive.move_folder(folder(one, "A"), folder(one, "B"))
    two.drive.move_folder(folder(two, "B"), folder(two, "A"))
    exchange([one, two])
    tree = one.drive.tree()
    outer, inner = sorted((folder_id_of("A"), folder_id_of("B")), key=tree.depth)
    one.drive.move_folder(inner, folder(one, "C"))
    exchange([one, two])
    for device in (one, two):
        assert device.drive.tree().folders[outer].parent == TOP
        assert device.drive.tree().folders[inner].parent == folder_id_of("C")
        assert device.drive.tree().broken == {}


def test_two_devices_that_make_the_same_folder_make_one() -> None:
    one, two = devices(2)
    for device, record in ((one, PADS[0]), (two, PADS[1])):
        device.drive.set_folder(record.pad_id, "Work/Notes")
    exchange([one, two])
    assert one.shown() == two.shown()
    assert len(one.drive.tree().at("Work/Notes")) == 1


def test_a_name_that_a_folder_had_once_is_free_again() -> None:
    (one,) = devices(1)
    one.drive.rename_folder(folder(one, "A"), "Other")
    made = one.drive.make_folders("A/Inside")
    tree = one.drive.tree()
    assert tree.path(made) == "A/Inside"
    assert sorted(each.name for each in tree.children(TOP)) == ["A", "B", "C", "D", "Other"]


def test_a_rename_and_a_move_of_one_folder_both_hold_and_are_one_write_each() -> None:
    one, two = devices(2)
    one.drive.rename_folder(folder(one, "A"), "Renamed")
    two.drive.move_folder(folder(two, "A"), folder(two, "B"))
    assert (len(one.view.take_updates()), len(two.view.take_updates())) == (1, 1)


def test_tags_of_two_devices_both_stay() -> None:
    one, two = devices(2)
    pad = PADS[0].pad_id
    one.drive.tag(pad, ["old"], [])
    exchange([one, two])
    one.drive.tag(pad, ["red"], ["old"])
    two.drive.tag(pad, ["blue"], [])
    exchange([one, two])
    assert one.drive.tree().placed(pad.hex()).tags == ("blue", "red")
    assert one.shown() == two.shown()


def test_a_pad_restored_while_another_device_empties_the_trash_is_kept() -> None:
    for first in (0, 1):
        pair = devices(2)
        pad = PADS[0].pad_id
        pair[0].drive.trash(pad, 5)
        exchange(pair)
        pair[first].drive.set_removed(pad)
        pair[1 - first].drive.restore(pad)
        exchange(pair)
        assert next(pair[0].drive.entries()).record == PADS[0]
        assert pair[0].drive.tree().trashed_ms(pad.hex()) == 0


def test_a_pad_moved_into_a_folder_that_is_forgotten_meanwhile_is_at_the_top() -> None:
    one, two = devices(2)
    one.drive.forget_folder(folder(one, "A"))
    two.drive.move_pad(PADS[0].pad_id, folder(two, "A"))
    exchange([one, two])
    assert one.drive.tree().folder_of(PADS[0].pad_id.hex()) == TOP
    assert one.shown() == two.shown()


def test_a_folder_goes_neither_into_itself_nor_too_deep() -> None:
    (one,) = devices(1)
    one.drive.move_folder(folder(one, "A"), folder(one, "B"))
    for into in ("B", "B/A"):
        with pytest.raises(IntoItself):
            one.drive.move_folder(folder(one, "B"), folder(one, into))
    deep = one.drive.make_folders("/".join("x" * MAX_DEPTH))
    with pytest.raises(TooDeep):
        one.drive.make_folders("/".join("x" * (MAX_DEPTH + 1)))
    with pytest.raises(TooDeep):
        one.drive.move_folder(folder(one, "C"), deep)


# -- drives of the first version: a folder is a path in each of its pads


def old_drive(number: int) -> Device:
    device = Device(number)
    for record, path in zip(PADS, ("Work/Notes", "Work", ""), strict=True):
        device.drive.put(record)
        device.view.set_map(ENTRIES_ROOT, f"{record.pad_id.hex()}/folder", path)
    return Device(number, device.view.encode())


def paths(device: Device) -> list[str]:
    tree = device.drive.tree()
    return [tree.path(tree.folder_of(record.pad_id.hex())) for record in PADS]


def test_an_old_drive_shows_its_folders_and_needs_no_write() -> None:
    device = old_drive(0)
    assert paths(device) == ["Work/Notes", "Work", ""]
    assert device.view.take_updates() == []


def test_folders_of_an_old_drive_can_be_renamed_and_stay_when_their_pads_go() -> None:
    device = old_drive(0)
    device.drive.rename_folder(folder(device, "Work"), "Job")
    assert paths(device) == ["Job/Notes", "Job", ""]
    device.drive.move_pad(PADS[0].pad_id, TOP)
    device.drive.move_pad(PADS[1].pad_id, TOP)
    tree = device.drive.tree()
    assert sorted(tree.path(each) for each in tree.folders) == ["Job", "Job/Notes"]


# -- everything at once

step = st.tuples(st.integers(0, 2), st.integers(0, 9), st.integers(0, 6), st.integers(0, 6), st.booleans())


def do(device: Device, what: int, a: int, b: int) -> None:
    drive = device.drive
    ids = sorted(drive.tree().folders)
    one, other, pad = ids[a % len(ids)], ids[b % len(ids)], PADS[a % 3].pad_id
    match what:
        case 0 | 1:
            drive.move_folder(one, other)
        case 2:
            drive.rename_folder(one, f"N{b}")
        case 3:
            drive.make_folders(f"{NAMES[a % 4]}/{NAMES[b % 4]}")
        case 4:
            drive.move_pad(pad, other)
        case 5:
            drive.tag(pad, [f"t{b % 3}"], [f"t{(b + 1) % 3}"])
        case 6:
            drive.trash_folder(one, b)
        case 7:
            drive.trash(pad, b + 1)
        case 8:
            drive.restore(pad)
        case _:
            drive.set_name(pad, f"title {b}")


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(step, max_size=25))
def test_devices_agree_and_nothing_is_lost_whatever_they_do(
    steps: list[tuple[int, int, int, int, bool]],
) -> None:
    three = devices(3)
    made = set(three[0].drive.tree().folders)
    for number, what, a, b, together in steps:
        with contextlib.suppress(DriveError):
            do(three[number], what, a, b)
        made |= set(three[number].drive.tree().folders)
        if together:
            exchange(three)
    exchange(three)
    first = three[0].shown()
    assert all(device.shown() == first for device in three)
    tree = three[0].drive.tree()
    assert set(tree.folders) == made
    assert all(device.mirror.folders().folders == tree.folders for device in three)
    assert all(tree.depth(each) <= MAX_DEPTH and tree.path(each) for each in made)
    assert [entry.record for entry in three[0].drive.entries()] == PADS
    again = Device(9, three[1].view.encode())
    assert again.shown() == first
    assert Tree(three[2].table.drive_fields()).folders == tree.folders


@settings(deadline=None, derandomize=True, max_examples=80)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 8)), max_size=12))
def test_any_parents_whatever_lead_to_the_top(links: list[tuple[int, int]]) -> None:
    fields = {f"{child:032x}": (f"{child:032x}", "parent", f"{parent:032x}") for child, parent in links}
    named = [(f"{each:032x}", "name", f"n{each}") for each in range(8)]
    tree = Tree([*fields.values(), *named])
    assert Tree([*reversed(named), *reversed(fields.values())]).folders == tree.folders
    seen = [each for parent in (TOP, *tree.folders) for each in tree.children(parent)]
    assert len(seen) == len(tree.folders) == 8


def test_a_chain_that_is_too_deep_is_cut_and_all_of_it_shown() -> None:
    ids = [f"{n:032x}" for n in range(1_000)]
    fields = [(each, "name", "n") for each in ids]
    fields += [(each, "parent", above) for above, each in pairwise(ids)]
    tree = Tree(fields)
    assert max(map(tree.depth, ids)) == MAX_DEPTH
    assert len(tree.below(TOP)) == 1 + len(ids)


@pytest.mark.parametrize("value", [None, True, -1, 1e300, float("nan"), b"x", [], {}, "x" * 9])
def test_values_that_no_client_writes_break_nothing(value: object) -> None:
    names = ("name", "folder", "in", "trashed", "template", "path", "parent", "tag:x")
    for entry, name in product(("a" * 64, "b" * 32, "odd"), names):
        tree = Tree([(entry, name, value)])
        assert tree.path(tree.folder_of("a" * 64)) in ("", "x" * 9)
