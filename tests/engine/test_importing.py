"""A long formatted file becomes a pad while the person goes on writing in another."""

from __future__ import annotations

import threading

import pytest
from engine.conftest import MakeEngine

from cryptpad_tui.crdt.errors import UncleanText, UnfitValue
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Attributes
from cryptpad_tui.engine import composing
from cryptpad_tui.engine.exchange.importing import ReadFile, make_pad

RUNS: list[tuple[str, Attributes]] = [
    run
    for n in range(composing.LEAST_RUNS)
    for run in ((f"row {n} ", {"bold": True} if n % 2 else {}), ("é", {"color": "#ff0000"}), ("\n", {}))
]


async def test_a_long_formatted_file_is_written_in_another_thread(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []
    write = composing.write_many

    def noting(*arguments: object, **named: object) -> None:
        threads.append(threading.current_thread())
        write(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(composing, "write_many", noting)
    anna = make_engine("Anna")
    pad = await make_pad(anna, ReadFile("Long", "Home", PadKind.RICHTEXT, runs=RUNS))
    assert threads
    assert threading.main_thread() not in threads
    short = anna.create_pad("The same", kind=PadKind.RICHTEXT, runs=RUNS)
    with anna.borrowed(pad.pad_id) as long, anna.borrowed(short.pad_id) as other:
        assert long.view.runs() == other.view.runs()
        assert long.title() == "Long"
        assert long.waiting > 1
        assert not long.view.undo()


async def test_what_can_be_in_no_pad_makes_none(make_engine: MakeEngine) -> None:
    """It would be journalled, refused by everybody, and wait for ever."""
    anna = make_engine("Anna")
    bad: list[tuple[str, Attributes]] = [("x", {"onclick": "alert(1)"}), ("\x1b[31mx", {})]
    for run, refusal in zip(bad, (UnfitValue, UncleanText), strict=True):
        with pytest.raises(refusal):
            await make_pad(anna, ReadFile("Bad", "", PadKind.RICHTEXT, runs=[*RUNS, run]))
    assert anna.listing() == []
