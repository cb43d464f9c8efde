"""Entries and records that are not what they say: forged, replayed, equivocal, or crafted by an editor.

R+V is the relay with a holder of the view link, R+E with a hostile editor. Each attack runs twice: as it is,
and with the defence taken out, where it must succeed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from crdt.forge import string, update

from adversary.colluders import Pen, base_of, editor, opened, shown, viewer
from adversary.liar import World, flip
from adversary.people import Lab, assert_caught
from adversary.sabotage import Patch, both, lenient_parse, no_pad_check, nothing, yes
from cryptpad_relay.protocol import entry as entry_module
from cryptpad_relay.protocol import frames, labels
from cryptpad_relay.protocol.entry import Kind, parse_entry
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.records import genesis_body, parse_genesis
from cryptpad_tui.crypto.errors import BadLink
from cryptpad_tui.crypto.keys import EditKeys, SigningSeed, ViewKeys, edit_seed_of, make_genesis, owner_key
from cryptpad_tui.pad import flows, writer
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.epochs import EpochMark
from cryptpad_tui.pad.fold import Fold
from cryptpad_tui.pad.payloads import Update
from cryptpad_tui.pad.writers import WriterState, WriterStatus
from support.pads import OWNER_ROOT, Person, seeded

# -- T1, T2: bytes


@both
async def test_t01_a_changed_byte_under_a_head_made_for_it(
    lab: Lab, monkeypatch: Patch, defended: bool
) -> None:
    """The relay recomputes its chain, so that the writer's signature alone is left to notice."""
    anna, victim = await opened(lab)
    before = victim.state()
    anna.type("second line ")
    anna.replica.queue.seal_pending()
    sealed = anna.person.store.outbox()[0].entry
    lab.by_editors.add(parse_entry(sealed).entry_id)
    if not defended:
        monkeypatch.setattr("cryptpad_tui.pad.fold.Entry.signature_ok", yes)
    await shown(lab, victim, flip(sealed, 300))
    if defended:
        assert_caught(victim, AlarmCode.BAD_ENTRY, before)
    else:
        assert victim.alarm is None
        state = victim.replica.fold.writers[anna.replica.writer.pk]  # type: ignore[union-attr]
        assert state.status is WriterStatus.TERMINATED, "an honest writer ends by the relay's hand"


MALFORMED: dict[str, dict[str, Any]] = {
    "unknown suite": {"suite": 2},
    "unknown flags": {"flags": 1},
    "unknown kind": {"kind": 0x15},
    "a presence kind": {"kind": Kind.PRESENCE},
    "body length": {"body_len": 400},
}


@both
@pytest.mark.parametrize("wrong", MALFORMED)
async def test_t02_an_entry_of_another_form(lab: Lab, monkeypatch: Patch, wrong: str, defended: bool) -> None:
    """R+E: signed and sealed by somebody who may write, so that its form is all that is wrong."""
    _, victim = await opened(lab)
    mallory = editor(lab)
    hello = mallory.hello(base_of(lab))
    await shown(lab, victim, hello)
    before = victim.state()
    fields = dict(MALFORMED[wrong])
    kind = fields.pop("kind", Kind.UPDATE)
    text = update(mallory.client_id, 0, string("of another form"))
    raw = mallory.entry(kind, base_of(lab), Update((text,)).encode(), **fields)
    monkeypatch.setattr("support.pads.parse_entry", lenient_parse)
    monkeypatch.setattr("adversary.liar.parse_entry", lenient_parse)
    if not defended:
        monkeypatch.setattr("cryptpad_tui.pad.fold.parse_entry", lenient_parse)
    await shown(lab, victim, raw)
    if defended:
        assert_caught(victim, AlarmCode.BAD_ENTRY, before)
    else:
        assert "of another form" in victim.state().canonical


@pytest.mark.parametrize("cut", [1, 63, 64, 65, 300, 550])
async def test_t02_a_truncated_or_extended_entry(lab: Lab, monkeypatch: Patch, cut: int) -> None:
    _, victim = await opened(lab)
    before, honest = victim.state(), lab.world.entries[-1]
    for raw in (honest[:-cut], honest + bytes(cut)):
        body = frames.Commit(lab.pad_id, before.n + 1, bytes(32), (raw,)).encode()
        await victim.connect()
        victim.alarm = None
        victim.seat.show(frames.Frame(frames.Op.COMMIT, 0, body))
        await lab.settle()
        assert_caught(victim, AlarmCode.BAD_ENTRY, before)


