"""Which client wrote what, against a model that watched them write."""

from __future__ import annotations

import random

import pytest

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crdt.view import ViewDocument

SIGNS = {1: "aä漢", 2: "b😀", 3: "cß"}


def exchange(*views: ViewDocument) -> None:
    sent = [view.take_updates() for view in views]
    for i, view in enumerate(views):
        for j, updates in enumerate(sent):
            if i != j:
                for update in updates:
                    view.apply(update)


@pytest.mark.parametrize("seed", range(12))
def test_each_character_has_the_client_that_typed_it(seed: int) -> None:
    """Each client types its own characters only, so the text itself says who wrote what."""
    rng = random.Random(seed)
    kind = rng.choice((PadKind.TEXT, PadKind.RICHTEXT))
    views = [ViewDocument(client_id=client, kind=kind) for client in SIGNS]
    for _ in range(30):
        for view in views:
            place = view.lines.position_at
            a = rng.randrange(view.lines.char_count + 1)
            b = min(view.lines.char_count, a + rng.randrange(4))
            if rng.random() < 0.7:
                view.replace(place(a), place(a), rng.choice(SIGNS[view.client_id]) * rng.randrange(1, 4))
            elif b > a and rng.random() < 0.5 and kind is PadKind.RICHTEXT:
                view.format(place(a), place(b), {"bold": True})
            else:
                view.replace(place(a), place(b), "")
        if rng.random() < 0.5:
            exchange(*views)
    exchange(*views)
    owner = {sign: client for client, signs in SIGNS.items() for sign in signs}
    for view in views:
        text, count = view.text(), view.lines.char_count
        for a, b in ((0, count), (count // 3, count // 2), (0, 0)):
            runs = view.written_between(view.lines.position_at(a), view.lines.position_at(b))
            assert runs is not None
            told = [(view.lines.text(run.start, run.end), run.client) for run in runs]
            assert "".join(piece for piece, _ in told) == text[a:b]
            assert all(owner[char] == client for piece, client in told for char in piece)


@pytest.mark.parametrize("seed", range(12))
def test_each_value_of_a_map_has_the_client_that_set_it(seed: int) -> None:
    rng = random.Random(seed)
    views = [ViewDocument(client_id=client, kind=PadKind.TEXT) for client in (5, 6, 7)]
    for _ in range(25):
        for view in views:
            key = f"k{rng.randrange(4)}"
            if rng.random() < 0.85:
                view.set_map("comments", key, {"by": view.client_id})
            else:
                view.delete_map("comments", key)
            if rng.random() < 0.3:
                view.replace(Position(0, 0), Position(0, 0), "text")
                view.set_meta("k1", "another map")
        if rng.random() < 0.4:
            exchange(*views)
    exchange(*views)
    for view in views:
        said = {key: int(value["by"]) for key, value in view.map_items("comments").items()}
        assert view.map_writers("comments") == said


def test_a_rebuilt_document_says_the_same() -> None:
    first = ViewDocument(client_id=5, kind=PadKind.TEXT)
    for n in range(4):
        first.set_map("comments", "k", n)
    again = ViewDocument(client_id=6, kind=PadKind.TEXT, state=first.encode())
    assert again.map_writers("comments") == {"k": 5}
    again.set_map("comments", "k", "other")
    assert again.map_writers("comments") == {"k": 6}
    again.delete_map("comments", "k")
    assert again.map_writers("comments") == {}
