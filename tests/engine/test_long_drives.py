"""A long drive comes to another machine without keeping a key waiting, and without losing one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from types import SimpleNamespace

import pytest

from cryptpad_tui.crdt import made_of, pieces
from cryptpad_tui.crdt.kinds import ENTRIES_ROOT, PadKind
from cryptpad_tui.crdt.view import Ahead, ViewDocument
from cryptpad_tui.engine import Engine, devices, keeping, loading_ahead, pending
from cryptpad_tui.engine.session import PadSession
from cryptpad_tui.pad import flows, outgoing, replica
from support.relay import RelayProcess
from support.sessions import MakeEngine, until

MakeDevice = Callable[[Engine, str], Engine]
FOLDERS = 40


async def sent(desk: Engine, count: int = FOLDERS) -> None:
    """A drive of so many entries, at the relay."""
    session = desk.drive_session
    for number in range(count):
        desk.drive.make_folders(f"Folder {number:03d}")
        session.flush()
        session.replica.queue.seal_pending()
    await desk.sync([session.pad_id])


def folders(engine: Engine) -> set[str]:
    return {folder.name for folder in keeping.tree_of(engine).folders.values()}


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "MAX_IN_FLIGHT", 1_000)
    monkeypatch.setattr(flows, "SLICE_BYTES", 6_000)
    monkeypatch.setattr(pending, "SLICE_BYTES", 3_000)


class Turns:
    """How many entries were shown between two turns of the event loop, while a person made folders."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.most = self._shown = 0
        self.made: list[str] = []
        apply = ViewDocument.apply

        def counted(view: ViewDocument, update: bytes) -> None:
            self._shown += 1
            self.most = max(self.most, self._shown)
            apply(view, update)

        monkeypatch.setattr(ViewDocument, "apply", counted)

    async def watch(self, engine: Engine) -> None:
        seen = 0
        while True:
            present = len(engine.drive.tree().folders)
            if present != seen and len(self.made) < 8:
                self.made.append(f"Mine {len(self.made)}")
                engine.drive.make_folders(self.made[-1])
                seen = present + 1
            self._shown = 0
            await asyncio.sleep(0)


async def fetched(lap: Engine, turns: Turns) -> None:
    _ = lap.drive_session
    watching = asyncio.create_task(turns.watch(lap))
    await lap.sync([lap.drive_session.pad_id])
    watching.cancel()


