"""More attacks through a shared folder: on what was there before, on the drive, on what is sealed to it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adversary import test_folders
from adversary.sabotage import Patch, yes
from adversary.test_folders import RELAY, RNG, entry, folder_of, gives_right, reader_names, write
from cryptpad_tui.crdt.kinds import ENTRIES_ROOT, PadKind
from cryptpad_tui.crypto.folder_keys import Place, edit_opener, open_edit_seed, seal_edit_seed
from cryptpad_tui.crypto.keys import EditKeys, Role, edit_seed_of, make_genesis
from cryptpad_tui.crypto.links import NO_RELAY, Link
from cryptpad_tui.drive import mirror
from cryptpad_tui.drive.shared_entries import SealedEdit, edit_field, text_of, view_field
from cryptpad_tui.drive.tree import shared_id_of
from cryptpad_tui.engine import Engine, keeping, keyrings
from cryptpad_tui.engine.folders import agreeing, doubts, holders, owed_keys
from cryptpad_tui.engine.folders.book import FolderBook
from cryptpad_tui.engine.folders.claims import Claims
from cryptpad_tui.vault.records import PadRecord

victim = test_folders.victim


def place_of(victim: Engine, folder: bytes, pad_id: bytes, inside: str) -> None:
    write(victim, folder, {f"{pad_id.hex()}/in": inside})
    agreeing.agree(victim, folder)


def test_f20_an_editor_who_moves_an_entry_moves_nothing_that_lies_elsewhere(
    victim: Engine, monkeypatch: Patch
) -> None:
    """An entry about the victim's own pad or folder, moved within the folder after it was seen there."""
    folder, private = folder_of(victim), folder_of(victim, "Private")
    keeping.make_folder(victim, "Mine")
    own = victim.create_pad("Diary", text="Dear.\n", folder="Mine").pad_id
    inner = RNG(16).hex()
    write(victim, folder, {f"{inner}/name": "Within", f"{inner}/in": ""})
    reader_names(victim, folder, own)
    reader_names(victim, folder, private)
    write(victim, folder, {f"{private.hex()}/kind": int(PadKind.FOLDER)})
    agreeing.agree(victim, folder)
    for each in (own, private):
        place_of(victim, folder, each, inner)
    assert victim.listing_of(own).path == "Mine/Diary"
    assert victim.drive.folders().path(shared_id_of(private)) == "Private"
    monkeypatch.setattr(agreeing._Agreement, "_lies_here", yes)
    for each in (own, private):
        place_of(victim, folder, each, "")
    assert victim.listing_of(own).path == "Team/Diary", "the attack, without the defence"
    assert victim.drive.folders().path(shared_id_of(private)) == "Team/Private"


def test_what_lies_in_a_folder_is_moved_within_it_by_others(victim: Engine) -> None:
    folder, (pad_id, fields) = folder_of(victim), entry(RNG(32))
    inner = RNG(16).hex()
    write(victim, folder, {**fields, f"{inner}/name": "Within", f"{inner}/in": ""})
    agreeing.agree(victim, folder)
    place_of(victim, folder, pad_id, inner)
    assert victim.listing_of(pad_id).folder == "Team/Within"


def test_f21_an_entry_names_no_address_of_a_relay_that_is_used(victim: Engine, monkeypatch: Patch) -> None:
    """With the key of the victim's relay, and an address at which somebody waits for theirs."""
    folder, (pad_id, fields) = folder_of(victim), entry(RNG(32))
    write(victim, folder, {**fields, f"{pad_id.hex()}/relay": "ws://127.0.0.9:9"})
    assert agreeing.agree(victim, folder) == [pad_id]
    record = victim.vault.pad(pad_id)
    assert record is not None
    assert record.relay_url == "ws://127.0.0.1:1"
    with monkeypatch.context() as patch:
        patch.setattr(Claims, "address", lambda _, entry: entry.relay_url)
        pad_id, fields = entry(RNG(32))
        write(victim, folder, {**fields, f"{pad_id.hex()}/relay": "ws://127.0.0.9:9"})
        agreeing.agree(victim, folder)
        record = victim.vault.pad(pad_id)
        assert record is not None
        assert record.relay_url == "ws://127.0.0.9:9", "the attack, without the defence"


