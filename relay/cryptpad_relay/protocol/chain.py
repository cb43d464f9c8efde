"""The skip-linked hash chain over a pad's log, proofs that one head extends another, and signed heads.

head_0 = H("pad1/chain0", pad_id); head_n = H("pad1/chain", head_{n-1}, head_{n-lowbit(n)}, u64 n, entry_id_n)
(protocol §7). Because each head commits to two earlier ones, a proof that m extends n takes about 77 steps of
96 bytes for 260,000 entries, not 260,000.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final, NamedTuple

from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.labels import u64

MAX_PROOF_STEPS: Final = 2_048
STEP_BYTES: Final = 96


class Step(NamedTuple):
    """One link of a proof, at index i: head_{i-1}, head_{i-lowbit(i)}, entry_id_i (32 bytes each)."""

    previous: bytes
    skip: bytes
    entry_id: bytes


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A relay's signed word that pad `pad_id` had `head` at `n` (an STH). 160 bytes on the wire."""

    pad_id: bytes
    n: int
    head: bytes
    unix_ms: int
    challenge: bytes
    signature: bytes

    def verify(self, relay_pk: bytes) -> bool:
        return labels.verify_parts(
            relay_pk,
            self.signature,
            labels.SIGNED_HEAD,
            signed_head_body(self.pad_id, self.n, self.head, self.unix_ms, self.challenge),
        )


def signed_head_body(pad_id: bytes, n: int, head: bytes, unix_ms: int, challenge: bytes) -> bytes:
    return pad_id + u64(n) + head + u64(unix_ms) + challenge


def sign_head(seed: bytes, pad_id: bytes, n: int, head: bytes, unix_ms: int, challenge: bytes) -> SignedHead:
    """The relay's signature over a head. `challenge` is the asker's 16 bytes, or zeros."""
    body = signed_head_body(pad_id, n, head, unix_ms, challenge)
    signature = labels.sign_parts(seed, labels.SIGNED_HEAD, body)
    return SignedHead(pad_id, n, head, unix_ms, challenge, signature)


def low_bit(n: int) -> int:
    return n & -n


def chain_start(pad_id: bytes) -> bytes:
    """head_0."""
    return labels.hash_parts(labels.CHAIN_START, pad_id)


def next_head(previous: bytes, skip: bytes, n: int, entry_id: bytes) -> bytes:
    """head_n from head_{n-1}, head_{n-lowbit(n)} and the n-th entry's id."""
    return labels.hash_parts(labels.CHAIN, previous, skip, u64(n), entry_id)


def proof_path(upper: int, lower: int) -> list[int]:
    """The indices that a proof from `upper` down to `lower` visits (lower < upper)."""
    path = []
    i = upper
    while i > lower:
        path.append(i)
        jump = i - low_bit(i)
        i = jump if jump >= lower else i - 1
    return path


def make_proof(
    upper: int, lower: int, head: Callable[[int], bytes], entry_id: Callable[[int], bytes]
) -> list[Step]:
    """The proof that head_upper extends head_lower; asks for heads and ids one by one."""
    return [Step(head(i - 1), head(i - low_bit(i)), entry_id(i)) for i in proof_path(upper, lower)]


def follow_proof(upper: int, upper_head: bytes, lower: int, steps: Sequence[Step]) -> dict[int, bytes] | None:
    """Every head that the proof establishes, by index, down to `lower`; None where it is wrong.

    Trusts `upper_head` alone. The caller compares the result at `lower` with what it knows.
    """
    path = proof_path(upper, lower) if 0 <= lower <= upper < 2**63 else []
    if (not path and upper != lower) or len(steps) != len(path) or len(steps) > MAX_PROOF_STEPS:
        return None
    established = {upper: upper_head}
    for i, step in zip(path, steps, strict=True):
        if not compare_digest(next_head(step.previous, step.skip, i, step.entry_id), established[i]):
            return None
        for index, value in ((i - 1, step.previous), (i - low_bit(i), step.skip)):
            if not compare_digest(established.setdefault(index, value), value):
                return None
    return established
