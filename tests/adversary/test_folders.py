"""Attacks through a shared folder, by who writes in it or was taken out; each without its defence, too.

The attacker writes whatever they like into the folder's document; the victim's drive takes it in.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from adversary.sabotage import Patch, yes
from cryptpad_tui.crdt.kinds import ENTRIES_ROOT, PadKind
from cryptpad_tui.crypto.keys import EditKeys, ViewKeys, edit_seed_of, make_genesis
from cryptpad_tui.crypto.slots import Slot, box_key_of, open_slot, seal_slot
from cryptpad_tui.drive.shared_entries import text_of, view_field
from cryptpad_tui.drive.tree import folder_id_of, shared_id_of
from cryptpad_tui.engine import Engine, keeping
from cryptpad_tui.engine.folders import agreeing, claims, holders, owed_keys
from cryptpad_tui.engine.folders.book import FolderBook
from cryptpad_tui.engine.folders.claims import Claims
from cryptpad_tui.engine.folders.making import make_shared
from cryptpad_tui.engine.folders.owed_keys import Wanted
from cryptpad_tui.vault import passwords
from cryptpad_tui.vault.vault import Vault
from support.kept_keys import cheap

RNG = random.Random(63).randbytes
RELAY, OTHER_RELAY = (bytes([n]) * 32 for n in (7, 8))


@pytest.fixture
def victim(tmp_path: Path, monkeypatch: Patch) -> Iterator[Engine]:
    """With a folder of their own, that others write in, and one pad that they keep elsewhere."""
    monkeypatch.setattr(passwords.argon2id, "kdf", cheap)
    vault, _ = Vault.create(tmp_path / "home", b"x", name="Anna", relay_url=None, kdf_memory_mib=64)
    yield Engine(vault)
    vault.close()


def folder_of(engine: Engine, name: str = "Team") -> bytes:
    folder = make_shared(engine, name)
    with engine.borrowed(folder) as session:
        session.update_record(relay=("ws://127.0.0.1:1", RELAY))
    return folder


def write(engine: Engine, folder: bytes, fields: dict[str, object]) -> None:
    """As an editor of the folder does."""
    with engine.borrowed(folder) as session:
        session.view.set_maps(ENTRIES_ROOT, fields)
        session.flush()


def entry(
    root: bytes, kind: PadKind = PadKind.TEXT, relay_pk: bytes = RELAY
) -> tuple[bytes, dict[str, object]]:
    """A pad that is what it says."""
    genesis = make_genesis(root, kind, rng=RNG)
    keys, name = EditKeys.from_seed(edit_seed_of(root, 0)), genesis.pad_id.hex()
    return genesis.pad_id, {
        f"{name}/genesis": text_of(genesis.raw),
        f"{name}/kind": int(kind),
        f"{name}/relay": "ws://127.0.0.1:1",
        f"{name}/relay_pk": text_of(relay_pk),
        f"{name}/view": view_field(0, keys.view_seed),
    }


def test_f10_an_entry_that_gives_another_pads_keys(victim: Engine, monkeypatch: Patch) -> None:
    folder, (pad_id, fields) = folder_of(victim), entry(RNG(32))
    lie = {**fields, f"{pad_id.hex()}/view": view_field(0, RNG(32))}
    write(victim, folder, lie)
    assert agreeing.agree(victim, folder) == []
    assert victim.vault.pad(pad_id) is None
    assert agreeing.left_out(victim, folder) == 1, "and it is said"
    with monkeypatch.context() as patch:
        patch.setattr(claims, "fits", yes)
        assert agreeing.agree(victim, folder) == [pad_id], "the attack, without the defence"


def test_f11_an_entry_about_a_pad_that_is_here_changes_neither_its_keys_nor_its_place(
    victim: Engine, monkeypatch: Patch
) -> None:
    folder = folder_of(victim)
    keeping.make_folder(victim, "Mine")
    own = victim.create_pad("Diary", text="Dear.\n", folder="Mine").pad_id
    before = victim.vault.pad(own)
    assert before is not None
    lie = {
        f"{own.hex()}/genesis": text_of(before.genesis),
        f"{own.hex()}/kind": 0,
        f"{own.hex()}/relay": "ws://127.0.0.1:1",
        f"{own.hex()}/relay_pk": text_of(RELAY),
        f"{own.hex()}/view": view_field(99, RNG(32)),
    }
    write(victim, folder, lie)
    agreeing.agree(victim, folder)
    assert victim.vault.pad(own) == before
    assert victim.listing_of(own).path == "Mine/Diary"


def reader_names(victim: Engine, folder: bytes, pad_id: bytes) -> None:
    """Somebody who may read the pad, and write in the folder, puts it there with what they have."""
    record = victim.vault.pad(pad_id)
    assert record is not None
    keys = EditKeys.from_seed(edit_seed_of(record.secret, 0))
    fields = {"genesis": text_of(record.genesis), "kind": 0, "relay": "ws://127.0.0.1:1"}
    fields |= {"relay_pk": text_of(RELAY), "view": view_field(0, keys.view_seed)}
    write(victim, folder, {f"{pad_id.hex()}/{name}": value for name, value in fields.items()})


def gives_right(victim: Engine, folder: bytes, pad_id: bytes) -> bool:
    """Whether who may write in the folder may write in the pad, at present or with its next keys."""
    agreeing.agree(victim, folder)
    with victim.borrowed(folder) as session:
        entry_of = FolderBook(victim, session).entry(pad_id)
    assert entry_of is not None
    return entry_of.edit is not None or bool(
        holders.kept(victim, pad_id, owed_keys.newest_given(victim, pad_id))
    )


def test_f18_who_names_a_pad_that_they_may_only_read_gets_no_right_by_it(
    victim: Engine, monkeypatch: Patch
) -> None:
    folder = folder_of(victim)
    own = victim.create_pad("Diary", text="Dear.\n").pad_id
    reader_names(victim, folder, own)
    assert not gives_right(victim, folder, own)
    owed_keys.begin(victim, folder, Wanted())
    owed_keys.turned(victim, folder, [own])
    assert not owed_keys.rows(victim)
    with monkeypatch.context() as patch:
        patch.setattr(owed_keys, "is_given", yes)
        assert gives_right(victim, folder, own), "the attack, without the defence"


def test_a_pad_that_its_owner_put_there_gives_its_right(victim: Engine) -> None:
    folder = folder_of(victim)
    own = victim.create_pad("Plan", text="Plan.\n", folder="Team").pad_id
    assert gives_right(victim, folder, own)
    keeping.move_pad(victim, own, "")
    assert not holders.kept(victim, own, owed_keys.newest_given(victim, own))


def test_f12_a_folder_within_that_is_called_like_one_of_the_persons_own(
    victim: Engine, monkeypatch: Patch
) -> None:
    folder = folder_of(victim)
    keeping.make_folder(victim, "Work")
    work = folder_id_of("Work")
    write(victim, folder, {f"{work}/name": "Stolen", f"{work}/in": ""})
    agreeing.agree(victim, folder)
    assert keeping.folder_at(victim, "Work") == work
    with monkeypatch.context() as patch:
        patch.setattr(agreeing, "inner_id", lambda _folder, inner: inner)
        write(victim, folder, {f"{work}/name": "Stolen again"})
        agreeing.agree(victim, folder)
        assert victim.drive.folders().path(work) == "Team/Stolen again", "the attack, without the defence"


def test_f13_an_entry_leads_to_no_relay_that_is_not_used_already(victim: Engine, monkeypatch: Patch) -> None:
    folder, (pad_id, fields) = folder_of(victim), entry(RNG(32), relay_pk=OTHER_RELAY)
    write(victim, folder, fields)
    assert agreeing.agree(victim, folder) == []
    assert agreeing.left_out(victim, folder) == 1
    monkeypatch.setattr(Claims, "address", lambda _, entry: entry.relay_url)
    assert agreeing.agree(victim, folder) == [pad_id], "the attack, without the defence"


def test_f14_folders_that_lie_in_each_other_are_changed_once(victim: Engine, monkeypatch: Patch) -> None:
    one, two = folder_of(victim, "One"), folder_of(victim, "Two")
    for each in (one, two):
        with victim.borrowed(each) as session:
            session.update_record(uploaded=True)
    for outer, inner in ((one, two), (two, one)):
        owed_keys.give(victim, inner, outer, 0)
    seen: list[bytes] = []

    def change(folder: bytes, inside: bytes, wanted: Wanted) -> None:
        """What a change of a folder's keys leaves to do."""
        assert len(seen) < 10
        seen.append(folder)
        owed_keys.begin(victim, folder, wanted)
        owed_keys.turned(victim, folder, [inside])

    def run() -> None:
        seen.clear()
        change(one, two, Wanted((b"w" * 32,)))
        while todo := owed_keys.rows(victim):
            row = todo[0]
            change(row.child, one if row.child == two else two, row.wanted)
            owed_keys.give_up(victim, row)

    run()
    assert seen == [one, two]
    monkeypatch.setattr(Wanted, "joined", lambda self, other: Wanted(self.drop or other.drop))
    with pytest.raises(AssertionError):
        run()


