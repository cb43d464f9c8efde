"""F14, F15: what another device of the account gives: accounts by code, words of another root, drive entries.

A limited device may write the drive and be in a thief's hands: no field of it stops the other devices.
"""

from __future__ import annotations

import contextlib
import math
from functools import cache
from types import SimpleNamespace
from typing import Any, Final

from fuzz.choices import Choices

from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.records import GENESIS_BYTES, Genesis
from cryptpad_tui.crdt.kinds import ENTRIES_ROOT, PadKind
from cryptpad_tui.crypto.account import account_box_of, box_owner_root, open_owner_root, seal_owner_root
from cryptpad_tui.crypto.keys import drive_root_of, edit_seed_of, make_genesis
from cryptpad_tui.drive.drive import Drive
from cryptpad_tui.drive.entry_fields import FIELDS, fields_of, pad_id_of, text_of
from cryptpad_tui.drive.side_rows import SideRows
from cryptpad_tui.drive.tree import MAX_DEPTH, TOP, Tree
from cryptpad_tui.engine.account_word import Word
from cryptpad_tui.engine.codes import Account
from cryptpad_tui.engine.enrolling import LimitedAccount
from cryptpad_tui.engine.records import fits, own_record
from cryptpad_tui.pad.codes import CodeError
from cryptpad_tui.vault.records import PadRecord

ROOT: Final = bytes(range(32))
NAMES: Final = (
    *FIELDS,
    "own",
    "removed",
    "name",
    "in",
    "folder",
    "parent",
    "path",
    "trashed",
    "tag:x",
    "shared",
)
MAX_VALUES: Final = 60


@cache
def born() -> Genesis:
    return make_genesis(drive_root_of(ROOT), PadKind.DRIVE, rng=bytes)


# -- words and accounts


def fuzz_words(data: bytes) -> None:
    """F14: what arrives by a code, or sealed in the drive of before."""
    choices = Choices(data)
    mode, raw = choices.below(3), choices.rest()
    if mode == 2:
        # The drive follows from the root, as far as the bytes let it.
        limited = raw[:1] == b"\2"
        root = edit_seed_of(drive_root_of(ROOT), 0) if limited else ROOT
        raw = raw[:1] + root + born().pad_id + born().raw + raw[1:]
    if mode:
        with contextlib.suppress(Malformed):
            word = Word.decode(raw)
            assert word.encode() == raw, "a word has two spellings"
            assert len(word.genesis) == GENESIS_BYTES
            assert word.root.hex() not in repr(word)
        return
    for form in (Account, LimitedAccount):
        with contextlib.suppress(CodeError):
            account: Any = form.decode(raw)
            assert account.encode() == raw, f"{form.__name__} has two spellings"
            assert account.root.hex() not in repr(account)


# -- entries


class Fields:
    """A drive's map as whoever may write it left it: what Drive asks of its document, without one."""

    def __init__(self, items: dict[str, object]) -> None:
        self.items = items

    def map_items(self, root: str) -> dict[str, object]:
        return self.items if root == ENTRIES_ROOT else {}

    def observe_maps(self, callback: object) -> None:
        """Nothing changes."""

    def observe(self, callback: object) -> None:
        """Nothing changes."""

    def map_value(self, root: str, key: str) -> object:
        return self.items.get(key)


class Seal:
    """A device with the account's root."""

    def close(self, pad_id: bytes, owner_root: bytes) -> bytes:
        return seal_owner_root(ROOT, pad_id, owner_root, rng=bytes)

    def open(self, pad_id: bytes, sealed: bytes) -> bytes | None:
        return open_owner_root(ROOT, pad_id, sealed)

    def newest(self, record: PadRecord) -> tuple[int, bytes]:
        return 0, edit_seed_of(record.secret, 0)