def test_f22_an_entry_replaces_no_link_that_was_not_followed_yet(victim: Engine, monkeypatch: Patch) -> None:
    """The victim joined by a link, and nothing of the pad came yet: its right and its pin stay."""
    folder, root = folder_of(victim), RNG(32)
    pad_id, fields = entry(root)
    genesis = make_genesis(root, PadKind.TEXT, rng=RNG)
    pad_id = genesis.pad_id
    joined = PadRecord(
        pad_id=pad_id, genesis=genesis.raw, kind=0, role="edit", secret=edit_seed_of(root, 0), epoch=0,
        relay_url="ws://127.0.0.1:1", relay_pk=RELAY, pin_n=7, pin_head=RNG(32), uploaded=True, created_ms=1,
    )  # fmt: skip
    victim.add(joined)
    keys = EditKeys.from_seed(edit_seed_of(root, 0))
    fields = {"genesis": text_of(genesis.raw), "kind": 0, "relay": "ws://127.0.0.1:1"}
    fields |= {"relay_pk": text_of(RELAY), "view": view_field(0, keys.view_seed)}
    write(victim, folder, {f"{pad_id.hex()}/{name}": value for name, value in fields.items()})
    agreeing.agree(victim, folder)
    assert victim.vault.pad(pad_id) == joined
    monkeypatch.setattr(agreeing._Agreement, "_is_empty", yes)
    agreeing.agree(victim, folder)
    after = victim.vault.pad(pad_id)
    assert after is not None
    assert (after.role, after.pin_n) == ("view", 0), "the attack, without the defence"


def test_f23_folders_within_fill_no_drive_and_keep_no_pad_out(victim: Engine, monkeypatch: Patch) -> None:
    folder = folder_of(victim)
    first = RNG(16).hex()
    write(victim, folder, {f"{first}/name": "First", f"{first}/in": ""})
    agreeing.agree(victim, folder)
    with monkeypatch.context() as patch:
        patch.setattr(agreeing, "MAX_INNER", 5)
        for n in range(20):
            write(victim, folder, {f"{n:032x}/name": f"n{n}", f"{n:032x}/in": first})
        pad_id, fields = entry(RNG(32))
        write(victim, folder, {**fields, f"{pad_id.hex()}/in": f"{19:032x}"})
        assert agreeing.agree(victim, folder) == [pad_id]
        tree = victim.drive.folders()
        assert len(tree.children(agreeing.inner_id(folder, first))) == 4
        assert agreeing.inner_id(folder, first) in tree.folders, "what was there stays"
        assert agreeing.left_out(victim, folder) == 16
        assert victim.listing_of(pad_id).folder == "Team", "and what lies in one that is left out is seen"
    agreeing.agree(victim, folder)
    assert len(victim.drive.folders().children(agreeing.inner_id(folder, first))) == 20, "without the bound"


def test_f24_folders_in_folders_fill_no_drive_either(victim: Engine, monkeypatch: Patch) -> None:
    monkeypatch.setattr(agreeing, "MAX_DRIVE", 12)
    folders = [folder_of(victim, f"Team {n}") for n in range(4)]
    for folder in folders:
        for _ in range(5):
            write(victim, folder, entry(RNG(32))[1])
        agreeing.agree(victim, folder)
    assert len(victim.vault.pads()) == 12
    assert sum(agreeing.left_out(victim, folder) for folder in folders) == 20 + 5 - 12
    monkeypatch.setattr(agreeing, "MAX_DRIVE", 10**6)
    agreeing.agree_all(victim)
    assert len(victim.vault.pads()) == 25, "the attack, without the bound"


