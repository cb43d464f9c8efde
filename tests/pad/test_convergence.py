"""Whatever an honest relay delays or cuts, and whichever windows die: equal text, nothing lost or doubled.

Threats C1, C3, C9 and C10: several people, each with several windows of one vault, on random schedules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cryptpad_tui.crdt.kinds import PadKind
from cryptpad_tui.crdt.view import ViewDocument
from cryptpad_tui.pad import flows
from cryptpad_tui.pad.digests import digest_of
from cryptpad_tui.pad.fold import Folded
from cryptpad_tui.pad.outgoing import SealResult
from cryptpad_tui.pad.replica import Replica
from support.memory_store import MemoryStore
from support.pads import ListRelay, Person, relay_for

PEOPLE = 2
WINDOWS = 2


class Window(Person):
    """One process of a vault: a replica and a view on a store that it shares."""

    def __init__(self, name: str, seed: int, store: MemoryStore, live: Callable[[bytes], bool]) -> None:
        super().__init__(name, seed)
        self.store = store
        first = self.replica
        self.replica = Replica(
            first.genesis,
            PadKind.TEXT,
            first.keys,
            store,
            first.profile,
            rng=self.rng,
            is_live=live,
            writer=first.writer,
        )
        self.seen = 0
        self.generation = 0
        self.reload()

    @property
    def pk(self) -> bytes:
        assert self.replica.writer
        return self.replica.writer.pk

    def reload(self) -> None:
        """Canonical and all that is pending, as a window that opens or that meets a remade queue."""
        assert self.replica.writer
        self.view = ViewDocument(
            client_id=self.replica.writer.client_id,
            kind=PadKind.TEXT,
            state=self.replica.canonical_state(),
        )
        for update in self.replica.queue.pending_updates():
            self.view.apply(update)
        self.seen = max([self.seen, *self.store.journal_rows])

    def follow(self, generation: int) -> None:
        self.replica.follow_store()
        self.show(self.replica.take_folded())
        if generation != self.generation:
            self.generation = generation
            self.reload()
        for row in self.store.journal_after(self.seen):
            self.view.apply(row.update)
            self.seen = row.id

    def show(self, folded: list[Folded]) -> None:
        super().show(folded)
        self.replica._fresh.clear()


class Household:
    """One person's vault: a store, windows that share it, and at most one sender."""

    def __init__(self, name: str, seed: int) -> None:
        self.name, self.seed, self.made = name, seed, 0
        self.store = MemoryStore()
        self.generation = 0
        self.windows: list[Window] = []
        while len(self.windows) < WINDOWS:
            self.open()

    def is_live(self, pk: bytes) -> bool:
        return any(window.pk == pk for window in self.windows)

    def open(self) -> None:
        self.made += 1
        window = Window(self.name, self.seed * 1_000 + self.made, self.store, self.is_live)
        window.generation = self.generation
        self.windows.append(window)

    def kill(self, index: int) -> None:
        """kill -9: what is stored stays; another window opens."""
        self.windows.pop(index)
        self.open()

    def edit(self, index: int, word: str, place: int) -> None:
        window = self.windows[index]
        window.follow(self.generation)
        window.type(word, place % (len(window.text()) + 1))
        window.seen = max(self.store.journal_rows)

    def seal(self, index: int) -> None:
        window = self.windows[index]
        window.follow(self.generation)
        result = window.replica.queue.seal_pending()
        if result in (SealResult.REMAKE, SealResult.RENEW):
            self.remake(window, with_outbox=result is SealResult.RENEW)
            window.replica.queue.seal_pending()

    def remake(self, window: Window, *, with_outbox: bool) -> None:
        journal_ids, outbox_ids = window.replica.queue.remake_ids(with_outbox=with_outbox)
        writer = window.replica.queue.renew_writer() if with_outbox else window.replica.writer
        assert writer
        window.view.rebase(window.replica.canonical_state(), writer.client_id)
        ids = self.store.replace_pending(
            journal_ids=journal_ids,
            outbox_ids=outbox_ids,
            writer_pk=writer.pk,
            updates=window.view.take_updates(),
        )
        self.generation += 1
        window.generation = self.generation
        window.seen = max([window.seen, *ids])

    def send(self, relay: ListRelay, index: int, *, lose_answer: bool = False) -> None:
        """The holder of the lease appends the outbox; the answer may be lost on the way."""
        window = self.windows[index]
        rows = self.store.outbox()
        if rows and lose_answer:
            relay.on_append(flows.frames.Append(tuple(row.entry for row in rows)).encode())
        elif rows:
            relay.play(flows.send(window.replica, rows))

    def fetch(self, relay: ListRelay, index: int, most: int) -> None:
        """Fold a part of what the relay has: a delayed or a cut delivery."""
        window = self.windows[index]
        window.follow(self.generation)
        n = min(len(relay.entries), window.replica.fold.n + most)
        window.show(relay.play(flows.catch_up(window.replica, n, relay.heads[n])))

    def settle(self, relay: ListRelay) -> None:
        for _ in range(200):
            for index in range(len(self.windows)):
                self.seal(index)
            self.send(relay, 0)
            self.fetch(relay, 0, 10_000)
            if not self.store.journal_rows and not self.store.outbox_rows:
                return
        raise AssertionError("the queue never empties")


