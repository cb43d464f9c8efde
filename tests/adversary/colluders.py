"""Who helps the relay: a pen that signs whatever it is told to, held by a viewer or an editor."""

from __future__ import annotations

from dataclasses import dataclass, field

from adversary.people import Client, Lab
from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.entry import Kind, SnapshotExtension, entry_id_of, header_bytes
from cryptpad_tui.crypto.keys import EditKeys, SigningSeed, ViewKeys, client_id_of
from cryptpad_tui.crypto.sealing import SEAL_OVERHEAD, pad, padded_length, seal
from cryptpad_tui.pad.payloads import Hello, Update
from cryptpad_tui.pad.writer import NO_ENTRY, Base, identity_signature
from support.pads import seeded

ENVELOPE = labels.ENVELOPE


@dataclass
class Pen:
    """A writer key that keeps its own seq and prev, and says otherwise on request."""

    pad_id: bytes
    keys: ViewKeys
    seed: int
    seq: int = 0
    prev: bytes = NO_ENTRY
    name: str = "Mallory"
    signing: SigningSeed = field(init=False)
    identity: SigningSeed = field(init=False)

    def __post_init__(self) -> None:
        self.rng = seeded(self.seed + 9_000)
        self.signing, self.identity = SigningSeed(self.rng(32)), SigningSeed(self.rng(32))

    @property
    def pk(self) -> bytes:
        return self.signing.public

    @property
    def client_id(self) -> int:
        return client_id_of(self.pad_id, self.pk)

    def hello(
        self, base: Base, *, cert: bytes | None = None, supersedes: bytes = NO_ENTRY, **wrong: object
    ) -> bytes:
        if cert is None:
            assert isinstance(self.keys, EditKeys)
            cert = self.keys.writer_cert(self.pad_id, 0, self.pk)
        signature = identity_signature(self.identity, self.pad_id, 0, self.pk)
        plaintext = Hello(self.identity.public, signature, True, supersedes, bytes(3), self.name).encode()
        return self.entry(Kind.HELLO, base, plaintext, clear=cert, **wrong)

    def update(self, base: Base, *updates: bytes, **wrong: object) -> bytes:
        return self.entry(Kind.UPDATE, base, Update(updates).encode(), **wrong)

    def snapshot(self, base: Base, extension: SnapshotExtension, sealed: bytes) -> bytes:
        return self.entry(Kind.SNAPSHOT, base, sealed, clear=extension.encode())

    def entry(
        self,
        kind: int,
        base: Base,
        plaintext: bytes,
        *,
        clear: bytes = b"",
        pad_id: bytes | None = None,
        epoch: int = 0,
        seq: int | None = None,
        prev: bytes | None = None,
        suite: int = 1,
        flags: int = 0,
        body_len: int | None = None,
        label: str = ENVELOPE,
        tail: bytes = b"",
        remember: bool = True,
    ) -> bytes:
        """An entry that is right in all that is not given otherwise."""
        length = len(clear) + SEAL_OVERHEAD + padded_length(len(plaintext) + 1)
        header = header_bytes(
            kind,  # type: ignore[arg-type]
            self.pad_id if pad_id is None else pad_id,
            epoch,
            self.pk,
            self.seq if seq is None else seq,
            self.prev if prev is None else prev,
            base.n,
            base.head,
            (length if body_len is None else body_len) + len(tail),
        )
        aad = header[:5] + bytes([suite]) + flags.to_bytes(2, "big") + header[8:] + clear
        unsigned = aad + seal(self.keys.read_key, aad, pad(plaintext), rng=self.rng) + tail
        entry_id = entry_id_of(unsigned)
        if remember:
            self.seq, self.prev = self.seq + 1, entry_id
        return unsigned + self.signing.sign(label, entry_id)


def base_of(lab: Lab, n: int | None = None) -> Base:
    """A position of the honest world."""
    n = len(lab.world.entries) if n is None else n
    return Base(n, lab.world.heads[n])


def editor(lab: Lab, seed: int = 1) -> Pen:
    """A hostile editor: holds the edit link."""
    return Pen(lab.pad_id, lab.clients[0].replica.keys, seed)


def viewer(lab: Lab, seed: int = 1) -> Pen:
    """A holder of the view link: can read and seal, and is certified by nobody."""
    return Pen(lab.pad_id, ViewKeys(lab.clients[0].replica.keys.view_seed), seed)


async def opened(lab: Lab) -> tuple[Client, Client]:
    """Anna, who wrote a line, and Viktor, who has read it."""
    anna, victim = await lab.client("Anna", 1), await lab.client("Viktor", 2)
    await anna.write("honest line ")
    return anna, victim


async def shown(lab: Lab, victim: Client, *raws: bytes) -> None:
    lab.relay.grow(lab.world, *raws)
    await lab.settle()
