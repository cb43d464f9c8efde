"""A long document that was kept is read by a thread, while others of the process go on and may ask for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest

from cryptpad_tui.crdt import canonical, pieces
from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.errors import EngineFailure
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.neighbours import Source
from cryptpad_tui.crdt.own_state import OwnState
from cryptpad_tui.crdt.pieces import in_pieces, pieces_of
from cryptpad_tui.crdt.validator import FoldState
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crdt.view import ViewDocument

START = Position(0, 0)
WAIT_S = 20.0


def typed(*texts: str) -> tuple[ViewDocument, list[bytes]]:
    view = ViewDocument(client_id=7, kind=PadKind.RICHTEXT)
    for text in texts:
        view.replace(START, START, text)
    return view, view.take_updates()


def kept(updates: list[bytes]) -> CanonicalDocument:
    """As the vault gives it after these were folded."""
    log = CanonicalDocument(PadKind.RICHTEXT)
    for update in updates:
        log.apply(log.check(7, [update]))
    return CanonicalDocument.from_own_state(PadKind.RICHTEXT, log.encode(), log.clocks, log.ranges())


@contextmanager
def half_way(patch: pytest.MonkeyPatch) -> Iterator[tuple[Event, Event]]:
    """Reading stops where the first event is set, until the second is."""
    begun, go_on, read = Event(), Event(), OwnState.read

    def slowly(own: OwnState, kind: PadKind, source: Source) -> FoldState:
        begun.set()
        assert go_on.wait(WAIT_S)
        return read(own, kind, source)

    patch.setattr(OwnState, "read", slowly)
    try:
        yield begun, go_on
    finally:
        go_on.set()


def test_who_asks_while_it_is_read_waits_and_has_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    document = kept(typed("b", "a")[1])
    with half_way(monkeypatch) as (begun, go_on), ThreadPoolExecutor() as threads:
        reading = threads.submit(document.load_beside)
        assert begun.wait(WAIT_S)
        assert document.clocks == {7: 2}, "what is known without reading waits for nobody"
        asked = threads.submit(document.text)
        assert document.is_as_kept
        go_on.set()
        reading.result(WAIT_S)
        assert asked.result(WAIT_S) == "ab"
        assert not document.is_as_kept


def test_what_is_folded_while_it_is_read_is_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    view, updates = typed("b", "a")
    document = kept(updates)
    view.replace(START, START, "c")
    with half_way(monkeypatch) as (begun, go_on), ThreadPoolExecutor() as threads:
        reading = threads.submit(document.load_beside)
        assert begun.wait(WAIT_S)
        folding = threads.submit(document.apply_again, 7, view.take_updates())
        go_on.set()
        reading.result(WAIT_S)
        folding.result(WAIT_S)
    assert document.text() == "cab"


def test_trouble_is_told_to_who_needs_it_and_accuses_nobody() -> None:
    """A document that is half there would call the next good edit a wrong one."""
    view, updates = typed("b", "a")
    whole = kept(updates).encode()
    document = CanonicalDocument.from_own_state(
        PadKind.RICHTEXT, whole[:-3], {7: 2}, {"roots": {}, "halves": {}}
    )
    document.load_beside()
    view.replace(START, START, "c")
    for _ in range(2):
        with pytest.raises(EngineFailure):
            document.check(7, view.take_updates())
        with pytest.raises(EngineFailure):
            document.text()


def test_only_what_is_long_and_unread_is_worth_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    _, updates = typed("b", "a")
    assert not kept(updates).is_long_unread
    monkeypatch.setattr(canonical, "_LONG_BYTES", 1)
    document = kept(updates)
    assert document.is_long_unread
    document.load_beside()
    assert not document.is_long_unread


async def test_what_a_thread_leaves_in_the_loop_is_not_done_as_in_the_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All that a relay's connection did was done in pieces, at twice the price: a thread had begun it."""
    monkeypatch.setattr(pieces, "LONG_BYTES", 1)
    monkeypatch.setattr(pieces, "PIECE_BYTES", 4)
    _, updates = typed(*"abcdefgh")
    update, loop = kept(updates).encode(), asyncio.get_running_loop()
    done: asyncio.Future[int] = loop.create_future()

    def count() -> None:
        done.set_result(len(pieces_of(update, PadKind.RICHTEXT)))

    def work() -> int:
        with in_pieces():
            loop.call_soon_threadsafe(count)
            return len(pieces_of(update, PadKind.RICHTEXT))

    assert await asyncio.to_thread(work) > 1
    assert await done == 1
