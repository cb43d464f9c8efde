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
