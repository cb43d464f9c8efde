"""From what a person types to an account: derivations, the sealed block, and what is remembered of it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.pwhash import argon2id

from cryptpad_relay.protocol.login_frames import LOGIN_BLOCK_BYTES, LoginBlock, login_id_of
from cryptpad_tui.people import login_keys
from cryptpad_tui.people.login_block import LoginContent, check_block, open_login, seal_login
from cryptpad_tui.people.login_errors import (
    BadLoginName,
    LoginForged,
    MistypedSecretKey,
    WeakLogin,
    WeakPhrase,
)
from cryptpad_tui.people.login_keys import Credentials, LoginKeys, SecretKey, host_of, login_name
from cryptpad_tui.people.login_record import (
    MAX_ENDED,
    LoginMode,
    LoginRecord,
    Standing,
    block_digest,
    newest,
    open_record,
    seal_record,
    standing_of,
)
from cryptpad_tui.people.phrase import draw_phrase, read_phrase, words
from cryptpad_tui.vault.passwords import KdfCost

ROOT = bytes(range(32))
COST = KdfCost(3, 29)
CONTENT = LoginContent(
    ROOT, b"\1" * 32, b"\2" * 32, 7, b"\3" * 16, 1_700_000_000_000, "wss://pads.example", "Anna"
)
KEYS = LoginKeys(b"\4" * 32, b"\5" * 32, COST)
PHRASE = "abacus abdomen abdominal abide abiding ability"


@pytest.fixture
def rng() -> random.Random:
    return random.Random(7)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What the passphrase's hash was asked for, which is not computed here."""
    asked: list[tuple[object, ...]] = []

    def kdf(size: int, password: bytes, salt: bytes, passes: int, memory: int) -> bytes:
        asked.append((password, salt, passes, memory))
        return bytes(size)

    monkeypatch.setattr(argon2id, "kdf", kdf)
    return asked


def record(version: int = 1, **changed: object) -> LoginRecord:
    values = {
        "version": version,
        "mode": LoginMode.KEY,
        "seed": bytes([version]) * 32,
        "made_ms": 5,
        "digest": bytes([version]) * 32,
        "name": "anna",
    }
    return LoginRecord(**{**values, **changed})  # type: ignore[arg-type]


# -- what is typed


def test_the_keys_are_those_of_the_page() -> None:
    """Known answers with the real hash at its floor: whoever writes a second client gets the same."""
    key = SecretKey(KdfCost(3, 26), bytes(range(16)))
    keys = Credentials("Anna", "correct horse", key).derive("wss://Pads.Example:443/")
    assert keys.seed.hex() == "203a021f25fe5a803c3f9feec88d4860c6cb98a852d22ff3268d33423670f4dc"
    assert keys.wrap.hex() == "19da588b41d4ac9cede3ce0c06f744d68d1433b9c2ae72a426b19a643d790213"
    assert (
        login_id_of(keys.auth.public).hex()
        == "cf26a185b03e9be8f0301af2c07212a3829393cc24b4fcd114f8dc60af142c37"
    )


def test_a_name_a_host_and_a_passphrase_have_one_spelling(hashed: list[tuple[object, ...]]) -> None:
    key = SecretKey(COST, bytes(16))
    for name, phrase, url in (
        ("Änna", "u\u0308ber", "wss://pads.example"),
        (" a\u0308nna ", "\u00fcber", "ws://PADS.example:80/x"),
    ):
        Credentials(name, phrase, key).derive(url)
    assert hashed[0] == hashed[1]
    assert hashed[0][2:] == (3, 512 * 2**20)
    Credentials("bnna", "\u00fcber", key).derive("wss://pads.example")
    Credentials("änna", "\u00fcber", key).derive("wss://pads.example:444")
    assert len({salt for _, salt, *_ in hashed}) == 3


