"""A pad's text on its way to another program and back: as it is, or as markdown where it is rich text.

What comes back is the difference, merged with what others wrote meanwhile. It must never give out a text that
the way back would change by itself, and never take back anybody's words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from cryptpad_tui.crdt.clean import find_unclean
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.merge import Offsets, Span, difference, merged_edits, merged_spans
from cryptpad_tui.crdt.values import Attributes, TextEdit
from cryptpad_tui.engine.errors import EngineError

if TYPE_CHECKING:
    from cryptpad_tui.crdt.view import ViewDocument

_Run = tuple[str, Attributes]


class CannotGoOutside(EngineError):
    """This pad cannot go to another program and come back whole, so it stays here. Edit it here, or export a
    copy."""


class UncleanFromOutside(EngineError):
    """The editor left something that a pad cannot hold; the pad is as it was."""


@dataclass(frozen=True, slots=True)
class GivenOut:
    """What another program is given; `runs` is the rich text that it stands for."""

    text: str = field(repr=False)
    base: str = field(repr=False)
    suffix: str
    runs: tuple[_Run, ...] | None = field(default=None, repr=False)


def given_out(view: ViewDocument) -> GivenOut:
    """The text for another program; raises CannotGoOutside where markdown does not hold all of it."""
    base = view.text()
    if view.kind is PadKind.TEXT:
        return GivenOut(base, base, ".md")
    from cryptpad_tui.convert.markdown_in import from_markdown
    from cryptpad_tui.convert.markdown_out import to_markdown
    from cryptpad_tui.convert.model import paragraphs_of, runs_of

    paragraphs = paragraphs_of(view.runs())
    made = to_markdown(paragraphs)
    if made.lost:
        raise CannotGoOutside(f"markdown has no {', no '.join(made.lost)}")
    text = made.data.decode()
    runs = runs_of(paragraphs)
    if runs_of(from_markdown(text).paragraphs) != runs:
        raise CannotGoOutside("markdown would change it")
    return GivenOut(text, base, ".md", tuple(_without_added_end(runs, base)))


def text_from_outside(data: bytes, given: GivenOut) -> str:
    """What the program left, as a pad may hold it; raises UncleanFromOutside with the place.

    Editors end the last line by themselves, so a line end alone is no edit.
    """
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        raise UncleanFromOutside(f"{_place(before)}: not UTF-8") from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if unclean := find_unclean(text):
        code = ord(unclean.group())
        raise UncleanFromOutside(f"{_place(text[: unclean.start()])}: the control character U+{code:04X}")
    return text[:-1] if text.endswith("\n") and not given.text.endswith("\n") else text


def readable(data: bytes) -> str:
    """All that can be kept of what the program left: what no pad can hold is shown as U+FFFD."""
    text = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return "".join("\ufffd" if find_unclean(char) else char for char in text) if find_unclean(text) else text


def take_back(view: ViewDocument, given: GivenOut, edited: str) -> bool:
    """Make in the pad what was made outside; whether there was anything."""
    if edited == given.text:
        return False
    if given.runs is None:
        view.replace_all(merged_edits(given.base, edited, view.text()))
        return True
    from cryptpad_tui.convert.markdown_in import from_markdown
    from cryptpad_tui.convert.model import runs_of

    wanted = runs_of(from_markdown(edited).paragraphs)
    return _take_back_rich(view, given.base, given.runs, _without_added_end(wanted, given.base))


def _take_back_rich(view: ViewDocument, base: str, before: Sequence[_Run], after: Sequence[_Run]) -> bool:
    edited, present = "".join(text for text, _ in after), view.text()
    old, new = _by_character(before), _by_character(after)
    offsets = Offsets(present)
    formats = _format_changes(old, new, difference(base, edited), difference(base, present))
    for first, last, marks in formats:
        view.format(offsets.at(first), offsets.at(last), marks)
    edits: list[TextEdit] = []
    for span in merged_spans(base, edited, present):
        start, end = offsets.at(span.start), offsets.at(span.end)
        pieces = list(_runs_between(edited, new, span.came, span.came + len(span.text))) if span.text else []
        for text, marks in pieces or [("", {})]:
            edits.append(TextEdit(start, end, text, marks if text else None))
            start = end
    view.replace_all(edits)
    return bool(formats or edits)


def _by_character(runs: Sequence[_Run]) -> list[Attributes]:
    return [marks for text, marks in runs for _ in text]


def _runs_between(text: str, marks: Sequence[Attributes], start: int, end: int) -> Iterator[_Run]:
    for _, group in groupby(range(start, end), key=lambda at: (text[at] == "\n", sorted(marks[at].items()))):
        found = list(group)
        yield text[found[0] : found[-1] + 1], marks[found[0]]


def _format_changes(
    old: Sequence[Attributes], new: Sequence[Attributes], mine: Sequence[Span], theirs: Sequence[Span]
) -> list[tuple[int, int, Attributes]]:
    """Marks to set on characters that both sides kept, as ranges of the present text."""
    in_new, in_present = _kept(len(old), mine), _kept(len(old), theirs)
    found: list[tuple[int, int, Attributes]] = []
    for at, marks in enumerate(old):
        there, here = in_new[at], in_present[at]
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


def _without_added_end(runs: Sequence[_Run], base: str) -> list[_Run]:
    """Without the line end that a text gets as paragraphs, where the pad's last line has none."""
    kept = list(runs)
    if kept and not base.endswith("\n") and kept[-1] == ("\n", {}):
        kept.pop()
    return kept


def _place(before: str) -> str:
    lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return f"line {len(lines)}, column {len(lines[-1]) + 1}"
