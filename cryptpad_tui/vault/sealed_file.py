"""One sealed file of any length: who may open it, then sealed pieces, none of which can be moved or left out.

     0  8  magic "PADBAKUP"
     8  2  format version = 1
    10  2  length of the header | a header as vault.hdr has it: the slots that open this file
       32  salt, random
    then for i = 0, 1, ...: u32 length | seal(key, H(all before the pieces) | u64 i | u8 last, piece)

key = K(master key of the header, "pad1/backup", salt). A piece is 262,144 bytes, the last one shorter and
padded as entries are. What was read is authentic piece by piece; that nothing is missing, only the end says.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from cryptpad_relay.protocol.labels import hash_parts, keyed_hash, u8, u16, u32, u64
from cryptpad_tui.crypto.errors import BadPadding, SealBroken
from cryptpad_tui.crypto.sealing import SEAL_OVERHEAD, open_sealed, pad, padded_length, seal, unpad
from cryptpad_tui.host.entropy import Rng
from cryptpad_tui.vault.errors import BackupDamaged, BackupTooNew, NotABackup
from cryptpad_tui.vault.header import MAX_HEADER_BYTES, Header, encode_header, parse_header

MAGIC: Final = b"PADBAKUP"
FORMAT_VERSION: Final = 1
KEY_LABEL: Final = "pad1/backup"
HEAD_LABEL: Final = "pad1/backuphead"
SALT_BYTES: Final = 32
PIECE_BYTES: Final = 262_144
_LONGEST: Final = padded_length(PIECE_BYTES + 1) + SEAL_OVERHEAD


class SealedWriter:
    """Seals what is written, piece by piece; nothing is whole before `finish`."""

    def __init__(self, file: BinaryIO, header: Header, master_key: bytes, *, rng: Rng) -> None:
        salt, raw = rng(SALT_BYTES), encode_header(header)
        head = MAGIC + u16(FORMAT_VERSION) + u16(len(raw)) + raw + salt
        self._file, self._rng = file, rng
        self._key = keyed_hash(master_key, KEY_LABEL, salt)
        self._head_hash = hash_parts(HEAD_LABEL, head)
        self._waiting = bytearray()
        self._index = 0
        self.id = self._head_hash[:16]
        file.write(head)

    def write(self, data: bytes) -> None:
        self._waiting += data
        while len(self._waiting) > PIECE_BYTES:
            self._put(bytes(self._waiting[:PIECE_BYTES]), is_last=False)
            del self._waiting[:PIECE_BYTES]

    def finish(self) -> None:
        self._put(pad(bytes(self._waiting)), is_last=True)
        self._waiting.clear()

    def _put(self, piece: bytes, *, is_last: bool) -> None:
        sealed = seal(self._key, self._head_hash + u64(self._index) + u8(is_last), piece, rng=self._rng)
        self._file.write(u32(len(sealed)) + sealed)
        self._index += 1


class SealedReader:
    """Reads the head of a file at once, and its pieces when it is given the key."""

    def __init__(self, file: BinaryIO) -> None:
        """Raises NotABackup, BackupTooNew or BackupDamaged."""
        self._file = file
        fixed = file.read(len(MAGIC) + 4)
        if fixed[: len(MAGIC)] != MAGIC:
            raise NotABackup()
        version = int.from_bytes(fixed[len(MAGIC) : len(MAGIC) + 2])
        if version > FORMAT_VERSION:
            raise BackupTooNew(f"format {version}")
        size = int.from_bytes(fixed[-2:])
        if version != FORMAT_VERSION or size > MAX_HEADER_BYTES:
            raise BackupDamaged("its beginning")
        rest = self._exactly(size + SALT_BYTES)
        self.header = parse_header(rest[:size])
        """Who may open the file."""
        self._salt = rest[size:]
        self._head_hash = hash_parts(HEAD_LABEL, fixed + rest)
        self.id = self._head_hash[:16]
        """Another one for each backup."""

    def pieces(self, master_key: bytes) -> Iterator[bytes]:
        """What was written, in pieces; raises BackupDamaged at the first one changed or missing."""
        key, index, is_last = keyed_hash(master_key, KEY_LABEL, self._salt), 0, False
        while not is_last:
            size = int.from_bytes(self._exactly(4))
            if size > _LONGEST:
                raise BackupDamaged(f"piece {index}")
            sealed = self._exactly(size)
            # All but the last have one length, so that no bit outside the seal says which is the last.
            is_last = size != PIECE_BYTES + SEAL_OVERHEAD or not self._has_more()
            try:
                piece = open_sealed(key, self._head_hash + u64(index) + u8(is_last), sealed)
                yield unpad(piece) if is_last else piece
            except (SealBroken, BadPadding):
                raise BackupDamaged(f"piece {index}") from None
            index += 1
        if self._has_more():
            raise BackupDamaged("something follows its end")

    def _has_more(self) -> bool:
        at = self._file.tell()
        more = bool(self._file.read(1))
        self._file.seek(at)
        return more

    def _exactly(self, size: int) -> bytes:
        data = self._file.read(size)
        if len(data) != size:
            raise BackupDamaged("it is cut short")
        return data
