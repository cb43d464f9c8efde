"""The terminal shows the same cells with the frame diff as without it, for fewer bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from cryptpad_tui.ui.frame_diff import FrameDiff
from support.emulator import TokenStream, new_screen

WIDTH, HEIGHT = 20, 10
STYLES = [
    None,
    Style(color="red"),
    Style(color="#102030", bgcolor="#405060"),
    Style(bgcolor="#405060"),
    Style(bold=True, dim=True),
    Style(dim=True, color="default"),
    Style(reverse=True, color="blue"),
    Style(underline=True, strike=True),
    Style(italic=True, bgcolor="green"),
]
Frame = list[list[Segment]]

words = st.text(st.sampled_from("ab  xyz日本한é—🙂"), min_size=0, max_size=WIDTH)
rows = st.lists(st.tuples(words, st.sampled_from(STYLES)), min_size=1, max_size=4)


def strip_of(parts: Sequence[tuple[str, Style | None]]) -> Strip:
    return Strip([Segment(text, style) for text, style in parts if text]).adjust_cell_length(
        WIDTH, parts[-1][1]
    )


@st.composite
def films(draw: st.DrawFn) -> list[list[Strip]]:
    """Frames that follow one another: single rows change, or all rows move, or all change."""
    frame = [strip_of(draw(rows)) for _ in range(HEIGHT)]
    film = [frame]
    for _ in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(["row", "shift", "shift", "scroll", "all", "same"]))
        if kind == "row":
            frame = list(frame)
            frame[draw(st.integers(0, HEIGHT - 1))] = strip_of(draw(rows))
        elif kind == "shift":
            y, at, cells = (
                draw(st.integers(0, HEIGHT - 1)),
                draw(st.integers(0, WIDTH)),
                draw(st.integers(-4, 4)),
            )
            fresh = strip_of([(draw(words), draw(st.sampled_from(STYLES)))]).crop(0, max(0, cells))
            rest = frame[y].crop(at + max(0, -cells))
            frame = list(frame)
            frame[y] = Strip.join([frame[y].crop(0, at), fresh, rest]).adjust_cell_length(WIDTH)
        elif kind == "scroll":
            shift = draw(st.integers(-4, 4))
            top, bottom = draw(st.integers(0, 2)), draw(st.integers(7, HEIGHT))
            band = frame[top:bottom]
            fresh = [strip_of(draw(rows)) for _ in range(abs(shift))]
            band = (band + fresh)[-len(band) :] if shift > 0 else (fresh + band)[: len(band)]
            frame = frame[:top] + band + frame[bottom:]
        elif kind == "all":
            frame = [strip_of(draw(rows)) for _ in range(HEIGHT)]
        film.append(frame)
    return film


class Glass:
    """A terminal without a process."""

    def __init__(self) -> None:
        self.screen = new_screen(WIDTH, HEIGHT)
        self.stream = TokenStream(self.screen, answers_sync=False)
        self.write("\x1b[?7l")
        self.written = ""

    def write(self, text: str) -> None:
        self.written = text
        self.stream.feed(text.encode())

    def cells(self) -> list[list[tuple[object, ...]]]:
        return [
            [seen(self.screen.buffer[y][x]) for x in range(self.screen.columns)]
            for y in range(self.screen.lines)
        ]


def seen(char: object) -> tuple[object, ...]:
    """What a person sees of a cell: a blank has no colour of its own."""
    data, fg, bg, bold, italics, underscore, strike, reverse, _blink = char  # type: ignore[misc]
    if data == " " and not (underscore or strike or reverse):
        return (" ", "", bg, False, False, False, False, False)
    return (data, fg, bg, bold, italics, underscore, strike, reverse)


def layout(frame: list[Strip]) -> LayoutUpdate:
    return LayoutUpdate([[strip] for strip in frame], Region(0, 0, WIDTH, HEIGHT))


def chops(frame: list[Strip], ys: Sequence[int], cut: int = 0) -> ChopsUpdate:
    """An update of some rows, as the compositor makes it: rows in pieces at the widgets' edges."""
    cuts = [0, cut, WIDTH] if cut else [0, WIDTH]
    pieces = [dict(zip(cuts, strip.divide(cuts[1:]), strict=False)) for strip in frame]
    return ChopsUpdate(pieces, [(y, 0, WIDTH) for y in ys], [cuts[1:]] * HEIGHT)


