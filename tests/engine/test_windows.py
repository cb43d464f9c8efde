"""Several windows of one vault, deaths and full disks between any two steps: nothing is lost or doubled."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cryptpad_tui.crdt.split import own_end
from cryptpad_tui.engine import Engine, PadSession, SyncReport
from cryptpad_tui.pad import flows
from cryptpad_tui.sync.connection import RelayUnreachable
from cryptpad_tui.vault.errors import DiskFull
from cryptpad_tui.vault.padstore import VaultPadStore
from support.relay import RelayProcess
from support.sessions import MakeEngine, append, until


def insert(session: PadSession, text: str) -> None:
    start = session.view.lines.position_at(0)
    session.view.replace(start, start, text)


async def windows(make_engine: MakeEngine, count: int) -> list[tuple[Engine, PadSession]]:
    """Windows of one vault on one pad, without a relay and without an event loop of their own."""
    first = make_engine("Anna")
    line = first.create_pad("Pad", text="start\n")
    engines = [first, *[make_engine("Anna") for _ in range(count - 1)]]
    return [(engine, engine.open_pad(line.pad_id)) for engine in engines]


def die(engine: Engine) -> None:
    """kill -9: the kernel gives the process's lock back, and nothing else happens."""
    engine.vault._process.release()


async def test_a_row_that_came_before_ones_own_is_still_shown(make_engine: MakeEngine) -> None:
    """Another window's edit between two looks at the journal: its window dies, and its text must not."""
    (dying, one), (_, two) = await windows(make_engine, 2)
    append(one, "from the dead\n")
    one.flush()
    insert(two, "typed\n")
    two.flush()
    die(dying)
    two.remake(with_outbox=False)
    assert two.view.text() == "typed\nstart\nfrom the dead\n"
    again = make_engine("Anna").open_pad(two.pad_id)
    assert again.view.text() == two.view.text()


async def test_what_another_window_signed_between_two_looks_is_shown(make_engine: MakeEngine) -> None:
    """It is in the journal no more and in no log yet: who did not show it would take it back in a remake."""
    (dying, one), (_, two) = await windows(make_engine, 2)
    one.seal()
    append(one, "signed\n")
    one.flush()
    one.seal()
    append(one, "typed after it\n")
    one.flush()
    insert(two, "typed here\n")
    two.flush()
    assert two.view.text() == "typed here\nstart\nsigned\ntyped after it\n"
    die(dying)
    two.remake(with_outbox=True)
    assert two.view.text() == "typed here\nstart\nsigned\ntyped after it\n"


async def test_typing_on_while_another_window_makes_the_queue_again(make_engine: MakeEngine) -> None:
    """What was typed on the old queue is saved on the one that took its place."""
    (dying, first), (_, one), (_, two) = await windows(make_engine, 3)
    append(first, "left behind\n")
    first.flush()
    one.follow_vault()
    two.follow_vault()
    die(dying)
    one.remake(with_outbox=False)
    append(one, "from one\n")
    one.flush()
    insert(two, "from two\n")
    two.flush()
    one.follow_vault()
    assert one.view.text() == two.view.text() == "from two\nstart\nleft behind\nfrom one\n"
    assert make_engine("Anna").open_pad(two.pad_id).view.text() == two.view.text()


async def test_an_edit_is_kept_under_the_writer_that_made_it(make_engine: MakeEngine) -> None:
    """Else a remake would not know it as this window's own, and give its ids to something else."""
    (dying, first), (_, one), (_, two) = await windows(make_engine, 3)
    append(first, "left behind\n")
    first.flush()
    for window in (one, two):
        window.follow_vault()
    die(dying)
    one.remake(with_outbox=False)
    append(two, "from two\n")
    two.flush()
    assert two.replica.writer
    last = two.replica.store.journal_after(0)[-1]
    assert (last.writer_pk, own_end(last.update)[0]) == (two.replica.writer.pk, two.replica.writer.client_id)


async def test_ids_of_edits_that_were_dropped_unsigned_name_nothing_else(make_engine: MakeEngine) -> None:
    """A backup of the vault may hold those edits: under the ids of others they would hide text of the log."""
    (dying, first), (_, one), (_, two) = await windows(make_engine, 3)
    append(first, "left behind\n")
    first.flush()
    for window in (one, two):
        window.follow_vault()
        append(window, "typed\n")
        window.flush()
    dropped = {row.writer_pk for row in one.replica.store.journal_after(0)}
    die(dying)
    one.remake(with_outbox=False)
    two.follow_vault()
    for window in (one, two):
        append(window, "more\n")
        window.flush()
        assert window.replica.writer
        assert window.replica.writer.pk not in dropped
    assert not dropped & {row.writer_pk for row in one.replica.store.journal_after(0)}
    one.follow_vault()
    assert one.view.text() == two.view.text() == "start\nleft behind\ntyped\ntyped\nmore\nmore\n"


async def test_deleting_while_another_window_makes_the_queue_again(make_engine: MakeEngine) -> None:
    """Only what this window deleted goes, not what it had not yet seen."""
    (dying, first), (_, one), (_, two) = await windows(make_engine, 3)
    append(first, "left behind\n")
    first.flush()
    one.follow_vault()
    two.follow_vault()
    die(dying)
    one.remake(with_outbox=False)
    append(one, "from one\n")
    one.flush()
    lines = two.view.lines
    two.view.replace(lines.position_at(0), lines.position_at(6), "")
    two.flush()
    one.follow_vault()
    assert one.view.text() == two.view.text() == "left behind\nfrom one\n"


