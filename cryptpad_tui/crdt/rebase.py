"""Making the difference between two documents again, as edits of our own.

When a writer is replaced, its unsent edits cannot be signed as they stand: the same change is made
again on canonical ground by the new writer. Text, marks and maps must come out as they were kept,
and nothing that did not differ may be touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cryptpad_tui.crdt.bulk_write import write_many
from cryptpad_tui.crdt.diff import smallest_edits
from cryptpad_tui.crdt.engine_doc import EngineDocument
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.line_index import LineIndex, utf8_size
from cryptpad_tui.crdt.mark_index import Run
from cryptpad_tui.crdt.values import TextEdit


@dataclass(frozen=True, slots=True, repr=False)
class Content:
    """What a document says: its text, its runs if it has marks, its maps."""

    text: str
    runs: tuple[Run, ...]
    maps: dict[str, dict[str, Any]]


def content_of(engine: EngineDocument, kind: PadKind, text: str) -> Content:
    """All that must survive a rebase; costs the length of the document."""
    runs = tuple(engine.runs()) if kind.format_keys and kind.has_text else ()
    return Content(text, runs, {root: engine.map_items(root) for root in kind.map_roots})


def make_again(engine: EngineDocument, lines: LineIndex, kept: Content) -> None:
    """Edit `engine`, whose text `lines` holds, until it says what `kept` says."""
    if kept.text or lines.byte_count:
        write_text_edits(engine, lines, smallest_edits(engine.whole_text(), kept.text), undoable=False)
        lines.reset(kept.text)
    with engine.own_transaction(undoable=False):
        for first, last, marks in _mark_differences(engine.runs() if kept.runs else [], kept.runs):
            engine.text.format(first, last, marks)
        for root, wanted in kept.maps.items():
            _make_map_again(engine, root, wanted)


def write_text_edits(
    engine: EngineDocument,
    lines: LineIndex,
    edits: list[TextEdit],
    *,
    undoable: bool = True,
    inherits: bool = False,
) -> list[tuple[int, int]]:
    """Write ascending edits as one step of undo; returns their byte spans before the first of them.

    `inherits`: each text has the marks of the character that it stands behind, be that one replaced or not.
    """
    spans = [(int(lines.byte_of(edit.start)), int(lines.byte_of(edit.end))) for edit in edits]
    write_many(
        engine,
        [(first, last, edit.text) for edit, (first, last) in zip(edits, spans, strict=True)],
        [edit.attributes for edit in edits],
        lines.byte_count,
        undoable=undoable,
        inherits=inherits,
    )
    return spans


def _mark_differences(have: list[Run], wanted: tuple[Run, ...]) -> list[tuple[int, int, dict[str, Any]]]:
    """Byte ranges whose marks differ, with the marks to set; the texts are equal."""
    found: list[tuple[int, int, dict[str, Any]]] = []
    if tuple(have) == wanted:
        return found
    at, i, j = 0, 0, 0
    have_ends, wanted_ends = _ends(have), _ends(wanted)
    while i < len(have) and j < len(wanted):
        end = min(have_ends[i], wanted_ends[j])
        old, new = have[i][1], wanted[j][1]
        marks = {key: new.get(key) for key in {*old, *new} if old.get(key) != new.get(key)}
        if marks and end > at:
            found.append((at, end, marks))
        at = end
        i += have_ends[i] == end
        j += wanted_ends[j] == end
    return found


def _ends(runs: list[Run] | tuple[Run, ...]) -> list[int]:
    ends, at = [], 0
    for text, _ in runs:
        at += utf8_size(text)
        ends.append(at)
    return ends


def _make_map_again(engine: EngineDocument, root: str, wanted: dict[str, Any]) -> None:
    have, shared = engine.map_items(root), engine.map(root)
    for key in have.keys() - wanted.keys():
        del shared[key]
    with engine.doc.transaction() as txn:
        # Past the wrapper, as where they are read.
        for key, value in wanted.items():
            if key not in have or have[key] != value:
                shared.integrated.insert(txn._txn, key, value)
