"""From the engine's delta to our lines and our `Change`.

The engine counts UTF-8 bytes; people count lines and characters. This is the one place where its
deltas are converted. It must never leave the line index and the engine's text different.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptpad_tui.crdt.line_index import LineIndex, NotABoundary, utf8_size
from cryptpad_tui.crdt.values import (
    Attributes,
    AttributeValue,
    ByteOffset,
    Change,
    Formatted,
    Origin,
    Position,
    TextEdit,
    end_of,
)

BULK_STEPS = 512
"""From this many steps on, one walk over the whole text is cheaper than a lookup for each."""
_BULK_BYTES_PER_STEP = 64 * 1024

Delta = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _Step:
    """Keep `kept_bytes` (with `formatted` set on them), then replace `deleted_bytes` by `text`."""

    kept_bytes: int
    formatted: Attributes
    deleted_bytes: int
    text: str
    attributes: Attributes


def apply_delta(lines: LineIndex, delta: Delta, origin: Origin) -> Change:
    """Bring `lines` up to date with one transaction of the engine, and say what it did."""
    steps = list(_steps(delta))
    if len(steps) >= BULK_STEPS and lines.byte_count < len(steps) * _BULK_BYTES_PER_STEP:
        return _apply_in_one_walk(lines, steps, origin)
    return _apply_by_lookups(lines, steps, origin)


def _steps(delta: Delta) -> Iterator[_Step]:
    """The delta with each deletion joined to the insertion at its place."""
    deleted, text, attributes = 0, "", dict[str, AttributeValue]()
    for op in delta:
        if (kept := op.get("retain")) is not None:
            if deleted or text:
                yield _Step(0, {}, deleted, text, attributes)
            deleted, text, attributes = 0, "", {}
            yield _Step(kept, dict(op.get("attributes") or {}), 0, "", {})
        elif (gone := op.get("delete")) is not None:
            deleted += gone
        else:
            made = op["insert"]
            if not isinstance(made, str):
                raise TypeError("an embedded object in a text")
            made_attributes = dict(op.get("attributes") or {})
            if text and made_attributes != attributes:
                yield _Step(0, {}, deleted, text, attributes)
                deleted, text = 0, ""
            text, attributes = text + made, made_attributes
    if deleted or text:
        yield _Step(0, {}, deleted, text, attributes)


def _apply_by_lookups(lines: LineIndex, steps: list[_Step], origin: Origin) -> Change:
    edits: list[TextEdit] = []
    formatted: list[Formatted] = []
    at = 0
    for step in steps:
        if step.kept_bytes:
            after = at + step.kept_bytes
            if step.formatted:
                end = ByteOffset(min(after, lines.byte_count))
                formatted.append(
                    Formatted(lines.position_of(ByteOffset(at)), lines.position_of(end), step.formatted)
                )
            at = after
            continue
        start = lines.position_of(ByteOffset(at))
        end_position = lines.position_of(ByteOffset(at + step.deleted_bytes)) if step.deleted_bytes else start
        lines.replace(start, end_position, step.text)
        edits.append(TextEdit(start, end_position, step.text, step.attributes or None))
        at += utf8_size(step.text)
    return Change(tuple(edits), origin, tuple(formatted))


def _apply_in_one_walk(lines: LineIndex, steps: list[_Step], origin: Origin) -> Change:
    old = lines.text(Position(0, 0), lines.end).encode()
    edits: list[TextEdit] = []
    formatted: list[Formatted] = []
    made: list[str] = []
    read, here = 0, Position(0, 0)
    try:
        for step in steps:
            if step.kept_bytes:
                kept = old[read : read + step.kept_bytes].decode()
                read += step.kept_bytes
                made.append(kept)
                before, here = here, end_of(here, kept)
                if step.formatted:
                    formatted.append(Formatted(before, here, step.formatted))
                continue
            gone = old[read : read + step.deleted_bytes].decode()
            read += step.deleted_bytes
            edits.append(TextEdit(here, end_of(here, gone), step.text, step.attributes or None))
            made.append(step.text)
            here = end_of(here, step.text)
        made.append(old[read:].decode())
    except UnicodeDecodeError as exc:
        raise NotABoundary("a delta cuts a character") from exc
    lines.reset("".join(made))
    return Change(tuple(edits), origin, tuple(formatted))


def delta_of(edits: Sequence[TextEdit], spans: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
    """What the engine would have said of these edits, whose byte spans in the text before are known."""
    delta: list[dict[str, Any]] = []
    read = 0
    for edit, (first, last) in zip(edits, spans, strict=True):
        delta.append({"retain": first - read})
        if edit.text:
            delta.append({"insert": edit.text, "attributes": edit.attributes})
        if last > first:
            delta.append({"delete": last - first})
        read = last
    return delta
