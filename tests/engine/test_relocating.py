"""Moving pads to another relay, with real vaults and two real relays: who follows, and what a cut leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from adversary.sabotage import both, nothing

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.entry import ChunkRef
from cryptpad_relay.protocol.errors import Code, Refused
from cryptpad_relay.protocol.file_frames import FilePut
from cryptpad_relay.protocol.frames import Op
from cryptpad_tui.crypto.links import decode_link
from cryptpad_tui.crypto.sealing import pad, seal
from cryptpad_tui.engine import (
    Engine,
    carrying,
    inbox,
    inviting,
    membership,
    moving_house,
    outbox,
    relocating,
    whereabouts,
)
from cryptpad_tui.engine.errors import NotOwner, RelayRefused
from cryptpad_tui.engine.files import making, sending
from cryptpad_tui.engine.files.kept import KeptFiles
from cryptpad_tui.engine.files.names import put_ref, refs_in
from cryptpad_tui.engine.files.reading import read_whole
from cryptpad_tui.engine.verifying import connection_of
from cryptpad_tui.pad import flows_move
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.asking import Request
from cryptpad_tui.pad.digests import chunk_id_of
from cryptpad_tui.pad.flows_move import NotMovedThere, OtherLogThere
from cryptpad_tui.pad.objects import MANIFEST_KIND, FileBroken, FileRef, Manifest
from cryptpad_tui.pad.replica import Replica
from cryptpad_tui.sync.connection import RelayConnection, RelayUnreachable
from cryptpad_tui.vault.vault import Vault
from support.pads import seeded
from support.relay import RelayProcess
from support.sessions import MakeEngine, append

from .conftest import PASSPHRASE
from .test_people import befriend


@pytest.fixture
def other(tmp_path: Path) -> Iterator[RelayProcess]:
    process = RelayProcess(tmp_path / "other-relay")
    yield process
    process.stop()


def text_of(engine: Engine, pad_id: bytes) -> str:
    with engine.borrowed(pad_id) as session:
        return session.view.text()


def write(engine: Engine, pad_id: bytes, text: str) -> None:
    with engine.borrowed(pad_id) as session:
        append(session, text)


def url_of(engine: Engine, pad_id: bytes) -> str | None:
    record = engine.vault.pad(pad_id)
    assert record is not None
    return record.relay_url


async def test_three_people_go_on_at_the_other_relay(
    relay: RelayProcess, other: RelayProcess, make_engine: MakeEngine
) -> None:
    anna = make_engine("Anna", relay_url=relay.url)
    boris, carla = make_engine("Boris"), make_engine("Carla")
    pad_id = anna.create_pad("Plans", text="Plans.\n").pad_id
    stays = anna.create_pad("Other", text="Stays.\n").pad_id
    link = await anna.make_link(pad_id, view=False)
    for engine in (boris, carla):
        await engine.join(link)
    await anna.sync()
    with pytest.raises(NotOwner):
        await relocating.move(boris, pad_id, other.url)
    write(boris, pad_id, "Boris, unsent.\n")
    report = await relocating.move(anna, pad_id, other.url)
    assert url_of(anna, pad_id) == other.url
    assert url_of(anna, stays) == relay.url
    write(anna, pad_id, "Anna, after.\n")
    assert (await anna.sync()).waiting == 0

    told = await boris.sync([pad_id])
    assert (told.waiting, told.alarms) == (0, ())
    assert any(line.startswith("MOVED: its owner moved “Plans” to the relay") for line in told.notices)
    assert not (await boris.sync([pad_id])).notices
    relay.stop()
    await anna.sync([pad_id])
    assert text_of(anna, pad_id) == text_of(boris, pad_id)
    assert text_of(anna, pad_id).count("Boris, unsent.") == 1
    # Carla was away for the whole time, and her relay is gone: the owner's word is at the other one.
    write(carla, pad_id, "Carla, unsent.\n")
    assert (await carla.sync([pad_id], wait_s=1.0)).unreachable
    await whereabouts.follow(carla, pad_id, other.url)
    assert (await carla.sync([pad_id])).waiting == 0
    await anna.sync([pad_id])
    assert text_of(anna, pad_id) == text_of(carla, pad_id)
    assert text_of(anna, pad_id).count("Carla, unsent.") == 1
    assert report.url == other.url


async def test_everything_moves_keys_snapshots_and_files_too(
    relay: RelayProcess, other: RelayProcess, make_engine: MakeEngine, tmp_path: Path
) -> None:
    anna, boris = make_engine("Anna", relay_url=relay.url), make_engine("Boris")
    pad_id = anna.create_pad("Plans", text="Plans.\n").pad_id
    photo = tmp_path / "photo.png"
    photo.write_bytes(seeded(3)(300_000))
    with making.source_file(photo) as source:
        ref = making.attach(anna, pad_id, "photo.png", source.size, source.read)
    await anna.sync()
    assert (await sending.send_waiting(anna)).sent == 1
    # The copy here goes: only the relay that is left has the file.
    KeptFiles(anna.vault.directory).forget(ref.file_id)
    await membership.revoke(anna, pad_id)
    write(anna, pad_id, "Under other keys.\n")
    await boris.join(await anna.make_link(pad_id, view=False))
    local = anna.create_pad("On no relay yet", text="x").pad_id
    done: list[bytes] = []
    outcome = await moving_house.move_all(anna, other.url, done=lambda report: done.append(report.pad_id))
    assert (outcome.failed, outcome.others) == ((), 0)
    assert done[-1] == anna.drive_session.pad_id
    assert pad_id in done
    relay.stop()
    assert (await anna.sync()).waiting == 0
    assert {url_of(anna, each) for each in (pad_id, local, done[-1])} == {other.url}
    assert anna.relay_url() == other.url
    # A newcomer begins at the snapshot that came along, and has the file.
    carla = make_engine("Carla")
    joined = await carla.join(await anna.make_link(pad_id, view=False))
    assert text_of(carla, pad_id) == "Plans.\nUnder other keys.\n"
    with carla.borrowed(joined.pad_id) as session:
        assert session.replica.fold.start is not None
        [his] = refs_in(session.view)
    assert await read_whole(carla, pad_id, his) == photo.read_bytes()
    # Said again it does nothing.
    assert (await moving_house.move_all(anna, other.url)).failed == ()


async def test_another_device_of_the_account_comes_along(
    relay: RelayProcess, other: RelayProcess, make_engine: MakeEngine, tmp_path: Path
) -> None:
    desk = make_engine("Anna", relay_url=relay.url)
    pad_id = desk.create_pad("Plans", text="Plans.\n").pad_id
    await desk.sync()
    root, home = desk.vault.account_root, tmp_path / "Laptop"
    vault, _ = Vault.create(
        home, PASSPHRASE, name="Anna", relay_url=relay.url, kdf_memory_mib=64, account_root=root
    )
    vault.close()
    laptop = make_engine("Laptop")
    await laptop.sync()
    await laptop.sync()
    write(laptop, pad_id, "Written on the laptop, unsent.\n")
    await moving_house.move_all(desk, other.url)
    # A page of the kit from before, or a login: the relay that they name still answers.
    vault, _ = Vault.create(
        tmp_path / "Kit", PASSPHRASE, name="Anna", relay_url=relay.url, kdf_memory_mib=64, account_root=root
    )
    vault.close()
    kit = make_engine("Kit")
    for _ in range(2):
        await kit.sync()
    assert text_of(kit, pad_id) == "Plans.\n"
    assert (url_of(kit, pad_id), kit.relay_url()) == (other.url, other.url)
    report = await laptop.sync()
    assert report.alarms == ()
    assert any("your drive was moved" in line for line in report.notices)
    relay.stop()
    assert (await laptop.sync()).waiting == 0
    assert (url_of(laptop, pad_id), laptop.relay_url()) == (other.url, other.url)
    await desk.sync()
    assert text_of(desk, pad_id) == text_of(laptop, pad_id)


async def test_links_of_before_lead_on_and_fresh_ones_keep_what_is_unsent(
    relay: RelayProcess, other: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, boris, carla = make_engine("Anna", relay_url=relay.url), make_engine("Boris"), make_engine("Carla")
    eve = make_engine("Eve")
    pad_id = anna.create_pad("Plans", text="Plans.\n").pad_id
    old_link = await anna.make_link(pad_id, view=False)
    await carla.join(old_link)
    await eve.join(old_link)
    await relocating.move(anna, pad_id, other.url, erase=True)
    dora = make_engine("Dora")
    fresh = await anna.make_link(pad_id, view=False)
    assert decode_link(fresh).address == other.url
    await boris.join(old_link)
    assert url_of(boris, pad_id) == other.url
    # Nothing but the owner's records is left there, and they lead on who had the pad before.
    assert (await eve.sync([pad_id])).alarms == ()
    assert (url_of(eve, pad_id), text_of(eve, pad_id)) == (other.url, "Plans.\n")
    relay.stop()
    write(carla, pad_id, "Carla, unsent.\n")
    # An old link to a pad that is here says nothing; the fresh one leads to where it is.
    await carla.join(old_link, wait_s=1.0)
    assert url_of(carla, pad_id) == relay.url
    await carla.join(fresh)
    assert url_of(carla, pad_id) == other.url
    await anna.sync([pad_id])
    assert text_of(anna, pad_id) == "Plans.\nCarla, unsent.\n"
    with pytest.raises(RelayUnreachable):
        await dora.join(old_link, wait_s=1.0)


async def test_a_relay_that_is_gone_and_what_then_is_possible(
    relay: RelayProcess, other: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, boris = make_engine("Anna", relay_url=relay.url), make_engine("Boris")
    pad_id = anna.create_pad("Plans", text="Plans.\n").pad_id
    await boris.join(await anna.make_link(pad_id, view=False))
    relay.stop()
    write(boris, pad_id, "Boris, unsent.\n")
    with pytest.raises(RelayUnreachable):
        await relocating.move(anna, pad_id, other.url, wait_s=1.0)
    with pytest.raises(NotMovedThere):
        await whereabouts.follow(boris, pad_id, other.url)
    await relocating.move(anna, pad_id, other.url, old_is_gone=True)
    await whereabouts.follow(boris, pad_id, other.url)
    await anna.sync([pad_id])
    assert text_of(anna, pad_id) == "Plans.\nBoris, unsent.\n"


STEPS = frozenset({Op.CREATE, Op.ARRIVE, Op.BRING, Op.STH, Op.OWNER_REC, Op.APPEND, Op.FREEZE})
"""What changes something at a relay, or decides about it."""


class Cut(BaseException):
    """The machine loses power."""


@pytest.mark.parametrize("how", [Cut, RelayUnreachable])
async def test_cut_off_at_every_step_it_is_done_or_not_begun(
    relay: RelayProcess,
    other: RelayProcess,
    make_engine: MakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    how: type[BaseException],
) -> None:
    """Each attempt gets one question further, in a fresh process; a member looks in between."""
    boris = make_engine("Boris")
    anna = make_engine("Anna", relay_url=relay.url)
    pad_id = anna.create_pad("Plans", text="Plans.\n").pad_id
    await boris.join(await anna.make_link(pad_id, view=False))
    asked, honest = [0], RelayConnection.request
    for steps in range(1, 60):
        if how is Cut:
            await anna.close()
            anna = make_engine("Anna")
        monkeypatch.setattr(RelayConnection, "request", counting(asked, honest, steps, how))
        done = False
        try:
            await relocating.move(anna, pad_id, other.url)
            done = True
        except relocating.AlreadyThere:
            done = True
        except how:
            pass
        monkeypatch.setattr(RelayConnection, "request", honest)
        asked[0] = 0
        write(boris, pad_id, f"{steps}\n")
        assert (await boris.sync([pad_id])).waiting == 0
        if done:
            break
    assert done
    assert url_of(boris, pad_id) == url_of(anna, pad_id) == other.url
    await anna.sync([pad_id])
    lines = text_of(anna, pad_id).splitlines()
    assert lines == ["Plans.", *map(str, range(1, steps + 1))]
    assert text_of(boris, pad_id) == text_of(anna, pad_id)


def counting(
    asked: list[int], honest: Callable[..., object], steps: int, how: type[BaseException]
) -> Callable[..., object]:
    async def request(self: RelayConnection, request: Request, **options: float) -> bytes:
        asked[0] += request.op in STEPS
        if asked[0] > steps:
            if asked[0] == steps + 1:
                await honest(self, request, **options)  # type: ignore[misc]
            raise how("cut off")
        return await honest(self, request, **options)  # type: ignore[misc,no-any-return]

    return request


async def test_contacts_in_the_pad_are_told_by_mail_and_follow_when_they_say_so(
    relay: RelayProcess, other: RelayProcess, make_engine: MakeEngine, tmp_path: Path
) -> None:
    post = RelayProcess(tmp_path / "post")
    anna, boris = make_engine("Anna", relay_url=post.url), make_engine("Boris", relay_url=post.url)
    await befriend(anna, boris)
    pad_id = anna.create_pad("Plans", text="Plans.\n").pad_id
    # The pad is at a relay of its own: two relays at once are nothing special.
    await relocating.move(anna, pad_id, relay.url)
    await anna.sync()
    await inviting.invite(anna, pad_id, "Boris", view=False)
    await outbox.send(anna)
    await inbox.look(boris)
    [line] = inbox.lines(boris)
    await inbox.accept(boris, inbox.numbered(boris, line.number))
    assert (await relocating.move(anna, pad_id, other.url)).told == 1
    relay.stop()
    write(boris, pad_id, "Boris, unsent.\n")
    await outbox.send(anna)
    await inbox.look(boris)
    [line] = [line for line in inbox.lines(boris) if line.kind == "moved"]
    assert line.sentence == "says that “Plans” is at another relay; accept to follow it there"
    followed = await inbox.accept(boris, inbox.numbered(boris, line.number))
    assert followed is not None
    assert url_of(boris, pad_id) == other.url
    assert inbox.lines(boris) == []
    await anna.sync([pad_id])
    assert text_of(anna, pad_id) == "Plans.\nBoris, unsent.\n"
    post.stop()


async def attached(engine: Engine, pad_id: bytes, tmp_path: Path) -> FileRef:
    """A photo that the relay has, and this machine's copy."""
    photo = tmp_path / "photo.png"
    photo.write_bytes(seeded(3)(300_000))
    with making.source_file(photo) as source:
        ref = making.attach(engine, pad_id, "photo.png", source.size, source.read)
    await engine.sync()
    assert (await sending.send_waiting(engine)).sent == 1
    return ref


