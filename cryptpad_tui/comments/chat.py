"""A pad's chat: what people say beside its text, kept in the pad's map of comments and sealed like the pad.

Each message is signed by the identity that its writer has in the pad, over the pad, its place and its words:
what does not verify is not shown, and nobody can say something as somebody else, nor bring it from another
pad. Whoever may write can take a message out; that is so of all text. It must never touch the text.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from cryptpad_relay.protocol.labels import u64, verify_parts
from cryptpad_tui.comments.model import MAX_NAME_CHARS, whole_number
from cryptpad_tui.crdt.kinds import COMMENTS_ROOT
from cryptpad_tui.crdt.values import Change, Origin
from cryptpad_tui.crypto.keys import SigningSeed

MAX_SHOWN: Final = 1_000
"""More than these are not read: nobody reads them, and each costs a signature check."""
MAX_CHECKS: Final = 4 * MAX_SHOWN
"""Signatures that one look checks: a tenth of a second."""
MAX_KEPT: Final = 2_000
MAX_BYTES: Final = 2_000
MAX_AHEAD_MS: Final = 86_400_000
_TRIMMED: Final = 200
"""So many of the oldest go with one message, where there are too many."""
_PREFIX: Final = "chat/"
_KEY: Final = re.compile(r"chat/([0-9]{13})-([0-9a-f]{8})").fullmatch
_LABEL: Final = "pad1/chat"
_FIELDS: Final = frozenset({"text", "name", "at", "by", "sig"})


class MessageTooLong(ValueError):
    """A chat message can have 2,000 bytes, about a screen of text. Shorten it, or write it into the pad."""


class NothingSaid(ValueError):
    """There was nothing to say: the message was empty. Nothing was changed."""


class Document(Protocol):
    """What is needed of a view document."""

    def map_items(self, root: str) -> dict[str, Any]: ...
    def map_value(self, root: str, key: str) -> Any: ...
    def set_map(self, root: str, key: str, value: object) -> None: ...
    def delete_map(self, root: str, key: str) -> None: ...
    def observe(self, callback: Callable[[Change], None]) -> Callable[[], None]: ...
    def observe_maps(self, callback: Callable[[str, frozenset[str]], None]) -> Callable[[], None]: ...


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody said, whose signature verified. Name and text are raw; the name is theirs to choose."""

    key: str
    number: int
    """Orders messages; about the time in milliseconds."""
    ident_pk: bytes
    name: str
    at_ms: int
    text: str = field(repr=False)


