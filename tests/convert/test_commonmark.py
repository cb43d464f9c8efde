"""CommonMark's own examples: our reading agrees with the specification's HTML, and the preview shows them.

The specification is CC-BY-SA and no part of this project. `make test` takes it from the source package of
markdown-it-py (.ci/get_spec.py); CRYPTPAD_TUI_COMMONMARK_SPEC may name another place.
"""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path

import pytest

from cryptpad_tui.convert.html_in import from_html
from cryptpad_tui.convert.html_out import to_html
from cryptpad_tui.convert.markdown_in import from_markdown
from cryptpad_tui.convert.markdown_out import to_markdown
from cryptpad_tui.convert.model import Read, runs_of
from cryptpad_tui.crdt.clean import require_clean, require_formats
from cryptpad_tui.crdt.kinds import PadKind

ROOT = Path(__file__).parents[2]
PLACE = Path(os.environ.get("CRYPTPAD_TUI_COMMONMARK_SPEC") or ROOT / ".venv" / "commonmark" / "spec.md")
OTHERWISE = {
    61: "an item that is nothing but a rule",
    126: "a code block without a line",
    130: "a code block without a line",
    144: "a code block without a line",
    148: "HTML that a blank line ends inside a cell",
    190: "a table in pieces of HTML",
    237: "a code block without a line",
    298: "an item that is nothing but a list",
    299: "an item that is nothing but a list",
    300: "a heading inside an item",
    475: "an image as a tag inside text",
    629: "a section of XML",
    626: "comments that HTML and CommonMark end otherwise",
}
"""Examples of version 0.31.2 where a line has only one block format, or HTML itself says something else."""


@cache
def specification() -> str:
    if not PLACE.is_file():
        pytest.skip("the CommonMark specification is not here (.ci/get_spec.py fetches it)")
    return PLACE.read_text(encoding="utf-8")


def examples() -> list[tuple[str, str]]:
    found = re.findall(r"^`{32} example\n(.*?)^\.\n(.*?)^`{32}$", specification(), re.MULTILINE | re.DOTALL)
    assert len(found) > 600
    return [(source.replace("→", "\t"), page.replace("→", "\t")) for source, page in found]


def shape(read: Read) -> list[tuple[str, object]]:
    """Texts and block formats, where white space counts as HTML counts it."""
    return [(" ".join(one.text.split()), one.block) for one in read.paragraphs if one.pieces or one.block]


def test_every_example_is_read_and_only_the_vocabulary_comes_in() -> None:
    for source, _ in examples():
        read = from_markdown(source)
        for text, attributes in runs_of(read.paragraphs):
            require_clean(text)
            require_formats(PadKind.RICHTEXT, attributes)
        to_markdown(read.paragraphs)
        to_html(read.paragraphs, title="Example")


def test_every_example_reads_as_the_page_that_the_specification_shows() -> None:
    if "version: '0.31.2'" not in specification():
        pytest.skip("the exceptions are numbered for version 0.31.2")
    differ = {
        number
        for number, (source, page) in enumerate(examples(), 1)
        if shape(from_markdown(source)) != shape(from_html(page))
    }
    assert differ <= set(OTHERWISE)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("# a\n\nb\n===\n", [("a", {"header": 1}), ("b", {"header": 1})]),
        ("- a\n  - b\n\n    c\n1. d\n", [
            ("a", {"list": "bullet"}), ("b", {"list": "bullet", "indent": 1}), ("c", {"indent": 2}),
            ("d", {"list": "ordered"}),
        ]),
        ("1. a\\\n   b\n2. c\n", [
            ("a", {"list": "ordered"}), ("b", {"indent": 1}), ("c", {"list": "ordered"}),
        ]),
        ("> a\n> b\n", [("a b", {"blockquote": True})]),
        ("~~~  ruby x\na\n\nb\n~~~\n", [
            ("a", {"code-block": "ruby"}), ("", {"code-block": "ruby"}), ("b", {"code-block": "ruby"}),
        ]),
        ("***\n", [("", {"rule": True})]),
        ("---\ntitle: x\n---\na\n", [("title: x", {"code-block": "yaml"}), ("a", {})]),
        ("| a |\n|-|\n| b<br>c |\n", [
            ("a", {"table": "1/1/1"}), ("b", {"table": "1/2/1"}), ("c", {"table": "1/2/1"}),
        ]),
        ("![a *b*](https://x.example/y)\n", [("a b", {})]),
        ("> <div>x</div>\n", [("x", {"blockquote": True})]),
    ],
)  # fmt: skip
def test_what_we_support_has_the_structure_that_is_meant(
    source: str, expected: list[tuple[str, dict[str, object]]]
) -> None:
    assert [(one.text, dict(one.block)) for one in from_markdown(source).paragraphs] == expected
