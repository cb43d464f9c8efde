"""The table of rows is whole and names tests that exist, and the threat model that people read agrees."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from adversary.rows import LATER, ROWS

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "threat-model.md"
NAMED = re.compile(r"^ *(?:async )?def (test_\w+)\(", re.MULTILINE)
SABOTAGE = re.compile(r"_without_|_would_|_is_off\b|defended|taken_out|bounded")


@cache
def names_in(path: str) -> dict[str, str]:
    """The tests of a file: name, and its arguments."""
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
    return {
        node.name: " ".join(argument.arg for argument in node.args.args)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def test_every_row_has_a_test_or_says_what_it_waits_for() -> None:
    sides = {f"T{i}" for i in [*range(1, 37), *range(40, 48), *range(50, 57)]} - {"T43"}
    expected = sides | {f"R{i}" for i in range(1, 29)} - {"R23", "R27"} | {f"M{i}" for i in range(1, 7)}
    assert set(ROWS) | set(LATER) == expected
    assert not set(ROWS) & set(LATER)


def test_every_named_test_exists() -> None:
    missing = [
        name
        for names in ROWS.values()
        for name in names
        if name.partition("::")[2] not in names_in(name.partition("::")[0])
    ]
    assert missing == []


def test_every_row_has_its_defence_taken_out_somewhere() -> None:
    """A check that cannot fail is a defect."""
    for row, names in ROWS.items():
        taken_out = [
            name
            for name in names
            if SABOTAGE.search(name + " " + names_in(name.partition("::")[0])[name.partition("::")[2]])
        ]
        assert taken_out, row


def test_the_threat_model_names_each_row_and_no_test_that_is_not_there() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for row, names in ROWS.items():
        line = next((line for line in page.splitlines() if re.match(rf"\|[^|]*\b{row}\b[^|]*\|", line)), "")
        assert line, f"{row} is not in the table"
        assert names[0].rpartition("::")[2] in line, row
    files = [path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py")]
    everywhere = {name for text in files for name in NAMED.findall(text)}
    assert set(re.findall(r"\btest_\w+\b(?!\.py)", page)) <= everywhere
    for row in LATER:
        assert re.search(rf"\b{row}\b", page), f"{row} is not said to be missing"
