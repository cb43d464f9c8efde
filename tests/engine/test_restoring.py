"""A backup brought into a vault in use: nothing lost, nothing twice, whatever happened to both since."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from cryptpad_relay.protocol.entry import parse_entry
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crypto.keys import EditKeys, edit_seed_of
from cryptpad_tui.engine import Engine, keeping
from cryptpad_tui.engine.beside import backup_beside
from cryptpad_tui.engine.files import making, sending
from cryptpad_tui.engine.files.book import FileBook
from cryptpad_tui.engine.files.kept import KeptFiles
from cryptpad_tui.engine.files.reading import read_whole
from cryptpad_tui.engine.restoring import RestoreReport, _take_rights, restore_into
from cryptpad_tui.vault import taking
from cryptpad_tui.vault.backup import make_backup, open_backup
from cryptpad_tui.vault.restore import restore_new
from cryptpad_tui.vault.sealed_file import SealedReader
from cryptpad_tui.vault.vault import Vault
from support.relay import RelayProcess

MakeEngine = Callable[..., Engine]
_START = Position(0, 0)


def type_into(engine: Engine, pad_id: bytes, text: str) -> None:
    with engine.borrowed(pad_id) as session:
        session.view.replace(_START, _START, text)


def text_of(engine: Engine, pad_id: bytes) -> str:
    with engine.borrowed(pad_id) as session:
        return session.view.text()


async def restored(engine: Engine, path: Path, key: bytes, **options: object) -> RestoreReport:
    with open_backup(path) as file:
        reader = SealedReader(file)
        with backup_beside(engine.vault.directory, reader, key) as (vault, held):
            backup = Engine(vault)
            try:
                return restore_into(engine, backup, reader.id.hex(), held.made_ms, **options)  # type: ignore[arg-type]
            finally:
                await backup.close()


@contextlib.contextmanager
def second_home(path: Path, home: Path, key: bytes) -> Iterator[Engine]:
    with open_backup(path) as file:
        reader = SealedReader(file)
        restore_new(home, reader, key)
    vault = Vault.open_held(home, reader.header.vault_id, key)
    try:
        yield Engine(vault)
    finally:
        vault.close()


async def test_into_the_vault_it_was_made_from_only_what_is_gone_comes_back(
    make_engine: MakeEngine, tmp_path: Path
) -> None:
    anna = make_engine("anna")
    kept, gone = anna.create_pad("Kept", text="one").pad_id, anna.create_pad("Gone", folder="A/B").pad_id
    type_into(anna, gone, "not forgotten")
    keeping.tag(anna, gone, ["blue"])
    key = anna.vault.sealing_key()
    make_backup(anna.vault, tmp_path / "b", version="1")
    type_into(anna, kept, "zero ")
    anna.remove(gone)
    made = await restored(anna, tmp_path / "b", key)
    assert (made.brought, made.merged, made.copied, made.here) == (1, 0, 0, 1)
    again = await restored(anna, tmp_path / "b", key)
    assert (again.brought, again.merged, again.copied, again.here) == (0, 0, 0, 2)
    assert {pad.path: pad.tags for pad in anna.listing()} == {"Kept": (), "A/B/Gone": ("blue",)}
    assert (text_of(anna, kept), text_of(anna, gone)) == ("zero one", "not forgotten")
    assert not (tmp_path / "anna" / "restoring").exists()


async def test_two_homes_that_went_on_come_together_once(make_engine: MakeEngine, tmp_path: Path) -> None:
    anna = make_engine("anna")
    pad = anna.create_pad("Plan", text="middle").pad_id
    key = anna.vault.sealing_key()
    make_backup(anna.vault, tmp_path / "b1", version="1")
    with second_home(tmp_path / "b1", tmp_path / "home", key) as other:
        with other.borrowed(pad) as session:
            session.view.replace(Position(0, 6), Position(0, 6), " end")
        only_there = other.create_pad("There", folder="New", text="x").pad_id
        keeping.tag(other, pad, ["there"])
        make_backup(other.vault, tmp_path / "b2", version="1")
        type_into(anna, pad, "begin ")
        keeping.tag(anna, pad, ["here"])
        for _ in range(2):
            await restored(anna, tmp_path / "b2", key)
            assert text_of(anna, pad) == "begin middle end"
            assert {line.path for line in anna.listing()} == {"Plan", "New/There"}
            assert anna.listing_of(pad).tags == ("here", "there")
        assert text_of(anna, only_there) == "x"
        # And what is queued can be signed: as it stands, by nobody but who made it; else it is made again.
        with anna.borrowed(pad) as session:
            session.seal()
            assert session.view.text() == "begin middle end"


async def test_where_edits_were_made_again_both_texts_are_kept_and_no_word_is_doubled(
    make_engine: MakeEngine, tmp_path: Path
) -> None:
    anna = make_engine("anna")
    pad = anna.create_pad("Plan", text="shared").pad_id
    key = anna.vault.sealing_key()
    make_backup(anna.vault, tmp_path / "b1", version="1")
    with second_home(tmp_path / "b1", tmp_path / "home", key) as other:
        with other.borrowed(pad) as session:
            session.view.replace(_START, _START, "there ")
            session.remake(with_outbox=False)
        make_backup(other.vault, tmp_path / "b2", version="1")
        type_into(anna, pad, "here ")
        made = await restored(anna, tmp_path / "b2", key)
        assert made.copied == 1
        assert text_of(anna, pad) == "here shared"
        copy = next(line for line in anna.listing() if "backup of" in line.title)
        assert text_of(anna, copy.pad_id) == "there shared"


async def test_a_stronger_right_is_taken_only_where_it_is_one_to_this_pad(make_engine: MakeEngine) -> None:
    anna = make_engine("anna")
    pad_id = anna.create_pad("Plan").pad_id
    owner = anna.vault.pad(pad_id)
    assert owner is not None
    seed = edit_seed_of(owner.secret, 0)
    view = replace(owner, role="view", secret=EditKeys.from_seed(seed).view_seed)
    anna.add(view)
    for role in ("edit", "owner"):
        _take_rights(anna, replace(owner, role=role, secret=b"?" * 32))
        assert anna.vault.pad(pad_id) == view, "or the pad could be read no more"
    _take_rights(anna, replace(owner, role="edit", secret=seed))
    _take_rights(anna, owner)
    assert anna.vault.pad(pad_id) == owner


async def test_a_pad_comes_back_with_the_keys_of_its_epochs_and_its_members(
    make_engine: MakeEngine, tmp_path: Path
) -> None:
    anna, ben = make_engine("anna"), make_engine("ben")
    pad_id = anna.create_pad("Plan").pad_id
    ben.create_pad("Own")
    settings = {f"epoch-keys/{pad_id.hex()}": '{"0": ["view", "%s"]}' % ("11" * 32)}
    settings[f"members/{pad_id.hex()}"] = '{"members": []}'
    for name, value in settings.items():
        anna.vault.set_setting(name, value)
    make_backup(anna.vault, tmp_path / "b", version="1")
    await restored(ben, tmp_path / "b", anna.vault.sealing_key())
    assert {name: ben.vault.setting(name) for name in settings} == settings


async def test_a_restore_that_was_interrupted_is_begun_again(make_engine: MakeEngine, tmp_path: Path) -> None:
    anna, ben = make_engine("anna"), make_engine("ben")
    ids = [anna.create_pad(f"P{number}", text="t", folder="F").pad_id for number in range(3)]
    make_backup(anna.vault, tmp_path / "b", version="1")
    ben.create_pad("Own")

    def step(name: str) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        await restored(ben, tmp_path / "b", anna.vault.sealing_key(), step=step)
    made = await restored(ben, tmp_path / "b", anna.vault.sealing_key())
    assert made.brought == 2
    assert made.other_account
    assert {line.path for line in ben.listing()} == {"Own", "F/P0", "F/P1", "F/P2"}
    assert [text_of(ben, each) for each in ids] == ["t"] * 3


async def test_a_vault_that_kept_nothing_becomes_the_account(make_engine: MakeEngine, tmp_path: Path) -> None:
    anna, fresh = make_engine("anna", relay_url="ws://127.0.0.1:9"), make_engine("fresh")
    pad = anna.create_pad("Plan", text="t", folder="F").pad_id
    make_backup(anna.vault, tmp_path / "b", version="1")
    with open_backup(tmp_path / "b") as file:
        reader = SealedReader(file)
        key = anna.vault.sealing_key()
        with backup_beside(fresh.vault.directory, reader, key) as (other, _):
            assert taking.is_unused(fresh.vault)
            taking.take_account(fresh.vault, other)
    await restored(fresh, tmp_path / "b", key)
    assert fresh.vault.account_root == anna.vault.account_root
    assert fresh.drive_session.pad_id == anna.drive_session.pad_id
    assert [line.path for line in fresh.listing()] == ["F/Plan"]
    assert text_of(fresh, pad) == "t"
    assert fresh.relay_url() == "ws://127.0.0.1:9"
    assert not taking.is_unused(fresh.vault)


async def test_without_the_relay_the_longer_history_comes_from_the_backup_and_is_checked(
    make_engine: MakeEngine, tmp_path: Path, relay: RelayProcess
) -> None:
    anna = make_engine("anna", relay_url=relay.url)
    pad = anna.create_pad("Plan", text="one").pad_id
    assert not (await anna.sync()).waiting
    key = anna.vault.sealing_key()
    make_backup(anna.vault, tmp_path / "b1", version="1")
    type_into(anna, pad, "two ")
    assert not (await anna.sync()).waiting
    type_into(anna, pad, "three ")
    with anna.borrowed(pad) as session:
        session.seal()
        signed = {row.entry_id: row.entry for row in session.replica.store.outbox()}
    make_backup(anna.vault, tmp_path / "b2", version="1")
    relay.stop()
    with second_home(tmp_path / "b1", tmp_path / "home", key) as other:
        type_into(other, pad, "own ")
        made = await restored(other, tmp_path / "b2", key)
        assert (made.merged, made.copied) == (1, 0)
        words = text_of(other, pad).split()
        assert sorted(words) == ["one", "own", "three", "two"]
        with other.borrowed(pad) as session:
            session.seal()
            rows = session.replica.store.outbox()
            assert {row.entry_id: row.entry for row in rows} == signed
            entries = [parse_entry(row.entry) for row in rows]
        places = [(entry.writer_pk, entry.seq) for entry in entries]
        assert len(places) == len(set(places))
        assert other.vault.writer_owner(pad, entries[0].writer_pk) is None


@pytest.mark.parametrize("pad_is_here", [False, True])
async def test_a_file_that_waits_comes_with_its_note_and_is_not_collected(
    make_engine: MakeEngine, tmp_path: Path, *, pad_is_here: bool
) -> None:
    """Without the note the next upload would remove the only copy there is."""
    anna = make_engine("anna")
    pad_id = anna.create_pad("Plan").pad_id
    data = bytes(300_000)
    ref = making.attach(anna, pad_id, "plan.bin", len(data), BytesIO(data).read)
    key = anna.vault.sealing_key()
    make_backup(anna.vault, tmp_path / "b", version="1")
    FileBook(anna.vault).forget(pad_id, ref.file_id)
    KeptFiles(anna.vault.directory).forget(ref.file_id)
    if not pad_is_here:
        anna.remove(pad_id)
    for _ in range(2):
        await restored(anna, tmp_path / "b", key)
    making.collect(anna)
    assert [note.file_id for note in sending.waiting(anna)] == [ref.file_id]
    assert await read_whole(anna, pad_id, ref) == data
