"""Slots and the keys of later epochs: known answers; a slot is one person's, of one epoch of one pad."""

from __future__ import annotations

import hashlib

import pytest
from nacl.public import PrivateKey, SealedBox
from nacl.signing import SigningKey

from cryptpad_relay.protocol.owner_records import SLOT_BYTES
from cryptpad_tui.crypto.keys import EditKeys, Role, SigningSeed, edit_seed_of
from cryptpad_tui.crypto.slots import NoMemberKey, Slot, box_key_of, open_slot, padded_slots, seal_slot
from cryptpad_tui.pad.roster import Member, Roster
from support.pads import seeded

ROOT = bytes(range(32))
PAD_ID = bytes(range(32, 64))
SALT = bytes(range(64, 80))
MEMBER = SigningSeed(bytes(range(80, 112)))


def k(key: bytes, label: bytes, *parts: bytes) -> bytes:
    """K of the protocol, written out again."""
    enc = b"".join([len(part).to_bytes(4, "big") + part for part in parts])
    return hashlib.blake2b(enc, digest_size=32, key=key, person=label.ljust(16, b"\0")).digest()


def test_the_seed_of_a_later_epoch_depends_on_root_number_and_salt() -> None:
    seed = edit_seed_of(ROOT, 1, SALT)
    assert seed == k(ROOT, b"pad1/epoch", (1).to_bytes(4, "big"), SALT)
    assert seed.hex() == "99cf3c25d71839fc4e1307a54eee1413da972da7c1ae35b5f4c400e7ec72653f"
    assert EditKeys.from_seed(seed).meta_key == k(k(seed, b"pad1/view"), b"pad1/meta")
    others = {edit_seed_of(ROOT, 0), edit_seed_of(ROOT, 2, SALT), edit_seed_of(ROOT, 1, bytes(16))}
    assert seed not in others
    assert len(others) == 3


def test_a_slot_is_libsodiums_sealed_box_of_the_protocols_80_bytes() -> None:
    signing = SigningKey(bytes(range(80, 112)))
    private = signing.to_curve25519_private_key()
    assert bytes(private.public_key) == box_key_of(MEMBER.public)
    sealed = seal_slot(bytes(private.public_key), PAD_ID, Slot(Role.EDIT, 7, ROOT), rng=seeded(1))
    plain = SealedBox(private).decrypt(sealed)
    assert plain == b"\x01" + (7).to_bytes(4, "big") + ROOT + PAD_ID[:16] + bytes(27)
    assert len(sealed) == SLOT_BYTES == 128
    assert hashlib.blake2b(sealed, digest_size=16).hexdigest() == "47b15a1e63cb8d741a2b0ee3219d7ed4"


def test_a_slot_opens_for_its_member_and_for_nothing_else() -> None:
    box_pk = box_key_of(MEMBER.public)
    sealed = seal_slot(box_pk, PAD_ID, Slot(Role.VIEW, 3, ROOT), rng=seeded(2))
    assert open_slot(sealed, PAD_ID, 3, MEMBER) == Slot(Role.VIEW, 3, ROOT)
    assert open_slot(sealed, PAD_ID, 4, MEMBER) is None
    assert open_slot(sealed, bytes(32), 3, MEMBER) is None
    assert open_slot(sealed, PAD_ID, 3, SigningSeed(ROOT)) is None
    assert open_slot(sealed[:-1], PAD_ID, 3, MEMBER) is None
    for i in range(0, SLOT_BYTES, 9):
        changed = sealed[:i] + bytes([sealed[i] ^ 1]) + sealed[i + 1 :]
        assert open_slot(changed, PAD_ID, 3, MEMBER) is None
    owners = SealedBox(PrivateKey(bytes(range(32))).public_key).encrypt(bytes([0]) + bytes(79))
    assert open_slot(owners, PAD_ID, 0, MEMBER) is None


@pytest.mark.parametrize("key", [bytes(32), b"\xff" * 32, b"", bytes(31)])
def test_what_is_no_key_gets_no_slot(key: bytes) -> None:
    with pytest.raises(NoMemberKey):
        seal_slot(box_key_of(key), PAD_ID, Slot(Role.EDIT, 1, ROOT), rng=seeded(3))


@pytest.mark.parametrize(("members", "slots"), [(0, 8), (1, 8), (8, 8), (9, 16)])
def test_how_many_members_there_are_shows_only_in_eights(members: int, slots: int) -> None:
    rng = seeded(4)
    sealed = [
        seal_slot(box_key_of(MEMBER.public), PAD_ID, Slot(Role.EDIT, 1, ROOT), rng=rng)
        for _ in range(members)
    ]
    padded = padded_slots(sealed, PAD_ID, rng=rng)
    assert len(padded) == slots
    assert sum(open_slot(each, PAD_ID, 1, MEMBER) is not None for each in padded) == members


def test_a_roster_comes_back_and_its_length_tells_no_more_than_the_slots() -> None:
    one = Roster((Member(ROOT, Role.EDIT),), PAD_ID, "hello")
    assert Roster.decode(one.encode()) == one
    many = Roster(tuple([Member(bytes([i]) * 32, Role.VIEW) for i in range(8)]), None, "")
    assert Roster.decode(many.encode()) == many
    assert len(Roster((Member(ROOT, Role.EDIT),)).encode()) == len(many.encode())


def test_no_seed_is_in_a_repr() -> None:
    assert ROOT.hex() not in repr(Slot(Role.EDIT, 1, ROOT))
    assert repr(ROOT)[2:-1] not in repr(Roster((), ROOT, "note")) + repr(Slot(Role.EDIT, 1, ROOT))
