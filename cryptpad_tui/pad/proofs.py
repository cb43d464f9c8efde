"""Proof files: the evidence of one alarm as text that a stranger can judge without vault, key or network.

Pure: bytes in, bytes or a report out. What a file proves follows from signatures and hashes in it alone; what
its author merely says is never called proven. The layout is in docs/wire.md ("Proof files"). Every length is
checked before it is believed, and nothing but NotAProof is raised for bytes of any kind.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Final

from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.labels import u8, u16, u32, u64
from cryptpad_relay.protocol.reader import Reader
from cryptpad_relay.protocol.records import GENESIS_BYTES
from cryptpad_tui.pad.alarms import AlarmCode
from cryptpad_tui.pad.evidence import MAX_PIECE_BYTES, Piece, PieceKind
from cryptpad_tui.pad.proofs_judge import Case, NotAProof, ProofReport, judge

__all__ = ["MAX_FILE_BYTES", "NotAProof", "ProofReport", "check_proof", "make_proof"]

MAX_BODY_BYTES: Final = 4 * 1024 * 1024
MAX_FILE_BYTES: Final = 6 * 1024 * 1024
"""Of the text, line ends of two bytes included."""
MAX_PIECES: Final = 64
MAX_DETAIL_BYTES: Final = 300
_MAGIC: Final = b"PADPROOF"
_VERSION: Final = 1
_CHECKSUM_BYTES: Final = 16
_LABEL: Final = "pad1/proof"
_BEGIN: Final = "-----BEGIN CRYPTPAD-TUI PROOF-----"
_END: Final = "-----END CRYPTPAD-TUI PROOF-----"
_LINE_CHARS: Final = 64
_MAX_CODE_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class _File:
    code: str
    at_ms: int
    detail: bytes
    pad_id: bytes
    relay_pk: bytes
    genesis: bytes = field(repr=False)
    pieces: tuple[Piece, ...] = field(repr=False)

    def encode(self) -> bytes:
        code = self.code.encode("ascii")
        head = _MAGIC + u8(_VERSION) + u8(len(code)) + code + u64(self.at_ms)
        head += u16(len(self.detail)) + self.detail + self.pad_id + self.relay_pk
        head += u16(len(self.genesis)) + self.genesis + u16(len(self.pieces))
        return head + b"".join([u8(p.kind) + u32(len(p.content)) + p.content for p in self.pieces])

    @classmethod
    def decode(cls, body: bytes) -> _File:
        reader = Reader(body)
        if reader.take(len(_MAGIC)) != _MAGIC:
            raise Malformed("magic")
        if reader.u8() != _VERSION:
            raise Malformed("made by a newer version")
        code = _short(reader, reader.u8(), _MAX_CODE_BYTES).decode("ascii")
        at_ms = reader.u64()
        detail = _short(reader, reader.u16(), MAX_DETAIL_BYTES)
        pad_id, relay_pk = reader.take(32), reader.take(32)
        genesis = _short(reader, reader.u16(), GENESIS_BYTES)
        count = reader.u16()
        if count > MAX_PIECES:
            raise Malformed("too many pieces")
        pieces = tuple([_read_piece(reader) for _ in range(count)])
        reader.end()
        return cls(code, at_ms, detail, pad_id, relay_pk, genesis, pieces)


def _short(reader: Reader, size: int, limit: int) -> bytes:
    if size > limit:
        raise Malformed("field too long")
    return reader.take(size)


def _read_piece(reader: Reader) -> Piece:
    kind = PieceKind(reader.u8())
    return Piece(kind, reader.sized(MAX_PIECE_BYTES[kind]))


def make_proof(
    code: AlarmCode,
    *,
    pad_id: bytes,
    relay_pk: bytes,
    pieces: Iterable[Piece],
    at_ms: int,
    genesis: bytes = b"",
    detail: str = "",
) -> bytes:
    """The file's text. Pieces beyond its limits are left out, the last ones first.

    `relay_pk` and `genesis` may be empty where they are not known.
    """
    kept, size = list[Piece](), 0
    for piece in dict.fromkeys(pieces):
        size += 5 + len(piece.content)
        if len(piece.content) <= MAX_PIECE_BYTES[piece.kind] and size <= MAX_BODY_BYTES - 1_024:
            kept.append(piece)
    cut = detail.encode("utf-8", "replace")[:MAX_DETAIL_BYTES].decode("utf-8", "ignore")
    file = _File(
        code.value,
        max(at_ms, 0),
        cut.encode(),
        pad_id,
        relay_pk or bytes(32),
        genesis,
        tuple(kept[:MAX_PIECES]),
    )
    return armour(file.encode())


def check_proof(raw: bytes) -> ProofReport:
    """What a proof file proves and what it only reports; raises NotAProof where it does not hold."""
    try:
        file = _File.decode(_unarmoured(raw))
        code = AlarmCode(file.code)
        detail = file.detail.decode("utf-8")
    except (Malformed, ValueError) as error:
        raise NotAProof(getattr(error, "reason", "") or "it is damaged") from None
    return judge(
        Case(
            code=code,
            pad_id=file.pad_id,
            relay_pk=file.relay_pk,
            genesis=file.genesis,
            at_ms=file.at_ms,
            detail=detail,
            pieces=file.pieces,
        )
    )


def armour(body: bytes) -> bytes:
    """The body with its checksum, as text. The checksum tells damage in transit; it proves nothing."""
    text = base64.b64encode(body + _checksum(body)).decode("ascii")
    lines = [text[i : i + _LINE_CHARS] for i in range(0, len(text), _LINE_CHARS)]
    return "\n".join([_BEGIN, *lines, _END, ""]).encode("ascii")


def _unarmoured(raw: bytes) -> bytes:
    """The body of a file that is spelled exactly as `armour` spells it (line ends may be CRLF)."""
    if len(raw) > MAX_FILE_BYTES:
        raise Malformed("it is too long")
    text = raw.replace(b"\r\n", b"\n")
    begin, end = f"{_BEGIN}\n".encode(), f"\n{_END}\n".encode()
    if not text.endswith(b"\n"):
        text += b"\n"
    if not text.startswith(begin) or not text.endswith(end) or len(text) < len(begin) + len(end):
        raise Malformed("it is no proof file")
    try:
        decoded = base64.b64decode(text[len(begin) : -len(end)].replace(b"\n", b""), validate=True)
    except binascii.Error:
        raise Malformed("it is damaged") from None
    body, checksum = decoded[:-_CHECKSUM_BYTES], decoded[-_CHECKSUM_BYTES:]
    if len(body) > MAX_BODY_BYTES or not compare_digest(_checksum(body), checksum) or armour(body) != text:
        raise Malformed("it is damaged")
    return body


def _checksum(body: bytes) -> bytes:
    return labels.hash_parts(_LABEL, body, size=_CHECKSUM_BYTES)
