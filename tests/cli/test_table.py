"""Tables: columns line up in cells, and nothing foreign in them commands the terminal."""

from __future__ import annotations

import pytest

from cryptpad_tui.cli import output
from cryptpad_tui.cli.table import cell_width, table


def test_columns_line_up_whatever_the_width_of_the_characters() -> None:
    lines = table(("A", "B"), [("日本", "x"), ("e\u0301", "y"), ("abc", "z")], flexible=0)
    assert lines[0].startswith("A")
    assert [cell_width(line[: -len("x")]) for line in lines[1:]] == [6, 6, 6]


def test_nothing_that_moves_colours_or_reorders_gets_through() -> None:
    (_, line) = table(("T",), [("a\x1b]0;x\x07\n\u202eb",)], flexible=0)
    assert line == "a␛]0;x\\u{7} \\u{202e}b"


def test_an_empty_table_is_nothing_at_all() -> None:
    assert table(("A",), [], flexible=0) == []


def test_on_a_terminal_a_long_title_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "30")
    lines = table(("ID", "TITLE", "N"), [("aaaaaaaa", "長い" * 20, "12345")], flexible=1)
    assert [cell_width(line) <= 30 for line in lines] == [True, True]
    assert "…" in lines[1]
    assert lines[1].endswith("12345")
