"""One ciphertext that XChaCha20-Poly1305 accepts under two keys: what a seal that commits to its key forbids.

Poly1305 is a polynomial, so two free blocks are enough to make two keys agree on a tag. The ciphers are plain
text-book ones: nothing here is fast, or safe to use.
"""

from __future__ import annotations

import struct
from typing import Final

P: Final = 2**130 - 5
_CLAMP: Final = 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
_SIGMA: Final = struct.unpack("<4I", b"expand 32-byte k")
_M: Final = 0xFFFFFFFF


def _rounds(state: list[int]) -> list[int]:
    work = list(state)

    def mix(a: int, b: int, c: int, d: int) -> None:
        for x, y, z, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            work[x] = (work[x] + work[y]) & _M
            value = work[z] ^ work[x]
            work[z] = (value << turn | value >> 32 - turn) & _M

    for _ in range(10):
        for column in range(4):
            mix(column, column + 4, column + 8, column + 12)
        for diagonal in range(4):
            mix(diagonal, 4 + (diagonal + 1) % 4, 8 + (diagonal + 2) % 4, 12 + (diagonal + 3) % 4)
    return work


def one_time_key(key: bytes, nonce: bytes) -> tuple[int, int]:
    """r and s of Poly1305 for this key and 24-byte nonce."""
    words = _rounds([*_SIGMA, *struct.unpack("<8I", key), *struct.unpack("<4I", nonce[:16])])
    subkey = struct.pack("<8I", *words[:4], *words[12:])
    state = [*_SIGMA, *struct.unpack("<8I", subkey), 0, 0, *struct.unpack("<2I", nonce[16:])]
    block = struct.pack("<16I", *[(a + b) & _M for a, b in zip(_rounds(state), state, strict=True)])
    return int.from_bytes(block[:16], "little") & _CLAMP, int.from_bytes(block[16:32], "little")


def two_key_ciphertext(first: bytes, second: bytes, nonce: bytes, aad: bytes) -> bytes:
    """32 bytes and a tag that both keys accept with this nonce and associated data."""
    padded = aad + bytes(-len(aad) % 16)
    known = [int.from_bytes(padded[i : i + 16] + b"\1", "little") for i in range(0, len(padded), 16)]
    lengths = int.from_bytes(struct.pack("<QQ", len(aad), 32) + b"\1", "little")
    keys = [one_time_key(key, nonce) for key in (first, second)]
    for tag in range(1, 4_096):
        # c1·r³ + c2·r² = tag − s − (the blocks that are known), for both keys at once.
        rows = []
        for r, s in keys:
            total = 0
            for block in known:
                total = (total + block) * r % P
            fixed = (total * r * r * r + lengths * r) % P
            rows.append((pow(r, 3, P), pow(r, 2, P), ((tag - s) % 2**128 - fixed) % P))
        (a, b, x), (c, d, y) = rows
        inverse = pow(a * d - b * c, -1, P)
        blocks = [(x * d - b * y) * inverse % P - 2**128, (a * y - x * c) * inverse % P - 2**128]
        if all(0 <= block < 2**128 for block in blocks):
            return b"".join([block.to_bytes(16, "little") for block in blocks]) + tag.to_bytes(16, "little")
    raise AssertionError("no ciphertext found")