@cache
def honest() -> tuple[tuple[str, object], ...]:
    """A pad of one's own as it is written, and its root as a limited device writes it."""
    seal, pad_root = Seal(), ROOT[::-1]
    record = own_record(make_genesis(pad_root, 0, rng=bytes), PadKind.TEXT, pad_root, created_ms=5)
    values: dict[str, object] = {**fields_of(record, {}, seal, None)}
    boxed = box_owner_root(account_box_of(ROOT).public, record.pad_id, pad_root, rng=bytes)
    entry = record.pad_id.hex()
    return (*[(f"{entry}/{name}", value) for name, value in values.items()], ("boxed", text_of(boxed)))


def fuzz_drive(data: bytes) -> None:
    """F15: entries with sealed roots, folders, the trash: read by every device, whatever they say."""
    choices, items = Choices(data), dict[str, object]()
    *pad, (_, boxed) = honest()
    if choices.below(4):
        items |= dict(pad)
    entries = [
        pad[0][0].partition("/")[0],
        "0" * 32,
        "1" * 32,
        "ab" * 32,
        "g" * 64,
        "é" * 64,
        "device-" + "0" * 32,
    ]
    for _ in range(MAX_VALUES):
        if not choices:
            break
        entry, name = choices.pick(entries), choices.pick(NAMES)
        items[f"{entry}/{name}"] = boxed if choices.byte() == 255 else _value(choices, entries)
    fields = Fields(items)
    beside = SimpleNamespace(side_rows=SideRows(fields))  # type: ignore[arg-type]
    _read_entries(Drive(fields, beside, rng=bytes, seal=Seal()), entries)  # type: ignore[arg-type]
    _read_tree(items, entries)


def _value(choices: Choices, entries: list[str]) -> object:
    """What the validator lets into a map: no number that is not finite, no whole one beyond 53 bits."""
    kind = choices.below(9)
    if kind == 0:
        return choices.pick(
            (0, 1, -1, 2**31, 2**32, 2**53 - 1, -(2**53 - 1), 2**40, 0.5, 1e300, -2.5e-9, 9e15)
        )
    if kind == 1:
        return choices.pick((None, True, False, [], {}, b"x", ["a"], {"a": 1}))
    if kind == 2:
        return choices.pick(entries)
    if kind == 3:
        return text_of(choices.take(choices.below(120)))
    if kind == 4:
        return choices.pick(("owner", "edit", "view", "", "/", "a/b", "a/b/" * 80, "-1", "1.5", "٣", "nan"))
    return choices.take(choices.below(90)).decode("utf-8", "replace")


def _read_entries(drive: Drive, entries: list[str]) -> None:
    listed = {each.record.pad_id: each.record for each in drive.entries()}
    for pad_id in [found for entry in entries if (found := pad_id_of(entry))]:
        record = drive.record_of(pad_id)
        assert listed.get(pad_id) == record, "a list and a look say different things of one pad"
        drive.is_removed(pad_id)
        if record is None:
            continue
        assert record.role in ("owner", "edit", "view")
        assert 0 <= record.epoch < 2**32
        assert 0 <= record.pin_n < 2**63
        assert 0 <= record.created_ms < 2**63
        if fits(record):
            fields_of(record, {}, Seal(), None)
    drive.notes(bytes.fromhex(entries[0]), "")


def _read_tree(items: dict[str, object], entries: list[str]) -> None:
    tree = Tree([(*_split(key), value) for key, value in items.items()])
    for folder in tree.folders:
        assert 1 <= tree.depth(folder) <= MAX_DEPTH, "a folder without end"
        assert tree.folders[folder].parent in (TOP, *tree.folders)
        tree.path(folder)
    for entry in entries:
        assert tree.folder_of(entry) in (TOP, *tree.folders), "a pad that no folder shows"
        assert math.isfinite(tree.trashed_ms(entry))
        tree.placed(entry)
    assert tree.below(TOP) >= set(tree.folders), "a folder that the top does not lead to"


def _split(key: str) -> tuple[str, str]:
    entry, _, field = key.partition("/")
    return entry, field
