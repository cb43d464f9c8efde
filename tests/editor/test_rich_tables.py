"""Tables of rich text: drawn as tables, edited cell by cell, whole whatever is deleted and whoever edits."""

from __future__ import annotations

import random

import pytest
from editor.dsl import Session, paste, run
from editor.test_editor import drawn
from editor.vim_dsl import VimSession

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.editor.editor import Editor
from cryptpad_tui.editor.find import Query
from cryptpad_tui.editor.rich_table import CellName, Table, table_at, table_of

WIDTH = 41
LONG = "a cell of three rows that are so long that there is no room"


def table(size: str = "2x2", *cells: str, **options: object) -> Session:
    """A pad with a line, a table of these cells and a line; the caret in the first cell."""
    session = Session("above|", width=WIDTH, height=14, kind=PadKind.RICHTEXT, **options)  # type: ignore[arg-type]
    session.do(run("format.table", size))
    for i, text in enumerate(cells):
        session.do(*(["tab"] if i else []), *text)
    session.editor.reveal(Position(1, 0))
    return session


def names(session: Session) -> list[str]:
    """The cells of the lines, in hundreds."""
    marks = session.document.marks
    assert marks is not None
    values = [dict(line.block).get("table") for line in marks.lines(0, 1_000)]
    return [str(value).replace("00", "") if value else "-" for value in values]


def grid(session: Session) -> Table:
    marks = session.document.marks
    assert marks is not None
    first = next(i for i, name in enumerate(names(session)) if name != "-")
    found = table_at(marks, first)
    assert found is not None
    return found


def made(text: str) -> Table:
    """The table of cells written as `row/column`."""
    return table_of([CellName("t", *one.split("/")) for one in text.split()], 0)


# -- reading


def test_cells_are_read_by_row_and_column() -> None:
    found = made("1/1 1/2 2/1 2/2")
    assert found.columns == ("1", "2")
    assert [[cell.column for cell in row.cells] for row in found.rows] == [[0, 1], [0, 1]]


def test_a_cell_of_two_lines_is_one_cell() -> None:
    found = made("1/1 1/1 1/2")
    assert [(cell.start, cell.stop) for cell in found.rows[0].cells] == [(0, 2), (2, 3)]


def test_two_rows_of_one_name_are_two_rows() -> None:
    found = made("1/1 1/2 2/1 2/2 2/1 2/2")
    assert [row.name for row in found.rows] == ["1", "2", "2"]


def test_a_missing_cell_leaves_the_others_in_their_columns() -> None:
    found = made("1/1 1/2 1/3 2/1 2/3")
    assert [cell.column for cell in found.rows[1].cells] == [0, 2]


def test_a_column_that_one_row_alone_has_stands_behind_its_neighbour() -> None:
    assert made("1/1 1/2 2/1 2/9 2/2").columns == ("1", "9", "2")


# -- drawn


def test_the_cells_of_a_row_stand_side_by_side() -> None:
    session = table("2x2", "Name", "Price", "Tea", "3 €")
    assert drawn(session.editor.frame())[:7] == [
        "above",
        "┌─────────────┬─────────────┐",
        "│ Name        │ Price       │",
        "├─────────────┼─────────────┤",
        "│ Tea         │ 3 €         │",
        "└─────────────┴─────────────┘",
        "",
    ]


def test_a_column_is_as_wide_as_its_text_in_steps() -> None:
    session = table("2x2", "Name", "Price", "Tea", "3 €")
    session.editor.reveal(Position(3, 3))
    session.do(*" from Japan")
    assert drawn(session.editor.frame())[1:6] == [
        "┌─────────────────────┬─────────────┐",
        "│ Name                │ Price       │",
        "├─────────────────────┼─────────────┤",
        "│ Tea from Japan      │ 3 €         │",
        "└─────────────────────┴─────────────┘",
    ]
    session.do(*["backspace"] * 3)
    assert drawn(session.editor.frame())[4] == "│ Tea from Ja │ 3 €         │"


def test_a_column_follows_what_another_person_writes_in_it() -> None:
    session, there = two("1x2", "Name", "Price")
    there.editor.reveal(Position(1, 4))
    there.do(*" of the thing")
    both(session, there)
    assert drawn(session.editor.frame())[2] == "│ Name of the thing   │ Price       │"
    session.do("ctrl+z")
    assert drawn(session.editor.frame())[2].endswith("│             │")


