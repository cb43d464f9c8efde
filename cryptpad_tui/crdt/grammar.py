"""The grammar of one update (Yjs v1), read strictly: foreign bytes are hostile until this has read them.

Every number has one accepted encoding, every length is checked before it is read, and every string
is strict UTF-8 and clean. Whether a struct may stand where it stands is the validator's question.
It must never call the engine, and never raise anything but InvalidUpdate.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from cryptpad_tui.crdt.any_value import skip_any
from cryptpad_tui.crdt.clean import (
    MAX_EXACT_INT,
    MAX_FORMAT_BYTES,
    MAX_KEY_BYTES,
    find_unclean,
)
from cryptpad_tui.crdt.errors import InvalidUpdate
from cryptpad_tui.crdt.reader import MAX_CLIENT, MAX_CLOCK, Id, Reader

MAX_NAME_BYTES = 64
"""Of a root or a format key."""

DELETED, STRING, FORMAT, ANY = 1, 4, 6, 8
_SKIP = 10
HAS_ORIGIN, HAS_RIGHT, HAS_KEY = 0x80, 0x40, 0x20

find_astral = re.compile("[\U00010000-\U0010ffff]").finditer
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?").fullmatch


@dataclass(frozen=True, slots=True)
class Limits:
    """How large one update may be."""

    update_bytes: int
    deleted_units: int
    delete_ranges: int
    delete_clients: int
    values_per_item: int = 1


UPDATE_LIMITS = Limits(256 * 1024, 65_536, 4_096, 4_096)
SNAPSHOT_LIMITS = Limits(256 * 1024 * 1024, MAX_CLOCK, 1 << 24, 1 << 16)
OWN_LIMITS = Limits(MAX_CLOCK, MAX_CLOCK, MAX_CLOCK, MAX_CLOCK, MAX_CLOCK)
"""For what our own engine wrote: a document that keeps deleted content joins the old values of a key."""


class Struct(NamedTuple):
    """One struct of an update, as it was written."""

    kind: int
    origin: Id | None
    right: Id | None
    root: str | None
    is_map: bool
    length: int
    low_halves: tuple[int, ...]
    """Offsets in the struct of the low half of each code point above U+FFFF."""
    text: str
    content_at: int
    """Where its content starts in the update; before it stands where the item belongs."""


def read_struct(reader: Reader, limits: Limits, format_keys: frozenset[str]) -> Struct:
    """One struct; its place is not judged here."""
    info = reader.byte()
    if info == 0:
        raise InvalidUpdate("GC struct")
    if info == _SKIP:
        raise InvalidUpdate("Skip struct")
    origin = reader.id() if info & HAS_ORIGIN else None
    right = reader.id() if info & HAS_RIGHT else None
    is_map = bool(info & HAS_KEY)
    root = None
    if origin is None and right is None:
        if reader.varint(1) != 1:
            raise InvalidUpdate("parent by id")
        root = reader.text(MAX_NAME_BYTES)
        if is_map:
            reader.text(MAX_KEY_BYTES)
    return _read_content(reader, limits, format_keys, info & 0x1F, (origin, right, root, is_map))


def _read_content(
    reader: Reader,
    limits: Limits,
    format_keys: frozenset[str],
    kind: int,
    place: tuple[Id | None, Id | None, str | None, bool],
) -> Struct:
    content_at, length, text = reader.at, 1, ""
    low: tuple[int, ...] = ()
    if kind == STRING:
        text = reader.text(limits.update_bytes)
        low = _low_halves(text)
        length = len(text) + len(low)
    elif kind == FORMAT:
        if reader.text(MAX_NAME_BYTES) not in format_keys:
            raise InvalidUpdate("format outside the vocabulary")
        _check_format_value(reader.take(_bounded(reader, MAX_FORMAT_BYTES)))
    elif kind == DELETED:
        length = reader.varint(limits.deleted_units)
    elif kind == ANY:
        length = reader.varint(MAX_CLOCK)
        if not 1 <= length <= limits.values_per_item:
            raise InvalidUpdate("a map value must stand alone")
        for _ in range(length):
            skip_any(reader, 0)
    else:
        raise InvalidUpdate("content kind")
    if not length:
        raise InvalidUpdate("zero length")
    return Struct(kind, *place, length, low, text, content_at)


def _low_halves(text: str) -> tuple[int, ...]:
    if text.isascii():
        return ()
    # The n-th astral character (from 0) starts n units later than its place in characters.
    return tuple([n + match.start() + 1 for n, match in enumerate(find_astral(text))])


def read_delete_set(reader: Reader, limits: Limits) -> list[tuple[int, int, int]]:
    """(client, first clock, length) of each range: sorted and disjoint within each client."""
    ranges: list[tuple[int, int, int]] = []
    seen: set[int] = set()
    for _ in range(reader.varint(limits.delete_clients)):
        client = reader.varint(MAX_CLIENT)
        if client in seen:
            raise InvalidUpdate("delete set names a client twice")
        seen.add(client)
        count = reader.varint(limits.delete_ranges - len(ranges))
        if not count:
            raise InvalidUpdate("empty delete set of a client")
        end = 0
        for _ in range(count):
            first, length = reader.varint(MAX_CLOCK), reader.varint(MAX_CLOCK)
            if first < end or not length:
                raise InvalidUpdate("delete ranges not sorted and disjoint")
            end = first + length
            ranges.append((client, first, length))
    return ranges


def _bounded(reader: Reader, limit: int) -> int:
    size = reader.varint(MAX_CLIENT)
    if size > limit:
        raise InvalidUpdate("format value over its limit")
    return size


@lru_cache(maxsize=1_024)
def _is_plain_json(raw: bytes) -> bool:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return False
    if text in ("null", "true", "false"):
        return True
    if text.startswith('"'):
        try:
            value = json.loads(text)
        except ValueError:
            return False
        return isinstance(value, str) and text.endswith('"') and not find_unclean(value + text)
    if _JSON_NUMBER(text) is None:
        return False
    return len(text) <= 32 and abs(float(text)) <= MAX_EXACT_INT


def _check_format_value(raw: bytes) -> None:
    if not _is_plain_json(raw):
        raise InvalidUpdate("format value is not plain JSON")
