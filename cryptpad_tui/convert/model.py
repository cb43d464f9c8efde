"""Rich text as paragraphs, between a pad's runs and the formats of files.

A paragraph is a line: its pieces of text with their marks, and the block format of the line end. Every reader
makes these, every writer takes them, and both say by name what the other side cannot hold. Nothing here may
produce a key or a value outside the closed vocabulary of the pad kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Final

from cryptpad_tui.crdt.clean import find_unclean
from cryptpad_tui.crdt.kinds import BLOCK_KEYS, INLINE_KEYS
from cryptpad_tui.crdt.values import Attributes, AttributeValue

OBJECT: Final = "\N{OBJECT REPLACEMENT CHARACTER}"
"""The one character of an attachment."""
IMPORTED: Final = "import:"
"""How an object begins that stands for a picture of the file that is read."""
_marks_of: Final = attrgetter("marks")
MAX_VALUE_BYTES: Final = 900
MAX_INDENT: Final = 8
_MAX_LOOKED_AT: Final = 20 * MAX_VALUE_BYTES
"""What is longer is no address: a file may name one of megabytes a million times."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of one line that carries the same marks."""

    text: str = field(repr=False)
    marks: tuple[tuple[str, AttributeValue], ...] = ()


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One line of rich text."""

    pieces: tuple[Piece, ...] = ()
    block: tuple[tuple[str, AttributeValue], ...] = ()

    @property
    def text(self) -> str:
        return "".join([piece.text for piece in self.pieces])

    def get(self, key: str) -> AttributeValue:
        """A value of the block format, or None."""
        return dict(self.block).get(key)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in a file, as its bytes are."""

    data: bytes = field(repr=False)
    kind: str
    """How a name of such a file ends: png, jpg or gif."""
    width: int
    height: int
    name: str = field(default="", repr=False)
    place: str = ""
    """Where it lies beside the text; empty where it goes into it."""

    @property
    def mime(self) -> str:
        return "image/jpeg" if self.kind == "jpg" else f"image/{self.kind}"


Shown = Mapping[str, Picture]
"""Pictures by what their objects in the text say."""


@dataclass(frozen=True, slots=True)
class Converted:
    """What a writer made, and what it had to leave out, each as a few words for a person."""

    data: bytes = field(repr=False)
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """What a reader understood, and what it had to leave out."""

    paragraphs: tuple[Paragraph, ...] = field(repr=False)
    lost: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = field(default=(), repr=False)
    """Those that objects named `import:N` stand for."""


def marks_of(attributes: Mapping[str, AttributeValue]) -> tuple[tuple[str, AttributeValue], ...]:
    """The marks among attributes, as a sorted value."""
    return _chosen(attributes, INLINE_KEYS)


def block_of(attributes: Mapping[str, AttributeValue]) -> tuple[tuple[str, AttributeValue], ...]:
    """The block formats among attributes, as a sorted value."""
    return _chosen(attributes, BLOCK_KEYS)


def _chosen(
    attributes: Mapping[str, AttributeValue], keys: frozenset[str]
) -> tuple[tuple[str, AttributeValue], ...]:
    kept = [(key, _plain(value)) for key, value in attributes.items() if key in keys and value is not None]
    return tuple(sorted(kept))


def _plain(value: AttributeValue) -> AttributeValue:
    """A whole number as one: the engine gives every number back with a fraction."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def paragraph(pieces: Iterable[Piece], block: Mapping[str, AttributeValue] | None = None) -> Paragraph:
    """A paragraph with neighbouring pieces of the same marks made one, and empty ones left out."""
    told = (piece for piece in pieces if piece.text)
    made = [Piece("".join([one.text for one in same]), marks) for marks, same in groupby(told, _marks_of)]
    return Paragraph(tuple(made), block_of(block or {}))


def paragraphs_of(runs: Iterable[tuple[str, Attributes]]) -> list[Paragraph]:
    """A pad's runs as paragraphs; the last is there only if text follows the last line end."""
    made: list[Paragraph] = []
    open_pieces: list[Piece] = []
    for text, attributes in runs:
        parts = text.split("\n")
        for i, part in enumerate(parts):
            open_pieces.append(Piece(part, marks_of(attributes)))
            if i + 1 < len(parts):
                made.append(paragraph(open_pieces, attributes))
                open_pieces = []
    last = paragraph(open_pieces)
    return [*made, last] if last.pieces else made


def runs_of(paragraphs: Iterable[Paragraph]) -> list[tuple[str, dict[str, AttributeValue]]]:
    """Paragraphs as runs of text with attributes; each paragraph ends with a line end."""
    runs: list[tuple[str, dict[str, AttributeValue]]] = []
    for one in paragraphs:
        runs += [(clean(piece.text), dict(piece.marks)) for piece in one.pieces]
        runs.append(("\n", dict(one.block)))
    return runs


def clean(text: str) -> str:
    """Text of a file as a line of a pad may hold it."""
    text = text.replace("\r\n", " ").replace("\n", " ").replace("\r", " ")
    return text if find_unclean(text) is None else "".join([c for c in text if find_unclean(c) is None])


def usable_value(value: str) -> str:
    """A link or a language from a file, short and clean enough for a pad; empty where it is not."""
    if len(value) > _MAX_LOOKED_AT:
        return ""
    value = clean(value).strip()
    return value if len(value.encode()) <= MAX_VALUE_BYTES and not {'"', "\\"} & set(value) else ""


def without_trailing_empty(paragraphs: list[Paragraph]) -> list[Paragraph]:
    """Without the empty plain paragraphs at the end."""
    while paragraphs and not paragraphs[-1].pieces and not paragraphs[-1].block:
        paragraphs.pop()
    return paragraphs


Cell = list[Paragraph]
_Rank = tuple[int, str]
_PADDED: Final = 10_000
"""So many empty cells are filled in without asking."""


def cells_of(group: Sequence[Paragraph]) -> list[list[Cell]]:
    """The paragraphs of one table as rows of cells, in the order of their numbers; a missing cell is empty.

    Lines of the same place are one cell. Numbers are ranks: a table whose cells lie far apart is not padded.
    """
    placed: dict[tuple[_Rank, _Rank], Cell] = {}
    for one in group:
        parts = str(one.get("table")).split("/")
        row, column = (*parts[1:3], "", "")[:2]
        placed.setdefault((_rank(row), _rank(column)), []).append(one)
    rows = sorted({row for row, _ in placed})
    columns = sorted({column for _, column in placed})
    if len(rows) * len(columns) <= 4 * len(placed) + _PADDED:
        return [[placed.get((row, column), []) for column in columns] for row in rows]
    ragged: dict[_Rank, list[Cell]] = {row: [] for row in rows}
    for place in sorted(placed):
        ragged[place[0]].append(placed[place])
    return list(ragged.values())


def _rank(number: str) -> _Rank:
    return (
        (int(number), "") if number.isascii() and number.isdigit() and len(number) < 10 else (10**9, number)
    )


class Losses:
    """Collects what cannot be said, each once, in the order in which it was met."""

    def __init__(self) -> None:
        self._seen: dict[str, None] = {}

    def add(self, words: str) -> None:
        """Note something, such as "colours"."""
        self._seen[words] = None

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(self._seen)