def cut_at(strip: Strip, cut: int) -> Strip:
    """The strip as the compositor leaves it where two widgets meet: a wide character there becomes blanks."""
    return Strip.join(strip.divide([cut, WIDTH])) if cut else strip


def naive(frame: list[Strip]) -> Glass:
    """The frame as Textual itself writes it, on an empty terminal."""
    glass = Glass()
    console = Console(color_system="truecolor", force_terminal=True, file=io.StringIO(), _environ={})
    for y, strip in enumerate(frame):
        fresh = Strip(list(strip), strip.cell_length)
        glass.write(f"\x1b[{y + 1};1H" + fresh.render(console))
    return glass


def diff(**options: bool) -> FrameDiff:
    return FrameDiff(ColorSystem.TRUECOLOR, **options)


@settings(max_examples=120, deadline=None)
@given(films(), st.booleans(), st.booleans())
def test_every_frame_of_a_film_shows_cell_for_cell_what_textual_would_show(
    film: list[list[Strip]], erases: bool, shifts: bool
) -> None:
    frames, glass = diff(erases_with_background=erases, shifts_cells=shifts), Glass()
    for n, frame in enumerate(film):
        glass.write(frames.render(layout(frame), (WIDTH, HEIGHT), (n % WIDTH, n % HEIGHT)))
        assert glass.cells() == naive(frame).cells()
        assert (glass.screen.cursor.x, glass.screen.cursor.y) == (n % WIDTH, n % HEIGHT)


@settings(max_examples=60, deadline=None)
@given(films(), st.integers(0, WIDTH - 1))
def test_partial_updates_change_their_rows_and_nothing_else(film: list[list[Strip]], cut: int) -> None:
    film = [[cut_at(strip, cut) for strip in frame] for frame in film]
    frames, glass = diff(), Glass()
    glass.write(frames.render(layout(film[0]), (WIDTH, HEIGHT), (0, 0)))
    for before, after in pairwise(film):
        ys = [y for y in range(HEIGHT) if before[y] != after[y]]
        if ys:
            glass.write(frames.render(chops(after, ys, cut), (WIDTH, HEIGHT), (1, 1)))
            assert glass.cells() == naive(after).cells()


def plain(*texts: str) -> list[Strip]:
    return [strip_of([(text, None)]) for text in texts] + [strip_of([("", None)])] * (HEIGHT - len(texts))


def test_a_frame_that_changes_nothing_is_nothing() -> None:
    frames = diff()
    frames.render(layout(plain("abc")), (WIDTH, HEIGHT), (3, 0))
    assert frames.render(layout(plain("abc")), (WIDTH, HEIGHT), (3, 0)) == ""


def test_a_typed_letter_at_the_cursor_is_one_byte() -> None:
    frames = diff()
    frames.render(layout(plain("abc")), (WIDTH, HEIGHT), (3, 0))
    assert frames.render(layout(plain("abcd")), (WIDTH, HEIGHT), (4, 0)) == "d"


def test_a_letter_typed_into_a_row_lets_the_terminal_move_the_rest() -> None:
    frames, glass = diff(), Glass()
    glass.write(frames.render(layout(plain("abcdefghijklmnopqr")), (WIDTH, HEIGHT), (3, 0)))
    glass.write(frames.render(layout(plain("abcXdefghijklmnopqr")), (WIDTH, HEIGHT), (4, 0)))
    assert glass.written == "\x1b[@X"
    glass.write(frames.render(layout(plain("abcdefghijklmnopqr")), (WIDTH, HEIGHT), (3, 0)))
    assert glass.cells() == naive(plain("abcdefghijklmnopqr")).cells()
    assert len(glass.written) < 14


def test_a_cursor_that_moves_alone_costs_a_move() -> None:
    frames = diff()
    frames.render(layout(plain("abc")), (WIDTH, HEIGHT), (3, 0))
    assert frames.render(layout(plain("abc")), (WIDTH, HEIGHT), (3, 1)) == "\x1b[B"
    assert frames.render(layout(plain("abc")), (WIDTH, HEIGHT), (2, 1)) == "\b"


