"""The storage of one pad: every method happens wholly or not at all, and what was verified stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import apsw
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from vault.helpers import DATABASE_KEY, make_pad_record, steady

from cryptpad_tui.pad.ports import JournalRow, LogRow, OutboxRow, PadStore, StaleJournal
from cryptpad_tui.vault.database import Database
from cryptpad_tui.vault.errors import LogConflict, SeqReused, UnknownPad
from cryptpad_tui.vault.padstore import VaultPadStore
from cryptpad_tui.vault.records import WriterTail
from cryptpad_tui.vault.tables import Tables

A, B = b"a" * 32, b"b" * 32


def log_row(n: int, *, branch: int = 0, void: bool = False) -> LogRow:
    mark = n.to_bytes(16) + branch.to_bytes(16)
    return LogRow(n, mark, mark[::-1], b"entry" + mark, void)


def entry(writer: bytes, seq: int, content: bytes = b"") -> OutboxRow:
    return OutboxRow(0, writer, seq, writer[:16] + seq.to_bytes(16), b"signed" + content)


@pytest.fixture
def tables(database: Database) -> Tables:
    made = Tables(database)
    made.put_pad(make_pad_record(1))
    made.put_pad(make_pad_record(2))
    return made


@pytest.fixture
def store(tables: Tables) -> VaultPadStore:
    return tables.store(make_pad_record(1).pad_id)


@pytest.fixture
def other(tables: Tables) -> VaultPadStore:
    return tables.store(make_pad_record(2).pad_id)


def test_it_is_what_the_replica_needs(store: VaultPadStore) -> None:
    needed: PadStore = store
    assert needed.checkpoint() is None


def test_the_log_is_read_in_order_and_by_the_page(store: VaultPadStore, other: VaultPadStore) -> None:
    store.commit_fold([log_row(n) for n in (5, 6, 7)])
    store.commit_fold([log_row(8, void=True)])
    other.commit_fold([log_row(1)])
    assert [row.n for row in store.log_after(5, 2)] == [6, 7]
    assert store.log_after(7, 10) == [log_row(8, void=True)]
    assert store.log_after(0, 0) == []
    assert store.head_at(6) == log_row(6).head
    assert store.head_at(4) is None
    assert other.head_at(6) is None


def test_folding_twice_changes_nothing_and_a_void_record_can_void_later(store: VaultPadStore) -> None:
    store.commit_fold([log_row(1), log_row(2)])
    store.commit_fold([log_row(1), log_row(2), log_row(3)])
    assert [row.n for row in store.log_after(0, 10)] == [1, 2, 3]
    store.commit_fold([log_row(2, void=True)])
    assert store.log_after(1, 1) == [log_row(2, void=True)]


def test_what_was_verified_never_changes(store: VaultPadStore) -> None:
    store.commit_fold([log_row(1)], proven_heads=[(9, log_row(9).head)])
    conflicts: list[Callable[[], None]] = [
        lambda: store.commit_fold([log_row(2), log_row(1, branch=1)]),
        lambda: store.commit_fold([log_row(2), log_row(9, branch=1)]),
        lambda: store.commit_fold([log_row(2)], proven_heads=[(1, log_row(1, branch=1).head)]),
        lambda: store.commit_fold([log_row(2)], proven_heads=[(9, log_row(9, branch=1).head)]),
    ]
    for conflict in conflicts:
        with pytest.raises(LogConflict):
            conflict()
        assert store.log_after(0, 10) == [log_row(1)], "the whole transaction is undone"
    store.commit_fold([log_row(9)], proven_heads=[(1, log_row(1).head), (7, log_row(7).head)])
    assert store.head_at(7) == log_row(7).head


def test_the_checkpoint_is_replaced_but_never_by_an_older_one(store: VaultPadStore) -> None:
    store.set_checkpoint(3, b"three")
    store.set_checkpoint(3, b"three again")
    store.set_checkpoint(2, b"two")
    assert store.checkpoint() == (3, b"three again")
    store.set_checkpoint(4, b"x" * 100_000)
    assert store.checkpoint() == (4, b"x" * 100_000)


def test_journal_ids_rise_over_all_pads_and_never_come_twice(
    store: VaultPadStore, other: VaultPadStore
) -> None:
    first = store.append_journal(A, [b"1", b"2"])
    [foreign] = other.append_journal(B, [b"3"])
    assert store.journal_after(first[0]) == [JournalRow(first[1], A, b"2")]
    store.seal_journal(first, [entry(A, 0)])
    other.seal_journal([foreign], [entry(B, 0)])
    assert store.journal_after(0) == []
    [later] = store.append_journal(A, [b"4"])
    assert later > foreign > first[1] > first[0]
    assert store.append_journal(A, []) == []


def test_sealing_moves_all_or_nothing(store: VaultPadStore, other: VaultPadStore) -> None:
    ids = store.append_journal(A, [b"1", b"2"])
    [foreign] = other.append_journal(A, [b"3"])
    for wrong in ([*ids, 999], [*ids, ids[0]], [foreign], [ids[0], foreign]):
        with pytest.raises(StaleJournal):
            store.seal_journal(wrong, [entry(A, 0)])
    assert [row.id for row in store.journal_after(0)] == ids
    assert store.outbox() == []
    store.seal_journal(ids, [entry(A, 0), entry(A, 1)])
    assert [row.seq for row in store.outbox()] == [0, 1]
    with pytest.raises(StaleJournal):
        store.seal_journal(ids, [entry(A, 2)])
    assert len(other.journal_after(0)) == 1


def test_r5_no_second_body_for_a_seq_not_even_after_the_first_was_folded(store: VaultPadStore) -> None:
    store.seal_journal([], [entry(A, 0), entry(A, 1), entry(B, 0)])
    assert store.writer_tail(A) == WriterTail(1, entry(A, 1).entry_id)
    store.commit_fold([LogRow(1, entry(A, 1).entry_id, bytes(32), b"", False)])
    ids = store.append_journal(A, [b"1"])
    for again in (entry(A, 1, b"other"), entry(A, 0, b"other"), entry(A, 1)):
        with pytest.raises(SeqReused):
            store.seal_journal(ids, [entry(A, 2), again])
    assert [row.id for row in store.journal_after(0)] == ids, "the edit waits for another writer"
    store.seal_journal(ids, [entry(A, 2)])
    assert store.writer_tail(b"c" * 32) is None


def test_folding_clears_the_outbox_of_what_the_log_holds(store: VaultPadStore, other: VaultPadStore) -> None:
    for each in (store, other):
        each.seal_journal([], [entry(A, 0), entry(B, 0), entry(A, 1)])
    store.commit_fold([LogRow(1, entry(B, 0).entry_id, bytes(32), b"", False)])
    assert [(row.writer_pk, row.seq) for row in store.outbox()] == [(A, 0), (A, 1)]
    assert len(other.outbox()) == 3


def test_pending_rows_are_made_again_by_another_writer_once(store: VaultPadStore) -> None:
    ids = store.append_journal(A, [b"1", b"2"])
    store.seal_journal(ids[:1], [entry(A, 0)])
    [unsent] = store.outbox()
    made = store.replace_pending(journal_ids=ids[1:], outbox_ids=[unsent.id], writer_pk=B, updates=[b"again"])
    assert store.journal_after(0) == [JournalRow(made[0], B, b"again")]
    assert store.outbox() == []
    for journal_ids, outbox_ids in ((ids[1:], []), ([], [unsent.id]), (made, [unsent.id])):
        with pytest.raises(StaleJournal):
            store.replace_pending(
                journal_ids=journal_ids, outbox_ids=outbox_ids, writer_pk=B, updates=[b"twice"]
            )
    assert store.journal_after(0) == [JournalRow(made[0], B, b"again")]


def test_a_forgotten_pad_takes_no_more_writes(tables: Tables, store: VaultPadStore) -> None:
    store.append_journal(A, [b"1"])
    store.commit_fold([log_row(1)], proven_heads=[(5, bytes(32))])
    store.seal_journal([], [entry(A, 0)])
    store.set_checkpoint(1, b"state")
    tables.forget_pad(make_pad_record(1).pad_id)
    for write in (
        lambda: store.append_journal(A, [b"1"]),
        lambda: store.set_checkpoint(1, b""),
        lambda: store.commit_fold([log_row(2)]),
        lambda: store.seal_journal([], [entry(A, 5)]),
    ):
        with pytest.raises(UnknownPad):
            write()
    with pytest.raises(UnknownPad):
        tables.store(make_pad_record(1).pad_id)
    tables.put_pad(make_pad_record(1))
    empty = tables.store(make_pad_record(1).pad_id)
    assert (
        empty.journal_after(0),
        empty.outbox(),
        empty.checkpoint(),
        empty.head_at(1),
        empty.head_at(5),
    ) == (
        [],
        [],
        None,
        None,
        None,
    )


class StoreAgainstModel(RuleBasedStateMachine):
    """Any sequence of calls leaves what a few Python lists would hold; no edit is lost or doubled."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.database = Database.create(Path(self.folder.name) / "vault.db", DATABASE_KEY)
        Tables(self.database).put_pad(make_pad_record(1))
        self.store = Tables(self.database).store(make_pad_record(1).pad_id)
        self.journal: list[JournalRow] = []
        self.outbox: list[tuple[bytes, int, bytes]] = []
        self.log: list[bytes] = []
        self.seqs = {A: -1, B: -1}

    def teardown(self) -> None:
        self.database.close()
        self.folder.cleanup()

    @rule(writer=st.sampled_from([A, B]), updates=st.lists(st.binary(max_size=20), max_size=4))
    def type(self, writer: bytes, updates: list[bytes]) -> None:
        ids = self.store.append_journal(writer, updates)
        self.journal += [JournalRow(*row) for row in zip(ids, [writer] * len(ids), updates, strict=True)]

    @precondition(lambda self: self.journal)
    @rule(data=st.data(), writer=st.sampled_from([A, B]))
    def seal(self, data: st.DataObject, writer: bytes) -> None:
        count = data.draw(st.integers(1, len(self.journal)))
        self.seqs[writer] += 1
        sealed = entry(writer, self.seqs[writer])
        self.store.seal_journal([row.id for row in self.journal[:count]], [sealed])
        del self.journal[:count]
        self.outbox.append((writer, sealed.seq, sealed.entry_id))

    @precondition(lambda self: self.outbox)
    @rule(data=st.data())
    def fold(self, data: st.DataObject) -> None:
        _, _, entry_id = self.outbox.pop(data.draw(st.integers(0, len(self.outbox) - 1)))
        self.log.append(entry_id)
        n = len(self.log)
        self.store.commit_fold([LogRow(n, entry_id, n.to_bytes(32), b"", False)])

    @precondition(lambda self: self.journal or self.outbox)
    @rule(updates=st.lists(st.binary(max_size=5), max_size=2))
    def adopt(self, updates: list[bytes]) -> None:
        ids = self.store.replace_pending(
            journal_ids=[row.id for row in self.journal],
            outbox_ids=[row.id for row in self.store.outbox()],
            writer_pk=B,
            updates=updates,
        )
        self.journal = [JournalRow(*row) for row in zip(ids, [B] * len(ids), updates, strict=True)]
        self.outbox = []

    @rule()
    def reopen(self) -> None:
        self.database.close()
        self.database = Database.open(Path(self.folder.name) / "vault.db", DATABASE_KEY)
        self.store = Tables(self.database).store(make_pad_record(1).pad_id)

    @invariant()
    def same_as_the_model(self) -> None:
        assert self.store.journal_after(0) == self.journal
        assert [(row.writer_pk, row.seq, row.entry_id) for row in self.store.outbox()] == self.outbox
        assert [row.entry_id for row in self.store.log_after(0, 1_000)] == self.log


