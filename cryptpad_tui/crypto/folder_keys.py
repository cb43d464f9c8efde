"""The keys between a shared folder and what is in it: who may open which seed, by which of the folder's.

A folder's view seed opens nothing but the children's view seeds, its edit seed their edit seeds too, its
owner's root their owner's roots. Never the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass
from hmac import compare_digest
from typing import Final

from cryptpad_relay.protocol.labels import keyed_hash, u32
from cryptpad_tui.crypto.account import seal_box
from cryptpad_tui.crypto.errors import SealBroken
from cryptpad_tui.crypto.keys import SigningSeed, owner_key
from cryptpad_tui.crypto.sealing import RandomBytes, open_sealed, seal

SEED_BYTES: Final = 32
MAX_EPOCH: Final = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Place:
    """Which seed of which pad in which folder: what a sealed seed is bound to."""

    folder: bytes
    child: bytes
    epoch: int
    """The child's, whose edit seed is sealed."""

    def associated(self) -> bytes:
        return self.folder + self.child + u32(self.epoch)


def edit_opener(folder_edit_seed: bytes) -> SigningSeed:
    """Opens the slot that a child's EPOCH record has for the folder's editors."""
    return SigningSeed(keyed_hash(folder_edit_seed, "pad1/foldedit"))


def view_opener(folder_view_seed: bytes) -> SigningSeed:
    """Opens the slot that a child's EPOCH record has for the folder's readers."""
    return SigningSeed(keyed_hash(folder_view_seed, "pad1/foldview"))


def seal_edit_seed(folder_edit_seed: bytes, place: Place, seed: bytes, *, rng: RandomBytes) -> bytes:
    """For who may write in the folder: who only reads it finds this beside, and cannot open it."""
    return seal(keyed_hash(folder_edit_seed, "pad1/foldseal"), place.associated(), seed, rng=rng)


def open_edit_seed(folder_edit_seed: bytes, place: Place, sealed: bytes) -> bytes | None:
    """None where it is another's, or of another place."""
    try:
        seed = open_sealed(keyed_hash(folder_edit_seed, "pad1/foldseal"), place.associated(), sealed)
    except SealBroken:
        return None
    return seed if len(seed) == SEED_BYTES else None


def seal_owner_root(
    folder_owner_pk: bytes, folder: bytes, child: bytes, owner_root: bytes, *, rng: RandomBytes
) -> bytes:
    """For the folder's owner alone, to the key that its birth names; raises NoMemberKey."""
    return seal_box(folder_owner_pk, folder + child + owner_root, rng=rng)


def open_owner_root(folder_owner_root: bytes, folder: bytes, child: bytes, sealed: bytes) -> bytes | None:
    """None where it was not sealed for this owner, or not in this place."""
    plain = owner_key(folder_owner_root).open_box(sealed)
    if plain is None or len(plain) != 3 * SEED_BYTES or not compare_digest(plain[:64], folder + child):
        return None
    return plain[64:]
