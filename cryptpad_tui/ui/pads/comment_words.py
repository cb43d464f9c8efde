"""What a person reads of a comment. Pure; names and texts of others become safe for a terminal here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptpad_relay.protocol.term_safe import term_safe, term_safe_name
from cryptpad_tui.comments.book import Place
from cryptpad_tui.comments.model import Remark, Thread
from cryptpad_tui.ui import words
from cryptpad_tui.ui.standing_words import Paragraph

if TYPE_CHECKING:
    from cryptpad_tui.engine.authors import Author

Make = Callable[[str], None]
_GONE = "The text that this was about is gone."


@dataclass(frozen=True, slots=True)
class Told:
    """One thread as a person reads it; `line` is -1 where nobody knows any more."""

    thread: Thread = field(repr=False)
    line: int
    heading: str = field(repr=False)
    author: str = field(repr=False)
    age: str
    paragraphs: Sequence[Paragraph] = field(repr=False)


def told_of(
    thread: Thread,
    place: Place | None,
    writers: Mapping[str, int],
    authors: Mapping[int, Author],
    now_ms: int,
) -> Told:
    """`writers` are the clients of the map's values, `authors` the verified writers of clients."""
    line = -1 if place is None else place.start.line
    where = f"line {line + 1}" if place is not None else "place unknown"
    names = [
        author_words(remark, authors.get(writers.get(remark.key, 0)), authors) for remark in thread.remarks
    ]
    paragraphs: list[Paragraph] = [(_GONE, "quiet")] if place is None or place.gone else []
    paragraphs += [("Done.", "quiet")] if thread.done else []
    for remark, name in zip(thread.remarks, names, strict=True):
        when = words.age(remark.at_ms, now_ms)
        paragraphs.append((f"{name}{', ' + when if when else ''}:\n{term_safe(remark.text)}", ""))
    heading = f"“{short(thread.quote, 48)}” ({where})"
    return Told(thread, line, heading, names[0], words.age(thread.root.at_ms, now_ms), paragraphs)


def author_words(remark: Remark, author: Author | None, authors: Mapping[int, Author]) -> str:
    """Who wrote it: by signature, else by what somebody says."""
    said = words.safe_title(remark.says)
    if author is None:
        return f"says “{said}”, not verified"
    name = author_name(author, authors)
    return name if author.me or author.name == remark.says else f"{name} (as “{said}”)"


def author_name(author: Author, authors: Mapping[int, Author]) -> str:
    """A verified author; two of one name get four characters of their keys."""
    name = words.safe_title(author.name)
    others = {other.key for other in authors.values() if words.safe_title(other.name) == name}
    shown = f"{name}·{author.mark}" if len(others) > 1 else name
    return f"{shown} (you)" if author.me else shown


def short(text: str, chars: int) -> str:
    """The beginning of a text, on one line, with nothing that could turn round what stands beside it."""
    line = " ".join(term_safe_name(text[: 2 * chars]).split())
    return line if len(line) <= chars else line[: chars - 1] + "…"
