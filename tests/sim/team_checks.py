"""What must hold of a team: on the way, and when everybody was online and nothing is left to do.

Judged by the relay's log, by what is in people's vaults, and by nothing that a client says of itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptpad_relay.protocol.owner_records import EpochRecord, parse_record
from cryptpad_relay.protocol.records import RecordKind, record_kind
from cryptpad_tui.crypto.keys import EditKeys, ViewKeys
from cryptpad_tui.engine import Engine, keyrings, member_book
from cryptpad_tui.engine.standing import standing_of
from cryptpad_tui.engine.teams.book import roster_in
from cryptpad_tui.people.roster import TeamRoster
from cryptpad_tui.people.roster_ops import Kind, Operation, Rank, parse_operation
from sim import team_rules
from sim.checks import Checks
from sim.team_client import TeamMachine, TeamWindow
from sim.team_logs import Known

if TYPE_CHECKING:
    from sim.team_world import TeamWorld


class TeamChecks(Checks):
    """The judge of one run of a team."""

    world: TeamWorld  # type: ignore[assignment]

    def __init__(self, world: TeamWorld) -> None:
        super().__init__(world)  # type: ignore[arg-type]

    # -- at each step

    def observe(self, *, thorough: bool) -> None:
        for window in self.world.windows():
            if window.dead or window.engine is None:
                continue
            for session in list(window.engine.open_pads):
                self._look(window, session)
                if thorough and session.pad_id in self.world.logs.pads:
                    self._compare(window, session)
                    self._audit(window, session)
            # What was caught stays open, also where the pad is not on the screen.
            for pad_id in self.world.pads():
                for kept in window.engine.vault.alarms(pad_id):
                    self.world.alarmed(window, kept.code, "")
        for leak in self.world.network.tape.leaks:
            self.fail(f"a secret on the wire: {leak}")

    # -- at rest

    def finish(self) -> None:
        """Everybody was online, and nothing is left to do."""
        self.observe(thorough=True)
        for pad_id in self.world.pads():
            self.nothing_is_gone(pad_id, self.world.logs.log(pad_id))
        roster = self.world.logs.roster()
        self._line(roster)
        self._signed_words(roster)
        for person in self.world.people:
            window = next(iter(person.windows.values()), None)
            assert isinstance(window, TeamWindow)
            assert window.engine
            if (person.has_declined or self.world.lying) and not window.has_team:
                continue
            if person.ident_pk in roster.seats and window.may_lack_mail:
                continue
            if person.ident_pk in roster.seats and not person.is_hostile:
                self._member(window, window.engine, roster)
            elif person.ident_pk not in roster.seats:
                self._outsider(window, window.engine, roster)
        self._texts(roster)

    # -- the roster

    def _line(self, roster: TeamRoster) -> None:
        """By a table of its own: each operation is signed by whoever might say it."""
        owner_pk = team_rules.owner_pk(self.world.logs.pads[self.world.team])
        left = {op.previous for op in roster.valid.values() if op.kind is Kind.LEAVE}
        for fault in team_rules.faults(roster.line, roster.team, owner_pk, left):
            self.fail(f"on the roster: {fault}")

    def _signed_words(self, roster: TeamRoster) -> None:
        """What people said counts, and nobody can make it unsaid."""
        honest = {each.ident_pk: each for each in self.world.people if not each.is_hostile}
        for op in roster.valid.values():
            if op.author in honest and op.kind in (Kind.REMOVE, Kind.LEAVE):
                self._is_out(roster, op, honest[op.author])
        for key, person in honest.items():
            window = next(iter(person.windows.values()))
            if roster.rank_of(key) < Rank.EDITOR or window.engine is None:
                continue
            kept = [parse_operation(raw) for raw in window.engine.vault.roster(self.world.team)]
            for op in kept:
                if op.author == key and op.kind is not Kind.LEAVE and op.id not in roster.valid:
                    self.fail(f"{person.name} signed {op.kind.name}, which is lost")

    def _is_out(self, roster: TeamRoster, op: Operation, person: TeamMachine) -> None:
        """The seat that was taken, or left, is nobody's; to be let in anew is another one."""
        since = op.previous if op.kind is Kind.LEAVE else team_rules.seat_before(roster, op)
        seat = roster.seats.get(op.subject)
        if seat is None or seat.since != since:
            return
        may = team_rules.may(roster.rank_of(op.author), seat.rank, Rank.NONE)
        if may or (op.kind is Kind.LEAVE and seat.rank is not Rank.OWNER):
            self.fail(f"{person.name} said {op.kind.name} of {seat.name}, who is in")

    # -- who is in

    def _member(self, window: TeamWindow, engine: Engine, roster: TeamRoster) -> None:
        seat = roster.seats[window.machine.ident_pk]
        here = roster_in(engine, self.world.team)
        if here.seats != roster.seats or [op.id for op in here.line] != [op.id for op in roster.line]:
            self.fail(f"{window} sees another roster than the folder says")
        if member_book.is_unfinished(engine, self.world.team):
            self.fail(f"{window} has a change of keys half done")
        for pad in [self.world.logs.pads[self.world.team], *self._followed(roster)]:
            self._opens(window, engine, pad, seat.rank)

    def _followed(self, roster: TeamRoster) -> list[Known]:
        """Pads in the folder that always lay there, and that somebody in the team owns: others are, by what
        the page on sharing says, as their owner left them."""
        return [
            pad
            for pad in self.world.logs.inside()
            if not pad.was_loose and any(owns(person, pad) for person in self._in(roster))
        ]

    def _in(self, roster: TeamRoster) -> list[TeamMachine]:
        return [person for person in self.world.people if person.ident_pk in roster.seats]

    def _opens(self, window: TeamWindow, engine: Engine, pad: Known, rank: Rank) -> None:
        """It shows what all see, and may be written in by whom the roster lets."""
        name, fold = self.world.logs.name(pad.pad_id), self.world.logs.fold(pad.pad_id)
        if engine.vault.pad(pad.pad_id) is None:
            self.fail(f"{window} is {rank.word} and has not {name}")
            return
        with engine.borrowed(pad.pad_id) as session:
            if session.replica.fold.head != fold.head:
                self.fail(f"{window} is {rank.word}: at {session.replica.fold.n} of {fold.n} in {name}")
                return
            # Who may only read from some day on keeps what they could not send on their screen.
            is_all_sent = not engine.vault.waiting(pad.pad_id)
            if is_all_sent and session.view.text() != fold.document.text():
                self.fail(f"{window} sees another text in {name}")
            may = rank >= Rank.EDITOR or owns(window.machine, pad)
            if session.can_edit != may:
                self.fail(f"{window} is {rank.word} and {'may not' if may else 'may'} write in {name}")
        keys = keys_of(engine, pad, fold.epoch)
        if isinstance(keys, EditKeys) and not may:
            self.fail(f"{window} is {rank.word} and has the right to write in {name}")

    # -- who is out

    def _outsider(self, window: TeamWindow, engine: Engine, roster: TeamRoster) -> None:
        """No keys of the present, in no place of the vault; but for what they own themselves."""
        folder = self.world.logs.pads[self.world.team]
        if owns(window.machine, folder):
            return
        for pad in [folder, *self._followed(roster)]:
            if owns(window.machine, pad):
                continue
            fold = self.world.logs.fold(pad.pad_id)
            name = self.world.logs.name(pad.pad_id)
            if keys_of(engine, pad, fold.epoch) is not None or self._finds(engine, pad, fold.epoch):
                self.fail(f"{window} is out, and has the keys of {name} at epoch {fold.epoch}")

    def _finds(self, engine: Engine, pad: Known, epoch: int) -> bool:
        """Whether what is in the vault opens the record of the present keys."""
        record, known = self._record(pad, epoch), engine.vault.pad(pad.pad_id)
        if record is None or known is None:
            return False
        return keyrings.ring_of(engine, known).find(record) is not None

    def _record(self, pad: Known, epoch: int) -> EpochRecord | None:
        for stored in self.world.logs.log(pad.pad_id):
            if record_kind(stored.raw) is RecordKind.EPOCH:
                record = parse_record(stored.raw)
                if isinstance(record, EpochRecord) and record.epoch == epoch:
                    return record
        return None

    # -- what was written

    def _lost_a_pad(self, person: TeamMachine) -> bool:
        """Whether a pad left the folder and its keys ended for them, which their seat does not show."""
        engines = [window.engine for window in person.windows.values() if window.engine]
        return any(standing_of(engine, pad_id) for engine in engines for pad_id in self.world.pads())

    def _texts(self, roster: TeamRoster) -> None:
        """What somebody could not send before they lost the right to, nobody else ever gets."""
        tokens, written = self.world.tokens, set(self.world.logs.text())
        for person in self.world.people:
            is_out = person.ident_pk not in roster.seats or team_rules.ever_lost(roster, person.ident_pk)
            if is_out or person.is_hostile or self._lost_a_pad(person):
                tokens.doubtful |= person.typed - written
        for fault in tokens.faults(self.world.logs.text()):
            self.fail(fault)


def owns(person: TeamMachine, pad: Known) -> bool:
    """Whether the owner's key is in this vault."""
    for window in person.windows.values():
        record = window.engine.vault.pad(pad.pad_id) if window.engine else None
        if record is not None and record.role == "owner":
            return True
    return False


def keys_of(engine: Engine, pad: Known, epoch: int) -> ViewKeys | None:
    return keyrings.all_keys(engine, pad.pad_id).get(epoch)
