"""Whom a text names, and what completes a name that is being written."""

from __future__ import annotations

import pytest

from cryptpad_tui.people.mentions import MAX_NAMED, completed, named_in

NAMES = ["Ben", "Ben Smith", "Anna", "Zoë", "@", " "]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("@Ben, look", ["Ben"]),
        ("so, @ben smith: @ANNA?", ["Ben Smith", "Anna"]),
        ("@Ben Smithson and @Benny", ["Ben"]),
        ("mail ben@anna.example, a_@Ben", []),
        ("(@zoë) @Zoë", ["Zoë"]),
        ("@", []),
        ("@@Ben", ["Ben"]),
        ("", []),
    ],
)
def test_a_name_counts_where_it_is_whole_and_the_longest_first(text: str, named: list[str]) -> None:
    assert named_in(text, NAMES) == named


def test_so_many_are_named_and_no_more() -> None:
    names = [f"N{n:03d}" for n in range(2 * MAX_NAMED)]
    assert named_in(" ".join(f"@{name}" for name in names), names) == names[:MAX_NAMED]


@pytest.mark.parametrize(
    ("before", "rest"),
    [("hi @An", "na "), ("@be", "n"), ("@Ben ", "Smith "), ("a@An", None), ("An", None), ("@x", None)],
)
def test_a_begun_name_is_completed_as_far_as_it_is_clear(before: str, rest: str | None) -> None:
    assert completed(before, ["Anna", "Ben", "Ben Smith"]) == rest
