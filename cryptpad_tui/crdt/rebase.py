"""Making the difference between two documents again, as edits of our own.

When a writer is replaced, its unsent edits cannot be signed as they stand: the same change is made
again on canonical ground by the new writer. Text, marks and maps must come out as they were kept,
and nothing that did not differ may be touched.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from cryptpad_tui.crdt.batch import ByteEdit
from cryptpad_tui.crdt.bulk_write import write_many
from cryptpad_tui.crdt.diff import smallest_edits
from cryptpad_tui.crdt.engine_doc import EngineDocument
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.line_index import LineIndex, utf8_size
from cryptpad_tui.crdt.mark_index import Piece, Run, merged
from cryptpad_tui.crdt.values import Attributes, TextEdit


@dataclass(frozen=True, slots=True, repr=False)
class Content:
    """What a document says: its text, with its marks if it has any, and its maps."""

    text: str
    pieces: Sequence[Piece]
    maps: dict[str, dict[str, Any]]


def content_of(engine: EngineDocument, kind: PadKind, text: str) -> Content:
    """All that must survive a rebase; costs the length of the document."""
    pieces = engine.pieces() if kind.format_keys and kind.has_text else ()
    return Content(text, pieces, {root: engine.map_items(root) for root in kind.map_roots})


def make_again(engine: EngineDocument, lines: LineIndex, kept: Content) -> None:
    """Edit `engine`, whose text `lines` holds, until it says what `kept` says."""
    if kept.text or lines.byte_count:
        edits = smallest_edits(engine.whole_text(), kept.text)
        marked = _with_marks(lines, edits, kept.pieces)
        if sum(map(len, marked)) > 2 * len(marked):
            _write_marked(engine, marked)
        else:
            write_text_edits(engine, lines, edits, undoable=False)
        lines.reset(kept.text)
    with engine.own_transaction(undoable=False):
        for first, last, marks in _mark_differences(engine.pieces() if kept.pieces else (), kept.pieces):
            engine.text.format(first, last, marks)
        for root, wanted in kept.maps.items():
            _make_map_again(engine, root, wanted)


def _with_marks(
    lines: LineIndex, edits: Sequence[TextEdit], whole: Sequence[Piece]
) -> list[list[tuple[ByteEdit, Attributes]]]:
    """Of each edit the runs that it makes, as byte edits at one place of the text before all of them."""
    if not whole or not edits:
        return []
    spans = [(int(lines.byte_of(edit.start)), int(lines.byte_of(edit.end))) for edit in edits]
    grown = sum(
        utf8_size(edit.text) - (last - first) for edit, (first, last) in zip(edits, spans, strict=True)
    )
    shift, runs = _runs_between(whole, spans[0][0], spans[-1][1] + grown)
    shift, ends, made = -shift, _ends(runs), list[list[tuple[ByteEdit, Attributes]]]()
    for edit, (first, last) in zip(edits, spans, strict=True):
        raw, pieces = edit.text.encode(), list[tuple[ByteEdit, Attributes]]()
        begins = first + shift
        shift += len(raw) - (last - first)
        number, at = bisect_right(ends, begins), 0
        while at < len(raw) or not pieces:
            past = ends[number] - begins if raw else 0
            place = (last, last) if pieces else (first, last)
            pieces.append(((*place, raw[at:past].decode()), runs[number][1] if raw else {}))
            at, number = past, number + 1
        made.append(pieces)
    return made


def _write_marked(engine: EngineDocument, marked: Sequence[Sequence[tuple[ByteEdit, Attributes]]]) -> None:
    """The last first, so that the places of the others stay. Formatting run by run would walk for each."""
    for pieces in reversed(marked):
        edits, marks = [edit for edit, _ in pieces], [one for _, one in pieces]
        write_many(engine, edits, marks, len(engine.text), undoable=False)


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


def _runs_between(whole: Sequence[Piece], first: int, last: int) -> tuple[int, list[Run]]:
    """The runs of the pieces that hold these bytes, and at which byte they begin. Only those are merged."""
    ends = _ends(whole)
    lo, hi = bisect_right(ends, first), bisect_left(ends, last) + 1
    lo = min(lo, max(0, len(whole) - 1))
    return (ends[lo - 1] if lo else 0), merged(whole[lo:hi])


def _mark_differences(
    all_have: Sequence[Piece], all_wanted: Sequence[Piece]
) -> list[tuple[int, int, dict[str, Any]]]:
    """Byte ranges whose marks differ, with the marks to set; the texts are equal."""
    found: list[tuple[int, int, dict[str, Any]]] = []
    before, after = _alike(all_have, all_wanted)
    have = merged(all_have[before : len(all_have) - after])
    wanted = merged(all_wanted[before : len(all_wanted) - after])
    at, i, j = utf8_size("".join([text for text, _ in all_have[:before]])), 0, 0
    have_ends = [at + end for end in _ends(have)]
    wanted_ends = [at + end for end in _ends(wanted)]
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


def _alike(one: Sequence[Piece], other: Sequence[Piece]) -> tuple[int, int]:
    """How many pieces are the same at the start, and how many of the rest at the end."""
    shorter = min(len(one), len(other))
    before = next((i for i in range(shorter) if one[i] != other[i]), shorter)
    rest = shorter - before
    after = next((i for i in range(rest) if one[-1 - i] != other[-1 - i]), rest)
    return before, after


def _ends(runs: Sequence[Run] | Sequence[Piece]) -> list[int]:
    return list(accumulate([len(text) if text.isascii() else len(text.encode()) for text, _ in runs]))


def _make_map_again(engine: EngineDocument, root: str, wanted: dict[str, Any]) -> None:
    have, shared = engine.map_items(root), engine.map(root)
    for key in have.keys() - wanted.keys():
        del shared[key]
    with engine.doc.transaction() as txn:
        # Past the wrapper, as where they are read.
        for key, value in wanted.items():
            if key not in have or have[key] != value:
                shared.integrated.insert(txn._txn, key, value)
