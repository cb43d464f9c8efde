"""Devices of one person with a drive each, in memory, and the trees that they show."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.drive.drive import Drive
from cryptpad_tui.drive.mirror import Mirror
from cryptpad_tui.vault.records import PadRecord


class Table:
    """The vault's table of fields."""

    def __init__(self) -> None:
        self.settings: dict[str, str | None] = {}
        self.fields: dict[tuple[str, str], str | int] = {}

    def setting(self, key: str) -> str | None:
        return self.settings.get(key)

    def set_setting(self, key: str, value: str | None) -> None:
        self.settings[key] = value

    def drive_fields(self) -> list[tuple[str, str, str | int]]:
        return [(*key, value) for key, value in self.fields.items()]

    def put_drive_fields(self, fields: Mapping[tuple[str, str], str | int | None]) -> None:
        for key, value in fields.items():
            if value is None:
                self.fields.pop(key, None)
            else:
                self.fields[key] = value


class Device:
    def __init__(self, number: int, state: bytes = b"") -> None:
        self.view = ViewDocument(client_id=number + 1, kind=PadKind.DRIVE, state=state)
        self.table = Table()
        self.mirror = Mirror(self.view, self.table)
        self.drive = Drive(self.view, self.mirror, rng=random.Random(number).randbytes)
        self.updates: list[bytes] = []

    def shown(self) -> dict[str, object]:
        """What a person sees of the drive, and what the table would show after a start."""
        self.mirror.save()
        tree = self.drive.tree()
        kept = {
            entry.record.pad_id.hex(): tree.placed(entry.record.pad_id.hex())
            for entry in self.drive.entries()
        }
        folders = {each: (tree.path(each), tree.is_in_trash(each)) for each in tree.folders}
        return {"pads": kept, "folders": folders, "table": dict(sorted(self.table.fields.items()))}


def exchange(devices: Sequence[Device]) -> None:
    """They come back from being offline."""
    for device in devices:
        device.updates += device.view.take_updates()
    for device in devices:
        for other in devices:
            if other is not device:
                for update in other.updates:
                    device.view.apply(update)
    for device in devices:
        device.updates.clear()


def pad_record(number: int) -> PadRecord:
    return PadRecord(
        pad_id=bytes([number]) * 32,
        genesis=bytes(236),
        kind=0,
        role="owner",
        secret=bytes([number]) * 32,
        epoch=0,
        relay_url=None,
        relay_pk=b"",
        pin_n=0,
        pin_head=b"",
        uploaded=False,
        created_ms=5,
    )