def test_narrow_columns_keep_their_room_beside_a_long_text() -> None:
    session = table("1x2", "b", "one two three four five six")
    assert drawn(session.editor.frame())[1:5] == [
        "┌─────────────┬─────────────────────────┐",
        "│ b           │ one two three four five │",
        "│             │ six                     │",
        "└─────────────┴─────────────────────────┘",
    ]


def test_a_table_is_as_if_drawn_for_the_first_time_whatever_was_typed() -> None:
    session = table("2x3", "Name", "日本語", "")
    dice = random.Random(5)
    for _ in range(150):
        line = dice.randrange(1, 7)
        session.editor.reveal(Position(line, dice.randrange(len(session.document.lines[line]) + 1)))
        session.do(dice.choice(["a", "語", "space", "backspace", "ctrl+w", "ctrl+z", "ctrl+y"]))
        anew = Editor(session.document, width=WIDTH, height=14)
        assert drawn(session.editor.frame()) == drawn(anew.frame())


def test_a_long_cell_wraps_inside_its_column() -> None:
    session = table("1x2", "one two three four five", "one two three four")
    assert drawn(session.editor.frame())[1:5] == [
        "┌───────────────────┬───────────────────┐",
        "│ one two three     │ one two three     │",
        "│ four five         │ four              │",
        "└───────────────────┴───────────────────┘",
    ]


def test_wide_characters_leave_the_borders_where_they_are() -> None:
    session = table("1x2", "日本語", "é")
    assert drawn(session.editor.frame())[2] == "│ 日本語      │ é           │"


def test_columns_that_would_be_too_narrow_stand_below_one_another() -> None:
    session = table("2x4", "a", "b", "c", "d", "e")
    shown = drawn(session.editor.frame())[1:12]
    assert shown[0] == "┌───────────────────────────────────────┐"
    assert shown[1] == "│ a                                     │"
    assert shown[4] == "│ d                                     │"
    assert shown[5] == "├───────────────────────────────────────┤"
    assert shown[6] == "│ e                                     │"
    assert shown[10] == "└───────────────────────────────────────┘"


def test_cells_that_hold_a_book_stand_below_one_another() -> None:
    session = table("1x2", "a", "b")
    session.document.replace(Position(1, 1), Position(1, 1), "long " * 2_000)
    session.editor.reveal(Position(1, 0))
    assert drawn(session.editor.frame())[2].startswith("│ along long")
    session.do("end", "down", "end")
    assert session.editor.state.head.line in (1, 2)


def test_a_table_at_the_very_start_has_its_upper_rule() -> None:
    session = table("1x2", "a", "b")
    session.editor.reveal(Position(0, 0), select_to=Position(0, 5))
    session.do("delete", "delete")
    there = Editor(session.document, width=WIDTH, height=14)
    assert drawn(there.frame())[0].startswith("┌──")


def test_the_caret_and_clicks_find_the_text_of_a_cell() -> None:
    session = table("1x2", "Name", "Price")
    session.editor.reveal(Position(2, 5))
    assert session.editor.frame().caret == (21, 2)
    assert session.editor.position_at(17, 2) == Position(2, 1)
    assert session.editor.position_at(0, 2) == Position(1, 0)
    assert session.editor.position_at(40, 2) == Position(2, 5)
    assert session.editor.position_at(17, 1) == Position(2, 1)
    assert session.editor.position_at(17, 3).line == 3


def test_the_arrows_go_up_and_down_in_a_column() -> None:
    session = table("3x2", "a", "b", "c", LONG, "e", "f")
    session.editor.reveal(Position(2, 1))
    went = []
    for _ in range(5):
        session.do("down")
        went.append(session.editor.state.head)
    assert [place.line for place in went] == [4, 4, 4, 6, 7]
    went = []
    for _ in range(6):
        session.do("up")
        went.append(session.editor.state.head)
    assert [place.line for place in went] == [6, 4, 4, 4, 2, 0]
    session.editor.reveal(Position(3, 0))
    session.do("down")
    assert session.editor.state.head == Position(5, 0)
    session.do("up")
    assert session.editor.state.head == Position(3, 0)


