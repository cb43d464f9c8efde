"""A limited device turns against its account: it may write anything into the drive, until it is taken out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cryptpad_relay.protocol.owner_records import EpochRecord, parse_record
from cryptpad_tui.crdt.kinds import ENTRIES_ROOT
from cryptpad_tui.crypto.account import account_box_of, device_key_of, seal_box
from cryptpad_tui.crypto.keys import SigningSeed
from cryptpad_tui.drive import mirror
from cryptpad_tui.drive.entry_fields import text_of
from cryptpad_tui.engine import (
    Engine,
    coming_along,
    contacts,
    creating,
    devices,
    link_book,
    mailbox,
    membership,
    removing,
    rotating,
    vouching,
)
from cryptpad_tui.engine.account_word import Word
from cryptpad_tui.engine.coming_along import NoWord
from cryptpad_tui.engine.own_card import myself
from support.relay import RelayProcess
from support.sessions import MakeEngine

from .test_limited import let_in as let_in_for_real

PHONE = "cd" * 16
KEY = SigningSeed(bytes([7]) * 32).public
WORDS = "acorn cedar tulip stone"


def write(engine: Engine, values: dict[str, object]) -> None:
    """As it comes from another device."""
    engine.drive_session.view.set_maps(ENTRIES_ROOT, values)


@pytest.fixture
def desk(make_engine: MakeEngine) -> Engine:
    """A machine that holds the account, which let a limited one in."""
    engine = make_engine("desk")
    devices.enter(engine)
    devices.let_in(engine, PHONE, KEY)
    return engine


def held(engine: Engine) -> list[tuple[str, str]]:
    return [(line.id, line.holds) for line in devices.devices(engine) if not line.is_this]


LIES: list[dict[str, object]] = [
    {"gone": 1},
    {"holds": "account"},
    {"vouched": ""},
    {"vouched": "", "holds": "account"},
    {"key": "ab" * 32},
    {"added": 1e300, "name": 5, "vouched": [1]},
]


@pytest.mark.parametrize("defended", [True, False])
@pytest.mark.parametrize("lie", LIES)
def test_what_a_limited_device_says_of_itself_hides_it_from_nobody(
    desk: Engine, lie: dict[str, object], defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Off the list, or as one that holds the account, it could not be taken out any more."""
    if not defended:
        monkeypatch.setattr(vouching, "believed", lambda engine, found: found)
    write(desk, {f"{devices.PREFIX}{PHONE}/{name}": value for name, value in lie.items()})
    devices.note_keys(desk)
    members = [each.ident_pk for each in devices.slot_members(desk)]
    assert ((held(desk), members) == ([(PHONE, "pads")], [KEY])) == defended


