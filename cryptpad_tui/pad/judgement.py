"""What this client says about other people's snapshots, and what it does where they speak of its own start.

ALERT where the log leads elsewhere, ENDORSE where it leads there and nobody said so yet. It never speaks from
a start that it did not check: a lie would vouch for its children and accuse the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from cryptpad_relay.protocol.entry import Entry, Kind
from cryptpad_tui.pad.alarms import Notice
from cryptpad_tui.pad.fold import Folded
from cryptpad_tui.pad.folded import Detour
from cryptpad_tui.pad.payloads import Verdict
from cryptpad_tui.pad.verdicts import StartMark, VerdictMark
from cryptpad_tui.pad.writers import WriterStatus

if TYPE_CHECKING:
    from cryptpad_tui.pad.replica import Replica

KEPT_DIFFERING: Final = 8
NO_CHECKPOINT: Final = bytes(32)
"""The digest of an ALERT about a position where nobody has one."""


@dataclass(frozen=True, slots=True)
class StartReport:
    """From which snapshot this client began, and who vouches for it. Names are raw."""

    snap_n: int
    position: int
    by: str
    by_ident_pk: bytes
    checked_by: tuple[str, ...]
    """The names of others than its maker who came to the same state by folding the log."""
    alerted_by: tuple[str, ...]
    checked_here: bool
    sentence: str


class Judgement:
    """The verdicts of one replica."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self.may_endorse: Callable[[bytes], bool] = lambda author_ident_pk: False
        """Whether this client is the one, of those present but the author, to endorse a snapshot."""
        self._notices: list[Notice] = []
        self._differing: list[Folded] = []
        self._owed: list[Verdict] = []
        self._answered: set[bytes] = set()

    def take_notices(self) -> list[Notice]:
        """What a person may want to know, once."""
        notices, self._notices = self._notices, []
        return notices

    @property
    def needs_derivation(self) -> bool:
        """Whether this fold began at a snapshot that somebody calls a lie, and that is not settled."""
        fold = self._replica.fold
        start = fold.start
        if start is None or start.checked or self._replica.unconfirmed_start:
            return False
        return start.doubted or bool(fold.verdicts.alerts(start.snapshot_id))

    def after(self, folded: Iterable[Folded]) -> None:
        """React to what was folded."""
        for item in folded:
            if item.digest_differs:
                self._differs(item)
            if item.verdict and item.verdict.is_alert:
                self._hear(item.verdict)

    # -- ALERT

    def _differs(self, item: Folded) -> None:
        fold = self._replica.fold
        if fold.start and not fold.start.checked:
            fold.start = replace(fold.start, doubted=True)
            self._differing = [*self._differing, item][-KEPT_DIFFERING:]
        else:
            self._alert(item)

    def _alert(self, item: Folded) -> None:
        snapshot = item.entry.snapshot if isinstance(item.entry, Entry) else None
        snapshot_id = item.entry.entry_id
        if snapshot is None or snapshot_id in self._answered:
            return
        mine = self._replica.fold.digests.get(snapshot.snap_n)
        digest = mine.state_digest if mine else NO_CHECKPOINT
        said = self._replica.fold.verdicts.alerts(snapshot_id)
        if any(mark.state_digest == digest for mark in said):
            return
        self._notices.append(Notice(f"a snapshot by {self._author(item)} is wrong and was not used"))
        self._answered.add(snapshot_id)
        self._owed = [*self._owed, Verdict(snapshot_id, digest)][-KEPT_DIFFERING:]
        self.alert_if_due()

    def alert_if_due(self) -> bool:
        """Queue the warnings that are owed: what an earlier session left in the outbox may come first."""
        before, fold = len(self._owed), self._replica.fold
        said = {(m.snapshot_id, m.state_digest) for m in fold.verdicts.all() if m.is_alert}
        for verdict in list(self._owed):
            known = (verdict.snapshot_id, verdict.state_digest) in said
            if known or self._replica.queue.queue_verdict(Kind.ALERT, verdict):
                self._owed.remove(verdict)
        return len(self._owed) < before

    def _author(self, item: Folded) -> str:
        writer_pk = item.entry.writer_pk if isinstance(item.entry, Entry) else b""
        return self._name_of(writer_pk)

    def _hear(self, mark: VerdictMark) -> None:
        """Somebody warned: where this client knows that the snapshot is right, it says who was wrong."""
        fold = self._replica.fold
        start = fold.start
        if start and not start.checked:
            return
        newest = fold.snapshot
        # One of another engine counts, but its text was compared with nothing.
        agreed = newest is not None and newest.snapshot_id == mark.snapshot_id and newest.writer_pk
        if agreed or (start and start.snapshot_id == mark.snapshot_id):
            self._wrong_warning(mark)

    def _wrong_warning(self, mark: VerdictMark) -> None:
        name = self._name_of(mark.writer_pk)
        self._notices.append(Notice(f"{name} warned of a snapshot, wrongly: it is right", mark.writer_pk))

    def start_was_right(self) -> None:
        """The start was derived: those who warned of it were wrong, and so are snapshots that differ."""
        fold = self._replica.fold
        for mark in fold.verdicts.alerts(fold.start.snapshot_id) if fold.start else ():
            self._wrong_warning(mark)
        differing, self._differing = self._differing, []
        for item in differing:
            self._alert(item)

    def start_was_wrong(self, start: StartMark, differing: Sequence[Folded]) -> None:
        """The start was derived and is a lie; the truth is in use."""
        name, self._differing = self._name_of(start.writer_pk), []
        self._notices.append(
            Notice(f"{name} made a false snapshot, and this pad began at it; the true text is shown")
        )
        for item in differing:
            self._alert(item)

    def went_around(self, detour: Detour) -> None:
        """This machine could not load or read an entry, and goes on from a snapshot of behind it."""
        start = self._replica.fold.start
        name = self._name_of(start.writer_pk) if start else "somebody"
        unloadable = f"the change at {detour.n} cannot be loaded here"
        why = "you were left out for a while" if detour.is_back else unloadable
        self._notices.append(Notice(f"{why}; this pad goes on from a snapshot by {name}"))

    # -- ENDORSE

    def endorse_if_due(self) -> bool:
        """Say that the newest snapshot is right, if this client is the one to say it."""
        replica, fold = self._replica, self._replica.fold
        mark, writer = fold.snapshot, replica.writer
        if mark is None or writer is None or mark.snapshot_id in self._answered:
            return False
        me, author = fold.writers.get(writer.pk), fold.writers.get(mark.writer_pk)
        mine = fold.digests.get(mark.snap_n)
        if me is None or me.status is not WriterStatus.LIVE or author is None or mine is None:
            return False
        is_own = author.ident_pk in (me.ident_pk, *replica.profile.own)
        if is_own or (fold.start and not fold.start.checked):
            return False
        said = fold.verdicts.endorsements(mark.snapshot_id)
        if any(other.ident_pk != author.ident_pk for other in said) or not self.may_endorse(author.ident_pk):
            return False
        if not replica.queue.queue_verdict(Kind.ENDORSE, Verdict(mark.snapshot_id, mine.state_digest)):
            return False
        self._answered.add(mark.snapshot_id)
        return True

    # -- what people are told

    def start_report(self, name_of: Callable[[bytes], str] | None = None) -> StartReport | None:
        """From which snapshot this pad begins here; None where its whole log was folded.

        `name_of` knows identities' names from elsewhere than the log, as from who is present.
        """
        named = name_of or self._name_of_identity
        fold = self._replica.fold
        start = fold.start
        if start is None:
            return None
        author = fold.everybody.get(start.writer_pk)
        ident_pk = author.ident_pk if author else b""
        endorsed = [
            mark for mark in fold.verdicts.endorsements(start.snapshot_id) if _vouches(mark, start, ident_pk)
        ]
        checked_by = tuple([named(mark.ident_pk) for mark in endorsed])
        alerted = tuple([named(mark.ident_pk) for mark in fold.verdicts.alerts(start.snapshot_id)])
        by = named(ident_pk)
        return StartReport(
            start.snap_n,
            start.position,
            by,
            ident_pk,
            checked_by,
            alerted,
            start.checked,
            f"starts from a snapshot by {by}{_vouched(start, checked_by)}",
        )

    def _name_of(self, writer_pk: bytes) -> str:
        writer = self._replica.fold.everybody.get(writer_pk)
        return self._name_of_identity(writer.ident_pk) if writer else "somebody unknown"

    def _name_of_identity(self, ident_pk: bytes) -> str:
        writers = self._replica.fold.everybody.values()
        names = (writer.name for writer in writers if writer.ident_pk == ident_pk and writer.name)
        return next(names, ident_pk.hex()[:8])


def _vouches(mark: VerdictMark, start: StartMark, author_ident_pk: bytes) -> bool:
    """Whether an ENDORSE is another person's, who came to this very state."""
    return mark.ident_pk != author_ident_pk and mark.state_digest == start.state_digest


def _vouched(start: StartMark, checked_by: Sequence[str]) -> str:
    if start.checked:
        return ", checked here against the whole log"
    if checked_by:
        return f", checked by {', '.join(checked_by)}"
    return "; nobody else has checked it yet (`verify --deep` does)"
