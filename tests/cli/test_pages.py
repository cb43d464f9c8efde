"""The pages name what is there: every page and file that they point at, every room, every verb."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cryptpad_tui.cli.verb_table import VERBS

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
CODE = [ROOT / "cryptpad_tui", ROOT / "relay", ROOT / "tests", ROOT / "benchmarks"]
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
NAMED = re.compile(r"`((?:[\w.-]+/)*\w+\.(?:py|md))`")


def pages() -> list[object]:
    return [pytest.param(page, id=page.name) for page in PAGES]


@pytest.mark.parametrize("page", pages())
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    targets = [target for target in LINK.findall(page.read_text()) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", pages())
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    there = {
        str(path.relative_to(ROOT))
        for top in CODE
        for path in top.rglob("*.py")
        if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
    } | {str(path.relative_to(ROOT)) for path in PAGES}
    named = set(NAMED.findall(page.read_text()))
    gone = [name for name in named if not any(f"/{path}".endswith(f"/{name}") for path in there)]
    assert gone == []


def test_every_room_is_in_the_table_of_rooms() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    rooms = {path.parent.name for path in (ROOT / "cryptpad_tui").glob("*/__init__.py")}
    assert {room for room in rooms if f"| `{room}/` |" not in page} == set()


def test_the_changes_name_every_verb() -> None:
    words = set(re.findall(r"[\w-]+", (ROOT / "CHANGELOG.md").read_text()))
    assert {verb.name for verb in VERBS} - words == set()


def test_every_page_is_in_the_index() -> None:
    docs = ROOT / "docs"
    led_to = {target for target in LINK.findall((docs / "README.md").read_text()) if "/" not in target}
    assert led_to == {page.name for page in docs.glob("*.md")} - {"README.md"}


def test_commands_stand_only_on_pages_that_tests_know() -> None:
    run = {"cli.md", "recovery.md"}
    of_operators = {"relay.md"}
    pages = {page.name for page in (ROOT / "docs").glob("*.md") if "```sh" in page.read_text()}
    assert pages == run | of_operators