def test_f15_a_folder_with_a_hundred_thousand_entries_fills_no_drive(
    victim: Engine, monkeypatch: Patch
) -> None:
    """What was there before stays, however many come and whatever their ids are."""
    folder = folder_of(victim)
    first = [entry(RNG(32)) for _ in range(3)]
    for _, fields in first:
        write(victim, folder, fields)
    assert len(agreeing.agree(victim, folder)) == 3
    monkeypatch.setattr(agreeing, "MAX_ENTRIES", 5)
    for _ in range(20):
        write(victim, folder, entry(RNG(32))[1])
    agreeing.agree(victim, folder)
    assert len(victim.listing()) == 5
    assert all(victim.vault.pad(pad_id) for pad_id, _ in first)
    assert agreeing.left_out(victim, folder) == 18


def test_f16_who_was_taken_out_opens_no_slot_of_what_changed_after(
    victim: Engine, monkeypatch: Patch
) -> None:
    """With every byte that the relay has: by the folder's keys of before, edit and view."""
    pad, folder = RNG(32), RNG(32)
    before, after = (EditKeys.from_seed(RNG(32)) for _ in range(2))
    holders.note(victim, pad, folder, held=True)

    def opens(sealed_to: ViewKeys, has: ViewKeys) -> bool:
        kept = holders.kept(victim, pad, lambda _: sealed_to)
        slots = [
            seal_slot(box_key_of(each.ident_pk), pad, Slot(each.role, 3, RNG(32)), rng=RNG) for each in kept
        ]
        openers = holders.LateOpeners(victim, pad, (), lambda _: {0: has})
        return any(open_slot(slot, pad, 3, opener) for slot in slots for opener in openers)

    assert opens(after, after)
    assert opens(after, ViewKeys(after.view_seed)), "a reader who stays"
    assert not opens(after, before)
    assert not opens(after, ViewKeys(before.view_seed))
    assert opens(before, before), "the attack, where a pad is sealed to the folder's keys of before"