def test_a_view_that_scrolls_by_a_row_lets_the_terminal_move_the_rest() -> None:
    texts = [f"{chr(97 + n) * 9} {n} text" for n in range(HEIGHT + 1)]
    frames, glass = diff(), Glass()
    glass.write(frames.render(layout(plain(*texts[:HEIGHT])), (WIDTH, HEIGHT), (0, 0)))
    glass.write(frames.render(layout(plain(*texts[1:])), (WIDTH, HEIGHT), (0, 0)))
    assert glass.cells() == naive(plain(*texts[1:])).cells()
    assert len(glass.written) < 60


@pytest.mark.parametrize("disturb", ["size", "forget"])
def test_what_was_disturbed_is_painted_whole(disturb: str) -> None:
    frames, glass = diff(), Glass()
    frames.render(layout(plain("abc")), (WIDTH, HEIGHT), (0, 0))
    if disturb == "forget":
        frames.forget()
        glass.write(frames.render(layout(plain("abc")), (WIDTH, HEIGHT), (0, 0)))
        assert glass.cells() == naive(plain("abc")).cells()
    else:
        smaller = LayoutUpdate([[strip.crop(0, 9)] for strip in plain("abc")[:5]], Region(0, 0, 9, 5))
        glass.screen.resize(5, 9)
        glass.write(frames.render(smaller, (9, 5), (0, 0)))
        assert glass.screen.display[0] == "abc      "


def test_control_characters_never_leave_even_when_a_widget_lets_them_through() -> None:
    hostile = [Strip([Segment("a\x1b]52;c;eA==\x07b\x9bc\u202ed\x7f")]), *plain("")[1:]]
    written = diff().render(layout(hostile), (WIDTH, HEIGHT), (0, 0))
    assert "a]52;c;eA==bcd" in written
    assert not {"\x07", "\x9b", "\u202e", "\x7f"} & set(written)


def test_a_link_that_could_end_its_sequence_is_dropped() -> None:
    hostile = [Strip([Segment("x", Style(link="https://a\x1b\\\x1b]0;b"))]), *plain("")[1:]]
    assert "\x1b]" not in diff().render(layout(hostile), (WIDTH, HEIGHT), (0, 0))


@pytest.mark.parametrize("cluster", ["👍🏽", "👩‍👩‍👧", "🇫🇷", "❤️", "\u1112\u1161\u11ab", "क्षि"])
def test_from_a_cluster_terminals_disagree_about_the_row_is_painted_to_its_end(cluster: str) -> None:
    frames = diff()
    frames.render(layout(plain(f"ab{cluster}tail")), (WIDTH, HEIGHT), (0, 0))
    written = frames.render(layout(plain(f"ab{cluster}tai!")), (WIDTH, HEIGHT), (0, 0))
    assert cluster in written
    assert "\x1b[K" in written
    assert "tai!" in written
    # After the cluster the column is set anew, so that a terminal's own idea of its width moves nothing.
    assert f"{cluster}\x1b[5Gtai!" in written


@pytest.mark.parametrize("cluster", ["👍🏽", "👩‍👩‍👧", "🇫🇷", "❤️"])
def test_a_row_with_a_disputed_cluster_ends_as_if_it_were_painted_anew(cluster: str) -> None:
    frames, glass, fresh = diff(), Glass(), Glass()
    for text in (f"ab{cluster}cd", f"ab{cluster}cde", f"xab{cluster}cde", "xabcde", f"x{cluster}{cluster}y"):
        glass.write(frames.render(layout(plain(text, "next")), (WIDTH, HEIGHT), (0, 0)))
        fresh = Glass()
        fresh.write(diff().render(layout(plain(text, "next")), (WIDTH, HEIGHT), (0, 0)))
        assert glass.cells() == fresh.cells()


@pytest.mark.parametrize("system", [ColorSystem.STANDARD, ColorSystem.EIGHT_BIT])
def test_colours_are_those_the_terminal_has(system: ColorSystem) -> None:
    frame = [strip_of([("red", Style(color="#ff0000", bgcolor="#000080"))]), *plain("")[1:]]
    written = FrameDiff(system).render(layout(frame), (WIDTH, HEIGHT), (0, 0))
    assert "38;2" not in written
    assert ("38;5" in written) == (system is ColorSystem.EIGHT_BIT)
