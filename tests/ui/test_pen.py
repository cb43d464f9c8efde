"""A change of pen leaves the terminal with exactly the look that was asked for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.style import Style

from cryptpad_tui.ui.pen import PLAIN, RESET, Look, blank_look, draws_blank, look_of, transition
from support.emulator import TokenStream, new_screen

bits = st.integers(0, 0b111111111).map(
    lambda n: n & 0b101001101
)  # those pyte knows: bold, italic, underline, …
colours = st.sampled_from(["", "31", "38;5;200", "38;2;1;2;3"])
looks = st.builds(
    Look, bits, colours, colours.map(lambda c: c.replace("38", "48").replace("31", "41")), st.just("")
)


def attributes(sequence: str) -> tuple[object, ...]:
    screen = new_screen(2, 1)
    TokenStream(screen, answers_sync=False).feed((sequence + "x").encode())
    return tuple(screen.buffer[0][0][1:8])


@given(looks, looks)
def test_a_transition_ends_in_the_same_look_as_setting_it_from_nothing(old: Look, new: Look) -> None:
    stepwise = RESET + transition(PLAIN, old) + transition(old, new)
    assert attributes(stepwise) == attributes(RESET + transition(PLAIN, new))


@given(looks, looks)
def test_a_transition_is_never_longer_than_a_reset_and_a_fresh_start(old: Look, new: Look) -> None:
    assert len(transition(old, new)) <= len("\x1b[0m") + len(transition(PLAIN, new))


def test_the_end_of_bold_keeps_dim() -> None:
    assert transition(Look(0b11), Look(0b10)) in ("\x1b[22;2m", "\x1b[;2m")


def test_a_blank_needs_no_pen_that_only_letters_show() -> None:
    red = look_of(Style(color="red", bold=True), ColorSystem.STANDARD)
    assert draws_blank(red, blank_look(PLAIN))
    assert not draws_blank(look_of(Style(underline=True), ColorSystem.STANDARD), PLAIN)
