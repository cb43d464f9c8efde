"""The index follows pads that are open, never in the way of an edit, and reads others without any relay."""

from __future__ import annotations

import pytest

from cryptpad_tui.crdt.values import Position
from cryptpad_tui.engine import Engine, searching
from cryptpad_tui.engine.syncing import VaultWatch
from support.sessions import MakeEngine

START = Position(0, 0)


def found(engine: Engine, query: str) -> list[bytes]:
    return [match.pad_id for match in searching.search(engine, query, limit=5)]


async def test_an_open_pad_is_indexed_once_it_is_quiet(make_engine: MakeEngine) -> None:
    anna = make_engine("Anna")
    pad = anna.create_pad("Plan").pad_id
    searching.catch_up(anna)
    clock = [anna.wall_ms()]
    anna.wall_ms = lambda: clock[0]
    session = anna.open_pad(pad)
    session.view.replace(START, START, "quiet words")
    session.flush()
    clock[0] += searching.QUIET_MS - 1
    await searching.index_quiet(anna)
    assert found(anna, "words") == []
    clock[0] += 1
    await searching.index_quiet(anna)
    assert found(anna, "words") == [pad]
    assert anna.vault.search_due_of(pad) is None
    session.close()


async def test_a_long_pad_waits_longer(make_engine: MakeEngine) -> None:
    anna = make_engine("Anna")
    pad = anna.create_pad("Plan", text="x" * searching.QUIET_BYTES * 3).pad_id
    session = anna.open_pad(pad)
    due = anna.vault.search_due_of(pad)
    assert due is not None
    clock = [due.at_ms + searching.QUIET_MS * 4 - 1]
    anna.wall_ms = lambda: clock[0]
    await searching.index_quiet(anna)
    assert anna.vault.search_due_of(pad) is not None
    clock[0] += 1
    await searching.index_quiet(anna)
    assert anna.vault.search_due_of(pad) is None
    session.close()


async def test_catching_up_reads_pads_that_are_not_open_and_leaves_them_so(make_engine: MakeEngine) -> None:
    anna = make_engine("Anna", relay_url="ws://127.0.0.1:9")
    one, two = (anna.create_pad(title, text="same words").pad_id for title in ("one", "two"))
    window = make_engine("Anna")
    assert searching.catch_up(window) == 2
    assert sorted(found(window, "words")) == sorted([one, two])
    assert list(window.open_pads) == []
    assert window.relay_states() == []
    assert searching.catch_up(window) == 0
    window.trash(one)
    assert found(window, "words") == [two]


async def test_while_nothing_changes_nothing_is_asked(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = make_engine("Anna")
    session = anna.open_pad(anna.create_pad("Plan").pad_id)
    searching.catch_up(anna)
    watch, asked = VaultWatch(anna), list[bytes]()

    async def looks() -> bool:
        del asked[:]
        await watch._look_after_index(anna.vault.changes())
        return bool(asked)

    honest = anna.vault.search_due_of
    monkeypatch.setattr(anna.vault, "search_due_of", lambda pad: (asked.append(pad), honest(pad))[1])
    assert [await looks() for _ in range(3)] == [True, False, False]
    session.view.replace(START, START, "word")
    session.flush()
    # Until it is quiet it is looked at again and again.
    assert [await looks() for _ in range(3)] == [True] * 3
    anna.wall_ms = lambda: due.at_ms + searching.QUIET_MS
    due = honest(session.pad_id)
    assert due is not None
    assert [await looks() for _ in range(3)] == [True, True, False]
    assert found(anna, "word") == [session.pad_id]
    anna.open_pad(anna.create_pad("Other").pad_id)
    assert await looks()
    session.close()
