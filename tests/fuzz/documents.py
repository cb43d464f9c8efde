"""F5 and F6: what the validator accepts, the engine must read, quickly, and in every process alike."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from crdt.forge import (
    NULL,
    any_string,
    block,
    deleted,
    deletion,
    entry,
    entry_after,
    mark,
    snapshot,
    string,
    update,
)
from fuzz.choices import Choices
from fuzz.engines import engines, loading_child

from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.errors import CannotLoadHere, InvalidUpdate
from cryptpad_tui.crdt.grammar import SNAPSHOT_LIMITS, read_struct
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.reader import Id, Reader
from cryptpad_tui.crdt.snapshot_check import check_snapshot

ANN, EVE, ZOE = 7, 9, 4_000_000_000
TEXTS = ("x", "é😀", "hello", "\n", "😀😀", "a\tb", "漢字")
MARKS = (("bold", "true"), ("bold", "null"), ("header", "2"), ("link", '"a"'), ("list", '"bullet"'))
VALUES = (
    NULL,
    b"\x79",
    any_string("s"),
    b"\x7d\x05",
    b"\x7b" + bytes(8),
    b"\x75\x02" + NULL + NULL,
    b"\x76\x01\x01k" + NULL,
)
MAX_ENTRIES = 10


@cache
def base_of(kind: PadKind) -> tuple[bytes, int]:
    """Ann's first update, and her clock after it."""
    title = entry(any_string("Title"), "title")
    if not kind.has_text:
        root = "entries" if "entries" in kind.roots else "meta"
        return update(ANN, 0, entry(NULL, "a/b", root), title), 2
    return update(ANN, 0, string("a😀b\n"), title, string("cd", (ANN, 2), (ANN, 3))), 8


def fuzz_update(data: bytes) -> None:
    """F5. The first byte says what the rest is: an update as it is, one that is built, or a whole history."""
    choices = Choices(data)
    mode, kind = choices.below(4), choices.pick(tuple(PadKind))
    if mode == 0:
        _one_update(kind, choices.rest())
    elif mode == 1:
        made, _ = _built(choices, {ANN: base_of(kind)[1], EVE: 0, ZOE: 0}, EVE, structs=12)
        _one_update(kind, made)
    else:
        _history(kind, choices)


def _one_update(kind: PadKind, made: bytes) -> None:
    base, clock = base_of(kind)
    document = CanonicalDocument(kind)
    document.apply(document.check(ANN, [base]))
    try:
        document.check(EVE, [made])
    except (InvalidUpdate, CannotLoadHere):
        return
    finally:
        assert dict(document.clocks) == {ANN: clock}, "a check changed the state"
    later = update(ANN, clock, string("!", (ANN, clock - 1)) if kind.has_text else entry(NULL, "z"))
    agree(kind, [base, made], later)


def _history(kind: PadKind, choices: Choices) -> None:
    """Entries of three writers, those that are valid, as the product's child folds them."""
    base, clock = base_of(kind)
    clocks, entries = {ANN: clock, EVE: 0, ZOE: 0}, [(ANN, [base])]
    child = loading_child()
    loaded = child.load(kind, entries=entries)
    while choices and len(entries) < MAX_ENTRIES:
        writer = choices.pick((ANN, EVE, ZOE))
        made, end = _built(choices, clocks, writer, structs=4)
        tried = child.load(kind, entries=[*entries, (writer, [made])])
        if tried.verdicts[-1] is None:
            assert tried.verdicts == (None,) * (len(entries) + 1), "a verdict changed with what came later"
            entries.append((writer, [made]))
            clocks[writer], loaded = end, tried
    read = agree(kind, [made for _, updates in entries for made in updates])
    assert read == loaded.content_digest, "the loading child reads another text"


def agree(kind: PadKind, updates: Sequence[bytes], later: bytes | None = None) -> bytes:
    """Fold in one process, reload in the other, and go on in both: the digests must be equal."""
    first, second = engines()
    folded = first.read(kind, updates)
    joined = second.read(kind, updates[-1:], snapshot=first.read(kind, updates[:-1]).state)
    reloaded = second.read(kind, [], snapshot=folded.state)
    assert folded.digest == joined.digest, "who joined before the last update reads another text"
    assert folded.digest == reloaded.digest, "who joins after it reads another text"
    if later is not None:
        went_on = first.read(kind, [*updates, later])
        joined_late = second.read(kind, [later], snapshot=folded.state)
        assert went_on.digest == joined_late.digest, "the next edit reads differently for who joined"
    return folded.digest


