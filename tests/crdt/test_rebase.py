"""Formatted text that is made again on other ground is the same text, and costs what it would to write it."""

from __future__ import annotations

import random

import pytest
from pycrdt import Text

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Attributes
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.engine.composing import written

_MARKS: tuple[Attributes, ...] = (
    {},
    {"bold": True},
    {"bold": True, "color": "#ff0000"},
    {"link": "https://é/"},
)
_BLOCKS: tuple[Attributes, ...] = ({}, {"header": 2}, {"list": "bullet", "indent": 2})


def rich(draw: random.Random, runs: int, client: int) -> ViewDocument:
    made: list[tuple[str, Attributes]] = []
    for _ in range(runs):
        made.append((draw.choice(["ab", "é", "😀", "a b"]), draw.choice(_MARKS)))
        if draw.random() < 0.4:
            made.append(("\n", draw.choice(_BLOCKS)))
    updates = written(PadKind.RICHTEXT, client, made, lambda: 1.0) if made else []
    return ViewDocument(client_id=client + 1, kind=PadKind.RICHTEXT, updates=updates, now=lambda: 1.0)


@pytest.mark.parametrize("seed", range(40))
def test_any_formatted_text_is_itself_again_on_any_ground(seed: int) -> None:
    draw = random.Random(seed)
    shown, ground = rich(draw, draw.randrange(30), 1), rich(draw, draw.randrange(30), 11)
    runs, state = shown.runs(), ground.encode()
    shown.rebase(state, 21)
    assert shown.runs() == runs
    for update in shown.take_updates():
        ground.apply(update)
    assert ground.runs() == runs


@pytest.mark.parametrize("seed", range(40))
def test_own_steps_and_formats_of_other_windows_are_made_again_and_undone_alone(seed: int) -> None:
    """What another window formatted waits too, and is no step of this one's."""
    draw = random.Random(seed)
    ground = rich(draw, 20, 1)
    state, clock = ground.encode(), [0.0]
    shown = ViewDocument(client_id=11, kind=PadKind.RICHTEXT, state=state, now=lambda: clock[0])
    other = ViewDocument(client_id=12, kind=PadKind.RICHTEXT, state=state)
    steps = 0
    for _ in range(4):
        view = draw.choice([shown, other])
        first, last = sorted(view.lines.position_at(draw.randrange(view.lines.char_count + 1)) for _ in "ab")
        if view is shown:
            clock[0] += 60
            steps += 1
            shown.replace(first, first, "own", {})
        else:
            view.format(first, last, draw.choice(_MARKS[1:]))
    for update in other.take_updates():
        shown.apply(update)
    runs = shown.runs()
    shown.rebase(state, 21, ground.state_vector())
    assert shown.runs() == runs
    assert shown.marks is not None
    before = shown.marks.lines(0, len(shown.lines))
    shown.marks.reset(shown.runs())
    assert shown.marks.lines(0, len(shown.lines)) == before
    while shown.undo():
        steps -= 1
    assert not steps
    assert shown.text() == ground.text()


def test_what_waits_in_a_dead_window_is_written_as_runs_and_not_formatted_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each format is a walk: a megabyte from a dead window would hold the next one for minutes."""
    shown = rich(random.Random(1), 3_000, 1)
    runs, formats = shown.runs(), list[int]()
    monkeypatch.setattr(Text, "format", lambda text, first, *rest: formats.append(first))
    shown.rebase(b"", 21)
    assert shown.runs() == runs
    assert formats == []
    assert max(map(len, shown.take_updates())) < 100_000