# -- T7, R8: replays


@both
async def test_t07_an_entry_shown_again(lab: Lab, monkeypatch: Patch, defended: bool) -> None:
    anna, victim = await opened(lab)
    before = victim.state()
    if not defended:
        monkeypatch.setattr(Fold, "_refuse_sequence", nothing)
        monkeypatch.setattr(Fold, "_check_base", nothing)
    await shown(lab, victim, lab.world.entries[-1])
    if defended:
        assert_caught(victim, AlarmCode.CHAIN_GAP, before)
    else:
        assert victim.alarm is None
        assert victim.replica.fold.writers[anna.replica.writer.pk].status is WriterStatus.TERMINATED  # type: ignore[union-attr]


@both
async def test_t07_an_entry_of_another_pad(lab: Lab, monkeypatch: Patch, defended: bool) -> None:
    """Even where the other pad has the very same keys, which no two pads have."""
    anna, victim = await opened(lab)
    sister = make_genesis(OWNER_ROOT, 0, rng=lambda size: b"\7" * size)
    pen = Pen(sister.pad_id, anna.replica.keys, 5)
    elsewhere = World(sister.pad_id, sister.raw)
    elsewhere.append(pen.hello(writer.Base(0, elsewhere.heads[0])))
    line = update(pen.client_id, 0, string("written elsewhere"))
    elsewhere.append(pen.update(writer.Base(1, elsewhere.heads[1]), line))
    before = victim.state()
    if not defended:
        no_pad_check(monkeypatch)
        monkeypatch.setattr(Fold, "_check_base", nothing)
        monkeypatch.setattr("cryptpad_tui.pad.sealed_checks.identity_signature_ok", yes)
        monkeypatch.setattr("cryptpad_tui.pad.fold.client_id_of", lambda pad_id, pk: pen.client_id)
    await shown(lab, victim, *elsewhere.entries)
    if defended:
        assert_caught(victim, AlarmCode.BAD_ENTRY, before)
    else:
        assert "written elsewhere" in victim.state().canonical


@both
async def test_t07_an_entry_of_another_epoch(lab: Lab, monkeypatch: Patch, defended: bool) -> None:
    """R+E."""
    _, victim = await opened(lab)
    mallory, before = editor(lab), victim.state()
    cert = mallory.keys.writer_cert(lab.pad_id, 1, mallory.pk)  # type: ignore[attr-defined]
    hello = mallory.hello(base_of(lab), cert=cert, epoch=1)
    if not defended:
        no_pad_check(monkeypatch)
    await shown(lab, victim, hello)
    if defended:
        assert_caught(victim, AlarmCode.BAD_ENTRY, before)
    else:
        assert victim.replica.fold.writers[mallory.pk].status is WriterStatus.LIVE


@both
async def test_t07_an_entry_as_another_kind(lab: Lab, monkeypatch: Patch, defended: bool) -> None:
    """An UPDATE shown as an ENDORSE: the kind is under the signature and in the seal."""
    anna, victim = await opened(lab)
    before = victim.state()
    anna.type("second line ")
    anna.replica.queue.seal_pending()
    sealed = anna.person.store.outbox()[0].entry
    if not defended:
        monkeypatch.setattr("cryptpad_tui.pad.fold.Entry.signature_ok", yes)
    await shown(lab, victim, sealed[:4] + bytes([Kind.ENDORSE]) + sealed[5:])
    if defended:
        assert_caught(victim, AlarmCode.BAD_ENTRY, before)
    else:
        assert victim.replica.fold.writers[anna.replica.writer.pk].status is WriterStatus.TERMINATED  # type: ignore[union-attr]


