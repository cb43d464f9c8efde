"""Files go up in pieces and come down in pieces, for whoever has the pad, whatever the relay does."""

from __future__ import annotations

import asyncio
import contextlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from engine.conftest import MakeEngine

from cryptpad_tui.crdt.errors import EngineFailure
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.engine import Engine, NotAllowed, PadListing, membership
from cryptpad_tui.engine.files import kept as kept_module
from cryptpad_tui.engine.files import link as link_module
from cryptpad_tui.engine.files import making, sending
from cryptpad_tui.engine.files import uploader as uploader_module
from cryptpad_tui.engine.files.book import FileBook, FileState
from cryptpad_tui.engine.files.choosing import choose, files_of, show_at_end
from cryptpad_tui.engine.files.copying import duplicate
from cryptpad_tui.engine.files.errors import DeletedByOwner, NotThere, TargetExists
from cryptpad_tui.engine.files.kept import KeptFiles
from cryptpad_tui.engine.files.reading import read_whole
from cryptpad_tui.engine.files.saving import save
from cryptpad_tui.engine.files.sending import SendReport
from cryptpad_tui.engine.files.uploader import Uploader
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.objects import FileBroken, FileRef
from support.pads import seeded
from support.relay import RelayProcess
from support.sessions import until

CONTENT = seeded(9)(700_000)
CANARY = b"CANARY-of-a-file-that-nobody-may-read"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    path.write_bytes(CANARY + CONTENT)
    return path


def upload(engine: Engine, path: Path, folder: str = "") -> tuple[PadListing, FileRef]:
    with making.source_file(path) as source:
        pad = making.make_file_pad(engine, source, folder=folder)
    return pad, choose(engine, pad.pad_id)


async def send(engine: Engine, *pad_ids: bytes) -> sending.SendReport:
    await engine.sync(pad_ids)
    return await sending.send_waiting(engine)


async def test_whoever_has_the_link_has_the_file(
    make_engine: MakeEngine, relay: RelayProcess, photo: Path, tmp_path: Path
) -> None:
    anna, ben = make_engine("Anna", relay_url=relay.url), make_engine("Ben")
    pad, ref = upload(anna, photo, "Home")
    assert (pad.kind, pad.path, pad.size_bytes, ref.mime) == (
        PadKind.FILE, "Home/photo.png", 700_037, "image/png",
    )  # fmt: skip
    assert (await send(anna, pad.pad_id)).sent == 1
    joined = await ben.join(await anna.make_link(pad.pad_id, view=True))
    assert (joined.kind, joined.title, joined.size_bytes) == (PadKind.FILE, "photo.png", 700_037)
    his = choose(ben, joined.pad_id)
    target = tmp_path / "his.png"
    assert await save(ben, joined.pad_id, his, target, force=False, told=making.no_progress)
    assert target.read_bytes() == photo.read_bytes()
    assert target.stat().st_mode & 0o777 == 0o600
    assert not await save(ben, joined.pad_id, his, target, force=False, told=making.no_progress)
    target.write_bytes(bytes(700_037))
    with pytest.raises(TargetExists):
        await save(ben, joined.pad_id, his, target, force=False, told=making.no_progress)
    assert [path.name for path in tmp_path.iterdir() if ".part" in path.name] == []
    with pytest.raises(NotAllowed):
        making.attach(ben, joined.pad_id, "x", 0, lambda size: b"")


async def test_t51_no_plain_text_of_a_file_is_in_the_vaults_folder_or_at_the_relay(
    make_engine: MakeEngine, relay: RelayProcess, photo: Path, tmp_path: Path
) -> None:
    """T51: neither its bytes nor its name nor its type, while it is sealed, sent and read back."""
    anna = make_engine("Anna", relay_url=relay.url)
    pad, ref = upload(anna, photo)
    await send(anna, pad.pad_id)
    KeptFiles(anna.vault.directory).forget(ref.file_id)
    await read_whole(anna, pad.pad_id, ref)
    looked_at = [_all_bytes(relay.data)]
    with making.source_file(photo) as source:
        sealing = making.sealed(anna, pad.pad_id, "n", source.size, source.read, making.no_progress)
        with contextlib.suppress(ZeroDivisionError), sealing:
            looked_at.append(_all_bytes(tmp_path / "Anna"))
            raise ZeroDivisionError
    for everything in looked_at:
        assert len(everything) > 700_000
        for secret in (CANARY, CONTENT[1_000:1_064], b"photo.png", b"image/png", ref.key):
            assert secret not in everything
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "Anna/files").iterdir()}
    assert modes <= {0o600}


