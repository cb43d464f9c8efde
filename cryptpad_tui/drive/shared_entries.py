"""What a shared folder's document says: pads with their keys, and plain folders among them. Pure.

Everybody who may write in the folder writes here, so each field is foreign until it is checked: what makes
no sense is as if it were not there, and no entry can hide another. It opens no seal and believes no key.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.records import parse_genesis
from cryptpad_tui.crdt.clean import find_unclean
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crypto.folder_keys import MAX_EPOCH, SEED_BYTES
from cryptpad_tui.drive.tree import FOLDER_ID_CHARS, MAX_DEPTH, MAX_NAME_CHARS, PAD_ID_CHARS, TOP

MAX_FIELD_CHARS: Final = 1_024
FIELDS: Final = ("genesis", "kind", "relay", "relay_pk", "view", "edit", "own", "in", "name")
"""The fields of a pad; a plain folder has `name` and `in`."""
_HEX: Final = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class SealedEdit:
    """A child's edit seed as it stands in the entry."""

    epoch: int
    folder_epoch: int
    """Whose edit seed opens it."""
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """A pad in the folder."""

    pad_id: bytes
    kind: PadKind
    genesis: bytes
    relay_url: str
    relay_pk: bytes
    epoch: int
    view_seed: bytes = field(repr=False)
    edit: SealedEdit | None = None
    own: bytes = field(default=b"", repr=False)
    """The owner's root, for the folder's owner; empty where its maker kept it."""
    inside: str = TOP
    """The plain folder in the shared one that it lies in."""
    name: str = ""
    """What whoever put it there called it; foreign."""


@dataclass(frozen=True, slots=True)
class Inner:
    """A plain folder within the shared one."""

    name: str
    inside: str


@dataclass(frozen=True, slots=True)
class SharedContents:
    """All of a folder that makes sense."""

    entries: Mapping[bytes, Entry]
    inner: Mapping[str, Inner]


def contents_of(items: Mapping[str, object]) -> SharedContents:
    """From the fields of the document, whoever wrote them."""
    grouped: dict[str, dict[str, object]] = {}
    for key, value in items.items():
        if is_field(key):
            entry, _, name = key.partition("/")
            grouped.setdefault(entry, {})[name] = value
    named = {
        each: Inner(name, _text(values.get("in")))
        for each, values in grouped.items()
        if len(each) == FOLDER_ID_CHARS and (name := clean_name(_text(values.get("name"))))
    }
    inner = {each: Inner(one.name, _parent(each, named)) for each, one in sorted(named.items())}
    entries = {}
    for each, values in sorted(grouped.items()):
        if len(each) == PAD_ID_CHARS and (found := _entry(bytes.fromhex(each), values, inner)):
            entries[found.pad_id] = found
    return SharedContents(entries, inner)


def is_field(key: str) -> bool:
    """Whether it may say something of a pad or a plain folder; whatever else lies there does not."""
    entry, _, name = key.partition("/")
    return name in FIELDS and len(entry) in (PAD_ID_CHARS, FOLDER_ID_CHARS) and _HEX.issuperset(entry)


def _parent(start: str, named: Mapping[str, Inner]) -> str:
    """The folder that it is shown in: the top where the written one is gone, or the way up has no end."""
    parent, steps, each = named[start].inside, 0, start
    while each in named and steps <= MAX_DEPTH // 2:
        each, steps = named[each].inside, steps + 1
    return parent if each == TOP and steps <= MAX_DEPTH // 2 else TOP


def _entry(pad_id: bytes, values: Mapping[str, object], inner: Mapping[str, Inner]) -> Entry | None:
    try:
        genesis = raw_of(values.get("genesis"))
        parse_genesis(genesis, pad_id)
        kind, (epoch, view_seed) = _kind(values.get("kind")), _view(values.get("view"))
        relay_pk = raw_of(values.get("relay_pk")) if values.get("relay_pk") else b""
    except (Malformed, ValueError):
        return None
    if len(relay_pk) not in (0, SEED_BYTES) or kind is PadKind.DRIVE:
        return None
    inside = _text(values.get("in"))
    return Entry(
        pad_id=pad_id,
        kind=kind,
        genesis=genesis,
        relay_url=_text(values.get("relay")),
        relay_pk=relay_pk,
        epoch=epoch,
        view_seed=view_seed,
        edit=_edit(values.get("edit")),
        own=_own(values.get("own")),
        inside=inside if inside in inner else TOP,
        name=clean_name(_text(values.get("name"))),
    )


def clean_name(text: str) -> str:
    """A folder's name as a drive can have it; empty where nothing of it is left."""
    cleaned = " ".join(text[:MAX_NAME_CHARS].replace("/", "∕").split())
    return "" if find_unclean(cleaned) else cleaned


def view_field(epoch: int, seed: bytes) -> str:
    return f"{epoch}:{text_of(seed)}"


def edit_field(edit: SealedEdit) -> str:
    return f"{edit.epoch}:{edit.folder_epoch}:{text_of(edit.sealed)}"


def text_of(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def raw_of(value: object) -> bytes:
    """Raises ValueError."""
    if not isinstance(value, str) or len(value) > MAX_FIELD_CHARS:
        raise ValueError("bytes")
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        raise ValueError("bytes") from None


def _view(value: object) -> tuple[int, bytes]:
    epoch, _, seed = _text(value).partition(":")
    raw = raw_of(seed)
    if len(raw) != SEED_BYTES:
        raise ValueError("seed")
    return _number(epoch), raw


def _edit(value: object) -> SealedEdit | None:
    parts = _text(value).split(":")
    try:
        return SealedEdit(_number(parts[0]), _number(parts[1]), raw_of(parts[2])) if len(parts) == 3 else None
    except ValueError:
        return None


def _own(value: object) -> bytes:
    try:
        return raw_of(value) if value else b""
    except ValueError:
        return b""


def _kind(value: object) -> PadKind:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= max(PadKind):
        raise ValueError("kind")
    return PadKind(int(value))


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 10) or int(text) > MAX_EPOCH:
        raise ValueError("number")
    return int(text)


def _text(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= MAX_FIELD_CHARS else ""
