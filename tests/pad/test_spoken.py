"""Eight words of a history: equal for who saw the same, different over a fork, never to be confused."""

from __future__ import annotations

from cryptpad_tui.pad.spoken import WORDS, spoken_position, spoken_words


def test_the_words_can_be_told_apart_by_ear_and_typing() -> None:
    assert len(WORDS) == 256 == len({word[:4] for word in WORDS})
    assert all(word.isascii() and word.islower() and word.isalpha() for word in WORDS)


def test_t11_two_sides_of_a_fork_read_different_words() -> None:
    same = spoken_words(b"p" * 32, 64, b"h" * 32)
    assert same == spoken_words(b"p" * 32, 64, b"h" * 32)
    assert len(same) == 8
    for other in (
        spoken_words(b"p" * 32, 64, b"H" * 32),
        spoken_words(b"p" * 32, 128, b"h" * 32),
        spoken_words(b"q" * 32, 64, b"h" * 32),
    ):
        assert other != same


def test_everybody_speaks_of_the_last_multiple_of_64() -> None:
    assert [spoken_position(n) for n in (0, 63, 64, 127, 128)] == [0, 0, 64, 64, 128]