class Chat:
    """The messages of one open pad."""

    def __init__(
        self,
        document: Document,
        pad_id: bytes,
        *,
        identity: Callable[[], SigningSeed],
        name: Callable[[], str],
        wall_ms: Callable[[], int],
        rng: Callable[[int], bytes],
    ) -> None:
        self._document = document
        self._pad_id = pad_id
        self._identity = identity
        self._name = name
        self._wall_ms = wall_ms
        self._rng = rng
        self._rows: dict[str, object] | None = None
        self._read: dict[str, Message | None] = {}
        self.changes = 0
        """Another number after every change of a message, by whomever; followed from the first look on."""

    # -- reading

    def messages(self, limit: int = MAX_SHOWN, *, checks: int = MAX_CHECKS) -> list[Message]:
        """The newest that verify, the oldest of them first. What was checked before costs nothing, so that
        each look at a chat full of junk sees further."""
        latest, found = f"{_PREFIX}{self._wall_ms() + MAX_AHEAD_MS:013d}.", list[Message]()
        for key in sorted(self._all(), reverse=True):
            # Who claims a time far ahead would stand at the end for ever.
            if key >= latest:
                continue
            if key not in self._read:
                checks -= 1
                if checks < 0:
                    break
            message = self._message(key)
            if message is not None:
                found.append(message)
                if len(found) == limit:
                    break
        return found[::-1]

    def newest(self) -> int:
        """The number of the newest message; 0 where there is none."""
        last = self.messages(1)
        return last[0].number if last else 0

    def _all(self) -> dict[str, object]:
        if self._rows is None:
            self._rows = _ours(self._document.map_items(COMMENTS_ROOT))
            self._document.observe_maps(self._follow)
            self._document.observe(self._reload)
        return self._rows

    def _follow(self, root: str, keys: frozenset[str]) -> None:
        if root != COMMENTS_ROOT or self._rows is None:
            return
        for key in keys:
            if key.startswith(_PREFIX):
                self._read.pop(key, None)
                self._rows.pop(key, None)
                value = self._document.map_value(COMMENTS_ROOT, key)
                if value is not None:
                    self._rows[key] = value
                self.changes += 1

    def _reload(self, change: Change) -> None:
        if change.origin is Origin.RELOAD:
            self._rows = _ours(self._document.map_items(COMMENTS_ROOT))
            self._read.clear()
            self.changes += 1

    def _message(self, key: str) -> Message | None:
        if key not in self._read:
            self._read[key] = message_of(self._pad_id, key, self._all().get(key))
        return self._read[key]

    # -- writing

    def say(self, text: str) -> Message:
        """Raises MessageTooLong or NothingSaid."""
        text = text.strip()
        if not text:
            raise NothingSaid
        if len(text.encode()) > MAX_BYTES:
            raise MessageTooLong
        at_ms, identity = self._wall_ms(), self._identity()
        number = max(at_ms, self.newest() + 1)
        message = Message(
            f"{_PREFIX}{number:013d}-{self._rng(4).hex()}",
            number,
            identity.public,
            self._name()[:MAX_NAME_CHARS],
            at_ms,
            text,
        )
        self._document.set_map(COMMENTS_ROOT, message.key, signed(message, self._pad_id, identity))
        self._trim()
        return message

    def cut(self, keep: int) -> int:
        """Take out all but the newest `keep`, and what is no message; how many went."""
        kept = {message.key for message in self.messages(keep, checks=len(self._all()))} if keep else set()
        gone = [key for key in self._all() if key not in kept]
        for key in gone:
            self._document.delete_map(COMMENTS_ROOT, key)
        return len(gone)

    def _trim(self) -> None:
        # What is no message goes first: junk must not take the place of what was said.
        keys = sorted(self._all(), key=lambda key: (self._read.get(key, key) is not None, key))
        for key in keys[: min(len(keys) - MAX_KEPT, _TRIMMED)] if len(keys) > MAX_KEPT else ():
            self._document.delete_map(COMMENTS_ROOT, key)


def signed(message: Message, pad_id: bytes, identity: SigningSeed) -> dict[str, object]:
    """What is stored of a message."""
    return {
        "text": message.text,
        "name": message.name,
        "at": message.at_ms,
        "by": message.ident_pk.hex(),
        "sig": base64.b64encode(identity.sign(_LABEL, *_parts(message, pad_id))).decode("ascii"),
    }


def message_of(pad_id: bytes, key: str, value: object) -> Message | None:
    """None for what is not exactly a message, or not by the key that it names."""
    place = _KEY(key)
    if place is None or not isinstance(value, dict) or value.keys() != _FIELDS:
        return None
    text, name, by, sig = (value[each] for each in ("text", "name", "by", "sig"))
    at_ms = whole_number(value["at"])
    if not all(isinstance(each, str) for each in (text, name, by, sig)) or at_ms is None or at_ms < 0:
        return None
    if len(text.encode()) > MAX_BYTES or len(name) > MAX_NAME_CHARS or len(by) != 64 or len(sig) != 88:
        return None
    try:
        ident_pk, signature = bytes.fromhex(by), base64.b64decode(sig, validate=True)
    except (ValueError, binascii.Error):
        return None
    message = Message(key, int(place[1]), ident_pk, name, at_ms, text)
    if len(ident_pk) != 32 or not verify_parts(ident_pk, signature, _LABEL, *_parts(message, pad_id)):
        return None
    return message


def _parts(message: Message, pad_id: bytes) -> tuple[bytes, ...]:
    return pad_id, message.key.encode(), message.name.encode(), u64(message.at_ms), message.text.encode()


def _ours(items: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in items.items() if key.startswith(_PREFIX)}