def _built(choices: Choices, clocks: dict[int, int], writer: int, *, structs: int) -> tuple[bytes, int]:
    """An update of known grammar whose places and lengths are the fuzzer's; the writer's clock after it."""
    clock, made = clocks[writer], list[bytes]()
    for _ in range(1 + choices.below(structs)):
        if not choices:
            break
        struct, length = _struct(choices, {**clocks, writer: clock})
        made.append(struct)
        clock += length
    ranges: list[tuple[int, int, int]] = []
    for client in sorted(clocks) if choices.below(3) == 2 else ():
        known = clock if client == writer else clocks[client]
        if known and choices.below(2):
            ranges.append((client, choices.below(known), 1 + choices.below(3)))
    if not made:
        return deletion(*ranges), clock
    return update(writer, clocks[writer], *made, deletes=tuple(ranges)), clock


def _struct(choices: Choices, clocks: dict[int, int]) -> tuple[bytes, int]:
    def place() -> Id | None:
        client = choices.pick((None, *clocks))
        return (client, choices.below(clocks[client])) if client is not None and clocks[client] else None

    act = choices.below(6)
    if act < 2:
        text = choices.pick(TEXTS)
        return string(text, place(), place()), len(text.encode("utf-16-le")) // 2
    if act == 2:
        return mark(*choices.pick(MARKS), origin=place()), 1
    if act == 3:
        length = 1 + choices.below(4)
        return deleted(length, place(), place()), length
    value = choices.pick(VALUES)
    if act == 4:
        return entry(
            value, choices.pick(("k", "title", "a/b")), choices.pick(("meta", "entries", "comments"))
        ), 1
    origin = place()
    return (entry_after(value, origin) if origin else entry(value)), 1


def fuzz_snapshot(data: bytes) -> None:
    """F6: bytes as a snapshot, with the clocks that they themselves claim."""
    choices = Choices(data)
    mode, kind = choices.below(2), choices.pick(tuple(PadKind))
    made = _built_snapshot(choices) if mode else choices.rest()
    clocks = _claimed_clocks(kind, made)
    try:
        check_snapshot(kind, made, clocks, bytes)
    except InvalidUpdate:
        return
    child = loading_child()
    try:
        loaded = child.load(kind, snapshot=made, clocks=clocks)
    except InvalidUpdate:
        return
    first, second = engines()
    read = first.read(kind, [], snapshot=made)
    again = second.read(kind, [], snapshot=read.state)
    assert loaded.content_digest == read.digest == again.digest, "a snapshot reads differently when reloaded"
    assert child.load(kind, snapshot=read.state, clocks=clocks) == loaded


def _built_snapshot(choices: Choices) -> bytes:
    ends = {ANN: 8, EVE: 4, ZOE: 2}
    blocks = []
    for writer in (ANN, EVE, ZOE)[: 1 + choices.below(3)]:
        clock, structs = 0, list[bytes]()
        for _ in range(1 + choices.below(5)):
            struct, length = _struct(choices, {**ends, writer: clock})
            structs.append(struct)
            clock += length
        blocks.append(block(writer, 0, *structs))
    deletes = ((ANN, choices.below(4), 1),) if choices.below(2) else ()
    return snapshot(*blocks, deletes=deletes)


def _claimed_clocks(kind: PadKind, made: bytes) -> dict[int, int]:
    """What a writer who lies consistently would put in the table."""
    clocks: dict[int, int] = {}
    try:
        reader = Reader(made)
        for _ in range(reader.varint(64)):
            count, client = reader.varint(reader.size), reader.varint((1 << 53) - 1)
            clock = reader.varint(0)
            for _ in range(count):
                clock += read_struct(reader, SNAPSHOT_LIMITS, kind.format_keys).length
            clocks[client] = clock
    except InvalidUpdate:
        pass
    return clocks
