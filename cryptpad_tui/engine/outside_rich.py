"""Rich text on its way to another program as markdown, and what comes back of it.

Markdown does not say all: colours, alignment, empty lines, attachments. What it does not say stays in the pad
as if somebody else had written it meanwhile, and what comes back is the difference to what it said. It must
never give out a text whose lines it cannot find in the pad again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Final

from cryptpad_tui.convert.markdown_in import from_markdown
from cryptpad_tui.convert.markdown_out import to_markdown
from cryptpad_tui.convert.model import OBJECT, Paragraph, paragraphs_of, runs_of
from cryptpad_tui.crdt.merge import Offsets, Places, Span, difference
from cryptpad_tui.crdt.values import Attributes, TextEdit
from cryptpad_tui.editor.rich_cells import numbered

if TYPE_CHECKING:
    from cryptpad_tui.crdt.view import ViewDocument

_LINES: Final = ("code-block", "list", "table", "rule")
"""Blocks that markdown writes down with nothing in them, too."""
Marks = list[Attributes]
"""Of each character."""


class NotFoundAgain(ValueError):
    """A line of the pad is another in markdown."""


@dataclass(frozen=True, slots=True)
class Told:
    """What markdown says of a pad, as text with the attributes of each character."""

    markdown: str = field(repr=False)
    text: str = field(repr=False)
    marks: Marks = field(repr=False)
    unsaid: tuple[Span, ...] = field(repr=False)
    """What makes the pad's text of this one: insertions."""
    is_open: bool
    """Whether the last line has no end."""


def told_of(runs: Sequence[tuple[str, Attributes]], base: str) -> Told:
    """Of a pad's runs and its text; touches no document. Raises NotFoundAgain."""
    paragraphs = paragraphs_of(runs)
    markdown = to_markdown(paragraphs).data.decode()
    said = list(from_markdown(markdown).paragraphs)
    is_open = bool(paragraphs) and not base.endswith("\n") and not _is_unsaid(paragraphs[-1])
    text, marks = _by_character(said, is_open=is_open)
    unsaid = _unsaid(paragraphs, [one.text for one in said], ends=base.endswith("\n"))
    if "".join(_inserted(text, unsaid)) != base:
        raise NotFoundAgain
    return Told(markdown, text, marks, unsaid, is_open)


def _is_unsaid(one: Paragraph) -> bool:
    is_written = any(one.get(key) for key in _LINES) or (one.text and one.get("header"))
    return not one.text.replace(OBJECT, "") and not is_written


def _unsaid(paragraphs: Sequence[Paragraph], said: Sequence[str], *, ends: bool) -> tuple[Span, ...]:
    """Empty lines, and the character of each attachment."""
    found: list[Span] = []
    at = number = 0
    for i, one in enumerate(paragraphs):
        line = one.text + "\n" * (ends or i + 1 < len(paragraphs))
        if _is_unsaid(one):
            found.append(Span(at, at, line))
            continue
        if number == len(said) or line.replace(OBJECT, "").rstrip("\n") != said[number]:
            raise NotFoundAgain
        number += 1
        for char in line:
            if char == OBJECT:
                found.append(Span(at, at, char))
            else:
                at += 1
    if number < len(said):
        raise NotFoundAgain
    return tuple(
        Span(place, place, "".join([span.text for span in spans]))
        for place, spans in groupby(found, key=lambda span: span.start)
    )


def _inserted(text: str, unsaid: Sequence[Span]) -> Iterator[str]:
    at = 0
    for span in unsaid:
        yield text[at : span.start]
        yield span.text
        at = span.start
    yield text[at:]


def _by_character(paragraphs: Sequence[Paragraph], *, is_open: bool) -> tuple[str, Marks]:
    runs = runs_of(paragraphs)
    text, marks = "".join([part for part, _ in runs]), Marks([found for part, found in runs for _ in part])
    return (text[:-1], marks[:-1]) if is_open and text.endswith("\n") and not marks[-1] else (text, marks)


# -- what comes back


def read_back(told: Told, edited: str) -> tuple[str, Marks]:
    """What markdown that was edited says; touches no document."""
    return _by_character(from_markdown(edited).paragraphs, is_open=told.is_open)


def take_back_rich(view: ViewDocument, base: str, told: Told, read: tuple[str, Marks]) -> bool:
    """Make in the pad what was made of the markdown; whether there was anything."""
    text, marks = read
    present = view.text()
    mine, theirs = difference(told.text, text), difference(base, present)
    in_base = _kept(len(told.text), told.unsaid)
    kept = _kept(len(base), theirs)
    in_present, in_new = [kept[at] for at in in_base], _kept(len(told.text), mine)
    offsets = Offsets(present)
    old, new = _named_as_here(view, offsets, (told.marks, marks), (in_present, in_new), text)
    formats = _format_changes(old, new, in_new, in_present)
    for first, last, changed in formats:
        view.format(offsets.at(first), offsets.at(last), changed)
    edits: list[TextEdit] = []
    for span in _brought(mine, told.unsaid, theirs):
        start, end = offsets.at(span.start), offsets.at(span.end)
        pieces = list(_runs_between(text, new, span.came, span.came + len(span.text))) if span.text else []
        for piece, found in pieces or [("", {})]:
            edits.append(TextEdit(start, end, piece, found if piece else None))
            start = end
    view.replace_all(edits)
    return bool(formats or edits)


