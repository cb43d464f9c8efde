"""What the relay has of a team's pads, read from its start by the keys that their owners have."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptpad_relay.protocol.records import parse_genesis
from cryptpad_relay.store.base import StoredEntry
from cryptpad_tui.crdt.kinds import ENTRIES_ROOT, PadKind
from cryptpad_tui.crypto.keys import EditKeys, edit_seed_of
from cryptpad_tui.drive.shared_entries import contents_of
from cryptpad_tui.engine.teams.book import ROSTER, raw_of
from cryptpad_tui.pad.fold import Fold
from cryptpad_tui.pad.keyring import KeyRing
from cryptpad_tui.people.roster import TeamRoster, roster_of

if TYPE_CHECKING:
    from sim.team_client import TeamMachine
    from sim.team_world import TeamWorld


@dataclass(slots=True)
class Known:
    """A pad of the run, as the machine that made it has it."""

    pad_id: bytes
    kind: PadKind
    genesis: bytes
    owner_root: bytes = field(repr=False)
    maker: TeamMachine
    was_loose: bool = False
    """Whether it ever was out of the folder: then who has its keys is another question."""


class Logs:
    """Of one world. Folds are gone on with for as long as logs only grow."""

    def __init__(self, world: TeamWorld) -> None:
        self._world = world
        self._folds: dict[bytes, tuple[Fold, bytes]] = {}
        self.pads: dict[bytes, Known] = {}

    def log(self, pad_id: bytes) -> list[StoredEntry]:
        return self._world.relay.log(pad_id)

    def fold(self, pad_id: bytes) -> Fold:
        """All that is durable, by no client's own fold."""
        log = self.log(pad_id)
        fold, last = self._folds.get(pad_id, (None, b""))
        if fold is None or fold.n > len(log) or (fold.n and log[fold.n - 1].entry_id != last):
            fold = self._begun(self.pads[pad_id])
        for stored in log[fold.n :]:
            fold.step(stored.raw)
        self._folds[pad_id] = fold, log[-1].entry_id if log else b""
        return fold

    def _begun(self, pad: Known) -> Fold:
        genesis = parse_genesis(pad.genesis, pad.pad_id)
        keys = EditKeys.from_seed(edit_seed_of(pad.owner_root, 0))
        ring = KeyRing({0: keys}, pad.kind, owner_root=pad.owner_root)
        return Fold(genesis, 0, keys, pad.kind, lambda n: None, ring=ring)

    def name(self, pad_id: bytes) -> str:
        """For sentences: the folder, or which pad of the run it is."""
        at = list(self.pads).index(pad_id)
        return f"pad {at}" if at else "the folder"

    # -- what it says

    def text(self) -> str:
        """Of all pads."""
        return "".join([self.fold(pad_id).document.text() for pad_id in self.pads if self.log(pad_id)])

    def _rows(self) -> dict[str, object]:
        return self.fold(self._world.team).document.maps().get(ENTRIES_ROOT, {})

    def roster(self) -> TeamRoster:
        """By what lies in the folder, and by nothing that any vault remembers."""
        team, rows = self._world.team, self._rows()
        owner_pk = parse_genesis(self.pads[team].genesis, team).owner_pk
        return roster_of(
            team, owner_pk, [raw_of(row) for name, row in rows.items() if name.startswith(ROSTER)]
        )

    def inside(self) -> list[Known]:
        """The pads that lie in the folder, but for those whose maker never came to say at which relay."""
        entries = contents_of(self._rows()).entries.values()
        found = [self.pads[each.pad_id] for each in entries if each.relay_pk and each.pad_id in self.pads]
        return [pad for pad in found if self.log(pad.pad_id)]
