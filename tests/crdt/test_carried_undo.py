"""Undo after a view has come to stand on other ground: own groups go on, others' text is never touched."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crdt.view import ViewDocument

KINDS = [PadKind.TEXT, PadKind.RICHTEXT]
HERS = "abcde é😀\n"
HIS = "XYZ"


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


class Pad:
    """A log, Ann's view of it with edits that wait, and Boris whose edits are in the log at once."""

    def __init__(self, kind: PadKind, text: str = "") -> None:
        self.log = CanonicalDocument(kind)
        self.ann = ViewDocument(client_id=1, kind=kind, now=Clock())
        self.boris = ViewDocument(client_id=2, kind=kind, now=Clock())
        self.writer = 1
        self.waiting: list[bytes] = []
        if text:
            self.write(self.ann, 0, 0, text)
            self.send()

    def write(self, view: ViewDocument, first: int, last: int, text: str) -> None:
        place = view.lines.position_at
        view.replace(place(first), place(last), text)
        view.end_undo_group()

    def send(self) -> None:
        """What waits is in the log, and everybody has it."""
        for update in [*self.waiting, *self.ann.take_updates()]:
            self.log.apply(self.log.check(self.writer, [update]))
            self.boris.apply(update)
        self.waiting = []

    def hear(self) -> None:
        for update in self.boris.take_updates():
            self.log.apply(self.log.check(2, [update]))
            self.ann.apply(update)

    def rebase(self) -> None:
        self.waiting, self.writer = [], self.writer + 10
        self.ann.take_updates()
        self.ann.rebase(self.log.encode(), self.writer)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> PadKind:
    value: PadKind = request.param
    return value


def test_a_rebase_keeps_every_step_of_what_is_sent_and_of_what_waits(kind: PadKind) -> None:
    pad = Pad(kind, "one\n")
    pad.write(pad.ann, 4, 4, "two\n")
    pad.write(pad.ann, 0, 3, "")
    pad.send()
    pad.write(pad.boris, 0, 0, "Boris 😀 ")
    pad.hear()
    pad.write(pad.ann, 13, 13, "three\n")
    pad.write(pad.ann, 8, 9, "four\n")
    shown = [pad.ann.text()]
    pad.rebase()
    assert pad.ann.text() == shown[0]
    while pad.ann.undo():
        shown.append(pad.ann.text())
    assert shown[1:] == [
        "Boris 😀 \ntwo\nthree\n",
        "Boris 😀 \ntwo\n",
        "oneBoris 😀 \ntwo\n",
        "oneBoris 😀 \n",
        "Boris 😀 ",
    ]
    for text in reversed(shown[:-1]):
        assert pad.ann.redo()
        assert pad.ann.text() == text
    pad.send()
    assert pad.boris.text() == pad.ann.text()


def test_a_format_is_taken_back_after_a_rebase() -> None:
    pad = Pad(PadKind.RICHTEXT, "one two\n")
    pad.ann.format(Position(0, 0), Position(0, 3), {"bold": True})
    pad.ann.end_undo_group()
    pad.send()
    pad.ann.format(Position(0, 4), Position(0, 7), {"italic": True})
    pad.rebase()
    assert pad.ann.runs() == [("one", {"bold": True}), (" ", {}), ("two", {"italic": True}), ("\n", {})]
    assert pad.ann.undo()
    assert pad.ann.runs() == [("one", {"bold": True}), (" two\n", {})]
    assert pad.ann.undo()
    assert pad.ann.runs() == [("one two\n", {})]
    assert pad.ann.redo()
    assert pad.ann.runs() == [("one", {"bold": True}), (" two\n", {})]


def test_a_reset_keeps_what_is_in_the_log_and_another_log_ends_the_history(kind: PadKind) -> None:
    pad = Pad(kind, "one\n")
    pad.write(pad.ann, 0, 3, "")
    pad.send()
    pad.write(pad.boris, 1, 1, "X")
    for update in pad.boris.take_updates():
        pad.log.apply(pad.log.check(2, [update]))
    pad.ann.reset(pad.log.encode(), 11)
    assert pad.ann.text() == "\nX"
    assert pad.ann.undo()
    assert pad.ann.text() == "one\nX"
    assert pad.ann.redo()
    pad.ann.reset(pad.log.encode(), 12, is_other=True)
    assert not pad.ann.undo()
    assert not pad.ann.redo()


def _step(rng: random.Random, pad: Pad, *, acts: float = 1.0) -> None:
    view, act = pad.ann, rng.random() * acts
    length = view.lines.char_count
    a = rng.randrange(length + 1)
    b = min(length, a + rng.randrange(6))
    text = "".join(rng.choice(HERS) for _ in range(rng.randrange(1, 5)))
    place = view.lines.position_at
    if act < 0.4:
        view.replace(place(a), place(a), text)
    elif act < 0.55:
        view.replace(place(a), place(b), rng.choice(["", text]))
    elif act < 0.65 and view.kind is PadKind.RICHTEXT:
        view.format(place(a), place(b), rng.choice([{"bold": True}, {"bold": None}, {"header": 1}]))
    elif act < 0.75:
        pad.hear()
        at = rng.randrange(pad.boris.lines.char_count + 1)
        pad.write(pad.boris, at, at, rng.choice(HIS))
        pad.hear()
    elif act < 0.85:
        pad.send()
    elif act < 0.9:
        view.end_undo_group()
    elif act < 0.96:
        view.undo()
    else:
        view.redo()


def _his(text: str) -> str:
    return "".join(char for char in text if char in HIS)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(KINDS))
def test_after_any_rebases_undo_takes_back_own_text_alone_and_all_agree(seed: int, kind: PadKind) -> None:
    rng = random.Random(seed)
    pad = Pad(kind, "ground é😀\n")
    for _ in range(30):
        _step(rng, pad)
        if rng.random() < 0.1:
            text, runs = pad.ann.text(), pad.ann.runs()
            pad.rebase()
            assert (pad.ann.text(), pad.ann.runs()) == (text, runs)
    pad.rebase()
    his, steps = _his(pad.ann.text()), 0
    while pad.ann.undo():
        assert pad.ann.text() == pad.ann._engine.whole_text()
        steps += 1
        assert steps < 100
    # Only Boris types these; Ann may have deleted some, which comes back.
    assert len(_his(pad.ann.text())) >= len(his)
    while pad.ann.redo():
        pass
    pad.send()
    assert pad.ann.text() == pad.boris.text() == pad.log.text()
    assert pad.ann.runs() == pad.boris.runs()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(KINDS))
def test_a_rebase_changes_nothing_about_what_each_undo_takes_back(seed: int, kind: PadKind) -> None:
    """The same edits with and without: step by step the same characters come and go.

    Without undo before it: what that brought back is text of its own from a rebase on. What was
    made again stands a little elsewhere where others typed inside it, and overlapping marks are written anew.
    """
    shown = []
    for rebased in (False, True):
        rng = random.Random(seed)
        pad = Pad(kind, "ground é😀\n")
        for _ in range(20):
            _step(rng, pad, acts=0.9)
        if rebased:
            pad.rebase()
        seen = [sorted(pad.ann.text())]
        while pad.ann.undo():
            seen.append(sorted(pad.ann.text()))
        shown.append(seen)
    assert shown[0] == shown[1]
