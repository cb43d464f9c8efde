"""Whatever happens in a long rich text, and whenever its window dies: the next shows what the vault holds."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable

import pytest
from engine.conftest import MakeEngine
from engine.test_kept_pictures import RUNS, START, assert_as_held

from cryptpad_relay.protocol.records import parse_genesis
from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.values import Position
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.crypto.keys import SigningSeed
from cryptpad_tui.engine import PadSession, compacting, pictures
from cryptpad_tui.engine.picture_steps import PictureSteps
from cryptpad_tui.pad import flows
from cryptpad_tui.pad.outgoing import Profile, SealResult
from cryptpad_tui.pad.replica import Replica
from support.memory_store import MemoryStore
from support.pads import ListRelay, seeded
from support.relay import RelayProcess
from support.sessions import until


@pytest.fixture(autouse=True)
def everything_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "LONG_BYTES", 1_000)


class Company:
    """A pad of Anna's on a relay that is a list, with Bert in it, and Anna's window, which may die."""

    def __init__(self, make_engine: MakeEngine, seed: int) -> None:
        self.make_engine, self.draw = make_engine, random.Random(seed)
        self.anna = make_engine("Anna")
        self.pad_id = self.anna.create_pad("Long", kind=PadKind.RICHTEXT, runs=RUNS).pad_id
        self.session = self.anna.open_pad(self.pad_id)
        self.relay = ListRelay(self.pad_id, self.session.record.genesis)
        self.send()
        genesis = parse_genesis(self.session.record.genesis, self.pad_id)
        profile, rng = Profile(SigningSeed(bytes(range(32))), "Bert", bytes(3)), seeded(seed)
        keys = self.session.replica.keys
        self.bert = Replica(genesis, PadKind.RICHTEXT, keys, MemoryStore(), profile, rng=rng)
        assert self.bert.writer is not None
        self.theirs = ViewDocument(client_id=self.bert.writer.client_id, kind=PadKind.RICHTEXT)

    # -- what happens

    def place(self, view: ViewDocument) -> Position:
        return view.lines.position_at(self.draw.randrange(view.lines.char_count + 1))

    def type_on(self) -> None:
        at = self.place(self.session.view)
        for letter in "typed":
            self.session.view.replace(at, at, letter, {"bold": True} if self.draw.random() < 0.1 else None)
            at = Position(at.line, at.col + 1)
        self.session.flush()

    def take_away(self) -> None:
        start, end = sorted([self.place(self.session.view), self.place(self.session.view)])
        end = min(end, Position(start.line + 2, 0))
        self.session.view.replace(start, self.session.view.lines.clamp(end), self.draw.choice(["", "é\n"]))
        self.session.flush()

    def mark(self) -> None:
        start = self.place(self.session.view)
        end = self.session.view.lines.clamp(Position(start.line + 2, 1))
        self.session.view.format(
            start, end, {self.draw.choice(["bold", "header"]): self.draw.choice([None, 1])}
        )
        self.session.flush()

    def undo(self) -> None:
        self.session.view.undo()
        self.session.flush()

    def name(self) -> None:
        self.session.set_title(f"Named {self.draw.random()}")
        self.session.flush()

    def not_saved(self) -> None:
        self.session.view.replace(START, START, "not saved ")

    def send(self) -> None:
        self.session.flush()
        replica = self.session.replica
        while replica.queue.seal_pending() is SealResult.SEALED:
            self.relay.play(flows.send(replica, replica.store.outbox()))
        self.fetch()

    def sign(self) -> None:
        self.session.flush()
        self.session.replica.queue.seal_pending()

    def fetch(self) -> None:
        self.relay.play(flows.catch_up(self.session.replica, len(self.relay.entries), self.relay.heads[-1]))
        self.session.folded()
        self.session.flush()

    def bert_writes(self) -> None:
        folded = self.relay.play(flows.catch_up(self.bert, len(self.relay.entries), self.relay.heads[-1]))
        for item in folded:
            for update in item.updates:
                self.theirs.apply(update)
        at = self.place(self.theirs)
        self.theirs.replace(
            at, self.theirs.lines.clamp(Position(at.line, at.col + 2)), "Bert's\n", {"italic": True}
        )
        assert self.bert.writer is not None
        self.bert.store.append_journal(self.bert.writer.pk, self.theirs.take_updates())
        self.bert.queue.seal_pending()
        self.relay.play(flows.send(self.bert, self.bert.store.outbox()))
        if self.draw.random() < 0.7:
            self.fetch()

    def checkpoint(self) -> None:
        self.session.replica.save_checkpoint()

    def another_window_types(self) -> None:
        other = self.make_engine("Anna")
        with other.borrowed(self.pad_id) as session:
            at = self.place(session.view)
            session.view.replace(at, at, "another window ")
            session.flush()
            other.open_pads.take_out(self.pad_id, keep_writer=False)
        if self.draw.random() < 0.5:
            self.session.follow_vault()

    def leave(self) -> None:
        self.session.close()
        self.session = self.anna.open_pad(self.pad_id)

    def keep(self) -> None:
        pictures.keep(self.anna, self.session)

    def keep_while_open(self) -> None:
        while self.session.pictures.go_on():
            pass

    # -- and what must be so

    def acts(self) -> list[Callable[[], None]]:
        often = [self.type_on, self.take_away, self.mark, self.bert_writes, self.send]
        seldom = [self.undo, self.name, self.not_saved, self.sign, self.fetch, self.checkpoint, self.leave]
        return [*often * 3, *seldom, self.another_window_types, self.keep, self.keep_while_open]

    def dies_here(self) -> bool:
        """Whether a window that is opened instead shows a picture, which is of all that the vault holds."""
        another = self.make_engine("Anna")
        session = another.open_pad(self.pad_id)
        was_pictured = session.pending.beyond_picture is not None
        shown, title = session.view.text(), session.title()
        clocks = session.view.state_vector()
        truth = rebuilt(session)
        assert (shown, title, clocks) == (truth.text(), truth.meta("title"), truth.state_vector())
        assert_as_held(session)
        another.open_pads.take_out(self.pad_id, keep_writer=False)
        return was_pictured


def rebuilt(session: PadSession) -> ViewDocument:
    """What the vault holds, made of its bytes alone."""
    replica = session.replica
    state, waiting = replica.restored_fold({}), replica.queue.pending_updates()
    while rows := replica.store.log_after(state.n, 1_000):
        for row in rows:
            state.step(row.entry, trusted=True)
    return ViewDocument(client_id=1, kind=PadKind.RICHTEXT, state=state.document.encode(), updates=waiting)


@pytest.mark.parametrize("seed", range(12 if "CRYPTPAD_TUI_SOAK" in os.environ else 1))
async def test_a_window_that_dies_leaves_the_next_what_it_had_saved(
    make_engine: MakeEngine, seed: int
) -> None:
    company = Company(make_engine, seed)
    company.keep()
    pictured = looked = 0
    for _ in range(40):
        company.draw.choice(company.acts())()
        if company.draw.random() < 0.4:
            looked += 1
            pictured += company.dies_here()
    assert pictured * 2 > looked


async def test_a_window_that_dies_when_the_document_was_just_kept_anew_leaves_its_picture(
    make_engine: MakeEngine,
) -> None:
    """For ten megabytes the next one took ten seconds: what was saved was of the bytes before."""
    company = Company(make_engine, 5)
    company.keep()
    company.type_on()
    company.send()
    company.type_on()
    company.not_saved()
    company.checkpoint()
    assert company.dies_here()
    company.type_on()
    assert company.dies_here()


async def test_a_row_that_lacked_a_change_would_show_something_else(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the test above would catch."""
    monkeypatch.setattr(PictureSteps, "_changed", lambda steps, change: None)
    company = Company(make_engine, 0)
    company.keep()
    company.type_on()
    with pytest.raises(AssertionError):
        company.dies_here()


