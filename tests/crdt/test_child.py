"""The loading child: verdicts about bytes, and conditions of the machine that are never verdicts."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator

import pytest
from crdt.forge import block, deletion, snapshot, string, update

from cryptpad_tui.crdt import child_main
from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.child import LoadingChild
from cryptpad_tui.crdt.child_main import ENGINE_RAISED, load
from cryptpad_tui.crdt.child_wire import Loaded, LoadRequest
from cryptpad_tui.crdt.errors import CannotLoadHere, EngineFailure, InvalidUpdate
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.validator import Checked
from cryptpad_tui.host.keyless_wire import BadFrame, Cutter

ANN, EVE = 7, 9
SNAPSHOT = snapshot(block(ANN, 0, string("hello")))


@pytest.fixture(scope="module")
def child() -> Iterator[LoadingChild]:
    made = LoadingChild(timeout_s=30)
    yield made
    made.close()


def test_the_child_agrees_with_a_fold_in_this_process(child: LoadingChild) -> None:
    entries = [(EVE, [update(EVE, 0, string("!", (ANN, 4)))]), (EVE, [deletion((ANN, 0, 99))])]
    loaded = child.load(PadKind.TEXT, snapshot=SNAPSHOT, clocks={ANN: 5}, entries=entries)
    here = CanonicalDocument.from_snapshot(PadKind.TEXT, SNAPSHOT, {ANN: 5})
    here.apply(here.check(*entries[0]))
    expected = (None, "delete range over unknown clocks")
    assert loaded == Loaded(expected, here.content_digest(), 6)
    assert child.load(PadKind.TEXT, entries=[]).text_bytes == 0


def test_a_refused_snapshot_is_a_verdict_and_the_child_stays(child: LoadingChild) -> None:
    child.warm_up()
    pid = child.pid
    with pytest.raises(InvalidUpdate, match="last clock"):
        child.load(PadKind.TEXT, snapshot=SNAPSHOT, clocks={ANN: 6})
    child.load(PadKind.TEXT)
    assert child.pid == pid


def test_a_child_that_was_killed_is_replaced(child: LoadingChild) -> None:
    child.warm_up()
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    assert child.load(PadKind.TEXT, snapshot=SNAPSHOT, clocks={ANN: 5}).text_bytes == 5


@pytest.mark.parametrize(
    "script",
    [
        "os.abort()",
        "time.sleep(60)",
        "sys.stdin.buffer.read(5); out.write(b'\\xff' * 9)",
        "sys.stdin.buffer.read(5); out.write(b'\\0\\0\\0\\1\\2')",
        "sys.stdin.buffer.read(5); out.write(b'\\0\\0\\0\\2\\0\\0')",
    ],
    ids=["crash", "too slow", "nonsense", "out of memory", "cut short"],
)
def test_a_failing_child_is_a_local_condition_never_a_verdict(script: str) -> None:
    stands = "import os, sys, time; out = sys.stdout.buffer; out.write(bytes(4)); out.flush(); "
    failing = LoadingChild(command=[sys.executable, "-S", "-c", stands + script], timeout_s=1.0)
    try:
        with pytest.raises(CannotLoadHere):
            failing.load(PadKind.TEXT, snapshot=SNAPSHOT, clocks={ANN: 5})
    finally:
        failing.close()


def test_closing_ends_a_child_that_is_at_work_for_another_thread() -> None:
    made = LoadingChild(timeout_s=30, command=[sys.executable, "-c", "import sys; sys.stdin.read()"])
    met: list[BaseException] = []

    def load_for_long() -> None:
        try:
            made.load(PadKind.TEXT, snapshot=SNAPSHOT, clocks={ANN: 5})
        except CannotLoadHere as error:
            met.append(error)

    thread = threading.Thread(target=load_for_long)
    thread.start()
    while made.pid is None:
        thread.join(0.01)
    made.close()
    thread.join(10)
    assert not thread.is_alive()
    assert len(met) == 1


def test_a_snapshot_beyond_the_memory_limit_cannot_be_loaded_here() -> None:
    text = "x" * 40_000_000
    small = LoadingChild(memory_bytes=160 * 1024 * 1024, timeout_s=30)
    try:
        with pytest.raises(CannotLoadHere):
            small.load(PadKind.TEXT, snapshot=snapshot(block(ANN, 0, string(text))), clocks={ANN: len(text)})
    finally:
        small.close()


def test_an_entry_that_the_engine_raises_on_is_refused_and_the_rest_is_folded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = CanonicalDocument.apply

    def apply(self: CanonicalDocument, checked: Checked) -> None:
        if checked.client_id == EVE:
            self._broken = True
            raise EngineFailure("PanicException")
        real(self, checked)

    monkeypatch.setattr(child_main.CanonicalDocument, "apply", apply)
    entries = [
        (ANN, [update(ANN, 0, string("ab"))]),
        (EVE, [update(EVE, 0, string("x", (ANN, 0)))]),
        (ANN, [update(ANN, 2, string("c", (ANN, 1)))]),
    ]
    reply = Cutter(load(LoadRequest(PadKind.TEXT, {}, b"", entries)))
    assert reply.number(1) == 0
    loaded = Loaded.decode(reply, 3)
    assert loaded.verdicts == (None, ENGINE_RAISED, None)
    assert loaded.text_bytes == 3


def test_frames_are_read_back_as_written_and_nothing_else_is_taken() -> None:
    request = LoadRequest(PadKind.RICHTEXT, {1: 2, 2**53 - 1: 4}, b"snap", [(1, [b"a", b""])])
    frame = request.encode()
    assert LoadRequest.decode(frame) == request
    for cut in range(len(frame)):
        with pytest.raises(ValueError):
            LoadRequest.decode(frame[:cut])
    with pytest.raises(BadFrame):
        LoadRequest.decode(frame + b"\0")
