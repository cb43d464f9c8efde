"""Comments: they follow their text, outlive it, and look the same to everybody whoever writes at once."""

from __future__ import annotations

import contextlib
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryptpad_tui.comments import model
from cryptpad_tui.comments.book import Book, Place
from cryptpad_tui.comments.model import CommentTooLong, threads_of
from cryptpad_tui.crdt import clean
from cryptpad_tui.crdt.canonical import CanonicalDocument
from cryptpad_tui.crdt.errors import InvalidUpdate, UncleanText
from cryptpad_tui.crdt.kinds import COMMENTS_ROOT, PadKind
from cryptpad_tui.crdt.values import Anchor, Position
from cryptpad_tui.crdt.view import ViewDocument

TEXT = "Dear all,\nthe meeting is at nine.\nSee you.\n"


class Person:
    """Somebody with a replica of the pad."""

    def __init__(self, client: int, name: str, kind: PadKind = PadKind.TEXT) -> None:
        self.view = ViewDocument(client_id=client, kind=kind)
        self.rng = random.Random(client)
        self.now_ms = 1_700_000_000_000 + client
        self.book = Book(self.view, name=lambda: name, wall_ms=self._tick, rng=self.rng.randbytes)

    def _tick(self) -> int:
        self.now_ms += 1_000
        return self.now_ms

    def at(self, line: int, col: int) -> Position:
        return Position(line, col)

    def replace(self, start: tuple[int, int], end: tuple[int, int], text: str) -> None:
        self.view.replace(Position(*start), Position(*end), text)

    def place(self, name: str) -> Place:
        return self.book.places(self.book.threads())[name]

    def quoted(self, name: str) -> str:
        place = self.place(name)
        return self.view.lines.text(place.start, place.end)


def exchange(*people: Person) -> None:
    sent = [person.view.take_updates() for person in people]
    for i, person in enumerate(people):
        for j, updates in enumerate(sent):
            if i != j:
                for update in updates:
                    person.view.apply(update)


@pytest.fixture(params=[PadKind.TEXT, PadKind.RICHTEXT])
def anna(request: pytest.FixtureRequest) -> Person:
    anna = Person(1, "ANNA", request.param)
    anna.replace((0, 0), (0, 0), TEXT)
    return anna


@pytest.fixture
def boris(anna: Person) -> Person:
    boris = Person(2, "BORIS", anna.view.kind)
    exchange(anna, boris)
    return boris


def test_a_thread_with_answers_is_read_by_the_other(anna: Person, boris: Person) -> None:
    name = anna.book.comment(Position(1, 18), Position(1, 22), "why so early?")
    exchange(anna, boris)
    (thread,) = boris.book.threads()
    assert (thread.root.text, thread.root.says, thread.quote) == ("why so early?", "ANNA", "nine")
    assert boris.quoted(name) == "nine"
    boris.book.answer(thread, "the train")
    boris.book.answer(thread, "from the north")
    exchange(anna, boris)
    (thread,) = anna.book.threads()
    assert [remark.text for remark in thread.remarks] == ["why so early?", "the train", "from the north"]
    assert [remark.says for remark in thread.answers] == ["BORIS", "BORIS"]


def test_answers_given_at_once_all_stay_in_one_order(anna: Person, boris: Person) -> None:
    anna.book.comment(Position(0, 0), Position(0, 4), "?")
    exchange(anna, boris)
    anna.book.answer(anna.book.threads()[0], "A")
    boris.book.answer(boris.book.threads()[0], "B")
    exchange(anna, boris)
    anna.book.answer(anna.book.threads()[0], "A2")
    exchange(anna, boris)
    assert [r.text for r in anna.book.threads()[0].answers] == ["A", "B", "A2"]
    assert anna.book.threads() == boris.book.threads()


def test_a_comment_follows_its_text_and_takes_in_only_what_is_typed_inside(
    anna: Person, boris: Person
) -> None:
    name = anna.book.comment(Position(1, 18), Position(1, 22), "?")
    exchange(anna, boris)
    boris.replace((1, 18), (1, 18), "half past ")
    boris.replace((1, 32), (1, 32), "-ish")
    boris.replace((0, 0), (0, 0), "😀\n")
    anna.replace((1, 20), (1, 20), "NN")
    exchange(anna, boris)
    assert anna.quoted(name) == boris.quoted(name) == "niNNne"


