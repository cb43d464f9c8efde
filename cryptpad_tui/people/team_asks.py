"""What somebody asked an admin for, as the other admins of the team read it, and what one of them said to it.

Both lie in the team's folder, where any editor writes: so who passes a question on signs it, and who answers
signs that, and it counts only while that person is an admin or owner. Pure.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import ClassVar, Final

from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.labels import verify_parts
from cryptpad_tui.crypto.keys import SigningSeed
from cryptpad_tui.people.messages import MAX_NOTE, Message
from cryptpad_tui.people.roster_ops import MAX_NAME_BYTES, Rank, check_keys

_ASK: Final = struct.Struct(">4sB32s16s32s32sBQ32sBH")
_SAID: Final = struct.Struct(">4sB32s16sB32s")
_SIGNATURE: Final = 64
MAX_BYTES: Final = _ASK.size + MAX_NAME_BYTES + MAX_NOTE + _SIGNATURE
_ASK_LABEL, _SAID_LABEL = "pad1/teamask", "pad1/teamsaid"


@dataclass(frozen=True, slots=True)
class TeamAsk(Message):
    """Somebody asked `by` for a role. Name and note are raw; never sent by mail."""

    KIND: ClassVar[int] = 0
    pad_id: bytes
    title: str
    mail_id: bytes
    ident_pk: bytes
    box_pk: bytes
    rank: Rank
    at_ms: int
    by: bytes
    name: str
    note: str = field(default="", repr=False)

    def signed(self, signer: SigningSeed) -> bytes:
        name = self.name.encode()[:MAX_NAME_BYTES].decode("utf-8", "ignore").encode()
        note = self.note.encode()[:MAX_NOTE].decode("utf-8", "ignore").encode()
        head = _ASK.pack(
            b"PADQ", 1, self.pad_id, self.mail_id, self.ident_pk, self.box_pk, self.rank, self.at_ms, self.by,
            len(name), len(note),
        )  # fmt: skip
        body = head + name + note
        return body + signer.sign(_ASK_LABEL, body)


_MAIL: Final = slice(37, 53)
_BY: Final = slice(_ASK.size - 35, _ASK.size - 3)


def is_like_ask(raw: bytes, team: bytes) -> bool:
    """By its first bytes and its length; costs next to nothing."""
    return _ASK.size + _SIGNATURE <= len(raw) <= MAX_BYTES and raw.startswith(b"PADQ\1" + team)


def is_like_said(raw: bytes, team: bytes) -> bool:
    """The same for an answer."""
    return len(raw) == _SAID.size + _SIGNATURE and raw.startswith(b"PADS\1" + team)


def mail_of(raw: bytes) -> bytes:
    """The message that either of them is about."""
    return raw[_MAIL]


def asker_of(raw: bytes) -> bytes:
    """Who says that they pass a question on."""
    return raw[_BY]


def parse_ask(raw: bytes, team: bytes, title: str) -> TeamAsk:
    """Raises Malformed; the signature is checked by `is_by`."""
    if not _ASK.size + _SIGNATURE <= len(raw) <= MAX_BYTES:
        raise Malformed("ask")
    magic, version, of, mail_id, ident, box, rank, at_ms, by, name, note = _ASK.unpack_from(raw)
    is_ours = magic == b"PADQ" and version == 1 and of == team and rank in (Rank.VIEWER, Rank.EDITOR)
    if not is_ours or len(raw) != _ASK.size + name + note + _SIGNATURE or at_ms >= 2**53:
        raise Malformed("ask")
    check_keys(ident, box)
    try:
        words = raw[_ASK.size : -_SIGNATURE].decode("utf-8")
        called = raw[_ASK.size : _ASK.size + name].decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("ask") from None
    return TeamAsk(team, title, mail_id, ident, box, Rank(rank), at_ms, by, called, words[len(called) :])


def ask_is_signed(ask: TeamAsk, raw: bytes) -> bool:
    return verify_parts(ask.by, raw[-_SIGNATURE:], _ASK_LABEL, raw[:-_SIGNATURE])


@dataclass(frozen=True, slots=True)
class Said:
    """An answer to a question; by whom counts."""

    mail_id: bytes
    accepted: bool
    by: bytes

    def signed(self, team: bytes, signer: SigningSeed) -> bytes:
        body = _SAID.pack(b"PADS", 1, team, self.mail_id, self.accepted, self.by)
        return body + signer.sign(_SAID_LABEL, body)


def parse_said(raw: bytes, team: bytes) -> Said:
    """With its signature checked; raises Malformed."""
    if len(raw) != _SAID.size + _SIGNATURE:
        raise Malformed("answer")
    magic, version, of, mail_id, accepted, by = _SAID.unpack_from(raw)
    if magic != b"PADS" or version != 1 or of != team or accepted > 1:
        raise Malformed("answer")
    if not verify_parts(by, raw[-_SIGNATURE:], _SAID_LABEL, raw[:-_SIGNATURE]):
        raise Malformed("answer")
    return Said(mail_id, bool(accepted), by)
