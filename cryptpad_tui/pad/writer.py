"""One's own writer: a random signing key in RAM that makes entries, each linked to the one before it.

A writer key never touches a disk: a copied or restored vault can therefore never sign a second body for a
seq (protocol §3, R5). Entries that are signed go to the outbox and are sent as those bytes, always.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.entry import (
    Entry,
    Kind,
    SnapshotExtension,
    header_bytes,
    parse_entry,
)
from cryptpad_relay.protocol.labels import u32
from cryptpad_tui.crypto.keys import EditKeys, SigningSeed, client_id_of
from cryptpad_tui.crypto.sealing import SEAL_OVERHEAD, RandomBytes, pad, padded_length, seal
from cryptpad_tui.pad.payloads import Hello, Update

NO_ENTRY = bytes(32)


@dataclass(frozen=True, slots=True)
class Base:
    """The latest position that this client has verified, which a new entry commits to."""

    n: int
    head: bytes


class Writer:
    """Makes the entries of one writer key, in order. `hello` must be made first."""

    def __init__(
        self,
        pad_id: bytes,
        epoch: int,
        keys: EditKeys,
        *,
        rng: RandomBytes,
        seed: bytes | None = None,
        seq: int = 0,
        last_id: bytes = NO_ENTRY,
    ) -> None:
        """A fresh key; or, for commands that share one (decision 13), `seed` at its next seq."""
        self._pad_id = pad_id
        self.epoch = epoch
        self._keys = keys
        self._rng = rng
        self._signing = SigningSeed(rng(32) if seed is None else seed)
        self.client_id = client_id_of(pad_id, self._signing.public)
        self.seq = seq
        self.last_id = last_id

    @property
    def pk(self) -> bytes:
        return self._signing.public

    @property
    def introduced(self) -> bool:
        """Whether this writer's HELLO is made."""
        return self.seq > 0

    def cert(self) -> bytes:
        return self._keys.writer_cert(self._pad_id, self.epoch, self.pk)

    def sign(self, label: str, *parts: bytes) -> bytes:
        """A signature by this writer for another purpose than an entry (presence)."""
        return self._signing.sign(label, *parts)

    def hello(
        self,
        base: Base,
        identity: SigningSeed,
        name: str,
        rgb: bytes,
        *,
        supersedes: bytes = NO_ENTRY,
        pseudonym: bool = True,
    ) -> Entry:
        """The writer's introduction, seq 0. `pseudonym`: the identity is this pad's alone."""
        plaintext = Hello(
            ident_pk=identity.public,
            ident_signature=identity_signature(identity, self._pad_id, self.epoch, self.pk),
            pseudonym=pseudonym,
            supersedes=supersedes,
            rgb=rgb,
            name=name,
        )
        return self._make(Kind.HELLO, base, self.cert(), plaintext.encode())

    def take_back(self, seq: int, last_id: bytes) -> None:
        """Forget entries made after this place. Only for entries that no store and no relay has seen."""
        self.seq, self.last_id = seq, last_id

    def update(self, base: Base, updates: tuple[bytes, ...]) -> Entry:
        return self._make(Kind.UPDATE, base, b"", Update(updates).encode())

    def other(
        self, kind: Kind, base: Base, plaintext: bytes, extension: SnapshotExtension | None = None
    ) -> Entry:
        """SNAPSHOT (with its extension), ENDORSE or ALERT."""
        return self._make(kind, base, extension.encode() if extension else b"", plaintext)

    def _make(self, kind: Kind, base: Base, clear: bytes, plaintext: bytes) -> Entry:
        body_len = len(clear) + SEAL_OVERHEAD + padded_length(len(plaintext) + 1)
        header = header_bytes(
            kind, self._pad_id, self.epoch, self.pk, self.seq, self.last_id, base.n, base.head, body_len
        )
        aad = header + clear
        unsigned = aad + seal(self._keys.read_key, aad, pad(plaintext), rng=self._rng)
        entry_id = labels.hash_parts(labels.ENTRY, unsigned)
        entry = parse_entry(unsigned + self._signing.sign(labels.ENVELOPE, entry_id))
        self.seq += 1
        self.last_id = entry.entry_id
        return entry


def identity_signature(identity: SigningSeed, pad_id: bytes, epoch: int, writer_pk: bytes) -> bytes:
    return identity.sign(labels.IDENTITY, pad_id, u32(epoch), writer_pk)


def identity_signature_ok(
    ident_pk: bytes, signature: bytes, pad_id: bytes, epoch: int, writer_pk: bytes
) -> bool:
    return labels.verify_parts(ident_pk, signature, labels.IDENTITY, pad_id, u32(epoch), writer_pk)
