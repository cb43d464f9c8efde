"""Each of the checks that a client makes of a log entry, broken alone: docs/protocol.md §7.

Every entry is sealed and signed as it should be, by who may write: what refuses it is the rule itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from cryptpad_relay.protocol.entry import Kind, header_bytes
from cryptpad_relay.protocol.labels import CERT, ENTRY, ENVELOPE, hash_parts, u8, u32
from cryptpad_tui.crypto.keys import EditKeys, SigningSeed, edit_seed_of
from cryptpad_tui.crypto.sealing import SEAL_OVERHEAD, pad, seal
from cryptpad_tui.pad import fold as fold_module
from cryptpad_tui.pad.alarms import Alarm, AlarmCode
from cryptpad_tui.pad.fold import Fold
from cryptpad_tui.pad.payloads import Hello, Update
from cryptpad_tui.pad.writer import identity_signature
from cryptpad_tui.pad.writers import WriterStatus
from support.pads import OWNER_ROOT, Person, relay_for, seeded

KEYS = EditKeys.from_seed(edit_seed_of(OWNER_ROOT, 0))
BEN, CORA = SigningSeed(b"\1" * 32), SigningSeed(b"\2" * 32)
BENS_IDENTITY, CORAS_IDENTITY = SigningSeed(b"\3" * 32), SigningSeed(b"\4" * 32)
OTHER = b"\7" * 32
NOTHING = Update((b"\0\0",)).encode()


@dataclass(frozen=True)
class Made:
    """What an entry says; a test changes one thing of it."""

    kind: Kind
    pad_id: bytes
    writer: SigningSeed
    seq: int
    prev: bytes
    base_n: int
    base_head: bytes
    plain: bytes
    cert: bytes = b""
    epoch: int = 0
    read_key: bytes = KEYS.read_key
    signer: SigningSeed | None = None
    more_padding: int = 0

    def raw(self) -> bytes:
        padded = pad(self.plain) + bytes(self.more_padding)
        size = len(self.cert) + len(padded) + SEAL_OVERHEAD
        names = self.pad_id, self.epoch, self.writer.public, self.seq, self.prev, self.base_n, self.base_head
        aad = header_bytes(self.kind, *names, size) + self.cert
        unsigned = aad + seal(self.read_key, aad, padded, rng=seeded(self.seq))
        return unsigned + (self.signer or self.writer).sign(ENVELOPE, hash_parts(ENTRY, unsigned))


@pytest.fixture
def fold() -> Fold:
    """Four entries of Anna's; then Ben's HELLO, based on 2, and an UPDATE, based on 3."""
    anna = Person("Anna", 1)
    relay = relay_for(anna)
    for text in ("one ", "two ", "three"):
        anna.type(text)
        anna.sync(relay)
    fold = anna.replica.fold
    fold.step(replace(hello(fold, BEN, BENS_IDENTITY), base_n=2, base_head=head(fold, 2)).raw())
    fold.step(replace(update(fold), base_n=3, base_head=head(fold, 3)).raw())
    assert fold.n == 6
    return fold


def head(fold: Fold, n: int) -> bytes:
    known = fold.head_of(n)
    assert known is not None
    return known


def update(fold: Fold, plain: bytes = NOTHING) -> Made:
    """Ben's next."""
    ben = fold.writers[BEN.public]
    return Made(Kind.UPDATE, fold.pad_id, BEN, ben.last_seq + 1, ben.last_id, fold.n, fold.head, plain)


def hello(fold: Fold, writer: SigningSeed, identity: SigningSeed, supersedes: bytes = bytes(32)) -> Made:
    signature = identity_signature(identity, fold.pad_id, 0, writer.public)
    plain = Hello(identity.public, signature, True, supersedes, bytes(3), "Somebody").encode()
    cert = KEYS.writer_cert(fold.pad_id, 0, writer.public)
    return Made(Kind.HELLO, fold.pad_id, writer, 0, bytes(32), fold.n, fold.head, plain, cert)


