"""Pictures inside files: which bytes are one, how large it is, and how many of a file are taken.

By the first bytes alone, never by a name or a declared type; nothing is decoded here, and nothing fetched.
What a reader finds stands in the text as an object `import:N`, the place in its list of pictures.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from typing import Final

from cryptpad_tui.convert.archive import Archive, Limits
from cryptpad_tui.convert.errors import NotConverted
from cryptpad_tui.convert.model import IMPORTED, OBJECT, Losses, Picture, Piece, clean
from cryptpad_tui.crdt.values import AttributeValue

SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".gif")
MAX_BYTES: Final = 16 * 2**20
MAX_ALL_BYTES: Final = 64 * 2**20
MAX_PICTURES: Final = 250
MAX_NAME: Final = 80
_PNG: Final = struct.Struct(">8sI4sII")
_GIF: Final = struct.Struct("<6sHH")
_DATA: Final = re.compile(r"data:image/[a-z0-9.+-]{1,40}(?:;[a-z0-9=._-]{1,60}){0,3};base64,", re.IGNORECASE)
_MAX_SEGMENTS: Final = 1_000
_NOT_FRAMES: Final = frozenset({0xC4, 0xC8, 0xCC})


def picture_of(data: bytes, name: str = "") -> Picture | None:
    """None where it is no picture of a kind that is known, or too large."""
    if len(data) > MAX_BYTES:
        return None
    for kind, measure in (("png", _png_size), ("jpg", _jpeg_size), ("gif", _gif_size)):
        size = measure(data)
        if size is not None and all(size):
            return Picture(data, kind, *size, name=_named(name, kind))
    return None


def _named(name: str, kind: str) -> str:
    stem = clean(name).replace("/", " ").strip()
    stem = re.sub(r"\.(?:png|jpe?g|gif)$", "", stem, flags=re.IGNORECASE)[:MAX_NAME].strip(" .")
    return f"{stem or 'picture'}.{kind}"


def _png_size(data: bytes) -> tuple[int, int] | None:
    if len(data) < _PNG.size:
        return None
    signature, length, kind, width, height = _PNG.unpack_from(data)
    is_one = signature == b"\x89PNG\r\n\x1a\n" and length == 13 and kind == b"IHDR"
    return (width, height) if is_one else None


def _gif_size(data: bytes) -> tuple[int, int] | None:
    if len(data) < _GIF.size or data[:6] not in (b"GIF87a", b"GIF89a"):
        return None
    _, width, height = _GIF.unpack_from(data)
    return width, height


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """By the first segment that begins a frame."""
    if data[:3] != b"\xff\xd8\xff":
        return None
    at = 2
    for _ in range(_MAX_SEGMENTS):
        if at + 9 > len(data) or data[at] != 0xFF:
            return None
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in _NOT_FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        if length < 2 or marker in (0xD8, 0xD9, 0xDA):
            return None
        at += 2 + length
    return None


class Pictures:
    """Those of one file that is read."""

    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self._left = MAX_ALL_BYTES
        self._places: dict[bytes, int] = {}
        self.made: list[Picture] = []

    def piece(
        self, data: bytes | None, name: str = "", marks: tuple[tuple[str, AttributeValue], ...] = ()
    ) -> Piece | None:
        """What stands for it in the text; None where it is left out, which is named."""
        if data is not None and data in self._places:
            return self._standing(self._places[data], marks)
        picture = picture_of(data, name) if data else None
        if picture is None or len(picture.data) > self._left or len(self.made) >= MAX_PICTURES:
            self._losses.add("images")
            return None
        self._left -= len(picture.data)
        self._places[picture.data] = len(self.made)
        self.made.append(picture)
        return self._standing(len(self.made) - 1, marks)

    @staticmethod
    def _standing(place: int, marks: tuple[tuple[str, AttributeValue], ...]) -> Piece:
        linked = [mark for mark in marks if mark[0] == "link"]
        return Piece(OBJECT, tuple(sorted([*linked, ("object", f"{IMPORTED}{place}")])))


class Parts:
    """The pictures in a zip file, each unpacked once: a text of strangers may show one a million times."""

    def __init__(self, data: bytes) -> None:
        self._known: dict[str, bytes | None] = {}
        try:
            self._archive: Archive | None = Archive(data, wanted=SUFFIXES, limits=Limits(total=MAX_ALL_BYTES))
        except NotConverted:
            self._archive = None

    def find(self, name: str) -> bytes | None:
        """The bytes of one; None where there is none, or a damaged one."""
        if name not in self._known:
            try:
                self._known[name] = self._archive.find(name) if self._archive else None
            except NotConverted:
                self._known[name] = None
        return self._known[name]


def data_of(address: str) -> bytes | None:
    """The bytes that a `data:` address of an image holds itself."""
    found = _DATA.match(address)
    if found is None or len(address) > 2 * MAX_BYTES:
        return None
    try:
        return base64.b64decode(re.sub(r"\s+", "", address[found.end() :]), validate=True)
    except (binascii.Error, ValueError):
        return None


def data_address(picture: Picture) -> str:
    """The picture as an address that needs nothing else."""
    return f"data:{picture.mime};base64,{base64.b64encode(picture.data).decode('ascii')}"


def fitted(picture: Picture, *, width: float, height: float) -> tuple[float, float]:
    """How large it is on paper, in inches: as on a screen of 96 points an inch, but no larger than this."""
    scale = min(1.0, 96 * width / picture.width, 96 * height / picture.height)
    wide, high = picture.width / 96 * scale, picture.height / 96 * scale
    # What is divided and multiplied again may come out a little larger.
    return max(0.01, min(width, wide)), max(0.01, min(height, high))
