"""A document that stands on other ground, with the undo history of the one before it.

What was undoable and is part of the ground keeps its ids, and the deleted text that an undo brings back comes
along. Own groups that the ground lacks are made again one by one, as steps of their own. It must never make
undoable what no own group did; where the history cannot be carried it
ends, and the text is right all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from pycrdt import UndoManager, get_state

from cryptpad_tui.crdt.delta import Delta
from cryptpad_tui.crdt.engine_doc import EngineDocument
from cryptpad_tui.crdt.errors import EngineFailure, InvalidUpdate, engine_call
from cryptpad_tui.crdt.grammar import OWN_LIMITS, read_delete_set, read_struct
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.line_index import LineIndex, utf8_size
from cryptpad_tui.crdt.reader import MAX_CLIENT, MAX_CLOCK, Reader
from cryptpad_tui.crdt.rebase import content_of, make_again
from cryptpad_tui.crdt.undo_history import Group, Ranges
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crdt.wire import (
    decode_state_vector,
    encode_block,
    encode_delete_set,
    encode_state_vector,
    encode_varint,
)

_MAX_AGAIN: Final = 50
"""Groups that are made again; those before them stay text that no undo takes back."""
_LEAST_AGAIN: Final = 10
_AGAIN_BYTES: Final = 10_000_000
"""Each is some walks over the text: so many bytes in all, and the least all the same."""
_MAX_CUT_BYTES: Final = 1 << 20
"""Of what unacknowledged writers wrote that is looked through for deleted text."""
_KEYS: Final = PadKind.RICHTEXT.format_keys

Clocks = Mapping[int, int]


def stand_on(
    old: EngineDocument, state: bytes, client_id: int, lines: LineIndex, now: Callable[[], float]
) -> EngineDocument:
    """`state` and nothing else, as another client; `old` is left as it was. `lines` follows."""
    clocks = _clocks_of(state)
    undo = [known for group in old.history.undo_groups() if any(known := _known(group, clocks))]
    new = _on_ground(old, state, client_id, now, clocks)
    new.history.put(undo, _redo_of(old, clocks))
    lines.reset(new.whole_text())
    return new


def move_to(
    old: EngineDocument,
    state: bytes,
    client_id: int,
    lines: LineIndex,
    now: Callable[[], float],
    clocks: Clocks | None = None,
) -> EngineDocument:
    """`state`, and on it again all that `old` shows, whose text is that of `lines`. `old` is used up.

    `clocks`: how far those of `state` have come, where that is known.
    """
    kept = content_of(old, old.kind, lines.text(Position(0, 0), lines.end))
    try:
        new = _made_again(old, state, client_id, lines, now, _clocks_of(state) if clocks is None else clocks)
    except (EngineFailure, InvalidUpdate, IndexError):
        new = EngineDocument(old.kind, client_id, state, now)
        lines.reset(new.whole_text())
    make_again(new, lines, kept)
    return new


def _made_again(
    old: EngineDocument,
    state: bytes,
    client_id: int,
    lines: LineIndex,
    now: Callable[[], float],
    clocks: Clocks,
) -> EngineDocument:
    groups, redo = old.history.undo_groups(), _redo_of(old, clocks)
    new = _on_ground(old, state, client_id, now, clocks)
    if old.kind.has_text:
        _delete_again(old, new, clocks)
    lines.reset(new.whole_text())
    known = [_known(group, clocks) for group in groups]
    missing = [_missing(group, clocks) if old.kind.has_text else Group((), ()) for group in groups]
    most = max(_LEAST_AGAIN, min(_MAX_AGAIN, _AGAIN_BYTES // (1 + lines.byte_count)))
    again = [i for i, group in enumerate(missing) if any(group)][-most:]
    if again:
        taken_back = _take_back(old, [missing[i] for i in again])
        if (text := old.whole_text()) != new.whole_text():
            # Marks that differ change no place that a step is made at.
            make_again(new, lines, content_of(old, old.kind, text))
        for i, manager in zip(again, taken_back, strict=True):
            old.take_delta()
            with engine_call():
                manager.redo()
            known[i] = _joined(known[i], _write(new, old.take_delta() or []))
        lines.reset(new.whole_text())
    new.history.put([group for group in known if any(group)], redo)
    return new


def _delete_again(old: EngineDocument, new: EngineDocument, clocks: Clocks) -> None:
    """What `old` has deleted of the ground, by ids: a difference of texts may choose others like them."""
    deleted = tuple(read_delete_set(Reader(_deletions(old)), OWN_LIMITS))
    with new.own_transaction(undoable=False):
        new.doc.apply_update(b"\0" + encode_delete_set(_cut(deleted, clocks)[0]))


def _deletions(old: EngineDocument) -> bytes:
    with engine_call():
        return old.doc.get_update(encode_state_vector(old.state_vector()))[1:]


def _take_back(old: EngineDocument, groups: list[Group]) -> list[UndoManager]:
    """The last first; each manager can make its own group again."""
    managers = [old.history.alone(group) for group in groups]
    for manager in reversed(managers):
        old.step_unseen(manager.undo)
    return managers


def _write(new: EngineDocument, delta: Delta) -> Group:
    """What a step did in another document with the same text, as a step of its own here."""
    new.history.put((), ())
    new.forget_gaps()
    at = 0
    with new.own_transaction():
        for op in delta:
            if (kept := op.get("retain")) is not None:
                if op.get("attributes"):
                    new.text.format(at, at + kept, dict(op["attributes"]))
                at += kept
            elif (gone := op.get("delete")) is not None:
                new.replace_bytes(at, at + gone, "", None)
            else:
                new.replace_bytes(at, at, op["insert"], op.get("attributes") or {})
                at += utf8_size(op["insert"])
    steps = new.history.undo_groups()
    return steps[-1] if steps else Group((), ())


# -- what is part of the ground


def _clocks_of(state: bytes) -> dict[int, int]:
    with engine_call():
        return decode_state_vector(get_state(state))


def _known(group: Group, clocks: Clocks) -> Group:
    return Group(*(_cut(ranges, clocks)[0] for ranges in group))


def _missing(group: Group, clocks: Clocks) -> Group:
    return Group(*(_cut(ranges, clocks)[1] for ranges in group))


def _cut(ranges: Ranges, clocks: Clocks) -> tuple[Ranges, Ranges]:
    """Of each range what is below its client's clock, and what is not."""
    below: list[tuple[int, int, int]] = []
    above: list[tuple[int, int, int]] = []
    for client, first, length in ranges:
        middle = min(max(first, clocks.get(client, 0)), first + length)
        if middle > first:
            below.append((client, first, middle - first))
        if first + length > middle:
            above.append((client, middle, first + length - middle))
    return tuple(below), tuple(above)


