"""Typing where one typed last: no walk of the engine, and no other document than its walk would make."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.known_gaps import KnownGaps, look_into
from cryptpad_tui.crdt.line_index import LineIndex
from cryptpad_tui.crdt.mark_index import MarkIndex
from cryptpad_tui.crdt.values import Attributes, Change, Position, TextEdit
from cryptpad_tui.crdt.view import ViewDocument

_BLOCKS: tuple[Attributes, ...] = (
    {},
    {"header": 2},
    {"list": "ordered", "indent": 1},
    {"table": "1/100/100"},
    {"table": "1/100/200"},
    {"code-block": "python"},
)
_MARKS: tuple[Attributes, ...] = ({"bold": True}, {"bold": None}, {"italic": True}, {"color": "#ff0000"})
_OBJECT = "￼"


class Clock:
    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        self.s += 0.1
        return self.s


@dataclass
class Typist:
    """Somebody who types on where they are more often than they go elsewhere."""

    document: ViewDocument
    draw: random.Random
    offset: int = 0
    typing: Attributes | None = None
    waiting: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.document.observe(self._moved)

    def _moved(self, change: Change) -> None:
        self.offset = min(self.offset, self.document.lines.char_count)

    def act(self) -> None:
        document, draw = self.document, self.draw
        rich = document.kind is PadKind.RICHTEXT
        act = draw.random()
        here = document.lines.position_at(self.offset)
        if act < 0.55:
            text = draw.choice(["a", "b", "é", "😀", " ", "\n", "xy"])
            self._type(here, here, text, self.typing if text != "\n" else None)
        elif act < 0.75:
            back = min(self.offset, draw.choice([1, 1, 1, 2, 5]))
            start = document.lines.position_at(self.offset - back)
            self._type(start, here, draw.choice(["", "", "", "q"]), None)
        elif act < 0.83:
            self.offset = draw.randrange(document.lines.char_count + 1)
            self.typing = draw.choice([None, {}, {"bold": True}]) if rich else None
        elif act < 0.93 and rich:
            end = document.lines.position_at(min(document.lines.char_count, self.offset + draw.randrange(6)))
            document.format(here, end, draw.choice([*_MARKS, *_BLOCKS]))
        elif act < 0.95 and rich:
            self._type(here, here, _OBJECT, {"object": "a1"})
        elif act < 0.98:
            document.undo() if draw.random() < 0.7 else document.redo()
        else:
            document.replace_all([TextEdit(here, here, "batch")])

    def _type(self, start: Position, end: Position, text: str, attributes: Attributes | None) -> None:
        offset = self.document.lines.offset_of(start)
        self.document.replace(start, end, text, attributes)
        self.offset = offset + len(text)


def assert_as_rebuilt(document: ViewDocument) -> None:
    """Lines, bytes and marks are those of the document read anew."""
    fresh = ViewDocument(client_id=99, kind=document.kind, state=document.encode())
    assert document.text() == fresh.text()
    assert document.lines.byte_count == fresh.lines.byte_count
    assert len(document.lines) == len(fresh.lines)
    if document.marks is not None:
        rebuilt = MarkIndex(LineIndex(fresh.text()), fresh.runs())
        assert document.marks.lines(0, 10_000) == rebuilt.lines(0, 10_000)


def talk(seed: int, kind: PadKind, steps: int) -> list[Typist]:
    """Three people, whose edits arrive late and in the order in which each made them."""
    draw = random.Random(seed)
    first = ViewDocument(client_id=draw.randrange(1, 1 << 50), kind=kind, now=Clock())
    first.replace(Position(0, 0), Position(0, 0), "one\ntwo\nthree")
    if kind is PadKind.RICHTEXT:
        first.format(Position(1, 0), Position(2, 0), {"table": "1/100/100"})
    base = first.encode()
    people = [
        Typist(ViewDocument(client_id=client, kind=kind, state=base, now=Clock()), draw)
        for client in draw.sample(range(1, 1 << 50), 3)
    ]
    canonical = CanonicalDocument(kind)
    canonical.apply(canonical.check(first.client_id, first.take_updates()))
    for _ in range(steps):
        one = draw.choice(people)
        one.act()
        assert_as_rebuilt(one.document)
        updates = one.document.take_updates()
        # Whatever is written at a gap, the validator takes.
        canonical.apply(canonical.check(one.document.client_id, updates))
        for other in people:
            if other is not one:
                other.waiting += updates
        receiver = draw.choice(people)
        part = draw.randrange(len(receiver.waiting) + 1)
        _deliver(receiver, part)
    for one in people:
        _deliver(one, len(one.waiting))
        assert one.document.text() == canonical.text()
    return people


def _deliver(receiver: Typist, count: int) -> None:
    for update in receiver.waiting[:count]:
        receiver.document.apply(update)
    del receiver.waiting[:count]
    assert_as_rebuilt(receiver.document)


@pytest.mark.parametrize("kind", [PadKind.TEXT, PadKind.RICHTEXT])
@pytest.mark.parametrize("seed", range(8))
def test_three_typists_see_what_a_rebuilt_document_shows(seed: int, kind: PadKind) -> None:
    people = talk(seed, kind, 60)
    if kind is PadKind.RICHTEXT:
        assert people[0].document.runs() == people[1].document.runs() == people[2].document.runs()


def count_gaps(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How often a gap answered."""
    used = {"written": 0, "foreseen": 0}
    for name in used:
        plain = getattr(KnownGaps, name)

        def counted(self: KnownGaps, *args: object, name: str = name, plain: object = plain) -> object:
            found = plain(self, *args)  # type: ignore[operator]
            used[name] += found is not None
            return found

        monkeypatch.setattr(KnownGaps, name, counted)
    return used


