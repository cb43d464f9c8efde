"""Clients and a relay that came back from a backup: what was lost returns, and who only says so is caught."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cryptpad_relay.protocol import frames
from cryptpad_relay.protocol.errors import Code, Refused
from cryptpad_relay.protocol.frames import Op
from cryptpad_relay.protocol.labels import u64
from cryptpad_relay.protocol.restore import Restore
from cryptpad_tui.pad import digests, flows, flows_arrive, flows_restore, snapshots
from cryptpad_tui.pad.alarms import ADVICE, Alarm, AlarmCode, Notice
from cryptpad_tui.pad.evidence import PieceKind
from cryptpad_tui.sync.pad_link import PadLink
from support.hub_wire import BackedUpRelay, HubConnection, Tamper
from support.pads import Person, load_here


class Window:
    """One person's window on the pad: the PadHost of its link."""

    def __init__(self, relay: BackedUpRelay, name: str, seed: int) -> None:
        self.relay = relay
        self.person = Person(name, seed)
        self.replica = self.person.replica
        self.load_document = staticmethod(load_here)
        self.pin = flows.Pin(0, b"")
        self.uploaded = False
        self.problem = ""
        self.notices: list[str] = []
        self.failures: list[Exception] = []
        self.now = 0.0

    def show_some(self) -> bool:
        return False

    def folded(self) -> None:
        self.person.show(self.replica.take_folded())

    async def load_ahead(self) -> None: ...

    def attached(self, connected: flows.Connected) -> None:
        self.uploaded = True

    def presence_frame(self, frame: bytes) -> None: ...

    def seal(self) -> None:
        self.replica.queue.seal_pending()

    def remake(self, *, with_outbox: bool) -> None:
        raise AssertionError("nothing was refused")

    def noticed(self, notice: Notice) -> None:
        self.notices.append(notice.text)

    async def come(self, tamper: Tamper | None = None) -> None:
        """A new connection, to the log's end."""
        self.connection = HubConnection(self.relay, tamper)
        self.link = PadLink(self, self.connection, rng=self.person.rng, failed=self.failures.append)  # type: ignore[arg-type]
        await self.link.attach()
        await self.hear()

    async def hear(self) -> None:
        await self.connection.deliver()

    def leave(self) -> None:
        self.link.detach()
        self.connection.client.session.closed()

    async def write(self, text: str) -> None:
        self.person.type(text)
        await self.send()

    async def send(self) -> None:
        self.now += 100
        self.relay.desk.now += 1
        await self.link.send_pending(now=self.now)
        await self.hear()

    def text(self) -> str:
        assert self.person.canonical() == self.person.text()
        return self.person.text()


@pytest.fixture
def relay() -> BackedUpRelay:
    return BackedUpRelay()


@pytest.fixture
async def anna(relay: BackedUpRelay) -> Window:
    anna = Window(relay, "Anna", 1)
    await anna.come()
    await anna.write("kept by the backup. ")
    return anna


@pytest.fixture
async def boris(relay: BackedUpRelay, anna: Window) -> Window:
    boris = Window(relay, "Boris", 2)
    await boris.come()
    return boris


async def lose(relay: BackedUpRelay, *people: Window, lines: int = 5) -> None:
    """A backup, then more text that everybody sees, then the relay comes back with the backup."""
    backup = relay.backup()
    for i in range(lines):
        await people[i % len(people)].write(f"line {i}. ")
        for person in people:
            await person.hear()
    for person in people:
        person.leave()
    relay.restart_from(backup)


def end_of(relay: BackedUpRelay, person: Window) -> int:
    pad = relay.desk.hub.open_pad(person.replica.pad_id)
    assert pad is not None
    return pad.log.committed.n


# What comes back