def test_a_comment_outlives_its_text_and_comes_back_with_it(anna: Person, boris: Person) -> None:
    name = anna.book.comment(Position(1, 18), Position(1, 22), "?")
    exchange(anna, boris)
    boris.view.end_undo_group()
    boris.replace((1, 0), (2, 0), "")
    exchange(anna, boris)
    place = anna.place(name)
    assert place.gone
    assert place.start == Position(1, 0)
    assert anna.book.threads()[0].quote == "nine"
    boris.view.undo()
    exchange(anna, boris)
    assert anna.view.text() == TEXT
    assert anna.quoted(name) == "nine"


def test_done_is_kept_and_can_be_opened_again(anna: Person, boris: Person) -> None:
    anna.book.comment(Position(0, 0), Position(0, 4), "?")
    exchange(anna, boris)
    boris.book.set_done(boris.book.threads()[0], True)
    exchange(anna, boris)
    assert anna.book.threads()[0].done
    assert len(anna.book.threads()) == 1
    anna.book.set_done(anna.book.threads()[0], False)
    exchange(anna, boris)
    assert not boris.book.threads()[0].done


def test_undo_takes_back_text_and_never_a_comment(anna: Person) -> None:
    anna.view.end_undo_group()
    anna.replace((0, 0), (0, 0), "x")
    anna.book.comment(Position(1, 0), Position(1, 3), "?")
    anna.view.undo()
    assert anna.view.text() == TEXT
    assert len(anna.book.threads()) == 1
    anna.view.undo()
    assert len(anna.book.threads()) == 1


def test_a_comment_on_unsent_text_is_found_by_its_words_after_the_writer_was_replaced(anna: Person) -> None:
    """A window that closed offline: its text is made again by another writer, and its anchors are void."""
    state = ViewDocument(client_id=9, kind=anna.view.kind).encode()
    name = anna.book.comment(Position(1, 18), Position(1, 22), "?")
    anna.view.rebase(state, 77)
    assert anna.view.locate(anna.book.threads()[0].start) is None
    assert anna.quoted(name) == "nine"
    anna.replace((1, 18), (1, 18), "nine ")
    assert name not in anna.book.places(anna.book.threads()), "which of the two is not guessed"


def test_a_comment_over_the_limit_is_refused_here(anna: Person) -> None:
    """R25: by who writes it, with a sentence; never by peers."""
    at = Position(0, 0), Position(0, 4)
    anna.book.comment(*at, "é" * 2_048)
    for text in ("é" * 2_048 + "x", "x" * 4_097):
        with pytest.raises(CommentTooLong):
            anna.book.comment(*at, text)
        with pytest.raises(CommentTooLong):
            anna.book.answer(anna.book.threads()[0], text)
    with pytest.raises(UncleanText):
        anna.book.comment(*at, "\x1b[31m")
    assert len(anna.book.threads()) == 1
    assert "4,096" in str(CommentTooLong.__doc__)