@both
async def test_r08_a_presence_frame_is_no_proof_of_equivocation(
    lab: Lab, monkeypatch: Patch, defended: bool
) -> None:
    """Its count is the writer's last seq, and the relay shows it as an entry for that place."""
    anna, victim = await opened(lab)
    before = victim.state()
    if not defended:
        one_label_for_all(monkeypatch)
    await lab.talk(1, anna)
    frame = next(message for message in anna.seat.heard if message[0] == Op.PRES)[5:]
    assert int.from_bytes(frame[76:84], "big") == parse_entry(lab.world.entries[-1]).seq
    if defended:
        frame = frame[:4] + bytes([Kind.UPDATE]) + frame[5:]
    await shown(lab, victim, frame)
    if defended:
        assert_caught(victim, AlarmCode.CHAIN_GAP, before)
    else:
        assert victim.alarm
        assert victim.alarm.code is AlarmCode.EQUIVOCATION_WRITER, "an honest writer is framed"


def one_label_for_all(monkeypatch: Patch) -> None:
    """Presence and entries share signature label, id label and kinds."""
    monkeypatch.setattr(labels, "PRESENCE_SIGNATURE", labels.ENVELOPE)
    monkeypatch.setattr(labels, "PRESENCE_ID", labels.ENTRY)
    kinds = entry_module.LOG_KINDS | entry_module.PRESENCE_KINDS
    monkeypatch.setattr(entry_module, "LOG_KINDS", kinds)


# -- T14, R19: records


def asked(lab: Lab, keys: ViewKeys, genesis: bytes, records: tuple[bytes, ...] = ()) -> Any:
    lab.world.on_owner_rec = lambda body: frames.OwnerRecords(genesis, records).encode()  # type: ignore[method-assign]
    return lab.world.play(flows.fetch_genesis(lab.pad_id, 0, keys, lab.relay.greeting))


def substituted(lab: Lab, attacker: SigningSeed, cap: SigningSeed) -> bytes:
    """The pad's GENESIS with another owner and edit key, and the readers' keys as they were."""
    honest = parse_genesis(lab.world.genesis)
    body = genesis_body(
        attacker.public, cap.public, honest.fetch_pk, honest.kcv, honest.relay_id, bytes(16), honest.policy
    )
    return body + attacker.sign(labels.GENESIS, body)


@both
async def test_t14_a_substituted_edit_key_for_a_viewer(lab: Lab, monkeypatch: Patch, defended: bool) -> None:
    """R+V: a viewer cannot derive the edit key; that the pad id is GENESIS's hash is all that stands here."""
    view_keys = ViewKeys(Person("Anna", 1).replica.keys.view_seed)
    rng = seeded(77)
    attacker, cap = SigningSeed(rng(32)), SigningSeed(rng(32))
    forged = substituted(lab, attacker, cap)
    if defended:
        with pytest.raises(Alarm) as caught:
            asked(lab, view_keys, forged)
        assert caught.value.code is AlarmCode.BAD_RECORD
        return
    monkeypatch.setattr(
        flows, "parse_genesis", lambda raw, pad_id: replace(parse_genesis(raw), pad_id=pad_id)
    )
    believed, _ = asked(lab, view_keys, forged)
    victim = lab.newcomer("Viktor", 3, view_only=True)
    victim.replica.fold.genesis, victim.replica.fold.mark = believed, EpochMark.first(believed)
    pen = Pen(lab.pad_id, view_keys, 3)
    cert = cap.sign(labels.CERT, lab.pad_id, bytes(4), pen.pk, b"\1")
    lab.world.append(pen.hello(base_of(lab), cert=cert))
    lab.world.append(pen.update(base_of(lab), update(pen.client_id, 0, string("by the attacker"))))
    await victim.connect()
    assert victim.state().canonical == "by the attacker"


async def test_t14_every_changed_byte_of_genesis_is_refused(lab: Lab) -> None:
    keys = Person("Anna", 1).replica.keys
    for i in range(len(lab.world.genesis)):
        with pytest.raises(Alarm) as caught:
            asked(lab, keys, flip(lab.world.genesis, i))
        assert caught.value.code is AlarmCode.BAD_RECORD


