"""Each label of the protocol means one thing: read from the sources, and no new one can be forgotten."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import cryptpad_relay
import cryptpad_tui
from cryptpad_relay.protocol.labels import LABEL_BYTES, label16

PACKAGES = [Path(str(package.__file__)).parent for package in (cryptpad_relay, cryptpad_tui)]
DOES = {
    "hash_parts": "hash",
    "keyed_hash": "derive",
    "sign_parts": "sign",
    "sign": "sign",
    "verify_parts": "sign",
    "_signature_ok": "sign",
    "_require": "sign",
    "_proof": "sign",
}
"""What the calls that take a label do with it."""
PAGE = Path(__file__).parents[2] / "docs/protocol.md"
MARKS = {"hash": "H", "derive": "K", "sign": "S"}
"""How the page's table of labels says what is done with one; A is the label of a seal, – of nothing yet."""
IN_TWO_PLACES = {"pad1/people"}
"""The same key, derived where it seals and where all of it is sealed again."""
Uses = dict[str, set[tuple[str, str]]]
"""For each label: what is done with it, and in which module."""


def trees() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted(package.rglob("*.py")):
            source = path.read_text(encoding="utf-8")
            if "pad1/" in source or "labels" in source or "_LABEL" in source:
                yield f"{package.name}.{path.relative_to(package).with_suffix('')}", ast.parse(source)


def label_in(node: ast.AST | None) -> str:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, str) and value.startswith("pad1/") and " " not in value else ""


def names_of(tree: ast.Module) -> dict[str, str]:
    """The constants of a module that are labels."""
    found = {}
    for node in tree.body:
        if isinstance(node, ast.AnnAssign | ast.Assign) and label_in(node.value):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            assert isinstance(target, ast.Name)
            found[target.id] = label_in(node.value)
    return found


def name_of(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def uses_in(sources: list[tuple[str, ast.Module]]) -> Uses:
    shared = {
        name: label for _, tree in sources for name, label in names_of(tree).items() if name != "_LABEL"
    }
    found: Uses = defaultdict(set)
    for module, tree in sources:
        names = shared | names_of(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and (does := DOES.get(name_of(node.func))):
                for each in (*node.args, *[keyword.value for keyword in node.keywords]):
                    if label := label_in(each) or names.get(name_of(each), ""):
                        found[label].add((does, module))
    return found


def written(sources: list[tuple[str, ast.Module]]) -> dict[str, set[str]]:
    """The modules in which each label is spelled out."""
    found: dict[str, set[str]] = defaultdict(set)
    for module, tree in sources:
        for node in ast.walk(tree):
            if label := label_in(node):
                found[label].add(module)
    return found


def shared_by_two(uses: Uses) -> dict[str, list[str]]:
    """Labels by which two different things are done."""
    return {label: sorted({does for does, _ in each}) for label, each in uses.items() if len({*each}) > 1}


@pytest.fixture(scope="module")
def sources() -> list[tuple[str, ast.Module]]:
    return list(trees())


def test_every_label_fits_its_sixteen_bytes_and_is_spelled_in_one_module(
    sources: list[tuple[str, ast.Module]],
) -> None:
    spelled = written(sources)
    assert len(spelled) > 80
    assert {label: each for label, each in spelled.items() if len(label16(label)) != LABEL_BYTES} == {}
    twice = {label for label, modules in spelled.items() if len(modules) > 1}
    assert twice == IN_TWO_PLACES


def test_no_label_hashes_derives_and_signs(sources: list[tuple[str, ast.Module]]) -> None:
    """A signature or a key that was made for one purpose means nothing for another."""
    uses = uses_in(sources)
    mixed = {label: does for label, does in shared_by_two(uses).items() if len(does) > 1}
    assert mixed == {}
    assert len(uses) > 80


def test_a_label_that_is_used_twice_would_be_found() -> None:
    one = ast.parse('HERE = "pad1/x"\nhash_parts(HERE, b"")\n')
    other = ast.parse('me.sign("pad1/x", b"")\n')
    both = [("one", one), ("other", other)]
    assert shared_by_two(uses_in(both)) == {"pad1/x": ["hash", "sign"]}
    assert written(both)["pad1/x"] == {"one", "other"}


def test_the_page_lists_every_label_and_what_is_done_with_it(sources: list[tuple[str, ast.Module]]) -> None:
    """A label that an auditor cannot look up is one that nobody checks: give it a row in docs/protocol.md."""
    table = PAGE.read_text(encoding="utf-8").split("\n## Labels\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.split("|")[1:3] for line in table.splitlines() if line.startswith("| `pad1/")]
    page = {label.strip(" `"): mark.strip() for label, mark in rows}
    assert len(page) == len(rows)
    spelled = written(sources).keys()
    assert (spelled - page.keys(), page.keys() - spelled) == (set(), set())
    done = {label: MARKS[does] for label, uses in uses_in(sources).items() for does, _ in uses}
    assert {label: mark for label, mark in page.items() if done.get(label, mark) != mark} == {}