def test_only_the_first_key_at_a_place_asks_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    used = count_gaps(monkeypatch)
    ann = ViewDocument(client_id=1, kind=PadKind.RICHTEXT, now=Clock())
    ann.replace(Position(0, 0), Position(0, 0), "before after", {})
    ann.format(Position(0, 0), Position(0, 6), {"bold": True})
    ann.end_undo_group()
    bob = ViewDocument(client_id=2, kind=PadKind.RICHTEXT, state=ann.encode(), now=Clock())
    ann.take_updates()
    for col, letter in enumerate("typed é😀", 6):
        ann.replace(Position(0, col), Position(0, col), letter)
    for col in (14, 13):
        ann.replace(Position(0, col - 1), Position(0, col), "")
    for update in ann.take_updates():
        bob.apply(update)
    assert used == {"written": 9, "foreseen": 9}
    assert bob.runs() == [("beforetyped ", {"bold": True}), (" after", {})]
    ann.undo()
    assert ann.runs() == [("before", {"bold": True}), (" after", {})]


def test_a_repeated_update_changes_nothing() -> None:
    ann = ViewDocument(client_id=1, kind=PadKind.TEXT, now=Clock())
    bob = ViewDocument(client_id=2, kind=PadKind.TEXT, now=Clock())
    for col, letter in enumerate("abc"):
        ann.replace(Position(0, col), Position(0, col), letter)
    updates = ann.take_updates()
    for update in [*updates, *updates, updates[-1]]:
        bob.apply(update)
        assert_as_rebuilt(bob)
    assert bob.text() == "abc"


def test_marks_chosen_for_typing_are_not_those_of_the_gap() -> None:
    ann = ViewDocument(client_id=1, kind=PadKind.RICHTEXT, now=Clock())
    ann.replace(Position(0, 0), Position(0, 0), "a", {})
    ann.replace(Position(0, 1), Position(0, 1), "b", {"bold": True})
    ann.replace(Position(0, 2), Position(0, 2), "c", {})
    ann.replace(Position(0, 3), Position(0, 3), "d", {})
    assert ann.runs() == [("a", {}), ("b", {"bold": True}), ("cd", {})]


def test_a_cursor_in_a_long_rich_text_is_told_without_reading_every_item(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    document = ViewDocument(client_id=1, kind=PadKind.RICHTEXT, now=Clock())
    start = Position(0, 0)
    document.replace_all(
        [TextEdit(start, start, f"words é of part {n}\n", {"bold": n % 2 == 0 or None}) for n in range(4_000)]
    )
    monkeypatch.setattr("cryptpad_tui.crdt.kept_items.ItemList", None)
    for place in (Position(3, 2), Position(2_000, 12)):
        assert document.locate(document.anchor(place)) == place
    with pytest.raises(TypeError):
        document.anchor(Position(3, 2), exact=True)


def test_an_update_that_shows_nothing_teaches_nothing() -> None:
    ann = ViewDocument(client_id=1, kind=PadKind.TEXT, now=Clock())
    ann.replace(Position(0, 0), Position(0, 0), "words")
    (update,) = ann.take_updates()
    gaps = KnownGaps()
    gaps.learn(look_into(update), [])
    assert gaps.exact_at(5) is None