def halts(fold: Fold, made: Made) -> AlarmCode:
    before = fold.n, fold.head, dict(fold.writers), fold.document.text()
    with pytest.raises(Alarm) as caught:
        fold.step(made.raw())
    assert (fold.n, fold.head, fold.writers, fold.document.text()) == before
    return caught.value.code


def cert(fold: Fold, *, cap: SigningSeed = KEYS.cap, epoch: int = 0, role: int = 1, pk: bytes = b"") -> bytes:
    return cap.sign(CERT, fold.pad_id, u32(epoch), pk or CORA.public, u8(role))


def test_entries_that_are_right_are_taken(fold: Fold) -> None:
    assert not fold.step(update(fold).raw()).void_reason
    assert not fold.step(hello(fold, CORA, CORAS_IDENTITY).raw()).void_reason


def test_2_an_entry_of_another_pad_or_epoch_halts(fold: Fold) -> None:
    right = update(fold)
    assert halts(fold, replace(right, pad_id=OTHER)) is AlarmCode.BAD_ENTRY
    assert halts(fold, replace(right, epoch=1)) is AlarmCode.BAD_ENTRY


def test_3_an_entry_by_nobody_halts(fold: Fold) -> None:
    assert halts(fold, replace(update(fold), writer=CORA)) is AlarmCode.NOT_AUTHORISED
    assert halts(fold, replace(update(fold), writer=CORA, seq=0, prev=bytes(32))) is AlarmCode.NOT_AUTHORISED


def test_3_a_hello_without_this_epochs_certificate_halts(fold: Fold) -> None:
    right = hello(fold, CORA, CORAS_IDENTITY)
    wrong = {
        "by another key": cert(fold, cap=CORA),
        "by the read key": cert(fold, cap=KEYS.fetch),
        "of another epoch": cert(fold, epoch=1),
        "to read": cert(fold, role=2),
        "of another writer": cert(fold, pk=BEN.public),
        "none": bytes(64),
    }
    for name, each in wrong.items():
        assert halts(fold, replace(right, cert=each)) is AlarmCode.NOT_AUTHORISED, name
    assert halts(fold, replace(right, seq=1)) is AlarmCode.NOT_AUTHORISED
    assert halts(fold, replace(right, prev=OTHER)) is AlarmCode.NOT_AUTHORISED