def test_what_is_selected_and_found_shows_in_every_cell() -> None:
    session = table("1x2", "tea", "tea")
    session.editor.reveal(Position(1, 0), select_to=Position(2, 2))
    row = session.editor.frame().rows[2]
    chosen = [span.text for span in row.spans if "selection" in span.styles]
    assert chosen == ["tea", " ", "te"]
    session.editor.highlight(Query("tea"))
    row = session.editor.frame().rows[2]
    assert [span.text for span in row.spans if "find" in span.styles][:1] == ["tea"]
    assert sum("find" in span.styles for span in row.spans) >= 2


@pytest.mark.parametrize("height", [3, 5, 14])
def test_the_view_goes_over_a_table_row_by_row(height: int) -> None:
    session = table("3x2", "a", "b", "c", "a cell of three rows that are long", "e", "f")
    session.editor.resize(WIDTH, 40)
    whole = [line for line in drawn(session.editor.frame()) if line]
    session.editor.resize(WIDTH, height)
    session.editor.scroll_to(0.0)
    for top in range(len(whole) - height):
        assert drawn(session.editor.frame()) == whole[top : top + height]
        session.editor.scroll(1)
    for top in range(len(whole) - height, 0, -1):
        assert drawn(session.editor.frame())[0] == whole[top]
        session.editor.scroll(-1)
    assert drawn(session.editor.frame())[0] == whole[0]


@pytest.mark.parametrize("height", [4, 9])
def test_the_caret_is_always_in_view(height: int) -> None:
    session = table("4x3", *"abcdef", "a long text in a cell", *"hijkl")
    session.editor.resize(WIDTH, height)
    for key in ("down", "up"):
        for _ in range(20):
            session.do(key)
            shown = session.editor.frame()
            assert shown.caret is not None
            x, y = shown.caret
            head = session.editor.state.head
            assert session.editor.position_at(x, y) == head


@pytest.mark.parametrize("width", range(1, 40, 3))
def test_no_row_is_wider_than_the_view(width: int) -> None:
    session = table("2x3", "a long text in a cell", "日本語日本語日本語", "x", "y", "z", "q")
    session.editor.resize(width, 14)
    shown = session.editor.frame()
    assert all(row.cells <= max(width, session.editor.state.layout.width) for row in shown.rows)


# -- keys


def test_enter_goes_to_the_cell_below_and_makes_a_row_at_the_end() -> None:
    session = table("2x2", "a", "b", "c", "d").do("enter")
    assert session.editor.state.head == Position(3, 1)
    session.do("enter", *"e")
    assert names(session)[1:7] == ["1/1/1", "1/1/2", "1/2/1", "1/2/2", "1/3/1", "1/3/2"]
    assert session.text.split("\n")[5:7] == ["e", ""]


def test_enter_in_an_empty_last_row_leaves_the_table_without_it() -> None:
    session = table("2x2", "a", "b").do("enter", "enter")
    assert names(session) == ["-", "1/1/1", "1/1/2", "-"]
    assert session.editor.state.head == Position(3, 0)


def test_tab_in_the_last_cell_makes_a_row() -> None:
    session = table("1x2", "a", "b").do("tab", "tab", *"c", "tab", *"d")
    assert session.text == "above\na\nb\nc\nd\n"
    assert names(session)[1:5] == ["1/1/1", "1/1/2", "1/2/1", "1/2/2"]


@pytest.mark.parametrize("key", ["backspace", "ctrl+w", "ctrl+u", "alt+k"])
def test_no_deletion_at_the_start_of_a_cell_breaks_the_grid(key: str) -> None:
    session = table("2x2", "a", "b", "c", "d")
    before = names(session)
    for line in range(1, 5):
        session.editor.reveal(Position(line, 0))
        session.do(key)
    assert names(session) == before


@pytest.mark.parametrize("key", ["delete", "ctrl+k", "alt+t"])
def test_no_deletion_at_the_end_of_a_cell_breaks_the_grid(key: str) -> None:
    session = table("2x2", "a", "b", "c", "d")
    before = names(session)
    for line in range(5):
        session.editor.reveal(Position(line, len(session.document.lines[line])))
        session.do(key)
    assert names(session) == before
    assert session.text == "above\na\nb\nc\nd\n"