@pytest.mark.parametrize("limited", [True, False])
def test_r25_without_the_limit_of_who_writes_peers_would_refuse_the_entry(
    anna: Person, limited: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And with it all that stands in the same entry, and its writer."""
    anna.book.comment(Position(0, 0), Position(0, 4), "short")
    if not limited:
        for module in (model, clean):
            monkeypatch.setattr(module, "MAX_STRING_BYTES", 1 << 30)
    with contextlib.suppress(CommentTooLong):
        anna.book.comment(Position(0, 0), Position(0, 4), "x" * 5_000)
    peer = CanonicalDocument(anna.view.kind)
    if limited:
        peer.check(anna.view.client_id, anna.view.take_updates())
        return
    with pytest.raises(InvalidUpdate):
        peer.check(anna.view.client_id, anna.view.take_updates())


def test_a_comment_on_everything_stays_inside_the_bounds_of_peers(anna: Person) -> None:
    anna.replace((0, 0), (0, 0), "漢" * 20_000)
    name = anna.book.comment(Position(0, 0), anna.view.lines.end, "?")
    assert len(anna.book.threads()[0].quote) == model.MAX_QUOTE_CHARS
    assert anna.place(name) == Place(Position(0, 0), anna.view.lines.end)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5) | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
NAMES = st.sampled_from(["0123456789abcdef", "fedcba9876543210", "x"])
KEYS = st.one_of(
    st.text(max_size=6),
    st.tuples(NAMES, st.sampled_from(["0", "state", "1-2", "0-0", "1-x", "999999999-1", "", "/"])).map(
        "/".join
    ),
)
ALMOST = st.fixed_dictionaries(
    {},
    optional={
        "text": ANYTHING, "name": ANYTHING | st.just("n"), "at": ANYTHING, "quote": st.just("q") | ANYTHING,
        "around": st.just(["a", "b"]) | ANYTHING,
        "place": st.just([[1, 2, 0], [1, 3, -1]]) | ANYTHING, "done": ANYTHING,
    },
)  # fmt: skip


@given(st.dictionaries(KEYS, ANYTHING | ALMOST, max_size=8))
def test_hostile_values_are_ignored_or_shown_and_never_raise(items: dict[str, Any]) -> None:
    for thread in threads_of(items):
        assert isinstance(thread.root.text, str)
        assert len(thread.quote) <= model.MAX_QUOTE_CHARS
        assert all(len(remark.says) <= model.MAX_NAME_CHARS for remark in thread.remarks)
        assert isinstance(thread.done, bool)


def test_hostile_floods_are_bounded_and_hostile_places_are_nowhere(anna: Person) -> None:
    value = {"text": "t", "name": "n", "at": 1, "quote": "", "place": [[9, 9, 0], [2**53, 1, 0]]}
    floods = {f"{n:016x}/0": value for n in range(model.MAX_THREADS + 50)}
    floods |= {f"{0:016x}/{n}-1": {"text": "t", "name": "n", "at": 1} for n in range(1, 900)}
    value["place"] = [[9, 9, 0], [3, 1, 0]]
    threads = threads_of(floods)
    assert len(threads) == model.MAX_THREADS
    assert all(len(thread.answers) <= model.MAX_ANSWERS for thread in threads)
    assert anna.book.places(threads[:20]) == {}
    anna.view.set_map(COMMENTS_ROOT, f"{1:016x}/0", value)
    assert anna.book.places(anna.book.threads()) == {}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5), st.integers(0, 60)), max_size=30))
def test_three_people_who_do_anything_at_once_see_the_same_threads(steps: list[tuple[int, int, int]]) -> None:
    people = [Person(client, name) for client, name in ((1, "A"), (2, "B"), (3, "C"))]
    people[0].replace((0, 0), (0, 0), TEXT)
    exchange(*people)
    made = 0
    for who, what, where in steps:
        person = people[who]
        threads = person.book.threads()
        at = person.view.lines.position_at(min(where, person.view.lines.char_count))
        if what == 0 or not threads:
            person.book.comment(at, person.view.lines.end, "remark")
            made += 1
        elif what == 1:
            person.book.answer(threads[where % len(threads)], f"answer {where}")
        elif what == 2:
            person.book.set_done(threads[where % len(threads)], where % 2 == 0)
        elif what == 3:
            person.view.replace(at, person.view.lines.end, "")
        elif what == 4:
            person.view.replace(at, at, "typed 😀\n")
        else:
            exchange(*people)
    exchange(*people)
    shown = [person.book.threads() for person in people]
    assert shown[0] == shown[1] == shown[2]
    assert len(shown[0]) == made
    assert sum(len(t.answers) for t in shown[0]) == sum(
        "-" in key.partition("/")[2] for key in people[0].view.map_items(COMMENTS_ROOT)
    )
    places = [person.book.places(threads) for person, threads in zip(people, shown, strict=True)]
    assert places[0] == places[1] == places[2]


def test_anchors_are_three_whole_numbers_in_the_value(anna: Person) -> None:
    anna.book.comment(Position(0, 0), Position(0, 4), "?")
    (thread,) = anna.book.threads()
    assert all(type(n) is int for a in (thread.start, thread.end) for n in (a.client, a.clock, a.assoc))
    assert thread.start == Anchor(1, 0, 0)