async def test_what_a_restored_relay_lost_comes_back_from_one_machine(
    relay: BackedUpRelay, anna: Window, boris: Window
) -> None:
    """T29, R28: same heads, no alarm, one notice, and all go on."""
    await lose(relay, anna, boris)
    n, head = anna.replica.fold.n, anna.replica.fold.head
    lost = n - end_of(relay, anna)
    await anna.come()
    assert anna.notices == [f"the relay had lost {lost} entries; they are back from this machine"]
    assert (end_of(relay, anna), anna.replica.fold.head) == (n, head)
    await boris.come()
    assert boris.notices == []
    relay.wait(61)
    await boris.write("and on. ")
    await anna.hear()
    newcomer = Window(relay, "Carla", 3)
    await newcomer.come()
    assert newcomer.text() == anna.text() == boris.text()
    assert newcomer.text().endswith("line 4. and on. ")
    assert anna.failures == boris.failures == []


async def test_without_restoring_an_honest_relay_would_be_called_a_liar(
    relay: BackedUpRelay, anna: Window, boris: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The defence taken out."""

    def as_it_is(replica: Any, connected: flows.Connected, *_: Any, **__: Any) -> Any:
        return connected, 0
        yield

    monkeypatch.setattr(flows_restore, "give_back", as_it_is)
    await lose(relay, anna, boris)
    with pytest.raises(Alarm) as caught:
        await anna.come()
    assert caught.value.code is AlarmCode.ROLLBACK


async def test_what_waits_here_is_sent_after_what_was_lost(
    relay: BackedUpRelay, anna: Window, boris: Window
) -> None:
    """Nobody loses a line: neither what was acknowledged, nor what was typed while the relay was away."""
    await lose(relay, anna, boris)
    anna.person.type("typed while it was away. ")
    anna.replica.queue.seal_pending()
    boris.person.type("so was this. ")
    await anna.come()
    await boris.come()
    for person in (anna, boris):
        await person.send()
        assert person.problem == flows_restore.WAITS
    relay.wait(61)
    for person in (anna, boris):
        await person.send()
        assert person.problem == ""
    await anna.hear()
    assert anna.text() == boris.text()
    assert anna.text().count("typed while it was away. ") == anna.text().count("so was this. ") == 1
    assert all(f"line {i}. " in anna.text() for i in range(5))


async def test_two_who_come_back_at_once_both_end_well(
    relay: BackedUpRelay, anna: Window, boris: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their frames take turns at the relay."""
    monkeypatch.setattr(flows_restore, "MAX_APPEND_ENTRIES", 2)
    await lose(relay, anna, boris, lines=9)
    people, running = (anna, boris), []
    for person in people:
        connection = HubConnection(relay)
        flow = flows_arrive.arrive(person.replica, connection.greeting, uploaded=True, rng=person.person.rng)
        running.append((person, connection, flow, next(flow)))
    while running:
        person, connection, flow, request = running.pop(0)
        try:
            running.append((person, connection, flow, flow.send(await connection.request(request))))
        except StopIteration as stop:
            connected, _ = stop.value
            assert connected.signed.head == person.replica.fold.head
    assert end_of(relay, anna) == anna.replica.fold.n


async def test_a_shorter_memory_does_not_hide_a_longer_one(
    relay: BackedUpRelay, anna: Window, boris: Window
) -> None:
    """Boris left earlier and comes back first; what he writes waits until Anna brought the rest."""
    backup = relay.backup()
    await anna.write("one. ")
    await boris.hear()
    boris.leave()
    await anna.write("two. ")
    anna.leave()
    relay.restart_from(backup)
    await boris.come()
    await boris.write("three. ")
    assert boris.problem == flows_restore.WAITS
    await anna.come()
    await boris.hear()
    relay.wait(61)
    await boris.send()
    await anna.hear()
    assert anna.text() == boris.text() == "kept by the backup. one. two. three. "
    assert anna.failures == boris.failures == []


async def test_without_the_wait_that_would_be_a_fork(
    relay: BackedUpRelay, anna: Window, boris: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The defence taken out."""
    monkeypatch.setattr("cryptpad_relay.holds.Holds.wait_ms", lambda holds, pad: 0)
    backup = relay.backup()
    await anna.write("one. ")
    await boris.hear()
    boris.leave()
    await anna.write("two. ")
    anna.leave()
    relay.restart_from(backup)
    await boris.come()
    await boris.write("three. ")
    with pytest.raises(Alarm):
        await anna.come()


async def test_a_relay_that_knows_it_is_a_backup_is_shown_what_it_signed_before(
    relay: BackedUpRelay, anna: Window, boris: Window
) -> None:
    """Nothing was lost; with --restored the relay cannot know that before somebody shows it."""
    for person in (anna, boris):
        person.leave()
    relay.restart_from(relay.backup(), restored=True)
    await anna.come()
    anna.leave()
    await anna.come()
    await anna.write("goes on. ")
    assert anna.problem == flows_restore.WAITS
    assert Op.RESTORE in anna.connection.asked
    relay.wait(61)
    await anna.send()
    assert anna.problem == ""
    await boris.come()
    assert boris.text() == anna.text()


async def test_a_pad_that_is_younger_than_the_backup_comes_back_whole(relay: BackedUpRelay) -> None:
    backup = relay.backup()
    anna = Window(relay, "Anna", 1)
    await anna.come()
    await anna.write("made after the backup. ")
    anna.leave()
    relay.restart_from(backup)
    await anna.come()
    assert anna.notices == ["the relay had lost 2 entries; they are back from this machine"]
    newcomer = Window(relay, "Carla", 3)
    await newcomer.come()
    assert newcomer.text() == "made after the backup. "


async def test_what_the_relay_had_not_signed_yet_comes_back_too(
    relay: BackedUpRelay, anna: Window, boris: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It died within a quarter of a second after its last commit."""
    monkeypatch.setattr("cryptpad_relay.marks.SIGNED_INTERVAL_S", 1e9)
    await lose(relay, anna, boris)
    assert anna.replica.witness.confirmed
    assert anna.replica.witness.confirmed.n < anna.replica.fold.n
    await anna.come()
    await boris.come()
    assert end_of(relay, anna) == anna.replica.fold.n
    assert anna.replica.fold.head == boris.replica.fold.head


async def test_snapshots_come_back_in_frames_that_begin_with_them(
    relay: BackedUpRelay, anna: Window, boris: Window
) -> None:
    backup = relay.backup()
    await anna.write("before the snapshot. ")
    anna.replica.fold.mark_checkpoint()
    anna.replica.made_snapshot = snapshots.make_snapshot(anna.replica.fold, rng=anna.person.rng)
    assert await anna.link.send_snapshot()
    await anna.hear()
    await anna.write("after it. ")
    anna.leave()
    relay.restart_from(backup)
    await anna.come()
    assert end_of(relay, anna) == anna.replica.fold.n
    newcomer = Window(relay, "Carla", 3)
    await newcomer.come()
    assert newcomer.text() == anna.text()


@pytest.mark.parametrize("remade", [True, False])
async def test_the_pieces_of_a_lost_snapshot_are_gone_and_people_join_all_the_same(
    relay: BackedUpRelay, anna: Window, boris: Window, monkeypatch: pytest.MonkeyPatch, remade: bool
) -> None:
    """From the log's beginning, until somebody who was there makes another one at the next checkpoint."""
    monkeypatch.setattr(digests, "MIN_SPACING", 6)
    backup = relay.backup()
    anna.replica.fold.mark_checkpoint()
    anna.replica.made_snapshot = snapshots.make_snapshot(anna.replica.fold, rng=anna.person.rng)
    assert await anna.link.send_snapshot()
    await anna.hear()
    lost_n = anna.replica.fold.snapshot.position  # type: ignore[union-attr]
    for person in (anna, boris):
        person.leave()
    relay.restart_from(backup)
    relay.wait(100)
    for person in (anna, boris):
        await person.come()
    assert end_of(relay, anna) == anna.replica.fold.n
    carla = Window(relay, "Carla", 3)
    await carla.come()
    assert carla.replica.fold.start is None
    assert carla.text() == anna.text()
    relay.wait(61)
    if remade:
        anna.replica.may_snapshot = lambda: True
    for i in range(12):
        await anna.write(f"{i} ")
        await anna.link.send_snapshot()
        await anna.hear()
    dora = Window(relay, "Dora", 4)
    await dora.come()
    start = dora.replica.fold.start
    assert (start is not None and start.position > lost_n) is remade
    assert dora.person.canonical() == anna.text()
    assert anna.replica.made_snapshot is None
    anna.replica.may_snapshot = lambda: True
    assert not anna.replica.wants_snapshot() or not remade, "one is enough"


async def test_a_later_session_still_has_the_relays_word(
    relay: BackedUpRelay, anna: Window, boris: Window
) -> None:
    """The signed head is durable: the program may have ended in between."""
    await lose(relay, anna, boris)
    anna.replica.leave()
    again = Window(relay, "Anna", 1)
    again.person.store = anna.person.store
    held = anna.replica
    again.replica = again.person.replica = type(held)(
        held.genesis, held.kind, held.keys, anna.person.store, held.profile, rng=again.person.rng
    )
    again.uploaded = True
    await again.come()
    assert again.notices
    assert end_of(relay, again) == again.replica.fold.n


# Who is caught


def refuse(code: Code) -> Tamper:
    def tamper(op: Op, body: bytes, honest: Callable[[], bytes]) -> bytes:
        if op == Op.RESTORE:
            raise Refused(code)
        return honest()

    return tamper


def swallow(op: Op, body: bytes, honest: Callable[[], bytes]) -> bytes:
    """Says that all is back, and keeps nothing."""
    if op != Op.RESTORE:
        return honest()
    frame = Restore.decode(body)
    return u64(frame.signed.n) + frame.signed.head


def answer(reply: bytes) -> Tamper:
    return lambda op, body, honest: reply if op == Op.RESTORE else honest()


@pytest.mark.parametrize(
    "tamper",
    [
        refuse(Code.UNSUPPORTED),
        refuse(Code.BAD_BASE),
        refuse(Code.QUOTA),
        swallow,
        answer(b""),
        answer(bytes(40)),
        answer(u64(2**63) + bytes(32)),
    ],
)
async def test_a_relay_that_shows_less_and_takes_nothing_back_is_caught(
    relay: BackedUpRelay, anna: Window, boris: Window, tamper: Tamper
) -> None:
    """T8: with its two signatures, and nothing here is unfolded."""
    await lose(relay, anna, boris)
    text, n = anna.text(), anna.replica.fold.n
    with pytest.raises(Alarm) as caught:
        await anna.come(tamper)
    assert caught.value.code is AlarmCode.ROLLBACK
    heads = [piece.content for piece in caught.value.pieces if piece.kind is PieceKind.SIGNED_HEAD]
    kept, shown = (frames.decode_signed_head(content) for content in heads[:2])
    assert kept.n > shown.n
    assert all(head.verify(anna.connection.greeting.relay_pk) for head in (kept, shown))
    assert (anna.text(), anna.replica.fold.n, anna.notices) == (text, n, [])


@pytest.mark.parametrize("code", [Code.RETRY, Code.STORAGE, Code.BEHIND])
async def test_a_relay_that_has_no_time_or_room_is_asked_again(
    relay: BackedUpRelay, anna: Window, boris: Window, code: Code
) -> None:
    await lose(relay, anna, boris)
    with pytest.raises(Refused):
        await anna.come(refuse(code))
    await anna.come()
    assert anna.notices


async def test_another_log_of_the_same_relay_is_a_fork(
    relay: BackedUpRelay, anna: Window, boris: Window
) -> None:
    """It went on without those who hold more: what it has is no beginning of what is here."""
    backup = relay.backup()
    boris.leave()
    for i in range(3):
        await anna.write(f"line {i}. ")
    anna.leave()
    text = anna.text()
    relay.restart_from(backup)
    await boris.come()
    await boris.write("another way. ")
    boris.leave()
    with pytest.raises(Alarm) as caught:
        await anna.come()
    assert caught.value.code in (AlarmCode.FORK, AlarmCode.EQUIVOCATION_RELAY)
    assert "went on without what nobody gave back in 72 hours" in caught.value.detail
    assert "join it again by its link" in ADVICE[caught.value.code]
    assert anna.text() == text


@pytest.mark.parametrize("lines", [1, 3, 6])
async def test_who_comes_after_the_wait_is_told_what_may_have_happened(
    relay: BackedUpRelay, anna: Window, boris: Window, lines: int
) -> None:
    """Nobody gave back in 72 h what Anna has: the log went on, less far, as far or further than hers."""
    backup = relay.backup()
    boris.leave()
    for i in range(3):
        await anna.write(f"line {i}. ")
    anna.leave()
    text = anna.text()
    relay.restart_from(backup, restored=True)
    relay.wait(73 * 3_600)
    await boris.come()
    for i in range(lines):
        await boris.write(f"another way {i}. ")
    boris.leave()
    with pytest.raises(Alarm) as caught:
        await anna.come()
    assert caught.value.code in (AlarmCode.FORK, AlarmCode.EQUIVOCATION_RELAY)
    assert "went on without what nobody gave back in 72 hours" in caught.value.detail
    assert anna.text() == text


async def test_entries_that_are_not_here_cannot_be_given_back(
    relay: BackedUpRelay, anna: Window, boris: Window
) -> None:
    await lose(relay, anna, boris)
    del anna.person.store.log[2:5]
    with pytest.raises(Alarm) as caught:
        await anna.come()
    assert caught.value.code is AlarmCode.ROLLBACK
    assert not anna.replica.take_folded()


async def test_who_joined_at_a_snapshot_cannot_give_back_what_lies_before_it(
    relay: BackedUpRelay, anna: Window
) -> None:
    """Nor tell whether that is a beginning of it. Somebody who can comes first, and all is well."""
    backup = relay.backup()
    for i in range(6):
        await anna.write(f"line {i}. ")
    anna.replica.fold.mark_checkpoint()
    anna.replica.made_snapshot = snapshots.make_snapshot(anna.replica.fold, rng=anna.person.rng)
    assert await anna.link.send_snapshot()
    await anna.hear()
    carla = Window(relay, "Carla", 3)
    carla.uploaded = True
    await carla.come()
    assert carla.person.store.log[0].n > 3
    carla.leave()
    anna.leave()
    relay.restart_from(backup)
    with pytest.raises(Alarm) as caught:
        await carla.come()
    assert caught.value.code is AlarmCode.ROLLBACK
    carla.leave()
    with pytest.raises(Refused) as waits:
        await anna.come()
    assert waits.value.code is Code.BEHIND, "her last entry was never signed, so it is not taken at once"
    relay.wait(31.0)
    await anna.come()
    await carla.come()
    assert carla.person.canonical() == anna.text()


async def test_a_pad_said_to_be_gone_is_offered_once_and_then_an_alarm(
    relay: BackedUpRelay, anna: Window
) -> None:
    def gone(op: Op, body: bytes, honest: Callable[[], bytes]) -> bytes:
        if op == Op.SUB:
            raise Refused(Code.UNKNOWN_PAD)
        return honest()

    with pytest.raises(Alarm) as caught:
        await anna.come(gone)
    assert caught.value.code is AlarmCode.UNSIGNED_DELETE
    assert anna.connection.asked == [Op.SUB, Op.CREATE, Op.SUB]


def test_the_sentence_counts() -> None:
    assert flows_restore.notice_of(1).text == "the relay had lost an entry; it is back from this machine"
