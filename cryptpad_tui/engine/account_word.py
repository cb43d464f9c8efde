"""What a device is told when its account gets another root: where the other drive is, and its keys. Pure.

It travels in the drive of before, sealed to the device's own key. Whoever knows that drive can put one there:
it counts only with the words that a person reads on the device that made it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.labels import SIGNATURE_BYTES, u8, u16
from cryptpad_relay.protocol.reader import Reader
from cryptpad_relay.protocol.records import GENESIS_BYTES, parse_genesis
from cryptpad_tui.crypto.keys import EditKeys, drive_root_of, edit_seed_of, owner_key


@dataclass(frozen=True, slots=True)
class Word:
    """Sealed, one device's; `words` makes it believed."""

    is_limited: bool
    root: bytes = field(repr=False)
    """The account's, or for a limited device the edit seed of the drive."""
    drive_id: bytes
    genesis: bytes
    relay_pk: bytes
    """32 bytes, or none."""
    box: bytes
    relay_url: str
    words: str = field(repr=False)
    signature: bytes = field(default=bytes(SIGNATURE_BYTES), repr=False)
    """By the identity that the account had, over `claim`: a limited device knows the words, and not that."""

    def encode(self) -> bytes:
        return self.claim() + self.signature

    def claim(self) -> bytes:
        """All but the signature."""
        texts = [self.relay_pk, self.relay_url.encode("ascii"), self.words.encode("ascii")]
        head = u8(2 if self.is_limited else 1) + self.root + self.drive_id + self.genesis + self.box
        return head + b"".join([u16(len(each)) + each for each in texts])

    @classmethod
    def decode(cls, raw: bytes) -> Word:
        """Raises Malformed, also where the drive does not follow from the root."""
        reader = Reader(raw)
        kind = reader.u8()
        root, drive_id, genesis = reader.take(32), reader.take(32), reader.take(GENESIS_BYTES)
        box = reader.take(32)
        relay_pk, url, words = (reader.take(reader.u16()) for _ in range(3))
        signature = reader.take(SIGNATURE_BYTES)
        reader.end()
        if kind not in (1, 2) or len(relay_pk) not in (0, 32):
            raise Malformed("kind of word")
        parsed = parse_genesis(genesis, drive_id)
        seed = root if kind == 2 else edit_seed_of(drive_root_of(root), 0)
        fits = EditKeys.from_seed(seed).cap.public == parsed.cap_pk
        if not fits or (kind == 1 and owner_key(drive_root_of(root)).public != parsed.owner_pk):
            raise Malformed("keys of a word")
        try:
            texts = url.decode("ascii"), words.decode("ascii")
        except UnicodeDecodeError:
            raise Malformed("text of a word") from None
        return cls(kind == 2, root, drive_id, genesis, relay_pk, box, *texts, signature)
