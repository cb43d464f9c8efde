"""Zip files of strangers, opened with every count and size bounded: docx, odt, and downloads of whole drives.

Nothing is ever written to a disk by its name, and no XML with a document type reaches a parser, so that no
entity can grow. A part is read to the size that it declares and no further; their sum is bounded first.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final

from cryptpad_tui.convert.errors import NotConverted

MAX_PARTS: Final = 4_000
MAX_XML_BYTES: Final = 48 * 1024 * 1024
MAX_RATIO: Final = 300
MAX_TAGS: Final = 3_000_000
"""In all XML of one file: a parsed element takes ten times its place in the text."""
MAX_NAME: Final = 4_096
MAX_INDEXED: Final = 100_000
"""Parts that an index may name before it is read at all; those of archives inside count, too."""
_INDEXED: Final = b"PK\x01\x02"
_RATIO_FROM: Final = 1024 * 1024
"""Below this size nothing is a bomb, however well it was pressed."""
_ENCRYPTED: Final = 1
_PLAIN_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCODING: Final = re.compile(rb"\A<\?xml[^>]*?\bencoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one archive may hold."""

    parts: int = MAX_PARTS
    total: int = MAX_XML_BYTES
    ratio: int = MAX_RATIO


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive; its bytes are read when they are asked for."""

    name: str
    size: int
    info: zipfile.ZipInfo = field(repr=False)


class Archive:
    """An archive whose index has been checked. `wanted` says by suffix which parts count and can be read."""

    def __init__(self, data: bytes, *, wanted: tuple[str, ...] = (), limits: Limits | None = None) -> None:
        limits = limits or Limits()
        if data.count(_INDEXED) > MAX_INDEXED:
            raise NotConverted(f"it has too many parts; at most {limits.parts}")
        try:
            self._zip = zipfile.ZipFile(BytesIO(data))
            infos = self._zip.infolist()
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, IndexError) as error:
            raise NotConverted("it is no zip archive, or a damaged one") from error
        if len(infos) > limits.parts:
            raise NotConverted(f"it has {len(infos)} parts; at most {limits.parts}")
        self.names = tuple([info.filename for info in infos])
        if any(len(name) > MAX_NAME for name in self.names):
            raise NotConverted("a part of it has a name without end")
        if len(set(self.names)) != len(self.names):
            raise NotConverted("two of its parts have the same name")
        self.members = tuple(
            [
                Member(info.filename, info.file_size, info)
                for info in infos
                if not info.is_dir() and (not wanted or info.filename.lower().endswith(wanted))
            ]
        )
        self._by_name = {member.name: member for member in self.members}
        _require_bounded(self.members, limits)

    def read(self, member: Member) -> bytes:
        """The whole of one part."""
        try:
            with self._zip.open(member.info) as stream:
                data = stream.read(member.size + 1)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError) as error:
            raise NotConverted("a part of it is damaged") from error
        if len(data) != member.size:
            raise NotConverted("a part of it is not as long as it says")
        return data

    def find(self, name: str) -> bytes | None:
        """The bytes of a part by its name, or None."""
        member = self._by_name.get(name)
        return None if member is None else self.read(member)


def _require_bounded(members: tuple[Member, ...], limits: Limits) -> None:
    total = 0
    for member in members:
        info = member.info
        if info.flag_bits & _ENCRYPTED:
            raise NotConverted("it is protected by a password")
        if info.compress_type not in _PLAIN_METHODS:
            raise NotConverted("it is packed in an unusual way")
        total += member.size
        if member.size > _RATIO_FROM and member.size > limits.ratio * max(1, info.compress_size):
            raise NotConverted("a part of it would grow beyond all measure")
    if total > limits.total:
        raise NotConverted(f"it would be {total} bytes unpacked; at most {limits.total}")


def safe_xml(data: bytes) -> bytes:
    """XML as it is, if it is UTF-8 and has no document type; raises NotConverted."""
    start = data.removeprefix(_BOM)
    if not start.startswith(b"<") or b"\0" in data:
        raise NotConverted("a part of it is not XML in UTF-8")
    encoding = _ENCODING.match(start)
    if encoding is not None and encoding[1].lower() not in (b"utf-8", b"us-ascii", b"ascii"):
        raise NotConverted("a part of it is not XML in UTF-8")
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise NotConverted("it declares XML entities, which an honest document does not")
    if data.count(b"<") > MAX_TAGS:
        raise NotConverted("it has more elements than an honest document")
    return data


def without_foreign_parts(data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """An office file with its XML checked and every other part emptied, and the names of all its parts."""
    archive = Archive(data, wanted=(".xml", ".rels"))
    out = BytesIO()
    kept = {member.name for member in archive.members}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as written:
        tags = 0
        for member in archive.members:
            xml = safe_xml(archive.read(member))
            tags += xml.count(b"<")
            if tags > MAX_TAGS:
                raise NotConverted("it has more elements than an honest document")
            written.writestr(member.name, xml)
        for name in archive.names:
            if name not in kept and not name.endswith("/"):
                written.writestr(name, b"")
    return out.getvalue(), archive.names
