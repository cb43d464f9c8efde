"""Locked links and one-time codes made or guessed to harm: what they ask for, and what they give away."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest
from nacl.pwhash import argon2id

from adversary.sabotage import Patch, both, yes
from cryptpad_tui.crypto import locked_links, sealing
from cryptpad_tui.crypto.errors import BadLink, CryptoError, LinkStaysLocked, SealBroken
from cryptpad_tui.crypto.keys import Role
from cryptpad_tui.crypto.links import Link, as_text, body_of, encode_link
from cryptpad_tui.crypto.locked_links import LOCK_LABEL, LockedLink, lock_link, read_link
from cryptpad_tui.crypto.sealing import open_sealed
from cryptpad_tui.pad.codes import Code, CodeError, Guest, Host, Purpose
from support.kept_keys import cheap
from support.salamander import two_key_ciphertext

RNG = random.Random(31).randbytes
LINK = Link(Role.EDIT, bytes(32), 0, bytes(range(32)), 7, bytes(16), bytes(16), "wss://relay.example")
WORDS = b"tulips in may"


@dataclass
class Stretching:
    """Argon2id that costs nothing, and remembers what it was asked for."""

    memory: list[int] = field(default_factory=list)

    def __call__(self, size: int, passphrase: bytes, salt: bytes, passes: int, memory: int) -> bytes:
        self.memory.append(memory)
        return cheap(size, passphrase, salt, passes, memory)


@pytest.fixture(autouse=True)
def stretching(monkeypatch: Patch) -> Stretching:
    counting = Stretching()
    monkeypatch.setattr(argon2id, "kdf", counting)
    return counting


def asking(passes: int, log2_memory: int) -> str:
    """A locked link whose maker wrote another cost into it."""
    body = body_of(lock_link(LINK, WORDS, rng=RNG))
    return as_text(body[:5] + bytes([passes, log2_memory]) + body[7:])


@both
def test_t31_a_locked_link_that_asks_for_more_than_a_link_may(
    stretching: Stretching, monkeypatch: Patch, defended: bool
) -> None:
    """64 GiB, and 255 passes: refused before any of it is spent."""
    text = asking(255, 36)
    stretching.memory.clear()
    if defended:
        with pytest.raises(BadLink, match="cost this machine more"):
            read_link(text)
        assert stretching.memory == []
        return
    monkeypatch.setattr(locked_links, "MAX_PASSES", 255)
    monkeypatch.setattr(locked_links, "MAX_LOG2_MEMORY", 255)
    locked = read_link(text)
    assert isinstance(locked, LockedLink)
    with pytest.raises(LinkStaysLocked):
        locked.unlock(WORDS)
    assert stretching.memory == [64 * 2**30]


@pytest.mark.parametrize(("passes", "log2_memory"), [(11, 28), (3, 31), (2, 28), (3, 25), (0, 0), (255, 255)])
def test_t31_a_cost_outside_its_bounds_on_either_side_is_refused(
    stretching: Stretching, passes: int, log2_memory: int
) -> None:
    text = asking(passes, log2_memory)
    stretching.memory.clear()
    with pytest.raises(BadLink):
        read_link(text)
    assert stretching.memory == []


@both
def test_t31_one_ciphertext_for_two_passphrases(monkeypatch: Patch, defended: bool) -> None:
    """Whoever makes such a link learns from one try which of many passphrases somebody has."""
    header, nonce = body_of(lock_link(LINK, WORDS, rng=RNG))[:24], RNG(24)
    keys = [cheap(32, words, header[8:], 3, 2**28) for words in (WORDS, b"roses in june")]
    derived = [sealing._derive(key, header, nonce, LOCK_LABEL) for key in keys]
    sealed = nonce + derived[0][1] + two_key_ciphertext(derived[0][0], derived[1][0], nonce, header)
    assert len(open_sealed(keys[0], header, sealed, label=LOCK_LABEL)) == 32
    if not defended:
        monkeypatch.setattr(sealing, "compare_digest", yes)
        assert len(open_sealed(keys[1], header, sealed, label=LOCK_LABEL)) == 32
        return
    with pytest.raises(SealBroken):
        open_sealed(keys[1], header, sealed, label=LOCK_LABEL)


def test_t31_a_wrong_passphrase_and_a_changed_link_are_told_alike() -> None:
    body = body_of(lock_link(LINK, WORDS, rng=RNG))
    said = set()
    for at in range(8, len(body)):
        changed = as_text(body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :])
        locked = read_link(changed)
        assert isinstance(locked, LockedLink)
        with pytest.raises(CryptoError) as met:
            locked.unlock(WORDS)
        said.add((type(met.value), str(met.value)))
    locked = read_link(as_text(body))
    assert isinstance(locked, LockedLink)
    with pytest.raises(CryptoError) as met:
        locked.unlock(b"roses in june")
    assert said == {(type(met.value), str(met.value))} == {(LinkStaysLocked, "")}
    assert locked.unlock(WORDS) == LINK
    assert WORDS.decode() not in repr(locked)


def test_t31_what_is_locked_in_a_lock_is_no_link() -> None:
    """A lock opens to a link, and never to another lock with another cost."""
    inner = body_of(lock_link(LINK, WORDS, rng=RNG))
    body = body_of(lock_link(LINK, WORDS, rng=RNG))
    key = cheap(32, WORDS, body[8:24], 3, 2**28)
    nested = as_text(body[:24] + sealing.seal(key, body[:24], inner, rng=RNG, label=LOCK_LABEL))
    locked = read_link(nested)
    assert isinstance(locked, LockedLink)
    with pytest.raises(LinkStaysLocked):
        locked.unlock(WORDS)


class Unburnt:
    """A host that begins anew for whoever comes, as if no guess had been made."""

    def __init__(self, code: Code, secret: bytes) -> None:
        self._code, self._secret = code, secret
        self._host = self._fresh()

    def _fresh(self) -> Host:
        return Host(self._code, Purpose.LINK, bytes(32), self._secret, rng=RNG)

    def take(self, message: bytes) -> bytes:
        if self._host.is_burnt and len(message) != 32:
            self._host = self._fresh()
        return self._host.take(message)


@both
def test_c1_a_code_guessed_online(defended: bool) -> None:
    """Whoever may go on guessing has the link in the end; with the burn, they have one try in 65,536."""
    code, secret = Code(42, ("cedar", "tulip")), encode_link(LINK).encode()
    showing: Host | Unburnt = Host(code, Purpose.LINK, bytes(32), secret, rng=RNG)
    if not defended:
        showing = Unburnt(code, secret)
    got = None
    for word in ("acid", "acorn", "actor", "tulip", "adult"):
        guest = Guest(Code(42, ("cedar", word)), Purpose.LINK, bytes(32), rng=RNG)
        try:
            guest.take(showing.take(guest.take(showing.take(guest.first())) or b""))
        except CodeError:
            continue
        got = guest.payload
        break
    assert got == (None if defended else secret)
