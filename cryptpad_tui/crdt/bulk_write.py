"""Many edits of one text at once, in whichever way costs the engine the fewest walks.

It must never mean anything else than the same edits made one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cryptpad_tui.crdt.batch import ByteEdit, write_edits, write_runs
from cryptpad_tui.crdt.engine_doc import EngineDocument
from cryptpad_tui.crdt.errors import EngineFailure
from cryptpad_tui.crdt.known_gaps import KnownGaps
from cryptpad_tui.crdt.line_index import utf8_size
from cryptpad_tui.crdt.mark_index import frozen
from cryptpad_tui.crdt.values import Attributes

BATCH_EDITS: Final = 48
"""Edits from which writing the update is quicker than the engine's own walks."""
BATCH_RICH_EDITS: Final = 600
"""The same where marks make items: the list of them takes longer to make."""
RUNS_PER_UPDATE: Final = 1_000
"""Texts with marks in one update: each is read and checked at once, while a person may be typing."""

_Marks = Sequence[Attributes | None]


def write_many(
    engine: EngineDocument,
    edits: Sequence[ByteEdit],
    marks: _Marks,
    text_bytes: int,
    *,
    undoable: bool = True,
    inherits: bool = False,
) -> None:
    """Make ascending edits of a text of `text_bytes`; a text without marks takes over those of its place.

    `inherits`: each text has the marks of the character that it stands behind, be that one replaced or not.
    """
    engine.forget_gaps()
    unmarked = inherits or all(one is None for one in marks)
    if len(edits) > 1 and not unmarked and {edit[:2] for edit in edits[1:]} == {(edits[0][1], edits[0][1])}:
        _write_runs(engine, edits, marks, undoable=undoable)
    elif not (unmarked and _write_at_once(engine, edits, text_bytes, undoable=undoable)):
        _write_each(engine, edits, marks, undoable=undoable)
    expected = text_bytes + sum(utf8_size(text) - (last - first) for first, last, text in edits)
    if len(engine.text) != expected:
        raise EngineFailure("the text has another length than the edits make")


def _write_at_once(
    engine: EngineDocument, edits: Sequence[ByteEdit], text_bytes: int, *, undoable: bool
) -> bool:
    """In one walk over the items; False where there are too few edits or too many items."""
    least = BATCH_RICH_EDITS if engine.has_marks else BATCH_EDITS
    items = engine.items(text_bytes) if len(edits) >= least else None
    if items is None:
        return False
    update = write_edits(items, engine.client_id, _clock(engine), edits)
    with engine.own_transaction(undoable=undoable):
        engine.doc.apply_update(update)
    return True


def _write_each(engine: EngineDocument, edits: Sequence[ByteEdit], marks: _Marks, *, undoable: bool) -> None:
    shift = 0
    with engine.own_transaction(undoable=undoable):
        for (first, last, text), attributes in zip(edits, marks, strict=True):
            engine.replace_bytes(first + shift, last + shift, text, attributes)
            shift += utf8_size(text) - (last - first)


def _write_runs(engine: EngineDocument, edits: Sequence[ByteEdit], marks: _Marks, *, undoable: bool) -> None:
    """Texts one behind the other: the engine walks for the first of them alone."""
    first, last, text = edits[0]
    with engine.own_transaction(undoable=undoable):
        engine.replace_bytes(first, last, text, marks[0])
    at = first + utf8_size(text)
    gaps = KnownGaps()
    gaps.learn_own(engine.last_update(), edits[0], frozen(marks[0] or {}))
    gap = gaps.exact_at(at)
    texts = [edit[2] for edit in edits[1:]]
    if gap is None:
        _write_each(engine, [(at, at, text) for text in texts], marks[1:], undoable=undoable)
        return
    (_, right), around = gap
    rest = list(zip(texts, marks[1:], strict=True))
    for first in range(0, len(rest), RUNS_PER_UPDATE):
        update = write_runs(engine.client_id, _clock(engine), gap, rest[first : first + RUNS_PER_UPDATE])
        with engine.own_transaction(undoable=undoable):
            engine.doc.apply_update(update)
        gap = ((engine.client_id, _clock(engine) - 1), right), around


def _clock(engine: EngineDocument) -> int:
    return engine.state_vector().get(engine.client_id, 0)
