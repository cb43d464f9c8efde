"""An operator puts a backup back: real relay, real vaults, nothing lost, nobody accused."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from engine.test_two_people import shared

from cryptpad_tui.engine import Engine, PadSession, SyncWord
from cryptpad_tui.engine.files import making, sending
from cryptpad_tui.engine.files.kept import KeptFiles
from cryptpad_tui.engine.files.reading import read_whole
from cryptpad_tui.pad import flows_restore
from support.backed_up_relay import BackedUpRelay
from support.sessions import MakeEngine, append, until

pytestmark = pytest.mark.e2e


@pytest.fixture
def backed_up(tmp_path: Path) -> Iterator[BackedUpRelay]:
    process = BackedUpRelay(tmp_path / "relay-data")
    yield process
    process.kill()


async def both_write(hers: PadSession, his: PadSession, word: str) -> None:
    """Until each has what the other wrote, and the relay's signature over it."""
    append(hers, f"hers, {word}\n")
    append(his, f"his, {word}\n")
    await until(lambda: hers.view.text() == his.view.text() and f"his, {word}" in hers.view.text())
    await until(lambda: not hers.waiting and not his.waiting)
    for session in (hers, his):
        await until(lambda s=session: s.replica.witness.confirmed.n == s.replica.fold.n)


async def written_and_lost(
    relay: BackedUpRelay, anna: Engine, boris: Engine
) -> tuple[PadSession, PadSession]:
    hers, his = await shared(anna, boris)
    await both_write(hers, his, "before the backup")
    relay.back_up()
    kept = relay.entries()
    for i in range(3):
        await both_write(hers, his, f"lost {i}")
    assert relay.entries() >= kept + 6
    relay.lose_everything()
    await until(lambda: not hers.attached_here and not his.attached_here)
    append(hers, "hers, while it was away\n")
    append(his, "his, while it was away\n")
    return hers, his


@pytest.mark.parametrize("arguments", [(), ("--restored",)])
async def test_after_an_operators_restore_everybody_goes_on_with_everything(
    backed_up: BackedUpRelay, make_engine: MakeEngine, arguments: tuple[str, ...]
) -> None:
    """T29, R28."""
    anna, boris = make_engine("Anna", relay_url=backed_up.url), make_engine("Boris")
    hers, his = await written_and_lost(backed_up, anna, boris)
    backed_up.arguments = arguments
    backed_up.start()
    await until(lambda: hers.attached_here and his.attached_here, within_s=40)
    await until(lambda: not hers.waiting and not his.waiting, within_s=40)
    await until(lambda: hers.view.text() == his.view.text(), within_s=20)
    text = hers.view.text()
    for line in ("before the backup", "lost 0", "lost 1", "lost 2", "while it was away"):
        assert text.count(f"hers, {line}\n") == text.count(f"his, {line}\n") == 1
    assert (hers.alarm, his.alarm) == (None, None)
    notices = [notice.line for session in (hers, his) for notice in session.take_notices()]
    assert any(line.startswith("RESTORED: the relay had lost ") for line in notices), notices
    assert hers.status().word is not SyncWord.ALARM
    assert hers.replica.fold.n == his.replica.fold.n
    assert hers.replica.fold.n + anna.drive_session.replica.fold.n == backed_up.entries()
    newcomer = make_engine("Carla")
    await newcomer.join(await anna.make_link(hers.pad_id, view=False))
    assert newcomer.open_pad(hers.pad_id).view.text() == text


async def test_without_restoring_both_would_accuse_an_honest_relay(
    backed_up: BackedUpRelay, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The defence taken out."""

    def as_it_is(replica: Any, connected: Any, *_: Any, **__: Any) -> Any:
        return connected, 0
        yield

    monkeypatch.setattr(flows_restore, "give_back", as_it_is)
    anna, boris = make_engine("Anna", relay_url=backed_up.url), make_engine("Boris")
    hers, his = await written_and_lost(backed_up, anna, boris)
    backed_up.start()
    await until(lambda: bool(hers.alarm and his.alarm), within_s=40)
    assert hers.alarm
    assert hers.alarm.code == "ROLLBACK"


async def test_files_that_a_restored_relay_lost_are_sent_again(
    backed_up: BackedUpRelay, make_engine: MakeEngine
) -> None:
    """By who has a copy, without being told to."""
    anna = make_engine("Anna", relay_url=backed_up.url)
    pad_id, data = anna.create_pad("Plan").pad_id, bytes(300_000)
    early = making.attach(anna, pad_id, "early", len(data), BytesIO(data).read)
    await anna.sync([pad_id])
    assert (await sending.send_waiting(anna)).sent == 1
    backed_up.back_up()
    late = making.attach(anna, pad_id, "late", len(data), BytesIO(data).read)
    await anna.sync([pad_id])
    assert (await sending.send_waiting(anna)).sent == 1
    backed_up.lose_everything()
    backed_up.start()
    for _ in range(40):
        await anna.sync([pad_id])
        if sending.waiting(anna):
            break
    assert {note.file_id for note in sending.waiting(anna)} == {early.file_id, late.file_id}
    report = await sending.send_waiting(anna)
    assert (report.sent, report.waiting, report.alarm) == (2, 0, None)
    assert await sending.look(anna, pad_id, [early.file_id, late.file_id]) == {
        early.file_id: 2, late.file_id: 2,
    }  # fmt: skip
    KeptFiles(anna.vault.directory).forget(late.file_id)
    assert await read_whole(anna, pad_id, late) == data
