"""One-time codes: two machines that share `number-word-word` agree on a key, and one secret crosses under it.

Sans-IO, and the bytes of docs/wire.md ("Codes"). One guess a code: whoever has the words wrong learns nothing
else, and a side that saw a wrong confirmation never says another word. Nothing here is ever stored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import IntEnum
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, Final

from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.labels import hash_parts, keyed_hash, u8, u16, u32
from cryptpad_relay.protocol.meeting_frames import MAX_NUMBER
from cryptpad_relay.protocol.reader import Reader
from cryptpad_tui.crypto.errors import SealBroken
from cryptpad_tui.crypto.sealing import RandomBytes, open_sealed, seal
from cryptpad_tui.pad.code_words import WORDS

if TYPE_CHECKING:
    from collections.abc import Callable

VERSION: Final = 1
SPAKE_BYTES: Final = 33
PADDED_BYTES: Final = 1_024
_CODE: Final = re.compile(r"([0-9]{1,4})[-\s]+([a-z]+)[-\s]+([a-z]+)", re.ASCII)


class Purpose(IntEnum):
    """What a code is for; one made for a pad never gives an account away."""

    ACCOUNT = 1
    LINK = 2


class CodeError(Exception):
    """The code did not work, and is used up. Nothing was changed; ask for another."""


class NotACode(CodeError):
    """A code is a number and two words, such as 42-cedar-tulip. Nothing was sent; look at it again."""


class WrongCode(CodeError):
    """The code was not the same on both machines, so it is used up and nothing was given away. If nobody
    mistyped it, somebody else tried to guess it. Make another."""


@dataclass(frozen=True, slots=True)
class Code:
    """What a person reads aloud."""

    number: int
    words: tuple[str, str] = field(repr=False)

    @classmethod
    def random(cls, number: int, *, rng: RandomBytes) -> Code:
        first, second = rng(2)
        return cls(number, (WORDS[first], WORDS[second]))

    @classmethod
    def parse(cls, text: str) -> Code:
        """As it was read or typed; raises NotACode, which repeats nothing."""
        found = _CODE.fullmatch(text.strip().lower())
        if found is None or not 0 < int(found[1]) <= MAX_NUMBER:
            raise NotACode
        if not {found[2], found[3]} <= set(WORDS):
            raise NotACode
        return cls(int(found[1]), (found[2], found[3]))

    def text(self) -> str:
        return f"{self.number}-{self.words[0]}-{self.words[1]}"

    def context(self, purpose: Purpose, relay_pk: bytes) -> bytes:
        """What both sides must mean alike: the version, the purpose, the relay and the number."""
        return hash_parts("pad1/code", u8(VERSION), u8(purpose), relay_pk, u32(self.number))


class _Keys:
    """The keys of one meeting."""

    def __init__(self, key: bytes, context: bytes, host: bytes, guest: bytes) -> None:
        transcript = hash_parts("pad1/codetrans", context, host, guest)
        self.context = context
        self.host = keyed_hash(key, "pad1/codehost", transcript)
        self.guest = keyed_hash(key, "pad1/codeguest", transcript)
        self.seal = keyed_hash(key, "pad1/codeseal", transcript)


class Host:
    """Who shows the code, and has the secret."""

    def __init__(
        self, code: Code, purpose: Purpose, relay_pk: bytes, payload: bytes, *, rng: RandomBytes
    ) -> None:
        if len(payload) > PADDED_BYTES - 2:
            raise ValueError("payload of a code")
        self._purpose, self._payload, self._rng = purpose, payload, rng
        self._context = code.context(purpose, relay_pk)
        self._spake = _spake("A", code, self._context, rng)
        self._keys: _Keys | None = None
        self.is_done = False
        self.is_burnt = False
        """Whether somebody took the number: right or wrong, it is good for nobody else."""

    def take(self, message: bytes) -> bytes:
        """The answer to what the guest said; raises CodeError, and the code is used up then."""
        if self.is_done:
            raise CodeError
        self.is_burnt = True
        return self._confirmed(message) if self._keys else self._begin(message)

    def _begin(self, message: bytes) -> bytes:
        head, theirs = message[:2], message[2:]
        if head != u8(VERSION) + u8(self._purpose):
            self.is_done = True
            raise CodeError
        mine = self._spake.start()
        self._keys = _Keys(_finish(self._spake, theirs), self._context, mine, theirs)
        answer: bytes = mine + self._keys.host
        return answer

    def _confirmed(self, message: bytes) -> bytes:
        self.is_done = True
        assert self._keys is not None
        if not compare_digest(message, self._keys.guest):
            raise WrongCode
        padded = (u16(len(self._payload)) + self._payload).ljust(PADDED_BYTES, b"\0")
        return seal(self._keys.seal, self._context, padded, rng=self._rng)


class Guest:
    """Who enters the code, and gets the secret."""

    def __init__(self, code: Code, purpose: Purpose, relay_pk: bytes, *, rng: RandomBytes) -> None:
        self._purpose = purpose
        self._context = code.context(purpose, relay_pk)
        self._spake = _spake("B", code, self._context, rng)
        self._keys: _Keys | None = None
        self.payload: bytes | None = None

    def first(self) -> bytes:
        self._mine: bytes = self._spake.start()
        first: bytes = u8(VERSION) + u8(self._purpose) + self._mine
        return first

    def take(self, message: bytes) -> bytes | None:
        """The answer to what the host said, None once `payload` is here; raises CodeError."""
        if self._keys is None:
            theirs, confirm = message[:SPAKE_BYTES], message[SPAKE_BYTES:]
            keys = _Keys(_finish(self._spake, theirs), self._context, theirs, self._mine)
            if not compare_digest(confirm, keys.host):
                raise WrongCode
            self._keys = keys
            return keys.guest
        try:
            reader = Reader(open_sealed(self._keys.seal, self._context, message))
            self.payload = reader.take(reader.u16())
        except (SealBroken, Malformed):
            raise CodeError from None
        return None


def _spake(side: str, code: Code, context: bytes, rng: RandomBytes) -> Any:
    # Imported where it is used: nobody else waits for it.
    from spake2 import SPAKE2_A, SPAKE2_B

    made: Callable[..., Any] = SPAKE2_A if side == "A" else SPAKE2_B
    words = "-".join(code.words).encode("ascii")
    return made(words, idA=context + u8(0), idB=context + u8(1), entropy_f=rng)


def _finish(spake: Any, theirs: bytes) -> bytes:
    """The common key; raises CodeError for what is no point of the curve, or one's own message."""
    if len(theirs) != SPAKE_BYTES:
        raise CodeError
    try:
        key: bytes = spake.finish(theirs)
    except Exception:
        # The package answers foreign bytes with assertions and errors of several kinds.
        raise CodeError from None
    return key
