"""The few rows beside pads and folders are always what the whole map says, whatever came in between."""

from __future__ import annotations

from drive.devices import Device, exchange, pad_record
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptpad_tui.crdt.kinds import ENTRIES_ROOT
from cryptpad_tui.drive.side_rows import is_side_row

PAD = pad_record(1)
ENTRIES = ("device-" + "a" * 32, "contact-" + "b" * 24, "login", PAD.pad_id.hex(), "c" * 32)
NAMES = ("name", "link:1", "in", "record", "tag:x", "secret")
STEPS = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from(ENTRIES), st.sampled_from(NAMES), st.integers(0, 3)),
    max_size=30,
)


def read_anew(device: Device) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = {}
    for key, value in device.view.map_items(ENTRIES_ROOT).items():
        entry, _, name = key.partition("/")
        if is_side_row(entry, name):
            found.setdefault(entry, {})[name] = value
    return found


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_they_are_followed_through_changes_of_two_devices_and_reloads(
    steps: list[tuple[int, str, str, int]],
) -> None:
    both = [Device(0), Device(1)]
    both[0].drive.put(PAD)
    exchange(both)
    for which, entry, name, what in steps:
        device = both[which]
        device.drive.side_rows.of(entry)
        if what == 0:
            device.view.delete_map(ENTRIES_ROOT, f"{entry}/{name}")
        elif what == 1:
            exchange(both)
        elif what == 2:
            device.view.reset(device.view.encode(), device.view.client_id)
        else:
            device.view.set_map(ENTRIES_ROOT, f"{entry}/{name}", f"{what}")
    exchange(both)
    for device in both:
        followed = {entry: dict(rows) for entry, rows in device.drive.side_rows.starting("").items() if rows}
        assert followed == read_anew(device)


def test_no_key_of_a_pad_and_no_folder_is_among_them() -> None:
    assert not is_side_row(PAD.pad_id.hex(), "secret")
    assert not is_side_row(PAD.pad_id.hex(), "tag:idea")
    assert not is_side_row("c" * 32, "name")
    assert is_side_row(PAD.pad_id.hex(), "link:1")
    assert is_side_row("contact-" + "b" * 24, "record")
