"""What a recovery kit says: all that a machine with nothing needs, to be the same account again. Pure.

     0  1  version = 1
     1  1  flags: bit 0, the drive's id follows, since the account's root does not lead to it
     2 32  account root
    34 32  the relay's key, zeros where none is known
    66 [32 the drive's pad id]
        1  length of the relay's address | that, ASCII; 0 where there is none
        4  checksum over all before; zeros to a multiple of 19

On paper: lines of 19 bytes and a check byte, each 32 characters of the recovery key's alphabet, with its
number in front: what is mistyped is known by its line. As a QR code: "PADKIT1:" and the same characters
without gaps.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.labels import hash_parts, u8
from cryptpad_relay.protocol.reader import Reader
from cryptpad_tui.crypto.relay_address import is_relay_address
from cryptpad_tui.vault.errors import MistypedKit
from cryptpad_tui.vault.recovery import ALPHABET, VALUES

KIT_LABEL: Final = "pad1/kit"
LINE_LABEL: Final = "pad1/kitline"
QR_PREFIX: Final = "PADKIT1:"
_VERSION: Final = 1
_HAS_DRIVE: Final = 1
_LINE_BYTES: Final = 19
_LINE_CHARS: Final = 32
_MAX_LINES: Final = 24
_MAX_INPUT: Final = 16_384
_LINE: Final = re.compile(
    r"^[ \t]*([0-9]{1,2})[:.)]((?:[ -]*[0-9A-Za-z]){32})[ \t\r]*$", re.MULTILINE | re.ASCII
)
_HERE: Final = "local"
"""The relay that this program runs itself."""


@dataclass(frozen=True, slots=True)
class Kit:
    """An account, and where its drive is."""

    account_root: bytes = field(repr=False)
    relay_url: str | None
    relay_pk: bytes
    """32 bytes; empty where it is not known."""
    drive_id: bytes = b""
    """32 bytes; empty where the account's root leads to it."""


def kit_lines(kit: Kit) -> list[str]:
    """The kit as people copy it, line by line, with numbers."""
    lines = _lines(kit)
    groups = [" ".join([line[at : at + 4] for at in range(0, _LINE_CHARS, 4)]) for line in lines]
    return [f"{number:2}: {line}" for number, line in enumerate(groups, 1)]


def kit_qr_text(kit: Kit) -> str:
    """The kit as a machine reads it."""
    return QR_PREFIX + "".join(_lines(kit))


def _lines(kit: Kit) -> list[str]:
    url = (kit.relay_url or "").encode("ascii")
    raw = u8(_VERSION) + u8(_HAS_DRIVE if kit.drive_id else 0) + kit.account_root
    raw += kit.relay_pk.ljust(32, b"\0") + kit.drive_id + u8(len(url)) + url
    raw += hash_parts(KIT_LABEL, raw, size=4)
    raw += bytes(-len(raw) % _LINE_BYTES)
    pieces = [raw[at : at + _LINE_BYTES] for at in range(0, len(raw), _LINE_BYTES)]
    return [_encode(piece + _check(number, piece)) for number, piece in enumerate(pieces, 1)]


def _check(number: int, piece: bytes) -> bytes:
    return hash_parts(LINE_LABEL, u8(number), piece, size=1)


def _encode(raw: bytes) -> str:
    number = int.from_bytes(raw)
    return "".join([ALPHABET[number >> 5 * place & 31] for place in reversed(range(len(raw) * 8 // 5))])


def parse_kit(text: str) -> Kit:
    """From a page, from its lines, or from a QR code's text; raises MistypedKit, which repeats nothing."""
    if len(text) > _MAX_INPUT:
        raise MistypedKit("too long")
    at = text.upper().find(QR_PREFIX)
    if at >= 0:
        found = "".join(text[at + len(QR_PREFIX) :].split())
        lines = [found[at : at + _LINE_CHARS] for at in range(0, len(found), _LINE_CHARS)]
    else:
        numbered = [(int(number), line) for number, line in _LINE.findall(text)]
        if [number for number, _ in numbered] != list(range(1, len(numbered) + 1)):
            raise MistypedKit("its lines are not 1, 2, 3 and so on")
        lines = [re.sub(r"[ -]", "", line) for _, line in numbered]
    if not 0 < len(lines) <= _MAX_LINES:
        raise MistypedKit("it has no numbered lines, or too many")
    raw = b"".join([_decode(number, line) for number, line in enumerate(lines, 1)])
    try:
        return _parse(Reader(raw), raw)
    except (Malformed, UnicodeDecodeError):
        raise MistypedKit("a line is missing at its end") from None


def _decode(number: int, line: str) -> bytes:
    values = [VALUES.get(character) for character in line]
    total = 0
    for value in values:
        if value is None or len(values) != _LINE_CHARS:
            raise MistypedKit(f"line {number}")
        total = total << 5 | value
    raw = total.to_bytes(_LINE_BYTES + 1)
    if _check(number, raw[:-1]) != raw[-1:]:
        raise MistypedKit(f"line {number}")
    return raw[:-1]


def _parse(reader: Reader, raw: bytes) -> Kit:
    version, flags = reader.u8(), reader.u8()
    if version != _VERSION or flags & ~_HAS_DRIVE:
        raise MistypedKit("it is of a newer version, so update the program")
    root, relay_pk = reader.take(32), reader.take(32)
    drive_id = reader.take(32) if flags & _HAS_DRIVE else b""
    url = reader.take(reader.u8()).decode("ascii")
    body = raw[: len(raw) - reader.remaining]
    if reader.take(4) != hash_parts(KIT_LABEL, body, size=4) or any(reader.take(reader.remaining)):
        raise MistypedKit("lines of two kits are mixed, or one is missing")
    if url not in ("", _HERE) and not is_relay_address(url):
        raise MistypedKit("what it names is no relay")
    return Kit(root, url or None, relay_pk.strip(b"\0") and relay_pk, drive_id)