@pytest.mark.parametrize("name", ["", "  ", "a b", "a\tb", "a\x1b", "x" * 65, "ä" * 33, "\u202ea"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(BadLoginName):
        login_name(name)


def test_every_address_of_a_relay_has_one_host() -> None:
    assert host_of("wss://Pads.example") == host_of("wss://pads.example:443/") == "pads.example"
    assert host_of("ws://127.0.0.1:8480") == "127.0.0.1:8480"
    assert host_of("unix:/run/relay") == "unix"


# -- the secret key


def test_a_secret_key_is_written_down_and_read_again(rng: random.Random) -> None:
    key = SecretKey.make(rng.randbytes, memory_mib=256)
    text = key.text()
    assert [len(group) for group in text.split("-")] == [4] * 8
    assert SecretKey.parse(text) == key
    assert SecretKey.parse(f" {text.lower().replace('-', ' ').replace('0', 'o').replace('1', 'l')}\n") == key
    assert text not in repr(key)
    assert key.key.hex() not in repr(key)


def test_a_mistyped_secret_key_is_refused_and_not_repeated(rng: random.Random) -> None:
    text = SecretKey.make(rng.randbytes).text()
    other = "1" if text[7] != "1" else "2"
    for typed in (
        text[:-1],
        text + "0",
        "",
        "x" * 400,
        text[:7] + other + text[8:],
        text.replace(text[6], "U"),
    ):
        with pytest.raises(MistypedSecretKey) as caught:
            SecretKey.parse(typed)
        assert str(caught.value) == ""


@pytest.mark.parametrize("cost", [(3, 25), (2, 26), (3, 31), (0, 29), (3, 0)])
def test_a_secret_key_that_asks_for_a_weak_or_huge_hash_is_refused_before_any_hash(
    cost: tuple[int, int], hashed: list[tuple[object, ...]]
) -> None:
    bad = SecretKey(_Cost(*cost), bytes(16)).text()  # type: ignore[arg-type]
    with pytest.raises(WeakLogin):
        SecretKey.parse(bad)
    assert hashed == []


class _Cost:
    """A cost of no honest program."""

    def __init__(self, passes: int, log2_memory: int) -> None:
        self.passes, self.log2_memory = passes, log2_memory


# -- phrases


def test_a_phrase_is_six_words_drawn_evenly(rng: random.Random) -> None:
    assert len(words()) == len(set(words())) == 7_772
    assert all(word.isascii() and word.isalpha() and word.islower() for word in words())
    drawn = draw_phrase(rng.randbytes)
    assert len(drawn.split()) == 6
    assert set(drawn.split()) <= set(words())
    # 2**32 is no multiple of the list's length: the numbers that would favour its beginning are drawn again.
    given_bytes = iter([b"\xff" * 4, bytes(4)] * 6)
    assert draw_phrase(lambda _: next(given_bytes)).split() == [words()[0]] * 6


def test_a_phrase_is_read_however_it_is_typed() -> None:
    assert read_phrase(f"  {PHRASE.upper()}\n") == PHRASE
    assert read_phrase(PHRASE.replace(" ", "-")) == PHRASE


@pytest.mark.parametrize(
    "typed", ["", "correct horse", "abacus " * 5, "abacus " * 17, PHRASE + " x", PHRASE[:-1], "abacus " * 200]
)
def test_without_a_secret_key_only_a_drawn_phrase_is_hashed(
    typed: str, hashed: list[tuple[object, ...]]
) -> None:
    with pytest.raises(WeakPhrase):
        Credentials("anna", typed).derive("wss://pads.example")
    assert hashed == []
    Credentials("anna", PHRASE).derive("wss://pads.example")
    assert hashed[0][0] == PHRASE.encode()
    assert hashed[0][2:] == (3, 512 * 2**20)


def test_fewer_words_are_never_drawn(rng: random.Random) -> None:
    for count in (0, 5, 17):
        with pytest.raises(WeakPhrase):
            draw_phrase(rng.randbytes, count)


# -- blocks


def test_a_block_opens_for_its_keys_alone(rng: random.Random) -> None:
    raw = seal_login(KEYS, CONTENT, 3, rng=rng.randbytes)
    assert len(raw) == LOGIN_BLOCK_BYTES
    opened = open_login(KEYS, raw)
    assert (opened.version, opened.content) == (3, CONTENT)
    for keys in (LoginKeys(b"\6" * 32, KEYS.wrap, COST), LoginKeys(KEYS.seed, b"\6" * 32, COST)):
        with pytest.raises(LoginForged):
            open_login(keys, raw)
    assert ROOT.hex() not in repr(opened)
    assert KEYS.seed.hex() not in repr(KEYS)


def test_no_changed_byte_opens(rng: random.Random) -> None:
    raw = bytearray(seal_login(KEYS, CONTENT, 3, rng=rng.randbytes))
    for at in range(0, len(raw), 7):
        raw[at] ^= 0x10
        with pytest.raises((LoginForged, WeakLogin)):
            open_login(KEYS, bytes(raw))
        raw[at] ^= 0x10
    for cut in (b"", bytes(raw[:-1]), bytes(raw) + b"\0"):
        with pytest.raises(LoginForged):
            open_login(KEYS, cut)


@given(st.binary(max_size=LOGIN_BLOCK_BYTES + 8))
def test_no_bytes_whatever_raise_anything_else(raw: bytes) -> None:
    with pytest.raises((LoginForged, WeakLogin)):
        check_block(raw, KEYS.auth.public, COST)
    assert open_record(ROOT, raw) is None


def test_a_block_of_another_cost_than_was_hashed_is_refused(rng: random.Random) -> None:
    for cost in (KdfCost(3, 28), KdfCost(4, 29)):
        raw = seal_login(LoginKeys(KEYS.seed, KEYS.wrap, cost), CONTENT, 1, rng=rng.randbytes)
        with pytest.raises(WeakLogin):
            open_login(KEYS, raw)


def test_content_that_no_honest_program_seals_is_refused(rng: random.Random) -> None:
    plain = CONTENT.encode()
    assert len(plain) == 1_024
    for bad in (
        b"",
        plain[:-1] + b"\1",
        plain.replace(b"Anna", b"An\x1ba"),
        plain.replace(b"Anna", b"\xff\xfe\0\0"),
    ):
        with pytest.raises(LoginForged):
            LoginContent.decode(bad)


# -- what is remembered


def test_a_record_comes_back_for_its_account_alone(rng: random.Random) -> None:
    one = record(4, ended=(b"\1" * 32, b"\2" * 32))
    sealed = seal_record(ROOT, one, rng=rng.randbytes)
    assert open_record(ROOT, sealed) == one
    assert open_record(bytes(32), sealed) is None
    for at in range(0, len(sealed), 5):
        changed = bytearray(sealed)
        changed[at] ^= 1
        assert open_record(ROOT, bytes(changed)) is None
    assert one.seed.hex() not in repr(one)


def test_what_ended_is_remembered_newest_first_and_bounded() -> None:
    at = record(1)
    for version in range(2, 20):
        at = at.followed_by(record(version))
    assert at.ended[:2] == (bytes([18]) * 32, bytes([17]) * 32)
    assert len(at.ended) == MAX_ENDED
    gone = at.removed(9)
    assert (gone.is_there, gone.version, gone.ended[0]) == (False, 20, at.seed)
    again = gone.followed_by(record(21, seed=at.seed))
    assert at.seed not in again.ended


def test_a_block_is_current_newer_or_old(rng: random.Random) -> None:
    raw = seal_login(KEYS, CONTENT, 3, rng=rng.randbytes)
    block, digest = LoginBlock.decode(raw), block_digest(raw)
    known = record(3, seed=KEYS.seed, digest=digest)
    public = KEYS.auth.public
    assert standing_of(known, public, block.version, digest) is Standing.CURRENT
    assert standing_of(None, public, block.version, digest) is Standing.NEWER
    assert standing_of(record(2), public, 3, digest) is Standing.NEWER
    assert standing_of(record(4), public, 3, digest) is Standing.OLD
    assert standing_of(known, public, 3, bytes(32)) is Standing.OLD
    assert standing_of(known, bytes(32), 3, digest) is Standing.OLD
    assert standing_of(known.removed(1), public, 3, digest) is Standing.OLD


def test_the_newest_word_counts_whoever_has_it() -> None:
    assert newest(None, None) is None
    assert newest(record(1), None, record(3), record(2)) == record(3)


def test_the_default_cost_is_the_pages() -> None:
    assert (login_keys.default_cost().passes, login_keys.default_cost().log2_memory) == (3, 29)
