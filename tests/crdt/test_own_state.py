"""A checkpoint's document: read when it is needed, and then as if every item had been read."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence

import pytest

from cryptpad_tui.crdt import own_state
from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.errors import InvalidUpdate
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crdt.view import ViewDocument


def written(seed: int) -> tuple[CanonicalDocument, list[ViewDocument]]:
    """A log of three people with astral characters, formats and map values, and what each has on top."""
    draw = random.Random(seed)
    people = [ViewDocument(client_id=client, kind=PadKind.RICHTEXT) for client in (3, 1, 2)]
    canonical = CanonicalDocument(PadKind.RICHTEXT)
    for step in range(40):
        one = draw.choice(people)
        place = one.lines.position_at(draw.randrange(one.lines.char_count + 1))
        one.replace(place, place, draw.choice(["a😀b", "é", "\n", "😀😀"]))
        if draw.random() < 0.3:
            one.format(Position(0, 0), one.lines.end, {"bold": draw.choice([True, None])})
        if draw.random() < 0.3:
            one.set_meta("title", f"t{step}")
        if draw.random() < 0.3:
            one.replace(Position(0, 0), one.lines.position_at(min(2, one.lines.char_count)), "")
        fold(canonical, one, [other for other in people if other is not one])
    return canonical, people


def fold(canonical: CanonicalDocument, one: ViewDocument, others: Sequence[ViewDocument]) -> None:
    updates = one.take_updates()
    canonical.apply(canonical.check(one.client_id, updates))
    for other in others:
        for update in updates:
            other.apply(update)


def reopened(document: CanonicalDocument, *, with_ranges: bool = True) -> CanonicalDocument:
    ranges = json.loads(json.dumps(document.ranges())) if with_ranges else None
    return CanonicalDocument.from_own_state(PadKind.RICHTEXT, document.encode(), document.clocks, ranges)


@pytest.mark.parametrize("seed", range(10))
def test_a_kept_document_judges_and_reads_as_one_of_which_every_item_was_read(seed: int) -> None:
    canonical, people = written(seed)
    kept, read = reopened(canonical), reopened(canonical, with_ranges=False)
    people[0].replace(Position(0, 0), Position(0, 0), "x😀")
    updates = people[0].take_updates()
    for document in (kept, read):
        assert document.clocks == canonical.clocks
        document.apply(document.check(people[0].client_id, updates))
    assert kept.ranges() == read.ranges()
    assert kept.content_digest() == read.content_digest()
    assert kept.text() == people[0].text()


def test_an_update_that_cuts_a_character_is_refused_by_what_was_kept() -> None:
    one = ViewDocument(client_id=7, kind=PadKind.TEXT)
    one.replace(Position(0, 0), Position(0, 0), "😀")
    canonical = CanonicalDocument(PadKind.TEXT)
    canonical.apply(canonical.check(7, one.take_updates()))
    ranges = json.loads(json.dumps(canonical.ranges()))
    kept = CanonicalDocument.from_own_state(PadKind.TEXT, canonical.encode(), canonical.clocks, ranges)
    with pytest.raises(InvalidUpdate):
        kept.check(9, [bytes([0, 1, 7, 1, 1, 1])])


def test_opening_reads_no_item(monkeypatch: pytest.MonkeyPatch) -> None:
    canonical, _ = written(1)
    monkeypatch.setattr(own_state, "check_snapshot", None)
    kept = reopened(canonical)
    again = reopened(kept)
    assert again.encode() == canonical.encode()
    assert again.clocks == canonical.clocks
    assert again.text() == canonical.text()


@pytest.mark.parametrize("seed", range(6))
def test_what_was_folded_behind_it_is_read_with_it_and_not_before(seed: int) -> None:
    canonical, people = written(seed)
    kept, read = reopened(canonical), reopened(canonical)
    draw = random.Random(seed)
    for _ in range(30):
        one = draw.choice(people)
        place = one.lines.position_at(draw.randrange(one.lines.char_count + 1))
        one.replace(place, place, draw.choice(["a😀b", "é\n", "😀"]))
        updates = one.take_updates()
        assert kept.apply_again(one.client_id, updates) == updates
        read.apply(read.check(one.client_id, updates))
        for other in people:
            if other is not one:
                for update in updates:
                    other.apply(update)
    assert kept.is_as_kept
    assert kept.clocks == read.clocks
    assert kept.kept_as.digest == read.kept_as.digest
    assert kept.kept_as.since == read.kept_as.since
    state, later = kept.state_and_later()
    view = ViewDocument(client_id=9, kind=PadKind.RICHTEXT, state=state, updates=later)
    assert kept.is_as_kept
    assert view.text() == read.text() == kept.text()
    assert kept.ranges() == read.ranges()
    assert kept.content_digest() == read.content_digest()
    people[0].replace(Position(0, 0), Position(0, 0), "and on")
    updates = people[0].take_updates()
    for document in (kept, read):
        document.apply(document.check(people[0].client_id, updates))
    assert kept.content_digest() == read.content_digest()


def test_a_document_that_is_kept_again_knows_what_came_before_and_since() -> None:
    canonical, people = written(2)
    kept = reopened(canonical)
    first, second = [], []
    for text, into in (("x", first), ("y", second)):
        people[0].replace(Position(0, 0), Position(0, 0), text)
        into += people[0].take_updates()
        kept.apply(kept.check(people[0].client_id, into))
        if into is first:
            kept.kept_as.again(kept.encode())
    assert (kept.kept_as.before, kept.kept_as.since) == (first, second)
    again = reopened(kept)
    assert again.kept_as.digest != kept.kept_as.digest
