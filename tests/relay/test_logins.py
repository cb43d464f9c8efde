"""Login blocks at the relay: for who can sign alone, one version after another, bounded, named by nothing."""

from __future__ import annotations

import pytest

from cryptpad_relay import logins
from cryptpad_relay.limits import Limits, Rate
from cryptpad_relay.protocol import labels
from cryptpad_relay.protocol.errors import Code
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.labels import public_key, sign_parts, u64
from cryptpad_relay.protocol.login_frames import (
    LOGIN_BLOCK_BYTES,
    LOGIN_SEALED_BYTES,
    LoginBlock,
    LoginDrop,
    LoginGet,
    LoginMove,
    LoginPut,
    login_id_of,
)
from cryptpad_relay.store.base import Store
from cryptpad_relay.store.memory import MemoryStore
from support.forge import Desk, DeskClient, Forge

ONE, TWO = b"\1" * 32, b"\2" * 32
"""Seeds of two login keys."""


def block(seed: bytes, version: int, *, passes: int = 3, log2_memory: int = 29, fill: bytes = b"x") -> bytes:
    bare = LoginBlock(passes, log2_memory, version, fill * LOGIN_SEALED_BYTES, b"")
    return bare.signed() + sign_parts(seed, labels.LOGIN_BLOCK, bare.signed())


def sign(client: DeskClient, seed: bytes, label: str, *parts: bytes) -> bytes:
    return sign_parts(seed, label, *parts, client.greeting.relay_nonce, client.greeting.relay_pk)


def put(client: DeskClient, seed: bytes, had: int, raw: bytes) -> bytes:
    signature = sign(client, seed, labels.LOGIN_PUT, *LoginPut.signed_parts(had, raw))
    return LoginPut(public_key(seed), had, signature, raw).encode()


def get(client: DeskClient, seed: bytes) -> bytes:
    return LoginGet(public_key(seed), sign(client, seed, labels.LOGIN_GET)).encode()


def drop(client: DeskClient, seed: bytes, had: int) -> bytes:
    return LoginDrop(public_key(seed), had, sign(client, seed, labels.LOGIN_DROP, u64(had))).encode()


def move(client: DeskClient, old: bytes, had: int, seed: bytes, raw: bytes) -> bytes:
    parts = LoginMove.signed_parts(had, public_key(seed), raw)
    old_signature, signature = [sign(client, each, labels.LOGIN_MOVE, *parts) for each in (old, seed)]
    return LoginMove(public_key(old), had, old_signature, public_key(seed), signature, raw).encode()


def test_a_block_is_kept_and_given_to_who_can_sign_for_it(desk: Desk) -> None:
    kept = block(ONE, 1)
    client = desk.connect()
    assert desk.connect().ask(Op.LOGIN_PUT, put(client, ONE, 0, kept)).op == Op.ERR
    assert client.ask(Op.LOGIN_PUT, put(client, ONE, 0, kept)).body == u64(1)
    other = desk.connect()
    assert other.ask(Op.LOGIN_GET, get(other, ONE)).body == kept
    assert other.refusal(Op.LOGIN_GET, get(other, TWO)).code is Code.NOT_FOUND
    stolen = LoginGet(public_key(ONE), sign(other, TWO, labels.LOGIN_GET)).encode()
    assert other.refusal(Op.LOGIN_GET, stolen).code is Code.NOT_AUTHORISED
    heard = get(client, ONE)
    assert other.refusal(Op.LOGIN_GET, heard).code is Code.NOT_AUTHORISED


def test_each_version_follows_the_one_that_its_maker_saw(desk: Desk) -> None:
    client = desk.connect()
    client.ask(Op.LOGIN_PUT, put(client, ONE, 0, block(ONE, 1)))
    assert client.ask(Op.LOGIN_PUT, put(client, ONE, 1, block(ONE, 2))).body == u64(2)
    assert client.ask(Op.LOGIN_PUT, put(client, ONE, 1, block(ONE, 2))).body == u64(2)
    for had, version in ((0, 1), (1, 3), (2, 2), (3, 4)):
        refused = client.refusal(Op.LOGIN_PUT, put(client, ONE, had, block(ONE, version)))
        assert refused.code is Code.BAD_SEQUENCE, (had, version)
    assert client.ask(Op.LOGIN_GET, get(client, ONE)).body == block(ONE, 2)