def test_f25_folders_that_name_a_pad_push_no_other_out(victim: Engine, monkeypatch: Patch) -> None:
    """Or the pad's next keys go without the members of the folder that its owner put it into."""
    folder_of(victim)
    own = victim.create_pad("Plan", text="Plan.\n", folder="Team").pad_id

    def flood() -> None:
        for n in range(holders.MAX_FOLDERS):
            other = folder_of(victim, f"Junk {n} {len(victim.vault.pads())}")
            reader_names(victim, other, own)
            agreeing.agree(victim, other)

    flood()
    assert holders.kept(victim, own, owed_keys.newest_given(victim, own))
    assert len(holders.folders_of(victim, own)) == holders.MAX_FOLDERS
    last = folder_of(victim, "Last")
    keeping.move_pad(victim, own, shared_id_of(last))
    assert last in holders.folders_of(victim, own), "who puts it somewhere is heard all the same"
    monkeypatch.setattr(holders, "cut", lambda names: names[-holders.MAX_FOLDERS :])
    flood()
    assert not holders.kept(victim, own, owed_keys.newest_given(victim, own)), "without the defence"


def test_f26_a_folder_that_is_emptied_at_once_costs_each_pad_alike(
    victim: Engine, monkeypatch: Patch
) -> None:
    """All folders and marks of the drive are not read anew for each pad that goes."""
    folder, entries = folder_of(victim), [entry(RNG(32)) for _ in range(20)]
    for _, fields in entries:
        write(victim, folder, fields)
    agreeing.agree(victim, folder)
    with victim.borrowed(folder) as session:
        for _, fields in entries:
            for name in fields:
                session.view.delete_map(ENTRIES_ROOT, name)
        session.flush()
    read: list[int] = []
    real = mirror.Tree
    monkeypatch.setattr(mirror, "Tree", lambda fields: read.append(1) or real(fields))
    agreeing.agree(victim, folder)
    assert all(victim.listing_of(pad_id).folder == "No longer in Team" for pad_id, _ in entries)
    assert len(read) < 10


def test_f27_a_link_with_keys_of_an_epoch_to_come_gets_nothing_sealed_to_them(
    victim: Engine, monkeypatch: Patch
) -> None:
    """Somebody who may only read the folder, or was taken out, sends a link to it that the victim follows."""
    folder, seed = folder_of(victim), RNG(32)
    own = victim.create_pad("Plan", text="Plan.\n").pad_id
    false = EditKeys.from_seed(seed)
    keyrings.keep_of_link(
        victim, Link(Role.EDIT, folder, 99, seed, 0, bytes(16), NO_RELAY, "ws://127.0.0.1:1")
    )

    def leaks() -> tuple[bool, bool]:
        """By the entry that lies in the folder, and by the next record of the pad."""
        with victim.borrowed(folder) as session:
            found = FolderBook(victim, session).entry(own)
        assert found is not None
        assert found.edit is not None
        place = Place(folder, own, found.edit.epoch)
        kept = holders.kept(victim, own, owed_keys.newest_given(victim, own))
        assert kept
        by_entry = open_edit_seed(false.edit_seed, place, found.edit.sealed) is not None
        return by_entry, edit_opener(false.edit_seed).public in [each.ident_pk for each in kept]

    keeping.move_pad(victim, own, shared_id_of(folder))
    assert leaks() == (False, False)
    assert owed_keys.newest_keys(victim, folder)[0] == 0
    keeping.move_pad(victim, own, "")
    monkeypatch.setattr(FolderBook, "epoch", 99)
    monkeypatch.setattr(owed_keys, "newest_keys", lambda *_: (99, false))
    keeping.move_pad(victim, own, shared_id_of(folder))
    assert leaks() == (True, True), "the attack, where the latest keys that are here are taken"


