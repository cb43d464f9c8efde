"""What a mounted folder last agreed on, kept in the vault: in step with what is done, step by step.

A write to disk is announced here first. After a crash the file itself tells whether it happened, so that an
edit is never taken for somebody's, and never made twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from cryptpad_tui.mounting.errors import MountedElsewhere
from cryptpad_tui.mounting.plan import Agreed, File, Stamp
from cryptpad_tui.vault.mounts import MountedRow

if TYPE_CHECKING:
    from cryptpad_tui.engine import Engine
    from cryptpad_tui.mounting.disk import Disk


class Ledger:
    """The rows of one pair of folders, by pad id in hex."""

    def __init__(self, engine: Engine, folder: str, disk: Disk) -> None:
        self._vault = engine.vault
        self._name = _recognise(engine, folder, disk)
        self.agreed: dict[str, Agreed] = {}
        self._announced: dict[str, str] = {}
        for row in self._vault.mounted(self._name):
            kept, pad_id = json.loads(row.stamp), row.pad_id.hex()
            self.agreed[pad_id] = Agreed(row.path, row.base, tuple(kept["stamp"]))
            if kept["next"]:
                self._announced[pad_id] = kept["next"]
        kept_aside = json.loads(self._vault.setting(self._aside_key) or "{}")
        self.aside: dict[str, Stamp] = {path: tuple(stamp) for path, stamp in kept_aside.items()}

    @property
    def _aside_key(self) -> str:
        return f"mount/{self._name}/aside"

    def settle(self, files: Mapping[str, File]) -> None:
        """Find out which announced writes happened before a crash."""
        for pad_id, digest in self._announced.items():
            agreed = self.agreed[pad_id]
            file = files.get(agreed.path)
            if file is not None and file.text is not None and _digest(file.text) == digest:
                self.agree(pad_id, agreed.path, file.text, file.stamp)
        self._announced.clear()

    def announce(self, pad_id: str, text: str) -> None:
        """The file of a pad is about to be replaced by this text."""
        if agreed := self.agreed.get(pad_id):
            self._put(pad_id, agreed, _digest(text))

    def agree(self, pad_id: str, path: str, text: str, stamp: Stamp) -> None:
        self.agreed[pad_id] = Agreed(path, text, stamp)
        self._put(pad_id, self.agreed[pad_id], "")

    def forget(self, pad_id: str) -> None:
        self.agreed.pop(pad_id, None)
        self._vault.drop_mounted(self._name, bytes.fromhex(pad_id))

    def set_aside(self, path: str, stamp: Stamp) -> None:
        """A conflict copy lies there, which is no pad unless somebody edits it."""
        self.aside[path] = stamp
        self._vault.set_setting(self._aside_key, json.dumps(self.aside))

    def moved_files(self, files: Mapping[str, File]) -> Iterator[tuple[str, Stamp]]:
        """Agreed files whose stamp alone is another one: somebody touched or replaced them by the same."""
        for pad_id, agreed in self.agreed.items():
            file = files.get(agreed.path)
            if file is not None and file.stamp != agreed.stamp and file.text == agreed.text:
                yield pad_id, file.stamp

    def _put(self, pad_id: str, agreed: Agreed, announced: str) -> None:
        stamp = json.dumps({"stamp": agreed.stamp, "next": announced})
        self._vault.put_mounted(
            self._name, MountedRow(bytes.fromhex(pad_id), agreed.path, agreed.text, stamp)
        )


def _recognise(engine: Engine, folder: str, disk: Disk) -> str:
    """The name of this pair of folders in the vault; raises MountedElsewhere."""
    name, _, of = disk.marker().partition(" ")
    if name and of != _mark(engine, folder, name):
        raise MountedElsewhere
    if not name:
        name = engine.rng(16).hex()
        disk.set_marker(f"{name} {_mark(engine, folder, name)}")
    return name


def _mark(engine: Engine, folder: str, name: str) -> str:
    """Tells which folder of which drive without naming either."""
    drive = engine.drive_session.pad_id.hex()
    return hashlib.blake2b(f"{name} {drive} {folder}".encode(), digest_size=16).hexdigest()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
