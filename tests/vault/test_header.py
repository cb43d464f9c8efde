"""F9: vault.hdr is hostile until checked: damage, truncation, foreign files, newer versions, costs."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vault.helpers import steady

from cryptpad_relay.protocol.labels import hash_parts
from cryptpad_tui.vault import slots
from cryptpad_tui.vault.errors import (
    EmptyPassphrase,
    KdfCostRefused,
    NoSuchSlot,
    NotEnoughMemory,
    VaultDamaged,
    VaultError,
    VaultTooNew,
    WrongKeyfile,
    WrongPassphrase,
    WrongRecoveryKey,
    WrongSecret,
)
from cryptpad_tui.vault.header import CHECKSUM_LABEL, Header, Slot, SlotType, encode_header, parse_header
from cryptpad_tui.vault.passwords import KdfCost, password_key
from cryptpad_tui.vault.slots import make_slot, open_slot

MASTER_KEY = b"\x07" * 32
SECRETS = {SlotType.PASSPHRASE: b"pass", SlotType.RECOVERY_KEY: b"r" * 16, SlotType.KEYFILE: b"k" * 32}
VERSION_AT, COUNT_AT, SLOTS_AT, SLOT_BYTES = 8, 10, 28, 124


def counting_rng() -> Callable[[int], bytes]:
    numbers = itertools.count()
    return lambda size: hashlib.shake_128(b"%d" % next(numbers)).digest(size)


@pytest.fixture
def cheap_kdf(monkeypatch: pytest.MonkeyPatch) -> None:
    def cheap(passphrase: bytes, salt: bytes, cost: KdfCost) -> bytes:
        return hashlib.blake2b(
            passphrase + salt + bytes([cost.passes, cost.log2_memory]), digest_size=32
        ).digest()

    monkeypatch.setattr(slots, "password_key", cheap)


@pytest.fixture
def header(cheap_kdf: None) -> Header:
    made = Header(b"v" * 16, ())
    for slot_type, secret in SECRETS.items():
        cost = KdfCost.of_memory(64) if slot_type is SlotType.PASSPHRASE else None
        made = made.with_slot(make_slot(slot_type, secret, MASTER_KEY, made.vault_id, cost, counting_rng()))
    return made


@pytest.fixture
def raw(header: Header) -> bytes:
    return encode_header(header)


def resealed(body: bytes) -> bytes:
    """What an attacker with write access makes: the checksum has no key."""
    return body[:-16] + hash_parts(CHECKSUM_LABEL, body[:-16], size=16)


def test_a_header_comes_back_and_every_slot_opens(header: Header, raw: bytes) -> None:
    assert parse_header(raw) == header
    assert len(raw) == SLOTS_AT + 3 * SLOT_BYTES + 16
    for slot_type, secret in SECRETS.items():
        assert open_slot(header, slot_type, secret) == MASTER_KEY


def test_the_bytes_are_fixed() -> None:
    slot = make_slot(SlotType.KEYFILE, b"k" * 32, MASTER_KEY, b"v" * 16, None, counting_rng())
    raw = encode_header(Header(b"v" * 16, (slot,)))
    assert raw[:28] == b"PADVAULT" + bytes([0, 1, 0, 1]) + b"v" * 16
    assert raw[28:32] == bytes([3, 0, 0, 0])
    assert hashlib.blake2b(raw, digest_size=16).hexdigest() == "113367e94bb390cf8b0e0c5fa37b5070"


def test_argon2id_is_the_known_one() -> None:
    key = password_key(b"password", b"somesalt" * 2, KdfCost.of_memory(64))
    assert key.hex() == "7664ad4ba1a3c999fcdd0991ffc2270f78302d2383233db5e7befc85d1bb1819"


def test_every_flipped_byte_is_a_typed_error_before_any_costly_step(
    raw: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "password_key", lambda *_: pytest.fail("hashed a damaged header's password"))
    for place, flip in itertools.product(range(len(raw)), (0x01, 0x80, 0xFF)):
        damaged = bytearray(raw)
        damaged[place] ^= flip
        with pytest.raises((VaultDamaged, VaultTooNew)) as refusal:
            parse_header(bytes(damaged))
        if not VERSION_AT <= place < COUNT_AT:
            assert type(refusal.value) is VaultDamaged, place


def test_every_truncation_and_extension_is_a_typed_error(raw: bytes) -> None:
    for length in range(len(raw)):
        with pytest.raises(VaultDamaged):
            parse_header(raw[:length])
    for extra in (b"\0", raw[-16:], raw):
        with pytest.raises(VaultDamaged):
            parse_header(raw + extra)


def test_a_forged_checksum_opens_no_slot_that_was_changed(raw: bytes, header: Header) -> None:
    order = list(SECRETS)
    for place in range(len(raw) - 16):
        changed = bytearray(raw)
        changed[place] ^= 0x01
        for slot_type, secret in SECRETS.items():
            begin = SLOTS_AT + order.index(slot_type) * SLOT_BYTES
            try:
                opened = open_slot(parse_header(resealed(bytes(changed))), slot_type, secret)
            except VaultError:
                continue
            assert opened == MASTER_KEY
            assert place >= SLOTS_AT, place
            assert place not in range(begin, begin + SLOT_BYTES)


def test_a_slot_of_another_vault_does_not_open(header: Header) -> None:
    other = Header(b"w" * 16, header.slots)
    for slot_type, secret in SECRETS.items():
        with pytest.raises(WrongSecret):
            open_slot(other, slot_type, secret)


@pytest.mark.parametrize(
    ("slot_type", "refusal"),
    [
        (SlotType.PASSPHRASE, WrongPassphrase),
        (SlotType.RECOVERY_KEY, WrongRecoveryKey),
        (SlotType.KEYFILE, WrongKeyfile),
    ],
)
def test_a_wrong_secret_and_a_forged_slot_read_the_same(
    header: Header, slot_type: SlotType, refusal: type[WrongSecret]
) -> None:
    with pytest.raises(refusal) as wrong:
        open_slot(header, slot_type, b"x" * 32)
    slot = header.slot(slot_type)
    assert slot is not None
    forged = header.with_slot(Slot(slot.type, slot.cost, slot.salt, bytes(104)))
    with pytest.raises(refusal) as broken:
        open_slot(forged, slot_type, SECRETS[slot_type])
    assert (type(wrong.value), str(wrong.value)) == (type(broken.value), str(broken.value))


def test_a_missing_slot_says_so(header: Header) -> None:
    with pytest.raises(NoSuchSlot):
        open_slot(Header(header.vault_id, header.slots[:1]), SlotType.KEYFILE, b"k" * 32)


def test_a_newer_version_is_refused_with_its_own_sentence(raw: bytes) -> None:
    for version in (2, 255, 65_535):
        newer = (
            raw[:VERSION_AT] + struct.pack(">H", version) + raw[COUNT_AT:] + b"and more that we cannot know"
        )
        with pytest.raises(VaultTooNew):
            parse_header(newer)
    for field, value in ((0, 4), (0, 0), (1, 2)):
        unknown = bytearray(raw)
        unknown[SLOTS_AT + field] = value
        with pytest.raises(VaultTooNew):
            parse_header(resealed(bytes(unknown)))


@pytest.mark.parametrize(
    ("passes", "log2_memory"),
    [(0, 26), (2, 26), (9, 26), (255, 26), (3, 0), (3, 25), (3, 31), (3, 36), (3, 255), (255, 255)],
)
def test_a_header_cannot_ask_for_a_cost_out_of_bounds(raw: bytes, passes: int, log2_memory: int) -> None:
    costly = bytearray(raw)
    costly[SLOTS_AT + 2 : SLOTS_AT + 4] = bytes([passes, log2_memory])
    with pytest.raises(KdfCostRefused):
        parse_header(resealed(bytes(costly)))


def test_a_passphrase_slot_cannot_be_downgraded_to_no_hashing(raw: bytes) -> None:
    weak = bytearray(raw)
    weak[SLOTS_AT + 1 : SLOTS_AT + 4] = bytes(3)
    with pytest.raises(VaultDamaged, match="Argon2id"):
        parse_header(resealed(bytes(weak)))


def test_slots_come_once_and_in_order(header: Header) -> None:
    for order in ([0, 0], [1, 0], [0, 1, 1], []):
        several = Header(header.vault_id, tuple(header.slots[index] for index in order))
        with pytest.raises(VaultDamaged):
            parse_header(encode_header(several))


@pytest.mark.parametrize("memory_mib", [-1, 0, 1, 32, 63, 65, 96, 2_048, 1 << 40])
def test_the_memory_is_a_power_of_two_within_bounds(memory_mib: int) -> None:
    with pytest.raises(KdfCostRefused):
        KdfCost.of_memory(memory_mib)


def test_an_empty_passphrase_is_refused() -> None:
    with pytest.raises(EmptyPassphrase):
        make_slot(SlotType.PASSPHRASE, b"", MASTER_KEY, b"v" * 16, KdfCost.of_memory(64), counting_rng())


def test_no_memory_is_a_typed_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr("nacl.pwhash.argon2id.kdf", fail)
    with pytest.raises(NotEnoughMemory):
        password_key(b"x", b"s" * 16, KdfCost.of_memory(64))


@steady
@given(st.binary(max_size=600))
def test_any_bytes_are_a_header_or_a_typed_error(raw: bytes) -> None:
    for candidate in (raw, b"PADVAULT\0\1" + raw, resealed(b"PADVAULT\0\1" + raw + bytes(16))):
        with contextlib.suppress(VaultError):
            assert encode_header(parse_header(candidate)) == candidate