async def test_what_was_made_on_more_of_the_log_than_is_here_waits(make_engine: MakeEngine) -> None:
    """It cannot be shown, so a remake, which makes the difference to what is shown, must not take it away."""
    (dying, first), (_, one) = await windows(make_engine, 2)
    append(first, "not here\n")
    first.view.take_updates()
    append(first, "behind it\n")
    first.flush()
    die(dying)
    waiting = one.replica.store.journal_after(0)
    one.remake(with_outbox=False)
    assert one.replica.store.journal_after(0) == waiting
    assert one.view.text() == "start\n"


async def test_a_full_disk_keeps_the_edit_until_there_is_room(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (_, session), *_ = await windows(make_engine, 1)
    append(session, "not lost\n")

    def full(*parts: object) -> list[int]:
        raise DiskFull

    with monkeypatch.context() as patched:
        patched.setattr(VaultPadStore, "append_journal", full)
        with pytest.raises(DiskFull):
            session.flush()
    session.flush()
    assert make_engine("Anna").open_pad(session.pad_id).view.text() == "start\nnot lost\n"


async def test_a_failed_remake_changes_nothing(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (dying, one), (_, two) = await windows(make_engine, 2)
    append(one, "left behind\n")
    one.flush()
    two.follow_vault()
    die(dying)

    def full(*parts: object, **named: object) -> list[int]:
        raise DiskFull

    with monkeypatch.context() as patched:
        patched.setattr(VaultPadStore, "replace_pending", full)
        with pytest.raises(DiskFull):
            two.remake(with_outbox=False)
    two.remake(with_outbox=False)
    assert two.view.text() == "start\nleft behind\n"
    assert make_engine("Anna").open_pad(two.pad_id).view.text() == "start\nleft behind\n"


async def shared(anna: Engine, boris: Engine) -> tuple[PadSession, PadSession]:
    line = anna.create_pad("Pad", text="Hello.\n")
    await boris.join(await anna.make_link(line.pad_id, view=False))
    return anna.open_pad(line.pad_id), boris.open_pad(line.pad_id)


def many_entries(session: PadSession, count: int) -> None:
    for i in range(count):
        append(session, f"line {i}\n")
        session.flush()
        session.replica.queue.seal_pending()


async def test_a_loss_in_the_middle_of_catching_up_leaves_nothing_out_of_the_view(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, boris = make_engine("Anna", relay_url=relay.url), make_engine("Boris")
    hers, his = await shared(anna, boris)
    many_entries(hers, 20)
    assert (await anna.sync()).waiting == 0
    append(his, "his own, waiting\n")
    his.flush()
    monkeypatch.setattr(flows, "FETCH_LIMIT", 4)
    fetch, calls = flows.fetch_once, []

    def once(*parts: object) -> object:
        calls.append(parts)
        if len(calls) == 3:
            raise RelayUnreachable("lost")
        return fetch(*parts)  # type: ignore[arg-type]

    monkeypatch.setattr(flows, "fetch_once", once)
    await boris.start()
    await until(lambda: his.replica.fold.n > 4)
    await until(lambda: len(calls) >= 3)
    await asyncio.sleep(0.05)
    assert "line 3\n" in his.view.text()
    for i in range(20):
        if f"line {i}\n" in his.replica.fold.document.text():
            assert f"line {i}\n" in his.view.text()


async def test_a_fold_that_could_not_be_stored_is_folded_again(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk under a delivery must leave no gap in the stored log."""
    anna, boris = make_engine("Anna", relay_url=relay.url), make_engine("Boris")
    hers, his = await shared(anna, boris)
    commit, failures = VaultPadStore.commit_fold, [1]

    def sometimes(store: VaultPadStore, rows: object, **named: object) -> None:
        if rows and failures:
            failures.pop()
            raise DiskFull
        commit(store, rows, **named)  # type: ignore[arg-type]

    for i in range(3):
        append(hers, f"line {i}\n")
        assert (await anna.sync()).waiting == 0
        if i == 1:
            monkeypatch.setattr(VaultPadStore, "commit_fold", sometimes)
        await boris.sync(wait_s=3)
    report = await boris.sync()
    assert report.alarms == ()
    assert his.view.text() == hers.view.text()
    numbers = [row.n for row in his.replica.store.log_after(0, 100)]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_a_dead_window_behind_entries_in_flight_doubles_nothing(
    make_engine: MakeEngine,
) -> None:
    (dying, one), (_, two) = await windows(make_engine, 2)
    two.remake(with_outbox=False)
    append(two, "in flight\n")
    two.flush()
    two.seal()
    assert two.replica.store.outbox()
    one.follow_vault()
    append(one, "left behind\n")
    one.flush()
    die(dying)
    two.follow_vault()
    two.seal()
    assert make_engine("Anna").open_pad(two.pad_id).view.text() == "start\nin flight\nleft behind\n"
    pending = two.replica.queue.pending_updates()
    assert sum(update.count(b"in flight") for update in pending) == 1


async def test_a_failed_join_leaves_alone_what_another_window_joined(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two windows follow one link; the one whose connection fails must not take the pad from the other."""
    anna = make_engine("Anna", relay_url=relay.url)
    await anna.start()
    line = anna.create_pad("Pad", text="start\n")
    link = await anna.make_link(line.pad_id, view=False)
    one, two = make_engine("Boris"), make_engine("Boris")
    sync = one.sync

    async def other_window_first(*args: Any, **kwargs: Any) -> SyncReport:
        monkeypatch.setattr(one, "sync", sync)
        await two.join(link)
        await two.sync([line.pad_id])
        return SyncReport(waiting=0, unreachable=True, alarms=(), notices=())

    monkeypatch.setattr(one, "sync", other_window_first)
    listing = await one.join(link)
    assert listing.pad_id == line.pad_id
    assert two.open_pad(line.pad_id).view.text() == "start\n"
