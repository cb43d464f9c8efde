"""T30: a relay that answers the question for a login with whatever it likes.

The block that an account's newest drive contradicts is played with real devices in engine/test_logins.py.
"""

from __future__ import annotations

import random

import pytest

from cryptpad_relay.protocol.errors import Code, Refused
from cryptpad_relay.protocol.frames import Greeting, Op
from cryptpad_relay.protocol.login_frames import LoginGet
from cryptpad_tui.crypto.sealing import open_sealed
from cryptpad_tui.pad.asking import Flow, Request
from cryptpad_tui.people import login_block, login_flows
from cryptpad_tui.people.login_block import LoginContent, open_login, seal_login
from cryptpad_tui.people.login_errors import LoginError, LoginForged, LoginMoved, LoginsOff, WeakLogin
from cryptpad_tui.people.login_keys import LoginKeys
from cryptpad_tui.vault.passwords import KdfCost

STRONG, WEAKER = KdfCost(3, 29), KdfCost(3, 26)
KEYS = LoginKeys(b"\4" * 32, b"\5" * 32, STRONG)
OTHERS = LoginKeys(b"\6" * 32, b"\7" * 32, STRONG)
CONTENT = LoginContent(
    bytes(range(32)), b"\1" * 32, b"\2" * 32, 7, b"\3" * 16, 5, "wss://pads.example", "Anna"
)
GREETING = Greeting(b"\1" * 32, b"\x09" * 32)
RNG = random.Random(30).randbytes


def asked(keys: LoginKeys, answer: bytes | Refused) -> bytes | None:
    """What a client makes of this answer to its question."""
    flow = login_flows.find(GREETING, keys.auth, keys.cost)
    request = next(flow)
    assert request.op == Op.LOGIN_GET
    assert LoginGet.decode(request.body).login_pk == keys.auth.public
    return ended(flow, answer)


def ended(flow: Flow[bytes | None], answer: bytes | Refused) -> bytes | None:
    try:
        step: Request = flow.throw(answer) if isinstance(answer, Refused) else flow.send(answer)
    except StopIteration as stop:
        value: bytes | None = stop.value
        return value
    raise AssertionError(step)


def block(keys: LoginKeys = KEYS, version: int = 2) -> bytes:
    return seal_login(keys, CONTENT, version, rng=RNG)


def test_t30_a_block_that_is_changed_weaker_or_anothers() -> None:
    good = block()
    assert asked(KEYS, good) == good
    weaker = seal_login(LoginKeys(KEYS.seed, KEYS.wrap, WEAKER), CONTENT, 2, rng=RNG)
    with pytest.raises(WeakLogin):
        asked(KEYS, weaker)
    below_the_floor = good[:6] + bytes([1, 10]) + good[8:]
    with pytest.raises(WeakLogin):
        asked(KEYS, below_the_floor)
    a_burden = good[:6] + bytes([3, 40]) + good[8:]
    with pytest.raises(WeakLogin):
        asked(KEYS, a_burden)
    newer = good[:8] + bytes(7) + b"\x09" + good[16:]
    for lie in (block(OTHERS), newer, good[:-1], good + b"\0", b"", bytes(len(good))):
        with pytest.raises(LoginForged):
            asked(KEYS, lie)
    for at in range(0, len(good), 13):
        changed = bytearray(good)
        changed[at] ^= 1
        with pytest.raises(LoginError):
            asked(KEYS, bytes(changed))


def test_t30_without_the_owners_signature_an_old_box_would_pass_under_a_new_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The seal binds the number too: the relay would have to take out both."""
    newer = block()[:8] + bytes(7) + b"\x09" + block()[16:]
    monkeypatch.setattr(login_block.LoginBlock, "is_by", lambda *_: True)
    assert asked(KEYS, newer) == newer
    with pytest.raises(LoginForged):
        open_login(KEYS, newer)
    old = login_block.LoginBlock.decode(newer)

    def unbound(key: bytes, aad: bytes, sealed: bytes) -> bytes:
        return open_sealed(key, aad[:8] + bytes(7) + b"\2" + aad[16:], old.sealed)

    monkeypatch.setattr(login_block, "open_sealed", unbound)
    assert open_login(KEYS, newer).version == 9


def test_t30_without_the_check_of_its_cost_a_weaker_block_would_be_kept_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    weaker = LoginKeys(KEYS.seed, KEYS.wrap, WEAKER)
    raw = seal_login(weaker, CONTENT, 2, rng=RNG)
    original = login_block.check_block
    monkeypatch.setattr(login_block, "check_block", lambda raw, pk, cost: original(raw, pk, None))
    assert open_login(KEYS, raw).content == CONTENT


def test_t30_a_proof_is_good_for_one_connection_and_one_purpose() -> None:
    """What one relay heard is nothing at another, nor for another request."""
    bodies = []
    for greeting in (
        GREETING,
        Greeting(b"\2" * 32, GREETING.relay_nonce),
        Greeting(b"\1" * 32, b"\x08" * 32),
    ):
        flow = login_flows.find(greeting, KEYS.auth, None)
        bodies.append(next(flow).body)
        flow.close()
    assert len(set(bodies)) == 3
    drop = login_flows.drop(GREETING, KEYS.auth, 2)
    assert next(drop).body[-64:] not in {body[-64:] for body in bodies}
    drop.close()


@pytest.mark.parametrize(
    ("code", "error"), [(Code.UNSUPPORTED, LoginsOff), (Code.BAD_SEQUENCE, LoginMoved), (Code.RETRY, Refused)]
)
def test_t30_what_a_relay_refuses_has_a_sentence(code: Code, error: type[Exception]) -> None:
    with pytest.raises(error):
        asked(KEYS, Refused(code))


def test_t30_a_relay_that_says_it_took_something_else_is_not_believed() -> None:
    flow = login_flows.put(GREETING, KEYS.auth, 1, block())
    next(flow)
    for lie in (b"", bytes(8), (3).to_bytes(8), (2).to_bytes(9)):
        again = login_flows.put(GREETING, KEYS.auth, 1, block())
        next(again)
        with pytest.raises(LoginForged):
            again.send(lie)
    with pytest.raises(StopIteration):
        flow.send((2).to_bytes(8))