async def said_wrongly(engine: Engine, pad_id: bytes, ref: FileRef, how: str) -> FileRef:
    """What an editor may write into the pad about a file, and put beside it."""
    if how == "key":
        return replace(ref, key=bytes(32))
    if how == "size":
        return replace(ref, size=ref.size - 1)
    # A manifest of one piece, which no relay takes: too large, or by the id of another file's piece.
    size = 2**20 if how == "chunks" else 300
    raw = Manifest(10, (ChunkRef(size, ref.file_id),)).encode()
    aad = b"PAD1" + bytes([MANIFEST_KIND, 1, 0, 0]) + pad_id + (10).to_bytes(8, "big") + bytes(4)
    chunk = seal(bytes(32), aad + (1).to_bytes(4, "big"), pad(raw), rng=seeded(1))
    with engine.borrowed(pad_id) as session:
        async with connection_of(engine, session) as connection:
            await carrying.ask(connection, Op.CHUNK_PUT, frames.ChunkPut(pad_id, chunk).encode())
    return FileRef(chunk_id_of(chunk), bytes(32), 10, "photo.png", "")


@pytest.mark.parametrize("how", ["key", "size", "chunks", "piece"])
@pytest.mark.parametrize("defended", [True, False])
async def test_what_an_editor_says_wrongly_about_a_file_holds_no_pad(
    relay: RelayProcess,
    other: RelayProcess,
    make_engine: MakeEngine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
    defended: bool,
) -> None:
    anna, boris = make_engine("Anna", relay_url=relay.url), make_engine("Boris")
    pad_id = anna.create_pad("Plans", text="Plans.\n").pad_id
    await boris.join(await anna.make_link(pad_id, view=False))
    ref = await said_wrongly(boris, pad_id, await attached(boris, pad_id, tmp_path), how)
    with boris.borrowed(pad_id) as session:
        put_ref(session.view, ref)
    await boris.sync()
    await anna.sync()
    if defended:
        report = await relocating.move(anna, pad_id, other.url)
        assert (report.broken_files, report.absent_files) == (("photo.png",), ())
        assert url_of(anna, pad_id) == other.url
        return
    if how == "piece":
        # It would be carried along, and said of nobody.
        monkeypatch.setattr(
            carrying.Carrier, "_file_chunk", lambda it, at, ref, kept: it._piece(ref.chunk_id)
        )
        assert (await relocating.move(anna, pad_id, other.url)).broken_files == ()
        return
    if how == "chunks":
        monkeypatch.setattr(FilePut, "decode", nothing)
    else:
        monkeypatch.setattr(carrying, "FileBroken", NotOwner)
    with pytest.raises((FileBroken, RelayRefused)):
        await relocating.move(anna, pad_id, other.url)
    assert url_of(anna, pad_id) == relay.url


