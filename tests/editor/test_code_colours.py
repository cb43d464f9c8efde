"""Where code stands, what it is called, and which colours it shows until they are known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.editor.code_colours import guessed
from cryptpad_tui.editor.code_languages import language_of_title, language_of_word
from cryptpad_tui.editor.editor import Editor
from cryptpad_tui.editor.spans import StyleSpan
from support.rich_sample import document as rich_document
from support.rich_sample import line

KEYWORD = [(0, 3, "code.keyword")]


def text_document(text: str) -> ViewDocument:
    made = ViewDocument(client_id=5, kind=PadKind.TEXT)
    made.replace(Position(0, 0), Position(0, 0), text)
    made.take_updates()
    return made


def shown(editor: Editor) -> dict[str, tuple[str, ...]]:
    return {span.text: span.styles for row in editor.frame().rows for span in row.spans if span.text.strip()}


def wanted(editor: Editor) -> tuple[str, tuple[str, ...]] | None:
    editor.frame()
    assert editor.code is not None
    request = editor.code.wanted
    return None if request is None else (request.language, request.lines)


def answer(editor: Editor, found: list[list[tuple[int, int, str]]] | None) -> None:
    assert editor.code is not None
    assert editor.code.wanted is not None
    editor.code.take(editor.code.wanted, found)


@pytest.mark.parametrize(
    ("title", "language"),
    [
        ("notes.py", "python"), ("Main.RS", "rust"), ("a.yml", "yaml"), (".bashrc", "bash"),
        ("x.json", "json"),
        ("plan", "markdown"), ("plan.md", "markdown"), ("v1.2 of the plan", "markdown"), ("a.txt", "text"),
        ("main.c", "text"), ("Makefile", "text"), (".py", "markdown"), ("", "markdown"),
    ],
)  # fmt: skip
def test_a_title_says_what_a_text_holds(title: str, language: str) -> None:
    assert language_of_title(title) == language


@pytest.mark.parametrize(
    ("word", "language"), [("Py", "python"), (" js ", "javascript"), ("klingon", None), ("", None)]
)
def test_a_fence_says_its_language_in_many_words(word: str, language: str | None) -> None:
    assert language_of_word(word) == language


def test_the_code_of_a_fence_is_asked_for_and_shown_over_no_other_colour() -> None:
    editor = Editor(text_document("# Title\n\n```python\ndef tea():\n\n    pass\n```\nrest def\n"))
    assert wanted(editor) == ("python", ("def tea():", "", "    pass"))
    assert shown(editor)["def tea():"] == ("code.block",)
    answer(editor, [KEYWORD, [], [(4, 8, "code.keyword")]])
    assert shown(editor)["def"] == ("code.lang", "code.keyword")
    assert shown(editor)[" tea():"] == ("code.lang",)
    assert shown(editor)["rest def"] == ()
    assert wanted(editor) is None


@pytest.mark.parametrize("fence", ["```", "```text", "```klingon", "    def"])
def test_code_that_nobody_can_read_is_not_asked_for(fence: str) -> None:
    assert wanted(Editor(text_document(f"{fence}\n    def tea():\n```\n"))) is None


def test_code_inside_quotes_and_items_is_read_without_them() -> None:
    editor = Editor(
        text_document("- item\n\n  > ```py\n  > x = 1\n  >   y\n  > ```\n\n1. ```js\n   if (a)\n   ```\n")
    )
    assert wanted(editor) == ("javascript", ("if (a)",))
    answer(editor, [[(0, 2, "code.keyword")]])
    assert wanted(editor) == ("python", ("x = 1", "  y"))
    assert shown(editor)["if"] == ("code.lang", "code.keyword")


def test_a_fence_that_is_still_open_is_read_to_its_last_line() -> None:
    assert wanted(Editor(text_document("```py\nx\ny"))) == ("python", ("x", "y"))


def test_what_looks_like_a_fence_inside_of_one_is_code() -> None:
    editor = Editor(text_document("````md\n```py\n````\n\n```py\n```js\nx\n````\n> ```py\n> a\nb\n"))
    assert wanted(editor) == ("python", ("a",))
    answer(editor, [[]])
    assert wanted(editor) == ("python", ("```js", "x"))


def test_a_code_block_of_rich_text_is_coloured_on_its_ground() -> None:
    pieces = [*line("above"), *line("def a():", code_block="python"), *line("    pass", code_block="python"),
              *line("x", code_block="plain")]  # fmt: skip
    editor = Editor(rich_document(pieces))
    assert wanted(editor) == ("python", ("def a():", "    pass"))
    answer(editor, [KEYWORD, []])
    assert shown(editor)["def"] == ("code.lang", "code.ground", "code.keyword")


def test_a_text_of_another_kind_is_code_from_end_to_end_and_no_markdown() -> None:
    editor = Editor(text_document("# a comment\ndef x(): pass\n"), language="python")
    assert wanted(editor) == ("python", ("# a comment", "def x(): pass", ""))
    assert not editor.state.markdown
    answer(editor, [[(0, 11, "code.comment")], KEYWORD, []])
    assert shown(editor)["# a comment"] == ("code.comment",)
    editor.speak("markdown")
    assert shown(editor)[" a comment"][0] == "heading.1"


def test_what_is_typed_looks_like_its_surroundings_until_it_is_read() -> None:
    editor = Editor(text_document("```py\ndef x\nname\n```\n"))
    editor.frame()
    answer(editor, [KEYWORD, []])
    editor.reveal(Position(1, 3))
    editor.type("f")
    assert shown(editor)["deff"] == ("code.lang", "code.keyword")
    editor.reveal(Position(1, 0))
    editor.run("edit.newline")
    assert shown(editor)["name"] == ("code.lang",)
    assert wanted(editor) == ("python", ("", "deff x", "name"))


def test_without_an_answer_code_stays_as_it_is_and_is_not_asked_for_again() -> None:
    editor = Editor(text_document("```py\nx\n```\n"))
    editor.frame()
    answer(editor, None)
    assert wanted(editor) is None
    assert shown(editor)["x"] == ("code.block",)


def test_a_long_text_is_asked_for_in_part() -> None:
    editor = Editor(text_document("x = 1\n" * 5_000), language="python")
    editor.reveal(Position(4_000, 0))
    found = wanted(editor)
    assert found is not None
    assert len(found[1]) <= 400
    assert wanted(Editor(text_document("x" * 50_000), language="python")) is None


_LINES = st.lists(
    st.text("ab \n", max_size=6).map(lambda text: text.replace("\n", "")), min_size=1, max_size=8
)


@given(_LINES, _LINES, st.data())
def test_a_guess_has_a_line_for_each_line_and_stays_inside_of_it(
    old: list[str], new: list[str], data: st.DataObject
) -> None:
    spans = []
    for text in old:
        end = data.draw(st.integers(0, len(text)))
        spans.append((StyleSpan(0, end, ("code.string",)),) if end else ())
    found = guessed(old, spans, new)
    assert len(found) == len(new)
    for text, line_spans in zip(new, found, strict=True):
        assert all(0 <= span.start < span.end <= len(text) for span in line_spans)
    assert guessed(old, spans, old) == spans