def test_backspace_below_a_table_goes_into_its_last_cell() -> None:
    session = table("1x2", "a", "b")
    session.editor.reveal(Position(3, 0))
    session.do("backspace")
    assert session.editor.state.head == Position(2, 1)
    assert names(session) == ["-", "1/1/1", "1/1/2", "-"]


@pytest.mark.parametrize("key", ["delete", "ctrl+x", "x"])
def test_a_selection_over_cells_empties_them(key: str) -> None:
    session = table("2x2", "aa", "bb", "cc", "dd")
    session.editor.reveal(Position(0, 3), select_to=Position(3, 1))
    session.do(key)
    typed = "x" if key == "x" else ""
    assert session.text == f"abo{typed}\n\n\nc\ndd\n"
    assert names(session) == ["-", "1/1/1", "1/1/2", "1/2/1", "1/2/2", "-"]


def test_a_selection_over_a_whole_table_takes_it_away() -> None:
    session = table("2x2", "aa", "bb").do("ctrl+a", "delete")
    assert session.text == ""
    session = table("2x2", "aa", "bb").do("ctrl+a", *"new")
    assert session.text == "new"


def test_an_empty_line_above_a_table_can_be_deleted() -> None:
    session = table("1x2", "a", "b")
    session.editor.reveal(Position(0, 0), select_to=Position(0, 5))
    session.do("delete", "delete")
    assert session.text == "a\nb\n"
    assert names(session) == ["1/1/1", "1/1/2", "-"]


def test_pasted_lines_stay_in_their_cell() -> None:
    session = table("1x2", "a", "b").do("end", paste("1\n2"))
    assert names(session) == ["-", "1/1/1", "1/1/1", "1/1/2", "-"]
    session.do("home", "backspace")
    assert names(session) == ["-", "1/1/1", "1/1/2", "-"]


@pytest.mark.parametrize("name", ["format.heading_1", "format.bullets", "format.paragraph", "task.toggle"])
def test_a_format_of_lines_leaves_cells_alone(name: str) -> None:
    session = table("1x2", "a", "b").do("ctrl+a", run(name))
    assert names(session) == ["-", "1/1/1", "1/1/2", "-"]


# -- rows and columns


def test_a_row_between_neighbours_numbers_the_later_ones_anew() -> None:
    session = table("3x1", *"abc")
    for line in range(1, 4):
        place = Position(line, 1), Position(line + 1, 0)
        session.document.format(*place, {"table": f"1/{line}/row-{line}"})
    session.editor.reveal(Position(1, 0))
    session.do(run("format.table_row_below"))
    assert [row.name for row in grid(session).rows] == ["1", "101", "201", "301"]


def test_rows_come_and_go() -> None:
    session = table("2x2", "a", "b", "c", "d").do(run("format.table_row_below"), *"new")
    assert session.text == "above\na\nb\nnew\n\nc\nd\n"
    assert names(session)[1:7] == ["1/1/1", "1/1/2", "1/150/1", "1/150/2", "1/2/1", "1/2/2"]
    session.do(run("format.table_row_above"), *"two")
    assert session.text == "above\na\nb\ntwo\n\nnew\n\nc\nd\n"
    session.do(run("format.table_delete_row"), run("format.table_delete_row"))
    assert session.text == "above\na\nb\nc\nd\n"


def test_columns_come_and_go() -> None:
    session = table("2x2", "a", "b", "c", "d").do(run("format.table_column_right"), *"new")
    assert session.text == "above\na\nnew\nb\nc\n\nd\n"
    assert names(session)[1:7] == ["1/1/1", "1/1/150", "1/1/2", "1/2/1", "1/2/150", "1/2/2"]
    session.do(run("format.table_column_left"), *"two")
    assert session.text == "above\na\ntwo\nnew\nb\nc\n\n\nd\n"
    session.do(run("format.table_delete_column"), run("format.table_delete_column"))
    assert session.text == "above\na\nb\nc\nd\n"


def test_the_last_row_and_the_last_column_take_the_table_with_them() -> None:
    for name in ("row", "column"):
        session = table("1x1", "a").do(run(f"format.table_delete_{name}"))
        assert (session.text, names(session)) == ("above\n", ["-", "-"])