async def test_what_a_window_that_died_typed_is_joined_without_its_document(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compacting, "COMPACT_ROWS", 8)
    company = Company(make_engine, 1)
    company.keep()
    for _ in range(20):
        company.type_on()
    text = company.session.view.text()
    again = make_engine("Anna")
    monkeypatch.setattr(again, "is_live_writer", lambda pad_id, pk: False)
    session = again.open_pad(company.pad_id)
    waiting = len(session.pending.shown)
    assert not session.view.is_loaded
    session.view.load()
    session.settle()
    assert len(session.pending.shown) < waiting // 4
    assert session.view.text() == text
    assert session.pending.steps.is_of_the_vault
    third = make_engine("Anna").open_pad(company.pad_id)
    assert (third.view.is_loaded, third.view.text()) == (False, text)
    assert_as_held(third)


async def test_what_an_ended_window_left_is_made_again_behind_the_first_frame(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = Company(make_engine, 2)
    company.keep()
    company.type_on()
    anna = make_engine("Anna")
    monkeypatch.setattr(anna, "is_live_writer", lambda pad_id, pk: False)
    monkeypatch.setattr(anna.open_pads, "is_live_writer", lambda pad_id, pk: False)
    session = anna.open_pad(company.pad_id)
    waiting, session.sends_later = session.replica.queue.pending_updates(), True
    session.seal()
    assert not session.view.is_loaded
    assert session.replica.queue.pending_updates() == waiting
    session.send_now()
    session.seal()
    assert session.replica.queue.pending_updates() != waiting
    assert session.view.text() == company.session.view.text()
    assert_as_held(session)


async def test_what_waits_in_a_long_text_is_sent_once_the_person_found_their_way(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = Company(make_engine, 3)
    company.keep()
    company.type_on()
    anna = make_engine("Anna")
    monkeypatch.setattr("cryptpad_tui.engine.engine.LONG_SENT_AFTER_S", 0.05)
    monkeypatch.setattr("cryptpad_tui.engine.syncing.pads_to_send", lambda engine: [company.pad_id])
    await anna.start()
    session = anna.session_of(company.pad_id)
    assert session is not None
    assert session.sends_later
    for _ in range(200):
        if not session.sends_later:
            break
        await asyncio.sleep(0.01)
    assert not session.sends_later
    assert not session.view.is_loaded


async def test_what_others_wrote_meanwhile_is_read_behind_the_first_frame(
    relay: RelayProcess, make_engine: MakeEngine
) -> None:
    """To fold it a long document is read whole, for which who opens it would wait."""
    anna = make_engine("Anna", relay_url=relay.url)
    pad_id = anna.create_pad("Long", kind=PadKind.RICHTEXT, runs=RUNS).pad_id
    await anna.start()
    session = anna.open_pad(pad_id)
    session.sends_later = True
    await until(lambda: any(state.connected for state in anna.relay_states()))
    await asyncio.sleep(0.2)
    assert not session.attached_here
    session.send_now()
    await until(lambda: session.attached_here)