@pytest.mark.usefixtures("small_slices")
async def test_a_long_drive_is_shown_as_it_comes_and_what_is_made_meanwhile_stays(
    relay: RelayProcess, make_engine: MakeEngine, second: MakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make_engine("desk", relay_url=relay.url)
    await sent(desk)
    lap = second(desk, "lap")
    turns = Turns(monkeypatch)
    await fetched(lap, turns)
    assert turns.most <= 12
    assert len(turns.made) >= 3
    await lap.sync([lap.drive_session.pad_id])
    await desk.sync([desk.drive_session.pad_id])
    assert folders(desk) == folders(lap) >= {*turns.made, "Folder 000", f"Folder {FOLDERS - 1:03d}"}


@pytest.mark.usefixtures("small_slices")
async def test_without_slices_it_is_shown_at_one_stroke(
    relay: RelayProcess, make_engine: MakeEngine, second: MakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make_engine("desk", relay_url=relay.url)
    await sent(desk)
    lap = second(desk, "lap")
    turns = Turns(monkeypatch)
    monkeypatch.setattr(PadSession, "show_some", lambda session: False)
    await fetched(lap, turns)
    assert turns.most >= FOLDERS


async def test_a_drive_that_comes_whole_is_told_at_once_and_keeps_what_waits_here(
    relay: RelayProcess, make_engine: MakeEngine, second: MakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replica, "SNAPSHOT_TAIL_ENTRIES", 32)
    monkeypatch.setattr(outgoing, "MAX_IN_FLIGHT", 1_000)
    monkeypatch.setattr(loading_ahead, "MANY_KEYS", 8)
    desk = make_engine("desk", relay_url=relay.url)
    await desk.start()
    session = desk.drive_session
    await sent(desk, 70)
    await until(lambda: session.replica.fold.snapshot is not None and not session.waiting)
    lap = second(desk, "lap")
    lap.drive.make_folders("Made on the train")
    lap.drive_session.flush()
    lap.drive.make_folders("Not even saved")
    await lap.sync([lap.drive_session.pad_id])
    assert lap.drive_session.replica.store.log_after(0, 1)[0].n > 1
    await until(lambda: {"Made on the train", "Not even saved"} <= folders(desk))
    assert folders(lap) == folders(desk) >= {"Folder 000", "Folder 069"}


async def test_a_drive_that_comes_whole_is_loaded_in_a_thread_while_others_go_on(
    relay: RelayProcess, make_engine: MakeEngine, second: MakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    for where, name, value in (
        (replica, "SNAPSHOT_TAIL_ENTRIES", 32),
        (outgoing, "MAX_IN_FLIGHT", 1_000),
        (loading_ahead, "MANY_KEYS", 8),
        (made_of, "LONG_BYTES", 1),
        (pieces, "LONG_BYTES", 1),
        (pieces, "PIECE_BYTES", 500),
    ):
        monkeypatch.setattr(where, name, value)
    desk = make_engine("desk", relay_url=relay.url)
    await desk.start()
    await sent(desk, 70)
    await until(lambda: desk.drive_session.replica.fold.snapshot is not None)
    await until(lambda: not desk.drive_session.waiting)
    lap, typed = second(desk, "lap"), threading.Event()
    loop, load_ahead, threads = asyncio.get_running_loop(), ViewDocument.load_ahead, []

    def type_something() -> None:
        lap.drive.make_folders("While it loads")
        typed.set()

    def loading(view: ViewDocument, parts: Sequence[bytes], client_id: int) -> Ahead:
        threads.append(threading.current_thread())
        loop.call_soon_threadsafe(type_something)
        assert typed.wait(5)
        assert len(parts) > 3
        return load_ahead(view, parts, client_id)

    monkeypatch.setattr(ViewDocument, "load_ahead", loading)
    monkeypatch.setattr(ViewDocument, "reset", None)
    await lap.sync([lap.drive_session.pad_id])
    assert threads
    assert threading.main_thread() not in threads
    assert lap.drive_session.replica.store.checkpoint_n() >= 64
    await until(lambda: "While it loads" in folders(desk))
    assert folders(lap) == folders(desk) >= {"Folder 000", "Folder 069"}
    await lap.close()
    again = make_engine("lap")
    assert folders(again) == folders(desk)


def test_what_was_loaded_is_not_shown_once_the_log_went_on_or_somebody_else_writes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A deletion moves no clock: only the position tells that another window folded one meanwhile."""
    monkeypatch.setattr(loading_ahead, "MANY_KEYS", 0)
    made = ViewDocument(client_id=3, kind=PadKind.DRIVE)
    made.set_map(ENTRIES_ROOT, "a/b", 1)
    document = SimpleNamespace(parts=made.take_updates, clocks={3: 1}, forget_parts=lambda: None)
    fold, writer = SimpleNamespace(n=5, document=document), SimpleNamespace(client_id=7)
    replica = SimpleNamespace(fold=fold, writer=writer)
    view = ViewDocument(client_id=7, kind=PadKind.DRIVE)
    loading = loading_ahead.LoadingAhead(replica, view)  # type: ignore[arg-type]
    work = loading.work(7)
    assert work is not None
    work()
    kept = loading._made
    ahead = loading.take()
    assert ahead is not None
    assert loading.take() is None
    for n, client in ((6, 7), (5, 8)):
        fold.n, writer.client_id, loading._made = n, client, kept
        assert loading.take() is None
    view.show_ahead(ahead)
    assert view.map_items(ENTRIES_ROOT) == {"a/b": 1}


async def test_the_whole_drive_is_not_read_for_each_thing_that_comes(
    relay: RelayProcess, make_engine: MakeEngine, second: MakeDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make_engine("desk", relay_url=relay.url)
    plan = desk.create_pad("Plan")
    await desk.sync()
    lap = second(desk, "lap")
    await lap.start()
    await until(lambda: [device.name for device in devices.devices(lap)] != [])
    await desk.start()
    await until(lambda: len(devices.devices(desk)) == len(devices.devices(lap)) == 2)
    lap.drive.notes(plan.pad_id, "link:")
    lap.people.open_count()
    read = []
    map_items = ViewDocument.map_items
    monkeypatch.setattr(
        ViewDocument, "map_items", lambda view, root: (read.append(root), map_items(view, root))[1]
    )
    devices.write(desk, devices.own_id(desk.vault) or "", {"name": "the desk"})
    desk.drive.set_note(plan.pad_id, "link:1", "x")
    desk.drive_session.flush()
    await until(lambda: "the desk" in [device.name for device in devices.devices(lap)])
    assert lap.drive.notes(plan.pad_id, "link:") == {"link:1": "x"}
    await until(lambda: lap.drive_sync.is_idle)
    assert ENTRIES_ROOT not in read
