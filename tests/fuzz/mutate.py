"""Changed copies of known inputs, from one seed: what a fuzzer does, without its guidance."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

MAX_BYTES = 4_096
_EDGES = (
    b"\0",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"\xff\xff\xff\xff",
    b"\x1b",
    b"\x80\x80\x80\x80\x08",
    b"\xf0\x9f\x98\x80",
)


def mutants(corpus: Sequence[bytes], seed: int) -> Iterator[bytes]:
    """Without end. The same seed and corpus give the same mutants."""
    rng = random.Random(seed)
    while True:
        data = bytearray(rng.choice(corpus))
        for _ in range(rng.choice((1, 1, 2, 4, 8))):
            _change(rng, data, corpus)
        yield bytes(data[:MAX_BYTES])


def _change(rng: random.Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    at = rng.randrange(len(data) + 1)
    end = min(len(data), at + rng.choice((1, 1, 2, 4, 8, 32)))
    act = rng.randrange(8)
    if act == 0 and at < len(data):
        data[at] ^= 1 << rng.randrange(8)
    elif act == 1 and at < len(data):
        data[at] = rng.randrange(256)
    elif act == 2:
        data[at:at] = rng.randbytes(rng.choice((1, 1, 2, 4, 16)))
    elif act == 3:
        del data[at:end]
    elif act == 4:
        data[at:end] = rng.choice(_EDGES)
    elif act == 5:
        data[at:at] = data[at:end] * rng.choice((1, 1, 2, 9))
    elif act == 6 and at < len(data):
        data[at] = (data[at] + rng.choice((-1, 1))) % 256
    else:
        other = rng.choice(corpus)
        start = rng.randrange(len(other) + 1)
        data[at:] = other[start:]
