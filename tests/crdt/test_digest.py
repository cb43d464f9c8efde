"""The digest says what a document means: equal for Python is not yet equal for everybody."""

from __future__ import annotations

from cryptpad_relay.protocol.labels import hash_parts, u16, u32
from cryptpad_tui.crdt.digest import content_digest, encode_pairs


def test_marks_that_python_calls_equal_are_told_apart_whichever_came_first() -> None:
    runs = [("a", {"header": 1}), ("b", {"header": True}), ("c", {"header": 1.0})]
    assert content_digest("abc", runs, {}) != content_digest(
        "abc", [("a", {"header": 1}), ("bc", {"header": 1})], {}
    )
    assert content_digest("abc", runs, {}) == content_digest(
        "abc", [("a", {"header": 1.0}), ("b", {"header": True}), ("c", {"header": 1})], {}
    )


def test_it_is_the_hash_of_three_parts() -> None:
    maps = {"meta": {"title": "Plan", "n": 1}, "entries": {"é": None}}
    entries, meta = encode_pairs(maps["entries"]), encode_pairs(maps["meta"])
    encoded = u16(7) + b"entries" + entries + u16(4) + b"meta" + meta
    runs = u32(3) + u16(0)
    assert content_digest("abc", [("abc", None)], maps) == hash_parts("pad1/content", b"abc", runs, encoded)
