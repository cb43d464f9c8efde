"""What a shared folder's document says, whoever wrote it: nonsense is as if it were not there."""

from __future__ import annotations

import random
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto import folder_keys
from cryptpad_tui.crypto.folder_keys import Place
from cryptpad_tui.crypto.keys import EditKeys, edit_seed_of, make_genesis, owner_key
from cryptpad_tui.drive.shared_entries import (
    FIELDS,
    SealedEdit,
    clean_name,
    contents_of,
    edit_field,
    text_of,
    view_field,
)
from cryptpad_tui.drive.tree import MAX_DEPTH

RNG = random.Random(5).randbytes
ROOT, FOLDER_ROOT = RNG(32), RNG(32)
GENESIS = make_genesis(ROOT, PadKind.TEXT, rng=RNG)
FOLDER = make_genesis(FOLDER_ROOT, PadKind.FOLDER, rng=RNG)
KEYS, FOLDER_KEYS = (EditKeys.from_seed(edit_seed_of(root, 0)) for root in (ROOT, FOLDER_ROOT))
PAD = GENESIS.pad_id.hex()


def good() -> dict[str, object]:
    place = Place(FOLDER.pad_id, GENESIS.pad_id, 0)
    sealed = folder_keys.seal_edit_seed(FOLDER_KEYS.edit_seed, place, KEYS.edit_seed, rng=RNG)
    return {
        f"{PAD}/genesis": text_of(GENESIS.raw),
        f"{PAD}/kind": 0,
        f"{PAD}/relay": "ws://127.0.0.1:1",
        f"{PAD}/relay_pk": text_of(bytes(32)),
        f"{PAD}/view": view_field(0, KEYS.view_seed),
        f"{PAD}/edit": edit_field(SealedEdit(0, 0, sealed)),
        f"{PAD}/in": "",
        f"{PAD}/name": "Plan",
    }


def test_an_entry_reads_back() -> None:
    entry = contents_of(good()).entries[GENESIS.pad_id]
    assert (entry.kind, entry.epoch, entry.view_seed) == (PadKind.TEXT, 0, KEYS.view_seed)
    assert "view_seed" not in repr(entry)
    assert KEYS.view_seed.hex() not in repr(entry)


@given(
    name=st.sampled_from(FIELDS),
    value=st.one_of(st.text(max_size=80), st.integers(), st.floats(), st.none(), st.booleans(), st.binary()),
)
@settings(max_examples=150, deadline=None)
def test_no_field_of_one_entry_hides_another_or_raises(name: str, value: object) -> None:
    other = "ab" * 32
    items = {**good(), f"{other}/{name}": value, f"{other}/genesis": value, "junk": value, f"x/{name}": value}
    assert GENESIS.pad_id in contents_of(items).entries
    broken = {**good(), f"{PAD}/{name}": value}
    found = contents_of(broken).entries.get(GENESIS.pad_id)
    assert found is None or found.genesis == GENESIS.raw, "an id stands for one birth alone"


def test_an_entry_with_the_birth_of_another_pad_is_none() -> None:
    items = {key.replace(PAD, "cd" * 32): value for key, value in good().items()}
    assert not contents_of(items).entries


def test_folders_that_lie_in_each_other_are_shown_at_the_top() -> None:
    one, two, three = "aa" * 16, "bb" * 16, "cc" * 16
    items = {f"{one}/name": "One", f"{one}/in": two, f"{two}/name": "Two", f"{two}/in": one}
    items |= {f"{three}/name": "Three", f"{three}/in": one, f"{PAD}/in": three}
    inner = contents_of({**good(), **items}).inner
    assert {each: one.inside for each, one in inner.items()} == {one: "", two: "", three: ""}
    chain = {f"{n:032x}/name": "x" for n in range(1, MAX_DEPTH * 2)}
    chain |= {f"{n:032x}/in": f"{n - 1:032x}" for n in range(2, MAX_DEPTH * 2)}
    contents_of(chain)


def test_a_name_is_one_that_a_drive_can_have() -> None:
    assert clean_name("a/b\nc\td") == "a∕b c d"
    assert clean_name("\x1b[31m") == ""
    assert clean_name("x" * 5_000) == "x" * 200


def test_a_hundred_thousand_entries_are_read_in_seconds() -> None:
    items: dict[str, object] = {f"{n:064x}/genesis": "x" for n in range(100_000)}
    began = time.monotonic()
    assert set(contents_of({**good(), **items}).entries) == {GENESIS.pad_id}
    assert time.monotonic() - began < 20.0


# -- the seals


def test_who_reads_the_folder_opens_no_edit_seed_and_no_owners_root() -> None:
    place = Place(FOLDER.pad_id, GENESIS.pad_id, 3)
    sealed = folder_keys.seal_edit_seed(FOLDER_KEYS.edit_seed, place, KEYS.edit_seed, rng=RNG)
    assert folder_keys.open_edit_seed(FOLDER_KEYS.edit_seed, place, sealed) == KEYS.edit_seed
    assert folder_keys.open_edit_seed(FOLDER_KEYS.view_seed, place, sealed) is None
    for other in (
        Place(GENESIS.pad_id, GENESIS.pad_id, 3),
        Place(FOLDER.pad_id, FOLDER.pad_id, 3),
        Place(FOLDER.pad_id, GENESIS.pad_id, 4),
    ):
        assert folder_keys.open_edit_seed(FOLDER_KEYS.edit_seed, other, sealed) is None

    own = folder_keys.seal_owner_root(
        owner_key(FOLDER_ROOT).public, FOLDER.pad_id, GENESIS.pad_id, ROOT, rng=RNG
    )
    assert folder_keys.open_owner_root(FOLDER_ROOT, FOLDER.pad_id, GENESIS.pad_id, own) == ROOT
    assert folder_keys.open_owner_root(FOLDER_ROOT, GENESIS.pad_id, GENESIS.pad_id, own) is None
    assert folder_keys.open_owner_root(FOLDER_KEYS.edit_seed, FOLDER.pad_id, GENESIS.pad_id, own) is None
