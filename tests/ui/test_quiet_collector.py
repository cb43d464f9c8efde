"""The collector waits for a pause."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from ui.test_screens_fake import world

from cryptpad_tui.ui.quiet_collector import QuietCollector


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


class Case:
    """A collector at a time that the test sets; `collected` says when it collected."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.turns, self.collected = 0.0, 100, list[float]()
        monkeypatch.setattr(gc, "get_count", lambda: (0, 0, self.turns))
        self.collector = QuietCollector(lambda: self.now, lambda: self.collected.append(self.now))

    def look_at(self, now: float) -> None:
        self.now = now
        self.collector.look()


def test_it_collects_in_a_pause_and_not_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch)
    for now in (1.0, 59.0, 61.0, 66.0, 120.0, 122.0):
        case.look_at(now)
    assert case.collected == [61.0, 122.0]


def test_it_never_collects_while_something_is_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch)
    for now in range(70, 100):
        case.now = now - 1.0
        case.collector.painted()
        case.look_at(now)
    assert not case.collected
    case.look_at(101.0)
    assert case.collected == [101.0]


def test_it_does_nothing_where_little_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(monkeypatch)
    case.turns = 9
    case.look_at(100.0)
    assert not case.collected


def test_what_is_locked_away_is_collected_in_the_next_pause_however_little_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = Case(monkeypatch)
    case.turns = 0
    case.collector.painted()
    case.collector.soon()
    for now in (1.0, 3.0, 8.0):
        case.look_at(now)
    assert case.collected == [3.0]


def test_what_is_young_is_collected_as_ever_and_what_is_old_not_by_itself() -> None:
    young, middle, old = gc.get_threshold()
    QuietCollector(lambda: 0.0).begin()
    assert gc.get_threshold()[:2] == (young, middle)
    assert gc.get_threshold()[2] > 100 * old
    assert gc.get_freeze_count() > 1_000


async def test_locking_the_vault_asks_for_it() -> None:
    async with world() as there:
        assert not there.app._collector._is_wanted
        await there.app.lock()
        assert there.app._collector._is_wanted
