"""What is asked of the process that reads strangers' files, and its answers, which are strangers' themselves.

request: u8 op | READ, EMPTY: u8 len, suffix | the file
               | LIST: the archive | MEMBER: u32 place
reply:   u8 DONE | READ: formats, runs, text, losses, pictures | EMPTY, MEMBER: the bytes
                 | LIST: u32 members × (u16 len, name | u64 size)
         u8 another status | u8 len, reason

formats  u32 × (u8 count × (u8 place of the key in the vocabulary | u8 kind | value))
runs     u32 × (u32 characters | u32 place of the format), then u32 len, their text
losses   u8 × (u8 len, words)
pictures u16 × (u16 len, name | u32 len, bytes)

Whatever took the reader over says what it likes: here each count and length is bounded before anything is
made of it, and nothing comes out that a pad could not hold, or that our own readers could not have found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptpad_tui.convert.links import address_of
from cryptpad_tui.convert.model import IMPORTED, OBJECT, Losses, Picture
from cryptpad_tui.convert.pictures import MAX_ALL_BYTES, MAX_PICTURES, picture_of
from cryptpad_tui.crdt.clean import require_clean, require_formats
from cryptpad_tui.crdt.errors import DocumentError
from cryptpad_tui.crdt.kinds import BLOCK_KEYS, INLINE_KEYS, PadKind
from cryptpad_tui.crdt.values import Attributes, AttributeValue
from cryptpad_tui.host.keyless_wire import BadFrame, Cutter

READ, EMPTY, LIST, MEMBER = range(4)
DONE, REFUSED, TOO_LARGE, NOT_RICH, NO_ARCHIVE = range(5)

MAX_ASKED: Final = 257 * 2**20
MAX_ANSWERED: Final = 192 * 2**20
MAX_RUNS: Final = 2_000_000
MAX_MEMBERS: Final = 10_000
_MAX_TEXT: Final = 64 * 2**20
_MAX_LOSSES: Final = 64
_KEYS: Final = tuple(sorted(INLINE_KEYS | BLOCK_KEYS))
_PLACES: Final = {key: place for place, key in enumerate(_KEYS)}
_TRUE, _NUMBER, _TEXT = range(3)
_WORDS: Final = re.compile(r"[A-Za-z0-9 ,;()'%.-]{1,120}", re.ASCII).fullmatch
"""What our own readers say of a file: no address, no command, no second line."""

Runs = list[tuple[str, Attributes]]


@dataclass(frozen=True, slots=True)
class RichFile:
    """What a file says, as a pad may hold it, and what had to be left out."""

    runs: Runs = field(repr=False)
    lost: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = field(default=(), repr=False)


def encode_rich(
    runs: Iterable[tuple[str, Attributes]], lost: Sequence[str], shown: Sequence[Picture]
) -> bytes:
    """The answer to READ."""
    formats: dict[tuple[tuple[str, AttributeValue], ...], int] = {}
    placed, texts = list[bytes](), list[str]()
    for text, attributes in runs:
        place = formats.setdefault(tuple(attributes.items()), len(formats))
        placed.append(_u(len(text), 4) + _u(place, 4))
        texts.append(text)
    text_bytes = "".join(texts).encode()
    out = [_u(len(formats), 4), *map(_format, formats), _u(len(placed), 4), *placed]
    out += [_u(len(text_bytes), 4), text_bytes, _u(len(lost), 1)]
    out += [_short(words, 1) for words in lost]
    out.append(_u(len(shown), 2))
    out += [_short(one.name, 2) + _u(len(one.data), 4) + one.data for one in shown]
    return b"".join(out)


def decode_rich(cut: Cutter) -> RichFile:
    """The answer to READ, checked; raises BadFrame."""
    try:
        formats = [_cut_format(cut) for _ in range(_count(cut, MAX_RUNS))]
        spans = [(cut.number(4), cut.number(4)) for _ in range(_count(cut, MAX_RUNS))]
        text = cut.piece(_count(cut, _MAX_TEXT)).decode()
        require_clean(text)
        lost = [cut_words(cut) for _ in range(_count(cut, _MAX_LOSSES, 1))]
        pictures = _cut_pictures(cut)
        cut.finish()
        return RichFile(_checked_runs(spans, text, formats, len(pictures)), tuple(lost), pictures)
    except (UnicodeDecodeError, DocumentError):
        raise BadFrame("what no pad can hold") from None


def encode_members(members: Iterable[tuple[str, int]]) -> bytes:
    """The answer to LIST."""
    found = [_short(name, 2) + _u(size, 8) for name, size in members]
    return b"".join([_u(len(found), 4), *found])


def decode_members(cut: Cutter) -> list[tuple[str, int]]:
    """The answer to LIST; what the names lead to is for the caller to judge. Raises BadFrame."""
    try:
        found = [(cut.piece(cut.number(2)).decode(), cut.number(8)) for _ in range(_count(cut, MAX_MEMBERS))]
    except UnicodeDecodeError:
        raise BadFrame("a name that is none") from None
    cut.finish()
    return found


def encode_reason(status: int, reason: str = "") -> bytes:
    """Another answer than what was asked for."""
    return _u(status, 1) + _short(reason[:120], 1)


def cut_words(cut: Cutter) -> str:
    """Words of our own about a file; raises BadFrame where ours could not be such."""
    words = cut.piece(cut.number(1)).decode("ascii", "replace")
    if not _WORDS(words):
        raise BadFrame("words that are none of ours")
    return words


def _format(attributes: tuple[tuple[str, AttributeValue], ...]) -> bytes:
    out = [_u(len(attributes), 1)]
    for key, value in attributes:
        out.append(_u(_PLACES[key], 1))
        if value is True:
            out.append(_u(_TRUE, 1))
        elif isinstance(value, int):
            out.append(_u(_NUMBER, 1) + _u(value, 4))
        else:
            out.append(_u(_TEXT, 1) + _short(str(value), 2))
    return b"".join(out)


def _cut_format(cut: Cutter) -> dict[str, AttributeValue]:
    made: dict[str, AttributeValue] = {}
    for _ in range(_count(cut, len(_KEYS), 1)):
        place, kind = cut.number(1), cut.number(1)
        if place >= len(_KEYS) or kind > _TEXT:
            raise BadFrame("a format of no pad")
        made[_KEYS[place]] = (
            True if kind == _TRUE else cut.number(4) if kind == _NUMBER else cut.piece(cut.number(2)).decode()
        )
    require_formats(PadKind.RICHTEXT, made)
    link = made.get("link")
    if link is not None and (not isinstance(link, str) or address_of(link, Losses()) != link):
        raise BadFrame("an address that no pad should lead to")
    return made


def _checked_runs(
    spans: Sequence[tuple[int, int]],
    text: str,
    formats: Sequence[Mapping[str, AttributeValue]],
    pictures: int,
) -> Runs:
    runs: Runs = []
    objects = {f"{IMPORTED}{place}" for place in range(pictures)}
    at = 0
    for length, place in spans:
        if length > len(text) - at or place >= len(formats):
            raise BadFrame("a run that is not there")
        piece, attributes = text[at : at + length], formats[place]
        at += length
        _require_fitting(piece, attributes, objects)
        runs.append((piece, attributes))
    if at != len(text):
        raise BadFrame("text that is in no run")
    return runs


def _require_fitting(piece: str, attributes: Mapping[str, AttributeValue], objects: set[str]) -> None:
    """Blocks on line ends, marks on what is in a line, and an object where a picture of the file stands."""
    fitting = BLOCK_KEYS if piece == "\n" else INLINE_KEYS
    if not attributes.keys() <= fitting or ("\n" in piece and piece != "\n"):
        raise BadFrame("a format in the wrong place")
    if "object" in attributes and (attributes["object"] not in objects or piece.strip(OBJECT)):
        raise BadFrame("an object of no picture")


def _cut_pictures(cut: Cutter) -> tuple[Picture, ...]:
    made, left = list[Picture](), MAX_ALL_BYTES
    for _ in range(_count(cut, MAX_PICTURES, 2)):
        name = cut.piece(cut.number(2)).decode()
        data = cut.piece(_count(cut, left))
        left -= len(data)
        # By its bytes alone: what the reader says of their kind and size is not asked for.
        picture = picture_of(data, name)
        if picture is None:
            raise BadFrame("a picture that is none")
        made.append(picture)
    return tuple(made)


def _count(cut: Cutter, most: int, width: int = 4) -> int:
    count = cut.number(width)
    if count > most:
        raise BadFrame("more than there may be")
    return count


def _u(number: int, width: int) -> bytes:
    return number.to_bytes(width, "big")


def _short(text: str, width: int) -> bytes:
    raw = text.encode()
    return _u(len(raw), width) + raw
