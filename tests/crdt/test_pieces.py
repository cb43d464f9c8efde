"""What makes a long document come without holding anybody up means the same as the whole of it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Map, Text

from cryptpad_tui.crdt import canonical, made_of, pieces
from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.kinds import ENTRIES_ROOT, META_ROOT, TEXT_ROOT, PadKind
from cryptpad_tui.crdt.pieces import in_pieces, pieces_of
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.crdt.wire import decode_state_vector

Edit = tuple[int, str, int | None]
"""By whom, at which key, and what; None takes the key away."""
edits = st.lists(
    st.tuples(
        st.integers(1, 4), st.sampled_from(["a/b", "é/1", "c/d", "z/z"]), st.none() | st.integers(0, 9)
    ),
    max_size=40,
)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "LONG_BYTES", 1)
    monkeypatch.setattr(made_of, "LONG_BYTES", 1)
    monkeypatch.setattr(pieces, "PIECE_BYTES", 16)
    monkeypatch.setattr(canonical, "_MANY_PAIRS", 1)


def drive_of(made: Sequence[Edit]) -> tuple[list[tuple[int, bytes]], Doc[object]]:
    """What several devices wrote, each on all that was written before; and all of it."""
    whole: Doc[object] = Doc(client_id=99)
    updates = []
    for client, key, value in made:
        own: Doc[object] = Doc(client_id=client)
        own.apply_update(whole.get_update())
        before = own.get_state()
        entries = own.get(ENTRIES_ROOT, type=Map)
        if value is None:
            entries.pop(key, None)
        else:
            entries[key] = value
        updates.append((client, own.get_update(before)))
        whole.apply_update(updates[-1][1])
    return updates, whole


def items(doc: Doc[object]) -> dict[str, object]:
    return dict(doc.get(ENTRIES_ROOT, type=Map).items())


@settings(max_examples=60)
@given(made=edits)
def test_each_piece_is_complete_and_all_of_them_are_the_whole(made: list[Edit]) -> None:
    _, whole = drive_of(made)
    update = whole.get_update()
    with in_pieces():
        parts = pieces_of(update, PadKind.DRIVE)
    other: Doc[object] = Doc()
    clocks: dict[int, int] = {}
    for part in parts:
        before = sum(clocks.values())
        other.apply_update(part)
        clocks = decode_state_vector(other.get_state())
        # Nothing waits in the engine for what comes behind it.
        assert sum(clocks.values()) > before or part is parts[-1]
    assert clocks == decode_state_vector(whole.get_state())
    assert items(other) == items(whole)


def test_pieces_are_small_and_a_text_stays_as_it_reads() -> None:
    doc: Doc[object] = Doc(client_id=7)
    text = doc.get(TEXT_ROOT, type=Text)
    for number in range(40):
        text.insert(0 if number % 2 else len(text), f"{number} abc ")
    other: Doc[object] = Doc(client_id=9)
    other.apply_update(doc.get_update())
    other.get(TEXT_ROOT, type=Text).insert(11, "x")
    doc.apply_update(other.get_update())
    del text[4:9]
    update = doc.get_update()
    assert pieces_of(update, PadKind.TEXT) == [update]
    with in_pieces():
        parts = pieces_of(update, PadKind.TEXT)
    assert len(parts) > 10
    again: Doc[object] = Doc()
    for part in parts:
        assert len(part) < 80
        again.apply_update(part)
    assert str(again.get(TEXT_ROOT, type=Text)) == str(text)


@settings(max_examples=60)
@given(made=edits, digests=st.sets(st.integers(0, 40)), start=st.integers(0, 40))
def test_a_digest_that_follows_is_that_of_everything_read(
    made: list[Edit], digests: set[int], start: int
) -> None:
    updates, _ = drive_of(made)
    document = CanonicalDocument(PadKind.DRIVE)
    for at, (client, update) in enumerate(updates):
        if at == start and document.clocks:
            with in_pieces():
                document = CanonicalDocument.from_snapshot(
                    PadKind.DRIVE, document.encode(), dict(document.clocks)
                )
        document.apply(document.check(client, [update]))
        if at in digests:
            document.content_digest()
    fresh = CanonicalDocument.from_snapshot(PadKind.DRIVE, document.encode(), dict(document.clocks))
    assert document.content_digest() == fresh.content_digest()
    if parts := document.parts():
        view = ViewDocument(client_id=5, kind=PadKind.DRIVE)
        view.show_ahead(view.load_ahead(parts, 6))
        assert view.map_items(ENTRIES_ROOT) == fresh.maps()[ENTRIES_ROOT]
        assert view.client_id == 6


def test_what_was_kept_of_a_snapshot_is_given_only_while_it_is_all() -> None:
    _, whole = drive_of([(1, "a/b", 1), (2, "a/b", 2)])
    update = whole.get_update()
    with in_pieces():
        document = CanonicalDocument.from_snapshot(PadKind.DRIVE, update, {1: 1, 2: 1})
    assert document.encode() is update
    client, more = drive_of([(1, "a/b", 1), (2, "a/b", 2), (3, "c/d", 3)])[0][-1]
    document.apply(document.check(client, [more]))
    again = CanonicalDocument.from_snapshot(PadKind.DRIVE, document.encode(), {1: 1, 2: 1, 3: 1})
    assert again.maps()[ENTRIES_ROOT] == {"a/b": 2, "c/d": 3}
    assert document.parts()[-1] == more
    document.forget_parts()
    assert not document.parts()
    assert document.maps() == again.maps()
    assert document.maps()[META_ROOT] == {}
