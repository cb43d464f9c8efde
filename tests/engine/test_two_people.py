"""Two vaults, one pad, one real relay: what a person expects to see, and what nobody may lose."""

from __future__ import annotations

from pathlib import Path

import pytest

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.engine import Engine, PadSession, SyncWord
from cryptpad_tui.pad import writer
from cryptpad_tui.sync import connection
from support.relay import RelayProcess
from support.sessions import MakeEngine, append, until


async def shared(anna: Engine, boris: Engine, text: str = "Hello.\n") -> tuple[PadSession, PadSession]:
    line = anna.create_pad("Minutes of the meeting", text=text)
    link = await anna.make_link(line.pad_id, view=False)
    joined = await boris.join(link)
    assert joined.pad_id == line.pad_id
    await anna.start()
    await boris.start()
    return anna.open_pad(line.pad_id), boris.open_pad(line.pad_id)


async def test_each_sees_the_others_text_cursor_and_name(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, boris = make_engine("Anna", relay_url=relay.url), make_engine("Boris")
    hers, his = await shared(anna, boris)
    assert his.title() == "Minutes of the meeting"
    append(hers, "Anna writes.\n")
    append(his, "Boris writes 😀.\n")
    await until(lambda: hers.view.text() == his.view.text() and "Boris" in hers.view.text())
    his.set_cursor(Position(0, 2), Position(0, 5))
    await until(lambda: any(p.caret == Position(0, 5) and p.name == "Boris" for p in hers.people()))
    end = his.view.lines.end
    his.set_cursor(end, end)
    await until(lambda: any(p.caret == end and p.anchor == end for p in hers.people()))
    await until(lambda: any(p.name == "Anna" for p in his.people()))
    await until(lambda: hers.status().word is SyncWord.CONFIRMED)
    assert "confirmed by Boris" in hers.status().text
    assert his.author_at(Position(1, 0)) == "Anna" or his.author_at(Position(2, 0)) == "Anna"


async def test_a_cut_relay_stops_nobody_and_loses_nothing(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, boris = make_engine("Anna", relay_url=relay.url), make_engine("Boris")
    hers, his = await shared(anna, boris)
    append(hers, "before\n")
    await until(lambda: "before" in his.view.text())
    relay.kill()
    for i in range(5):
        append(hers, f"hers {i}\n")
        append(his, f"his {i}\n")
    await until(lambda: hers.status().word is SyncWord.WAITING and not hers.status().connected)
    relay.start()
    await until(lambda: hers.view.text() == his.view.text() and "his 4" in hers.view.text(), within_s=20)
    text = hers.view.text()
    assert all(text.count(f"{who} {i}\n") == 1 for who in ("hers", "his") for i in range(5))
    await until(lambda: not hers.waiting and not his.waiting)


async def test_what_was_typed_offline_is_sent_by_the_next_process(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    """R17: edit, quit, reopen, edit: the first window's writer died with it."""
    anna, boris = make_engine("Anna", relay_url=relay.url), make_engine("Boris")
    line = anna.create_pad("Draft", text="one\n")
    link = await anna.make_link(line.pad_id, view=False)
    relay.stop()
    session = anna.open_pad(line.pad_id)
    append(session, "two\n")
    await anna.close()
    again = make_engine("Anna")
    session = again.open_pad(line.pad_id)
    append(session, "three\n")
    relay.start()
    report = await again.sync()
    assert (report.waiting, report.unreachable, report.alarms) == (0, False, ())
    await boris.join(link)
    assert boris.open_pad(line.pad_id).view.text() == "one\ntwo\nthree\n"


async def test_two_windows_of_one_vault_show_each_others_unsent_text(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    first = make_engine("Anna", relay_url=relay.url)
    second = make_engine("Anna")
    line = first.create_pad("Two windows", text="start\n")
    await first.start()
    await second.start()
    one, two = first.open_pad(line.pad_id), second.open_pad(line.pad_id)
    await until(lambda: not one.waiting)
    relay.kill()
    await until(lambda: not one.status().connected)
    append(one, "from the first\n")
    await until(lambda: "from the first" in two.view.text())
    append(two, "from the second\n")
    await until(lambda: "from the second" in one.view.text())
    relay.start()
    await until(lambda: not one.waiting and not two.waiting, within_s=20)
    assert one.view.text() == two.view.text() == "start\nfrom the first\nfrom the second\n"
    reader = make_engine("Boris")
    await reader.join(await first.make_link(line.pad_id, view=True))
    session = reader.open_pad(line.pad_id)
    assert session.view.text() == one.view.text()
    assert not session.can_edit


async def test_a_pad_made_without_a_relay_is_uploaded_once_there_is_one(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, boris = make_engine("Anna"), make_engine("Boris")
    line = anna.create_pad("Born here", text="text\n")
    assert line.sync is SyncWord.SAVED
    anna.set_relay(relay.url)
    assert (await anna.sync()).waiting == 0
    await boris.join(await anna.make_link(line.pad_id, view=False))
    assert boris.find("Born here").size_bytes == 5


async def test_ten_megabytes_are_synced_and_joined(relay: RelayProcess, make_engine: MakeEngine) -> None:
    anna, boris = make_engine("Anna", relay_url=relay.url), make_engine("Boris")
    text = ("lorem ipsum dolor sit amet\n" * 40 + "é 漢 😀\n") * 9_000
    line = anna.create_pad("Large", text=text)
    link = await anna.make_link(line.pad_id, view=False, wait_s=60)
    await boris.join(link, wait_s=60)
    assert boris.open_pad(line.pad_id).view.text() == text


@pytest.fixture
def tape(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every frame that crosses the wire in either direction."""
    frames_seen: list[bytes] = []
    split, join = connection.frames.split_frame, connection.frames.join_frame

    def taped_split(message: bytes) -> object:
        frames_seen.append(message)
        return split(message)

    def taped_join(*parts: object) -> bytes:
        frames_seen.append(join(*parts))  # type: ignore[arg-type]
        return frames_seen[-1]

    monkeypatch.setattr(connection.frames, "split_frame", taped_split)
    monkeypatch.setattr(connection.frames, "join_frame", taped_join)
    return frames_seen


async def test_nothing_readable_reaches_the_wire_or_the_relays_disk_or_log(
    relay: RelayProcess, make_engine: MakeEngine, tmp_path: Path, tape: list[bytes]
) -> None:
    anna, boris = make_engine("Annabella", relay_url=relay.url), make_engine("Borislav")
    hers, his = await shared(anna, boris, text="the treasure is buried under the oak\n")
    append(hers, "more about the treasure\n")
    append(his, "and more\n")
    await until(lambda: not hers.waiting and not his.waiting and bool(hers.people()))
    keys = hers.replica.keys
    relay.stop()
    secrets = (b"treasure", b"Minutes", b"Annabella", b"Borislav", hers.record.secret, keys.view_seed)
    found = [path for path in (tmp_path / "relay-data").rglob("*") if path.is_file()]
    found.append(tmp_path / "relay-data.log")
    contents = [*tape, *(path.read_bytes() for path in found)]
    assert len(tape) > 20
    assert sum(map(len, contents)) > 20_000
    for content in contents:
        for secret in secrets:
            assert secret not in content
            assert secret.hex().encode() not in content


async def test_without_sealing_the_same_search_finds_the_text(
    relay: RelayProcess,
    make_engine: MakeEngine,
    tmp_path: Path,
    tape: list[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The search above can fail: one sealing call replaced by identity, and the words are on the disk."""
    monkeypatch.setattr(writer, "seal", lambda key, aad, plaintext, *, rng: bytes(56) + plaintext + bytes(16))
    anna = make_engine("Anna", relay_url=relay.url)
    anna.create_pad("Plain", text="the treasure is buried under the oak\n")
    await anna.sync(wait_s=3)
    relay.stop()
    found = [path.read_bytes() for path in (tmp_path / "relay-data").rglob("*") if path.is_file()]
    assert any(b"treasure" in content for content in found)
    assert any(b"treasure" in frame for frame in tape)