TestStoreAgainstModel = StoreAgainstModel.TestCase
TestStoreAgainstModel.settings = settings(steady, max_examples=20, stateful_step_count=20)


Call = Callable[[], object]


@pytest.fixture
def count_steps(database: Database) -> Callable[[Call], int]:
    """Instructions that SQLite's virtual machine needs: cost without a clock."""
    connection: apsw.Connection = database._connection

    def count(call: Callable[[], object]) -> int:
        steps = 0

        def step() -> bool:
            nonlocal steps
            steps += 1
            return False

        connection.set_progress_handler(step, 1)
        call()
        connection.set_progress_handler(None)
        return steps

    return count


def one_of_each(tables: Tables, store: VaultPadStore, quiet: VaultPadStore, at: int) -> list[Call]:
    """Every call that is made while somebody writes, the `at`th time; they are made in order."""
    pad_id, last = make_pad_record(1).pad_id, 10_000 + at
    [journal_id] = store.append_journal(A, [b"x"])
    return [
        lambda: store.append_journal(A, [b"x"]),
        lambda: store.journal_after(journal_id),
        lambda: store.seal_journal([journal_id], [entry(A, at)]),
        lambda: quiet.outbox(),
        lambda: quiet.journal_after(0),
        lambda: store.commit_fold([LogRow(last, entry(A, at).entry_id, bytes(32), b"", False)]),
        lambda: store.head_at(last),
        lambda: store.log_after(last - 1, 5),
        lambda: store.set_checkpoint(at, b"x"),
        lambda: tables.store(pad_id),
        lambda: tables.pad(pad_id),
        lambda: store.signed_head(),
        lambda: store.put_signed_head(last, b"x"),
        lambda: tables.add_alarm(pad_id, "FORK", "", b"%d" % at, 0),
    ]


def test_cost_grows_with_neither_the_log_nor_the_pads(
    tables: Tables, store: VaultPadStore, other: VaultPadStore, count_steps: Callable[[Call], int]
) -> None:
    tables.put_pad(make_pad_record(3))
    quiet = tables.store(make_pad_record(3).pad_id)
    store.put_signed_head(1, b"x")
    before = [count_steps(call) for call in one_of_each(tables, store, quiet, 1)]
    store.commit_fold([log_row(n) for n in range(1, 4_000)])
    for each in (store, other):
        each.append_journal(B, [b"x"] * 2_000)
        each.seal_journal([], [entry(B, seq) for seq in range(1_000)])
    for n in range(1, 500):
        tables.put_pad(make_pad_record(10 + n))
    after = [count_steps(call) for call in one_of_each(tables, store, quiet, 2)]
    # What an earlier round left in the journal is read again, so a few instructions more are honest.
    assert [b <= a + 30 for a, b in zip(before, after, strict=True)] == [True] * len(before), (before, after)
