"""Pads and files of one's own under another root of the account: all of it comes along, or it is said."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crypto.keys import Role, pseudonym_of
from cryptpad_tui.engine import Engine, creating, keeping, membership, moving, rotating
from cryptpad_tui.engine.files import making
from cryptpad_tui.engine.files.book import FileBook, FileState
from cryptpad_tui.engine.files.choosing import choose, files_of, show_at_end
from cryptpad_tui.engine.files.kept import KeptFiles
from cryptpad_tui.engine.files.reading import read_whole
from cryptpad_tui.engine.moving import Moved
from support.relay import RelayProcess
from support.sessions import MakeEngine

from .test_account_steps import die, nowhere

CONTENT = b"CANARY of a film" * 30_000


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a relay: the drive of before has ended there."""

    async def destroy(engine: Engine, pad_id: bytes) -> None:
        return None

    monkeypatch.setattr(Engine, "sync_one", nowhere)
    monkeypatch.setattr(membership, "destroy", destroy)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.bin"
    path.write_bytes(CONTENT)
    return path


def filled(desk: Engine, film: Path) -> dict[str, bytes]:
    """A file, a text that shows one and has comments; by title."""
    with making.source_file(film) as source:
        pads = {"film.bin": making.make_file_pad(desk, source, folder="Films").pad_id}
    pads["Plan"] = desk.create_pad("Plan", text="one two three\n", folder="Work").pad_id
    with desk.borrowed(pads["Plan"]) as session:
        with making.source_file(film) as source:
            show_at_end(session.view, making.attach(desk, session.pad_id, "a.bin", source.size, source.read))
        name = session.comments.comment(Position(0, 4), Position(0, 7), "or three?")
        session.comments.answer(session.comments.threads()[0], "two is right")
        session.comments.set_done(session.comments.threads()[0], True)
        assert name
        session.chat.say("talking to myself")
    return pads


async def rotated(desk: Engine, make_engine: MakeEngine) -> Engine:
    rotating.switch(desk, [])
    await desk.close()
    return make_engine("desk")


async def test_files_and_comments_come_along_under_keys_of_their_own(
    make_engine: MakeEngine, film: Path
) -> None:
    desk = make_engine("desk")
    before = filled(desk, film)
    keys = {title: [ref.key for ref in files_of(desk, pad)] for title, pad in before.items()}
    desk = await rotated(desk, make_engine)
    assert await moving.go_on(desk) == Moved(anew=2, is_done=True)
    pads = {pad.path: pad for pad in desk.listing()}
    assert set(pads) == {"Films/film.bin", "Work/Plan"}
    assert {pad.pad_id for pad in keeping.trashed(desk)} == set(before.values())
    for path, pad in pads.items():
        (ref,) = files_of(desk, pad.pad_id)
        assert ref.key not in keys[path.rpartition("/")[2]]
        assert await read_whole(desk, pad.pad_id, ref) == CONTENT
    assert choose(desk, pads["Films/film.bin"].pad_id).name == "film.bin"
    waiting = [note.pad_id for note in FileBook(desk.vault).notes() if note.state is FileState.WAITING]
    assert {pad.pad_id for pad in pads.values()} <= set(waiting), "they go to the relay with the next sync"
    with desk.borrowed(pads["Work/Plan"].pad_id) as session:
        assert files_of(desk, session.pad_id)[0].file_id.hex() in session.view.text()
        (thread,) = session.comments.threads()
        assert [each.text for each in thread.remarks] == ["or three?", "two is right"]
        place = session.comments.places([thread])[thread.name]
        assert (place.start, place.end, thread.done) == (Position(0, 4), Position(0, 7), True)
        session.view.replace(Position(0, 0), Position(0, 0), "zero ")
        assert session.comments.places([thread])[thread.name].start == Position(0, 9), "it follows its text"
        assert session.chat.messages(9) == []


async def test_what_somebody_else_had_said_stands_there_as_a_quotation(
    make_engine: MakeEngine, relay: RelayProcess
) -> None:
    desk, ben = make_engine("desk", relay_url=relay.url), make_engine("Ben", relay_url=relay.url)
    pad = desk.create_pad("Plan", text="one two three\n")
    await ben.join(await desk.make_link(pad.pad_id, view=False))
    for engine, text in ((desk, "mine"), (ben, "theirs")):
        with engine.borrowed(pad.pad_id) as session:
            session.comments.comment(Position(0, 0), Position(0, 3), text)
        await engine.sync()
    await desk.sync()
    await membership.revoke(desk, pad.pad_id)
    desk = await rotated(desk, make_engine)
    assert (await moving.go_on(desk)).anew == 1
    with desk.borrowed(desk.find("Plan").pad_id) as session:
        remarks = [thread.root for thread in session.comments.threads()]
    assert sorted((each.says, each.text) for each in remarks) == [
        ("Ben", "Ben wrote: theirs"),
        ("desk", "mine"),
    ]


@pytest.mark.parametrize("step", ["sealed", "create_pad", "trash"])
async def test_killed_on_the_way_each_is_as_it_was_or_anew(
    make_engine: MakeEngine, film: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make_engine("desk")
    before = filled(desk, film)
    desk = await rotated(desk, make_engine)
    with monkeypatch.context() as patch:
        if step == "sealed":
            patch.setattr(moving, "_put_in_its_place", die)
        elif step == "create_pad":
            patch.setattr(creating, "create_pad", die)
        else:
            patch.setattr(type(desk.drive), "trash", die)
        with pytest.raises(KeyboardInterrupt):
            await moving.go_on(desk)
    with suppress(BaseException):
        await desk.close()
    desk = make_engine("desk")
    assert {pad.pad_id for pad in desk.listing()} == set(before.values())
    assert (await moving.go_on(desk)).anew == 2
    assert not {pad.pad_id for pad in desk.listing()} & set(before.values())
    making.collect(desk)
    kept = [path for path in (desk.vault.directory / "files").iterdir() if path.is_file()]
    assert len(kept) == 4, "two of before, two anew, and nothing of the attempt that died"


async def test_what_cannot_begin_anew_is_said(make_engine: MakeEngine, film: Path) -> None:
    desk = make_engine("desk")
    pads = filled(desk, film)
    ours = desk.create_pad("Ours", text="ours")
    key = pseudonym_of(bytes(range(32)), ours.pad_id).public
    membership.keep(desk, ours.pad_id, key, role=Role.EDIT, name="Ben")
    (gone,) = files_of(desk, pads["film.bin"])
    KeptFiles(desk.vault.directory).forget(gone.file_id)
    desk = await rotated(desk, make_engine)
    done = await moving.go_on(desk)
    assert (done.anew, done.stay, done.broken) == (1, ["Ours"], ["film.bin"])
    assert {pad.path for pad in desk.listing()} == {"Ours", "Films/film.bin", "Work/Plan"}


async def test_with_all_whoever_was_in_it_is_named_for_a_new_link(make_engine: MakeEngine) -> None:
    desk = make_engine("desk")
    ours = desk.create_pad("Ours", kind=PadKind.RICHTEXT, text="ours")
    key = pseudonym_of(bytes(range(32)), ours.pad_id).public
    membership.keep(desk, ours.pad_id, key, role=Role.EDIT, name="Ben")
    desk = await rotated(desk, make_engine)
    done = await moving.go_on(desk, everything=True)
    assert (done.anew, done.shared, done.stay) == (1, ["Ours"], [])
    assert desk.find("Ours").pad_id != ours.pad_id