def test_each_command_is_one_undo_step() -> None:
    for name in (
        "row_below",
        "row_above",
        "column_right",
        "column_left",
        "delete_row",
        "delete_column",
        "delete",
    ):
        session = table("3x3", *"abcdefghi")
        session.clock += 10
        before = (session.text, names(session))
        session.do(run(f"format.table_{name}"))
        assert (session.text, names(session)) != before
        session.clock += 10
        session.do("ctrl+z")
        assert (session.text, names(session)) == before


def test_a_command_of_tables_elsewhere_says_so() -> None:
    session = table("1x2", "a", "b")
    session.editor.reveal(Position(0, 0))
    assert session.editor.run("format.table_row_below")
    assert names(session) == ["-", "1/1/1", "1/1/2", "-"]


# -- two people


def both(session: Session, there: Session) -> None:
    """Let each have what the other did."""
    mine, theirs = session.document.take_updates(), there.document.take_updates()
    for update in theirs:
        session.document.apply(update)
    for update in mine:
        there.document.apply(update)


def two(size: str, *cells: str) -> tuple[Session, Session]:
    session = table(size, *cells)
    session.document.take_updates()
    there = Session("|", kind=PadKind.RICHTEXT)
    state = session.document.encode()
    there.document = ViewDocument(client_id=3, kind=PadKind.RICHTEXT, state=state, now=lambda: there.clock)
    there.editor = Editor(there.document, width=WIDTH, height=14)
    return session, there


def test_two_rows_added_at_once_are_two_rows() -> None:
    session, there = two("2x2", "a", "b", "c", "d")
    for who, name in ((session, "mine"), (there, "theirs")):
        who.editor.reveal(Position(3, 0))
        who.do(run("format.table_row_below"), *name, "tab", *name)
    both(session, there)
    assert session.document.runs() == there.document.runs()
    found = grid(session)
    assert [[cell.column for cell in row.cells] for row in found.rows] == [[0, 1]] * 4
    assert sorted(session.text.split("\n")[5:9]) == ["mine", "mine", "theirs", "theirs"]


def test_a_row_and_a_column_added_at_once_leave_a_hole_and_no_mess() -> None:
    session, there = two("2x2", "a", "b", "c", "d")
    session.editor.reveal(Position(1, 0))
    session.do(run("format.table_row_below"))
    there.editor.reveal(Position(1, 0))
    there.do(run("format.table_column_right"))
    both(session, there)
    assert session.document.runs() == there.document.runs()
    assert [len(row.cells) for row in grid(session).rows] == [3, 2, 3]


_ACTS = (
    "enter", "tab", "shift+tab", "backspace", "delete", "ctrl+k", "up", "down", "end", "home", "x", "日",
    "shift+down", "shift+right", "ctrl+x", "ctrl+v", "ctrl+z", "ctrl+y",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_whatever_two_people_do_the_table_is_the_same_and_can_be_drawn(seed: int) -> None:
    draw = random.Random(seed)
    people = two("2x3", *"abcdef")
    acts = [*_ACTS, *[f"format.table_{name}" for name in ("row_below", "column_left", "delete_column")]]
    for _ in range(40):
        one = draw.choice(people)
        act = draw.choice(acts)
        one.clock += draw.random()
        one.do(run(act) if act.startswith("format.") else act)
        shown = one.editor.frame()
        assert all(row.cells == sum(span.cells for span in row.spans) <= WIDTH for row in shown.rows)
        if draw.random() < 0.3:
            both(*people)
    both(*people)
    both(*people)
    assert people[0].document.runs() == people[1].document.runs()
    assert drawn(people[0].editor.frame()) is not None


def test_vims_j_and_k_go_up_and_down_in_a_column() -> None:
    session = VimSession("|above", kind=PadKind.RICHTEXT)
    session.editor.resize(WIDTH, 14)
    session.do(run("format.table", "2x2"))
    for line, text in enumerate("abcd", 1):
        session.document.replace(Position(line, 0), Position(line, 0), text)
    session.editor.reveal(Position(2, 0))
    session.press("j")
    assert session.editor.state.head == Position(4, 0)
    session.press("2j")
    assert session.editor.state.head.line == 5
    session.editor.reveal(Position(4, 0))
    session.press("2k")
    assert session.editor.state.head.line == 0