def _joined(one: Group, other: Group) -> Group:
    return Group(one.inserted + other.inserted, one.deleted + other.deleted)


def _redo_of(old: EngineDocument, clocks: Clocks) -> list[Group]:
    """Nothing where a part of it is missing: half a step made again is not what was taken back."""
    groups = old.history.redo_groups()
    return [] if any(any(_missing(group, clocks)) for group in groups) else groups


def _on_ground(
    old: EngineDocument, state: bytes, client_id: int, now: Callable[[], float], clocks: Clocks
) -> EngineDocument:
    has_history = old.history.undo_groups() or old.history.redo_groups()
    beneath = _with_deleted(old, clocks) if has_history else []
    return EngineDocument(old.kind, client_id, state, now, beneath=beneath)


def _with_deleted(old: EngineDocument, clocks: Clocks) -> list[bytes]:
    """The items of the ground with all that was ever deleted from them, as updates that delete nothing."""
    have = old.state_vector()
    pending = {client: clock for client, clock in have.items() if clock > clocks.get(client, 0)}
    others = {client: clock for client, clock in have.items() if client not in pending}
    with engine_call():
        whole = old.doc.get_update(encode_state_vector(pending))
        own = old.doc.get_update(encode_state_vector(others)) if pending else b"\0"
    found = [whole[: -len(_deletions(old))] + b"\0"]
    if pending and len(own) <= _MAX_CUT_BYTES:
        found.append(_cut_update(own, clocks))
    return found


def _cut_update(update: bytes, clocks: Clocks) -> bytes:
    """The structs below the clocks; one that reaches over them is left out, the ground has it."""
    reader = Reader(update)
    blocks: list[bytes] = []
    for _ in range(reader.varint(1 << 16)):
        count, client = reader.varint(reader.size), reader.varint(MAX_CLIENT)
        first = clock = reader.varint(MAX_CLOCK)
        structs: list[bytes] = []
        for _ in range(count):
            begins = reader.at
            clock += read_struct(reader, OWN_LIMITS, _KEYS).length
            if clock <= clocks.get(client, 0):
                structs.append(update[begins : reader.at])
        if structs:
            blocks.append(encode_block(client, first, structs)[1:])
    return encode_varint(len(blocks)) + b"".join(blocks) + b"\0"