def test_3_a_client_id_is_its_first_writers(fold: Fold, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = fold.writers[BEN.public].client_id
    monkeypatch.setattr(fold_module, "client_id_of", lambda pad_id, writer_pk: taken)
    assert halts(fold, hello(fold, CORA, CORAS_IDENTITY)) is AlarmCode.NOT_AUTHORISED
    fold.closed = {BEN.public: fold.writers.pop(BEN.public)}
    assert halts(fold, hello(fold, CORA, CORAS_IDENTITY)) is AlarmCode.NOT_AUTHORISED


def test_3b_a_retired_writer_halts(fold: Fold, monkeypatch: pytest.MonkeyPatch) -> None:
    fold.step(hello(fold, CORA, CORAS_IDENTITY).raw())
    monkeypatch.setattr(fold_module, "MAX_WRITER_LAG", 1)
    assert halts(fold, update(fold)) is AlarmCode.BAD_ENTRY


def test_4_a_writers_entries_stand_one_behind_the_other(fold: Fold) -> None:
    right = update(fold)
    before = fold.writers[BEN.public]
    assert halts(fold, replace(right, seq=right.seq + 1)) is AlarmCode.CHAIN_GAP
    assert halts(fold, replace(right, prev=OTHER)) is AlarmCode.CHAIN_GAP
    assert halts(fold, replace(right, seq=before.last_seq)) is AlarmCode.EQUIVOCATION_WRITER
    unsigned = replace(right, seq=before.last_seq, signer=CORA)
    assert halts(fold, unsigned) is AlarmCode.CHAIN_GAP
    again = replace(hello(fold, BEN, BENS_IDENTITY), seq=0)
    assert halts(fold, again) is AlarmCode.CHAIN_GAP


def test_5_a_base_is_a_head_of_this_log(fold: Fold) -> None:
    right = update(fold)
    wrong = {
        "its own place": replace(right, base_n=fold.n + 1),
        "far ahead": replace(right, base_n=2**64 - 1),
        "before its writer's last": replace(right, base_n=2, base_head=head(fold, 2)),
        "another head": replace(right, base_head=OTHER),
        "another earlier head": replace(right, base_n=4, base_head=OTHER),
    }
    for name, each in wrong.items():
        assert halts(fold, each) is AlarmCode.FORK, name
    fold.mark = replace(fold.mark, n=5)
    assert halts(fold, replace(right, base_n=4, base_head=head(fold, 4))) is AlarmCode.FORK


def test_6_an_entry_that_its_writer_did_not_sign_halts(fold: Fold) -> None:
    assert halts(fold, replace(update(fold), signer=CORA)) is AlarmCode.BAD_ENTRY
    assert halts(fold, replace(hello(fold, CORA, CORAS_IDENTITY), signer=BEN)) is AlarmCode.BAD_ENTRY


def test_7_a_head_that_the_entries_do_not_lead_to_halts(fold: Fold) -> None:
    raw = update(fold).raw()
    fold.check_claim([raw], fold.heads_after([raw])[-1])
    with pytest.raises(Alarm, match="CHAIN_GAP"):
        fold.check_claim([raw], OTHER)


def voids(fold: Fold, made: Made) -> bool:
    """Whether the entry is void, and ends its writer."""
    before = fold.document.text()
    folded = fold.step(made.raw())
    ended = fold.writers[made.writer.public].status is WriterStatus.TERMINATED
    return bool(folded.void_reason) and ended and fold.document.text() == before


@pytest.mark.parametrize("change", [{"read_key": KEYS.presence_key}, {"more_padding": 16}])
def test_8_what_is_not_sealed_as_it_should_be_is_void(fold: Fold, change: dict[str, Any]) -> None:
    assert voids(fold, replace(update(fold), **change))


def test_9_a_hello_without_its_identitys_signature_is_void(fold: Fold) -> None:
    """Otherwise anybody who may write could appear as anybody else."""
    identity, pk = CORAS_IDENTITY, CORA.public
    wrong = {
        "by another identity": identity_signature(BENS_IDENTITY, fold.pad_id, 0, pk),
        "for another pad": identity_signature(identity, OTHER, 0, pk),
        "for another epoch": identity_signature(identity, fold.pad_id, 1, pk),
        "for another writer": identity_signature(identity, fold.pad_id, 0, BEN.public),
        "none": bytes(64),
    }
    for name, signature in wrong.items():
        plain = Hello(identity.public, signature, True, bytes(32), bytes(3), "Cora").encode()
        assert voids(fold, replace(hello(fold, CORA, identity), plain=plain)), name
        fold.writers.pop(pk)


def test_9_changes_in_anothers_name_are_void(fold: Fold) -> None:
    cora = fold.writers[BEN.public].client_id + 1
    block = b"\1\1" + _varint(cora) + b"\0\4\1\4text\1x\0"
    assert voids(fold, update(fold, Update((block,)).encode()))


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out) + bytes([number])


def test_who_supersedes_a_writer_is_its_identity(fold: Fold) -> None:
    ben = fold.writers[BEN.public]
    fold.step(hello(fold, CORA, CORAS_IDENTITY, supersedes=BEN.public).raw())
    assert ben.status is WriterStatus.LIVE
    ben.status = WriterStatus.TERMINATED
    fold.step(hello(fold, SigningSeed(b"\5" * 32), BENS_IDENTITY, supersedes=BEN.public).raw())
    assert ben.status is WriterStatus.TERMINATED
    ben.status = WriterStatus.LIVE
    fold.step(hello(fold, SigningSeed(b"\6" * 32), BENS_IDENTITY, supersedes=BEN.public).raw())
    assert ben.status is WriterStatus.SUPERSEDED
    assert fold.step(update(fold).raw()).void_reason
