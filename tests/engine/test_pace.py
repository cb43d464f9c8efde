"""When an edit leaves: at once for who watches, in batches for who types on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from engine.test_two_people import append, shared, until

from cryptpad_tui.engine import Engine, flush_timer
from support.relay import RelayProcess

MakeEngine = Callable[..., Engine]


async def test_what_is_typed_after_a_pause_does_not_wait_for_a_batch(
    relay: RelayProcess, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In company neither the quiet journal's delay nor a whole tick stands between a key and its reader."""
    monkeypatch.setattr(flush_timer, "FLUSH_S", 60.0)
    anna, boris = make_engine("Anna", relay_url=relay.url), make_engine("Boris")
    hers, his = await shared(anna, boris)
    await until(lambda: bool(hers.presence.sessions) and not hers.waiting)
    took = []
    for i in range(5):
        await asyncio.sleep(0.15)
        start = time.perf_counter()
        append(hers, f"{i}")
        await until(lambda i=i: f"{i}" in his.view.text())
        took.append(time.perf_counter() - start)
    assert min(took) < 0.09


async def test_typing_on_makes_no_more_entries_than_ticks(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    anna, boris = make_engine("Anna", relay_url=relay.url), make_engine("Boris")
    hers, his = await shared(anna, boris)
    await until(lambda: bool(hers.presence.sessions) and not hers.waiting)
    before, start = hers.replica.fold.n, time.perf_counter()
    for i in range(60):
        append(hers, f"{i % 10}")
        await asyncio.sleep(0.01)
    await until(lambda: not hers.waiting and his.view.text() == hers.view.text())
    ticks = (time.perf_counter() - start) / 0.1
    assert 2 <= hers.replica.fold.n - before <= ticks + 2