class Convergence(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.households = [Household(f"person {seed}", seed) for seed in range(1, PEOPLE + 1)]
        self.relay = relay_for(self.households[0].windows[0])
        self.words: list[str] = []

    who = st.integers(0, PEOPLE - 1)
    which = st.integers(0, WINDOWS - 1)

    @rule(who=who, which=which, place=st.integers(0, 1_000))
    def edit(self, who: int, which: int, place: int) -> None:
        # No two words share a character, so that a word cut by another is counted all the same.
        word = chr(0x4E00 + len(self.words)) * 2 + "\N{GRINNING FACE}"
        self.words.append(word)
        self.households[who].edit(which, word, place)

    @rule(who=who, which=which)
    def seal(self, who: int, which: int) -> None:
        self.households[who].seal(which)

    @rule(who=who, which=which, lose_answer=st.booleans())
    def send(self, who: int, which: int, lose_answer: bool) -> None:
        self.households[who].send(self.relay, which, lose_answer=lose_answer)

    @rule(who=who, which=which, most=st.integers(1, 5))
    def fetch(self, who: int, which: int, most: int) -> None:
        self.households[who].fetch(self.relay, which, most)

    @rule(who=who, which=which)
    def kill(self, who: int, which: int) -> None:
        self.households[who].kill(which)

    @rule(who=who, which=which)
    def remake(self, who: int, which: int) -> None:
        """As opening a pad with a long journal does: only where nothing is in flight."""
        household = self.households[who]
        window = household.windows[which]
        window.follow(household.generation)
        if not household.store.outbox_rows:
            household.remake(window, with_outbox=False)

    @invariant()
    def each_log_is_a_prefix(self) -> None:
        for household in getattr(self, "households", ()):
            for window in household.windows:
                fold = window.replica.fold
                assert fold.head == self.relay.heads[fold.n]

    def teardown(self) -> None:
        if not hasattr(self, "households"):
            return
        for household in self.households:
            household.settle(self.relay)
        windows = [window for household in self.households for window in household.windows]
        for household in self.households:
            for index in range(WINDOWS):
                household.fetch(self.relay, index, 10_000)
        newcomer = Person("newcomer", 9)
        newcomer.fetch(self.relay)
        wanted = Counter("".join(self.words))
        digest = _digest(newcomer)
        for window in windows:
            assert Counter(window.canonical()) == wanted
            assert window.text() == window.canonical() == newcomer.canonical()
            assert _digest(window) == digest
            window.replica.save_checkpoint()
            window.replica._reopen()
            assert _digest(window) == digest
        assert not any(row.void for row in newcomer.store.log)


def _digest(person: Person) -> object:
    return digest_of(person.replica.fold.document, person.replica.fold.writers.values())


TestConvergence = Convergence.TestCase
TestConvergence.settings = settings(
    max_examples=50,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