@pytest.mark.parametrize("defended", [True, False])
def test_another_device_brings_none_back_that_was_taken_out(
    desk: Engine, defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The root's word that it is out is remembered, and the list's is not asked."""
    if not defended:
        monkeypatch.setattr(vouching, "_is_out", lambda engine, id_, values: bool(values.get("gone")))
    devices.end_line(desk, PHONE)
    assert held(desk) == []
    write(desk, {f"{devices.PREFIX}{PHONE}/gone": 0, f"{devices.PREFIX}{PHONE}/ended": ""})
    assert (held(desk) == []) == defended


@pytest.mark.parametrize("defended", [True, False])
def test_a_line_that_nobody_vouched_for_gets_no_keys(
    desk: Engine, defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device enters another one by itself, with the signature that was made for it."""
    if not defended:
        monkeypatch.setattr(vouching, "verify_parts", lambda *parts: True)
    mine = dict(vouching.let_in(desk, PHONE, KEY))
    other = SigningSeed(bytes([8]) * 32).public
    for id_, key in (("ef" * 16, other), ("ab" * 16, KEY)):
        line = {**mine, "key": key.hex(), "came": 1, "added": 5}
        write(desk, {f"{devices.PREFIX}{id_}/{name}": value for name, value in line.items()})
    got = {each.ident_pk for each in devices.slot_members(desk)}
    assert (got == {KEY}) == defended


@pytest.mark.parametrize("defended", [True, False])
def test_a_device_that_came_along_and_has_the_words_tells_of_a_root_of_its_own(
    desk: Engine, defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The words are for every machine that comes along, and one of those may be the enemy's."""
    if not defended:
        monkeypatch.setattr(coming_along, "_is_signed", lambda engine, own, word: True)
    enemy = bytes([66]) * 32
    genesis = creating.drive_genesis(enemy)
    box = account_box_of(enemy).public
    word = Word(False, enemy, genesis.pad_id, genesis.raw, bytes([1]) * 32, box, "wss://enemy.example", WORDS)
    own = devices.own_id(desk.vault)
    key = device_key_of(bytes.fromhex(desk.vault.setting(devices.OWN_ROOT) or "")).public
    write(desk, {f"{devices.PREFIX}{own}/moved": text_of(seal_box(key, word.encode(), rng=desk.rng))})
    if defended:
        with pytest.raises(NoWord):
            coming_along.follow(desk, WORDS)
        return
    coming_along.follow(desk, WORDS)
    assert desk.vault.account_root == enemy


JUNK: list[object] = [1e300, -1e300, -1, 2**53 - 1, "", "zz", None, True, [1, 2], {"a": 1}, "\u202e\u200bé"]
OTHER, FOLDER, NO_ID = "ab" * 32, "ab" * 16, "z" * 64
FIELDS = (
    *(f"{OTHER}/{name}" for name in ("kind", "role", "secret", "epoch", "relay_pk", "pin_n", "trashed")),
    *(f"{OTHER}/{name}" for name in ("own", "created_ms", "genesis", "name", "in", "tag:x", "link:aa")),
    *(f"{NO_ID}/{name}" for name in ("kind", "secret", "own", "name")),
    *(f"{FOLDER}/{name}" for name in ("path", "parent", "name", "trashed", "shared")),
    *(f"{devices.PREFIX}{PHONE}/{name}" for name in ("name", "added", "holds", "key", "vouched", "moved")),
    *("device-x/name", "former-0/root", "people-numbers/pass", f"contact-{FOLDER}/heard-{'00' * 8}"),
    *(
        "contact-zz/record",
        "mail-zz/item",
        "mail-zz/at",
        f"known-{FOLDER}/zz",
        "nothing",
        "/",
        "login/record",
    ),
)


async def everything_works(engine: Engine, pad_id: bytes) -> None:
    """What each machine of the account does with the drive."""
    engine.drive_sync._all = True
    await engine.drive_sync._agree()
    engine.drive_session.flush()
    devices.note_keys(engine)
    assert (list(engine.drive.entries()), engine.drive.unsealed()) is not None
    assert (devices.devices(engine, gone=True), devices.slot_members(engine)) is not None
    assert [pad.title for pad in engine.listing() if pad.pad_id == pad_id] == ["Plan"]
    assert (contacts.lines(engine), engine.people.items(), engine.people.known_in(pad_id)) is not None
    myself(engine).pass_id(mailbox.generation(engine))
    engine.people.heard(FOLDER, bytes(8))
    rotating._carried(engine, bytes(32))
    link_book.links(engine, pad_id)
    assert coming_along.waiting(engine) is None


async def test_nothing_that_a_device_writes_into_the_drive_stops_the_others(desk: Engine) -> None:
    plan = desk.create_pad("Plan", text="x")
    whole = {
        key.partition("/")[2]: value
        for key, value in desk.drive_session.view.map_items(ENTRIES_ROOT).items()
        if key.startswith(plan.pad_id.hex())
    }
    for junk in JUNK:
        write(desk, {f"{entry}/{name}": value for entry in (OTHER, NO_ID) for name, value in whole.items()})
        for field in FIELDS:
            write(desk, {field: junk})
        await everything_works(desk, plan.pad_id)
    write(desk, {f"{plan.pad_id.hex()}/link:cdcdcdcd": "[" * 4_000})
    facts = {"key": "ab" * 32, "label": "x", "role": "edit", "locked": False, "made": 10**30, "epoch": 0}
    write(desk, {f"{plan.pad_id.hex()}/link:abababab": json.dumps(facts)})
    assert link_book.links(desk, plan.pad_id) == [], "no calendar has that day"


async def test_without_the_bound_one_number_ends_all_saving(
    desk: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror, "MAX_NUMBER", float("inf"))
    write(desk, {f"{OTHER}/trashed": 1e300})
    with pytest.raises(OverflowError):
        desk.drive_session.flush()
    desk.drive_session.view.delete_map(ENTRIES_ROOT, f"{OTHER}/trashed")


async def test_one_that_struck_itself_out_and_left_a_link_behind_is_cut_off_all_the_same(
    relay: RelayProcess, make_engine: MakeEngine, tmp_path: Path
) -> None:
    """It lists a link of its own making, to be sealed to when the pad's keys change, and leaves the list."""
    desk = make_engine("desk", relay_url=relay.url)
    plan = desk.create_pad("Plan", text="one\n")
    await desk.sync()
    phone = await let_in_for_real(tmp_path, make_engine, desk, "phone")
    own = devices.own_id(phone.vault)
    planted = link_book.BookLink(KEY, "Ben's", "edit", False, 1, 0)
    link_book.write(phone, plan.pad_id, planted)
    write(phone, {f"{devices.PREFIX}{own}/{name}": value for name, value in (("gone", 1), ("vouched", ""))})
    phone.drive_session.flush()
    await phone.sync()
    await desk.sync()
    assert link_book.links(desk, plan.pad_id) == [planted]
    done = await removing.remove(desk, str(own)[:8])
    assert (done.left, devices.slot_members(desk), link_book.links(desk, plan.pad_id)) == (0, [], [])
    for pad_id in (desk.drive_session.pad_id, plan.pad_id):
        with desk.borrowed(pad_id) as session:
            replica = session.replica
            record = parse_record(replica.stored_entry(replica.fold.mark.n) or b"")
            assert isinstance(record, EpochRecord)
        with phone.borrowed(pad_id) as session:
            assert session.replica.ring.find(record) is None
        opener = SigningSeed(bytes([7]) * 32)
        assert [slot for slot in record.slots if opener.open_box(slot)] == []
    assert membership.links(desk, plan.pad_id) == []