def _brought(mine: Sequence[Span], unsaid: Sequence[Span], theirs: Sequence[Span]) -> Iterator[Span]:
    """The edits of the markdown in characters of the present text.

    At empty lines, whole lines come before them, and the beginning of a line behind.
    """
    lines, inside, here = Places(unsaid), Places(unsaid, after=True), Places(theirs)
    for edit in mine:
        for part in (lines if edit.text.endswith("\n") else inside).brought(edit):
            yield from here.brought(part)


def _runs_between(text: str, marks: Marks, start: int, end: int) -> Iterator[tuple[str, Attributes]]:
    for _, group in groupby(range(start, end), key=lambda at: (text[at] == "\n", sorted(marks[at].items()))):
        found = list(group)
        yield text[found[0] : found[-1] + 1], marks[found[0]]


def _format_changes(
    old: Marks, new: Marks, in_new: Sequence[int], in_present: Sequence[int]
) -> list[tuple[int, int, Attributes]]:
    """Marks to set on characters that both sides kept, as ranges of the present text."""
    found: list[tuple[int, int, Attributes]] = []
    for marks, there, here in zip(old, in_new, in_present, strict=True):
        if there < 0 or here < 0 or new[there] == marks:
            continue
        wanted = {key: new[there].get(key) for key in {*marks, *new[there]}}
        wanted = {key: value for key, value in wanted.items() if value != marks.get(key)}
        if found and found[-1][1] == here and found[-1][2] == wanted:
            found[-1] = (found[-1][0], here + 1, wanted)
        else:
            found.append((here, here + 1, wanted))
    return found


def _kept(size: int, spans: Sequence[Span]) -> list[int]:
    """Where each character of the old text is in the other; -1 where it is gone."""
    places = list(range(size))
    shift, before = 0, 0
    for start, end, text, _ in spans:
        places[before:start] = range(before + shift, start + shift)
        places[start:end] = [-1] * (end - start)
        shift += len(text) - (end - start)
        before = end
    places[before:] = range(before + shift, size + shift)
    return places


# -- tables


def _named_as_here(
    view: ViewDocument,
    offsets: Offsets,
    marks: tuple[Marks, Marks],
    places: tuple[list[int], list[int]],
    text: str,
) -> tuple[Marks, Marks]:
    """The same with the names that the pad's cells have: markdown counts tables, rows and columns anew."""
    assert view.marks is not None
    old, new = list(marks[0]), list(marks[1])
    known: dict[tuple[str, ...], str] = {}
    for at, (here, there) in enumerate(zip(*places, strict=True)):
        if "table" not in old[at] or here < 0:
            continue
        own = dict(view.marks.marks_at(offsets.at(here))).get("table", old[at]["table"])
        old[at] = {**old[at], "table": own}
        if there >= 0 and "table" in new[there]:
            table, row, column = _parts(new[there]["table"])
            for key, name in zip(
                [(table,), ("row", table, row), ("column", table, column)], _parts(own), strict=True
            ):
                known.setdefault(key, name)
    cells = [at for at, char in enumerate(text) if char == "\n" and "table" in new[at]]
    used = {
        _parts(value)[0]
        for found in view.marks.lines(0, len(view.lines))
        for key, value in found.block
        if key == "table"
    }
    for table, group in groupby(cells, key=lambda at: _parts(new[at]["table"])[0]):
        own_cells = list(group)
        name = known.get((table,), "")
        if not name:
            name = next(str(n) for n in range(1, len(used) + 2) if str(n) not in used)
            used.add(name)
        rows, columns = (_names(new, own_cells, known, kind) for kind in (1, 2))
        for at in own_cells:
            _, row, column = _parts(new[at]["table"])
            new[at] = {**new[at], "table": f"{name}/{rows[row]}/{columns[column]}"}
    return old, new


def _names(
    new: Marks, cells: Sequence[int], known: Mapping[tuple[str, ...], str], part: int
) -> dict[str, str]:
    """The rows or columns of one table by what markdown calls them."""
    table = _parts(new[cells[0]]["table"])[0]
    found = sorted({_parts(new[at]["table"])[part] for at in cells}, key=lambda name: (len(name), name))
    kind = ("", "row", "column")[part]
    return dict(zip(found, numbered([known.get((kind, table, name), "") for name in found]), strict=True))


def _parts(value: object) -> tuple[str, str, str]:
    table, row, column = [*str(value).split("/", 2), "", ""][:3]
    return table, row, column