@both
async def test_other_bytes_of_a_file_are_not_carried_along(
    relay: RelayProcess,
    other: RelayProcess,
    make_engine: MakeEngine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    defended: bool,
) -> None:
    anna = make_engine("Anna", relay_url=relay.url)
    pad_id = anna.create_pad("Plans", text="Plans.\n").pad_id
    ref = await attached(anna, pad_id, tmp_path)
    copy = KeptFiles(anna.vault.directory).path_of(ref.file_id)
    whole = copy.read_bytes()
    # Damaged here, whole there: that one goes along.
    copy.write_bytes(bytes(1_000) + whole[1_000:])
    honest = RelayConnection.request

    async def lying(self: RelayConnection, request: Request, **options: float) -> bytes:
        answer = await honest(self, request, **options)
        return bytes(len(answer)) if request.op == Op.CHUNK_GET else answer

    with monkeypatch.context() as patched:
        patched.setattr(RelayConnection, "request", lying)
        if defended:
            with pytest.raises(Alarm) as caught:
                await relocating.move(anna, pad_id, other.url)
            assert caught.value.code is AlarmCode.BAD_ENTRY
        else:
            patched.setattr(carrying, "check_bytes", nothing)
            assert (await relocating.move(anna, pad_id, other.url)).absent_files == ()
    if defended:
        await relocating.move(anna, pad_id, other.url)
        KeptFiles(anna.vault.directory).forget(ref.file_id)
        assert await read_whole(anna, pad_id, ref) == (tmp_path / "photo.png").read_bytes()


