"""Documents to convert, for property tests: every mark and block format with values that formats can say."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from cryptpad_tui.convert.model import Paragraph, Piece, marks_of, paragraph

ALPHABET = "ab cé漢😀*_`[]()<>&#!~|\\\"'-+.1=:/x \t^$%{}"
texts = st.text(ALPHABET, min_size=1, max_size=12)
links = st.sampled_from(
    ["https://example.org/a?b=c&d=(e)", "mailto:a@example.org", "https://example.org/x_y*z"]
)
md_marks = st.fixed_dictionaries(
    {},
    optional={
        "bold": st.just(value=True),
        "italic": st.just(value=True),
        "strike": st.just(value=True),
        "underline": st.just(value=True),
        "code": st.just(value=True),
        "script": st.sampled_from(["sup", "sub"]),
        "link": links,
    },
)
html_marks = st.builds(
    lambda marks, more: {**marks, **more},
    md_marks,
    st.fixed_dictionaries({}, optional={"color": st.just("#ff8800"), "background": st.just("red")}),
)


def pieces(marks: st.SearchStrategy[dict[str, object]]) -> st.SearchStrategy[list[Piece]]:
    made = st.builds(lambda text, found: Piece(text, marks_of(found)), texts, marks)  # type: ignore[arg-type]
    return st.lists(made, min_size=1, max_size=4)


def documents(marks: st.SearchStrategy[dict[str, object]]) -> st.SearchStrategy[list[Paragraph]]:
    block = st.one_of(
        st.just({}),
        st.builds(lambda level: {"header": level}, st.integers(1, 6)),
        st.just({"blockquote": True}),
        st.builds(
            lambda kind: {"list": kind}, st.sampled_from(["bullet", "ordered", "checked", "unchecked"])
        ),
        st.just({"code-block": "python"}),
        st.just({"code-block": "plain"}),
    )

    def made(parts: list[Piece], found: dict[str, object]) -> Paragraph:
        if "code-block" in found:
            return paragraph([Piece(part.text) for part in parts], found)  # type: ignore[arg-type]
        return paragraph(parts, found)  # type: ignore[arg-type]

    return st.lists(st.builds(made, pieces(marks), block), max_size=6)


def nested(paragraphs: list[Paragraph], depths: list[int]) -> list[Paragraph]:
    """List items at depths that a nested list can have."""
    out: list[Paragraph] = []
    before = -1
    for i, one in enumerate(paragraphs):
        if one.get("list"):
            before = min(depths[i % len(depths)], before + 1)
            block = {**dict(one.block), "indent": before or None}
            out.append(replace(one, block=paragraph([], block).block))
        else:
            before = -1
            out.append(one)
    return out


depths = st.lists(st.integers(0, 3), min_size=1, max_size=5)


office_marks = st.builds(
    lambda marks, more: {**marks, **more},
    md_marks,
    st.fixed_dictionaries(
        {}, optional={"color": st.just("#ff8800"), "background": st.sampled_from(["#ffeeaa", "#0a0b0c"])}
    ),
)
aligned = st.sampled_from([None, "center", "right", "justify"])


def with_looks(paragraphs: list[Paragraph], looks: list[str | None], steps: list[int]) -> list[Paragraph]:
    """Alignment everywhere, and plain paragraphs that stand to the right."""
    out: list[Paragraph] = []
    for i, one in enumerate(paragraphs):
        block = {**dict(one.block), "align": looks[i % len(looks)]}
        if not one.block and steps[i % len(steps)]:
            block["indent"] = steps[i % len(steps)]
        out.append(replace(one, block=paragraph([], block).block))
    return out


def tables(marks: st.SearchStrategy[dict[str, object]]) -> st.SearchStrategy[list[Paragraph]]:
    """One table, each cell a line, between two plain paragraphs."""
    size = st.tuples(st.integers(1, 3), st.integers(1, 3))

    def made(size: tuple[int, int], cells: list[list[Piece]]) -> list[Paragraph]:
        places = [f"1/{row + 1}/{column + 1}" for row in range(size[0]) for column in range(size[1])]
        inner = [paragraph(cells[i % len(cells)], {"table": place}) for i, place in enumerate(places)]
        return [paragraph([Piece("before")]), *inner, paragraph([Piece("after")])]

    return st.builds(made, size, st.lists(pieces(marks), min_size=1, max_size=6))