def test_what_is_weak_or_no_block_or_anothers_is_refused(desk: Desk) -> None:
    for passes, log2_memory in ((2, 29), (3, 25), (9, 29), (3, 31), (0, 0)):
        client, weak = desk.connect(), block(ONE, 1, passes=passes, log2_memory=log2_memory)
        assert client.refusal(Op.LOGIN_PUT, put(client, ONE, 0, weak)).code is Code.MALFORMED
    client, anothers = desk.connect(), block(TWO, 1)
    assert client.refusal(Op.LOGIN_PUT, put(client, ONE, 0, anothers)).code is Code.BAD_SIGNATURE
    for at in range(0, LOGIN_BLOCK_BYTES, 97):
        changed = bytearray(block(ONE, 1))
        changed[at] ^= 1
        client = desk.connect(f"{at}")
        code = client.refusal(Op.LOGIN_PUT, put(client, ONE, 0, bytes(changed))).code
        assert code in (Code.MALFORMED, Code.BAD_SIGNATURE, Code.BAD_SEQUENCE)
    assert client.desk.hub.store.login_count() == 0


def test_another_key_takes_the_place_in_one_step(desk: Desk) -> None:
    client = desk.connect()
    client.ask(Op.LOGIN_PUT, put(client, ONE, 0, block(ONE, 4)))
    moved = move(client, ONE, 4, TWO, block(TWO, 5))
    assert client.ask(Op.LOGIN_MOVE, moved).body == u64(5)
    assert client.ask(Op.LOGIN_MOVE, moved).body == u64(5)
    assert client.refusal(Op.LOGIN_GET, get(client, ONE)).code is Code.NOT_FOUND
    assert client.ask(Op.LOGIN_GET, get(client, TWO)).body == block(TWO, 5)
    again = move(client, ONE, 4, TWO, block(TWO, 6))
    assert client.refusal(Op.LOGIN_MOVE, again).code is Code.NOT_FOUND


def test_nobody_moves_a_login_without_both_keys(desk: Desk) -> None:
    client = desk.connect()
    client.ask(Op.LOGIN_PUT, put(client, ONE, 0, block(ONE, 1)))
    parts = LoginMove.signed_parts(1, public_key(TWO), block(TWO, 2))
    old, new = [sign(client, each, labels.LOGIN_MOVE, *parts) for each in (ONE, TWO)]
    for first, second in ((new, new), (old, old)):
        body = LoginMove(public_key(ONE), 1, first, public_key(TWO), second, block(TWO, 2)).encode()
        assert client.refusal(Op.LOGIN_MOVE, body).code is Code.NOT_AUTHORISED
    wrong_version = move(client, ONE, 2, TWO, block(TWO, 3))
    assert client.refusal(Op.LOGIN_MOVE, wrong_version).code is Code.BAD_SEQUENCE


def test_what_its_owner_drops_is_gone(desk: Desk) -> None:
    client = desk.connect()
    client.ask(Op.LOGIN_PUT, put(client, ONE, 0, block(ONE, 1)))
    assert client.refusal(Op.LOGIN_DROP, drop(client, ONE, 2)).code is Code.BAD_SEQUENCE
    stolen = LoginDrop(public_key(ONE), 1, sign(client, TWO, labels.LOGIN_DROP, u64(1))).encode()
    assert client.refusal(Op.LOGIN_DROP, stolen).code is Code.NOT_AUTHORISED
    assert client.ask(Op.LOGIN_DROP, drop(client, ONE, 1)).body == b""
    assert client.refusal(Op.LOGIN_GET, get(client, ONE)).code is Code.NOT_FOUND
    assert desk.hub.store.login(login_id_of(public_key(ONE))) is None


def test_two_changes_at_once_are_never_both_taken(desk: Desk) -> None:
    """The second is built on what is not durable yet, and may be built on what never will be."""
    client, other = desk.connect(), desk.connect()
    client.say(Op.LOGIN_PUT, put(client, ONE, 0, block(ONE, 1)))
    assert other.refusal(Op.LOGIN_PUT, put(other, ONE, 0, block(ONE, 1, fill=b"y"))).code is Code.RETRY
    assert other.refusal(Op.LOGIN_PUT, put(other, ONE, 0, block(ONE, 1, fill=b"y"))).code is Code.BAD_SEQUENCE
    assert other.ask(Op.LOGIN_GET, get(other, ONE)).body == block(ONE, 1)


def test_without_the_mark_of_what_is_on_its_way_the_second_change_would_undo_the_first(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk.hub.logins, "_busy", type("Blind", (set,), {"update": lambda *_: None})())
    client, other = desk.connect(), desk.connect()
    client.say(Op.LOGIN_PUT, put(client, ONE, 0, block(ONE, 1)))
    assert other.ask(Op.LOGIN_PUT, put(other, ONE, 0, block(ONE, 1, fill=b"y"))).body == u64(1)
    assert other.ask(Op.LOGIN_GET, get(other, ONE)).body == block(ONE, 1, fill=b"y")


