"""The printed recovery key survives paper, voices and keyboards, and nothing else passes for one."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vault.helpers import steady

from cryptpad_tui.vault.errors import MistypedRecoveryKey
from cryptpad_tui.vault.recovery import format_recovery_key, parse_recovery_key

SECRET = bytes(range(16))
PRINTED = "000G-40R4-0M30-E209-185G-R38E-1ZF7-1PXD"


def test_the_format_is_fixed() -> None:
    assert format_recovery_key(SECRET) == PRINTED
    assert parse_recovery_key(PRINTED) == SECRET


@steady
@given(st.binary(min_size=16, max_size=16))
def test_every_key_comes_back(secret: bytes) -> None:
    assert parse_recovery_key(format_recovery_key(secret)) == secret


@pytest.mark.parametrize(
    "typed",
    [
        PRINTED.lower(),
        PRINTED.replace("-", " "),
        PRINTED.replace("-", ""),
        f"  {PRINTED}\n",
        PRINTED.replace("0", "O").replace("1", "l"),
        PRINTED.replace("0", "o").replace("1", "I"),
        PRINTED.replace("-", "\u2013"),
    ],
)
def test_what_people_type_is_understood(typed: str) -> None:
    assert parse_recovery_key(typed) == SECRET


@pytest.mark.parametrize(
    "typed", ["", "-", PRINTED[:-1], PRINTED + "0", PRINTED + PRINTED, "U" * 32, "\u0660" * 32, "0" * 10_000]
)
def test_what_is_no_key_is_refused_without_repeating_it(typed: str) -> None:
    with pytest.raises(MistypedRecoveryKey) as refusal:
        parse_recovery_key(typed)
    assert not typed or typed not in str(refusal.value)


@steady
@given(st.binary(min_size=16, max_size=16), st.integers(0, 31), st.integers(1, 31))
def test_one_wrong_character_is_noticed(secret: bytes, place: int, step: int) -> None:
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    characters = list(format_recovery_key(secret).replace("-", ""))
    characters[place] = alphabet[(alphabet.index(characters[place]) + step) % 32]
    with pytest.raises(MistypedRecoveryKey):
        parse_recovery_key("".join(characters))


@steady
@given(st.binary(min_size=16, max_size=16), st.integers(0, 30))
def test_two_swapped_characters_are_noticed(secret: bytes, place: int) -> None:
    characters = list(format_recovery_key(secret).replace("-", ""))
    if characters[place] == characters[place + 1]:
        return
    characters[place : place + 2] = reversed(characters[place : place + 2])
    with pytest.raises(MistypedRecoveryKey):
        parse_recovery_key("".join(characters))


@steady
@given(st.text(max_size=60))
def test_any_text_is_a_key_or_a_typed_refusal(text: str) -> None:
    with contextlib.suppress(MistypedRecoveryKey):
        assert len(parse_recovery_key(text)) == 16
