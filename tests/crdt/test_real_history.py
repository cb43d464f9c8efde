"""A program typed by a real person, edit by edit, through view, journal merge, split and fold."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.split import merge_own, split_update
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crdt.view import ViewDocument

DATA = Path(os.environ.get("CRYPTPAD_TUI_TEST_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
TRACE = DATA / "sveltecomponent.json.gz"


def fold(document: CanonicalDocument, updates: list[bytes]) -> None:
    for merged in merge_own(updates):
        for part in split_update(merged):
            document.apply(document.check(1, [part]))


@pytest.mark.skipif(not TRACE.exists(), reason="the recorded histories are not beside the checkout")
def test_a_recorded_history_is_folded_and_survives_select_all_delete_undo_and_redo() -> None:
    history = json.loads(gzip.decompress(TRACE.read_bytes()))
    view = ViewDocument(client_id=1, kind=PadKind.TEXT)
    document = CanonicalDocument(PadKind.TEXT)
    for n, transaction in enumerate(history["txns"]):
        for at, deleted, inserted in transaction["patches"]:
            place = view.lines.position_at
            view.replace(place(at), place(at + deleted), inserted)
        if n % 500 == 0:
            fold(document, view.take_updates())
    fold(document, view.take_updates())
    assert view.text() == document.text() == history["endContent"]
    view.end_undo_group()
    view.replace(Position(0, 0), view.lines.end, "")
    steps = [(view.undo, history["endContent"]), (view.redo, ""), (view.undo, history["endContent"])]
    for step, expected in steps:
        assert step()
        fold(document, view.take_updates())
        assert view.text() == document.text() == expected
    joiner = CanonicalDocument.from_snapshot(PadKind.TEXT, document.encode(), document.clocks)
    assert joiner.content_digest() == document.content_digest()
