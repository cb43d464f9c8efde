"""From a name, a passphrase and a printed secret key to a login's two keys (PAD1 §17, docs/wire.md).

Nothing a relay says goes into it: the salt is computed here and the cost comes from the page or from this
program, so no relay can make guessing cheap or a guess dear. Costs are checked before anything is hashed.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from functools import cached_property
from hmac import compare_digest
from typing import Final
from urllib.parse import urlsplit

from cryptpad_relay.protocol.labels import hash_parts, keyed_hash, u8
from cryptpad_relay.protocol.login_frames import is_strong
from cryptpad_tui.crypto.keys import SigningSeed
from cryptpad_tui.crypto.sealing import RandomBytes
from cryptpad_tui.people.login_errors import BadLoginName, MistypedSecretKey, WeakLogin
from cryptpad_tui.people.phrase import read_phrase
from cryptpad_tui.vault.errors import KdfCostRefused
from cryptpad_tui.vault.passwords import SALT_BYTES, KdfCost, password_key
from cryptpad_tui.vault.recovery import ALPHABET, VALUES

DEFAULT_MEMORY_MIB: Final = 512
SECRET_KEY_BYTES: Final = 16
MAX_LOGIN_NAME_BYTES: Final = 64
_CHECK_BYTES: Final = 3
_CHARACTERS: Final = 32
_GROUP: Final = 4
_LOG2_BITS: Final = 5
_LONGEST_INPUT: Final = 256
_IGNORED: Final = frozenset(" \t\r\n-_.\u00a0\u2010\u2011\u2012\u2013\u2014\u2212")
_OWN_PORTS: Final = {"ws": 80, "wss": 443, "ssh": 22}


def default_cost() -> KdfCost:
    """Of every login without a secret key, and of others unless their page says more or less."""
    return KdfCost.of_memory(DEFAULT_MEMORY_MIB)


@dataclass(frozen=True, slots=True)
class SecretKey:
    """128 random bits on paper, and the cost of the passphrase's hash, which nobody else may choose."""

    cost: KdfCost
    key: bytes = field(repr=False)

    @classmethod
    def make(cls, rng: RandomBytes, *, memory_mib: int = DEFAULT_MEMORY_MIB) -> SecretKey:
        return cls(KdfCost.of_memory(memory_mib), rng(SECRET_KEY_BYTES))

    def text(self) -> str:
        """Eight groups of four characters, as people write them down."""
        raw = u8(self.cost.passes << _LOG2_BITS | self.cost.log2_memory) + self.key
        number = int.from_bytes(raw + _check(raw))
        characters = [ALPHABET[number >> 5 * place & 31] for place in reversed(range(_CHARACTERS))]
        return "-".join(["".join(characters[at : at + _GROUP]) for at in range(0, _CHARACTERS, _GROUP)])

    @classmethod
    def parse(cls, text: str) -> SecretKey:
        """Raises MistypedSecretKey, which repeats nothing, and WeakLogin for a cost that is not ours."""
        values = [VALUES.get(each) for each in text[:_LONGEST_INPUT] if each not in _IGNORED]
        if len(text) > _LONGEST_INPUT or len(values) != _CHARACTERS:
            raise MistypedSecretKey
        number = 0
        for value in values:
            if value is None:
                raise MistypedSecretKey
            number = number << 5 | value
        raw = number.to_bytes(_CHARACTERS * 5 // 8)
        body, check = raw[:-_CHECK_BYTES], raw[-_CHECK_BYTES:]
        if not compare_digest(check, _check(body)):
            raise MistypedSecretKey
        return cls(checked_cost(body[0] >> _LOG2_BITS, body[0] & 31), body[1:])


def _check(body: bytes) -> bytes:
    return hash_parts("pad1/lkeysum", body, size=_CHECK_BYTES)


def checked_cost(passes: int, log2_memory: int) -> KdfCost:
    """The cost, where it is neither weak nor a burden; raises WeakLogin."""
    if not is_strong(passes, log2_memory):
        raise WeakLogin
    try:
        return KdfCost(passes, log2_memory)
    except KdfCostRefused:
        raise WeakLogin from None


@dataclass(frozen=True)
class LoginKeys:
    """What finds a block and signs for it, and what opens it."""

    seed: bytes = field(repr=False)
    wrap: bytes = field(repr=False)
    cost: KdfCost

    @cached_property
    def auth(self) -> SigningSeed:
        return SigningSeed(self.seed)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a person types. With no secret key the passphrase must be one that this program drew."""

    name: str
    passphrase: str = field(repr=False)
    secret: SecretKey | None = field(repr=False, default=None)

    def derive(self, relay_url: str) -> LoginKeys:
        """A second and half a gigabyte: belongs into a thread. Raises BadLoginName or WeakPhrase at once."""
        name, phrase = login_name(self.name), unicodedata.normalize("NFC", self.passphrase)
        if self.secret is None:
            phrase = read_phrase(phrase)
        cost = self.secret.cost if self.secret else default_cost()
        salt = hash_parts("pad1/usalt", host_of(relay_url).encode(), name.encode(), size=SALT_BYTES)
        hashed = password_key(phrase.encode("utf-8", "surrogateescape"), salt, cost)
        root = keyed_hash(hashed, "pad1/2skd", self.secret.key if self.secret else b"")
        return LoginKeys(keyed_hash(root, "pad1/lauth"), keyed_hash(root, "pad1/lwrap"), cost)


def login_name(text: str) -> str:
    """One spelling of each name; raises BadLoginName."""
    name = unicodedata.normalize("NFKC", text.strip()).lower()
    bad = not name or len(name.encode("utf-8", "replace")) > MAX_LOGIN_NAME_BYTES
    if bad or not name.isprintable() or any(each.isspace() for each in name):
        raise BadLoginName
    return name


def host_of(relay_url: str) -> str:
    """The part of a relay's address that is the same however it was written."""
    if relay_url.startswith("unix:"):
        return "unix"
    parts = urlsplit(relay_url)
    host, port = (parts.hostname or "").lower(), parts.port
    return host if port in (None, _OWN_PORTS.get(parts.scheme)) else f"{host}:{port}"