def _all_bytes(folder: Path) -> bytes:
    return b"".join([path.read_bytes() for path in folder.rglob("*") if path.is_file()])


async def test_an_upload_that_was_cut_goes_on_with_what_is_missing(
    make_engine: MakeEngine, relay: RelayProcess, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = make_engine("Anna", relay_url=relay.url)
    pad, _ = upload(anna, photo)
    monkeypatch.setattr(link_module, "AT_ONCE", 1)
    honest, sent = link_module.FileLink._ask, list[int]()

    async def cut_after_two(self: link_module.FileLink, op: int, body: bytes) -> bytes:
        if op == link_module.Op.CHUNK_PUT:
            if len(sent) == 2:
                relay.kill()
            sent.append(len(body))
        return await honest(self, link_module.Op(op), body)

    monkeypatch.setattr(link_module.FileLink, "_ask", cut_after_two)
    report = await send(anna, pad.pad_id)
    assert (report.sent, report.waiting) == (0, 1)
    relay.start()
    with making.source_file(photo) as source:
        again = making.unfinished(anna, source, "")
        assert again is not None
        assert again.pad_id == pad.pad_id
        assert making.unfinished(anna, source, "Elsewhere") is None
    assert (await send(anna, pad.pad_id)).sent == 1
    assert len(sent) == 5, "three pieces and the manifest, one of them twice"
    with making.source_file(photo) as source:
        assert making.unfinished(anna, source, "") is None


async def test_a_full_relay_keeps_the_copy_here_and_says_what_to_do(
    make_engine: MakeEngine, tmp_path: Path, photo: Path
) -> None:
    data = tmp_path / "small"
    data.mkdir(mode=0o700)
    (data / "relay.toml").write_text("[limits]\nfile_bytes_per_pad = 800_000\nfile_bytes = 800_000\n")
    relay = RelayProcess(data)
    try:
        anna = make_engine("Anna", relay_url=relay.url)
        first, ref = upload(anna, photo)
        report = await send(anna, first.pad_id)
        assert report.room is not None
        assert report.room.is_short
        second, other = upload(anna, photo, "Again")
        report = await send(anna, second.pad_id)
        assert (report.refused, report.problem.split(";")[0]) == (1, "The relay has no room for this file")
        assert await read_whole(anna, second.pad_id, other) == photo.read_bytes()
        assert FileBook(anna.vault).rooms()[relay.url].allowed == 800_000
        await sending.delete(anna, first.pad_id, ref.file_id)
        assert (await sending.send_waiting(anna)).sent == 1
        with pytest.raises(DeletedByOwner):
            await read_whole(anna, first.pad_id, ref)
    finally:
        relay.stop()


async def test_a_relay_that_gives_other_bytes_or_says_deleted_is_met(
    make_engine: MakeEngine, relay: RelayProcess, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = make_engine("Anna", relay_url=relay.url)
    pad, ref = upload(anna, photo)
    KeptFiles(anna.vault.directory).path_of(ref.file_id).rename(photo.parent / "away")
    await send(anna, pad.pad_id)
    with pytest.raises(NotThere):
        await read_whole(anna, pad.pad_id, ref)
    (photo.parent / "away").rename(KeptFiles(anna.vault.directory).path_of(ref.file_id))
    assert (await sending.send_waiting(anna)).sent == 1
    assert await sending.look(anna, pad.pad_id, [ref.file_id]) == {ref.file_id: 2}
    assert sending.forget_copies(anna, pad.pad_id, {ref.file_id: 2}) > 700_000
    honest = link_module.FileLink._ask
    lies = {
        link_module.Op.CHUNK_GET: bytes(300),
        link_module.Op.FILE_LOOK: link_module.FileFound(3, 0, 0, 0).encode(),
    }

    async def lying(self: link_module.FileLink, op: link_module.Op, body: bytes) -> bytes:
        return lies.get(op) or await honest(self, op, body)

    monkeypatch.setattr(link_module.FileLink, "_ask", lying)
    with pytest.raises(Alarm) as caught:
        await read_whole(anna, pad.pad_id, ref)
    assert caught.value.code is AlarmCode.BAD_ENTRY
    with pytest.raises(Alarm) as caught:
        await sending.look(anna, pad.pad_id, [ref.file_id])
    assert caught.value.code is AlarmCode.UNSIGNED_DELETE
    monkeypatch.setattr(link_module.labels, "verify_parts", lambda *_: True)
    assert await sending.look(anna, pad.pad_id, [ref.file_id]) == {ref.file_id: 3}, "without the check"


async def test_a_damaged_copy_here_is_read_from_the_relay(
    make_engine: MakeEngine, relay: RelayProcess, photo: Path
) -> None:
    anna = make_engine("Anna", relay_url=relay.url)
    pad, ref = upload(anna, photo)
    await send(anna, pad.pad_id)
    copy = KeptFiles(anna.vault.directory).path_of(ref.file_id)
    for at in (300_000, copy.stat().st_size - 9):
        damaged = bytearray(copy.read_bytes())
        damaged[at] ^= 1
        copy.write_bytes(damaged)
        assert await read_whole(anna, pad.pad_id, ref) == photo.read_bytes()


async def test_what_an_editor_says_about_a_file_must_fit_it(
    make_engine: MakeEngine, relay: RelayProcess, photo: Path
) -> None:
    anna = make_engine("Anna", relay_url=relay.url)
    pad, ref = upload(anna, photo)
    await send(anna, pad.pad_id)
    for wrong in (replace(ref, size=5), replace(ref, key=bytes(32))):
        with pytest.raises(FileBroken):
            await read_whole(anna, pad.pad_id, wrong)


@pytest.mark.parametrize("kind", [PadKind.TEXT, PadKind.RICHTEXT])
async def test_a_file_beside_a_text_comes_with_it(
    make_engine: MakeEngine, relay: RelayProcess, photo: Path, kind: PadKind
) -> None:
    anna, ben = make_engine("Anna", relay_url=relay.url), make_engine("Ben")
    pad = anna.create_pad("Plan", kind=kind, text="first")
    with making.source_file(photo) as source, anna.borrowed(pad.pad_id) as session:
        ref = making.attach(anna, pad.pad_id, "plan [1].png", source.size, source.read)
        show_at_end(session.view, ref)
    await send(anna, pad.pad_id)
    joined = await ben.join(await anna.make_link(pad.pad_id, view=False))
    assert files_of(ben, joined.pad_id) == [ref]
    assert await read_whole(ben, joined.pad_id, ref) == photo.read_bytes()
    with ben.borrowed(joined.pad_id) as session:
        if kind is PadKind.RICHTEXT:
            assert session.view.runs()[-1] == ("\ufffc", {"object": f"file:{ref.file_id.hex()}"})
        else:
            shown = f"first\n![plan \\[1\\].png](pad-file:{ref.file_id.hex()})\n"
            assert session.view.text() == shown


async def test_a_copy_has_files_of_its_own(make_engine: MakeEngine, relay: RelayProcess, photo: Path) -> None:
    anna, ben = make_engine("Anna", relay_url=relay.url), make_engine("Ben", relay_url=relay.url)
    pad, ref = upload(anna, photo, "Home")
    again = (await duplicate(anna, pad.pad_id, "again")).pad
    assert (again.path, again.kind, again.size_bytes) == ("Home/again", PadKind.FILE, 700_037)
    own = choose(anna, again.pad_id)
    assert (own.name, own.mime, own.key != ref.key) == (ref.name, ref.mime, True)
    anna.remove(pad.pad_id)
    making.collect(anna)
    assert await read_whole(anna, again.pad_id, own) == photo.read_bytes()
    await send(anna, again.pad_id)
    joined = await ben.join(await anna.make_link(again.pad_id, view=True))
    copy = (await duplicate(ben, joined.pad_id, "Ben's")).pad
    assert await read_whole(ben, copy.pad_id, choose(ben, copy.pad_id)) == photo.read_bytes()


@pytest.mark.parametrize("kind", [PadKind.TEXT, PadKind.RICHTEXT])
async def test_a_copy_shows_its_own_files_and_says_what_nobody_has(
    make_engine: MakeEngine, photo: Path, kind: PadKind
) -> None:
    anna = make_engine("Anna")
    pad = anna.create_pad("Plan", kind=kind, text="first")
    with anna.borrowed(pad.pad_id) as session:
        for name in ("kept.png", "lost.png"):
            with making.source_file(photo) as source:
                ref = making.attach(anna, pad.pad_id, name, source.size, source.read)
            show_at_end(session.view, ref)
    KeptFiles(anna.vault.directory).forget(ref.file_id)
    copied = await duplicate(anna, pad.pad_id, "Plan again")
    assert copied.missing == (ref,)
    (kept,) = files_of(anna, copied.pad.pad_id)
    assert await read_whole(anna, copied.pad.pad_id, kept) == photo.read_bytes()
    with anna.borrowed(copied.pad.pad_id) as session:
        marks = [str(marks.get("object")) for _, marks in session.view.runs()] if session.kind.value else []
        assert kept.file_id.hex() in "".join([session.view.text(), *marks])
        assert files_of(anna, pad.pad_id)[0].file_id.hex() not in "".join([session.view.text(), *marks])


@pytest.fixture
def torn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Process death at each step that makes something durable: what runs after it does not run."""
    steps: list[str] = []
    rename = os.rename

    def die_before(source: object, target: object, **where: int) -> None:
        if "rename" in steps:
            raise SystemExit
        rename(source, target, **where)  # type: ignore[arg-type]

    monkeypatch.setattr(kept_module.os, "rename", die_before)
    return steps


def test_what_dies_before_it_is_named_is_collected(
    make_engine: MakeEngine, photo: Path, torn: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = make_engine("Anna")
    folder = anna.vault.directory / "files"
    unlink = os.unlink
    monkeypatch.setattr(kept_module.os, "unlink", lambda path: None)
    torn.append("rename")
    with pytest.raises(SystemExit):
        upload(anna, photo)
    torn.clear()
    assert len(list(folder.iterdir())) == 1
    monkeypatch.setattr(kept_module.os, "unlink", unlink)
    monkeypatch.setattr(making, "_create", lambda *_: (_ for _ in ()).throw(SystemExit))
    with pytest.raises(SystemExit):
        upload(anna, photo)
    monkeypatch.undo()
    assert anna.listing() == []
    upload(anna, photo)
    assert len(list(folder.iterdir())) == 1, "the two that died are gone"


def test_a_copy_that_is_being_made_is_not_collected(make_engine: MakeEngine, photo: Path) -> None:
    anna, beside = make_engine("Anna"), KeptFiles(make_engine("Ben").vault.directory.parent / "Anna")
    pad = anna.create_pad("Plan")
    with (
        making.source_file(photo) as source,
        beside.seal(pad.pad_id, bytes(32), source.size, source.read, rng=os.urandom, told=print) as file_id,
    ):
        making.collect(anna)
        assert beside.has(file_id)
    making.collect(anna)
    assert not beside.has(file_id)


def test_a_file_of_a_pad_that_is_forgotten_goes_with_it(make_engine: MakeEngine, photo: Path) -> None:
    anna = make_engine("Anna")
    pad, ref = upload(anna, photo)
    note = FileBook(anna.vault).note(pad.pad_id, ref.file_id)
    assert note is not None
    assert note.state is FileState.WAITING
    anna.trash(pad.pad_id)
    making.collect(anna)
    assert KeptFiles(anna.vault.directory).has(ref.file_id)
    anna.remove(pad.pad_id)
    making.collect(anna)
    assert not KeptFiles(anna.vault.directory).has(ref.file_id)
    assert FileBook(anna.vault).note(pad.pad_id, ref.file_id) is None


async def test_files_outlive_a_change_of_keys_and_go_on_after_it(
    make_engine: MakeEngine, relay: RelayProcess, photo: Path
) -> None:
    anna, ben = make_engine("Anna", relay_url=relay.url), make_engine("Ben")
    pad, ref = upload(anna, photo)
    await send(anna, pad.pad_id)
    await membership.revoke(anna, pad.pad_id)
    with making.source_file(photo) as source:
        later = making.attach(anna, pad.pad_id, "later", source.size, source.read)
    assert (await send(anna, pad.pad_id)).sent == 1
    KeptFiles(anna.vault.directory).forget(later.file_id)
    assert await read_whole(anna, pad.pad_id, later) == photo.read_bytes()
    joined = await ben.join(await anna.make_link(pad.pad_id, view=True))
    assert choose(ben, joined.pad_id) == ref
    assert await read_whole(ben, joined.pad_id, ref) == photo.read_bytes()


async def test_a_file_that_is_held_back_is_not_sent_and_another_goes(
    make_engine: MakeEngine, relay: RelayProcess, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = make_engine("Anna", relay_url=relay.url)
    pads = [upload(anna, photo, folder) for folder in ("", "Other")]
    await anna.sync([pad.pad_id for pad, _ in pads])
    honest, held, waits = link_module.FileLink._ask, list[bytes](), asyncio.Event()

    async def slow(self: link_module.FileLink, op: int, body: bytes) -> bytes:
        if op == link_module.Op.CHUNK_PUT and not held:
            await waits.wait()
        return await honest(self, link_module.Op(op), body)

    monkeypatch.setattr(link_module.FileLink, "_ask", slow)
    uploader = Uploader(anna)
    uploader.start()
    uploader.wake()
    while uploader.going is None:
        await asyncio.sleep(0.01)
    held.append(uploader.going.file_id)
    uploader.hold(held[0])
    states = {ref.file_id: FileState.WAITING for _, ref in pads}
    while FileState.SENT not in states.values():
        uploader.wake()
        await asyncio.sleep(0.02)
        states = {note.file_id: note.state for note in FileBook(anna.vault).notes()}
    await uploader.stop()
    assert {one for one, state in states.items() if state is FileState.WAITING} == set(held)


async def test_an_uploader_that_is_woken_and_told_to_end_at_once_ends(make_engine: MakeEngine) -> None:
    uploader = Uploader(make_engine("Anna"))
    uploader.start()
    await asyncio.sleep(0.05)
    async with asyncio.timeout(5):
        uploader.wake()
        await uploader.stop()


async def test_a_file_whose_pad_cannot_be_opened_is_said_and_ends_no_sending(
    make_engine: MakeEngine, relay: RelayProcess, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = make_engine("Anna", relay_url=relay.url)
    pad, _ = upload(anna, photo)
    await anna.sync([pad.pad_id])
    honest, failed = uploader_module.send_waiting, list[int]()

    async def fails_once(*args: Any, **options: Any) -> SendReport:
        if not failed:
            failed.append(1)
            raise EngineFailure("spoilt")
        return await honest(*args, **options)

    monkeypatch.setattr(uploader_module, "send_waiting", fails_once)
    uploader = Uploader(anna)
    uploader.start()
    uploader.wake()
    await until(lambda: bool(uploader.report.problem))
    uploader.wake()
    await until(lambda: uploader.report.sent == 1)
    assert not uploader.report.problem
    await uploader.stop()