def test_f28_a_device_that_lags_behind_gives_no_right_to_a_pad_that_the_person_owns(
    victim: Engine, monkeypatch: Patch
) -> None:
    """A relay keeps the drive from one of the victim's machines; there a reader's entry brings the pad."""
    root = RNG(32)
    genesis, folder = make_genesis(root, PadKind.TEXT, rng=RNG), folder_of(victim)
    keys = EditKeys.from_seed(edit_seed_of(root, 0))
    fields = {"genesis": text_of(genesis.raw), "kind": 0, "relay": "ws://127.0.0.1:1"}
    fields |= {"relay_pk": text_of(RELAY), "view": view_field(0, keys.view_seed)}
    write(victim, folder, {f"{genesis.pad_id.hex()}/{name}": value for name, value in fields.items()})
    assert agreeing.agree(victim, folder) == [genesis.pad_id]
    assert owed_keys.is_given(victim, genesis.pad_id, folder), "as what somebody else owns"
    came = victim.vault.pad(genesis.pad_id)
    assert came is not None
    victim.add(replace(came, role="owner", secret=root))
    assert not gives_right(victim, folder, genesis.pad_id)
    with monkeypatch.context() as patch:
        patch.setattr(owed_keys, "is_given", yes)
        assert gives_right(victim, folder, genesis.pad_id), "the attack, without the defence"


def test_who_becomes_an_owner_of_a_pad_keeps_the_members_of_the_folder_that_it_came_by(
    victim: Engine,
) -> None:
    root, folder = RNG(32), folder_of(victim)
    pad_id, fields = entry(root)
    write(victim, folder, fields)
    agreeing.agree(victim, folder)
    came = victim.vault.pad(pad_id)
    assert came is not None
    owed_keys.own(victim, pad_id)
    victim.add(replace(came, role="owner", secret=root))
    assert holders.kept(victim, pad_id, owed_keys.newest_given(victim, pad_id))


@pytest.mark.parametrize("what", ["view", "edit"])
def test_f29_keys_of_an_epoch_to_come_that_no_record_bears_out_are_put_right(
    victim: Engine, monkeypatch: Patch, what: str
) -> None:
    """An editor of the folder writes them into a pad's entry: who comes by it would never have the pad."""
    folder, own = folder_of(victim), victim.create_pad("Plan", text="Plan.\n").pad_id
    keeping.move_pad(victim, own, shared_id_of(folder))
    keys = keyrings.all_keys(victim, folder)[0]
    assert isinstance(keys, EditKeys)
    sealed = seal_edit_seed(keys.edit_seed, Place(folder, own, 40), RNG(32), rng=RNG)
    false = view_field(40, RNG(32)) if what == "view" else edit_field(SealedEdit(40, 0, sealed))

    def agreed() -> tuple[int, int]:
        """What waits to be sent, and the epoch whose keys the entry gives."""
        agreeing.agree(victim, folder)
        with victim.borrowed(folder) as session:
            book = FolderBook(victim, session)
            found = book.entry(own)
            assert found is not None
            gives = book.gives(found)
            assert gives.epoch or gives.keys == keyrings.all_keys(victim, own)[0]
            return session.waiting, gives.epoch

    write(victim, folder, {f"{own.hex()}/{what}": false})
    with victim.borrowed(folder) as session:
        # An alarm holds it still: nothing is put right, and nothing breaks.
        session.view.read_only = True
        agreeing.agree(victim, folder)
    waiting, epoch = agreed()
    assert epoch == 40, "who did not hear the pad's relay since may be the one who is behind"
    assert [agreed() for _ in range(3)] == [(waiting, 40)] * 3, "and writes nothing, again and again"
    doubts.heard(victim, own)
    with monkeypatch.context() as patch:
        patch.setattr(doubts.Doubts, "disproved", lambda *_: False)
        assert agreed()[1] == 40, "the attack, without the defence"
    assert agreed()[1] == 0
    agreed()
    assert not victim.vault.settings_under(doubts.DOUBT), "and it is forgotten"