def test_f17_an_editor_who_takes_a_pad_out_takes_it_from_nobody(victim: Engine) -> None:
    folder, (pad_id, fields) = folder_of(victim), entry(RNG(32))
    write(victim, folder, fields)
    assert agreeing.agree(victim, folder) == [pad_id]
    kept = victim.vault.pad(pad_id)
    with victim.borrowed(folder) as session:
        for name in fields:
            session.view.delete_map(ENTRIES_ROOT, name)
        session.flush()
    agreeing.agree(victim, folder)
    assert victim.vault.pad(pad_id) == kept
    assert victim.listing_of(pad_id).folder == "No longer in Team"


def test_a_folder_that_is_nested_in_itself_stays_to_be_seen(victim: Engine) -> None:
    one, two = folder_of(victim, "One"), folder_of(victim, "Two")
    for outer, inner in ((one, two), (two, one)):
        record = victim.vault.pad(inner)
        assert record is not None
        keys = EditKeys.from_seed(edit_seed_of(record.secret, 0))
        name = inner.hex()
        fields = {"genesis": text_of(record.genesis), "kind": 4, "relay": "ws://127.0.0.1:1"}
        fields |= {"relay_pk": text_of(RELAY), "view": view_field(0, keys.view_seed)}
        write(victim, outer, {f"{name}/{each}": value for each, value in fields.items()})
        write(victim, outer, {f"{outer.hex()}/genesis": text_of(record.genesis)})
    agreeing.agree_all(victim)
    shown = victim.drive.folders().folders
    assert {shared_id_of(one), shared_id_of(two)} <= shown.keys()
