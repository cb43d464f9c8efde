"""The digest says what a document means: equal for Python is not yet equal for everybody."""

from __future__ import annotations

from cryptpad_tui.crdt.digest import content_digest


def test_marks_that_python_calls_equal_are_told_apart_whichever_came_first() -> None:
    runs = [("a", {"header": 1}), ("b", {"header": True}), ("c", {"header": 1.0})]
    assert content_digest("abc", runs, {}) != content_digest(
        "abc", [("a", {"header": 1}), ("bc", {"header": 1})], {}
    )
    assert content_digest("abc", runs, {}) == content_digest(
        "abc", [("a", {"header": 1.0}), ("b", {"header": True}), ("c", {"header": 1})], {}
    )