@pytest.mark.parametrize("which", ["the fetch key", "the edit key"])
async def test_t14_keys_that_are_not_the_links(lab: Lab, which: str) -> None:
    """The owner signed them, and they hash to the pad id: the link's own seed does not lead to them."""
    keys = Person("Anna", 1).replica.keys
    others = EditKeys.from_seed(edit_seed_of(b"\5" * 32, 0))
    fetch = others if which == "the fetch key" else keys
    cap = others if which == "the edit key" else keys
    assert isinstance(cap, EditKeys)
    owner = owner_key(OWNER_ROOT)
    body = genesis_body(
        owner.public, cap.cap.public, fetch.fetch.public, keys.key_check(0), bytes(32), bytes(16), 0
    )
    genesis = parse_genesis(body + owner.sign(labels.GENESIS, body))
    lab.world.on_owner_rec = lambda asked: frames.OwnerRecords(genesis.raw, ()).encode()  # type: ignore[method-assign]
    with pytest.raises(Alarm) as caught:
        lab.world.play(flows.fetch_genesis(genesis.pad_id, 0, keys, lab.relay.greeting))
    assert caught.value.code is AlarmCode.BAD_RECORD


@both
async def test_r19_an_unknown_rule_set_blames_nobody(lab: Lab, monkeypatch: Patch, defended: bool) -> None:
    """GENESIS is the pad's, and commits to rules that are not known here: no alarm about the relay."""
    keys, owner = Person("Anna", 1).replica.keys, owner_key(OWNER_ROOT)
    assert isinstance(keys, EditKeys)
    body = genesis_body(
        owner.public, keys.cap.public, keys.fetch.public, keys.key_check(0, 2), bytes(32), bytes(16), 0
    )
    genesis = parse_genesis(body + owner.sign(labels.GENESIS, body))
    lab.world.on_owner_rec = lambda asked: frames.OwnerRecords(genesis.raw, ()).encode()  # type: ignore[method-assign]
    if not defended:
        monkeypatch.setattr(flows, "keys_match", yes)
    flow = flows.fetch_genesis(genesis.pad_id, 0, keys, lab.relay.greeting)
    if defended:
        with pytest.raises(BadLink, match="newer version"):
            lab.world.play(flow)
    else:
        assert lab.world.play(flow)[0] == genesis, "read by rules that it was not written by"


# -- T16: who may not write


FORGERS = ["junk", "by their own key", "a viewer's", "none"]


@both
@pytest.mark.parametrize("certificate", FORGERS)
async def test_t16_a_viewer_with_the_relays_help(
    lab: Lab, monkeypatch: Patch, certificate: str, defended: bool
) -> None:
    """R+V: sealed with the right key, so that authorisation is all that is left."""
    _, victim = await opened(lab)
    mallory, before = viewer(lab), victim.state()
    keys = mallory.keys
    certs = {
        "junk": seeded(3)(64),
        "by their own key": mallory.signing.sign(labels.CERT, lab.pad_id, bytes(4), mallory.pk, b"\1"),
        "a viewer's": keys.viewer_cert(lab.pad_id, 0, mallory.pk),
        "none": bytes(64),
    }
    hello = mallory.hello(base_of(lab), cert=certs[certificate])
    line = update(mallory.client_id, 0, string("forged by a viewer"))
    raws = (hello, mallory.update(base_of(lab), line))
    if not defended:
        monkeypatch.setattr("cryptpad_tui.pad.fold.Entry.cert_ok", yes)
    if certificate == "none":
        raws = raws[1:]
        if not defended:
            strangers_welcome(monkeypatch)
    await shown(lab, victim, *raws)
    if defended:
        assert_caught(victim, AlarmCode.NOT_AUTHORISED, before)
    else:
        assert "forged by a viewer" in victim.state().canonical


def strangers_welcome(monkeypatch: Patch) -> None:
    """Whoever writes without a HELLO is taken for introduced."""
    honest = Fold._check_outer

    def check(self: Fold, entry: Any, n: int, *, trusted: bool) -> WriterState:
        client_id = Pen.client_id.fget(_Named(self.pad_id, entry.writer_pk))  # type: ignore[attr-defined]
        fresh = WriterState(
            entry.writer_pk, b"", bytes(32), client_id, entry.seq - 1, entry.prev, n - 1, entry.base_n
        )
        self.writers.setdefault(entry.writer_pk, fresh)
        return honest(self, entry, n, trusted=trusted)

    monkeypatch.setattr(Fold, "_check_outer", check)


class _Named:
    def __init__(self, pad_id: bytes, pk: bytes) -> None:
        self.pad_id, self.pk = pad_id, pk
