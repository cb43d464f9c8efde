"""The view document: edits, undo, remote changes and anchors, over several replicas."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Text

from cryptpad_tui.crdt import bulk_write
from cryptpad_tui.crdt import delta as delta_module
from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.errors import UncleanText, UnfitValue
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Anchor, Change, Origin, Position, TextEdit, map_position
from cryptpad_tui.crdt.view import ViewDocument

ALPHABET = "abc é😀\n\tß漢"


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.s = 0.0

    def __call__(self) -> float:
        return self.s


def view(client_id: int = 1, text: str = "", kind: PadKind = PadKind.RICHTEXT) -> ViewDocument:
    made = ViewDocument(client_id=client_id, kind=kind, now=Clock())
    if text:
        made.replace(Position(0, 0), Position(0, 0), text)
        made.end_undo_group()
    return made


def insert(document: ViewDocument, offset: int, text: str) -> None:
    p = document.lines.position_at(offset)
    document.replace(p, p, text)


def exchange(*views: ViewDocument) -> None:
    sent = [document.take_updates() for document in views]
    for i, document in enumerate(views):
        for j, updates in enumerate(sent):
            if i != j:
                for update in updates:
                    document.apply(update)


class Mirror:
    """A string kept only by the changes that a view reports, and a caret mapped through them."""

    def __init__(self, document: ViewDocument) -> None:
        self.text = document.text()
        self.caret = Position(0, 0)
        self.document = document
        document.observe(self.follow)

    def follow(self, change: Change) -> None:
        for edit in change.edits:
            lines = self.text.split("\n")
            head = "\n".join([*lines[: edit.start.line], lines[edit.start.line][: edit.start.col]])
            tail = "\n".join([lines[edit.end.line][edit.end.col :], *lines[edit.end.line + 1 :]])
            self.text = head + edit.text + tail
            self.caret = map_position(self.caret, edit)
        assert self.text == self.document.text()
        assert self.caret == self.document.lines.clamp(self.caret)


def random_step(rng: random.Random, document: ViewDocument) -> None:
    length = document.lines.char_count
    place = document.lines.position_at
    a = rng.randrange(length + 1)
    b = min(length, a + rng.randrange(8))
    act = rng.random()
    made = "".join(rng.choice(ALPHABET) for _ in range(rng.randrange(1, 6)))
    if act < 0.45:
        document.replace(place(a), place(a), made, rng.choice([None, None, {"bold": True}]))
    elif act < 0.6:
        document.replace(place(a), place(b), rng.choice(["", made]))
    elif act < 0.7:
        document.format(place(a), place(b), rng.choice([{"bold": True}, {"bold": None}, {"header": 2}]))
    elif act < 0.75:
        document.set_meta(rng.choice("xy"), rng.choice([1, "s", None, 2.5, [1, {"k": "é"}]]))
    elif act < 0.78:
        document.delete_map("meta", rng.choice("xy"))
    elif act < 0.84:
        document.undo()
    elif act < 0.9:
        document.redo()
    elif act < 0.94:
        old = document.text()
        document.set_text(old[: len(old) // 2] + made + old[len(old) // 2 + 3 :])
    else:
        document.end_undo_group()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([1, 512]))
def test_random_edits_keep_lines_equal_to_the_engine_and_replicas_converge(seed: int, bulk: int) -> None:
    rng = random.Random(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delta_module, "BULK_STEPS", bulk)
        views = [view(10 + i) for i in range(3)]
        mirrors = [Mirror(document) for document in views]
        for _ in range(60):
            random_step(rng, rng.choice(views))
            if rng.random() < 0.2:
                exchange(*views)
            for document in views:
                assert document.text() == document._engine.whole_text()
        exchange(*views)
    assert len({document.text() for document in views}) == 1
    assert views[0].runs() == views[1].runs() == views[2].runs()
    assert views[0].map_items("meta") == views[1].map_items("meta")
    assert views[0].state_vector() == views[2].state_vector()
    assert [mirror.text for mirror in mirrors] == [document.text() for document in views]


def test_undo_takes_back_own_edits_only() -> None:
    ann, bob = view(1, "one\n"), view(2)
    exchange(ann, bob)
    insert(bob, 0, "BOB ")
    exchange(ann, bob)
    insert(ann, 8, "two\n")
    assert ann.undo()
    assert ann.text() == "BOB one\n"
    assert ann.redo()
    assert ann.text() == "BOB one\ntwo\n"
    assert not bob.redo()


def test_edits_close_in_time_are_one_undo_step_and_a_pause_ends_it() -> None:
    clock = Clock()
    document = ViewDocument(client_id=1, kind=PadKind.TEXT, now=clock)
    for ch in "ab":
        insert(document, document.lines.char_count, ch)
        clock.s += 0.1
    clock.s += 1.0
    insert(document, 2, "c")
    document.end_undo_group()
    insert(document, 3, "d")
    found = []
    while document.undo():
        found.append(document.text())
    assert found == ["abc", "ab", ""]


def test_an_undo_is_told_as_such_and_its_update_is_taken() -> None:
    document = view(1, "one")
    seen: list[Change] = []
    document.observe(seen.append)
    document.take_updates()
    document.undo()
    assert seen == [Change((TextEdit(Position(0, 0), Position(0, 3), ""),), Origin.UNDO)]
    assert len(document.take_updates()) == 1


def test_a_remote_update_is_not_taken_as_our_own() -> None:
    ann, bob = view(1, "one"), view(2)
    update = ann.take_updates()[0]
    bob.apply(update)
    bob.apply(update)
    insert(bob, 0, "x")
    assert len(bob.take_updates()) == 1


def test_unclean_text_is_refused_and_nothing_changes() -> None:
    document = view(1, "ab")
    for bad in ("\x00", "\x1b[0m", "a\rb", "\x7f", "\x85", "\ud800"):
        with pytest.raises(UncleanText):
            insert(document, 1, bad)
        with pytest.raises(UncleanText):
            document.set_text(bad)
        with pytest.raises(UncleanText):
            document.set_meta("title", bad)
    assert document.text() == "ab"


def test_formats_and_values_outside_the_vocabulary_are_refused() -> None:
    document, plain = view(1, "ab"), view(1, "ab", PadKind.TEXT)
    here, there = Position(0, 0), Position(0, 1)
    with pytest.raises(UnfitValue):
        plain.format(here, there, {"bold": True})
    for marks in ({"blink": True}, {"link": "x" * 1_100}, {"header": float("nan")}):
        with pytest.raises(UnfitValue):
            document.format(here, there, marks)
    deep: list[object] = []
    for _ in range(9):
        deep = [deep]
    for value in (deep, float("inf"), "x" * 5_000, 2**60, {"": 1}, object(), b"x" * 70_000):
        with pytest.raises(UnfitValue):
            document.set_meta("k", value)
    with pytest.raises(UnfitValue):
        document.set_map("nowhere", "k", 1)


def test_a_read_only_view_refuses_edits_and_still_follows_others() -> None:
    ann, bob = view(1, "one"), view(2)
    bob.read_only = True
    exchange(ann, bob)
    with pytest.raises(UnfitValue):
        insert(bob, 0, "x")
    assert bob.text() == "one"


def test_maps_tell_their_changed_keys_for_own_and_remote_changes() -> None:
    ann, bob = view(1, kind=PadKind.DRIVE), view(2, kind=PadKind.DRIVE)
    seen: list[tuple[str, frozenset[str]]] = []
    bob.observe_maps(lambda root, keys: seen.append((root, keys)))
    ann.set_map("entries", "pad/title", "Minutes")
    exchange(ann, bob)
    bob.delete_map("entries", "pad/title")
    bob.delete_map("entries", "pad/title")
    assert seen == [("entries", frozenset({"pad/title"}))] * 2
    assert ann.map_items("entries") == {"pad/title": "Minutes"}
    assert bob.map_items("entries") == {}


def test_a_drive_undoes_its_entries() -> None:
    drive = view(1, kind=PadKind.DRIVE)
    drive.set_map("entries", "pad/title", "Minutes")
    drive.end_undo_group()
    drive.delete_map("entries", "pad/title")
    assert drive.undo()
    assert drive.map_items("entries") == {"pad/title": "Minutes"}


def test_a_rebase_of_a_drive_keeps_every_kind_of_value() -> None:
    drive = view(1, kind=PadKind.DRIVE)
    values = {"a": b"raw", "b": [1, {"k": None}], "c": 2.5, "d": True, "e": "é😀", "f": -7}
    for key, value in values.items():
        drive.set_map("entries", key, value)
    drive.set_map("entries", "gone", 1)
    base = CanonicalDocument(PadKind.DRIVE)
    updates = drive.take_updates()
    base.apply(base.check(1, updates))
    drive.delete_map("entries", "gone")
    drive.set_map("entries", "c", 3)
    drive.rebase(base.encode(), 5)
    made_again = drive.take_updates()
    base.apply(base.check(5, made_again))
    assert len(made_again) == 1
    assert base.maps()["entries"] == drive.map_items("entries") == {**values, "c": 3}
    drive.rebase(CanonicalDocument(PadKind.DRIVE).encode(), 6)
    fresh = CanonicalDocument(PadKind.DRIVE)
    fresh.apply(fresh.check(6, drive.take_updates()))
    assert fresh.maps()["entries"] == {**values, "c": 3}


def test_set_text_makes_small_edits_so_a_concurrent_edit_elsewhere_survives() -> None:
    ann, bob = view(1, "alpha\nbeta\ngamma\n"), view(2)
    exchange(ann, bob)
    ann.set_text("alpha\nBeta\ngamma\ndelta\n")
    insert(bob, 5, " and omega")
    exchange(ann, bob)
    assert ann.text() == bob.text() == "alpha and omega\nBeta\ngamma\ndelta\n"
    ann.undo()
    assert ann.text() == "alpha and omega\nbeta\ngamma\n"


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=ALPHABET, max_size=40), st.text(alphabet=ALPHABET, max_size=40))
def test_set_text_reaches_any_text_and_is_one_undo_step(old: str, new: str) -> None:
    document = view(1, old)
    document.set_text(new)
    assert document.text() == document._engine.whole_text() == new
    if old != new:
        document.undo()
        assert document.text() == old


def test_edits_that_overlap_or_descend_are_refused() -> None:
    document = view(1, "abcdef")
    for spans in ([(2, 4), (3, 5)], [(3, 4), (0, 1)], [(4, 2)]):
        with pytest.raises(IndexError):
            document.replace_all([TextEdit(Position(0, a), Position(0, b), "x") for a, b in spans])
    assert document.text() == "abcdef"


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_an_anchor_stays_with_its_character_in_every_replica(seed: int) -> None:
    rng = random.Random(seed)
    ann, bob = view(1, "".join(rng.choice(ALPHABET) for _ in range(20))), view(2)
    for _ in range(8):
        random_step(rng, ann)
    exchange(ann, bob)
    marked = "MARK"
    insert(ann, rng.randrange(ann.lines.char_count + 1), marked)
    exchange(ann, bob)
    offset = ann.text().index(marked)
    after = ann.anchor(ann.lines.position_at(offset), 0)
    before = ann.anchor(ann.lines.position_at(offset + 4), -1)
    for _ in range(6):
        n = rng.randrange(ann.lines.char_count + 1)
        if not offset < n < offset + 4:
            insert(ann, n, rng.choice(["é", "😀", "x\n"]))
            offset = ann.text().index(marked)
    exchange(ann, bob)
    for document in (ann, bob):
        start = document.locate(after)
        end = document.locate(before)
        assert start is not None
        assert end is not None
        assert document.lines.text(start, end) == marked


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_every_place_comes_back_from_its_anchor(seed: int) -> None:
    rng = random.Random(seed)
    ann, bob = view(1), view(2)
    for _ in range(25):
        random_step(rng, rng.choice([ann, bob]))
        exchange(ann, bob)
    for offset in range(ann.lines.char_count + 1):
        p = ann.lines.position_at(offset)
        for assoc in (0, -1):
            assert bob.locate(ann.anchor(p, assoc)) == p


def test_a_hostile_anchor_is_answered_with_nothing_and_makes_no_noise(
    capfd: pytest.CaptureFixture[str],
) -> None:
    document = view(1, "aé😀b\n")
    document.set_meta("title", "x")
    for client in (0, 1, 2, -1, 2**53, 2**70):
        for clock in (*range(8), -1, 2**31 - 1, 2**31, 2**64):
            for assoc in (0, -1, 127, -128):
                found = document.locate(Anchor(client, clock, assoc))
                assert found is None or found == document.lines.clamp(found)
    assert document.locate(Anchor(True, 0, 0)) is None
    assert document.locate(Anchor(1, 99, 0)) is None
    assert capfd.readouterr().err == ""


def many_edits(rng: random.Random, document: ViewDocument) -> list[TextEdit]:
    cuts = sorted(rng.choices(range(document.lines.char_count + 1), k=40))
    place = document.lines.position_at
    made = [rng.choice(["", "é", "X😀\n", "abc"]) for _ in cuts]
    return [
        TextEdit(place(a), place(b), text) for a, b, text in zip(cuts[::2], cuts[1::2], made, strict=False)
    ]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_edits_written_at_once_mean_what_they_mean_one_by_one(seed: int) -> None:
    rng = random.Random(seed)
    ann, bob = view(1, "".join(rng.choice(ALPHABET) for _ in range(50))), view(2)
    for _ in range(20):
        random_step(rng, rng.choice([ann, bob]))
        exchange(ann, bob)
    edits = many_edits(rng, ann)
    expected = ann.text()
    for edit in reversed(edits):
        a, b = ann.lines.offset_of(edit.start), ann.lines.offset_of(edit.end)
        expected = expected[:a] + edit.text + expected[b:]
    before = ann.text()
    mirror = Mirror(ann)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk_write, "BATCH_RICH_EDITS", 1)
        ann.replace_all(edits)
    assert ann.text() == ann._engine.whole_text() == mirror.text == expected
    canonical = CanonicalDocument.from_snapshot(PadKind.RICHTEXT, _snapshot_of(bob), bob.state_vector())
    updates = ann.take_updates()
    canonical.apply(canonical.check(1, updates))
    for update in updates:
        bob.apply(update)
    insert(ann, rng.randrange(ann.lines.char_count + 1), "on")
    exchange(ann, bob)
    assert ann.text() == bob.text()
    ann.undo()
    if before != expected:
        ann.undo()
        assert ann.text() == ann._engine.whole_text() == before


def _snapshot_of(document: ViewDocument) -> bytes:
    fresh: Doc[Text] = Doc(client_id=0)
    fresh.apply_update(document._engine.encode())
    return fresh.get_update()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_a_rebase_keeps_text_marks_and_maps_and_gives_them_as_updates(seed: int) -> None:
    rng = random.Random(seed)
    ann, bob = view(1, "shared é😀 ground\n"), view(2)
    exchange(ann, bob)
    state = _snapshot_of(bob)
    for _ in range(15):
        random_step(rng, ann)
    text, runs, meta = ann.text(), ann.runs(), ann.map_items("meta")
    seen: list[Origin] = []
    ann.observe(lambda change: seen.append(change.origin))
    ann.rebase(state, 77)
    assert seen == [Origin.RELOAD]
    for update in ann.take_updates():
        bob.apply(update)
    for document in (ann, bob):
        assert (document.text(), document.runs(), document.map_items("meta")) == (text, runs, meta)
    assert 1 not in ann.state_vector().keys() - bob.state_vector().keys()
    insert(ann, 0, "on ")
    exchange(ann, bob)
    assert bob.text() == "on " + text
