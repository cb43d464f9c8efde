"""Pastes are taken out of the input whole, however they arrive, and keys never wait."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual._xterm_parser import XTermParser

from cryptpad_tui.ui.driver import PasteSplitter

START, END = "\x1b[200~", "\x1b[201~"


def parts(chunks: list[str], limit_chars: int = 1000) -> list[str | tuple[str]]:
    """Keys as strings, joined where they touch; a paste as a tuple of its text."""
    splitter = PasteSplitter(limit_chars)
    found: list[str | tuple[str]] = []
    for chunk in chunks:
        for part in splitter.feed(chunk):
            if isinstance(part, events.Paste):
                found.append((part.text,))
            elif found and isinstance(found[-1], str):
                found[-1] += part
            else:
                found.append(part)
    return found


@given(st.lists(st.integers(0, 60), max_size=8))
def test_a_paste_is_one_event_wherever_the_reads_cut_it(cuts: list[int]) -> None:
    text = f"ab\x1b[A{START}one\x1b[20\r\ntwo{END}c{START}{END}\x1b[Bd"
    places = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    # A terminal writes a key's sequence in one piece; what may be cut is everything from the paste's mark on.
    places = [0, *(p for p in places[1:] if not 5 < p < 9 and not text[:p].endswith("\x1b"))]
    chunks = [text[a:b] for a, b in zip(places, [*places[1:], len(text)], strict=True)]
    found = parts(chunks)
    flat = "".join(part if isinstance(part, str) else START + part[0] + END for part in found)
    assert flat == text


def test_a_paste_has_no_cost_by_the_character() -> None:
    body = "x" * 1_000_000
    assert parts([START, *[body[i : i + 65536] for i in range(0, len(body), 65536)], END], 2_000_000) == [
        (body,)
    ]


@pytest.mark.parametrize("key", ["\x1b", "\x1b[", "hello\x1b", "a\x1b["])
def test_a_key_that_begins_like_a_paste_is_not_held_back(key: str) -> None:
    assert parts([key]) == [key]


def test_a_paste_without_an_end_fills_no_memory_beyond_its_limit() -> None:
    assert parts([START, "x" * 5000, "y" * 5000, END], 6000) == [("x" * 5000 + "y" * 1000,)]


def test_null_characters_of_a_paste_are_left_out() -> None:
    assert parts([f"{START}a\0b{END}"]) == [("ab",)]


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        ("\x1bBon\x1b[A", ["alt+shift+b", "o", "n", "up"]),
        ("\x1bs\x1bB", ["alt+s", "alt+shift+b"]),
        ("\x1bOA\x1bb", ["up", "ctrl+left"]),
    ],
)
def test_alt_keys_typed_quickly_are_told_apart(typed: str, keys: list[str]) -> None:
    found = [event.key for event in XTermParser().feed(typed) if isinstance(event, events.Key)]
    assert found == keys
