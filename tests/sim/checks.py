"""What must hold in every run: at each step, on every message, and when everybody has come to rest.

Judged from outside, by what is on disks, on the wire and on screens, and by a fold of the relay's log from
its start that shares nothing with any client.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol import chain, frames
from cryptpad_relay.protocol.entry import Kind, parse_entry, parse_presence
from cryptpad_relay.protocol.errors import Malformed
from cryptpad_relay.protocol.frames import REPLY_BIT, Op
from cryptpad_relay.protocol.owner_records import parse_record
from cryptpad_relay.protocol.records import record_kind
from cryptpad_relay.store.base import StoredEntry
from cryptpad_tui.engine import PadSession
from cryptpad_tui.pad.fold import Fold
from cryptpad_tui.pad.freshness import Freshness
from cryptpad_tui.pad.presence import CHALLENGE_S
from sim import leaving, moves, sharing
from sim.client import Machine, Window
from sim.network import Link

if TYPE_CHECKING:
    from sim.world import World

SLACK_S: Final = 5.0
OUR_FAULT: Final = "an error in this program"


class Checks:
    """The judge of one run. `failures` are sentences; the first is usually the cause."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.failures: list[str] = []
        self._asked: dict[tuple[int, int], list[tuple[bytes, bytes]]] = {}
        self._acknowledged: dict[tuple[bytes, int], bytes] = {}
        self._signed: dict[tuple[bytes, int], bytes] = {}
        self._authored: set[bytes] = set()
        self._state_at: dict[bytes, bytes] = {}
        self._audited: dict[tuple[int, bytes], tuple[int, dict[bytes, int]]] = {}
        self._present: dict[Machine, list[tuple[float, int, bytes]]] = defaultdict(list)
        self._forked_at: dict[tuple[str, str], float] = {}
        self._judged: dict[int, float] = {}
        world.network.tape.listeners.append(self._heard)

    def fail(self, sentence: str) -> None:
        if sentence not in self.failures:
            self.failures.append(sentence)

    # -- on the wire

    def _heard(self, link: Link, to_relay: bool, message: bytes) -> None:
        op, req, body = frames.split_frame(message)
        if to_relay and op == Op.APPEND:
            raws = frames.Append.decode(body).entries
            self._asked[link.number, req] = [(pad_of(raw), self.signed(raw)) for raw in raws]
        elif to_relay and op == Op.PRES and isinstance(link.owner, Window):
            frame = parse_presence(body)
            spoken = (self.world.loop.time(), frame.base_n, frame.base_head)
            self._present[link.owner.machine].append(spoken)
        elif not to_relay and op == Op.APPEND | REPLY_BIT and self.world.honest:
            asked = self._asked.get((link.number, req), [])
            for (pad_id, entry_id), position in zip(
                asked, frames.Appended.decode(body).positions, strict=False
            ):
                if self._acknowledged.setdefault((pad_id, position.n), entry_id) != entry_id:
                    self.fail(f"two entries are acknowledged at position {position.n}")

    def signed(self, raw: bytes) -> bytes:
        """An entry that a client signed; returns its id."""
        if record_kind(raw) is not None:
            return parse_record(raw).entry_id
        entry = parse_entry(raw)
        self._authored.add(entry.entry_id)
        if self._signed.setdefault((entry.writer_pk, entry.seq), entry.entry_id) != entry.entry_id:
            self.fail(f"two bodies are signed for one place (seq {entry.seq})")
        return entry.entry_id

    # -- at each step

    def observe(self, *, thorough: bool) -> None:
        for window in self.world.windows():
            session = window.session
            if session is None or window.dead:
                continue
            self._look(window, session)
            if thorough:
                self._compare(window, session)
                self._audit(window, session)
        self._freshness()
        for leak in self.world.network.tape.leaks:
            self.fail(f"a secret on the wire: {leak}")
        if thorough and self.world.honest:
            # Where the relay lies, the log that would say what was given is not to be had.
            sharing.judge(self.world)
        if self.world.honest and (split_n := moves.split_at(self.world)):
            self.fail(f"two relays took different entries at {split_n}")

    def _look(self, window: Window, session: PadSession) -> None:
        if OUR_FAULT in session.problem:
            self.fail(f"{window}: {session.problem}")
        alarm = session.status().alarm
        if alarm:
            self.world.alarmed(window, alarm.code, "")
        assert window.engine
        for kept in window.engine.vault.alarms(session.pad_id):
            self.world.alarmed(window, kept.code, "")

    def _compare(self, window: Window, session: PadSession) -> None:
        """Equal prefix, equal text and state; and the screen is the log where nothing is pending."""
        fold = session.replica.fold
        state = fold.digest().state_digest
        if self._state_at.setdefault(fold.head, state) != state:
            self.fail(f"{window}: another text or state at position {fold.n} than somebody had there")
        for row in session.replica.store.outbox():
            self.signed(row.entry)
        if self._rests(window, session) and (
            session.view.text() != fold.document.text()
            or any(session.view.map_items(r) != items for r, items in fold.document.maps().items())
        ):
            self.fail(f"{window}: the screen is not what the log says at {fold.n}, and nothing is pending")

    def _rests(self, window: Window, session: PadSession) -> bool:
        assert window.engine
        return (
            not window.engine.vault.waiting(session.pad_id)
            and not session.not_saved
            and not window.machine.disk.full
            and not session.replica.store.log_after(session.replica.fold.n, 1)
            and self.world.loop.time() - self.world.acted_at > 1.0
            and (session.attached_here or session.followed)
        )

    def _audit(self, window: Window, session: PadSession) -> None:
        """Each client's stored log, by rules of its own: chained, authored, in order, on one base."""
        store = session.replica.store
        key = id(window.machine), session.pad_id
        after, seqs = self._audited.get(key, (0, {}))
        for row in store.log_after(after, 10_000):
            after = row.n
            if record_kind(row.entry) is not None:
                continue
            entry = parse_entry(row.entry)
            before = store.head_at(row.n - 1) or chain.chain_start(session.pad_id)
            skip = store.head_at(row.n & (row.n - 1)) or chain.chain_start(session.pad_id)
            known_before = row.n == 1 or store.head_at(row.n - 1)
            if known_before and chain.next_head(before, skip, row.n, entry.entry_id) != row.head:
                self.fail(f"{window}: its log is no chain at {row.n}")
            if entry.entry_id not in self._authored:
                self.fail(f"{window}: nobody authored what it applied at {row.n}")
            base = store.head_at(entry.base_n) if entry.base_n else chain.chain_start(session.pad_id)
            if base is not None and base != entry.base_head:
                self.fail(f"{window}: the author of {row.n} had seen another log")
            known = seqs.get(entry.writer_pk)
            if known is not None and entry.seq != known + 1:
                self.fail(f"{window}: it applied seq {entry.seq} after {known} of one writer")
            seqs[entry.writer_pk] = entry.seq
            after = row.n
        self._audited[key] = after, seqs

    def forget_audit(self, machine: Machine) -> None:
        """Its disk went back: everything is looked at again."""
        for key in [key for key in self._audited if key[0] == id(machine)]:
            del self._audited[key]

    # -- who is told what

    def _freshness(self) -> None:
        confirmed: dict[tuple[str, str], float] = {}
        sessions = [(w, w.session) for w in self.world.windows() if w.session and not w.dead]
        for window, session in sessions:
            state = session.status().freshness
            if state.freshness is not Freshness.CONFIRMED:
                continue
            peer = self.world.identities.get(state.ident_pk)
            if peer is None:
                self.fail(f"{window}: confirmed by nobody")
                continue
            confirmed[window.machine.name, peer.name] = state.at
            if self._judged.get(id(window)) != state.at:
                self._judged[id(window)] = state.at
                self._judge(window, session, peer, state.at)
        self._forks(sessions, confirmed)

    def _judge(self, window: Window, session: PadSession, peer: Machine, at: float) -> None:
        """That peer must have said so itself, within the life of a challenge, of a place on this very log."""
        fold = session.replica.fold
        oldest = at - CHALLENGE_S - SLACK_S
        spoken = [(n, head) for t, n, head in self._present[peer] if oldest <= t <= at]
        if not any(n <= fold.n and fold.head_of(n) == head for n, head in spoken):
            self.fail(f"{window}: told that {peer.name} confirms position {fold.n}, who did not")

    def _forks(
        self, sessions: list[tuple[Window, PadSession]], confirmed: dict[tuple[str, str], float]
    ) -> None:
        """C5: while two logs differ, not both may go on to be confirmed by the other."""
        now = self.world.loop.time()
        for one, first in sessions:
            for other, second in sessions:
                pair = one.machine.name, other.machine.name
                if pair[0] >= pair[1]:
                    continue
                n = min(first.replica.fold.n, second.replica.fold.n)
                mine, theirs = first.replica.fold.head_of(n), second.replica.fold.head_of(n)
                if mine is None or theirs is None or mine == theirs:
                    self._forked_at.pop(pair, None)
                    continue
                since = self._forked_at.setdefault(pair, now) + CHALLENGE_S
                if confirmed.get(pair, 0.0) > since and confirmed.get(pair[::-1], 0.0) > since:
                    self.fail(f"C5: {pair[0]} and {pair[1]} are forked and confirm each other")

    # -- at rest

    def finish(self) -> None:
        """Everybody is here, connected, and has nothing to send."""
        self.observe(thorough=True)
        oracle = self._oracle()
        self.nothing_is_gone(self.world.pad_id, moves.log(self.world))
        self._end_of(oracle)
        sharing.doubt(self.world)
        for fault in self.world.tokens.faults(oracle.document.text()):
            self.fail(fault)

    def nothing_is_gone(self, pad_id: bytes, log: Sequence[StoredEntry]) -> None:
        """What the relay of a pad said that it has."""
        for (pad, n), entry_id in self._acknowledged.items():
            if pad == pad_id and (n > len(log) or log[n - 1].entry_id != entry_id):
                self.fail(f"acknowledged at {n} and not there")

    def _oracle(self) -> Fold:
        """The log from its start, by a fold of its own."""
        world = self.world
        ring = leaving.ring_of(world)
        fold = Fold(world.genesis, 0, world.keys, world.kind, lambda n: None, ring=ring)
        for stored in moves.log(world):
            fold.step(stored.raw)
            self._digest_of_all(fold)
        return fold

    def _digest_of_all(self, fold: Fold) -> None:
        expected = self._state_at.get(fold.head)
        if expected and fold.digest().state_digest != expected:
            self.fail(f"the log folded from its start gives another state at {fold.n}")

    def _end_of(self, oracle: Fold) -> None:
        content = oracle.document.content_digest()
        for window in self.world.windows():
            session = window.session
            if leaving.is_out(self.world, window.machine):
                continue
            if session is None:
                self.fail(f"{window}: never got the pad")
                continue
            fold = session.replica.fold
            if fold.head != oracle.head:
                self.fail(f"{window}: at {fold.n} of {oracle.n} in the end")
            shown = session.view.text() == oracle.document.text() or sharing.keeps_unsent(self.world, window)
            if fold.head == oracle.head and not (fold.document.content_digest() == content and shown):
                self.fail(f"{window}: another text in the end")
            for n, digest in fold.digests.items():
                known = oracle.digests.get(n)
                if known and known.state_digest != digest.state_digest:
                    self.fail(f"{window}: another digest at the checkpoint {n}")


def pad_of(raw: bytes) -> bytes:
    """The pad of an entry or record."""
    return parse_entry(raw).pad_id if record_kind(raw) is None else parse_record(raw).pad_id


def kinds_of(raws: list[bytes]) -> dict[str, int]:
    """How many entries of each kind; for the report of a run."""
    counted: dict[str, int] = defaultdict(int)
    for raw in raws:
        try:
            counted[Kind(parse_entry(raw).kind).name] += 1
        except Malformed:
            counted["record"] += 1
    return dict(counted)