def test_a_disk_that_fails_loses_no_login_and_holds_none() -> None:
    store = MemoryStore()
    desk = Desk(store, Forge())
    client = desk.connect()
    store.fail_commits = 1
    client.say(Op.LOGIN_PUT, put(client, ONE, 0, block(ONE, 1)))
    batch = desk.hub.take_batch(desk.now)
    assert batch is not None
    desk.hub.failed()
    store.fail_commits = 0
    assert client.ask(Op.LOGIN_PUT, put(client, ONE, 0, block(ONE, 1))).body == u64(1)


@pytest.mark.parametrize("store", ["memory"], indirect=True)
def test_guesses_are_counted_by_connection_by_address_and_by_block(store: Store) -> None:
    limits = Limits(
        login_asks_per_connection=Rate(4, 0.1),
        login_asks_per_address=Rate(6, 0.1),
        login_asks_per_block=Rate(3, 0.1),
    )
    desk = Desk(store, Forge(), limits=limits)
    client = desk.connect("one")
    codes = [client.refusal(Op.LOGIN_GET, get(client, bytes([n]) * 32)).code for n in range(10, 15)]
    assert codes == [Code.NOT_FOUND] * 4 + [Code.RETRY]
    again = desk.connect("one")
    codes = [again.refusal(Op.LOGIN_GET, get(again, bytes([n]) * 32)).code for n in range(10, 13)]
    assert codes == [Code.NOT_FOUND] * 2 + [Code.RETRY]
    owner = desk.connect("two")
    owner.ask(Op.LOGIN_PUT, put(owner, ONE, 0, block(ONE, 1)))
    others = [desk.connect(f"{n}") for n in range(3)]
    answers = [each.ask(Op.LOGIN_GET, get(each, ONE)).op for each in others]
    assert answers == [Op.LOGIN_GET | 0x80, Op.LOGIN_GET | 0x80, Op.ERR]
    # Who cannot sign for the block never uses up what its owner has.
    desk.now += 100
    thief = desk.connect("thief")
    for _ in range(4):
        thief.refusal(Op.LOGIN_GET, LoginGet(public_key(ONE), bytes(64)).encode())
    assert owner.ask(Op.LOGIN_GET, get(owner, ONE)).op == Op.LOGIN_GET | 0x80


@pytest.mark.parametrize("store", ["memory"], indirect=True)
def test_a_relay_keeps_so_many_and_an_address_makes_so_many(store: Store) -> None:
    limits = Limits(logins=3, login_makes_per_address=Rate(2, 0.01))
    desk = Desk(store, Forge(), limits=limits)
    seeds = [bytes([n]) * 32 for n in range(1, 6)]
    client = desk.connect("one")
    made = [client.ask(Op.LOGIN_PUT, put(client, seed, 0, block(seed, 1))).op for seed in seeds[:3]]
    assert made == [Op.LOGIN_PUT | 0x80, Op.LOGIN_PUT | 0x80, Op.ERR]
    other = desk.connect("two")
    assert other.ask(Op.LOGIN_PUT, put(other, seeds[3], 0, block(seeds[3], 1))).op == Op.LOGIN_PUT | 0x80
    full = other.refusal(Op.LOGIN_PUT, put(other, seeds[4], 0, block(seeds[4], 1)))
    assert full.code is Code.QUOTA
    assert other.ask(Op.LOGIN_PUT, put(other, seeds[3], 1, block(seeds[3], 2))).body == u64(2)


@pytest.mark.parametrize("store", ["memory"], indirect=True)
def test_a_relay_without_logins_answers_no_question_and_still_forgets(store: Store) -> None:
    before = Desk(store, Forge())
    client = before.connect()
    client.ask(Op.LOGIN_PUT, put(client, ONE, 0, block(ONE, 1)))
    desk = Desk(store, Forge(), limits=Limits(logins=0))
    client = desk.connect()
    assert client.refusal(Op.LOGIN_GET, get(client, ONE)).code is Code.UNSUPPORTED
    assert client.refusal(Op.LOGIN_PUT, put(client, ONE, 1, block(ONE, 2))).code is Code.UNSUPPORTED
    moved = move(client, ONE, 1, TWO, block(TWO, 2))
    assert client.refusal(Op.LOGIN_MOVE, moved).code is Code.UNSUPPORTED
    assert client.ask(Op.LOGIN_DROP, drop(client, ONE, 1)).body == b""
    assert store.login_count() == 0


def test_the_four_handlers_are_all_there_are() -> None:
    assert set(logins.LOGINS) == {Op.LOGIN_GET, Op.LOGIN_PUT, Op.LOGIN_MOVE, Op.LOGIN_DROP}