@both
async def test_what_anybody_says_at_another_address_is_no_alarm(
    relay: RelayProcess,
    other: RelayProcess,
    make_engine: MakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    defended: bool,
) -> None:
    """An address comes by mail, in a link, from a shared list: what answers there says what it likes."""
    anna = make_engine("Anna", relay_url=relay.url)
    pad_id = anna.create_pad("Plans", text="Plans.\n").pad_id
    await anna.sync()

    async def lying(self: RelayConnection, request: Request, **options: float) -> bytes:
        return frames.OwnerRecords(bytes(100), (b"x" * 300,)).encode()

    monkeypatch.setattr(RelayConnection, "request", lying)
    if not defended:
        monkeypatch.setattr(flows_move, "Alarm", AssertionError)
    with pytest.raises(NotMovedThere if defended else Alarm):
        await whereabouts.switch(anna, pad_id, other.url)
    assert bool(anna.vault.alarms(pad_id)) is not defended


async def test_the_owners_word_against_the_log_that_is_here_is_one(
    relay: RelayProcess, other: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, boris = make_engine("Anna", relay_url=relay.url), make_engine("Boris")
    pad_id = anna.create_pad("Plans", text="Plans.\n").pad_id
    await boris.join(await anna.make_link(pad_id, view=False))
    await relocating.move(anna, pad_id, other.url)
    with boris.borrowed(pad_id) as session:
        monkeypatch.setattr(session.replica.fold, "head_of", lambda n: bytes(32))
        with pytest.raises(Alarm, match="the pad's owner moved another log"):
            await whereabouts.switch(boris, pad_id, other.url)
    assert boris.vault.alarms(pad_id)
    assert url_of(boris, pad_id) == relay.url


LIES: dict[str, Callable[[frames.Fetched], frames.Fetched]] = {
    "nothing": lambda said: said._replace(entries=()),
    "an empty entry": lambda said: said._replace(entries=(said.entries[0], b"")),
    "another place": lambda said: said._replace(first_n=2, entries=said.entries[1:]),
}


@both
@pytest.mark.parametrize("lie", LIES)
async def test_what_the_relay_that_is_left_says_of_the_log_must_go_on_from_there(
    relay: RelayProcess,
    other: RelayProcess,
    make_engine: MakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    lie: str,
    defended: bool,
) -> None:
    """Who began at a snapshot has not the entries before it."""
    anna = make_engine("Anna", relay_url=relay.url)
    pad_id = anna.create_pad("Plans", text="Plans.\n").pad_id
    await anna.sync()
    monkeypatch.setattr(Replica, "stored_entries", lambda self, after_n, limit: [])
    honest = RelayConnection.request

    async def lying(self: RelayConnection, request: Request, **options: float) -> bytes:
        answer = await honest(self, request, **options)
        return LIES[lie](frames.Fetched.decode(answer)).encode() if request.op == Op.FETCH else answer

    monkeypatch.setattr(RelayConnection, "request", lying)
    if not defended:
        monkeypatch.setattr(carrying, "check_fetched", nothing)
    with pytest.raises(OtherLogThere if defended else (IndexError, RelayRefused)):
        await relocating.move(anna, pad_id, other.url)
    assert url_of(anna, pad_id) == relay.url


@both
@pytest.mark.parametrize("op", [Op.BRING, Op.STH])
async def test_a_relay_that_puts_off_for_ever_holds_no_pad(
    relay: RelayProcess,
    other: RelayProcess,
    make_engine: MakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    op: Op,
    defended: bool,
) -> None:
    """At STH, nobody else speaks with the pad's relay for it; at BRING everybody goes on."""
    anna = make_engine("Anna", relay_url=relay.url)
    pad_id = anna.create_pad("Plans", text="Plans.\n").pad_id
    await anna.sync()
    here = anna.vault.pad(pad_id)
    assert here is not None
    honest = RelayConnection.request

    async def putting_off(self: RelayConnection, request: Request, **options: float) -> bytes:
        if request.op == op and self.greeting.relay_pk != here.relay_pk:
            raise Refused(Code.RETRY, 1)
        return await honest(self, request, **options)

    monkeypatch.setattr(RelayConnection, "request", putting_off)
    monkeypatch.setattr(carrying, "PATIENCE_S", 0.3)
    if not defended:
        monkeypatch.setattr(carrying.Patience, "wait", lambda self, retry_ms: asyncio.sleep(0.05))
    moving = asyncio.create_task(relocating.move(anna, pad_id, other.url, wait_s=0.3))
    done, _ = await asyncio.wait([moving], timeout=1.5)
    if not defended:
        assert not done
        moving.cancel()
        await asyncio.wait([moving])
        return
    with pytest.raises(RelayUnreachable, match="asked later"):
        await moving
    write(anna, pad_id, "On we go.\n")
    assert (await anna.sync([pad_id])).waiting == 0
    assert url_of(anna, pad_id) == relay.url
