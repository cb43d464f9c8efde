"""One-time codes: what crosses, and that one wrong guess ends everything (T42, "a code guessed online")."""

from __future__ import annotations

import random

import pytest

from cryptpad_tui.pad import codes
from cryptpad_tui.pad.code_words import WORDS
from cryptpad_tui.pad.codes import Code, CodeError, Guest, Host, NotACode, Purpose, WrongCode

RELAY, SECRET = bytes([7]) * 32, b"the account's root, say"
CODE = Code(42, ("cedar", "tulip"))


def host(code: Code = CODE, purpose: Purpose = Purpose.ACCOUNT, relay: bytes = RELAY) -> Host:
    return Host(code, purpose, relay, SECRET, rng=random.Random(1).randbytes)


def guest(code: Code = CODE, purpose: Purpose = Purpose.ACCOUNT, relay: bytes = RELAY) -> Guest:
    return Guest(code, purpose, relay, rng=random.Random(2).randbytes)


def met(showing: Host, entering: Guest) -> list[bytes]:
    """They exchange until the guest has it, or somebody raises; what went over the wire."""
    said = [entering.first()]
    while entering.payload is None:
        said.append(showing.take(said[-1]))
        answer = entering.take(said[-1])
        if answer is not None:
            said.append(answer)
    return said


def test_who_has_the_code_gets_the_secret_and_the_wire_shows_its_size_at_most() -> None:
    entering = guest()
    said = met(host(), entering)
    assert entering.payload == SECRET
    assert all(SECRET not in message and b"cedar" not in message for message in said)
    assert [len(message) for message in said] == [35, 65, 32, 1_024 + 72]


def test_a_code_survives_how_people_write_it() -> None:
    for text in ("42-cedar-tulip", " 42 Cedar tulip\n", "42 - CEDAR -tulip"):
        assert Code.parse(text) == CODE
    for text in (
        "",
        "cedar-tulip",
        "42-cedar",
        "0-cedar-tulip",
        "10000-cedar-tulip",
        "42-cedar-xyzzy",
        "४२-cedar-tulip",
    ):
        with pytest.raises(NotACode):
            Code.parse(text)
    assert len(set(WORDS)) == 256
    assert Code.parse(Code.random(7, rng=random.Random(3).randbytes).text()).number == 7
    assert "cedar" not in repr(CODE)


@pytest.mark.parametrize(
    "other",
    [
        {"code": Code(42, ("cedar", "tiger"))},
        {"code": Code(43, ("cedar", "tulip"))},
        {"purpose": Purpose.LINK},
        {"relay": bytes(32)},
    ],
    ids=["words", "number", "purpose", "relay"],
)
def test_a_guest_who_means_something_else_gets_nothing_and_has_burnt_the_code(
    other: dict[str, object],
) -> None:
    showing = host()
    with pytest.raises(CodeError):
        met(showing, guest(**other))  # type: ignore[arg-type]
    assert showing.is_burnt
    if not showing.is_done:
        with pytest.raises(WrongCode):
            showing.take(bytes(32))
    with pytest.raises(CodeError):
        met(showing, guest())


def test_a_guest_of_another_version_is_refused() -> None:
    showing, first = host(), guest().first()
    with pytest.raises(CodeError):
        showing.take(b"\x02" + first[1:])
    assert showing.is_done


def test_a_host_that_does_not_know_the_code_is_not_believed() -> None:
    """A relay that plays the host itself guesses once, and never sees the guest's confirmation."""
    entering, liar = guest(), host(Code(42, ("cedar", "tiger")))
    with pytest.raises(WrongCode):
        entering.take(liar.take(entering.first()))


def test_without_the_confirmation_a_wrong_guess_would_get_the_sealed_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The defence above taken out: the host answers whatever it is told."""
    monkeypatch.setattr(codes, "compare_digest", lambda one, other: True)
    showing, entering = host(), guest(Code(42, ("cedar", "tiger")))
    showing.take(entering.first())
    assert len(showing.take(bytes(32))) == 1_024 + 72


def test_bytes_changed_on_the_way_end_it() -> None:
    rng = random.Random(5)
    for step in range(4):
        showing, entering = host(), guest()
        with pytest.raises(CodeError):
            exchange_spoilt(showing, entering, step, rng)
        assert entering.payload is None


def exchange_spoilt(showing: Host, entering: Guest, step: int, rng: random.Random) -> None:
    """They exchange; one bit of message `step` is another one when it arrives."""
    message: bytes | None = entering.first()
    for at in range(4):
        assert message is not None
        if at == step:
            spoilt = bytearray(message)
            spoilt[rng.randrange(len(spoilt))] ^= 1 << rng.randrange(8)
            message = bytes(spoilt)
        message = entering.take(message) if at % 2 else showing.take(message)


@pytest.mark.parametrize("message", [b"", b"\x01\x01", b"\x01\x01" + bytes(33), b"\x01\x01A" + bytes(32)])
def test_what_is_no_point_of_the_curve_is_refused(message: bytes) -> None:
    with pytest.raises(CodeError):
        host().take(message)


def test_a_message_of_ones_own_is_refused() -> None:
    showing, entering = host(), guest()
    own = showing.take(entering.first())
    with pytest.raises(CodeError):
        host().take(b"\x01\x01" + own[:33])
